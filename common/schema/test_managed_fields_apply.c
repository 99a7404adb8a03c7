/* SPDX-License-Identifier: Apache-2.0 */
#include "test_managed_support.h"

static void an_apply_creates_and_owns_what_it_says(void **state)
{
	(void)state;
	struct json_value object = test_apply("a", NULL,
		"{" HEAD
		",'labels':{'l':'1'},'finalizers':['f']},'spec':{'replicas':1,'containers':[{"
		"'name':'c','ports':[{'containerPort':80}]}]}}",
		false);

	assert_string_equal(test_fields_of(&object, "a"),
		"{'f:metadata':{'f:finalizers':{'v:\\'f\\'':{}},'f:labels':{'f:l':{}}},'f:spec':{"
		"'f:containers':{'k:{\\'name\\':\\'c\\'}':{'.':{},'f:name':{},'f:ports':{"
		"'k:{\\'containerPort\\':80,\\'protocol\\':\\'TCP\\'}':{'.':{},'f:containerPort':{}}}}},"
		"'f:replicas':{}}}");
}

static void what_is_not_applied_again_goes_unless_shared(void **state)
{
	(void)state;
	struct json_value object = test_apply("a", NULL,
		"{" HEAD
		",'labels':{'l':'1','k':'1'}},'spec':{'replicas':1,'containers':[{'name':'c',"
		"'image':'i'},{'name':'d','image':'i'}]}}",
		false);

	object = test_apply("b", &object,
		"{" HEAD ",'labels':{'k':'1'}},'spec':{'containers':[{'name':'d','image':'i'}]}}",
		false);
	object = test_apply("a", &object,
		"{" HEAD ",'labels':{}},'spec':{'containers':[{'name':'c'}]}}", false);
	assert_string_equal(test_body_of(&object),
		"{" HEAD
		",'labels':{'k':'1'}},'spec':{'containers':[{'name':'c'},{'name':'d','image':"
		"'i'}]},'status':{}}");
	object = test_apply("b", &object, "{" HEAD "}}", false);
	assert_string_equal(test_fields_of(&object, "b"), "-");
}

static void conflicts_name_manager_and_path(void **state)
{
	(void)state;
	struct json_value live = test_update("ctl", NULL,
		"{" HEAD "},'spec':{'replicas':1,'containers':[{'name':'c','image':'i','ports':[{"
		"'containerPort':80,'protocol':'TCP','name':'p'}]}]},'status':{}}");

	assert_string_equal(test_apply_error("a", &live, "{" HEAD "},'spec':{'replicas':2}}"),
		"Apply failed with 1 conflict: conflict with \"ctl\" using apps/v1: .spec.replicas");
	assert_string_equal(
		test_apply_error("a", &live,
			"{" HEAD "},'spec':{'replicas':2,'containers':[{'name':'c','image':"
			"'j','ports':[{'containerPort':80,'name':'q'}]}]}}"),
		"Apply failed with 3 conflicts: conflicts with \"ctl\" using apps/v1:\n"
		"- .spec.replicas\n"
		"- .spec.containers[name=\"c\"].image\n"
		"- .spec.containers[name=\"c\"].ports[containerPort=80,protocol=\"TCP\"].name");
	live = test_apply("b", &live, "{" HEAD "},'spec':{'replicas':1}}", false);
	assert_string_equal(test_apply_error("a", &live, "{" HEAD "},'spec':{'replicas':2}}"),
		"Apply failed with 2 conflicts: conflicts with \"b\":\n- .spec.replicas\n"
		"conflicts with \"ctl\" using apps/v1:\n- .spec.replicas");
}

