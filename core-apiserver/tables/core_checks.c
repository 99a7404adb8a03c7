/* SPDX-License-Identifier: Apache-2.0 */
#include "core_checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schema_engine.h"

const struct json_value *check_member(const struct check *check, const char *name)
{
	return name ? json_find(check->object, str_from_c(name)) : check->object;
}

struct str check_text(const struct check *check, const char *name)
{
	return json_text(check_member(check, name));
}

bool check_has(const struct check *check, const char *name)
{
	const struct json_value *value = check_member(check, name);

	if (!value || value->type == JSON_NULL)
		return false;
	if (value->type == JSON_STRING || value->type == JSON_ARRAY)
		return value->length > 0;
	return true;
}

static void add(const struct check *check, enum field_error_type type, const char *member,
	const struct json_value *value, struct str text)
{
	struct field_path child = field_path_child(check->path, str_from_c(member ? member : ""));

	field_errors_add(
		check->errors, type, member ? &child : check->path, value, "%.*s", STR_ARG(text));
}

static struct str format_text(const struct check *check, const char *format, va_list arguments)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, arguments);
	return arena_copy(check->errors->arena, str_from_c(text));
}

void check_invalid(const struct check *check, const char *member, const char *format, ...)
{
	struct json_value empty = json_string(STR(""));
	const struct json_value *value = check_member(check, member);
	va_list arguments;

	va_start(arguments, format);
	add(check, FIELD_ERROR_INVALID, member, value ? value : &empty,
		format_text(check, format, arguments));
	va_end(arguments);
}

void check_forbidden(const struct check *check, const char *member, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(check, FIELD_ERROR_FORBIDDEN, member, NULL, format_text(check, format, arguments));
	va_end(arguments);
}

void check_required(const struct check *check, const char *member, const char *text)
{
	add(check, FIELD_ERROR_REQUIRED, member, NULL, str_from_c(text));
}

void check_unsupported(
	const struct check *check, const char *member, const char *const *supported, size_t count)
{
	struct field_path child = field_path_child(check->path, str_from_c(member));
	struct str *words = ARENA_ARRAY(check->errors->arena, struct str, count);
	struct json_value empty = json_string(STR(""));
	const struct json_value *value = check_member(check, member);

	for (size_t i = 0; i < count; i++)
		words[i] = str_from_c(supported[i]);
	field_errors_add_unsupported(check->errors, &child, value ? value : &empty, words, count);
}

void check_name(const struct check *check, const char *member, enum name_format format)
{
	struct str messages[NAME_MESSAGES_MAXIMUM];
	struct str text = check_text(check, member);
	size_t count = text.length > 0 ? name_validate(format, text, messages) : 0;

	for (size_t i = 0; i < count; i++)
		add(check, FIELD_ERROR_INVALID, member, check_member(check, member), messages[i]);
}

void check_port(const struct check *check, const char *member)
{
	const struct json_value *value = check_member(check, member);
	struct str messages[NAME_MESSAGES_MAXIMUM];
	int64_t number = json_integer_or(value, 0);

	if (value && value->type == JSON_STRING) {
		size_t count = name_validate(NAME_FORMAT_PORT_NAME, json_text(value), messages);

		for (size_t i = 0; i < count; i++)
			add(check, FIELD_ERROR_INVALID, member, value, messages[i]);
	} else if (number < 1 || number > 65535) {
		struct json_value shown = json_integer(number);

		add(check, FIELD_ERROR_INVALID, member, &shown,
			STR("must be between 1 and 65535, inclusive"));
	}
}

int64_t check_percent_of(const struct json_value *value, bool *ret_is_percent)
{
	struct str text = json_text(value);
	int64_t number = -1;

	*ret_is_percent = value && value->type == JSON_STRING;
	if (!*ret_is_percent)
		return json_integer_or(value, 0);
	if (name_is_valid(NAME_FORMAT_PERCENT, text) &&
		str_parse_i64(str_slice(text, 0, text.length - 1), &number))
		return number;
	return -1;
}

void check_count_or_percent(const struct check *check, const char *member)
{
	const struct json_value *value = check_member(check, member);
	bool is_percent;
	int64_t number = check_percent_of(value, &is_percent);

	if (!value)
		return;
	if (is_percent && number < 0)
		check_name(check, member, NAME_FORMAT_PERCENT);
	else if (!is_percent && number < 0)
		check_invalid(check, member, "must be greater than or equal to 0");
}

size_t check_at_most_one(
	const struct check *check, const char *const *names, size_t count, const char *kind)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		const struct json_value *value = check_member(check, names[i]);

		if (!value || value->type == JSON_NULL)
			continue;
		if (found++ > 0)
			check_forbidden(check, names[i], "may not specify more than 1 %s", kind);
	}
	return found;
}

bool check_changed(const struct check *check, const char *name)
{
	static const struct json_value nothing = {.type = JSON_NULL};
	const struct json_value *now = check_member(check, name);
	const struct json_value *before = json_find(check->old, str_from_c(name));

	return !json_equal(now ? now : &nothing, before ? before : &nothing);
}

void check_quantities(const struct check *check, const char *member)
{
	const struct json_value *list = check_member(check, member);
	struct field_path path = field_path_child(check->path, str_from_c(member));

	for (size_t i = 0; list && list->type == JSON_OBJECT && i < list->length; i++) {
		const struct json_member *quantity = &list->members[i];
		struct field_path child = field_path_key(&path, quantity->key);

		if (quantity_compare(json_text(&quantity->value), STR("0")) < 0)
			field_errors_add(check->errors, FIELD_ERROR_INVALID, &child,
				&quantity->value, "must be greater than or equal to 0");
	}
}

void check_no_backsteps(const struct check *check, const char *member)
{
	struct str rest = check_text(check, member);

	while (rest.length > 0) {
		size_t slash = str_find_byte(rest, '/');

		if (str_equal(str_slice(rest, 0, slash), STR(".."))) {
			check_invalid(check, member, "must not contain '..'");
			return;
		}
		rest = str_skip(rest, slash + 1);
	}
}

void check_local_path(const struct check *check, const char *member)
{
	if (str_starts_with(check_text(check, member), STR("/")))
		check_invalid(check, member, "must be a relative path");
	else
		check_no_backsteps(check, member);
}
