/* SPDX-License-Identifier: Apache-2.0 */
#include "test_schema_support.h"

#include <stdlib.h>

#include "managed_fields.h"
#include "managed_fields_private.h"

static struct arena *arena;
static struct schema *workload;
static struct schema *custom;

/* ---- A small Deployment. ---- */

static struct schema *make(enum schema_kind kind)
{
	struct schema *schema = ARENA_NEW(arena, struct schema);

	schema->kind = kind;
	return schema;
}

static struct schema *make_list(const struct schema *element, enum schema_list_type type,
	const char *key_1, const char *key_2)
{
	struct schema *list = make(SCHEMA_LIST);
	struct str *keys = ARENA_ARRAY(arena, struct str, 2);

	list->element = element;
	list->list_type = (uint8_t)type;
	keys[0] = str_from_c(key_1);
	keys[1] = str_from_c(key_2);
	list->map_keys = keys;
	list->map_key_count = (uint16_t)((key_1 != NULL) + (key_2 != NULL));
	return list;
}

static struct schema *make_map(const struct schema *element)
{
	struct schema *map = make(SCHEMA_MAP);

	map->element = element;
	return map;
}

static const struct schema_field *sort_fields;

static int compare_fields(const void *a, const void *b)
{
	return str_compare(
		sort_fields[*(const uint16_t *)a].name, sort_fields[*(const uint16_t *)b].name);
}

static struct schema *make_struct(const struct schema_field *fields, uint16_t count)
{
	struct schema *schema = make(SCHEMA_STRUCT);
	struct schema_field *copy = ARENA_ARRAY(arena, struct schema_field, count);
	uint16_t *order = ARENA_ARRAY(arena, uint16_t, count);

	memcpy(copy, fields, count * sizeof(*copy));
	for (uint16_t i = 0; i < count; i++)
		order[i] = i;
	sort_fields = copy;
	qsort(order, count, sizeof(*order), compare_fields);
	schema->fields = copy;
	schema->fields_by_name = order;
	schema->field_count = count;
	return schema;
}

#define STRUCT(...)                                                                                \
	make_struct((const struct schema_field[]){__VA_ARGS__},                                    \
		sizeof((const struct schema_field[]){__VA_ARGS__}) / sizeof(struct schema_field))
#define FIELD(text, of)                                                                            \
	{                                                                                          \
		.name = STR_INIT(text), .schema = (of)                                             \
	}
#define KEPT(text, of)                                                                             \
	{                                                                                          \
		.name = STR_INIT(text), .schema = (of), .flags = FIELD_EMIT_EMPTY                  \
	}
#define DEFAULTED(text, of, value)                                                                 \
	{                                                                                          \
		.name = STR_INIT(text), .schema = (of), .default_value = (value)                   \
	}

static struct schema *make_object_meta(const struct schema *text)
{
	return STRUCT(FIELD("name", text), FIELD("namespace", text), FIELD("uid", text),
		FIELD("labels", make_map(text)), FIELD("annotations", make_map(text)),
		FIELD("finalizers", make_list(text, SCHEMA_LIST_SET, NULL, NULL)),
		FIELD("managedFields",
			make_list(make(SCHEMA_ANY), SCHEMA_LIST_ATOMIC, NULL, NULL)));
}

static struct schema *make_container(const struct schema *text, const struct schema *integer)
{
	static const struct json_value tcp = {.type = JSON_STRING, .length = 3, .string = "TCP"};
	const struct schema *port = STRUCT(FIELD("containerPort", integer), FIELD("name", text),
		DEFAULTED("protocol", text, &tcp));
	const struct schema *variable = STRUCT(FIELD("name", text), FIELD("value", text));

	return STRUCT(FIELD("name", text), FIELD("image", text),
		FIELD("command", make_list(text, SCHEMA_LIST_ATOMIC, NULL, NULL)),
		FIELD("ports", make_list(port, SCHEMA_LIST_MAP, "containerPort", "protocol")),
		FIELD("env", make_list(variable, SCHEMA_LIST_MAP, "name", NULL)));
}

