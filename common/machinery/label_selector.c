/* SPDX-License-Identifier: Apache-2.0 */
#include "label_selector.h"

#include <stdlib.h>

#include "go_format.h"
#include "name_validation.h"

#define REQUIREMENTS_MAXIMUM 1000

/* ---- Reading words ---- */

enum token {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_SIGN
};

struct parser {
	struct arena *arena;
	struct str rest;
	enum token token;
	struct str text; /* the token's bytes */
	struct error *err;
};

static bool is_sign(char byte)
{
	return byte == '=' || byte == '!' || byte == '(' || byte == ')' || byte == ',' ||
	       byte == '<' || byte == '>';
}

static void advance(struct parser *parser)
{
	size_t length = 0;

	parser->rest = str_trim(parser->rest);
	if (str_is_empty(parser->rest)) {
		parser->token = TOKEN_END;
		parser->text = STR_EMPTY;
		return;
	}
	if (is_sign(parser->rest.data[0])) {
		parser->token = TOKEN_SIGN;
		length = str_starts_with(parser->rest, STR("==")) ||
					 str_starts_with(parser->rest, STR("!="))
				 ? 2
				 : 1;
	} else {
		parser->token = TOKEN_WORD;
		while (length < parser->rest.length && !is_sign(parser->rest.data[length]) &&
			parser->rest.data[length] != ' ' && parser->rest.data[length] != '\t' &&
			parser->rest.data[length] != '\r' && parser->rest.data[length] != '\n')
			length++;
	}
	parser->text = str_slice(parser->rest, 0, length);
	parser->rest = str_skip(parser->rest, length);
}

static bool is_text(const struct parser *parser, enum token token, const char *text)
{
	return parser->token == token && str_equal_c(parser->text, text);
}

/* Between requirements. */
static int fail_outside(struct parser *parser, const char *expected)
{
	return error_set(parser->err, ERROR_BAD_REQUEST, "found '%.*s', expected: %s",
		STR_ARG(str_slice(parser->text, 0, 256)), expected);
}

static int fail(struct parser *parser, const char *expected)
{
	fail_outside(parser, expected);
	return error_wrap(parser->err, "unable to parse requirement");
}

/* ---- One requirement ---- */

/* True when the text is of the format; else *ret_messages says what is not. */
static bool check_format(
	struct parser *parser, enum name_format format, struct str text, struct str *ret_messages)
{
	struct str messages[NAME_MESSAGES_MAXIMUM];
	size_t count = name_validate(format, text, messages);

	if (count == 0)
		return true;
	*ret_messages = messages[0];
	for (size_t i = 1; i < count; i++)
		*ret_messages = arena_printf(
			parser->arena, "%.*s; %.*s", STR_ARG(*ret_messages), STR_ARG(messages[i]));
	return false;
}

static int check_key(struct parser *parser, struct str key)
{
	struct str messages;

	if (check_format(parser, NAME_FORMAT_QUALIFIED, key, &messages))
		return 0;
	return error_set(parser->err, ERROR_BAD_REQUEST,
		"unable to parse requirement: <nil>: Invalid value: %.*s: %.*s",
		STR_ARG(go_quoted(parser->arena, str_slice(key, 0, 256))), STR_ARG(messages));
}

static int check_value(struct parser *parser, struct str key, size_t index, struct str value)
{
	struct str messages;

	if (check_format(parser, NAME_FORMAT_LABEL_VALUE, value, &messages))
		return 0;
	return error_set(parser->err, ERROR_BAD_REQUEST,
		"unable to parse requirement: values[%zu][%.*s]: Invalid value: %.*s: %.*s", index,
		STR_ARG(key), STR_ARG(go_quoted(parser->arena, str_slice(value, 0, 256))),
		STR_ARG(messages));
}

