/* SPDX-License-Identifier: Apache-2.0 */
#include "test_managed_support.h"

#include <stdlib.h>

struct arena *test_arena;
struct schema *test_deployment;
struct schema *test_custom;

/* ---- A small Deployment. ---- */

static struct schema *make(enum schema_kind kind)
{
	struct schema *schema = ARENA_NEW(test_arena, struct schema);

	schema->kind = kind;
	return schema;
}

static struct schema *make_list(const struct schema *element, enum schema_list_type type,
	const char *key_1, const char *key_2)
{
	struct schema *list = make(SCHEMA_LIST);
	struct str *keys = ARENA_ARRAY(test_arena, struct str, 2);

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
	struct schema_field *copy = ARENA_ARRAY(test_arena, struct schema_field, count);
	uint16_t *order = ARENA_ARRAY(test_arena, uint16_t, count);

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

int test_managed_set_up(void **state)
{
	(void)state;
	test_arena = arena_create(0);
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

	test_deployment = STRUCT(FIELD("apiVersion", text), FIELD("kind", text),
		KEPT("metadata", make_object_meta(text)), KEPT("spec", spec),
		KEPT("status", status));
	test_custom = STRUCT(FIELD("apiVersion", text), FIELD("kind", text),
		FIELD("metadata", make_object_meta(text)), FIELD("spec", make(SCHEMA_ANY)));
	test_custom->flags |= SCHEMA_CUSTOM;
	return 0;
}

int test_managed_tear_down(void **state)
{
	(void)state;
	arena_destroy(&test_arena);
	return 0;
}

struct managed_fields_request test_request(const char *manager, int64_t now)
{
	static const char *const reset_status[] = {"status", NULL};

	return (struct managed_fields_request){.schema = test_deployment,
		.api_version = STR("apps/v1"),
		.manager = str_from_c(manager),
		.reset_paths = reset_status,
		.now_wall_seconds = now};
}

struct json_value test_apply(
	const char *manager, const struct json_value *live, const char *config, bool force)
{
	struct managed_fields_request request = test_request(manager, 1000);
	struct json_value configuration = parse(test_arena, config);
	struct error err = ERROR_INIT(test_arena);
	struct json_value result;

	if (managed_fields_apply(
		    test_arena, &request, live, &configuration, force, &result, &err) != 0)
		fail_msg("%.*s", STR_ARG(err.message));
	return result;
}

const char *test_apply_error(const char *manager, const struct json_value *live, const char *config)
{
	struct managed_fields_request request = test_request(manager, 1000);
	struct json_value configuration = parse(test_arena, config);
	struct error err = ERROR_INIT(test_arena);
	struct json_value result;

	assert_int_equal(managed_fields_apply(
				 test_arena, &request, live, &configuration, false, &result, &err),
		ERROR_RETURN);
	return arena_copy_c(test_arena, err.message);
}

struct json_value test_update(
	const char *manager, const struct json_value *live, const char *object)
{
	struct managed_fields_request request = test_request(manager, 2000);
	struct json_value value = parse(test_arena, object);
	struct error err = ERROR_INIT(test_arena);

	assert_int_equal(managed_fields_update(test_arena, &request, live, &value, &err), 0);
	return value;
}

/* The FieldsV1 of the manager's entry, "-" when it has none. */
const char *test_fields_of(const struct json_value *object, const char *manager)
{
	const struct json_value *entries =
		json_find_path(object, "metadata", "managedFields", NULL);

	for (size_t i = 0; i < json_count(entries); i++) {
		const struct json_value *entry = json_element(entries, i);

		if (str_equal_c(json_text(json_find(entry, STR("manager"))), manager))
			return show(test_arena, json_find(entry, STR("fieldsV1")));
	}
	return "-";
}

/* The object without managedFields. */
const char *test_body_of(const struct json_value *object)
{
	struct json_value bare = managed_fields_without(test_arena, object);

	return show(test_arena, &bare);
}
