/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_flag_value.h"

#include "buffer.h"
#include "clock.h"
#include "sup_network.h"

#include <stdlib.h>

#define MAX_ITEMS 4096u

typedef int (*parse_fn)(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err);

static int add_item(
	struct arena *arena, struct sup_flag_values *values, struct str item, struct error *err)
{
	if (values->count >= MAX_ITEMS)
		return error_set(err, ERROR_INVALID, "more than %u values", MAX_ITEMS);
	if (values->count == values->capacity) {
		size_t capacity = values->capacity ? values->capacity * 2 : 4;
		struct str *items = ARENA_ARRAY(arena, struct str, capacity);

		if (values->count)
			memcpy(items, values->items, values->count * sizeof(*items));
		values->items = items;
		values->capacity = capacity;
	}
	values->items[values->count++] = arena_copy(arena, item);
	return 0;
}

static int set_item(
	struct arena *arena, struct sup_flag_values *values, struct str item, struct error *err)
{
	values->count = 0;
	return add_item(arena, values, item, err);
}

static int parse_bool(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	bool value;

	if (!str_parse_bool(text, &value))
		return error_set(err, ERROR_INVALID,
			"strconv.ParseBool: parsing \"%.*s\": invalid syntax", STR_ARG(text));
	return set_item(arena, values, value ? STR("true") : STR("false"), err);
}

static bool is_decimal(struct str text)
{
	struct str digits = str_skip(text, str_starts_with(text, STR("-")) ? 1 : 0);

	for (size_t i = 0; i < digits.length; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return false;
	}
	return digits.length > 0;
}

static int parse_int(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	int64_t value;

	if (!str_parse_i64(text, &value))
		return error_set(err, ERROR_INVALID, "strconv.ParseInt: parsing \"%.*s\": %s",
			STR_ARG(text), is_decimal(text) ? "value out of range" : "invalid syntax");
	return set_item(arena, values, arena_printf(arena, "%lld", (long long)value), err);
}

static int parse_level(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	int64_t value;

	if (str_parse_i64(text, &value) && (value < INT32_MIN || value > INT32_MAX))
		return error_set(err, ERROR_INVALID,
			"strconv.ParseInt: parsing \"%.*s\": value out of range", STR_ARG(text));
	return parse_int(arena, values, text, err);
}

static int parse_float(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	const char *number = arena_copy_c(arena, text);
	char *end = NULL;

	strtod(number, &end);
	if (text.length == 0 || strlen(number) != text.length || *end != '\0')
		return error_set(err, ERROR_INVALID,
			"strconv.ParseFloat: parsing \"%.*s\": invalid syntax", STR_ARG(text));
	return set_item(arena, values, text, err);
}

static int parse_duration(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	int64_t value;

	if (clock_parse_duration(text, &value))
		return set_item(arena, values, clock_format_duration(arena, value), err);
	return error_set(err, ERROR_INVALID, "time: %s duration \"%.*s\"",
		is_decimal(text) ? "missing unit in" : "invalid", STR_ARG(text));
}

static int parse_ip(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	struct sup_ip ip;

	if (str_is_empty(text)) {
		values->count = 0;
		return 0;
	}
	if (!sup_ip_parse(str_trim(text), &ip))
		return error_set(err, ERROR_INVALID, "failed to parse IP: \"%.*s\"", STR_ARG(text));
	return set_item(arena, values, sup_ip_format(arena, &ip), err);
}

static int parse_string(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	return set_item(arena, values, text, err);
}

/* One field of a CSV line, with quotes taken off: "a ""b""" is a "b". Moves *rest behind it. */
static int take_field(
	struct arena *arena, struct str *rest, struct str *ret_field, struct error *err)
{
	if (!str_starts_with(*rest, STR("\""))) {
		*ret_field = str_split(rest, ',');
		return 0;
	}

	char *field = arena_allocate_text(arena, rest->length + 1);
	size_t length = 0, i = 1;

	for (; i < rest->length; i++) {
		if (rest->data[i] == '"') {
			if (i + 1 >= rest->length || rest->data[i + 1] != '"')
				break;
			i++;
		}
		field[length++] = rest->data[i];
	}
	if (i >= rest->length || (i + 1 < rest->length && rest->data[i + 1] != ','))
		return error_set(err, ERROR_INVALID,
			"parse error: extraneous or missing \" in quoted-field");
	*rest = str_skip(*rest, i + 2);
	*ret_field = str_from(field, length);
	return 0;
}

