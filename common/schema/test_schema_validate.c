/* SPDX-License-Identifier: Apache-2.0 */
#include "test_schema_support.h"

#include "schema_compile.h"
#include "schema_engine.h"
#include "schema_format.h"

#define LABEL_TEXT                                                                                 \
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "   \
	"and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "   \
	"regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

static const struct {
	const char *name;
	const char *object;
	const char *old; /* NULL: a create */
	const char *errors;
} builtin_cases[] = {
	{"a good object has no errors",
		"{'spec':{'containers':[{'name':'a','ports':[{'containerPort':80,'protocol':''}]}]}}",
		NULL, ""},
	{"required values may not be empty", "{'spec':{'containers':[]}}", NULL,
		"spec.containers: Required value"},
	{"required values may not be absent", "{'spec':{'containers':[{}]}}", NULL,
		"spec.containers[0].name: Required value"},
	{"bounds and values are named",
		"{'spec':{'containers':[{'name':'A','ports':[{'containerPort':0},"
		"{'containerPort':70000,'protocol':'X'}]}]}}",
		NULL,
		"spec.containers[0].name: Invalid value: 'A': " LABEL_TEXT "\n"
		"spec.containers[0].ports[0].containerPort: Required value\n"
		"spec.containers[0].ports[1].containerPort: Invalid value: 70000: must be between 1 "
		"and 65535, inclusive\n"
		"spec.containers[0].ports[1].protocol: Unsupported value: 'X': supported values: "
		"'TCP', 'UDP'"},
	{"keys are unique where the table says so",
		"{'spec':{'containers':[{'name':'a'},{'name':'a'},{'name':'a'},{'name':'b'}]}}",
		NULL,
		"spec.containers: Too many: 4: must have at most 3 items\n"
		"spec.containers[1]: Duplicate value: {'name':'a'}"},
	{"immutable fields stay", "{'spec':{'selector':{'a':'2'},'containers':[{'name':'a'}]}}",
		"{'spec':{'selector':{'a':'1'},'containers':[{'name':'a'}]}}",
		"spec.selector: Invalid value: {'a':'2'}: field is immutable"},
	{"immutable fields may not go", "{'spec':{'containers':[{'name':'a'}]}}",
		"{'spec':{'selector':{'a':'1'},'containers':[{'name':'a'}]}}",
		"spec.selector: Invalid value: null: field is immutable"},
};

static void built_in_objects_are_refused_in_upstreams_words(void **state)
{
	struct arena *arena = arena_create(0);

	(void)state;
	for (size_t i = 0; i < sizeof(builtin_cases) / sizeof(builtin_cases[0]); i++) {
		struct json_value object = parse(arena, builtin_cases[i].object);
		struct json_value old =
			parse(arena, builtin_cases[i].old ? builtin_cases[i].old : "{}");
		struct field_errors errors = {.arena = arena};

		schema_validate(
			&test_workload, &object, builtin_cases[i].old ? &old : NULL, NULL, &errors);

		const char *shown = single_quoted(arena, str_from_c(show_errors(arena, &errors)));

		if (strcmp(shown, builtin_cases[i].errors) != 0)
			fail_msg("%s:\n%s\n%s", builtin_cases[i].name, shown,
				builtin_cases[i].errors);
	}
	arena_destroy(&arena);
}

