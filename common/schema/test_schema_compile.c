/* SPDX-License-Identifier: Apache-2.0 */
#include "test_schema_support.h"

#include "regex.h"
#include "schema_compile.h"
#include "schema_engine.h"

static const struct {
	const char *name;
	const char *schema;
	const char *errors;
} refused[] = {
	{"the root needs a type", "{}", "s.type: Required value: must not be empty at the root"},
	{"the root is an object", "{'type':'string'}",
		"s.type: Invalid value: 'string': must be object at the root"},
	{"fields need a type", "{'type':'object','properties':{'spec':{}}}",
		"s.properties[spec].type: Required value: must not be empty for specified object "
		"fields"},
	{"items need a type", "{'type':'object','properties':{'a':{'type':'array','items':{}}}}",
		"s.properties[a].items.type: Required value: must not be empty for specified array "
		"items"},
	{"arrays need items", "{'type':'object','properties':{'a':{'type':'array'}}}",
		"s.properties[a].items: Required value: must be specified"},
	{"types are known", "{'type':'object','properties':{'a':{'type':'text'}}}",
		"s.properties[a].type: Unsupported value: 'text': supported values: 'array', "
		"'boolean', 'integer', 'number', 'object', 'string'"},
	{"references are forbidden",
		"{'type':'object','properties':{'a':{'type':'string','$ref':'#/x'}}}",
		"s.properties[a].$ref: Forbidden: $ref is not supported"},
	{"unique items are forbidden",
		"{'type':'object','properties':{'a':{'type':'array','uniqueItems':true,'items':{"
		"'type':'string'}}}}",
		"s.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the "
		"runtime complexity becomes quadratic"},
	{"maps have no fields",
		"{'type':'object','properties':{'a':{'type':'object','properties':{'b':{'type':"
		"'string'}},'additionalProperties':{'type':'string'}}}}",
		"s.properties[a].additionalProperties: Forbidden: additionalProperties and properties "
		"are mutual exclusive"},
	{"the root is no map", "{'type':'object','additionalProperties':{'type':'string'}}",
		"s.additionalProperties: Forbidden: must not be used at the root"},
	{"metadata is implied",
		"{'type':'object','properties':{'metadata':{'type':'object','properties':{'labels':{"
		"'type':'object'}}}}}",
		"s.properties[metadata]: Forbidden: must not specify anything other than name and "
		"generateName, but metadata is implicitly specified"},
	{"kind is a string", "{'type':'object','properties':{'kind':{'type':'integer'}}}",
		"s.properties[kind].type: Invalid value: 'integer': must be string"},
	{"junctors hold value validations",
		"{'type':'object','properties':{'a':{'type':'string','anyOf':[{'type':'string',"
		"'description':'x','default':'y'}]}}}",
		"s.properties[a].anyOf[0].type: Forbidden: must be empty to be structural\n"
		"s.properties[a].anyOf[0].default: Forbidden: must be undefined to be structural\n"
		"s.properties[a].anyOf[0].description: Forbidden: must be empty to be structural"},
	{"junctors name only what is there",
		"{'type':'object','anyOf':[{'properties':{'b':{'minimum':1}}}]}",
		"s.properties[b]: Required value: because it is defined in s.anyOf[0].properties[b]"},
	{"patterns compile", "{'type':'object','properties':{'a':{'type':'string','pattern':'('}}}",
		"s.properties[a].pattern: Invalid value: '(': must be a valid regular expression, but "
		"isn't: error parsing regexp: missing closing ): `(`"},
	{"list maps need keys",
		"{'type':'object','properties':{'a':{'type':'array','x-kubernetes-list-type':'map',"
		"'items':{'type':'object'}}}}",
		"s.properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if "
		"x-kubernetes-list-type is map"},
	{"keys are fields that are always there",
		"{'type':'object','properties':{'a':{'type':'array','x-kubernetes-list-type':'map',"
		"'x-kubernetes-list-map-keys':['k','l'],'items':{'type':'object','properties':{'k':{"
		"'type':'string'}}}}}}",
		"s.properties[a].items.properties[k].default: Required value: this property is in "
		"x-kubernetes-list-map-keys, so it must have a default or be a required property\n"
		"s.properties[a].x-kubernetes-list-map-keys: Invalid value: ['k','l']: entries must "
		"all be names of item properties"},
	{"sets hold atoms",
		"{'type':'object','properties':{'a':{'type':'array','x-kubernetes-list-type':'set',"
		"'items':{'type':'object'}}}}",
		"s.properties[a].items.x-kubernetes-map-type: Invalid value: null: must be atomic as "
		"item of a list with x-kubernetes-list-type=set"},
	{"list types are of lists",
		"{'type':'object','properties':{'a':{'type':'string','x-kubernetes-list-type':'set'}}}",
		"s.properties[a].type: Invalid value: 'string': must be array if "
		"x-kubernetes-list-type is specified"},
	{"unknown fields are kept or not mentioned",
		"{'type':'object','x-kubernetes-preserve-unknown-fields':false}",
		"s.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or "
		"undefined"},
	{"embedded resources have fields",
		"{'type':'object','properties':{'a':{'type':'object',"
		"'x-kubernetes-embedded-resource':true}}}",
		"s.properties[a].properties: Required value: must not be empty if "
		"x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"},
	{"defaults keep the rules",
		"{'type':'object','properties':{'a':{'type':'integer','maximum':3,'default':4}}}",
		"s.properties[a].default: Invalid value: 4: s.properties[a].default in body should be "
		"less than or equal to 3"},
	{"defaults have no unknown fields",
		"{'type':'object','properties':{'a':{'type':'object','default':{'x':1}}}}",
		"s.properties[a].default: Invalid value: {'x':1}: must not have unknown fields"},
	{"metadata takes no defaults",
		"{'type':'object','properties':{'metadata':{'type':'object','default':{}}}}",
		"s.properties[metadata].default: Forbidden: must not be set in top-level metadata"},
	{"validation rules have a rule",
		"{'type':'object','x-kubernetes-validations':[{'rule':' ','message':'m'}]}",
		"s.x-kubernetes-validations[0].rule: Required value: rule is not specified"},
};