static int parse_strings(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	struct str rest = text, field;

	while (!str_is_empty(rest)) {
		if (take_field(arena, &rest, &field, err) < 0 ||
			add_item(arena, values, field, err) < 0)
			return ERROR_RETURN;
	}
	return 0;
}

static int parse_string_array(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	return add_item(arena, values, text, err);
}

static int set_pair(struct arena *arena, struct sup_flag_values *values, struct str key,
	struct str value, struct error *err)
{
	struct str pair = arena_printf(arena, "%.*s=%.*s", STR_ARG(key), STR_ARG(value));

	for (size_t i = 0; i < values->count; i++) {
		struct str *item = &values->items[i];

		if (str_equal(str_slice(*item, 0, str_find_byte(*item, '=')), key)) {
			*item = pair;
			return 0;
		}
	}
	return add_item(arena, values, pair, err);
}

static int parse_map(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	struct str rest = text;

	while (!str_is_empty(rest)) {
		struct str value = str_split(&rest, ',');
		struct str key = str_trim(str_split(&value, '='));

		if (str_is_empty(key) && str_is_empty(value))
			continue;
		if (set_pair(arena, values, key, str_trim(value), err) < 0)
			return ERROR_RETURN;
	}
	return 0;
}

static int parse_map_bool(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	struct str rest = text;

	while (!str_is_empty(rest)) {
		struct str pair = str_split(&rest, ',');
		size_t equals = str_find_byte(pair, '=');
		struct str key = str_trim(str_slice(pair, 0, equals));
		struct str value = str_trim(str_skip(pair, equals + 1));
		bool parsed;

		if (str_is_empty(pair))
			continue;
		if (equals == pair.length)
			return error_set(
				err, ERROR_INVALID, "missing bool value for %.*s", STR_ARG(key));
		if (!str_parse_bool(value, &parsed))
			return error_set(err, ERROR_INVALID,
				"invalid value of %.*s=%.*s, err: strconv.ParseBool: parsing \"%.*s\": "
				"invalid syntax",
				STR_ARG(key), STR_ARG(value), STR_ARG(value));
		if (set_pair(arena, values, key, parsed ? STR("true") : STR("false"), err) < 0)
			return ERROR_RETURN;
	}
	return 0;
}

bool sup_named_cert_key_split(struct str item, struct sup_named_cert_key *ret)
{
	struct str names = item;
	struct str files = str_split(&names, ':');
	struct str certificate = str_split(&files, ',');

	if (str_is_empty(certificate) || str_is_empty(files) ||
		str_find_byte(files, ',') < files.length)
		return false;
	*ret = (struct sup_named_cert_key){certificate, files, names};
	return true;
}

static int parse_named_cert_key(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	struct sup_named_cert_key parts;

	if (!sup_named_cert_key_split(text, &parts))
		return error_set(err, ERROR_INVALID,
			"expected comma separated certificate and key file paths");
	return add_item(arena, values, text, err);
}

bool sup_port_range_split(struct str text, unsigned *ret_first, unsigned *ret_last)
{
	bool is_offset = str_find_byte(text, '+') < text.length;
	struct str rest = str_trim(text);
	struct str first_text = str_trim(str_split(&rest, is_offset ? '+' : '-'));
	uint64_t first, last;

	if (!str_parse_u64(first_text, 65535, &first))
		return false;
	if (str_find_byte(text, is_offset ? '+' : '-') == text.length)
		last = first;
	else if (!str_parse_u64(str_trim(rest), 65535, &last))
		return false;
	if (is_offset)
		last += first;
	if (last < first || last > 65535)
		return false;
	*ret_first = (unsigned)first;
	*ret_last = (unsigned)last;
	return true;
}

static int parse_port_range(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	unsigned first, last;

	if (!sup_port_range_split(text, &first, &last))
		return error_set(
			err, ERROR_INVALID, "unable to parse port range: \"%.*s\"", STR_ARG(text));
	return set_item(arena, values,
		first == last ? arena_printf(arena, "%u", first)
			      : arena_printf(arena, "%u-%u", first, last),
		err);
}