static int set_up(void **state)
{
	(void)state;
	arena = arena_create(0);
	const struct schema *text = make(SCHEMA_STRING);
	const struct schema *integer = make(SCHEMA_INTEGER);
	struct schema *selector = make_map(text);

	selector->flags |= SCHEMA_ATOMIC;
	const struct schema *condition = STRUCT(FIELD("type", text), FIELD("status", text));
	const struct schema *spec = STRUCT(FIELD("replicas", integer), FIELD("selector", selector),
		KEPT("containers",
			make_list(make_container(text, integer), SCHEMA_LIST_MAP, "name", NULL)));
	const struct schema *status = STRUCT(FIELD("phase", text),
		FIELD("conditions", make_list(condition, SCHEMA_LIST_MAP, "type", NULL)));

	workload = STRUCT(FIELD("apiVersion", text), FIELD("kind", text),
		KEPT("metadata", make_object_meta(text)), KEPT("spec", spec),
		KEPT("status", status));
	custom = STRUCT(FIELD("apiVersion", text), FIELD("kind", text),
		FIELD("metadata", make_object_meta(text)), FIELD("spec", make(SCHEMA_ANY)));
	custom->flags |= SCHEMA_CUSTOM;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_destroy(&arena);
	return 0;
}

/* ---- Helpers. ---- */

#define HEAD "'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'x'"

static struct managed_fields_request by(const char *manager, int64_t now)
{
	static const char *const reset_status[] = {"status", NULL};

	return (struct managed_fields_request){.schema = workload,
		.api_version = STR("apps/v1"),
		.manager = str_from_c(manager),
		.reset_paths = reset_status,
		.now_wall_seconds = now};
}

static struct json_value applied(
	const char *manager, const struct json_value *live, const char *config, bool force)
{
	struct managed_fields_request request = by(manager, 1000);
	struct json_value configuration = parse(arena, config);
	struct error err = ERROR_INIT(arena);
	struct json_value result;

	if (managed_fields_apply(arena, &request, live, &configuration, force, &result, &err) != 0)
		fail_msg("%.*s", STR_ARG(err.message));
	return result;
}

static const char *apply_error(
	const char *manager, const struct json_value *live, const char *config)
{
	struct managed_fields_request request = by(manager, 1000);
	struct json_value configuration = parse(arena, config);
	struct error err = ERROR_INIT(arena);
	struct json_value result;

	assert_int_equal(
		managed_fields_apply(arena, &request, live, &configuration, false, &result, &err),
		ERROR_RETURN);
	return arena_copy_c(arena, err.message);
}

static struct json_value updated(
	const char *manager, const struct json_value *live, const char *object)
{
	struct managed_fields_request request = by(manager, 2000);
	struct json_value value = parse(arena, object);
	struct error err = ERROR_INIT(arena);

	assert_int_equal(managed_fields_update(arena, &request, live, &value, &err), 0);
	return value;
}

/* The FieldsV1 of the manager's entry, "-" when it has none. */
static const char *fields_of(const struct json_value *object, const char *manager)
{
	const struct json_value *entries =
		json_find_path(object, "metadata", "managedFields", NULL);

	for (size_t i = 0; i < json_count(entries); i++) {
		const struct json_value *entry = json_element(entries, i);

		if (str_equal_c(json_text(json_find(entry, STR("manager"))), manager))
			return show(arena, json_find(entry, STR("fieldsV1")));
	}
	return "-";
}

/* The object without managedFields. */
static const char *body_of(const struct json_value *object)
{
	struct json_value bare = managed_fields_without(arena, object);

	return show(arena, &bare);
}

/* ---- Sets. ---- */

static void collect_path(void *context, struct str path)
{
	struct buffer *paths = context;

	buffer_append(paths, path);
	buffer_append_byte(paths, ' ');
}

