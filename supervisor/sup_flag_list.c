/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_flag_value_private.h"

#include "sup_network.h"
#include "sup_text.h"

/* The types of flags that hold several values. */

/* Upstream reads the first line of the text as one CSV record. */
static int take_fields(struct arena *arena, struct str text,
	int (*take)(struct arena *arena, struct sup_flag_values *values, struct str field,
		struct error *err),
	struct sup_flag_values *values, struct error *err)
{
	bool has_more = !str_is_empty(text);
	const char *complaint;
	size_t position = 0;
	struct str field;

	while (has_more) {
		if (!sup_text_take_csv(arena, text, &position, &field, &has_more, &complaint))
			return error_set(err, ERROR_INVALID,
				"parse error on line 1, column %zu: %s", position + 1, complaint);
		if (take(arena, values, field, err) < 0)
			return ERROR_RETURN;
	}
	return 0;
}

int sup_flag_parse_strings(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	return take_fields(arena, text, sup_flag_item_add, values, err);
}

int sup_flag_parse_string_array(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	return sup_flag_item_add(arena, values, text, err);
}

int sup_flag_parse_int32s(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	struct str rest = text;

	while (!str_is_empty(rest)) {
		struct str item = str_trim(str_split(&rest, ','));
		int64_t value;

		if (!str_parse_i64(item, &value) || value < INT32_MIN || value > INT32_MAX)
			return error_set(err, ERROR_INVALID,
				"strconv.ParseInt: parsing \"%.*s\": invalid syntax",
				STR_ARG(item));
		if (sup_flag_item_add(arena, values, item, err) < 0)
			return ERROR_RETURN;
	}
	return 0;
}

/* Unlike with other lists, each use replaces what was there. */
int sup_flag_parse_cidrs(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	struct str rest = text;

	values->items = NULL;
	values->count = values->capacity = 0;
	while (!str_is_empty(rest)) {
		struct str item = str_split(&rest, ',');
		struct sup_cidr cidr;

		if (!sup_cidr_parse(item, &cidr))
			return error_set(
				err, ERROR_INVALID, "invalid CIDR address: %.*s", STR_ARG(item));
		if (sup_flag_item_add(arena, values, item, err) < 0)
			return ERROR_RETURN;
	}
	return 0;
}

int sup_flag_parse_module_spec(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	struct str rest = text;

	values->items = NULL;
	values->count = values->capacity = 0;
	while (!str_is_empty(rest)) {
		struct str item = str_split(&rest, ',');
		struct str level_text = item;
		struct str pattern = str_split(&level_text, '=');
		int64_t level;

		if (str_is_empty(item))
			continue;
		if (str_is_empty(pattern) || str_is_empty(level_text))
			return error_set(err, ERROR_INVALID,
				"syntax error: expect comma-separated list of filename=N");
		if (!str_parse_i64(level_text, &level) || level > INT32_MAX)
			return error_set(err, ERROR_INVALID,
				"syntax error: expect comma-separated list of filename=N");
		if (level < 0)
			return error_set(err, ERROR_INVALID, "negative value for vmodule level");
		if (level > 0 && sup_flag_item_add(arena, values, item, err) < 0)
			return ERROR_RETURN;
	}
	return 0;
}

/*
 * In memory of its own when an item changes: a copy of the values that were there must stay as it
 * is.
 */
int sup_flag_pair_set(struct arena *arena, struct sup_flag_values *values, struct str key,
	struct str value, struct error *err)
{
	struct str pair = arena_printf(arena, "%.*s=%.*s", STR_ARG(key), STR_ARG(value));

	for (size_t i = 0; i < values->count; i++) {
		struct str item = values->items[i];
		struct str *items;

		if (!str_equal(str_slice(item, 0, str_find_byte(item, '=')), key))
			continue;
		items = ARENA_ARRAY(arena, struct str, values->capacity);
		memcpy(items, values->items, values->count * sizeof(*items));
		items[i] = pair;
		values->items = items;
		return 0;
	}
	return sup_flag_item_add(arena, values, pair, err);
}

int sup_flag_parse_map(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	struct str rest = text;

	while (!str_is_empty(rest)) {
		struct str value = str_split(&rest, ',');
		struct str key = str_trim(str_split(&value, '='));

		if (str_is_empty(key) && str_is_empty(value))
			continue;
		if (sup_flag_pair_set(arena, values, key, str_trim(value), err) < 0)
			return ERROR_RETURN;
	}
	return 0;
}

int sup_flag_parse_pair(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	struct str value = text;
	struct str key = str_trim(str_split(&value, '='));

	if (str_is_empty(key) && str_is_empty(value))
		return 0;
	return sup_flag_pair_set(arena, values, key, str_trim(value), err);
}

static int take_pair(
	struct arena *arena, struct sup_flag_values *values, struct str field, struct error *err)
{
	struct str value = field;
	size_t equals = str_find_byte(field, '=');
	struct str key = str_split(&value, '=');

	if (equals == field.length)
		return error_set(
			err, ERROR_INVALID, "%.*s must be formatted as key=value", STR_ARG(field));
	return sup_flag_pair_set(arena, values, key, value, err);
}

/* With one '=' in it, the text is one pair, commas and all. */
int sup_flag_parse_string_to_string(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	size_t first = str_find_byte(text, '=');
	struct str behind = str_skip(text, first + 1);

	if (str_is_empty(text))
		return 0;
	if (first == text.length)
		return error_set(
			err, ERROR_INVALID, "%.*s must be formatted as key=value", STR_ARG(text));
	if (str_find_byte(behind, '=') == behind.length) {
		while (str_starts_with(text, STR("\"")))
			text = str_skip(text, 1);
		while (str_ends_with(text, STR("\"")))
			text.length--;
		return take_pair(arena, values, text, err);
	}
	return take_fields(arena, text, take_pair, values, err);
}

int sup_flag_parse_map_bool(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	struct str rest = text;

	while (!str_is_empty(rest)) {
		struct str pair = str_trim(str_split(&rest, ','));

		/* Newer releases let a component be named; this is ours. */
		if (str_starts_with(pair, STR("kube:")))
			pair = str_skip(pair, 5);

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
		if (sup_flag_pair_set(
			    arena, values, key, parsed ? STR("true") : STR("false"), err) < 0)
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

int sup_flag_parse_named_cert_key(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err)
{
	struct sup_named_cert_key parts;

	if (!sup_named_cert_key_split(text, &parts))
		return error_set(err, ERROR_INVALID,
			"expected comma separated certificate and key file paths");
	return sup_flag_item_add(arena, values, text, err);
}
