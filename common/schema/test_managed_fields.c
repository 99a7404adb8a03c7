/* SPDX-License-Identifier: Apache-2.0 */
#include "test_managed_support.h"

#include "schema_engine.h"

static void a_create_gives_its_manager_what_the_empty_object_has_not(void **state)
{
	(void)state;
	struct json_value object = test_update("creator", NULL,
		"{" HEAD
		",'labels':{'a':'b'}},'spec':{'replicas':1,'selector':{'a':'b'},'containers':"
		"[{'name':'c','image':'i'}]},'status':{}}");

	/* containers is written as null in an empty object, labels is not there. */
	assert_string_equal(test_fields_of(&object, "creator"),
		"{'f:metadata':{'f:labels':{'.':{},'f:a':{}}},'f:spec':{'f:containers':{'k:{\\'name\\':"
		"\\'c\\'}':{'.':{},'f:image':{},'f:name':{}}},'f:replicas':{},'f:selector':{}}}");
	const struct json_value *entry =
		json_element(json_find_path(&object, "metadata", "managedFields", NULL), 0);

	assert_string_equal(single_quoted(test_arena, json_text(json_find(entry, STR("time")))),
		"1970-01-01T00:33:20Z");
	assert_string_equal(
		single_quoted(test_arena, json_text(json_find(entry, STR("operation")))), "Update");
}

static void an_update_takes_what_it_changes_and_drops_what_it_removes(void **state)
{
	(void)state;
	struct json_value first = test_update("one", NULL,
		"{" HEAD
		",'finalizers':['a','b']},'spec':{'replicas':1,'containers':null},'status':{}}");
	struct json_value second = test_update("two", &first,
		"{" HEAD
		",'finalizers':['b']},'spec':{'replicas':2,'containers':null},'status':{}}");

	assert_string_equal(test_fields_of(&second, "one"),
		"{'f:metadata':{'f:finalizers':{'.':{},'v:\\'b\\'':{}}}}");
	assert_string_equal(test_fields_of(&second, "two"), "{'f:spec':{'f:replicas':{}}}");
}

static void the_same_manager_keeps_one_entry(void **state)
{
	(void)state;
	struct json_value first = test_update(
		"one", NULL, "{" HEAD "},'spec':{'replicas':1,'containers':null},'status':{}}");
	struct json_value second = test_update("one", &first,
		"{" HEAD
		",'labels':{'l':'1'}},'spec':{'replicas':2,'containers':null},'status':{}}");

	assert_int_equal(json_count(json_find_path(&second, "metadata", "managedFields", NULL)), 1);
	assert_string_equal(test_fields_of(&second, "one"),
		"{'f:metadata':{'f:labels':{'.':{},'f:l':{}}},'f:spec':{'f:replicas':{}}}");
}

static void what_the_main_resource_resets_belongs_to_nobody(void **state)
{
	(void)state;
	struct json_value object = test_update("one", NULL,
		"{" HEAD "},'spec':{'replicas':1,'containers':null},'status':{'phase':'Up'}}");
	static const char *const reset_spec[] = {"spec", NULL};
	struct managed_fields_request request = test_request("kubelet", 3000);
	struct json_value with_status = parse(test_arena,
		"{" HEAD "},'spec':{'replicas':1,'containers':null},'status':{'phase':'Down'}}");
	struct error err = ERROR_INIT(test_arena);

	assert_string_equal(test_fields_of(&object, "one"), "{'f:spec':{'f:replicas':{}}}");
	request.subresource = STR("status");
	request.reset_paths = reset_spec;
	assert_int_equal(
		managed_fields_update(test_arena, &request, &object, &with_status, &err), 0);
	assert_string_equal(test_fields_of(&with_status, "kubelet"), "{'f:status':{'f:phase':{}}}");
	const struct json_value *entry =
		json_element(json_find_path(&with_status, "metadata", "managedFields", NULL), 1);

	assert_string_equal(
		single_quoted(test_arena, json_text(json_find(entry, STR("subresource")))),
		"status");
}