static void fields_v1_keeps_its_form_and_order(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		const char *out;
		const char *paths;
	} cases[] = {
		{"{}", "{}", ""},
		{"{'f:spec':{'f:replicas':{}}}", "{'f:spec':{'f:replicas':{}}}", ".spec.replicas "},
		{"{'f:b':{},'f:a':{'f:x':{},'.':{}}}", "{'f:a':{'.':{},'f:x':{}},'f:b':{}}",
			".a .b .a.x "},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_value fields = parse(arena, cases[i].in);
		struct error err = ERROR_INIT(arena);
		struct buffer paths = {0};
		struct field_set set;

		assert_int_equal(field_set_parse(arena, &fields, &set, &err), 0);
		struct json_value out = field_set_to_json(arena, &set);

		assert_string_equal(show(arena, &out), cases[i].out);
		field_set_each(&set, collect_path, &paths);
		assert_string_equal(arena_copy_c(arena, buffer_str(&paths)), cases[i].paths);
		buffer_fini(&paths);
	}
}

static void keys_and_values_are_sorted_and_read_back(void **state)
{
	(void)state;
	struct error err = ERROR_INIT(arena);
	struct json_value fields;
	struct field_set set;
	struct str text =
		STR("{\"v:true\":{},\"v:\\\"s\\\"\":{},\"v:10\":{},\"v:9\":{},"
		    "\"k:{\\\"port\\\":80,\\\"name\\\":\\\"b\\\"}\":{\".\":{},\"f:x\":{}},"
		    "\"k:{\\\"name\\\":\\\"a\\\"}\":{},\"i:3\":{},\"f:f\":{}}");

	assert_int_equal(json_read(arena, text, NULL, &fields, &err), 0);
	assert_int_equal(field_set_parse(arena, &fields, &set, &err), 0);
	struct json_value out = field_set_to_json(arena, &set);

	assert_string_equal(arena_copy_c(arena, json_to_str(arena, &out)),
		"{\"f:f\":{},\"k:{\\\"name\\\":\\\"a\\\"}\":{},"
		"\"k:{\\\"name\\\":\\\"b\\\",\\\"port\\\":80}\":{\".\":{},\"f:x\":{}},"
		"\"v:9\":{},\"v:10\":{},\"v:\\\"s\\\"\":{},\"v:true\":{},\"i:3\":{}}");
}

static void bad_fields_v1_is_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {"[]", "{'x:a':{}}", "{'fa':{}}", "{'k:[]':{}}",
		"{'k:{':{}}", "{'v:':{}}", "{'i:-1':{}}", "{'f:a':1}", "{'':{}}"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_value fields = parse(arena, cases[i]);
		struct error err = ERROR_INIT(arena);
		struct field_set set;

		assert_int_equal(field_set_parse(arena, &fields, &set, &err), ERROR_RETURN);
	}
}

static void set_algebra_is_that_of_upstream(void **state)
{
	(void)state;
	struct json_value a_text =
		parse(arena, "{'f:a':{'.':{},'f:x':{}},'f:b':{},'f:c':{'f:y':{}}}");
	struct json_value b_text = parse(arena, "{'f:a':{},'f:c':{'f:y':{},'f:z':{}},'f:d':{}}");
	struct error err = ERROR_INIT(arena);
	struct field_set a;
	struct field_set b;

	assert_int_equal(field_set_parse(arena, &a_text, &a, &err), 0);
	assert_int_equal(field_set_parse(arena, &b_text, &b, &err), 0);
	struct field_set results[] = {field_set_union(arena, &a, &b),
		field_set_intersection(arena, &a, &b), field_set_difference(arena, &a, &b),
		field_set_difference_below(arena, &a, &b)};
	static const char *const expected[] = {
		"{'f:a':{'.':{},'f:x':{}},'f:b':{},'f:c':{'f:y':{},'f:z':{}},'f:d':{}}",
		"{'f:a':{},'f:c':{'f:y':{}}}", "{'f:a':{'f:x':{}},'f:b':{}}", "{'f:b':{}}"};

	for (size_t i = 0; i < 4; i++) {
		struct json_value out = field_set_to_json(arena, &results[i]);

		assert_string_equal(show(arena, &out), expected[i]);
	}
}

