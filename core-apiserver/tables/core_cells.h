/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CORE_CELLS_H
#define TROIKA_CORE_CELLS_H

#include "api_core.h"
#include "buffer.h"
#include "table.h"

/* What the table cells of the built-in kinds share. The cells themselves are declared in
 * api_core.h. */

/* A cell with the text of `value` (a string or integer), or with `otherwise` when it has none. */
struct json_value cell_text_or(const struct table_cell_context *context,
	const struct json_value *value, struct str otherwise);
/* A cell with what the buffer holds, or with `otherwise` when that is nothing; ends the buffer. */
struct json_value cell_take(
	const struct table_cell_context *context, struct buffer *text, struct str otherwise);
struct json_value cell_printf(const struct table_cell_context *context, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends `item` to a list. */
void cell_join(struct buffer *list, const char *separator, struct str item);
/* Appends the strings of an array. */
void cell_join_all(struct buffer *list, const char *separator, const struct json_value *array);

/* Appends text with its ASCII letters in lower case. */
void cell_append_lower(struct buffer *text, struct str word);

/* Seconds since 1970 of a time value; false when it is absent or malformed. */
bool cell_time(const struct json_value *value, int64_t *ret_wall_seconds);
/* The time since `value` for people ("5m"), or the empty view when there is no time. */
struct str cell_age(const struct table_cell_context *context, const struct json_value *value);

/* "a=b,c=d", or "<none>". */
struct json_value cell_labels(
	const struct table_cell_context *context, const struct json_value *labels);
/* A LabelSelector in the syntax of selectors, or "<none>". */
struct json_value cell_selector(
	const struct table_cell_context *context, const struct json_value *selector);

/* The condition of that type among status.conditions, or NULL. */
const struct json_value *cell_condition(const struct json_value *object, struct str type);
bool cell_condition_is_true(const struct json_value *object, struct str type);

/* Cells that are an integer or boolean on a path; absent is zero. */
#define INTEGER_CELL(name, ...)                                                                    \
	struct json_value name(                                                                    \
		const struct table_cell_context *context, const struct json_value *object)         \
	{                                                                                          \
		(void)context;                                                                     \
		return json_integer(                                                               \
			json_integer_or(json_find_path(object, __VA_ARGS__, NULL), 0));            \
	}
#define BOOLEAN_CELL(name, ...)                                                                    \
	struct json_value name(                                                                    \
		const struct table_cell_context *context, const struct json_value *object)         \
	{                                                                                          \
		(void)context;                                                                     \
		return json_bool(json_bool_or(json_find_path(object, __VA_ARGS__, NULL), false));  \
	}
/* The number of elements or members on a path. */
#define COUNT_CELL(name, ...)                                                                      \
	struct json_value name(                                                                    \
		const struct table_cell_context *context, const struct json_value *object)         \
	{                                                                                          \
		(void)context;                                                                     \
		return json_integer(                                                               \
			(int64_t)json_count(json_find_path(object, __VA_ARGS__, NULL)));           \
	}
/* The text on a path, or `otherwise`. */
#define TEXT_CELL(name, otherwise, ...)                                                            \
	struct json_value name(                                                                    \
		const struct table_cell_context *context, const struct json_value *object)         \
	{                                                                                          \
		return cell_text_or(                                                               \
			context, json_find_path(object, __VA_ARGS__, NULL), STR(otherwise));       \
	}

#endif
