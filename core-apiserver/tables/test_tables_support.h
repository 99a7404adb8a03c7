/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TEST_TABLES_SUPPORT_H
#define TROIKA_TEST_TABLES_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_core.h"
#include "json_reader.h"
#include "json_writer.h"
#include "schema_engine.h"

static inline const struct api_resource *find_resource(const char *name)
{
	for (size_t i = 0; i < api_core_resource_count; i++)
		if (str_equal_c(api_core_resources[i]->resource, name))
			return api_core_resources[i];
	fail_msg("no resource %s", name);
	return NULL;
}

/* JSON with single quotes for double ones. */
static inline struct json_value parse(struct arena *arena, const char *text)
{
	struct str copy = arena_copy(arena, str_from_c(text));
	char *bytes = arena_allocate_text(arena, copy.length);
	struct json_value value;
	struct error err = ERROR_INIT(arena);
	for (size_t i = 0; i < copy.length; i++)
		bytes[i] = text[i] == '\'' ? '"' : text[i];
	if (json_read(arena, str_from(bytes, copy.length), NULL, &value, &err) < 0)
		fail_msg("%s: %.*s", text, STR_ARG(err.message));
	return value;
}

/* The JSON text with single quotes again. */
static inline const char *show(struct arena *arena, const struct json_value *value)
{
	struct str text = json_to_str(arena, value);
	char *copy = arena_allocate_text(arena, text.length + 1);
	for (size_t i = 0; i < text.length; i++)
		copy[i] = text.data[i] == '"' ? '\'' : text.data[i];
	copy[text.length] = '\0';
	return copy;
}

/* What a server makes of a body: decoded and with defaults. */
static inline struct json_value decode(
	struct arena *arena, const struct api_resource *resource, const char *text)
{
	struct json_value input = parse(arena, text);
	struct json_value unknown = json_array();
	struct json_value object;
	struct error err = ERROR_INIT(arena);
	if (schema_decode(arena, resource->schema, &input, &unknown, &object, &err) < 0)
		fail_msg("%s: %.*s", text, STR_ARG(err.message));
	assert_int_equal(json_count(&unknown), 0);
	assert_true(schema_apply_defaults(arena, resource->schema, &object));
	return object;
}

#endif
