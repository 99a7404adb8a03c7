/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_flag_value.h"

#include "buffer.h"
#include "clock.h"
#include "sup_flag_value_private.h"
#include "sup_network.h"
#include "sup_text.h"

#include <stdlib.h>

#define MAX_ITEMS 4096u

int sup_flag_item_add(
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

/* In memory of its own: a copy of the values that were there must stay as it is. */
static int set_item(
	struct arena *arena, struct sup_flag_values *values, struct str item, struct error *err)
{
	values->items = NULL;
	values->count = values->capacity = 0;
	return sup_flag_item_add(arena, values, item, err);
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

static int complain_of_number(
	struct error *err, const char *function, struct str text, bool is_out_of_range)
{
	return error_set(err, ERROR_INVALID, "strconv.%s: parsing \"%.*s\": %s", function,
		STR_ARG(text), is_out_of_range ? "value out of range" : "invalid syntax");
}

static int parse_int(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	bool is_out_of_range;
	int64_t value;

	if (!sup_text_parse_integer(text, &value, &is_out_of_range))
		return complain_of_number(err, "ParseInt", text, is_out_of_range);
	return set_item(arena, values, arena_printf(arena, "%lld", (long long)value), err);
}

static int parse_uint(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	bool is_out_of_range;
	int64_t value;

	if (!sup_text_parse_integer(text, &value, &is_out_of_range) || value < 0)
		return complain_of_number(err, "ParseUint", text, is_out_of_range);
	return set_item(arena, values, arena_printf(arena, "%lld", (long long)value), err);
}

static int parse_level(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	int64_t value;

	if (str_parse_i64(text, &value) && (value < INT32_MIN || value > INT32_MAX))
		return complain_of_number(err, "ParseInt", text, true);
	return parse_int(arena, values, text, err);
}

static int parse_float(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	double value;

	if (!sup_text_parse_float(text, &value))
		return complain_of_number(err, "ParseFloat", text, false);
	return set_item(arena, values, arena_printf(arena, "%.12g", value), err);
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
		values->items = NULL;
		values->count = values->capacity = 0;
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
	uint64_t major, minor;

	if (str_equal(text, STR("raw")))
		return set_item(arena, values, text, err);
	if (str_starts_with(text, STR("v")) && sup_text_parse_version(text, &major, &minor))
		return set_item(arena, values, text, err);
	return parse_bool(arena, values, text, err);
}

static int parse_severity(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	static const char *const names[] = {"INFO", "WARNING", "ERROR", "FATAL"};
	int64_t value;

	for (int i = 0; i < 4; i++) {
		if (str_equal_ignore_case(text, str_from_c(names[i])))
			return set_item(arena, values, arena_printf(arena, "%d", i), err);
	}
	if (!str_parse_i64(text, &value) || value < INT32_MIN || value > INT32_MAX)
		return complain_of_number(err, "ParseInt", text, is_decimal(text));
	return set_item(arena, values, text, err);
}

static int parse_trace_location(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	struct str line = text;
	struct str file = str_split(&line, ':');
	uint64_t number;

	if (str_is_empty(text))
		return set_item(arena, values, STR(":0"), err);
	if (str_equal(text, STR(":0")))
		return set_item(arena, values, text, err);
	if (str_find_byte(file, '.') == file.length || !str_parse_u64(line, INT32_MAX, &number) ||
		number == 0)
		return error_set(err, ERROR_INVALID, "syntax error: expect file.go:234");
	return set_item(arena, values, text, err);
}

static int parse_quantity(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	double value;

	if (!sup_text_parse_quantity(text, &value))
		return error_set(err, ERROR_INVALID,
			"quantities must match the regular expression "
			"'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
	return set_item(arena, values, text, err);
}

static const struct type {
	const char *word;
	sup_flag_parse_fn parse;
	enum {
		SINGLE,
		LIST,
		MAP
	} shape;
} types[] = {
	[SUP_FLAG_TYPE_BOOL] = {"", parse_bool, SINGLE},
	[SUP_FLAG_TYPE_CIDRS] = {"cidrs", sup_flag_parse_cidrs, LIST},
	[SUP_FLAG_TYPE_DURATION] = {"duration", parse_duration, SINGLE},
	[SUP_FLAG_TYPE_FILE] = {"string", parse_string, SINGLE},
	[SUP_FLAG_TYPE_FILE_ARRAY] = {"stringArray", sup_flag_parse_string_array, LIST},
	[SUP_FLAG_TYPE_FLOAT] = {"float", parse_float, SINGLE},
	[SUP_FLAG_TYPE_FLOAT32] = {"float32", parse_float, SINGLE},
	[SUP_FLAG_TYPE_INT] = {"int", parse_int, SINGLE},
	[SUP_FLAG_TYPE_INT32S] = {"int32Slice", sup_flag_parse_int32s, LIST},
	[SUP_FLAG_TYPE_IP] = {"ip", parse_ip, SINGLE},
	[SUP_FLAG_TYPE_LEVEL] = {"Level", parse_level, SINGLE},
	[SUP_FLAG_TYPE_MAP] = {"mapStringString", sup_flag_parse_map, MAP},
	[SUP_FLAG_TYPE_MAP_BOOL] = {"mapStringBool", sup_flag_parse_map_bool, MAP},
	[SUP_FLAG_TYPE_MODULE_SPEC] = {"moduleSpec", sup_flag_parse_module_spec, LIST},
	[SUP_FLAG_TYPE_NAMED_CERT_KEY] = {"namedCertKey", sup_flag_parse_named_cert_key, LIST},
	[SUP_FLAG_TYPE_PAIRS] = {"mapStringString", sup_flag_parse_pair, MAP},
	[SUP_FLAG_TYPE_PORT_RANGE] = {"portRange", parse_port_range, SINGLE},
	[SUP_FLAG_TYPE_QUANTITY] = {"quantity", parse_quantity, SINGLE},
	[SUP_FLAG_TYPE_SEVERITY] = {"severity", parse_severity, SINGLE},
	[SUP_FLAG_TYPE_STRING] = {"string", parse_string, SINGLE},
	[SUP_FLAG_TYPE_STRINGS] = {"strings", sup_flag_parse_strings, LIST},
	[SUP_FLAG_TYPE_STRING_ARRAY] = {"stringArray", sup_flag_parse_string_array, LIST},
	[SUP_FLAG_TYPE_STRING_TO_STRING] = {"stringToString", sup_flag_parse_string_to_string, MAP},
	[SUP_FLAG_TYPE_TRACE_LOCATION] = {"traceLocation", parse_trace_location, SINGLE},
	[SUP_FLAG_TYPE_UINT] = {"uint", parse_uint, SINGLE},
	[SUP_FLAG_TYPE_VERSION] = {"version", parse_version, SINGLE},
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
	return types[type].shape == MAP;
}

bool sup_flag_value_is_list(enum sup_flag_type type)
{
	return types[type].shape != SINGLE;
}

bool sup_flag_value_is_csv(enum sup_flag_type type)
{
	return type == SUP_FLAG_TYPE_STRINGS;
}

int sup_flag_value_parse(enum sup_flag_type type, struct arena *arena,
	struct sup_flag_values *values, struct str text, struct error *err)
{
	if (str_find_byte(text, '\0') < text.length)
		return error_set(err, ERROR_INVALID, "NUL byte in the value");
	return types[type].parse(arena, values, text, err);
}

int sup_flag_value_add(enum sup_flag_type type, struct arena *arena, struct sup_flag_values *values,
	struct str item, struct error *err)
{
	struct str value = item;
	struct str key = str_split(&value, '=');

	if (types[type].shape == MAP)
		return sup_flag_pair_set(arena, values, key, value, err);
	return sup_flag_item_add(arena, values, item, err);
}

static int compare_items(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

struct format {
	const char *before, *between, *behind;
	bool is_sorted;
	bool is_csv;
};

static struct str join(
	struct arena *arena, const struct sup_flag_values *values, const struct format *format)
{
	struct str *items = ARENA_ARRAY(arena, struct str, values->count + 1);
	struct buffer buffer = {0};
	struct str text;

	if (values->count)
		memcpy(items, values->items, values->count * sizeof(*items));
	if (format->is_sorted)
		qsort(items, values->count, sizeof(*items), compare_items);
	buffer_append(&buffer, str_from_c(format->before));
	for (size_t i = 0; i < values->count; i++) {
		bool needs_quotes = format->is_csv && !str_is_empty(items[i]);

		if (i > 0)
			buffer_append(&buffer, str_from_c(format->between));
		buffer_append(
			&buffer, needs_quotes ? sup_text_csv_field(arena, items[i]) : items[i]);
	}
	buffer_append(&buffer, str_from_c(format->behind));
	text = arena_copy(arena, buffer_str(&buffer));
	buffer_fini(&buffer);
	return text;
}

struct str sup_flag_value_echo(
	enum sup_flag_type type, struct arena *arena, const struct sup_flag_values *values)
{
	static const struct format list = {"[", ",", "]", false, true};
	static const struct format certificates = {"[", ";", "]", false, false};
	static const struct format csv_map = {"[", ",", "]", true, true};
	static const struct format map = {"", ",", "", true, false};
	static const struct format plain = {"", ",", "", false, false};

	if (type == SUP_FLAG_TYPE_STRING_TO_STRING)
		return join(arena, values, &csv_map);
	if (sup_flag_value_is_map(type))
		return join(arena, values, &map);
	if (type == SUP_FLAG_TYPE_CIDRS || type == SUP_FLAG_TYPE_MODULE_SPEC)
		return join(arena, values, &plain);
	if (type == SUP_FLAG_TYPE_NAMED_CERT_KEY)
		return join(arena, values, &certificates);
	if (sup_flag_value_is_list(type))
		return join(arena, values, &list);
	if (type == SUP_FLAG_TYPE_IP && values->count == 0)
		return STR("<nil>");
	return values->count ? values->items[0] : STR_EMPTY;
}
