/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TEST_SCHEMA_SUPPORT_H
#define TROIKA_TEST_SCHEMA_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "field_error.h"
#include "json_reader.h"
#include "json_writer.h"
#include "schema.h"

/* JSON with single quotes for double ones. */
static inline struct json_value parse(struct arena *arena, const char *text)
{
	char *copy = arena_allocate_text(arena, strlen(text) + 1);
	struct json_value value;
	struct error err = ERROR_INIT(arena);

	for (size_t i = 0; i <= strlen(text); i++)
		copy[i] = text[i] == '\'' ? '"' : text[i];
	if (json_read(arena, str_from_c(copy), NULL, &value, &err) < 0)
		fail_msg("%s: %.*s", text, STR_ARG(err.message));
	return value;
}

static inline const char *single_quoted(struct arena *arena, struct str text)
{
	char *copy = arena_allocate_text(arena, text.length + 1);

	for (size_t i = 0; i < text.length; i++)
		copy[i] = text.data[i] == '"' ? '\'' : text.data[i];
	copy[text.length] = '\0';
	return copy;
}

/* The JSON text with single quotes again. */
static inline const char *show(struct arena *arena, const struct json_value *value)
{
	return single_quoted(arena, json_to_str(arena, value));
}

/* Each error as "FIELD: BODY", one a line. */
static inline const char *show_errors(struct arena *arena, const struct field_errors *errors)
{
	struct str text = STR("");

	for (const struct field_error *error = errors->first; error; error = error->next)
		text = arena_printf(arena, "%.*s%s%.*s: %.*s", STR_ARG(text),
			text.length ? "\n" : "", STR_ARG(error->field), STR_ARG(error->body));
	return arena_copy_c(arena, text);
}

/* A cut-down ObjectMeta and a workload that owns templates, as the generator would write them. */
extern const struct schema test_object_meta;
extern const struct schema test_workload;

#endif