static void schemas_that_are_not_structural_are_refused(void **state)
{
	struct arena *arena = arena_create(0);
	struct field_path path = field_path_child(NULL, STR("s"));

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct json_value schema = parse(arena, refused[i].schema);
		struct field_errors errors = {.arena = arena};
		const struct schema *compiled = NULL;
		int result = schema_compile_structural(
			arena, &schema, &test_object_meta, &errors, &path, &compiled);
		const char *shown = single_quoted(arena, str_from_c(show_errors(arena, &errors)));

		assert_int_equal(result, 1);
		assert_null(compiled);
		if (strcmp(shown, refused[i].errors) != 0)
			fail_msg("%s:\n%s\n%s", refused[i].name, shown, refused[i].errors);
	}
	arena_destroy(&arena);
}

static const struct schema *compile(struct arena *arena, const char *text)
{
	struct json_value open_api = parse(arena, text);
	struct field_errors errors = {.arena = arena};
	const struct schema *schema = NULL;

	if (schema_compile_structural(
		    arena, &open_api, &test_object_meta, &errors, NULL, &schema) != 0)
		fail_msg("%s:\n%s", text, show_errors(arena, &errors));
	return schema;
}

static const struct {
	const char *name;
	const char *schema;
	const char *input;
	const char *output; /* decoded and with defaults */
	const char *unknown;
} decoded[] = {
	{"members are sorted and unknown ones pruned",
		"{'type':'object','properties':{'spec':{'type':'object','properties':{'b':{'type':"
		"'string'},'a':{'type':'integer'}}}}}",
		"{'spec':{'b':'x','c':1,'a':'wrong'},'kind':'K','apiVersion':'v','foo':1}",
		"{'apiVersion':'v','kind':'K','spec':{'a':'wrong','b':'x'}}", "['spec.c','foo']"},
	{"metadata is an ObjectMeta, sorted", "{'type':'object'}",
		"{'metadata':{'namespace':'n','labels':{'b':'1','a':'2'},'name':'m','x':1,"
		"'ownerReferences':[{'uid':'u'}],'generation':0}}",
		"{'metadata':{'labels':{'a':'2','b':'1'},'name':'m','namespace':'n',"
		"'ownerReferences':[{'kind':'','uid':'u'}]}}",
		"['metadata.x']"},
	{"what is to be preserved is, sorted",
		"{'type':'object','properties':{'a':{'type':'object',"
		"'x-kubernetes-preserve-unknown-fields':true},'b':{"
		"'x-kubernetes-preserve-unknown-fields':true}}}",
		"{'b':[{'z':1,'y':null}],'a':{'d':{'f':1,'e':2},'c':[]}}",
		"{'a':{'c':[],'d':{'e':2,'f':1}},'b':[{'y':null,'z':1}]}", "[]"},
	{"within what is preserved named fields are pruned",
		"{'type':'object','x-kubernetes-preserve-unknown-fields':true,'properties':{'a':{"
		"'type':'object','properties':{'b':{'type':'string'}}}}}",
		"{'x':{'y':1},'a':{'b':'1','c':2}}", "{'a':{'b':'1'},'x':{'y':1}}", "['a.c']"},
	{"maps take any key",
		"{'type':'object','properties':{'m':{'type':'object','additionalProperties':{'type':"
		"'object','properties':{'a':{'type':'string'}}}}}}",
		"{'m':{'y':{'a':'1','b':2},'x':{}}}", "{'m':{'x':{},'y':{'a':'1'}}}", "['m.y.b']"},
	{"nulls go unless they are values or have a default",
		"{'type':'object','properties':{'a':{'type':'string'},'b':{'type':'string','nullable':"
		"true},'c':{'type':'string','default':'d'},'l':{'type':'array','items':{'type':"
		"'string'}},'m':{'type':'object','additionalProperties':{'type':'string'}}}}",
		"{'a':null,'b':null,'c':null,'l':[null],'m':{'k':null}}",
		"{'b':null,'c':'d','l':[null],'m':{}}", "[]"},
	{"defaults fill in, nested ones too",
		"{'type':'object','properties':{'spec':{'type':'object','default':{},'properties':{"
		"'n':{'type':'integer','default':3},'l':{'type':'array','items':{'type':'object',"
		"'properties':{'p':{'type':'string','default':'TCP'}}}}}}}}",
		"{'spec':{'l':[{},{'p':'UDP'}]}}", "{'spec':{'l':[{'p':'TCP'},{'p':'UDP'}],'n':3}}",
		"[]"},
	{"a default object gets its own defaults",
		"{'type':'object','properties':{'spec':{'type':'object','default':{},'properties':{"
		"'n':{'type':'integer','default':3}}}}}",
		"{}", "{'spec':{'n':3}}", "[]"},
	{"embedded resources have metadata",
		"{'type':'object','properties':{'r':{'type':'object',"
		"'x-kubernetes-embedded-resource':true,'properties':{'spec':{'type':'object'}}}}}",
		"{'r':{'kind':'K','apiVersion':'v','metadata':{'name':'n','x':1},'spec':{},'y':1}}",
		"{'r':{'apiVersion':'v','kind':'K','metadata':{'name':'n'},'spec':{}}}",
		"['r.metadata.x','r.y']"},
	{"either integer or string",
		"{'type':'object','properties':{'p':{'x-kubernetes-int-or-string':true,'anyOf':[{"
		"'type':'integer'},{'type':'string'}]},'q':{'x-kubernetes-int-or-string':true,"
		"'allOf':[{'anyOf':[{'type':'integer'},{'type':'string'}]},{'pattern':'^x'}]}}}",
		"{'p':1,'q':'x'}", "{'p':1,'q':'x'}", "[]"},
};

