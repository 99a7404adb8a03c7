/* SPDX-License-Identifier: Apache-2.0 */
#include "json_path.h"

#define STEPS_MAXIMUM   64
#define RESULTS_MAXIMUM 256

enum step_type {
	STEP_NAME,
	STEP_INDEX,
	STEP_SLICE,
	STEP_UNION,
	STEP_ALL,
	STEP_FILTER
};

enum filter_operator {
	FILTER_EXISTS,
	FILTER_EQUAL,
	FILTER_UNEQUAL,
	FILTER_AT_MOST, /* two bytes before one: they are looked for in this order */
	FILTER_AT_LEAST,
	FILTER_LESS,
	FILTER_MORE,
	FILTER_OPERATOR_COUNT
};

struct step {
	enum step_type type;
	struct str name; /* of a union: its list */
	int64_t index;   /* of a slice: its start */
	int64_t slice_end, slice_step;
	bool has_slice_end;
	/* filter: @.path OP literal */
	struct str filter_path;
	enum filter_operator filter_operator;
	struct str literal;
	bool literal_is_text;
};

/* ---- Parse ---- */

static bool parse_quoted(struct str *rest, struct str *ret_text)
{
	char quote = rest->data[0];
	struct str tail = str_skip(*rest, 1);
	size_t end = str_find_byte(tail, quote);

	if (end == tail.length)
		return false;
	*ret_text = str_slice(tail, 0, end);
	*rest = str_skip(tail, end + 1);
	return true;
}

static const char *const operators[FILTER_OPERATOR_COUNT] = {
	[FILTER_EQUAL] = "==",
	[FILTER_UNEQUAL] = "!=",
	[FILTER_AT_MOST] = "<=",
	[FILTER_AT_LEAST] = ">=",
	[FILTER_LESS] = "<",
	[FILTER_MORE] = ">",
};

/* Where the operator stands; none: the end. */
static size_t find_operator(struct str text, struct step *step)
{
	size_t at = text.length;

	step->filter_operator = FILTER_EXISTS;
	for (int i = FILTER_EQUAL; i < FILTER_OPERATOR_COUNT; i++) {
		size_t found = str_find(text, str_from_c(operators[i]));

		if (found < at) {
			at = found;
			step->filter_operator = (enum filter_operator)i;
		}
	}
	return at;
}

/* ?(@.type=="Ready") without the outer brackets. */
static bool parse_filter(struct str text, struct step *step)
{
	text = str_trim(text);
	if (!str_starts_with(text, STR("?(")) || !str_ends_with(text, STR(")")))
		return false;
	text = str_trim(str_slice(text, 2, text.length - 3));
	size_t at = find_operator(text, step);

	if (text.length == 0 || text.data[0] != '@')
		return false;
	step->type = STEP_FILTER;
	step->filter_path = str_trim(str_slice(text, 1, at - 1));
	if (step->filter_operator == FILTER_EXISTS)
		return true;
	step->literal =
		str_trim(str_skip(text, at + str_from_c(operators[step->filter_operator]).length));
	step->literal_is_text = step->literal.length > 0 &&
				(step->literal.data[0] == '"' || step->literal.data[0] == '\'');
	if (!step->literal_is_text)
		return step->literal.length > 0;
	struct str rest = step->literal;

	return parse_quoted(&rest, &step->literal) && rest.length == 0;
}

/* The index of the ']' that closes, quotes and parentheses passed over. */
static size_t find_bracket_end(struct str text)
{
	char quote = 0;

	for (size_t i = 0; i < text.length; i++) {
		char byte = text.data[i];

		if (quote) {
			if (byte == quote)
				quote = 0;
		} else if (byte == '"' || byte == '\'') {
			quote = byte;
		} else if (byte == ']') {
			return i;
		}
	}
	return text.length;
}

/* 1:3, -1:, :2, ::2 */
static bool parse_slice(struct str text, struct step *step)
{
	struct str start = str_trim(str_split(&text, ':')), end = str_trim(str_split(&text, ':'));
	struct str stride = str_trim(text);

	step->type = STEP_SLICE;
	step->slice_step = 1;
	step->has_slice_end = end.length > 0;
	return (start.length == 0 || str_parse_i64(start, &step->index)) &&
	       (end.length == 0 || str_parse_i64(end, &step->slice_end)) &&
	       (stride.length == 0 || str_parse_i64(stride, &step->slice_step)) &&
	       step->slice_step > 0;
}