/* ---- Updates. ---- */

static void a_create_gives_its_manager_what_the_empty_object_has_not(void **state)
{
	(void)state;
	struct json_value object = updated("creator", NULL,
		"{" HEAD
		",'labels':{'a':'b'}},'spec':{'replicas':1,'selector':{'a':'b'},'containers':"
		"[{'name':'c','image':'i'}]},'status':{}}");

	/* containers is written as null in an empty object, labels is not there. */
	assert_string_equal(fields_of(&object, "creator"),
		"{'f:metadata':{'f:labels':{'.':{},'f:a':{}}},'f:spec':{'f:containers':{'k:{\\'name\\':"
		"\\'c\\'}':{'.':{},'f:image':{},'f:name':{}}},'f:replicas':{},'f:selector':{}}}");
	const struct json_value *entry =
		json_element(json_find_path(&object, "metadata", "managedFields", NULL), 0);

	assert_string_equal(single_quoted(arena, json_text(json_find(entry, STR("time")))),
		"1970-01-01T00:33:20Z");
	assert_string_equal(
		single_quoted(arena, json_text(json_find(entry, STR("operation")))), "Update");
}

static void an_update_takes_what_it_changes_and_drops_what_it_removes(void **state)
{
	(void)state;
	struct json_value first = updated("one", NULL,
		"{" HEAD
		",'finalizers':['a','b']},'spec':{'replicas':1,'containers':null},'status':{}}");
	struct json_value second = updated("two", &first,
		"{" HEAD
		",'finalizers':['b']},'spec':{'replicas':2,'containers':null},'status':{}}");

	assert_string_equal(fields_of(&second, "one"),
		"{'f:metadata':{'f:finalizers':{'.':{},'v:\\'b\\'':{}}}}");
	assert_string_equal(fields_of(&second, "two"), "{'f:spec':{'f:replicas':{}}}");
}

static void the_same_manager_keeps_one_entry(void **state)
{
	(void)state;
	struct json_value first = updated(
		"one", NULL, "{" HEAD "},'spec':{'replicas':1,'containers':null},'status':{}}");
	struct json_value second = updated("one", &first,
		"{" HEAD
		",'labels':{'l':'1'}},'spec':{'replicas':2,'containers':null},'status':{}}");

	assert_int_equal(json_count(json_find_path(&second, "metadata", "managedFields", NULL)), 1);
	assert_string_equal(fields_of(&second, "one"),
		"{'f:metadata':{'f:labels':{'.':{},'f:l':{}}},'f:spec':{'f:replicas':{}}}");
}

static void what_the_main_resource_resets_belongs_to_nobody(void **state)
{
	(void)state;
	struct json_value object = updated("one", NULL,
		"{" HEAD "},'spec':{'replicas':1,'containers':null},'status':{'phase':'Up'}}");
	static const char *const reset_spec[] = {"spec", NULL};
	struct managed_fields_request request = by("kubelet", 3000);
	struct json_value with_status = parse(arena,
		"{" HEAD "},'spec':{'replicas':1,'containers':null},'status':{'phase':'Down'}}");
	struct error err = ERROR_INIT(arena);

	assert_string_equal(fields_of(&object, "one"), "{'f:spec':{'f:replicas':{}}}");
	request.subresource = STR("status");
	request.reset_paths = reset_spec;
	assert_int_equal(managed_fields_update(arena, &request, &object, &with_status, &err), 0);
	assert_string_equal(fields_of(&with_status, "kubelet"), "{'f:status':{'f:phase':{}}}");
	const struct json_value *entry =
		json_element(json_find_path(&with_status, "metadata", "managedFields", NULL), 1);

	assert_string_equal(
		single_quoted(arena, json_text(json_find(entry, STR("subresource")))), "status");
}