static int compare_text(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* The words up to ')', which is the token then; there is room for as many as commas and one. */
static int parse_set_values(struct parser *parser, struct str *values, size_t *ret_count)
{
	size_t count = 0;
	bool wants_value = true;

	for (advance(parser); !is_text(parser, TOKEN_SIGN, ")"); advance(parser)) {
		if (parser->token == TOKEN_WORD && wants_value) {
			values[count++] = parser->text;
			wants_value = false;
		} else if (is_text(parser, TOKEN_SIGN, ",")) {
			if (wants_value)
				values[count++] = STR("");
			wants_value = true;
		} else if (wants_value) {
			return fail(parser,
				count > 0 ? "',', or identifier" : "',', ')' or identifier");
		} else {
			return fail(parser, "',' or ')'");
		}
	}
	if (wants_value)
		values[count++] = STR("");
	*ret_count = count;
	return 0;
}

/* Sorts and takes out what is there twice. */
static size_t make_set(struct str *values, size_t count)
{
	size_t kept = 0;

	qsort(values, count, sizeof(*values), compare_text);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || !str_equal(values[kept - 1], values[i]))
			values[kept++] = values[i];
	}
	return kept;
}

/* "(a, b, )": words and empty values between commas. */
static int parse_set(struct parser *parser, struct label_requirement *requirement)
{
	if (!is_text(parser, TOKEN_SIGN, "("))
		return error_set(parser->err, ERROR_BAD_REQUEST,
			"unable to parse requirement: found '%.*s' expected: '('",
			STR_ARG(str_slice(parser->text, 0, 256)));
	struct str inside = str_slice(parser->rest, 0, str_find_byte(parser->rest, ')'));
	size_t count = 1;

	for (size_t i = 0; i < inside.length; i++)
		count += inside.data[i] == ',';
	struct str *values = ARENA_ARRAY(parser->arena, struct str, count + 1);

	if (parse_set_values(parser, values, &count) != 0)
		return ERROR_RETURN;
	advance(parser);
	count = make_set(values, count);
	for (size_t i = 0; i < count; i++) {
		if (check_value(parser, requirement->key, i, values[i]) != 0)
			return ERROR_RETURN;
	}
	requirement->values = values;
	requirement->value_count = count;
	return 0;
}

static int parse_single(struct parser *parser, struct label_requirement *requirement)
{
	struct str *value = ARENA_NEW(parser->arena, struct str);

	*value = STR("");
	if (parser->token == TOKEN_WORD) {
		*value = parser->text;
		advance(parser);
	} else if (parser->token == TOKEN_SIGN && !is_text(parser, TOKEN_SIGN, ",")) {
		return fail(parser, "identifier");
	}
	requirement->values = value;
	requirement->value_count = 1;
	if (requirement->operation == LABEL_GREATER || requirement->operation == LABEL_LESS) {
		if (!str_parse_i64(*value, &requirement->number))
			return error_set(parser->err, ERROR_BAD_REQUEST,
				"unable to parse requirement: values[0]: Invalid value: %.*s: for "
				"'Gt', 'Lt' operators, the value must be an integer",
				STR_ARG(go_quoted(parser->arena, str_slice(*value, 0, 256))));
		return 0;
	}
	return check_value(parser, requirement->key, 0, *value);
}

static int parse_operation(struct parser *parser, struct label_requirement *requirement)
{
	static const struct {
		const char *text;
		enum token token;
		enum label_operator operation;
		bool is_set;
	} operations[] = {
		{"in", TOKEN_WORD, LABEL_IN, true},
		{"notin", TOKEN_WORD, LABEL_NOT_IN, true},
		{"=", TOKEN_SIGN, LABEL_IN, false},
		{"==", TOKEN_SIGN, LABEL_IN, false},
		{"!=", TOKEN_SIGN, LABEL_NOT_IN, false},
		{">", TOKEN_SIGN, LABEL_GREATER, false},
		{"<", TOKEN_SIGN, LABEL_LESS, false},
	};

	if (parser->token == TOKEN_END || is_text(parser, TOKEN_SIGN, ",")) {
		requirement->operation = LABEL_EXISTS;
		return 0;
	}
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (!is_text(parser, operations[i].token, operations[i].text))
			continue;
		requirement->operation = operations[i].operation;
		requirement->is_equality = !operations[i].is_set;
		advance(parser);
		return operations[i].is_set ? parse_set(parser, requirement)
					    : parse_single(parser, requirement);
	}
	return fail(parser, "in, notin, =, ==, !=, gt, lt");
}

