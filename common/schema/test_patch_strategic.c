/* SPDX-License-Identifier: Apache-2.0 */
#include "test_schema_support.h"

#include "schema_engine.h"

static const struct {
	const char *name;
	const char *document;
	const char *patch;
	const char *result; /* or the error's text */
	bool fails;
} cases[] = {
	{"objects merge and nulls delete", "{'spec':{'replicas':1,'paused':true}}",
		"{'spec':{'paused':null,'x':{'y':null,'z':1}},'kind':'W'}",
		"{'spec':{'replicas':1,'x':{'z':1}},'kind':'W'}", false},
	{"zero values are no deletions", "{'spec':{'replicas':1}}",
		"{'spec':{'replicas':0,'paused':false}}", "{'spec':{'replicas':0,'paused':false}}",
		false},
	{"large integers keep their value", "{'metadata':{'generation':1}}",
		"{'metadata':{'generation':9007199254740993}}",
		"{'metadata':{'generation':9007199254740993}}", false},
	{"lists without a strategy are replaced", "{'spec':{'tags':['a','b']}}",
		"{'spec':{'tags':['c']}}", "{'spec':{'tags':['c']}}", false},
	{"a map is replaced", "{'metadata':{'labels':{'a':'1'},'name':'n'}}",
		"{'metadata':{'$patch':'replace','labels':{'b':'2'}}}",
		"{'metadata':{'labels':{'b':'2'}}}", false},
	{"a map is emptied", "{'metadata':{'labels':{'a':'1'}}}",
		"{'metadata':{'labels':{'$patch':'delete'}}}", "{'metadata':{'labels':{}}}", false},
	{"an absent map is not made to be deleted", "{'metadata':{'name':'n'}}",
		"{'metadata':{'labels':{'$patch':'delete'}}}", "{'metadata':{'name':'n'}}", false},
	{"an unknown directive is refused", "{'metadata':{'name':'n'}}",
		"{'metadata':{'$patch':'x'}}", "unknown patch type: 'x' in map: {'$patch':'x'}",
		true},
	{"items merge by their key",
		"{'spec':{'containers':[{'name':'a','image':'1'},{'name':'b','image':'2'}]}}",
		"{'spec':{'containers':[{'name':'b','image':'3'}]}}",
		"{'spec':{'containers':[{'name':'a','image':'1'},{'name':'b','image':'3'}]}}",
		false},
	{"new items come before the server's", "{'spec':{'containers':[{'name':'a'}]}}",
		"{'spec':{'containers':[{'name':'n','ports':null}]}}",
		"{'spec':{'containers':[{'name':'n'},{'name':'a'}]}}", false},
	{"nested lists merge too",
		"{'spec':{'containers':[{'name':'a','ports':[{'containerPort':1,'name':'x'},"
		"{'containerPort':2}]}]}}",
		"{'spec':{'containers':[{'name':'a','ports':[{'containerPort':2,'name':'y'}]}]}}",
		"{'spec':{'containers':[{'name':'a','ports':[{'containerPort':1,'name':'x'},"
		"{'containerPort':2,'name':'y'}]}]}}",
		false},
	{"an item is deleted by its key",
		"{'spec':{'containers':[{'name':'a'},{'name':'b'},{'name':'c'}]}}",
		"{'spec':{'containers':[{'$patch':'delete','name':'b'}]}}",
		"{'spec':{'containers':[{'name':'a'},{'name':'c'}]}}", false},
	{"a list is replaced by a directive", "{'spec':{'containers':[{'name':'a'},{'name':'b'}]}}",
		"{'spec':{'containers':[{'$patch':'replace'},{'name':'z'}]}}",
		"{'spec':{'containers':[{'name':'z'}]}}", false},
	{"merging is no directive for lists", "{'spec':{'containers':[{'name':'a'}]}}",
		"{'spec':{'containers':[{'$patch':'merge','name':'z'}]}}",
		"merging lists cannot yet be specified in the patch", true},
	{"items need their key", "{'spec':{'containers':[{'name':'a'}]}}",
		"{'spec':{'containers':[{'image':'z'}]}}",
		"map: {'image':'z'} does not contain declared merge key: name", true},
	{"lists hold one kind of item", "{'spec':{'containers':[{'name':'a'}]}}",
		"{'spec':{'containers':['a']}}", "list element types are not identical", true},
	{"lists of lists are refused", "{'metadata':{'finalizers':['a']}}",
		"{'metadata':{'finalizers':[['b']]}}", "lists of lists are not supported", true},
	{"scalars are added once", "{'metadata':{'finalizers':['a','b']}}",
		"{'metadata':{'finalizers':['b','c']}}",
		"{'metadata':{'finalizers':['a','b','c']}}", false},
	{"scalars are deleted", "{'metadata':{'finalizers':['a','b','c']}}",
		"{'metadata':{'$deleteFromPrimitiveList/finalizers':['b','x']}}",
		"{'metadata':{'finalizers':['a','c']}}", false},
	{"scalars are deleted, added and ordered at once",
		"{'metadata':{'finalizers':['a','b','c']}}",
		"{'metadata':{'$deleteFromPrimitiveList/finalizers':['b'],"
		"'$setElementOrder/finalizers':['c','d'],'finalizers':['d']}}",
		"{'metadata':{'finalizers':['a','c','d']}}", false},
	{"an order is set", "{'spec':{'containers':[{'name':'a'},{'name':'b'},{'name':'s'}]}}",
		"{'spec':{'$setElementOrder/containers':[{'name':'b'},{'name':'a'},{'name':'n'}],"
		"'containers':[{'name':'n','image':'i'}]}}",
		"{'spec':{'containers':[{'name':'b'},{'name':'a'},{'name':'n','image':'i'},"
		"{'name':'s'}]}}",
		false},
	{"an order may come alone", "{'spec':{'containers':[{'name':'a'},{'name':'b'}]}}",
		"{'spec':{'$setElementOrder/containers':[{'name':'b'},{'name':'a'}]}}",
		"{'spec':{'containers':[{'name':'b'},{'name':'a'}]}}", false},
	{"an order for nothing does nothing", "{'spec':{}}",
		"{'spec':{'$setElementOrder/containers':[{'name':'b'}]}}", "{'spec':{}}", false},
	{"the patch keeps to its own order", "{'spec':{'containers':[{'name':'a'}]}}",
		"{'spec':{'$setElementOrder/containers':[{'name':'a'},{'name':'b'}],"
		"'containers':[{'name':'b'},{'name':'a'}]}}",
		"The order in patch list:\n[{'name':'b'},{'name':'a'}]\n doesn't match "
		"$setElementOrder list:\n[{'name':'a'},{'name':'b'}]\n",
		true},
	{"an order must be a list", "{'spec':{'containers':[]}}",
		"{'spec':{'$setElementOrder/containers':'x'}}",
		"expected a []interface {}, but received a string", true},
	{"keys are retained", "{'spec':{'strategy':{'type':'RollingUpdate','maxSurge':1}}}",
		"{'spec':{'strategy':{'$retainKeys':['type'],'type':'Recreate'}}}",
		"{'spec':{'strategy':{'type':'Recreate'}}}", false},
	{"retained keys cover the patch", "{'spec':{'strategy':{'type':'RollingUpdate'}}}",
		"{'spec':{'strategy':{'$retainKeys':['type'],'maxSurge':1}}}",
		"invalid patch format of retainKeys", true},
	{"directives do not reach new objects", "{}",
		"{'spec':{'strategy':{'$retainKeys':['type'],'type':'x'},"
		"'$setElementOrder/containers':[{'name':'a'}],'containers':[{'name':'a'},"
		"{'$patch':'delete','name':'b'}]}}",
		"{'spec':{'strategy':{'type':'x'},'containers':[{'name':'a'}]}}", false},
	{"a change of type replaces", "{'spec':{'raw':{'a':1}}}", "{'spec':{'raw':[1,{'b':null}]}}",
		"{'spec':{'raw':[1,{}]}}", false},
	{"documents are objects", "{}", "[]", "invalid JSON document", true},
};

