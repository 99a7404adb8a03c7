/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json_pointer.h"
#include "json_reader.h"
#include "json_writer.h"

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

static struct json_value read_text(struct str text)
{
	struct error err = ERROR_INIT(arena);
	struct json_value value;

	if (json_read(arena, text, NULL, &value, &err) != 0)
		fail_msg("%.*s: %.*s", STR_ARG(text), STR_ARG(err.message));
	return value;
}

static void assert_text(struct str actual, struct str expected)
{
	if (!str_equal(actual, expected))
		fail_msg("got  %.*s\nwant %.*s", STR_ARG(actual), STR_ARG(expected));
}

static void what_is_read_is_written_as_go_writes_it(void **state)
{
	(void)state;
	static const struct {
		struct str in;
		struct str out;
	} cases[] = {
		{STR_INIT(" null "), STR_INIT("null")},
		{STR_INIT("[true,false , null]"), STR_INIT("[true,false,null]")},
		{STR_INIT("{ \"b\" : 1, \"a\":[{},[]] }"), STR_INIT("{\"b\":1,\"a\":[{},[]]}")},
		{STR_INIT("9223372036854775807"), STR_INIT("9223372036854775807")},
		{STR_INIT("-9223372036854775808"), STR_INIT("-9223372036854775808")},
		{STR_INIT("9223372036854775808"), STR_INIT("9223372036854776000")},
		{STR_INIT("18446744073709551616"), STR_INIT("18446744073709552000")},
		{STR_INIT("-0"), STR_INIT("0")},
		{STR_INIT("-0.0"), STR_INIT("-0")},
		{STR_INIT("1.0"), STR_INIT("1")},
		{STR_INIT("1.50"), STR_INIT("1.5")},
		{STR_INIT("0.1"), STR_INIT("0.1")},
		{STR_INIT("123456789.125"), STR_INIT("123456789.125")},
		{STR_INIT("0.3333333333333333"), STR_INIT("0.3333333333333333")},
		{STR_INIT("2.2250738585072014e-308"), STR_INIT("2.2250738585072014e-308")},
		{STR_INIT("5e-324"), STR_INIT("5e-324")},
		{STR_INIT("1e-400"), STR_INIT("0")},
		{STR_INIT("1e20"), STR_INIT("100000000000000000000")},
		{STR_INIT("1e21"), STR_INIT("1e+21")},
		{STR_INIT("1.5e300"), STR_INIT("1.5e+300")},
		{STR_INIT("0.000001"), STR_INIT("0.000001")},
		{STR_INIT("0.00000012"), STR_INIT("1.2e-7")},
		{STR_INIT("1E+2"), STR_INIT("100")},
		{STR_INIT(
			 "0.00000000000000000000000000000000000000000000000000000000000000000012e66"),
			STR_INIT("0.12")},
		{STR_INIT("1797693134862315708145274237317043567980705675258449965989174768031572"
			  "6078002853876058955863276687817154045895351438246423432132688946418276"
			  "8467546703537516986049910576551282076245490090389328944075868508455133"
			  "9423045832369032229481658085593321233482e59"),
			STR_INIT("1.7976931348623157e+308")},
		{STR_INIT("\"a\\u00e4\\u20ac\\ud83d\\ude00\\n\\/\\\"\\\\\\b\\f\\r\\t\""),
			STR_INIT(
				"\"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\\n/\\\"\\\\\\b\\f\\r\\t\"")},
		{STR_INIT("\"\\ud800\""), STR_INIT("\"\xef\xbf\xbd\"")},
		{STR_INIT("\"\\ud800x\\udc00\""), STR_INIT("\"\xef\xbf\xbdx\xef\xbf\xbd\"")},
		{STR_INIT("\"\\ud800\\ud800\\udc00\""),
			STR_INIT("\"\xef\xbf\xbd\xf0\x90\x80\x80\"")},
		{STR_INIT("\"a\xff\xc3\""), STR_INIT("\"a\xef\xbf\xbd\xef\xbf\xbd\"")},
		{STR_INIT("\"\\n\xff\""), STR_INIT("\"\\n\xef\xbf\xbd\"")},
		{STR_INIT("\"\xed\xa0\x80\""),
			STR_INIT("\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"")},
		{STR_INIT("\"\\u0000\\u001f\x7f\""), STR_INIT("\"\\u0000\\u001f\x7f\"")},
		{STR_INIT("\"<a>&\\u2028\\u2029\""),
			STR_INIT("\"\\u003ca\\u003e\\u0026\\u2028\\u2029\"")},
		{STR_INIT("{\"\\u006bey\":1,\"k\\ney\":[\"x\",\"\\t\"]}"),
			STR_INIT("{\"key\":1,\"k\\ney\":[\"x\",\"\\t\"]}")},
		{STR_INIT("{\"a\":1,\"b\":2,\"a\":3}"), STR_INIT("{\"a\":3,\"b\":2}")},
		{STR_INIT("{\"m\":{\"n\":1,\"o\":{\"x\":1}},\"m\":{\"l\":2,\"o\":{\"y\":2}}}"),
			STR_INIT("{\"m\":{\"n\":1,\"o\":{\"x\":1,\"y\":2},\"l\":2}}")},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_value value = read_text(cases[i].in);

		assert_text(json_to_str(arena, &value), cases[i].out);
	}
}

static void errors_are_in_the_words_of_go(void **state)
{
	(void)state;
	static const struct {
		struct str in;
		const char *message;
	} cases[] = {
		{STR_INIT(""), "unexpected end of JSON input"},
		{STR_INIT("  \n"), "unexpected end of JSON input"},
		{STR_INIT("{"), "unexpected end of JSON input"},
		{STR_INIT("[1"), "unexpected end of JSON input"},
		{STR_INIT("[1,"), "unexpected end of JSON input"},
		{STR_INIT("{\"a"), "unexpected end of JSON input"},
		{STR_INIT("{\"a\":tr"), "unexpected end of JSON input"},
		{STR_INIT("-"), "unexpected end of JSON input"},
		{STR_INIT("\"\\u00"), "unexpected end of JSON input"},
		{STR_INIT("x"), "invalid character 'x' looking for beginning of value"},
		{STR_INIT("'"), "invalid character '\\'' looking for beginning of value"},
		{STR_INIT("\xef\xbb\xbf{}"),
			"invalid character '\xc3\xaf' looking for beginning of value"},
		{STR_INIT("\v1"), "invalid character '\\v' looking for beginning of value"},
		{STR_INIT("1\f"), "invalid character '\\f' after top-level value"},
		{STR_INIT("[1\v]"), "invalid character '\\v' after array element"},
		{STR_INIT("[\"a\v\"]"), "invalid character '\\v' in string literal"},
		{STR_INIT("{} {}"), "invalid character '{' after top-level value"},
		{STR_INIT("1 2"), "invalid character '2' after top-level value"},
		{STR_INIT("01"), "invalid character '1' after top-level value"},
		{STR_INIT("{\"a\":1,}"),
			"invalid character '}' looking for beginning of object key string"},
		{STR_INIT("{a:1}"),
			"invalid character 'a' looking for beginning of object key string"},
		{STR_INIT("{\"a\" 1}"), "invalid character '1' after object key"},
		{STR_INIT("{\"a\":1 \"b\""), "invalid character '\"' after object key:value pair"},
		{STR_INIT("{\"a\":}"), "invalid character '}' looking for beginning of value"},
		{STR_INIT("[1,]"), "invalid character ']' looking for beginning of value"},
		{STR_INIT("[1 2]"), "invalid character '2' after array element"},
		{STR_INIT("[1}"), "invalid character '}' after array element"},
		{STR_INIT("trux"), "invalid character 'x' in literal true (expecting 'e')"},
		{STR_INIT("[nul]"), "invalid character ']' in literal null (expecting 'l')"},
		{STR_INIT("\"a\nb\""), "invalid character '\\n' in string literal"},
		{STR_INIT("\"a\\n\x01\""), "invalid character '\\x01' in string literal"},
		{STR_INIT("\"\\x\""), "invalid character 'x' in string escape code"},
		{STR_INIT("\"\\u12g4\""),
			"invalid character 'g' in \\u hexadecimal character escape"},
		{STR_INIT("[-x]"), "invalid character 'x' in numeric literal"},
		{STR_INIT("[1.x]"), "invalid character 'x' after decimal point in numeric literal"},
		{STR_INIT("[1ex]"), "invalid character 'x' in exponent of numeric literal"},
		{STR_INIT("[1e+]"), "invalid character ']' in exponent of numeric literal"},
		{STR_INIT("{\"a\":1e400}"),
			"json: cannot unmarshal number 1e400 into Go value of type float64"},
		{STR_INIT("/* c */ 1"), "invalid character '/' looking for beginning of value"},
		{STR_INIT("\0"), "invalid character '\\x00' looking for beginning of value"},
		{STR_INIT("NaN"), "invalid character 'N' looking for beginning of value"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct json_value value;

		assert_int_equal(json_read(arena, cases[i].in, NULL, &value, &err), ERROR_RETURN);
		assert_int_equal(err.code, ERROR_BAD_REQUEST);
		assert_text(err.message, str_from_c(cases[i].message));
	}
}

static void every_cut_of_a_document_is_an_error_and_nothing_worse(void **state)
{
	(void)state;
	struct str text = STR(
		"{\"a\":[1,-2.5e+3,true,false,null,\"x\\u00e4\\ud83d\\ude00\"],\"b\":{\"c\":\"\"}}");

	for (size_t length = 0; length < text.length; length++) {
		struct error err = ERROR_INIT(arena);
		struct json_value value;

		assert_int_equal(json_read(arena, str_slice(text, 0, length), NULL, &value, &err),
			ERROR_RETURN);
		assert_text(err.message, STR("unexpected end of JSON input"));
	}
}

static struct str nested(size_t depth, struct str open, struct str close)
{
	struct buffer text = {0};

	for (size_t i = 0; i < depth; i++)
		buffer_append(&text, open);
	buffer_append_byte(&text, '1');
	for (size_t i = 0; i < depth; i++)
		buffer_append(&text, close);
	struct str copy = arena_copy(arena, buffer_str(&text));

	buffer_fini(&text);
	return copy;
}

static void depth_is_bounded_and_deep_documents_work(void **state)
{
	(void)state;
	struct error err = ERROR_INIT(arena);
	struct str deep = nested(10000, STR("{\"a\":"), STR("}"));
	struct json_value value = read_text(deep);
	struct json_value copy = json_copy(arena, &value, true);
	struct json_value ignored;

	assert_true(json_equal(&value, &copy));
	assert_text(json_to_str(arena, &copy), deep);
	assert_int_equal(json_read(arena, nested(10001, STR("["), STR("]")), NULL, &ignored, &err),
		ERROR_RETURN);
	assert_text(err.message, STR("exceeded max depth"));
}

static void the_number_of_values_is_bounded(void **state)
{
	(void)state;
	struct json_read_options options = {.maximum_nodes = 4};
	struct error err = ERROR_INIT(arena);
	struct json_value value;

	assert_int_equal(json_read(arena, STR("{\"a\":[1]}"), &options, &value, &err), 0);
	assert_int_equal(
		json_read(arena, STR("{\"a\":[1,2]}"), &options, &value, &err), ERROR_RETURN);
	assert_text(err.message, STR("the JSON document has too many values"));
}

static void duplicates_are_reported_by_path_once(void **state)
{
	(void)state;
	struct json_value duplicates = json_array();
	struct json_read_options options = {.ret_duplicates = &duplicates};
	struct error err = ERROR_INIT(arena);
	struct json_value value;
	struct str text = STR("{\"spec\":{\"c\":[{},{\"n\":1,\"n\":2,\"n\":3}],\"r\":1,\"r\":2},"
			      "\"kind\":1,\"kind\":\"x\"}");

	assert_int_equal(json_read(arena, text, &options, &value, &err), 0);
	assert_text(json_to_str(arena, &duplicates), STR("[\"spec.c[1].n\",\"spec.r\",\"kind\"]"));
	assert_text(json_to_str(arena, &value),
		STR("{\"spec\":{\"c\":[{},{\"n\":3}],\"r\":2},\"kind\":\"x\"}"));
}

static void large_objects_find_set_and_remove_by_index(void **state)
{
	(void)state;
	struct json_value object = json_object();

	for (int i = 0; i < 5000; i++)
		json_set(arena, &object, arena_printf(arena, "key-%d", i), json_integer(i));
	for (int i = 0; i < 5000; i += 3)
		assert_true(json_remove(&object, arena_printf(arena, "key-%d", i)));
	json_sort_members(&object);
	struct json_value copy = json_copy(arena, &object, false);

	for (int i = 0; i < 5000; i++) {
		struct json_value *found = json_find(&copy, arena_printf(arena, "key-%d", i));

		if (i % 3 == 0)
			assert_null(found);
		else
			assert_int_equal(json_integer_or(found, -1), i);
	}
	assert_true(json_equal(&copy, &object));
	json_set(arena, &copy, STR("key-1"), json_integer(7));
	assert_false(json_equal(&copy, &object));
	assert_int_equal(json_integer_or(json_find(&object, STR("key-1")), 0), 1);
}

static void many_duplicates_take_linear_time(void **state)
{
	(void)state;
	struct buffer text = {0};

	buffer_append(&text, STR("{\"a\":{\"k\":0}"));
	for (int i = 0; i < 100000; i++)
		buffer_printf(&text, ",\"a\":{\"k%d\":{\"x\":1}}", i % 50000);
	buffer_append_byte(&text, '}');
	struct json_value value = read_text(buffer_str(&text));

	assert_int_equal(json_count(json_find(&value, STR("a"))), 50001);
	buffer_fini(&text);
}

static void members_and_elements_are_edited_in_place(void **state)
{
	(void)state;
	struct json_value object = read_text(STR("{\"a\":1,\"b\":[1,2,3],\"c\":{\"d\":null}}"));

	json_set_path(arena, &object, json_bool(true), "c", "e", "f", NULL);
	json_set_path(arena, &object, json_integer(5), "a", "z", NULL);
	json_insert(arena, json_find(&object, STR("b")), 1, json_string(STR("in")));
	json_remove_element(json_find(&object, STR("b")), 0);
	json_append(arena, json_find(&object, STR("b")), json_null());
	assert_false(json_remove(&object, STR("none")));
	assert_text(json_to_str(arena, &object),
		STR("{\"a\":{\"z\":5},\"b\":[\"in\",2,3,null],\"c\":{\"d\":null,\"e\":{\"f\":true}}}"));
	assert_true(json_bool_or(json_find_path(&object, "c", "e", "f", NULL), false));
	assert_null(json_find_path(&object, "c", "x", "f", NULL));
	assert_null(json_element(json_find(&object, STR("b")), 4));
}

static void equality_knows_numbers_and_not_order(void **state)
{
	(void)state;
	static const struct {
		struct str a;
		struct str b;
		bool equal;
	} cases[] = {
		{STR_INIT("{\"a\":1,\"b\":2}"), STR_INIT("{\"b\":2,\"a\":1.0}"), true},
		{STR_INIT("{\"a\":1}"), STR_INIT("{\"b\":1}"), false},
		{STR_INIT("[1,2]"), STR_INIT("[2,1]"), false},
		{STR_INIT("[]"), STR_INIT("{}"), false},
		{STR_INIT("9007199254740993"), STR_INIT("9007199254740992.0"), false},
		{STR_INIT("\"a\""), STR_INIT("\"a\""), true},
		{STR_INIT("null"), STR_INIT("false"), false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_value a = read_text(cases[i].a);
		struct json_value b = read_text(cases[i].b);

		assert_int_equal(json_equal(&a, &b), cases[i].equal);
	}
}

static void strings_point_into_the_text_when_shared(void **state)
{
	(void)state;
	struct str text = STR("[\"plain\",\"esc\\n\"]");
	struct json_read_options options = {.share_text = true};
	struct error err = ERROR_INIT(arena);
	struct json_value value;

	assert_int_equal(json_read(arena, text, &options, &value, &err), 0);
	assert_ptr_equal(json_element(&value, 0)->string, text.data + 2);
	assert_text(json_text(json_element(&value, 1)), STR("esc\n"));
}

static void indented_text_is_that_of_go(void **state)
{
	(void)state;
	struct json_value value =
		read_text(STR("{\"a\":[],\"b\":{},\"c\":[1,{\"d\":\"x,[{\\\"\"}]}"));
	struct buffer out = {0};

	json_write_indented(&out, &value);
	assert_text(buffer_str(&out),
		STR("{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"d\": "
		    "\"x,[{\\\"\"\n    }\n  ]\n}"));
	buffer_fini(&out);
}

static void pointers_find_what_they_name(void **state)
{
	(void)state;
	struct json_value document =
		read_text(STR("{\"a/b\":{\"~\":[10,20]},\"\":{\"0\":\"zero\"}}"));
	static const struct {
		struct str pointer;
		const char *found; /* NULL: nothing */
	} cases[] = {
		{STR_INIT("/a~1b/~0/1"), "20"},
		{STR_INIT("/a~1b/~0/01"), NULL},
		{STR_INIT("/a~1b/~0/2"), NULL},
		{STR_INIT("/a~1b/~0/-"), NULL},
		{STR_INIT("//0"), "\"zero\""},
		{STR_INIT("/x/y"), NULL},
		{STR_INIT("/a~1b/~0"), "[10,20]"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct json_pointer pointer;

		assert_int_equal(json_pointer_parse(arena, cases[i].pointer, &pointer, &err), 0);
		struct json_value *found = json_pointer_find(&document, pointer);

		assert_int_equal(found != NULL, cases[i].found != NULL);
		if (found)
			assert_text(json_to_str(arena, found), str_from_c(cases[i].found));
	}
	struct error err = ERROR_INIT(arena);
	struct json_pointer pointer;

	assert_int_equal(json_pointer_parse(arena, STR("a"), &pointer, &err), ERROR_RETURN);
	assert_int_equal(json_pointer_parse(arena, STR(""), &pointer, &err), 0);
	assert_ptr_equal(json_pointer_find(&document, pointer), &document);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_read_is_written_as_go_writes_it),
		TEST(errors_are_in_the_words_of_go),
		TEST(every_cut_of_a_document_is_an_error_and_nothing_worse),
		TEST(depth_is_bounded_and_deep_documents_work),
		TEST(the_number_of_values_is_bounded),
		TEST(duplicates_are_reported_by_path_once),
		TEST(large_objects_find_set_and_remove_by_index),
		TEST(many_duplicates_take_linear_time),
		TEST(members_and_elements_are_edited_in_place),
		TEST(equality_knows_numbers_and_not_order),
		TEST(strings_point_into_the_text_when_shared),
		TEST(indented_text_is_that_of_go),
		TEST(pointers_find_what_they_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