static const struct {
	const char *name;
	const char *spec;  /* the schema of .spec */
	const char *value; /* of .spec */
	const char *old;
	const char *errors;
} custom_cases[] = {
	{"types are named", "{'type':'integer'}", "'x'", NULL,
		"spec: Invalid value: 'string': spec in body must be of type integer: 'string'"},
	{"integral floats are integers", "{'type':'integer'}", "2.0", NULL, ""},
	{"fractions are not", "{'type':'integer','format':'int32'}", "1.5", NULL,
		"spec: Invalid value: 'double': spec in body must be of type int32: 'double'"},
	{"int32 has a range", "{'type':'integer','format':'int32'}", "2147483648", NULL,
		"<nil>: Invalid value: '': Checked value must be of type integer with format int32 in "
		"spec"},
	{"an object is no list", "{'type':'array','items':{'type':'string'}}", "{}", NULL,
		"spec: Invalid value: 'object': spec in body must be of type array: 'object'"},
	{"items have types", "{'type':'array','items':{'type':'string'}}", "['a',1]", NULL,
		"spec[1]: Invalid value: 'integer': spec[1] in body must be of type string: "
		"'integer'"},
	{"null is a value only if nullable", "{'type':'array','items':{'type':'string'}}", "[null]",
		NULL,
		"spec[0]: Invalid value: 'null': spec[0] in body must be of type string: 'null'"},
	{"nullable is", "{'type':'array','items':{'type':'string','nullable':true}}", "[null]",
		NULL, ""},
	{"int or string is either", "{'x-kubernetes-int-or-string':true}", "true", NULL,
		"spec: Invalid value: 'boolean': spec in body must be of type integer,string: "
		"'boolean'"},
	{"maximum", "{'type':'integer','maximum':10}", "11", NULL,
		"spec: Invalid value: 11: spec in body should be less than or equal to 10"},
	{"exclusive minimum", "{'type':'number','minimum':1.5,'exclusiveMinimum':true}", "1.5",
		NULL, "spec: Invalid value: 1.5: spec in body should be greater than 1.5"},
	{"multiples", "{'type':'integer','multipleOf':5}", "7", NULL,
		"spec: Invalid value: 7: spec in body should be a multiple of 5"},
	{"length in characters", "{'type':'string','maxLength':2}", "'\\u00e9\\u00e9'", NULL, ""},
	{"too long", "{'type':'string','maxLength':2}", "'abc'", NULL,
		"spec: Too long: may not be more than 2 bytes"},
	{"too short", "{'type':'string','minLength':1}", "''", NULL,
		"spec: Invalid value: '': spec in body should be at least 1 chars long"},
	{"patterns", "{'type':'string','pattern':'^a+$'}", "'b'", NULL,
		"spec: Invalid value: 'b': spec in body should match '^a+$'"},
	{"formats", "{'type':'string','format':'date-time'}", "'now'", NULL,
		"spec: Invalid value: 'now': spec in body must be of type date-time: 'now'"},
	{"unknown formats are ignored", "{'type':'string','format':'poem'}", "'now'", NULL, ""},
	{"enumerations", "{'type':'string','enum':['a','b']}", "'c'", NULL,
		"spec: Unsupported value: 'c': supported values: 'a', 'b'"},
	{"counts of items", "{'type':'array','minItems':2,'items':{'type':'string'}}", "['a']",
		NULL, "spec: Invalid value: 1: spec in body should have at least 2 items"},
	{"too many items", "{'type':'array','maxItems':1,'items':{'type':'string'}}", "['a','b']",
		NULL, "spec: Too many: 2: must have at most 1 item"},
	{"counts of properties",
		"{'type':'object','minProperties':1,'additionalProperties':{'type':'string'}}",
		"{}", NULL,
		"spec: Invalid value: 0: spec in body should have at least 1 properties"},
	{"required fields",
		"{'type':'object','required':['image'],'properties':{'image':{'type':'string'}}}",
		"{}", NULL, "spec.image: Required value"},
	{"values of maps", "{'type':'object','additionalProperties':{'type':'integer'}}",
		"{'k':'x'}", NULL,
		"spec.k: Invalid value: 'string': spec.k in body must be of type integer: 'string'"},
	{"sets hold each item once",
		"{'type':'array','x-kubernetes-list-type':'set','items':{'type':'string'}}",
		"['a','b','a','a']", NULL, "spec[2]: Duplicate value: 'a'"},
	{"list maps hold each key once",
		"{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['k'],"
		"'items':{'type':'object','required':['k'],'properties':{'k':{'type':'string'},'v':{"
		"'type':'integer'}}}}",
		"[{'k':'a','v':1},{'k':'a','v':2}]", NULL, "spec[1]: Duplicate value: {'k':'a'}"},
	{"one of two",
		"{'type':'object','properties':{'a':{'type':'string'},'b':{'type':'string'}},"
		"'oneOf':[{'required':['a']},{'required':['b']}]}",
		"{'a':'1','b':'2'}", NULL,
		"<nil>: Invalid value: '': 'spec' must validate one and only one schema (oneOf). Found "
		"2 valid alternatives"},
	{"none of two",
		"{'type':'object','properties':{'a':{'type':'string'},'b':{'type':'string'}},"
		"'oneOf':[{'required':['a']},{'required':['b']}]}",
		"{}", NULL,
		"<nil>: Invalid value: '': 'spec' must validate one and only one schema (oneOf). Found "
		"none valid\nspec.a: Required value"},
	{"any of the schemas", "{'type':'integer','anyOf':[{'minimum':10},{'maximum':5}]}", "7",
		NULL,
		"<nil>: Invalid value: '': 'spec' must validate at least one schema (anyOf)\n"
		"spec: Invalid value: 7: spec in body should be greater than or equal to 10"},
	{"all of the schemas", "{'type':'integer','allOf':[{'minimum':10},{'maximum':5}]}", "4",
		NULL,
		"spec: Invalid value: 4: spec in body should be greater than or equal to 10\n"
		"<nil>: Invalid value: '': 'spec' must validate all the schemas (allOf)"},
	{"not the schema", "{'type':'string','not':{'pattern':'^x'}}", "'xy'", NULL,
		"<nil>: Invalid value: '': 'spec' must not validate the schema (not)"},
	{"embedded resources are resources",
		"{'type':'object','x-kubernetes-embedded-resource':true,"
		"'x-kubernetes-preserve-unknown-fields':true}",
		"{'kind':''}", NULL,
		"spec.apiVersion: Required value\nspec.kind: Invalid value: '': must not be empty"},
	{"unchanged values are let pass",
		"{'type':'object','properties':{'a':{'type':'string','maxLength':1},'b':{'type':"
		"'integer'}}}",
		"{'a':'long','b':2}", "{'a':'long','b':1}", ""},
	{"changed values are not",
		"{'type':'object','properties':{'a':{'type':'string','maxLength':1}}}",
		"{'a':'longer'}", "{'a':'long'}", "spec.a: Too long: may not be more than 1 byte"},
	{"items of list maps are told by their keys",
		"{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['k'],"
		"'items':{'type':'object','required':['k'],'properties':{'k':{'type':'string'},'v':{"
		"'type':'integer','maximum':1}}}}",
		"[{'k':'b','v':3},{'k':'a','v':2}]", "[{'k':'a','v':2}]",
		"spec[0].v: Invalid value: 3: spec[0].v in body should be less than or equal to 1"},
	{"items of atomic lists are not",
		"{'type':'array','items':{'type':'string','maxLength':1}}", "['long','b']",
		"['long']", "spec[0]: Too long: may not be more than 1 byte"},
	{"an unchanged list with duplicates passes",
		"{'type':'array','x-kubernetes-list-type':'set','items':{'type':'string'}}",
		"['a','a']", "['a','a']", ""},
};

