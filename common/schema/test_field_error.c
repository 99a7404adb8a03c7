/* SPDX-License-Identifier: Apache-2.0 */
#include "test_schema_support.h"

#include "go_format.h"

static void paths_are_written_as_upstream_writes_them(void **state)
{
	struct arena *arena = arena_create(0);
	struct field_path spec = field_path_child(NULL, STR("spec"));
	struct field_path containers = field_path_child(&spec, STR("containers"));
	struct field_path first = field_path_index(&containers, 10);
	struct field_path limits = field_path_child(&first, STR("limits"));
	struct field_path cpu = field_path_key(&limits, STR("a/b"));

	(void)state;
	assert_true(str_equal_c(field_path_format(arena, &cpu), "spec.containers[10].limits[a/b]"));
	assert_true(str_is_empty(field_path_format(arena, NULL)));
	arena_destroy(&arena);
}

static void values_are_written_as_go_writes_them(void **state)
{
	static const struct {
		const char *value;
		const char *body;
	} values[] = {
		{"1", "Invalid value: 1: no"},
		{"-1.5", "Invalid value: -1.5: no"},
		{"1000000.5", "Invalid value: 1.0000005e+06: no"},
		{"0.00001", "Invalid value: 1e-05: no"},
		{"true", "Invalid value: true: no"},
		{"null", "Invalid value: null: no"},
		{"'a'", "Invalid value: 'a': no"},
		{"'\\\\n\\u0001\\u00e9\\u200b'", "Invalid value: '\\\\n\\x01\xc3\xa9\\u200b': no"},
		{"{'a':[1,'<']}", "Invalid value: {'a':[1,'\\u003c']}: no"},
	};
	struct arena *arena = arena_create(0);

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct field_errors errors = {.arena = arena};
		struct json_value value = parse(arena, values[i].value);

		field_errors_add(&errors, FIELD_ERROR_INVALID, NULL, &value, "no");
		assert_string_equal(single_quoted(arena, errors.first->body), values[i].body);
	}
	arena_destroy(&arena);
}

static void errors_become_one_status(void **state)
{
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct field_errors errors = {.arena = arena};
	struct field_path path = field_path_child(NULL, STR("a"));
	struct str supported[] = {STR("x"), STR("y")};
	struct json_value value = json_string(STR("z"));

	(void)state;
	assert_int_equal(field_errors_to_error(&errors, STR("g"), STR("K"), STR("n"), &err), 0);
	field_errors_add(&errors, FIELD_ERROR_REQUIRED, &path, NULL, "%s", "");
	assert_true(field_errors_to_error(&errors, STR_EMPTY, STR("K"), STR("n"), &err) < 0);
	assert_true(str_equal_c(err.message, "K \"n\" is invalid: a: Required value"));
	error_clear(&err);
	field_errors_add(&errors, FIELD_ERROR_REQUIRED, &path, NULL, "%s", "");
	field_errors_add_unsupported(&errors, &path, &value, supported, 2);
	assert_true(field_errors_to_error(&errors, STR("g"), STR("K"), STR("n"), &err) < 0);
	assert_string_equal(single_quoted(arena, err.message),
		"K.g 'n' is invalid: [a: Required value, a: Unsupported value: 'z': supported "
		"values: 'x', 'y']");
	assert_true(str_equal_c(err.causes->reason, "FieldValueRequired"));
	assert_true(str_equal_c(err.causes->field, "a"));
	assert_true(str_equal_c(err.causes->message, "Required value"));
	arena_destroy(&arena);
}

static void errors_are_bounded(void **state)
{
	struct arena *arena = arena_create(0);
	struct field_errors errors = {.arena = arena};
	char *text = arena_allocate_text(arena, 1000000);
	struct json_value list = json_array();
	struct json_value value;

	(void)state;
	memset(text, 'x', 1000000);
	value = json_string(str_from(text, 1000000));
	json_append(arena, &list, value);
	json_append(arena, &list, value);
	for (int i = 0; i < 2000; i++)
		field_errors_add(&errors, FIELD_ERROR_INVALID, NULL, i % 2 ? &value : &list, "no");
	assert_int_equal(errors.count, 1000);
	assert_true(errors.first->body.length < 1200);
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_written_as_upstream_writes_them),
		cmocka_unit_test(values_are_written_as_go_writes_them),
		cmocka_unit_test(errors_become_one_status),
		cmocka_unit_test(errors_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
