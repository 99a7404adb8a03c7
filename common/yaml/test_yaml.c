/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json_writer.h"
#include "yaml_reader.h"
#include "yaml_writer.h"

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

	if (yaml_read(arena, text, NULL, &value, &err) != 0)
		fail_msg("%.*s: %.*s", STR_ARG(text), STR_ARG(err.message));
	return value;
}

static void yaml_becomes_json(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{"", "null"},
		{"# nothing\n", "null"},
		{"a: 1\nb:\n- x\n- z: [1, 2]\n", "{\"a\":1,\"b\":[\"x\",{\"z\":[1,2]}]}"},
		{"[yes, No, on, OFF, y, n, true, False]",
			"[true,false,true,false,true,false,true,false]"},
		{"['yes', \"no\", yEs, tRue]", "[\"yes\",\"no\",\"yEs\",\"tRue\"]"},
		{"[null, ~, NULL, nUll, ]", "[null,null,null,\"nUll\"]"},
		{"a:\nb: ''\n", "{\"a\":null,\"b\":\"\"}"},
		{"[1, -2, +3, 0x1F, 017, 0o17, 0b11, -0x10, 1_000, 08]",
			"[1,-2,3,31,15,15,3,-16,1000,8]"},
		{"[1.5, .5, 1e3, 1., +1.5, 3.0, 1e400, 1.2.3, 1:30, 0x]",
			"[1.5,0.5,1000,1,1.5,3,\"1e400\",\"1.2.3\",\"1:30\",\"0x\"]"},
		{"[9223372036854775807, 18446744073709551615, 99999999999999999999]",
			"[9223372036854775807,18446744073709552000,100000000000000000000]"},
		{"[2001-01-01, 2001-12-14T21:59:43Z, v1, 1Gi, 0.5m, -, a]",
			"[\"2001-01-01\",\"2001-12-14T21:59:43Z\",\"v1\",\"1Gi\",\"0.5m\",\"-\","
			"\"a\"]"},
		{"1: a\ntrue: b\n1.5: c\n.inf: d\n'2': e\n",
			"{\"1\":\"a\",\"true\":\"b\",\"1.5\":\"c\",\".inf\":\"d\",\"2\":\"e\"}"},
		{"a: &x {b: 1}\nc: *x\n", "{\"a\":{\"b\":1},\"c\":{\"b\":1}}"},
		{"- &x 1\n- &x 2\n- *x\n", "[1,2,2]"},
		{"base: &b {p: 1, q: 2}\nd:\n  <<: *b\n  q: 3\n",
			"{\"base\":{\"p\":1,\"q\":2},\"d\":{\"q\":3,\"p\":1}}"},
		{"d:\n  q: 3\n  <<: [{p: 1}, {p: 2, r: 4}]\n", "{\"d\":{\"q\":3,\"p\":1,\"r\":4}}"},
		{"'<<': 1", "{\"\\u003c\\u003c\":1}"},
		{"a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}"},
		{"a: 1\n---\nb: 2\n", "{\"a\":1}"},
		{"a: 1\n...\n{{{{\n", "{\"a\":1}"},
		{"[!!str 1, !!int '2', !!float 3, !!bool 'yes', !!null '', ! 4]",
			"[\"1\",2,3,true,null,4]"},
		{"!!map {a: !!seq [1]}", "{\"a\":[1]}"},
		{"{\"a\":1.0,\"b\":\"yes\"}", "{\"a\":1,\"b\":\"yes\"}"},
		{"{\"a\":1,\"a\":{\"b\":1},\"a\":{\"c\":2}}\n", "{\"a\":{\"c\":2}}"},
		{"{\"a\":yes}", "{\"a\":true}"},
		{"{\"a\":[1,2,{\"b\":null}],\"c\":\"x\\ny\"}",
			"{\"a\":[1,2,{\"b\":null}],\"c\":\"x\\ny\"}"},
		{"{a: 1, a: 2}", "{\"a\":2}"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_value value = read_text(str_from_c(cases[i].in));

		assert_text(json_to_str(arena, &value), str_from_c(cases[i].out));
	}
}

