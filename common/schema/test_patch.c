/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "buffer.h"
#include "json_reader.h"
#include "json_writer.h"
#include "schema_engine.h"

static struct arena *arena;

static int set_up(void **state)
{
	(void)state;
	arena = arena_create(0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_destroy(&arena);
	return 0;
}

static void assert_text(struct str actual, struct str expected)
{
	if (!str_equal(actual, expected))
		fail_msg("got  %.*s\nwant %.*s", STR_ARG(actual), STR_ARG(expected));
}

static struct json_value read_text(struct str text)
{
	struct error err = ERROR_INIT(arena);
	struct json_value value;

	if (json_read(arena, text, NULL, &value, &err) != 0)
		fail_msg("%.*s: %.*s", STR_ARG(text), STR_ARG(err.message));
	return value;
}

static void merge_patch_follows_rfc_7396(void **state)
{
	(void)state;
	static const struct {
		const char *document;
		const char *patch;
		const char *result;
	} cases[] = {
		{"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
		{"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
		{"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"c\"}", "{\"a\":[\"b\",null]}", "{\"a\":[\"b\",null]}"},
		{"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
			"{\"a\":{\"b\":\"d\"}}"},
		{"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
		{"[\"a\"]", "[\"c\"]", "[\"c\"]"},
		{"{\"a\":\"b\"}", "null", "null"},
		{"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
		{"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
		{"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_value document = read_text(str_from_c(cases[i].document));
		struct json_value patch = read_text(str_from_c(cases[i].patch));
		struct json_value result = patch_merge(arena, &document, &patch);

		assert_text(json_to_str(arena, &result), str_from_c(cases[i].result));
		assert_text(json_to_str(arena, &document), str_from_c(cases[i].document));
	}
}

static void large_and_deep_merges_take_linear_time(void **state)
{
	(void)state;
	struct buffer document = {0};
	struct buffer patch = {0};
	struct buffer deep = {0};

	buffer_append(&document, STR("{\"x\":0"));
	buffer_append(&patch, STR("{\"y\":0"));
	for (int i = 0; i < 100000; i++) {
		buffer_printf(&document, ",\"k%d\":1", i);
		buffer_printf(&patch, ",\"k%d\":null", i);
	}
	buffer_append_byte(&document, '}');
	buffer_append_byte(&patch, '}');
	struct json_value a = read_text(buffer_str(&document));
	struct json_value b = read_text(buffer_str(&patch));
	struct json_value result = patch_merge(arena, &a, &b);

	assert_text(json_to_str(arena, &result), STR("{\"x\":0,\"y\":0}"));
	for (int i = 0; i < 9999; i++)
		buffer_append(&deep, STR("{\"a\":"));
	buffer_append_byte(&deep, '1');
	for (int i = 0; i < 9999; i++)
		buffer_append_byte(&deep, '}');
	a = read_text(buffer_str(&deep));
	result = patch_merge(arena, &a, &a);
	assert_true(json_equal(&result, &a));
	buffer_fini(&document);
	buffer_fini(&patch);
	buffer_fini(&deep);
}

static void json_patch_follows_rfc_6902(void **state)
{
	(void)state;
	static const struct {
		const char *document;
		const char *patch;
		const char *result;
	} cases[] = {
		{"{\"a\":1}", "[]", "{\"a\":1}"},
		{"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b\",\"value\":[1]}]",
			"{\"a\":1,\"b\":[1]}"},
		{"{\"a\":[1,3]}", "[{\"op\":\"add\",\"path\":\"/a/1\",\"value\":2}]",
			"{\"a\":[1,2,3]}"},
		{"{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/-\",\"value\":2}]",
			"{\"a\":[1,2]}"},
		{"{\"a\":[1,2]}", "[{\"op\":\"add\",\"path\":\"/a/-1\",\"value\":3}]",
			"{\"a\":[1,2,3]}"},
		{"{\"a\":[1,2]}", "[{\"op\":\"remove\",\"path\":\"/a/-1\"}]", "{\"a\":[1]}"},
		{"{\"a\":1,\"b\":2}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", "{\"b\":2}"},
		{"{\"a\":[1,2]}", "[{\"op\":\"replace\",\"path\":\"/a/0\",\"value\":null}]",
			"{\"a\":[null,2]}"},
		{"{\"a\":{\"b\":1},\"c\":{}}",
			"[{\"op\":\"move\",\"from\":\"/a/b\",\"path\":\"/c/d\"}]",
			"{\"a\":{},\"c\":{\"d\":1}}"},
		{"{\"a\":{\"b\":1}}",
			"[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/c\"},{\"op\":\"add\",\"path\":"
			"\"/c/b\",\"value\":2}]",
			"{\"a\":{\"b\":1},\"c\":{\"b\":2}}"},
		{"{\"a/b\":{\"~\":1}}", "[{\"op\":\"test\",\"path\":\"/a~1b/~0\",\"value\":1}]",
			"{\"a/b\":{\"~\":1}}"},
		{"{}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":null}]", "{}"},
		{"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":1.0}]", "{\"a\":1}"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct json_value document = read_text(str_from_c(cases[i].document));
		struct json_value patch = read_text(str_from_c(cases[i].patch));
		struct json_value result;

		assert_int_equal(patch_json(arena, &document, &patch, &result, &err), 0);
		assert_text(json_to_str(arena, &result), str_from_c(cases[i].result));
		assert_text(json_to_str(arena, &document), str_from_c(cases[i].document));
	}
}

static void json_patch_errors_name_what_failed(void **state)
{
	(void)state;
	static const struct {
		const char *patch;
		enum error_code code;
		const char *text; /* of the cause when INVALID, else of the message */
	} cases[] = {
		{"{}", ERROR_BAD_REQUEST,
			"json: cannot unmarshal object into Go value of type jsonpatch.Patch"},
		{"[1]", ERROR_BAD_REQUEST,
			"json: cannot unmarshal number into Go value of type jsonpatch.Operation"},
		{"[{\"op\":\"jump\",\"path\":\"/a\"}]", ERROR_INVALID, "Unexpected kind: jump"},
		{"[{\"op\":\"add\"}]", ERROR_INVALID,
			"add operation failed to decode path: missing value"},
		{"[{\"op\":\"add\",\"path\":\"/x/y\",\"value\":1}]", ERROR_INVALID,
			"add operation does not apply: doc is missing path: \"/x/y\": missing value"},
		{"[{\"op\":\"add\",\"path\":\"a\",\"value\":1}]", ERROR_INVALID,
			"add operation does not apply: doc is missing path: \"a\": missing value"},
		{"[{\"op\":\"remove\",\"path\":\"/x\"}]", ERROR_INVALID,
			"error in remove for path: '/x': Unable to remove nonexistent key: x: missing "
			"value"},
		{"[{\"op\":\"replace\",\"path\":\"/x\",\"value\":1}]", ERROR_INVALID,
			"replace operation does not apply: doc is missing key: /x: missing value"},
		{"[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]", ERROR_INVALID,
			"testing value /a failed: test failed"},
		{"[{\"op\":\"add\",\"path\":\"/l/5\",\"value\":2}]", ERROR_INVALID,
			"error in add for path: '/l/5': value was not a proper array index: '5': "
			"Unable to access invalid index: 5: invalid index referenced"},
		{"[{\"op\":\"remove\",\"path\":\"/l/x\"}]", ERROR_INVALID,
			"error in remove for path: '/l/x': strconv.Atoi: parsing \"x\": invalid syntax"},
		{"[{\"op\":\"move\",\"from\":\"/x\",\"path\":\"/y\"}]", ERROR_INVALID,
			"error in move for path: '/x': unable to get nonexistent key: x: missing value"},
		{"[{\"op\":\"copy\",\"path\":\"/y\"}]", ERROR_INVALID,
			"copy operation failed to decode from: missing value"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct json_value document = read_text(STR("{\"a\":1,\"l\":[0]}"));
		struct json_value patch = read_text(str_from_c(cases[i].patch));
		struct json_value result;

		assert_int_equal(patch_json(arena, &document, &patch, &result, &err), ERROR_RETURN);
		assert_int_equal(err.code, cases[i].code);
		assert_text(cases[i].code == ERROR_INVALID ? err.causes->message : err.message,
			str_from_c(cases[i].text));
	}
}

static struct json_value repeated_operations(struct str operation, size_t count)
{
	struct buffer text = {0};

	for (size_t i = 0; i < count; i++) {
		buffer_append_byte(&text, i ? ',' : '[');
		buffer_append(&text, operation);
	}
	buffer_append_byte(&text, ']');
	struct json_value patch = read_text(buffer_str(&text));

	buffer_fini(&text);
	return patch;
}

static void json_patch_work_is_bounded(void **state)
{
	(void)state;
	struct error err = ERROR_INIT(arena);
	struct json_value document = read_text(STR("{\"a\":[\"0123456789\"]}"));
	struct json_value result;
	struct json_value patch = repeated_operations(
		STR("{\"op\":\"test\",\"path\":\"/a/0\",\"value\":\"0123456789\"}"), 10001);

	assert_int_equal(patch_json(arena, &document, &patch, &result, &err), ERROR_RETURN);
	assert_int_equal(err.code, ERROR_TOO_LARGE);
	assert_text(err.message,
		STR("Request entity too large: The allowed maximum operations in a JSON patch is 10000, "
		    "got 10001"));
	patch = repeated_operations(STR("{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/-\"}"), 40);
	error_clear(&err);
	assert_int_equal(patch_json(arena, &document, &patch, &result, &err), ERROR_RETURN);
	assert_int_equal(err.code, ERROR_INVALID);

	struct json_value list = json_array();

	for (int i = 0; i < 100000; i++)
		json_append(arena, &list, json_integer(i));
	json_set(arena, &document, STR("a"), list);
	patch = repeated_operations(STR("{\"op\":\"add\",\"path\":\"/a/0\",\"value\":1}"), 10000);
	error_clear(&err);
	assert_int_equal(patch_json(arena, &document, &patch, &result, &err), ERROR_RETURN);
	assert_int_equal(err.code, ERROR_TOO_LARGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(merge_patch_follows_rfc_7396),
		TEST(large_and_deep_merges_take_linear_time),
		TEST(json_patch_follows_rfc_6902),
		TEST(json_patch_errors_name_what_failed),
		TEST(json_patch_work_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