static void causes_carry_the_conflicts(void **state)
{
	(void)state;
	struct json_value live = test_update("ctl", NULL, "{" HEAD "},'spec':{'replicas':1}}");
	struct managed_fields_request request = test_request("a", 1);
	struct json_value config = parse(test_arena, "{" HEAD "},'spec':{'replicas':2}}");
	struct error err = ERROR_INIT(test_arena);
	struct json_value result;

	assert_int_equal(
		managed_fields_apply(test_arena, &request, &live, &config, false, &result, &err),
		ERROR_RETURN);
	assert_int_equal(err.code, ERROR_CONFLICT);
	assert_string_equal(arena_copy_c(test_arena, err.causes->reason), "FieldManagerConflict");
	assert_string_equal(arena_copy_c(test_arena, err.causes->field), ".spec.replicas");
	assert_string_equal(arena_copy_c(test_arena, err.causes->message),
		"conflict with \"ctl\" using apps/v1");
}

static void force_takes_and_equal_values_are_shared(void **state)
{
	(void)state;
	struct json_value live = test_update("ctl", NULL, "{" HEAD "},'spec':{'replicas':1}}");
	struct json_value shared =
		test_apply("a", &live, "{" HEAD "},'spec':{'replicas':1}}", false);
	struct json_value forced =
		test_apply("a", &live, "{" HEAD "},'spec':{'replicas':2}}", true);

	assert_string_equal(test_fields_of(&shared, "ctl"), "{'f:spec':{'f:replicas':{}}}");
	assert_string_equal(test_fields_of(&shared, "a"), "{'f:spec':{'f:replicas':{}}}");
	assert_string_equal(test_fields_of(&forced, "ctl"), "-");
	assert_string_equal(test_fields_of(&forced, "a"), "{'f:spec':{'f:replicas':{}}}");
}

static void what_others_updated_stays_when_an_applier_lets_go(void **state)
{
	(void)state;
	struct json_value object = test_apply("a", NULL,
		"{" HEAD "},'spec':{'replicas':1,'containers':[{'name':'c','image':'i'}]}}", false);

	object = test_update("ctl", &object,
		"{" HEAD
		"},'spec':{'replicas':3,'containers':[{'name':'c','image':'i','env':[{'name':"
		"'E','value':'v'}]}]},'status':{}}");
	/* replicas went to ctl; the container was a's alone, with whatever lies in it. */
	object = test_apply("a", &object, "{" HEAD "}}", false);
	assert_string_equal(test_body_of(&object), "{" HEAD "},'spec':{'replicas':3},'status':{}}");
}

static void atomic_values_are_replaced_and_owned_whole(void **state)
{
	(void)state;
	struct json_value object = test_apply("a", NULL,
		"{" HEAD
		"},'spec':{'selector':{'a':'1','b':'2'},'containers':[{'name':'c','command':['x',"
		"'y']}]}}",
		false);

	object = test_apply("a", &object,
		"{" HEAD
		"},'spec':{'selector':{'a':'1'},'containers':[{'name':'c','command':['z']}]}}",
		false);
	assert_string_equal(test_body_of(&object),
		"{" HEAD
		"},'spec':{'containers':[{'name':'c','command':['z']}],'selector':{'a':'1'}},"
		"'status':{}}");
	assert_string_equal(
		test_apply_error("b", &object, "{" HEAD "},'spec':{'selector':{'a':'2'}}}"),
		"Apply failed with 1 conflict: conflict with \"a\": .spec.selector");
}

static void list_items_keep_their_places(void **state)
{
	(void)state;
	struct json_value live = test_update("ctl", NULL,
		"{" HEAD
		"},'spec':{'containers':[{'name':'a'},{'name':'b'},{'name':'c'},{'name':'d'}]}}");
	struct json_value object = test_apply("x", &live,
		"{" HEAD "},'spec':{'containers':[{'name':'c'},{'name':'n'},{'name':'a'}]}}", true);
	static const char *const expected =
		"{" HEAD
		"},'spec':{'containers':[{'name':'b'},{'name':'c'},{'name':'d'},{'name':'n'},{'name':"
		"'a'}]}}";

	assert_string_equal(test_body_of(&object), expected);
}