static void custom_objects_are_pruned_and_defaulted(void **state)
{
	struct arena *arena = arena_create(0);

	(void)state;
	for (size_t i = 0; i < sizeof(decoded) / sizeof(decoded[0]); i++) {
		const struct schema *schema = compile(arena, decoded[i].schema);
		struct json_value input = parse(arena, decoded[i].input);
		struct json_value unknown = json_array();
		struct json_value output;

		assert_int_equal(schema_decode(arena, schema, &input, &unknown, &output, NULL), 0);
		assert_true(schema_apply_defaults(arena, schema, &output));
		if (strcmp(show(arena, &output), decoded[i].output) != 0)
			fail_msg("%s:\n%s\n%s", decoded[i].name, show(arena, &output),
				decoded[i].output);
		if (strcmp(show(arena, &unknown), decoded[i].unknown) != 0)
			fail_msg("%s: %s", decoded[i].name, show(arena, &unknown));
	}
	arena_destroy(&arena);
}

static void a_compiled_schema_outlives_its_source(void **state)
{
	struct arena *arena = arena_create(0);
	struct arena *source = arena_create(0);
	struct json_value open_api = parse(source,
		"{'type':'object','properties':{'a':{'type':'string','enum':['x'],'default':'x',"
		"'pattern':'^x$','format':'hostname'}},'required':['b']}");
	struct field_errors source_errors = {.arena = source};
	struct json_value object = json_object();
	struct field_errors errors = {.arena = arena};
	const struct schema *schema;

	(void)state;
	assert_int_equal(schema_compile_structural(arena, &open_api, &test_object_meta,
				 &source_errors, NULL, &schema),
		0);
	arena_destroy(&source);
	assert_true(schema_apply_defaults(arena, schema, &object));
	assert_string_equal(show(arena, &object), "{'a':'x'}");
	schema_validate(schema, &object, NULL, NULL, &errors);
	assert_string_equal(show_errors(arena, &errors), "b: Required value");
	arena_destroy(&arena);
}