static struct json_value object_with(struct arena *arena, const char *spec)
{
	struct json_value object = parse(arena, "{'apiVersion':'a/v1','kind':'K','metadata':{}}");

	json_set(arena, &object, STR("spec"), parse(arena, spec));
	return object;
}

static void custom_objects_are_refused_in_upstreams_words(void **state)
{
	struct arena *arena = arena_create(0);

	(void)state;
	for (size_t i = 0; i < sizeof(custom_cases) / sizeof(custom_cases[0]); i++) {
		struct json_value open_api = parse(arena, "{'type':'object','properties':{}}");
		struct json_value object = object_with(arena, custom_cases[i].value);
		struct json_value old =
			object_with(arena, custom_cases[i].old ? custom_cases[i].old : "{}");
		struct field_errors errors = {.arena = arena};
		const struct schema *schema = NULL;

		json_set_path(arena, &open_api, parse(arena, custom_cases[i].spec), "properties",
			"spec", NULL);
		if (schema_compile_structural(
			    arena, &open_api, &test_object_meta, &errors, NULL, &schema) != 0)
			fail_msg("%s: %s", custom_cases[i].name, show_errors(arena, &errors));
		schema_validate(schema, &object, custom_cases[i].old ? &old : NULL, NULL, &errors);

		const char *shown = single_quoted(arena, str_from_c(show_errors(arena, &errors)));

		if (strcmp(shown, custom_cases[i].errors) != 0)
			fail_msg(
				"%s:\n%s\n%s", custom_cases[i].name, shown, custom_cases[i].errors);
	}
	arena_destroy(&arena);
}

