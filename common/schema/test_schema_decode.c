/* SPDX-License-Identifier: Apache-2.0 */
#include "test_schema_support.h"

#include "base64_text.h"
#include "schema_engine.h"

#define HEAD "'metadata':{},'spec':{'selector':null,'metadata':{},'containers':"

static const struct {
	const char *name;
	const char *input;
	const char *output; /* or the error's text */
	const char *unknown;
	bool fails;
} cases[] = {
	{"fields without omitempty are written as zero values", "{}",
		"{" HEAD "null,'strategy':{}},'status':{}}", "[]", false},
	{"members come in the order of the schema",
		"{'status':{},'spec':{'strategy':{},'containers':[],'replicas':0},'kind':'W'}",
		"{'kind':'W','metadata':{},'spec':{'replicas':0,'selector':null,'metadata':{},"
		"'containers':[],'strategy':{}},'status':{}}",
		"[]", false},
	{"empty optional fields are dropped",
		"{'metadata':{'name':'','labels':{},'finalizers':[],'generation':0},"
		"'spec':{'paused':false,'data':{}},'status':{'replicas':0}}",
		"{" HEAD "null,'strategy':{}},'status':{}}", "[]", false},
	{"nulls are zero values",
		"{'metadata':null,'spec':{'containers':[null],'replicas':null,'raw':null}}",
		"{" HEAD "[{'name':'','resources':{}}],'strategy':{}},'status':{}}", "[]", false},
	{"unknown fields are pruned and named",
		"{'Metadata':{},'spec':{'foo':1,'containers':[{'name':'a','foo':{'b':2}}]}}",
		"{" HEAD "[{'name':'a','resources':{}}],'strategy':{}},'status':{}}",
		"['Metadata','spec.foo','spec.containers[0].foo']", false},
	{"maps are sorted", "{'metadata':{'labels':{'b':'2','a':'1','c':null}}}",
		"{'metadata':{'labels':{'a':'1','b':'2','c':''}},'spec':{'selector':null,"
		"'metadata':{},'containers':null,'strategy':{}},'status':{}}",
		"[]", false},
	{"quantities of resource lists are rounded up to milli",
		"{'spec':{'containers':[{'resources':{'limits':{'cpu':1.5,'memory':'1024Ki',"
		"'x':'1u','n':null}}}]}}",
		"{" HEAD "[{'name':'','resources':{'limits':{'cpu':'1500m','memory':'1Mi','n':'0',"
		"'x':'1m'}}}],'strategy':{}},'status':{}}",
		"[]", false},
	{"scalars become canonical",
		"{'metadata':{'creationTimestamp':'2024-01-02T03:04:05.9+01:00'},'spec':{"
		"'strategy':{'maxSurge':'25%'},'period':'90s','renewed':"
		"'2024-01-02T03:04:05.123456Z','data':{'a':'aGVs\\nbG8=','b':'aGVsbG9='},"
		"'raw':{'b':[1,{'z':1,'a':2}],'a':null}}}",
		"{'metadata':{'creationTimestamp':'2024-01-02T02:04:05Z'},'spec':{"
		"'selector':null,'metadata':{},'containers':null,'strategy':{'maxSurge':'25%'},"
		"'period':'1m30s','renewed':'2024-01-02T03:04:05.123456Z','data':{'a':'aGVsbG8=',"
		"'b':'aGVsbG8='},'raw':{'b':[1,{'z':1,'a':2}],'a':null}},'status':{}}",
		"[]", false},
	{"a string is no list", "{'spec':{'containers':'x'}}",
		"json: cannot unmarshal string into Go struct field WorkloadSpec.spec.containers of "
		"type []v1.Container",
		NULL, true},
	{"a number is no string", "{'spec':{'containers':[{},{'image':5}]}}",
		"json: cannot unmarshal number into Go struct field "
		"Container.spec.containers.image of type string",
		NULL, true},
	{"a fraction is no integer", "{'spec':{'replicas':1.5}}",
		"json: cannot unmarshal number 1.5 into Go struct field WorkloadSpec.spec.replicas "
		"of type int32",
		NULL, true},
	{"an integer may overflow", "{'spec':{'replicas':2147483648}}",
		"json: cannot unmarshal number 2147483648 into Go struct field "
		"WorkloadSpec.spec.replicas of type int32",
		NULL, true},
	{"an array is no object", "[]",
		"json: cannot unmarshal array into Go value of type v1.Workload", NULL, true},
	{"map values have types", "{'metadata':{'labels':{'a':true}}}",
		"json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type "
		"string",
		NULL, true},
	{"base64 is checked", "{'spec':{'data':{'a':'!!'}}}", "illegal base64 data at input byte 0",
		NULL, true},
	{"base64 must be complete", "{'spec':{'data':{'a':'aGVsbG8'}}}",
		"illegal base64 data at input byte 7", NULL, true},
	{"quantities are checked",
		"{'spec':{'containers':[{'resources':{'limits':{'cpu':'lots'}}}]}}",
		"quantities must match the regular expression "
		"'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
		NULL, true},
	{"times are checked", "{'metadata':{'creationTimestamp':'today'}}",
		"parsing time 'today' as '2006-01-02T15:04:05Z07:00': cannot parse 'today' as "
		"'2006'",
		NULL, true},
	{"micro times have six digits", "{'spec':{'renewed':'2024-01-02T03:04:05Z'}}",
		"parsing time '2024-01-02T03:04:05Z' as '2006-01-02T15:04:05.000000Z07:00': cannot "
		"parse '2024-01-02T03:04:05Z' as '2006'",
		NULL, true},
	{"int or string takes no bool", "{'spec':{'strategy':{'maxSurge':true}}}",
		"json: cannot unmarshal bool into Go value of type int32", NULL, true},
};

