/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TEST_MACHINERY_SUPPORT_H
#define TROIKA_TEST_MACHINERY_SUPPORT_H

/* What the tests of this layer share; include it first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "api_resource.h"
#include "json_reader.h"
#include "json_writer.h"
#include "stored_object.h"

/* As NUL-terminated text, so that cmocka shows what differs. */
static inline void assert_text(struct arena *arena, struct str actual, const char *expected)
{
	assert_string_equal(arena_copy_c(arena, actual), expected);
}

static inline struct json_value parse_json(struct arena *arena, const char *text)
{
	struct error err = ERROR_INIT(arena);
	struct json_value value;

	if (json_read(arena, str_from_c(text), NULL, &value, &err) != 0)
		fail_msg("%s: %s", text, arena_copy_c(arena, err.message));
	return value;
}

static inline void assert_json(
	struct arena *arena, const struct json_value *actual, const char *expected)
{
	assert_text(arena, json_to_str(arena, actual), expected);
}

/* Encodes, fills in the revision as the store does, and takes the view. */
static inline struct stored_object store(struct arena *arena, const struct api_resource *resource,
	const char *text, const char *revision)
{
	struct error err = ERROR_INIT(arena);
	struct json_value object = parse_json(arena, text);
	struct stored_encoding encoding;
	struct stored_object stored;

	assert_int_equal(stored_object_encode(arena, resource, &object, &encoding, &err), 0);
	struct str head = str_slice(encoding.bytes, 0, encoding.revision_offset);
	struct str tail = str_skip(encoding.bytes, encoding.revision_offset);
	size_t length = head.length + strlen(revision) + tail.length;
	char *filled = arena_allocate_text(arena, length);

	memcpy(filled, head.data, head.length);
	memcpy(filled + head.length, revision, strlen(revision));
	memcpy(filled + head.length + strlen(revision), tail.data, tail.length);
	assert_true(stored_object_parse(str_from(filled, length), &stored));
	return stored;
}

static inline int arena_setup(void **state)
{
	*state = arena_create(0);
	return 0;
}

static inline int arena_teardown(void **state)
{
	struct arena *arena = *state;

	arena_destroy(&arena);
	return 0;
}

#define ARENA_TEST(name) cmocka_unit_test_setup_teardown(name, arena_setup, arena_teardown)

static const struct selectable_field support_pod_fields[] = {
	{STR_INIT("spec.nodeName"), STR_INIT(".spec.nodeName"), STR_INIT("spec.host")},
	{STR_INIT("spec.hostNetwork"), STR_INIT(".spec.hostNetwork"), {0}},
};

static const struct api_resource support_pods __attribute__((unused)) = {
	.version = STR_INIT("v1"),
	.resource = STR_INIT("pods"),
	.singular = STR_INIT("pod"),
	.kind = STR_INIT("Pod"),
	.list_kind = STR_INIT("PodList"),
	.verbs = API_VERBS_ALL,
	.flags = RESOURCE_NAMESPACED | RESOURCE_HAS_STATUS | RESOURCE_GENERATION,
	.selectable_fields = support_pod_fields,
	.selectable_field_count = 2,
};

static const struct api_resource support_widgets __attribute__((unused)) = {
	.group = STR_INIT("example.com"),
	.version = STR_INIT("v1beta1"),
	.resource = STR_INIT("widgets"),
	.singular = STR_INIT("widget"),
	.kind = STR_INIT("Widget"),
	.list_kind = STR_INIT("WidgetList"),
	.verbs = API_VERBS_ALL,
	.flags = RESOURCE_CUSTOM | RESOURCE_HAS_STATUS | RESOURCE_GENERATION_ANY,
};

#endif