static void an_unmanaged_object_stays_so_and_a_body_can_reset(void **state)
{
	(void)state;
	struct json_value live =
		parse(arena, "{" HEAD "},'spec':{'replicas':1,'containers':null},'status':{}}");
	struct json_value object = updated(
		"one", &live, "{" HEAD "},'spec':{'replicas':2,'containers':null},'status':{}}");

	assert_null(json_find_path(&object, "metadata", "managedFields", NULL));
	live = updated("one", NULL, "{" HEAD "},'spec':{'replicas':1,'containers':null}}");
	object = updated("one", &live,
		"{" HEAD ",'managedFields':[{}]},'spec':{'replicas':2,'containers':null}}");
	assert_null(json_find_path(&object, "metadata", "managedFields", NULL));
	/* Rubbish is ignored, the stored ones count. */
	object = updated("two", &live,
		"{" HEAD
		",'managedFields':[{'operation':'Wish'}]},'spec':{'replicas':1,'containers':null}}");
	assert_string_equal(fields_of(&object, "one"), fields_of(&live, "one"));
	/* What can be read replaces the stored ones. */
	object = updated("two", &live,
		"{" HEAD
		",'managedFields':[{'manager':'z','operation':'Apply','fieldsV1':{'f:spec':{"
		"'f:replicas':{}}}}]},'spec':{'replicas':1,'containers':null}}");
	assert_string_equal(fields_of(&object, "one"), "-");
	assert_string_equal(fields_of(&object, "z"), "{'f:spec':{'f:replicas':{}}}");
}

static void old_updates_flow_together(void **state)
{
	(void)state;
	struct json_value live = updated("m0", NULL, "{" HEAD ",'labels':{'l0':'1'}},'spec':{}}");
	struct buffer labels = {0};

	buffer_append(&labels, STR("'l0':'1'"));
	for (int i = 1; i < 13; i++) {
		struct managed_fields_request request =
			by(arena_printf(arena, "m%d", i).data, 2000 + i);
		struct error err = ERROR_INIT(arena);

		buffer_printf(&labels, ",'l%d':'1'", i);
		struct json_value object =
			parse(arena, arena_printf(arena, "{" HEAD ",'labels':{%.*s}},'spec':{}}",
					     STR_ARG(buffer_str(&labels)))
					     .data);

		assert_int_equal(managed_fields_update(arena, &request, &live, &object, &err), 0);
		live = object;
	}
	buffer_fini(&labels);
	assert_int_equal(json_count(json_find_path(&live, "metadata", "managedFields", NULL)), 10);
	assert_string_equal(fields_of(&live, "ancient-changes"),
		"{'f:metadata':{'f:labels':{'.':{},'f:l0':{},'f:l1':{},'f:l2':{},'f:l3':{}}}}");
	assert_string_equal(fields_of(&live, "m4"), "{'f:metadata':{'f:labels':{'f:l4':{}}}}");
}

/* ---- Applies. ---- */

static void an_apply_creates_and_owns_what_it_says(void **state)
{
	(void)state;
	struct json_value object = applied("a", NULL,
		"{" HEAD
		",'labels':{'l':'1'},'finalizers':['f']},'spec':{'replicas':1,'containers':[{"
		"'name':'c','ports':[{'containerPort':80}]}]}}",
		false);

	assert_string_equal(fields_of(&object, "a"),
		"{'f:metadata':{'f:finalizers':{'v:\\'f\\'':{}},'f:labels':{'f:l':{}}},'f:spec':{"
		"'f:containers':{'k:{\\'name\\':\\'c\\'}':{'.':{},'f:name':{},'f:ports':{"
		"'k:{\\'containerPort\\':80,\\'protocol\\':\\'TCP\\'}':{'.':{},'f:containerPort':{}}}}},"
		"'f:replicas':{}}}");
}

