/* SPDX-License-Identifier: Apache-2.0 */
#include "core_cells.h"

#include "clock.h"

#include <stdarg.h>
#include <stdlib.h>

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

/* One requirement of a selector; `label` or `expression` is NULL. */
struct requirement {
	struct str key;
	const struct json_member *label;
	const struct json_value *expression;
};

static int compare_requirements(const void *a, const void *b)
{
	const struct requirement *left = a, *right = b;
	return str_compare(left->key, right->key);
}

static void append_expression(struct buffer *text, const struct requirement *requirement)
{
	struct str operator= json_text(json_find(requirement->expression, STR("operator")));
	if (str_equal(operator, STR("DoesNotExist")))
		buffer_append_byte(text, '!');
	buffer_append(text, requirement->key);
	bool is_in = str_equal(operator, STR("In"));
	if (!is_in && !str_equal(operator, STR("NotIn")))
		return;
	buffer_append(text, is_in ? STR(" in (") : STR(" notin ("));
	struct buffer values = {0};
	cell_join_all(&values, ",", json_find(requirement->expression, STR("values")));
	buffer_append(text, buffer_str(&values));
	buffer_fini(&values);
	buffer_append_byte(text, ')');
}

struct json_value cell_selector(
	const struct table_cell_context *context, const struct json_value *selector)
{
	const struct json_value *labels = json_find(selector, STR("matchLabels"));
	const struct json_value *expressions = json_find(selector, STR("matchExpressions"));
	size_t label_count = json_count(labels);
	size_t count = label_count + json_count(expressions);
	if (count == 0)
		return json_string(STR("<none>"));
	struct requirement *requirements = ARENA_ARRAY(context->arena, struct requirement, count);
	for (size_t i = 0; i < count; i++) {
		struct requirement *requirement = &requirements[i];
		if (i < label_count) {
			requirement->label = &labels->members[i];
			requirement->key = requirement->label->key;
			continue;
		}
		requirement->expression = json_element(expressions, i - label_count);
		requirement->key = json_text(json_find(requirement->expression, STR("key")));
	}
	qsort(requirements, count, sizeof(*requirements), compare_requirements);
	struct buffer text = {0};
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_byte(&text, ',');
		if (requirements[i].expression) {
			append_expression(&text, &requirements[i]);
			continue;
		}
		buffer_append(&text, requirements[i].key);
		buffer_append_byte(&text, '=');
		buffer_append(&text, json_text(&requirements[i].label->value));
	}
	return cell_take(context, &text, STR("<none>"));
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