static void an_unmanaged_object_stays_so_and_a_body_can_reset(void **state)
{
	(void)state;
	struct json_value live = parse(
		test_arena, "{" HEAD "},'spec':{'replicas':1,'containers':null},'status':{}}");
	struct json_value object = test_update(
		"one", &live, "{" HEAD "},'spec':{'replicas':2,'containers':null},'status':{}}");

	assert_null(json_find_path(&object, "metadata", "managedFields", NULL));
	live = test_update("one", NULL, "{" HEAD "},'spec':{'replicas':1,'containers':null}}");
	object = test_update("one", &live,
		"{" HEAD ",'managedFields':[{}]},'spec':{'replicas':2,'containers':null}}");
	assert_null(json_find_path(&object, "metadata", "managedFields", NULL));
	/* Rubbish is ignored, the stored ones count. */
	object = test_update("two", &live,
		"{" HEAD
		",'managedFields':[{'operation':'Wish'}]},'spec':{'replicas':1,'containers':null}}");
	assert_string_equal(test_fields_of(&object, "one"), test_fields_of(&live, "one"));
	/* What can be read replaces the stored ones. */
	object = test_update("two", &live,
		"{" HEAD
		",'managedFields':[{'manager':'z','operation':'Apply','fieldsV1':{'f:spec':{"
		"'f:replicas':{}}}}]},'spec':{'replicas':1,'containers':null}}");
	assert_string_equal(test_fields_of(&object, "one"), "-");
	assert_string_equal(test_fields_of(&object, "z"), "{'f:spec':{'f:replicas':{}}}");
}

static void an_object_that_shares_with_the_live_one_leaves_it_alone(void **state)
{
	(void)state;
	struct json_value live = test_update("one", NULL, "{" HEAD "},'spec':{'replicas':1}}");
	const char *before = show(test_arena, &live);
	struct json_value patch = parse(test_arena, "{'spec':{'replicas':2}}");
	struct json_value object = patch_merge(test_arena, &live, &patch);
	struct managed_fields_request request = test_request("two", 3000);
	struct error err = ERROR_INIT(test_arena);

	assert_int_equal(managed_fields_update(test_arena, &request, &live, &object, &err), 0);
	assert_string_equal(show(test_arena, &live), before);
	assert_string_equal(test_fields_of(&object, "two"), "{'f:spec':{'f:replicas':{}}}");
}

static void old_updates_flow_together(void **state)
{
	(void)state;
	struct json_value live =
		test_update("m0", NULL, "{" HEAD ",'labels':{'l0':'1'}},'spec':{}}");
	struct buffer labels = {0};

	buffer_append(&labels, STR("'l0':'1'"));
	for (int i = 1; i < 13; i++) {
		struct managed_fields_request request =
			test_request(arena_printf(test_arena, "m%d", i).data, 2000 + i);
		struct error err = ERROR_INIT(test_arena);

		buffer_printf(&labels, ",'l%d':'1'", i);
		struct json_value object = parse(test_arena,
			arena_printf(test_arena, "{" HEAD ",'labels':{%.*s}},'spec':{}}",
				STR_ARG(buffer_str(&labels)))
				.data);

		assert_int_equal(
			managed_fields_update(test_arena, &request, &live, &object, &err), 0);
		live = object;
	}
	buffer_fini(&labels);
	assert_int_equal(json_count(json_find_path(&live, "metadata", "managedFields", NULL)), 10);
	assert_string_equal(test_fields_of(&live, "ancient-changes"),
		"{'f:metadata':{'f:labels':{'.':{},'f:l0':{},'f:l1':{},'f:l2':{},'f:l3':{}}}}");
	assert_string_equal(test_fields_of(&live, "m4"), "{'f:metadata':{'f:labels':{'f:l4':{}}}}");
}

#define TEST(name)                                                                                 \
	cmocka_unit_test_setup_teardown(name, test_managed_set_up, test_managed_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_create_gives_its_manager_what_the_empty_object_has_not),
		TEST(an_update_takes_what_it_changes_and_drops_what_it_removes),
		TEST(the_same_manager_keeps_one_entry),
		TEST(what_the_main_resource_resets_belongs_to_nobody),
		TEST(an_unmanaged_object_stays_so_and_a_body_can_reset),
		TEST(an_object_that_shares_with_the_live_one_leaves_it_alone),
		TEST(old_updates_flow_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