static void what_is_not_applied_again_goes_unless_shared(void **state)
{
	(void)state;
	struct json_value object = applied("a", NULL,
		"{" HEAD
		",'labels':{'l':'1','k':'1'}},'spec':{'replicas':1,'containers':[{'name':'c',"
		"'image':'i'},{'name':'d','image':'i'}]}}",
		false);

	object = applied("b", &object,
		"{" HEAD ",'labels':{'k':'1'}},'spec':{'containers':[{'name':'d','image':'i'}]}}",
		false);
	object = applied("a", &object,
		"{" HEAD ",'labels':{}},'spec':{'containers':[{'name':'c'}]}}", false);
	assert_string_equal(body_of(&object),
		"{" HEAD
		",'labels':{'k':'1'}},'spec':{'containers':[{'name':'c'},{'name':'d','image':"
		"'i'}]},'status':{}}");
	object = applied("b", &object, "{" HEAD "}}", false);
	assert_string_equal(fields_of(&object, "b"), "-");
}

static void conflicts_name_manager_and_path(void **state)
{
	(void)state;
	struct json_value live = updated("ctl", NULL,
		"{" HEAD "},'spec':{'replicas':1,'containers':[{'name':'c','image':'i','ports':[{"
		"'containerPort':80,'protocol':'TCP','name':'p'}]}]},'status':{}}");

	assert_string_equal(apply_error("a", &live, "{" HEAD "},'spec':{'replicas':2}}"),
		"Apply failed with 1 conflict: conflict with \"ctl\" using apps/v1: .spec.replicas");
	assert_string_equal(
		apply_error("a", &live,
			"{" HEAD "},'spec':{'replicas':2,'containers':[{'name':'c','image':"
			"'j','ports':[{'containerPort':80,'name':'q'}]}]}}"),
		"Apply failed with 3 conflicts: conflicts with \"ctl\" using apps/v1:\n"
		"- .spec.replicas\n"
		"- .spec.containers[name=\"c\"].image\n"
		"- .spec.containers[name=\"c\"].ports[containerPort=80,protocol=\"TCP\"].name");
	live = applied("b", &live, "{" HEAD "},'spec':{'replicas':1}}", false);
	assert_string_equal(apply_error("a", &live, "{" HEAD "},'spec':{'replicas':2}}"),
		"Apply failed with 2 conflicts: conflicts with \"b\":\n- .spec.replicas\n"
		"conflicts with \"ctl\" using apps/v1:\n- .spec.replicas");
}

static void causes_carry_the_conflicts(void **state)
{
	(void)state;
	struct json_value live = updated("ctl", NULL, "{" HEAD "},'spec':{'replicas':1}}");
	struct managed_fields_request request = by("a", 1);
	struct json_value config = parse(arena, "{" HEAD "},'spec':{'replicas':2}}");
	struct error err = ERROR_INIT(arena);
	struct json_value result;

	assert_int_equal(
		managed_fields_apply(arena, &request, &live, &config, false, &result, &err),
		ERROR_RETURN);
	assert_int_equal(err.code, ERROR_CONFLICT);
	assert_string_equal(arena_copy_c(arena, err.causes->reason), "FieldManagerConflict");
	assert_string_equal(arena_copy_c(arena, err.causes->field), ".spec.replicas");
	assert_string_equal(
		arena_copy_c(arena, err.causes->message), "conflict with \"ctl\" using apps/v1");
}

static void force_takes_and_equal_values_are_shared(void **state)
{
	(void)state;
	struct json_value live = updated("ctl", NULL, "{" HEAD "},'spec':{'replicas':1}}");
	struct json_value shared = applied("a", &live, "{" HEAD "},'spec':{'replicas':1}}", false);
	struct json_value forced = applied("a", &live, "{" HEAD "},'spec':{'replicas':2}}", true);

	assert_string_equal(fields_of(&shared, "ctl"), "{'f:spec':{'f:replicas':{}}}");
	assert_string_equal(fields_of(&shared, "a"), "{'f:spec':{'f:replicas':{}}}");
	assert_string_equal(fields_of(&forced, "ctl"), "-");
	assert_string_equal(fields_of(&forced, "a"), "{'f:spec':{'f:replicas':{}}}");
}