static void the_first_apply_gives_the_past_a_name(void **state)
{
	(void)state;
	struct json_value live = parse(
		test_arena, "{" HEAD "},'spec':{'replicas':1,'containers':null},'status':{}}");

	assert_string_equal(test_apply_error("a", &live, "{" HEAD "},'spec':{'replicas':2}}"),
		"Apply failed with 1 conflict: conflict with \"before-first-apply\" using apps/v1: "
		".spec.replicas");
	struct json_value object = test_apply("a", &live, "{" HEAD ",'labels':{'l':'1'}}}", false);

	assert_string_equal(
		test_fields_of(&object, "before-first-apply"), "{'f:spec':{'f:replicas':{}}}");
}

static void a_configuration_must_fit_the_schema(void **state)
{
	(void)state;
#define START "failed to create typed patch object (/x; apps/v1, Kind=Deployment): "
	static const struct {
		const char *config;
		const char *message;
	} cases[] = {
		{"{" HEAD "},'spec':{'foo':1}}", START ".spec.foo: field not declared in schema"},
		{"{" HEAD "},'spec':{'replicas':'x'}}",
			START ".spec.replicas: expected numeric (int or float), got string"},
		{"{" HEAD "},'spec':{'containers':{}}}",
			START ".spec.containers: expected list, got map[string]interface {}"},
		{"{" HEAD "},'spec':{'containers':[{'image':'i'}]}}", START
			".spec.containers: associative list with keys has an element that omits "
			"all key fields [\"name\"] (and doesn't have default values for any key "
			"fields)"},
		{"{" HEAD "},'spec':{'containers':[{'name':'a'},{'name':'a'}]}}",
			START ".spec.containers: duplicate entries for key [name=\"a\"]"},
		{"{" HEAD ",'finalizers':['f','f']}}",
			START ".metadata.finalizers: duplicate entries for key [=\"f\"]"},
		{"{" HEAD "},'spec':{'foo':1,'bar':2}}", START
			"errors:\n  .spec.foo: field not declared in schema\n  .spec.bar: field not "
			"declared in schema"},
	};
	struct json_value live = parse(test_arena, "{" HEAD "}}");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(
			test_apply_error("a", &live, cases[i].config), cases[i].message);
}

static void custom_objects_are_deduced_and_sorted(void **state)
{
	(void)state;
	struct managed_fields_request request = test_request("a", 1);
	struct json_value config = parse(test_arena,
		"{'apiVersion':'e.io/v1','kind':'E','metadata':{'name':'x','labels':{'l':'1'}},'spec':{"
		"'z':{'y':1},'list':[1,2]}}");
	struct error err = ERROR_INIT(test_arena);
	struct json_value object;

	request.schema = test_custom;
	request.api_version = STR("e.io/v1");
	assert_int_equal(
		managed_fields_apply(test_arena, &request, NULL, &config, false, &object, &err), 0);
	assert_string_equal(show(test_arena, json_find(&object, STR("metadata"))),
		"{'labels':{'l':'1'},'managedFields':[{'apiVersion':'e.io/v1','fieldsType':'FieldsV1',"
		"'fieldsV1':{'f:metadata':{'f:labels':{'f:l':{}}},'f:spec':{'f:list':{},'f:z':{'.':{},'f:y':{"
		"}}}},'manager':'a','operation':'Apply','time':'1970-01-01T00:00:01Z'}],'name':'x'}");
}

