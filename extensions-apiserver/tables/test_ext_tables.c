/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_extensions.h"
#include "json_reader.h"
#include "json_writer.h"
#include "schema_engine.h"

static struct json_value decode(struct arena *arena, const char *text)
{
	struct json_value input, object;
	struct json_value unknown = json_array();
	struct error err = ERROR_INIT(arena);
	const struct schema *schema = api_extensions_resources[0]->schema;
	assert_int_equal(json_read(arena, str_from_c(text), NULL, &input, &err), 0);
	assert_int_equal(schema_decode(arena, schema, &input, &unknown, &object, &err), 0);
	assert_int_equal(json_count(&unknown), 0);
	assert_true(schema_apply_defaults(arena, schema, &object));
	return object;
}

static void assert_text(const struct json_value *value, const char *expected)
{
	assert_true(str_equal_c(json_text(value), expected));
}

static void a_definition_gets_names_conversion_and_stored_version(void **state)
{
	(void)state;
	struct arena *arena = arena_create(0);
	struct json_value object = decode(arena,
		"{\"spec\":{\"group\":\"g\",\"scope\":\"Cluster\",\"names\":{\"plural\":\"foos\","
		"\"kind\":\"FooBar\"},\"versions\":[{\"name\":\"v1\",\"served\":true,"
		"\"storage\":false},{\"name\":\"v2\",\"served\":true,\"storage\":true}]}}");
	const struct json_value *names = json_find_path(&object, "spec", "names", NULL);
	assert_text(json_find(names, STR("singular")), "foobar");
	assert_text(json_find(names, STR("listKind")), "FooBarList");
	assert_text(json_find_path(&object, "spec", "conversion", "strategy", NULL), "None");
	const struct json_value *stored = json_find_path(&object, "status", "storedVersions", NULL);
	assert_int_equal(json_count(stored), 1);
	assert_text(json_element(stored, 0), "v2");
	arena_destroy(&arena);
}

static void json_schemas_nest_in_each_other(void **state)
{
	(void)state;
	struct arena *arena = arena_create(0);
	struct json_value object = decode(arena,
		"{\"spec\":{\"versions\":[{\"name\":\"v1\",\"schema\":{\"openAPIV3Schema\":{"
		"\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\",\"items\":{"
		"\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}}}}}}]}}");
	const struct json_value *version =
		json_element(json_find_path(&object, "spec", "versions", NULL), 0);
	assert_text(json_find_path(version, "schema", "openAPIV3Schema", "properties", "a", "items",
			    "additionalProperties", "type", NULL),
		"string");
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_definition_gets_names_conversion_and_stored_version),
		cmocka_unit_test(json_schemas_nest_in_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