static void what_others_updated_stays_when_an_applier_lets_go(void **state)
{
	(void)state;
	struct json_value object = applied("a", NULL,
		"{" HEAD "},'spec':{'replicas':1,'containers':[{'name':'c','image':'i'}]}}", false);

	object = updated("ctl", &object,
		"{" HEAD
		"},'spec':{'replicas':3,'containers':[{'name':'c','image':'i','env':[{'name':"
		"'E','value':'v'}]}]},'status':{}}");
	/* replicas went to ctl; the container was a's alone, with whatever lies in it. */
	object = applied("a", &object, "{" HEAD "}}", false);
	assert_string_equal(body_of(&object), "{" HEAD "},'spec':{'replicas':3},'status':{}}");
}

static void atomic_values_are_replaced_and_owned_whole(void **state)
{
	(void)state;
	struct json_value object = applied("a", NULL,
		"{" HEAD
		"},'spec':{'selector':{'a':'1','b':'2'},'containers':[{'name':'c','command':['x',"
		"'y']}]}}",
		false);

	object = applied("a", &object,
		"{" HEAD
		"},'spec':{'selector':{'a':'1'},'containers':[{'name':'c','command':['z']}]}}",
		false);
	assert_string_equal(body_of(&object),
		"{" HEAD
		"},'spec':{'containers':[{'name':'c','command':['z']}],'selector':{'a':'1'}},"
		"'status':{}}");
	assert_string_equal(apply_error("b", &object, "{" HEAD "},'spec':{'selector':{'a':'2'}}}"),
		"Apply failed with 1 conflict: conflict with \"a\": .spec.selector");
}

static void list_items_keep_their_places(void **state)
{
	(void)state;
	struct json_value live = updated("ctl", NULL,
		"{" HEAD
		"},'spec':{'containers':[{'name':'a'},{'name':'b'},{'name':'c'},{'name':'d'}]}}");
	struct json_value object = applied("x", &live,
		"{" HEAD "},'spec':{'containers':[{'name':'c'},{'name':'n'},{'name':'a'}]}}", true);
	static const char *const expected =
		"{" HEAD
		"},'spec':{'containers':[{'name':'b'},{'name':'c'},{'name':'d'},{'name':'n'},{'name':"
		"'a'}]}}";

	assert_string_equal(body_of(&object), expected);
}

static void the_first_apply_gives_the_past_a_name(void **state)
{
	(void)state;
	struct json_value live =
		parse(arena, "{" HEAD "},'spec':{'replicas':1,'containers':null},'status':{}}");

	assert_string_equal(apply_error("a", &live, "{" HEAD "},'spec':{'replicas':2}}"),
		"Apply failed with 1 conflict: conflict with \"before-first-apply\" using apps/v1: "
		".spec.replicas");
	struct json_value object = applied("a", &live, "{" HEAD ",'labels':{'l':'1'}}}", false);

	assert_string_equal(
		fields_of(&object, "before-first-apply"), "{'f:spec':{'f:replicas':{}}}");
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
	struct json_value live = parse(arena, "{" HEAD "}}");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(apply_error("a", &live, cases[i].config), cases[i].message);
}

static void custom_objects_are_deduced_and_sorted(void **state)
{
	(void)state;
	struct managed_fields_request request = by("a", 1);
	struct json_value config = parse(arena,
		"{'apiVersion':'e.io/v1','kind':'E','metadata':{'name':'x','labels':{'l':'1'}},'spec':{"
		"'z':{'y':1},'list':[1,2]}}");
	struct error err = ERROR_INIT(arena);
	struct json_value object;

	request.schema = custom;
	request.api_version = STR("e.io/v1");
	assert_int_equal(
		managed_fields_apply(arena, &request, NULL, &config, false, &object, &err), 0);
	assert_string_equal(show(arena, json_find(&object, STR("metadata"))),
		"{'labels':{'l':'1'},'managedFields':[{'apiVersion':'e.io/v1','fieldsType':'FieldsV1',"
		"'fieldsV1':{'f:metadata':{'f:labels':{'f:l':{}}},'f:spec':{'f:list':{},'f:z':{'.':{},'f:y':{"
		"}}}},'manager':'a','operation':'Apply','time':'1970-01-01T00:00:01Z'}],'name':'x'}");
}