/* One of a union: a quoted name or an index. */
static bool parse_member(struct str text, struct step *step)
{
	text = str_trim(text);
	if (text.length == 0)
		return false;
	if (text.data[0] == '\'' || text.data[0] == '"') {
		step->type = STEP_NAME;
		return parse_quoted(&text, &step->name) && text.length == 0;
	}
	step->type = STEP_INDEX;
	return str_parse_i64(text, &step->index);
}

static bool parse_union(struct str text, struct step *step)
{
	struct step member;

	step->type = STEP_UNION;
	step->name = text;
	while (!str_is_empty(text)) {
		if (!parse_member(str_split(&text, ','), &member))
			return false;
	}
	return true;
}

static bool parse_bracket(struct str *rest, struct step *step)
{
	struct str tail = str_skip(*rest, 1);
	size_t end = find_bracket_end(tail);
	struct str inner = str_trim(str_slice(tail, 0, end));

	if (end == tail.length || inner.length == 0)
		return false;
	*rest = str_skip(tail, end + 1);
	if (str_equal(inner, STR("*"))) {
		step->type = STEP_ALL;
		return true;
	}
	if (inner.data[0] == '?')
		return parse_filter(inner, step);
	if (parse_member(inner, step))
		return true;
	if (str_find_byte(inner, ':') < inner.length)
		return parse_slice(inner, step);
	return parse_union(inner, step);
}

/* A name up to the next '.' or '['; a backslash takes the next byte as it is. */
static bool parse_name(struct arena *arena, struct str *rest, struct step *step)
{
	size_t length = 0, written = 0;
	bool has_escape = false;

	while (length < rest->length && rest->data[length] != '.' && rest->data[length] != '[') {
		if (rest->data[length] == '\\' && length + 1 < rest->length) {
			has_escape = true;
			length++;
		}
		length++;
	}
	step->type = STEP_NAME;
	step->name = str_slice(*rest, 0, length);
	*rest = str_skip(*rest, length);
	if (str_equal(step->name, STR("*")))
		step->type = STEP_ALL;
	if (has_escape && arena) {
		char *text = arena_allocate_text(arena, length);

		for (size_t i = 0; i < length; i++) {
			if (step->name.data[i] == '\\' && i + 1 < length)
				i++;
			text[written++] = step->name.data[i];
		}
		step->name = str_from(text, written);
	}
	return length > 0;
}

static bool parse(struct arena *arena, struct str path, struct step *steps, size_t *ret_count)
{
	size_t count = 0;

	path = str_trim(path);
	if (str_starts_with(path, STR("{")) && str_ends_with(path, STR("}")))
		path = str_slice(path, 1, path.length - 2);
	if (str_starts_with(path, STR("$")))
		path = str_skip(path, 1);
	while (path.length > 0) {
		if (count == STEPS_MAXIMUM)
			return false;
		steps[count] = (struct step){0};
		if (path.data[0] == '[') {
			if (!parse_bracket(&path, &steps[count]))
				return false;
			count++;
			continue;
		}
		if (path.data[0] == '.')
			path = str_skip(path, 1);
		if (path.length > 0 && path.data[0] == '[')
			continue;
		if (path.length == 0)
			break;
		if (!parse_name(arena, &path, &steps[count]))
			return false;
		count++;
	}
	*ret_count = count;
	return true;
}

bool json_path_is_valid(struct str path)
{
	struct step steps[STEPS_MAXIMUM];
	size_t count;

	return parse(NULL, path, steps, &count);
}

/* ---- Evaluate ---- */

struct results {
	const struct json_value **values;
	size_t count;
	size_t maximum;
};

static void add(struct results *results, const struct json_value *value)
{
	if (value && results->count < results->maximum)
		results->values[results->count++] = value;
}

/* False when the two cannot be compared. */
static bool compare(const struct json_value *value, const struct step *step, int *ret_order)
{
	int64_t number;

	if (value->type == JSON_STRING && step->literal_is_text) {
		*ret_order = str_compare(json_text(value), step->literal);
		return true;
	}
	if (value->type == JSON_BOOL) {
		*ret_order = !str_equal(step->literal, value->boolean ? STR("true") : STR("false"));
		return true;
	}
	if (value->type != JSON_INTEGER || step->literal_is_text ||
		!str_parse_i64(step->literal, &number))
		return false;
	*ret_order = (value->integer > number) - (value->integer < number);
	return true;
}

static bool filter_holds(
	struct arena *arena, const struct step *step, const struct json_value *element)
{
	const struct json_value *value = json_path_first(arena, element, step->filter_path);
	int order;

