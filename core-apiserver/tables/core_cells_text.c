/* SPDX-License-Identifier: Apache-2.0 */
#include "core_cells.h"

#include "clock.h"
#include "label_selector.h"

#include <stdarg.h>

struct json_value cell_text_or(const struct table_cell_context *context,
	const struct json_value *value, struct str otherwise)
{
	if (value && value->type == JSON_INTEGER)
		return cell_printf(context, "%lld", (long long)value->integer);
	struct str text = json_text(value);
	return json_string(str_is_empty(text) ? otherwise : text);
}

struct json_value cell_take(
	const struct table_cell_context *context, struct buffer *text, struct str otherwise)
{
	struct str copy = arena_copy(context->arena, buffer_str(text));
	buffer_fini(text);
	return json_string(str_is_empty(copy) ? otherwise : copy);
}

struct json_value cell_printf(const struct table_cell_context *context, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	struct str text = arena_vprintf(context->arena, format, arguments);
	va_end(arguments);
	return json_string(text);
}

void cell_join(struct buffer *list, const char *separator, struct str item)
{
	if (list->length > 0)
		buffer_append(list, str_from_c(separator));
	buffer_append(list, item);
}

void cell_join_all(struct buffer *list, const char *separator, const struct json_value *array)
{
	for (size_t i = 0; i < json_count(array); i++)
		cell_join(list, separator, json_text(json_element(array, i)));
}

void cell_append_lower(struct buffer *text, struct str word)
{
	for (size_t i = 0; i < word.length; i++) {
		char c = word.data[i];
		buffer_append_byte(text, (c >= 'A' && c <= 'Z') ? (char)(c - 'A' + 'a') : c);
	}
}

bool cell_time(const struct json_value *value, int64_t *ret_wall_seconds)
{
	uint32_t nanoseconds;
	return clock_parse_rfc3339(json_text(value), ret_wall_seconds, &nanoseconds);
}

struct str cell_age(const struct table_cell_context *context, const struct json_value *value)
{
	int64_t wall_seconds;
	if (!cell_time(value, &wall_seconds))
		return STR_EMPTY;
	return table_human_duration(context->arena, context->now_wall_seconds - wall_seconds);
}

struct json_value cell_labels(
	const struct table_cell_context *context, const struct json_value *labels)
{
	struct buffer text = {0};
	for (size_t i = 0; i < json_count(labels); i++) {
		cell_join(&text, ",", labels->members[i].key);
		buffer_append_byte(&text, '=');
		buffer_append(&text, json_text(&labels->members[i].value));
	}
	return cell_take(context, &text, STR("<none>"));
}

struct json_value cell_selector(
	const struct table_cell_context *context, const struct json_value *selector)
{
	struct label_selector *parsed;
	struct error err = ERROR_INIT(context->arena);
	if (label_selector_from_object(context->arena, selector, &parsed, &err) != 0)
		return json_string(STR("<error>"));
	struct str text = label_selector_format(context->arena, parsed);
	return json_string(str_is_empty(text) ? STR("<none>") : text);
}

const struct json_value *cell_condition(const struct json_value *object, struct str type)
{
	const struct json_value *conditions = json_find_path(object, "status", "conditions", NULL);
	for (size_t i = 0; i < json_count(conditions); i++) {
		const struct json_value *condition = json_element(conditions, i);
		if (str_equal(json_text(json_find(condition, STR("type"))), type))
			return condition;
	}
	return NULL;
}

bool cell_condition_is_true(const struct json_value *object, struct str type)
{
	const struct json_value *condition = cell_condition(object, type);
	return str_equal(json_text(json_find(condition, STR("status"))), STR("True"));
}