static void errors_are_wrapped_as_upstream_wraps_them(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		const char *message;
	} cases[] = {
		{"a: b: c", "yaml: mapping values are not allowed in this context"},
		{"x: 1\na: b: c", "yaml: line 2: mapping values are not allowed in this context"},
		{"a: [1\nb: 2\n", "yaml: line 1: did not find expected ',' or ']'"},
		{"a:\n\tb: 1\n", "yaml: line 2: found character that cannot start any token"},
		{"a: *x", "yaml: unknown anchor 'x' referenced"},
		{"&a [*a]", "yaml: anchor 'a' value contains itself"},
		{"a: !!python/object x",
			"yaml: tag tag:yaml.org,2002:python/object is not supported"},
		{"a: !mine x", "yaml: tag !mine is not supported"},
		{"a: !!binary eA==", "yaml: tag tag:yaml.org,2002:binary is not supported"},
		{"a: !!set {}", "yaml: tag tag:yaml.org,2002:set is not supported"},
		{"a: !!int x", "yaml: cannot decode !!str `x` as a !!int"},
		{"a: .nan", "json: unsupported value: NaN"},
		{"[-.inf]", "json: unsupported value: -Inf"},
		{"null: 1", "unsupported map key of type: %!s(<nil>), key: <nil>"},
		{"{a: 1}: 2", "yaml: invalid map key"},
		{"<<: 1", "yaml: map merge requires map or sequence of maps as the value"},
		{"a: \"\\ud800\"", "yaml: found invalid Unicode character escape code"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct json_value value;

		assert_int_equal(yaml_read(arena, str_from_c(cases[i].in), NULL, &value, &err),
			ERROR_RETURN);
		assert_int_equal(err.code, ERROR_BAD_REQUEST);
		assert_text(err.message,
			arena_printf(arena, "error converting YAML to JSON: %s", cases[i].message));
	}
}

static void duplicates_carry_their_line(void **state)
{
	(void)state;
	struct json_value duplicates = json_array();
	struct json_read_options options = {.ret_duplicates = &duplicates};
	struct error err = ERROR_INIT(arena);
	struct json_value value;

	assert_int_equal(
		yaml_read(arena, STR("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n"), &options, &value, &err),
		0);
	assert_text(yaml_duplicates_text(arena, &duplicates),
		STR("error converting YAML to JSON: yaml: unmarshal errors:\n"
		    "  line 4: key \"c\" already set in map\n"
		    "  line 5: key \"a\" already set in map"));
}

static struct str repeated(struct str piece, size_t count, struct str tail)
{
	struct buffer text = {0};

	for (size_t i = 0; i < count; i++)
		buffer_append(&text, piece);
	buffer_append(&text, tail);
	struct str copy = arena_copy(arena, buffer_str(&text));

	buffer_fini(&text);
	return copy;
}

static void assert_refused(struct str text, const char *message)
{
	struct error err = ERROR_INIT(arena);
	struct json_value value;

	assert_int_equal(yaml_read(arena, text, NULL, &value, &err), ERROR_RETURN);
	if (message)
		assert_text(err.message,
			arena_printf(arena, "error converting YAML to JSON: yaml: %s", message));
}