static int parse_version(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	if (str_equal(text, STR("raw")))
		return set_item(arena, values, text, err);
	return parse_bool(arena, values, text, err);
}

static const struct {
	const char *word;
	parse_fn parse;
	bool is_list;
} types[] = {
	[SUP_FLAG_TYPE_BOOL] = {"", parse_bool, false},
	[SUP_FLAG_TYPE_DURATION] = {"duration", parse_duration, false},
	[SUP_FLAG_TYPE_FILE] = {"string", parse_string, false},
	[SUP_FLAG_TYPE_FILE_ARRAY] = {"stringArray", parse_string_array, true},
	[SUP_FLAG_TYPE_FLOAT] = {"float", parse_float, false},
	[SUP_FLAG_TYPE_INT] = {"int", parse_int, false},
	[SUP_FLAG_TYPE_IP] = {"ip", parse_ip, false},
	[SUP_FLAG_TYPE_LEVEL] = {"Level", parse_level, false},
	[SUP_FLAG_TYPE_MAP] = {"mapStringString", parse_map, true},
	[SUP_FLAG_TYPE_MAP_BOOL] = {"mapStringBool", parse_map_bool, true},
	[SUP_FLAG_TYPE_NAMED_CERT_KEY] = {"namedCertKey", parse_named_cert_key, true},
	[SUP_FLAG_TYPE_PORT_RANGE] = {"portRange", parse_port_range, false},
	[SUP_FLAG_TYPE_STRING] = {"string", parse_string, false},
	[SUP_FLAG_TYPE_STRINGS] = {"strings", parse_strings, true},
	[SUP_FLAG_TYPE_STRING_ARRAY] = {"stringArray", parse_string_array, true},
	[SUP_FLAG_TYPE_VERSION] = {"version[=true]", parse_version, false},
};

const char *sup_flag_value_word(enum sup_flag_type type)
{
	return types[type].word;
}

bool sup_flag_value_is_optional(enum sup_flag_type type)
{
	return type == SUP_FLAG_TYPE_BOOL || type == SUP_FLAG_TYPE_VERSION;
}

bool sup_flag_value_is_map(enum sup_flag_type type)
{
	return type == SUP_FLAG_TYPE_MAP || type == SUP_FLAG_TYPE_MAP_BOOL;
}

bool sup_flag_value_is_list(enum sup_flag_type type)
{
	return types[type].is_list;
}

int sup_flag_value_parse(enum sup_flag_type type, struct arena *arena,
	struct sup_flag_values *values, struct str text, struct error *err)
{
	if (str_find_byte(text, '\0') < text.length)
		return error_set(err, ERROR_INVALID, "NUL byte in the value");
	return types[type].parse(arena, values, text, err);
}

static int compare_items(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static struct str join(struct arena *arena, const struct sup_flag_values *values,
	const char *before, const char *between, const char *behind, bool is_sorted)
{
	struct str *items = ARENA_ARRAY(arena, struct str, values->count + 1);
	struct buffer buffer = {0};
	struct str text;

	if (values->count)
		memcpy(items, values->items, values->count * sizeof(*items));
	if (is_sorted)
		qsort(items, values->count, sizeof(*items), compare_items);
	buffer_append(&buffer, str_from_c(before));
	for (size_t i = 0; i < values->count; i++) {
		if (i > 0)
			buffer_append(&buffer, str_from_c(between));
		buffer_append(&buffer, items[i]);
	}
	buffer_append(&buffer, str_from_c(behind));
	text = arena_copy(arena, buffer_str(&buffer));
	buffer_fini(&buffer);
	return text;
}

struct str sup_flag_value_echo(
	enum sup_flag_type type, struct arena *arena, const struct sup_flag_values *values)
{
	if (sup_flag_value_is_map(type))
		return join(arena, values, "", ",", "", true);
	if (type == SUP_FLAG_TYPE_NAMED_CERT_KEY)
		return join(arena, values, "[", ";", "]", false);
	if (sup_flag_value_is_list(type))
		return join(arena, values, "[", ",", "]", false);
	if (type == SUP_FLAG_TYPE_IP && values->count == 0)
		return STR("<nil>");
	return values->count ? values->items[0] : STR_EMPTY;
}