static void kubectl_may_take_over_what_it_applied_itself(void **state)
{
	(void)state;
	struct json_value live = test_update("kubectl-client-side-apply", NULL,
		"{" HEAD
		",'annotations':{'kubectl.kubernetes.io/last-applied-configuration':'x'}},'spec':"
		"{'replicas':1,'selector':{'a':'1'}}}");
	struct json_value *annotations = json_find_path(&live, "metadata", "annotations", NULL);

	json_set(test_arena, annotations, STR("kubectl.kubernetes.io/last-applied-configuration"),
		json_string(STR("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{"
				"\"name\":\"x\"},\"spec\":{\"replicas\":1}}")));
	struct json_value object =
		test_apply("kubectl", &live, "{" HEAD "},'spec':{'replicas':2}}", false);

	assert_int_equal(json_integer_or(json_find_path(&object, "spec", "replicas", NULL), 0), 2);
	assert_string_equal(
		arena_copy_c(test_arena,
			json_text(json_find_path(&object, "metadata", "annotations",
				"kubectl.kubernetes.io/last-applied-configuration", NULL))),
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"x\"},"
		"\"spec\":{\"replicas\":2}}\n");
	assert_string_equal(
		test_apply_error("kubectl", &live, "{" HEAD "},'spec':{'selector':{'a':'2'}}}"),
		"Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using apps/v1: "
		".spec.selector");
}

static void applying_the_same_again_changes_nothing(void **state)
{
	(void)state;
	const char *config = "{" HEAD ",'labels':{'l':'1'}},'spec':{'replicas':1}}";
	struct json_value first = test_apply("a", NULL, config, false);
	struct json_value second = test_apply("a", &first, config, false);

	assert_true(json_equal(&first, &second));
	assert_true(managed_fields_equal_but_times(&first, &second));
	struct json_value *entry =
		json_element(json_find_path(&second, "metadata", "managedFields", NULL), 0);

	json_set(test_arena, entry, STR("time"), json_string(STR("2020-01-01T00:00:00Z")));
	assert_false(json_equal(&first, &second));
	assert_true(managed_fields_equal_but_times(&first, &second));
	json_set(test_arena, entry, STR("manager"), json_string(STR("b")));
	assert_false(managed_fields_equal_but_times(&first, &second));
}

static void repeated_live_items_survive_an_apply(void **state)
{
	(void)state;
	struct json_value live = parse(test_arena,
		"{" HEAD
		"},'spec':{'containers':[{'name':'a','image':'1'},{'name':'a','image':'2'},{"
		"'name':'b'}]}}");
	struct json_value object =
		test_apply("x", &live, "{" HEAD "},'spec':{'containers':[{'name':'n'}]}}", false);

	object = test_apply("x", &object, "{" HEAD "}}", false);
	assert_string_equal(test_body_of(&object), test_body_of(&live));
}

static void a_manager_that_owns_nothing_is_nobody(void **state)
{
	(void)state;
	struct json_value live = parse(test_arena,
		"{" HEAD ",'managedFields':[{'manager':'m','operation':'Apply'}]},'spec':{"
		"'replicas':1}}");
	struct json_value first = test_apply("x", &live, "{" HEAD "}}", false);
	struct json_value second = test_apply("x", &first, "{" HEAD "}}", false);

	assert_string_equal(
		test_fields_of(&first, "before-first-apply"), "{'f:spec':{'f:replicas':{}}}");
	assert_true(managed_fields_equal_but_times(&first, &second));
}

#define TEST(name)                                                                                 \
	cmocka_unit_test_setup_teardown(name, test_managed_set_up, test_managed_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_apply_creates_and_owns_what_it_says),
		TEST(what_is_not_applied_again_goes_unless_shared),
		TEST(conflicts_name_manager_and_path),
		TEST(causes_carry_the_conflicts),
		TEST(force_takes_and_equal_values_are_shared),
		TEST(what_others_updated_stays_when_an_applier_lets_go),
		TEST(atomic_values_are_replaced_and_owned_whole),
		TEST(list_items_keep_their_places),
		TEST(the_first_apply_gives_the_past_a_name),
		TEST(a_configuration_must_fit_the_schema),
		TEST(custom_objects_are_deduced_and_sorted),
		TEST(kubectl_may_take_over_what_it_applied_itself),
		TEST(applying_the_same_again_changes_nothing),
		TEST(repeated_live_items_survive_an_apply),
		TEST(a_manager_that_owns_nothing_is_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