static void bombs_are_refused_in_linear_time(void **state)
{
	(void)state;
	struct buffer bomb = {0};

	buffer_append(&bomb, STR("a0: &a0 [x,x,x,x,x,x,x,x,x]\n"));
	for (int i = 1; i < 10; i++)
		buffer_printf(&bomb, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n",
			i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	assert_refused(buffer_str(&bomb), "document contains excessive aliasing");
	buffer_fini(&bomb);
	assert_refused(repeated(STR("- "), 200000, STR_EMPTY), "exceeded max depth of 1000");
	assert_refused(repeated(STR("["), 1000000, STR_EMPTY), NULL);
	assert_refused(repeated(STR("{"), 1000000, STR_EMPTY), NULL);
	assert_refused(repeated(STR("? "), 1000000, STR_EMPTY), NULL);
	assert_refused(repeated(STR("[&a "), 1000000, STR_EMPTY), NULL);
	struct str deep = repeated(STR("["), 9990, repeated(STR("1,"), 100000, STR_EMPTY));

	assert_refused(deep, "document is nested too deep for its length");
	assert_refused(repeated(STR("!!x "), 1000000, STR_EMPTY), NULL);
	assert_refused(
		repeated(STR("- &a\n"), 2, STR("- *a\n- *b")), "unknown anchor 'b' referenced");
}

static void large_alias_text_counts(void **state)
{
	(void)state;
	struct buffer bomb = {0};

	buffer_append(&bomb, STR("- &a "));
	for (int i = 0; i < 1000000; i++)
		buffer_append_byte(&bomb, 'x');
	buffer_append_byte(&bomb, '\n');
	for (int i = 0; i < 17; i++)
		buffer_append(&bomb, STR("- *a\n"));
	assert_refused(buffer_str(&bomb), "document contains excessive aliasing");
	buffer_fini(&bomb);
}

static void json_is_written_as_upstream_writes_yaml(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{"null", "null\n"},
		{"{}", "{}\n"},
		{"{\"b\":[],\"a\":{}}", "a: {}\nb: []\n"},
		{"{\"spec\":{\"c\":[{\"n\":\"x\",\"p\":[1,2]},{\"n\":\"y\"}]}}",
			"spec:\n  c:\n  - \"n\": x\n    p:\n    - 1\n    - 2\n  - \"n\": \"y\"\n"},
		{"[[1,[2]],3]", "- - 1\n  - - 2\n- 3\n"},
		{"[\"yes\",\"1\",\"1.5\",\"null\",\"\",\"~\",\"2001-01-01\",\"0x1\",\"1:30\",\"<<\"]",
			"- \"yes\"\n- \"1\"\n- \"1.5\"\n- \"null\"\n- \"\"\n- \"~\"\n- "
			"\"2001-01-01\"\n- \"0x1\"\n- \"1:30\"\n- \"<<\"\n"},
		{"[\"plain text\",\"a: b\",\"# c\",\"- d\",\"it's\",\" e\",\"{f\",\"100m\",\"v1\"]",
			"- plain text\n- 'a: b'\n- '# c'\n- '- d'\n- it's\n- ' e'\n- '{f'\n- "
			"100m\n- v1\n"},
		{"[\"x\\ny\\n\",\"x\\ny\",\"t\\tb\",\"\\u00e4\",\"\\u0007\"]",
			"- |\n  x\n  y\n- |-\n  x\n  y\n- \"t\\tb\"\n- \xc3\xa4\n- \"\\a\"\n"},
		{"{\"a\":\"x\\n\\n\"}", "a: |+\n  x\n\n"},
		{"[1.5,1e21,0.00001,1234567.5,100000.5,-0.5,1e20]",
			"- 1.5\n- 1e+21\n- 1e-05\n- 1.2345675e+06\n- 100000.5\n- -0.5\n- 1e+20\n"},
		{"{\"a10\":1,\"a2\":2,\"ab\":3,\"a-b\":4,\"B\":5,\"a\":6,\"a02\":7}",
			"B: 5\na: 6\na-b: 4\na2: 2\na02: 7\na10: 1\nab: 3\n"},
		{"{\"m\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
		 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cc\"}",
			"m: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
			"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n  cc\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct json_value value;
		struct json_value again;
		struct buffer out = {0};

		assert_int_equal(json_read(arena, str_from_c(cases[i].in), NULL, &value, &err), 0);
		assert_int_equal(yaml_write(&out, &value, &err), 0);
		assert_text(buffer_str(&out), str_from_c(cases[i].out));
		again = read_text(buffer_str(&out));
		assert_true(json_equal(&value, &again));
		buffer_fini(&out);
	}
}

static void deep_values_are_not_indented_without_end(void **state)
{
	(void)state;
	struct error err = ERROR_INIT(arena);
	struct buffer text = {0};
	struct buffer out = {0};
	struct json_value value;

	for (int i = 0; i < 9000; i++)
		buffer_append_byte(&text, '[');
	for (int i = 0; i < 10000; i++)
		buffer_append(&text, STR("1,"));
	buffer_append_byte(&text, '1');
	for (int i = 0; i < 9000; i++)
		buffer_append_byte(&text, ']');
	assert_int_equal(json_read(arena, buffer_str(&text), NULL, &value, &err), 0);
	assert_int_equal(yaml_write(&out, &value, &err), ERROR_RETURN);
	assert_int_equal(err.code, ERROR_TOO_LARGE);
	buffer_fini(&text);
	buffer_fini(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(yaml_becomes_json),
		TEST(errors_are_wrapped_as_upstream_wraps_them),
		TEST(duplicates_carry_their_line),
		TEST(bombs_are_refused_in_linear_time),
		TEST(large_alias_text_counts),
		TEST(json_is_written_as_upstream_writes_yaml),
		TEST(deep_values_are_not_indented_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