static int parse_requirement(struct parser *parser, struct label_requirement *requirement)
{
	bool is_negated = is_text(parser, TOKEN_SIGN, "!");

	if (!is_negated && parser->token != TOKEN_WORD)
		return fail_outside(parser, "!, identifier, or 'end of string'");
	if (is_negated)
		advance(parser);
	if (parser->token != TOKEN_WORD)
		return fail(parser, "identifier");
	requirement->key = parser->text;
	if (check_key(parser, requirement->key) != 0)
		return ERROR_RETURN;
	advance(parser);
	if (is_negated) {
		requirement->operation = LABEL_DOES_NOT_EXIST;
		return 0;
	}
	return parse_operation(parser, requirement);
}

static int compare_requirements(const void *a, const void *b)
{
	return str_compare(((const struct label_requirement *)a)->key,
		((const struct label_requirement *)b)->key);
}

static size_t count_commas(struct str text)
{
	size_t count = 1;

	for (size_t i = 0; i < text.length; i++)
		count += text.data[i] == ',';
	return count > REQUIREMENTS_MAXIMUM ? REQUIREMENTS_MAXIMUM : count;
}

int label_selector_parse(
	struct arena *arena, struct str text, struct label_selector **ret, struct error *err)
{
	struct parser parser = {.arena = arena, .rest = text, .err = err};
	size_t capacity = count_commas(text), count = 0;
	struct label_requirement *requirements =
		ARENA_ARRAY(arena, struct label_requirement, capacity);
	struct label_selector *selector = ARENA_NEW(arena, struct label_selector);

	advance(&parser);
	while (parser.token != TOKEN_END) {
		if (count == capacity)
			return fail_outside(&parser, "fewer requirements");
		if (parse_requirement(&parser, &requirements[count++]) != 0)
			return ERROR_RETURN;
		if (parser.token == TOKEN_END)
			break;
		if (!is_text(&parser, TOKEN_SIGN, ","))
			return fail_outside(&parser, "',' or 'end of string'");
		advance(&parser);
		if (parser.token != TOKEN_WORD && !is_text(&parser, TOKEN_SIGN, "!"))
			return fail_outside(&parser, "identifier after ','");
	}
	qsort(requirements, count, sizeof(*requirements), compare_requirements);
	selector->requirements = requirements;
	selector->count = count;
	*ret = selector;
	return 0;
}

/* ---- LabelSelector objects ---- */

static int add_expression(struct arena *arena, const struct json_value *expression,
	struct label_requirement *requirement, struct error *err)
{
	struct str operation = json_text(json_find(expression, STR("operator")));
	const struct json_value *values = json_find(expression, STR("values"));
	struct str *copy = ARENA_ARRAY(arena, struct str, json_count(values) + 1);

	requirement->key = json_text(json_find(expression, STR("key")));
	if (str_equal(operation, STR("In")))
		requirement->operation = LABEL_IN;
	else if (str_equal(operation, STR("NotIn")))
		requirement->operation = LABEL_NOT_IN;
	else if (str_equal(operation, STR("Exists")))
		requirement->operation = LABEL_EXISTS;
	else if (str_equal(operation, STR("DoesNotExist")))
		requirement->operation = LABEL_DOES_NOT_EXIST;
	else
		return error_set(err, ERROR_INVALID,
			"\"%.*s\" is not a valid label selector operator", STR_ARG(operation));
	for (size_t i = 0; i < json_count(values); i++)
		copy[i] = json_text(json_element(values, i));
	requirement->values = copy;
	requirement->value_count = json_count(values);
	qsort(copy, requirement->value_count, sizeof(*copy), compare_text);
	return 0;
}

int label_selector_from_object(struct arena *arena, const struct json_value *object,
	struct label_selector **ret, struct error *err)
{
	const struct json_value *labels = json_find(object, STR("matchLabels"));
	const struct json_value *expressions = json_find(object, STR("matchExpressions"));
	struct label_selector *selector = ARENA_NEW(arena, struct label_selector);
	size_t count = 0;

	*ret = selector;
	if (!object || object->type != JSON_OBJECT) {
		selector->matches_nothing = true;
		return 0;
	}
	if (!labels && !expressions)
		labels = object;
	if (labels && labels->type != JSON_OBJECT)
		labels = NULL;
	if (expressions && expressions->type != JSON_ARRAY)
		expressions = NULL;
	struct label_requirement *requirements = ARENA_ARRAY(
		arena, struct label_requirement, json_count(labels) + json_count(expressions) + 1);