	if (!value || step->filter_operator == FILTER_EXISTS)
		return value != NULL;
	if (!compare(value, step, &order))
		return step->filter_operator == FILTER_UNEQUAL;
	switch (step->filter_operator) {
	case FILTER_EQUAL:
		return order == 0;
	case FILTER_UNEQUAL:
		return order != 0;
	case FILTER_AT_MOST:
		return order <= 0;
	case FILTER_AT_LEAST:
		return order >= 0;
	case FILTER_LESS:
		return order < 0;
	default:
		return order > 0;
	}
}

static void take_children(struct arena *arena, const struct step *step,
	const struct json_value *value, struct results *results)
{
	for (size_t i = 0; i < json_count(value); i++) {
		const struct json_value *child =
			value->type == JSON_ARRAY ? &value->elements[i] : &value->members[i].value;

		if (step->type == STEP_ALL || filter_holds(arena, step, child))
			add(results, child);
	}
}

static void take_index(
	const struct step *step, const struct json_value *value, struct results *results)
{
	int64_t index = step->index < 0 ? step->index + value->length : step->index;

	if (value->type == JSON_ARRAY && index >= 0)
		add(results, json_element(value, (size_t)index));
}

/* A slice that leaves the array gives nothing at all. */
static void take_slice(
	const struct step *step, const struct json_value *value, struct results *results)
{
	int64_t length = value->length, start = step->index;
	int64_t end = step->has_slice_end ? step->slice_end : length;

	start += start < 0 ? length : 0;
	end += end < 0 ? length : 0;
	if (value->type != JSON_ARRAY || start < 0 || end > length)
		return;
	for (int64_t i = start; i < end && results->count < results->maximum;
		i += step->slice_step) {
		add(results, json_element(value, (size_t)i));
		if (step->slice_step >= end - i)
			break;
	}
}

static void take_union(
	const struct step *step, const struct json_value *value, struct results *results)
{
	struct str rest = step->name;
	struct step member = {0};

	while (!str_is_empty(rest)) {
		if (!parse_member(str_split(&rest, ','), &member))
			return;
		if (member.type == STEP_NAME)
			add(results, json_find(value, member.name));
		else
			take_index(&member, value, results);
	}
}

static void take_step(struct arena *arena, const struct step *step, const struct json_value *value,
	struct results *results)
{
	switch (step->type) {
	case STEP_NAME:
		add(results, json_find(value, step->name));
		break;
	case STEP_INDEX:
		take_index(step, value, results);
		break;
	case STEP_SLICE:
		take_slice(step, value, results);
		break;
	case STEP_UNION:
		take_union(step, value, results);
		break;
	case STEP_ALL:
	case STEP_FILTER:
		take_children(arena, step, value, results);
		break;
	}
}

size_t json_path_all(struct arena *arena, const struct json_value *root, struct str path,
	const struct json_value **ret, size_t maximum)
{
	struct step steps[STEPS_MAXIMUM];
	const struct json_value *now[RESULTS_MAXIMUM], *next[RESULTS_MAXIMUM];
	struct results results = {.values = next, .maximum = RESULTS_MAXIMUM};
	size_t step_count, count = 1;

	if (!root || !parse(arena, path, steps, &step_count))
		return 0;
	now[0] = root;
	for (size_t i = 0; i < step_count && count > 0; i++) {
		results.count = 0;
		for (size_t j = 0; j < count; j++)
			take_step(arena, &steps[i], now[j], &results);
		memcpy(now, next, results.count * sizeof(now[0]));
		count = results.count;
	}
	if (count > maximum)
		count = maximum;
	memcpy(ret, now, count * sizeof(now[0]));
	return count;
}

/* ".spec.replicas" and its like need no parser. */
static bool is_simple(struct str path)
{
	for (size_t i = 0; i < path.length; i++) {
		char byte = path.data[i];

		if (byte == '[' || byte == '\\' || byte == '{' || byte == '$' || byte == '*' ||
			byte == ' ')
			return false;
	}
	return path.length > 1 && path.data[0] == '.';
}

const struct json_value *json_path_first(
	struct arena *arena, const struct json_value *root, struct str path)
{
	const struct json_value *found[1];

	if (is_simple(path)) {
		path = str_skip(path, 1);
		while (!str_is_empty(path) && root)
			root = json_find(root, str_split(&path, '.'));
		return root;
	}
	return json_path_all(arena, root, path, found, 1) ? found[0] : NULL;
}