static void built_in_objects_are_decoded_as_go_does(void **state)
{
	struct arena *arena = arena_create(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_value input = parse(arena, cases[i].input);
		const char *before = show(arena, &input);
		struct json_value unknown = json_array();
		struct json_value output = json_null();
		struct error err = ERROR_INIT(arena);
		int result = schema_decode(arena, &test_workload, &input, &unknown, &output, &err);

		if ((result < 0) != cases[i].fails)
			fail_msg("%s: %.*s", cases[i].name, STR_ARG(err.message));
		if (cases[i].fails) {
			if (strcmp(single_quoted(arena, err.message), cases[i].output) != 0)
				fail_msg("%s: %.*s", cases[i].name, STR_ARG(err.message));
			assert_int_equal(err.code, ERROR_BAD_REQUEST);
			continue;
		}
		if (strcmp(show(arena, &output), cases[i].output) != 0)
			fail_msg("%s:\n%s\n%s", cases[i].name, show(arena, &output),
				cases[i].output);
		if (strcmp(show(arena, &unknown), cases[i].unknown) != 0)
			fail_msg("%s: %s", cases[i].name, show(arena, &unknown));
		assert_string_equal(show(arena, &input), before);
	}
	arena_destroy(&arena);
}

static void decoding_twice_changes_nothing(void **state)
{
	struct arena *arena = arena_create(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_value input;
		struct json_value output;

		if (cases[i].fails)
			continue;
		input = parse(arena, cases[i].output);
		assert_int_equal(
			schema_decode(arena, &test_workload, &input, NULL, &output, NULL), 0);
		assert_string_equal(show(arena, &output), show(arena, &input));
	}
	arena_destroy(&arena);
}

static void at_most_a_hundred_unknown_fields_are_named(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value input = json_object();
	struct json_value unknown = json_null();
	struct json_value output;

	(void)state;
	for (int i = 0; i < 500; i++)
		json_append_member(arena, &input, arena_printf(arena, "x%d", i), json_integer(i));
	assert_int_equal(schema_decode(arena, &test_workload, &input, &unknown, &output, NULL), 0);
	assert_int_equal(json_count(&unknown), 100);
	arena_destroy(&arena);
}

static void defaults_are_filled_in_canonical_order(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value input = parse(arena,
		"{'spec':{'metadata':{'labels':{'a':'b'}},'containers':[{'name':'c','ports':"
		"[{'containerPort':80},{'containerPort':53,'protocol':'UDP'},"
		"{'name':'n','protocol':''}]}]}}");
	struct json_value object;

	(void)state;
	assert_int_equal(schema_decode(arena, &test_workload, &input, NULL, &object, NULL), 0);
	assert_true(schema_apply_defaults(arena, &test_workload, &object));
	assert_string_equal(show(arena, &object),
		"{'metadata':{},'spec':{'replicas':1,'selector':{'a':'b'},'metadata':{'labels':{"
		"'a':'b'}},'containers':[{'name':'c','ports':[{'containerPort':80,'protocol':'TCP'},"
		"{'containerPort':53,'protocol':'UDP'},{'name':'n','containerPort':0,'protocol':"
		"'TCP'}],'resources':{}}],'strategy':{'type':'RollingUpdate'}},'status':{}}");
	arena_destroy(&arena);
}

static void a_pointer_keeps_its_zero_from_the_default(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value object = parse(arena, "{'spec':{'replicas':0}}");

	(void)state;
	assert_true(schema_apply_defaults(arena, &test_workload, &object));
	assert_int_equal(json_integer_or(json_find_path(&object, "spec", "replicas", NULL), -1), 0);
	arena_destroy(&arena);
}

static void base64_is_decoded_up_to_the_first_fault(void **state)
{
	static const struct {
		const char *text, *bytes;
	} texts[] = {{"", ""}, {"YQ==", "a"}, {"YWI=", "ab"}, {"YWJj", "abc"},
		{"YW\nJj\r\n", "abc"}, {"YWJj!YWJj", "abc"}, {"YWJjY", "abc"}, {"====", ""}};
	struct arena *arena = arena_create(0);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_true(str_equal_c(
			base64_text_decode(arena, str_from_c(texts[i].text)), texts[i].bytes));
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in_objects_are_decoded_as_go_does),
		cmocka_unit_test(decoding_twice_changes_nothing),
		cmocka_unit_test(at_most_a_hundred_unknown_fields_are_named),
		cmocka_unit_test(defaults_are_filled_in_canonical_order),
		cmocka_unit_test(a_pointer_keeps_its_zero_from_the_default),
		cmocka_unit_test(base64_is_decoded_up_to_the_first_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