	for (size_t i = 0; i < json_count(labels); i++) {
		struct str *value = ARENA_NEW(arena, struct str);

		*value = json_text(&labels->members[i].value);
		requirements[count++] = (struct label_requirement){.key = labels->members[i].key,
			.operation = LABEL_IN,
			.values = value,
			.value_count = 1,
			.is_equality = true};
	}
	for (size_t i = 0; i < json_count(expressions); i++) {
		if (add_expression(
			    arena, json_element(expressions, i), &requirements[count++], err) != 0)
			return ERROR_RETURN;
	}
	qsort(requirements, count, sizeof(*requirements), compare_requirements);
	selector->requirements = requirements;
	selector->count = count;
	return 0;
}

/* ---- As text ---- */

static void format_requirement(struct buffer *out, const struct label_requirement *requirement)
{
	static const char *const signs[] = {
		[LABEL_IN] = "=",
		[LABEL_NOT_IN] = "!=",
		[LABEL_EXISTS] = "",
		[LABEL_DOES_NOT_EXIST] = "",
		[LABEL_GREATER] = ">",
		[LABEL_LESS] = "<",
	};
	bool is_set = !requirement->is_equality && (requirement->operation == LABEL_IN ||
							   requirement->operation == LABEL_NOT_IN);

	if (requirement->operation == LABEL_DOES_NOT_EXIST)
		buffer_append_byte(out, '!');
	buffer_append(out, requirement->key);
	if (is_set)
		buffer_append(
			out, requirement->operation == LABEL_IN ? STR(" in (") : STR(" notin ("));
	else
		buffer_append(out, str_from_c(signs[requirement->operation]));
	for (size_t i = 0; i < requirement->value_count; i++) {
		if (i > 0)
			buffer_append_byte(out, ',');
		buffer_append(out, requirement->values[i]);
	}
	if (is_set)
		buffer_append_byte(out, ')');
}

struct str label_selector_format(struct arena *arena, const struct label_selector *selector)
{
	struct buffer out = {0};

	for (size_t i = 0; i < selector->count; i++) {
		if (i > 0)
			buffer_append_byte(&out, ',');
		format_requirement(&out, &selector->requirements[i]);
	}
	struct str text = arena_copy(arena, buffer_str(&out));

	buffer_fini(&out);
	return text;
}

/* ---- Matching ---- */

bool label_selector_is_empty(const struct label_selector *selector)
{
	return !selector || (selector->count == 0 && !selector->matches_nothing);
}

static bool has_value(const struct label_requirement *requirement, struct str value)
{
	size_t low = 0, high = requirement->value_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = str_compare(requirement->values[middle], value);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool holds(const struct label_requirement *requirement, bool is_present, struct str value)
{
	int64_t number;

	switch (requirement->operation) {
	case LABEL_IN:
		return is_present && has_value(requirement, value);
	case LABEL_NOT_IN:
		return !is_present || !has_value(requirement, value);
	case LABEL_EXISTS:
		return is_present;
	case LABEL_DOES_NOT_EXIST:
		return !is_present;
	case LABEL_GREATER:
		return is_present && str_parse_i64(value, &number) && number > requirement->number;
	case LABEL_LESS:
		return is_present && str_parse_i64(value, &number) && number < requirement->number;
	}
	return false;
}

bool label_selector_matches_stored(
	const struct label_selector *selector, const struct stored_object *stored)
{
	if (selector->matches_nothing)
		return false;
	for (size_t i = 0; i < selector->count; i++) {
		struct str value = STR_EMPTY;
		bool is_present =
			stored_object_label(stored, selector->requirements[i].key, &value);

		if (!holds(&selector->requirements[i], is_present, value))
			return false;
	}
	return true;
}

bool label_selector_matches_labels(
	const struct label_selector *selector, const struct json_value *labels)
{
	if (selector->matches_nothing)
		return false;
	for (size_t i = 0; i < selector->count; i++) {
		const struct json_value *value = json_find(labels, selector->requirements[i].key);

		if (!holds(&selector->requirements[i], value != NULL, json_text(value)))
			return false;
	}
	return true;
}