static const struct {
	const char *format;
	const char *good[4];
	const char *bad[5];
} format_cases[] = {
	{"date-time", {"2024-01-02T03:04:05Z", "2024-01-02t03:04:05.1+01:00"},
		{"2024-01-02", "2024-13-02T03:04:05Z", "2024-01-02T24:04:05Z", ""}},
	{"date", {"2024-02-29"}, {"2023-02-29", "2024-2-1"}},
	{"duration", {"1h30m", "22 ns", "3 days"}, {"abc", "5", ""}},
	{"email", {"a@b.c", "A B <a@b.c>"}, {"a", "a@", "a b@c"}},
	{"hostname", {"example.com", "a"}, {"a b", "-a.com", ""}},
	{"ipv4", {"1.2.3.4", "::ffff:1.2.3.4", "01.2.3.4"},
		{"1.2.3", "1.2.3.256", "::1", "1.2.3.4.5"}},
	{"ipv6", {"::1", "fe80::1"}, {"1.2.3.4", "::g"}},
	{"cidr", {"10.0.0.0/8", "::/0"}, {"10.0.0.0", "10.0.0.0/33", "x/8"}},
	{"mac", {"00:11:22:33:44:55", "0011.2233.4455"}, {"00:11:22:33:44", "00-11:22:33:44:55"}},
	{"uri", {"http://a/b", "/a", "urn:x"}, {"a b", "", "http://a\nb"}},
	{"uuid", {"123e4567-e89b-12d3-a456-426614174000", "123E4567E89B12D3A456426614174000"},
		{"123", "123e4567-e89b-12d3-a456-42661417400g"}},
	{"uuid4", {"123e4567-e89b-42d3-a456-426614174000"},
		{"123e4567-e89b-12d3-a456-426614174000"}},
	{"byte", {"aGVsbG8=", "YQ=="}, {"", "a", "aGVsbG8"}},
	{"isbn", {"0321751043", "978-0321751041"}, {"0321751044", "x"}},
	{"creditcard", {"4111 1111 1111 1111"}, {"4111 1111 1111 1112"}},
	{"hexcolor", {"#fff", "00FF00"}, {"#ff"}},
	{"rgbcolor", {"rgb(0, 255,1)"}, {"rgb(0,256,1)"}},
	{"ssn", {"123-45-6789"}, {"123-456-789"}},
	{"k8s-short-name", {"a-b"}, {"a.b"}},
	{"password", {"", "anything"}, {NULL}},
};

static void formats_are_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(format_cases) / sizeof(format_cases[0]); i++) {
		struct str format = str_from_c(format_cases[i].format);

		assert_true(schema_format_is_known(format));
		for (size_t j = 0; j < 4 && format_cases[i].good[j]; j++)
			if (!schema_format_matches(format, str_from_c(format_cases[i].good[j])))
				fail_msg("%s: %s", format_cases[i].format, format_cases[i].good[j]);
		for (size_t j = 0; j < 5 && format_cases[i].bad[j]; j++)
			if (schema_format_matches(format, str_from_c(format_cases[i].bad[j])))
				fail_msg("%s: not %s", format_cases[i].format,
					format_cases[i].bad[j]);
	}
	assert_false(schema_format_is_known(STR("poem")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in_objects_are_refused_in_upstreams_words),
		cmocka_unit_test(custom_objects_are_refused_in_upstreams_words),
		cmocka_unit_test(formats_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