static void kubectl_may_take_over_what_it_applied_itself(void **state)
{
	(void)state;
	struct json_value live = updated("kubectl-client-side-apply", NULL,
		"{" HEAD
		",'annotations':{'kubectl.kubernetes.io/last-applied-configuration':'x'}},'spec':"
		"{'replicas':1,'selector':{'a':'1'}}}");
	struct json_value *annotations = json_find_path(&live, "metadata", "annotations", NULL);

	json_set(arena, annotations, STR("kubectl.kubernetes.io/last-applied-configuration"),
		json_string(STR("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{"
				"\"name\":\"x\"},\"spec\":{\"replicas\":1}}")));
	struct json_value object =
		applied("kubectl", &live, "{" HEAD "},'spec':{'replicas':2}}", false);

	assert_int_equal(json_integer_or(json_find_path(&object, "spec", "replicas", NULL), 0), 2);
	assert_string_equal(
		arena_copy_c(
			arena, json_text(json_find_path(&object, "metadata", "annotations",
				       "kubectl.kubernetes.io/last-applied-configuration", NULL))),
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"x\"},"
		"\"spec\":{\"replicas\":2}}\n");
	assert_string_equal(
		apply_error("kubectl", &live, "{" HEAD "},'spec':{'selector':{'a':'2'}}}"),
		"Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using apps/v1: "
		".spec.selector");
}

static void applying_the_same_again_changes_nothing(void **state)
{
	(void)state;
	const char *config = "{" HEAD ",'labels':{'l':'1'}},'spec':{'replicas':1}}";
	struct json_value first = applied("a", NULL, config, false);
	struct json_value second = applied("a", &first, config, false);

	assert_true(json_equal(&first, &second));
	assert_true(managed_fields_equal_but_times(&first, &second));
	struct json_value *entry =
		json_element(json_find_path(&second, "metadata", "managedFields", NULL), 0);

	json_set(arena, entry, STR("time"), json_string(STR("2020-01-01T00:00:00Z")));
	assert_false(json_equal(&first, &second));
	assert_true(managed_fields_equal_but_times(&first, &second));
	json_set(arena, entry, STR("manager"), json_string(STR("b")));
	assert_false(managed_fields_equal_but_times(&first, &second));
}

static void repeated_live_items_survive_an_apply(void **state)
{
	(void)state;
	struct json_value live = parse(arena,
		"{" HEAD
		"},'spec':{'containers':[{'name':'a','image':'1'},{'name':'a','image':'2'},{"
		"'name':'b'}]}}");
	struct json_value object =
		applied("x", &live, "{" HEAD "},'spec':{'containers':[{'name':'n'}]}}", false);

	object = applied("x", &object, "{" HEAD "}}", false);
	assert_string_equal(body_of(&object), body_of(&live));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fields_v1_keeps_its_form_and_order),
		TEST(keys_and_values_are_sorted_and_read_back),
		TEST(bad_fields_v1_is_refused),
		TEST(set_algebra_is_that_of_upstream),
		TEST(a_create_gives_its_manager_what_the_empty_object_has_not),
		TEST(an_update_takes_what_it_changes_and_drops_what_it_removes),
		TEST(the_same_manager_keeps_one_entry),
		TEST(what_the_main_resource_resets_belongs_to_nobody),
		TEST(an_unmanaged_object_stays_so_and_a_body_can_reset),
		TEST(old_updates_flow_together),
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
