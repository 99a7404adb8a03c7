/* SPDX-License-Identifier: Apache-2.0 */
#include "test_managed_support.h"

static void collect_path(void *context, struct str path)
{
	struct buffer *paths = context;

	buffer_append(paths, path);
	buffer_append_byte(paths, ' ');
}

static void fields_v1_keeps_its_form_and_order(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		const char *out;
		const char *paths;
	} cases[] = {
		{"{}", "{}", ""},
		{"{'f:spec':{'f:replicas':{}}}", "{'f:spec':{'f:replicas':{}}}", ".spec.replicas "},
		{"{'f:b':{},'f:a':{'f:x':{},'.':{}}}", "{'f:a':{'.':{},'f:x':{}},'f:b':{}}",
			".a .b .a.x "},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_value fields = parse(test_arena, cases[i].in);
		struct error err = ERROR_INIT(test_arena);
		struct buffer paths = {0};
		struct field_set set;

		assert_int_equal(field_set_parse(test_arena, &fields, &set, &err), 0);
		struct json_value out = field_set_to_json(test_arena, &set);

		assert_string_equal(show(test_arena, &out), cases[i].out);
		field_set_each(&set, collect_path, &paths);
		assert_string_equal(arena_copy_c(test_arena, buffer_str(&paths)), cases[i].paths);
		buffer_fini(&paths);
	}
}

static void keys_and_values_are_sorted_and_read_back(void **state)
{
	(void)state;
	struct error err = ERROR_INIT(test_arena);
	struct json_value fields;
	struct field_set set;
	struct str text =
		STR("{\"v:true\":{},\"v:\\\"s\\\"\":{},\"v:10\":{},\"v:9\":{},"
		    "\"k:{\\\"port\\\":80,\\\"name\\\":\\\"b\\\"}\":{\".\":{},\"f:x\":{}},"
		    "\"k:{\\\"name\\\":\\\"a\\\"}\":{},\"i:3\":{},\"f:f\":{}}");

	assert_int_equal(json_read(test_arena, text, NULL, &fields, &err), 0);
	assert_int_equal(field_set_parse(test_arena, &fields, &set, &err), 0);
	struct json_value out = field_set_to_json(test_arena, &set);

	assert_string_equal(arena_copy_c(test_arena, json_to_str(test_arena, &out)),
		"{\"f:f\":{},\"k:{\\\"name\\\":\\\"a\\\"}\":{},"
		"\"k:{\\\"name\\\":\\\"b\\\",\\\"port\\\":80}\":{\".\":{},\"f:x\":{}},"
		"\"v:9\":{},\"v:10\":{},\"v:\\\"s\\\"\":{},\"v:true\":{},\"i:3\":{}}");
}

static void bad_fields_v1_is_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {"[]", "{'x:a':{}}", "{'fa':{}}", "{'k:[]':{}}",
		"{'k:{':{}}", "{'v:':{}}", "{'i:-1':{}}", "{'f:a':1}", "{'':{}}"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_value fields = parse(test_arena, cases[i]);
		struct error err = ERROR_INIT(test_arena);
		struct field_set set;

		assert_int_equal(field_set_parse(test_arena, &fields, &set, &err), ERROR_RETURN);
	}
}

static void set_algebra_is_that_of_upstream(void **state)
{
	(void)state;
	struct json_value a_text =
		parse(test_arena, "{'f:a':{'.':{},'f:x':{}},'f:b':{},'f:c':{'f:y':{}}}");
	struct json_value b_text =
		parse(test_arena, "{'f:a':{},'f:c':{'f:y':{},'f:z':{}},'f:d':{}}");
	struct error err = ERROR_INIT(test_arena);
	struct field_set a;
	struct field_set b;

	assert_int_equal(field_set_parse(test_arena, &a_text, &a, &err), 0);
	assert_int_equal(field_set_parse(test_arena, &b_text, &b, &err), 0);
	struct field_set results[] = {field_set_union(test_arena, &a, &b),
		field_set_intersection(test_arena, &a, &b),
		field_set_difference(test_arena, &a, &b),
		field_set_difference_below(test_arena, &a, &b)};
	static const char *const expected[] = {
		"{'f:a':{'.':{},'f:x':{}},'f:b':{},'f:c':{'f:y':{},'f:z':{}},'f:d':{}}",
		"{'f:a':{},'f:c':{'f:y':{}}}", "{'f:a':{'f:x':{}},'f:b':{}}", "{'f:b':{}}"};

	for (size_t i = 0; i < 4; i++) {
		struct json_value out = field_set_to_json(test_arena, &results[i]);

		assert_string_equal(show(test_arena, &out), expected[i]);
	}
}

#define TEST(name)                                                                                 \
	cmocka_unit_test_setup_teardown(name, test_managed_set_up, test_managed_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fields_v1_keeps_its_form_and_order),
		TEST(keys_and_values_are_sorted_and_read_back),
		TEST(bad_fields_v1_is_refused),
		TEST(set_algebra_is_that_of_upstream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