static void metadata_may_be_restricted(void **state)
{
	struct arena *arena = arena_create(0);
	const struct schema *schema = compile(arena,
		"{'type':'object','properties':{'metadata':{'type':'object','properties':{'name':{"
		"'type':'string','maxLength':3}}}}}");
	struct json_value object = parse(arena, "{'metadata':{'name':'long','labels':{'a':'b'}}}");
	struct field_errors errors = {.arena = arena};

	(void)state;
	schema_validate(schema, &object, NULL, NULL, &errors);
	assert_string_equal(show_errors(arena, &errors),
		"metadata.name: Too long: may not be more than 3 bytes");
	arena_destroy(&arena);
}

/* {"type":"object","properties":{"a":{...}}}, `depth` times. */
static struct json_value nested_schema(struct arena *arena, unsigned depth)
{
	struct json_value schema = parse(arena, "{'type':'string','maxLength':1,'default':'d'}");

	for (; depth > 0; depth--) {
		struct json_value outer = json_object();

		json_set_path(arena, &outer, schema, "properties", "a", NULL);
		json_set(arena, &outer, STR("type"), json_string(STR("object")));
		schema = outer;
	}
	return schema;
}

static void deep_schemas_cost_no_stack(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value open_api = nested_schema(arena, 3000);
	struct json_value deeper = nested_schema(arena, 9000);
	struct json_value object = json_string(STR("xx"));
	struct json_value output;
	struct field_errors errors = {.arena = arena};
	const struct schema *schema = NULL;

	(void)state;
	assert_int_equal(schema_compile_structural(
				 arena, &open_api, &test_object_meta, &errors, NULL, &schema),
		0);
	for (int i = 0; i < 3000; i++) {
		struct json_value outer = json_object();

		json_append_member(arena, &outer, STR("a"), object);
		object = outer;
	}
	assert_int_equal(schema_decode(arena, schema, &object, NULL, &output, NULL), 0);
	assert_true(schema_apply_defaults(arena, schema, &output));
	schema_validate(schema, &output, &output, NULL, &errors);
	assert_int_equal(errors.count, 0); /* unchanged */
	schema_validate(schema, &output, NULL, NULL, &errors);
	assert_int_equal(errors.count, 1);
	assert_int_equal(schema_compile_structural(
				 arena, &deeper, &test_object_meta, &errors, NULL, &schema),
		1);
	arena_destroy(&arena);
}