static void patches_do_what_their_directives_say(void **state)
{
	struct arena *arena = arena_create(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_value document = parse(arena, cases[i].document);
		struct json_value patch = parse(arena, cases[i].patch);
		struct json_value result = json_null();
		struct error err = ERROR_INIT(arena);
		int outcome =
			patch_strategic(arena, &test_workload, &document, &patch, &result, &err);
		const char *text =
			outcome < 0 ? single_quoted(arena, err.message) : show(arena, &result);

		if ((outcome < 0) != cases[i].fails || strcmp(text, cases[i].result) != 0)
			fail_msg("%s:\n%s\n%s", cases[i].name, text, cases[i].result);
		assert_string_equal(show(arena, &document), cases[i].document);
		assert_string_equal(show(arena, &patch), cases[i].patch);
	}
	arena_destroy(&arena);
}

/* Nested objects under a name that no schema knows. */
static struct json_value nest(struct arena *arena, unsigned depth)
{
	struct json_value value = json_integer(1);

	for (; depth > 0; depth--) {
		struct json_value object = json_object();

		json_append_member(arena, &object, STR("a"), value);
		value = object;
	}
	return value;
}

static void deep_patches_are_refused(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value empty = json_object();
	struct json_value shallow = nest(arena, 900);
	struct json_value deep = nest(arena, 9000);
	struct json_value result;

	(void)state;
	assert_int_equal(
		patch_strategic(arena, &test_workload, &shallow, &shallow, &result, NULL), 0);
	assert_true(patch_strategic(arena, &test_workload, &empty, &deep, &result, NULL) < 0);
	assert_true(patch_strategic(arena, &test_workload, &deep, &deep, &result, NULL) < 0);
	arena_destroy(&arena);
}

static void long_lists_merge_in_linear_time(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value document = parse(arena, "{'spec':{'containers':[]}}");
	struct json_value patch = parse(arena, "{'spec':{'containers':[]}}");
	struct json_value result;
	struct json_value *lists[] = {json_find_path(&document, "spec", "containers", NULL),
		json_find_path(&patch, "spec", "containers", NULL)};

	(void)state;
	for (int list = 0; list < 2; list++) {
		for (int i = 0; i < 50000; i++) {
			struct json_value item = json_object();

			json_append_member(arena, &item, STR("name"),
				json_string(arena_printf(arena, "n%d", i * (list + 1))));
			json_append(arena, lists[list], item);
		}
	}
	assert_int_equal(
		patch_strategic(arena, &test_workload, &document, &patch, &result, NULL), 0);
	assert_int_equal(json_count(json_find_path(&result, "spec", "containers", NULL)), 75000);
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patches_do_what_their_directives_say),
		cmocka_unit_test(deep_patches_are_refused),
		cmocka_unit_test(long_lists_merge_in_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