static void defaults_do_not_blow_up(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value open_api = parse(arena,
		"{'type':'object','properties':{'l':{'type':'array','items':{'type':'object',"
		"'properties':{'x':{'type':'array','default':[],'items':{'type':'string'}}}}}}}");
	struct json_value *fill = json_find_path(
		&open_api, "properties", "l", "items", "properties", "x", "default", NULL);
	struct json_value object = parse(arena, "{'l':[]}");
	struct field_errors errors = {.arena = arena};
	const struct schema *schema = NULL;

	(void)state;
	for (int i = 0; i < 10000; i++)
		json_append(arena, fill, json_string(STR("y")));
	for (int i = 0; i < 100000; i++)
		json_append(arena, json_find(&object, STR("l")), json_object());
	assert_int_equal(schema_compile_structural(
				 arena, &open_api, &test_object_meta, &errors, NULL, &schema),
		0);

	size_t before = arena_used_bytes(arena);

	assert_false(schema_apply_defaults(arena, schema, &object));
	assert_true(arena_used_bytes(arena) - before < 80 * 1024 * 1024);
	arena_destroy(&arena);
}

static void junctors_within_junctors_stay_bounded(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value junctor = parse(arena, "{'minimum':5}");
	struct json_value open_api = parse(arena,
		"{'type':'object','properties':{'l':{'type':'array','items':{'type':'integer'}}}}");
	struct json_value object = parse(arena, "{'l':[]}");
	struct field_errors errors = {.arena = arena};
	const struct schema *schema = NULL;

	(void)state;
	for (int depth = 0; depth < 10; depth++) {
		struct json_value outer = parse(arena, "{'oneOf':[]}");

		for (int i = 0; i < 2; i++)
			json_append(arena, json_find(&outer, STR("oneOf")), junctor);
		junctor = outer;
	}
	json_set(arena, json_find_path(&open_api, "properties", "l", "items", NULL), STR("oneOf"),
		*json_find(&junctor, STR("oneOf")));
	for (int i = 0; i < 100000; i++)
		json_append(arena, json_find(&object, STR("l")), json_integer(i % 10));
	assert_int_equal(schema_compile_structural(
				 arena, &open_api, &test_object_meta, &errors, NULL, &schema),
		0);
	schema_validate(schema, &object, NULL, NULL, &errors);
	assert_true(errors.count > 0 && errors.count <= 1000);
	arena_destroy(&arena);
}

static void patterns_are_bounded(void **state)
{
	static const char *const bad[] = {
		"(x{1000}){1000}", "x{1001}", "(?<=a)b", "\\Z", "(", "[a", "*", "a**", "\\C", "\\"};
	struct arena *arena = arena_create(0);
	const struct regex *regex;
	struct error err = ERROR_INIT(arena);
	char *text = arena_allocate_text(arena, 1 << 20);
	char *deep = arena_allocate_text(arena, 4000);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (regex_compile(arena, str_from_c(bad[i]), &regex, &err) == 0)
			fail_msg("%s", bad[i]);
		assert_true(str_starts_with(err.message, STR("error parsing regexp: ")));
		error_clear(&err);
	}
	memset(deep, '(', 2000);
	memset(deep + 2000, ')', 2000);
	assert_true(regex_compile(arena, str_from(deep, 4000), &regex, NULL) < 0);
	memset(text, 'a', 1 << 20);
	text[(1 << 20) - 1] = 'b';
	assert_int_equal(regex_compile(arena, STR("^(a+)+$"), &regex, NULL), 0);
	assert_false(regex_matches(regex, str_from(text, 1 << 20)));
	assert_true(regex_matches(regex, str_from(text, 1000)));
	assert_int_equal(regex_compile(arena, STR("b"), &regex, NULL), 0);
	assert_true(regex_matches(regex, STR("a\0b")));
	assert_ptr_equal(regex_of_constant(STR("^x$")), regex_of_constant(STR("^x$")));
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schemas_that_are_not_structural_are_refused),
		cmocka_unit_test(custom_objects_are_pruned_and_defaulted),
		cmocka_unit_test(a_compiled_schema_outlives_its_source),
		cmocka_unit_test(metadata_may_be_restricted),
		cmocka_unit_test(deep_schemas_cost_no_stack),
		cmocka_unit_test(defaults_do_not_blow_up),
		cmocka_unit_test(junctors_within_junctors_stay_bounded),
		cmocka_unit_test(patterns_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
