/* SPDX-License-Identifier: Apache-2.0 */
#include "test_schema_support.h"

static const struct schema text = {.kind = SCHEMA_STRING};
static const struct schema int32_value = {.kind = SCHEMA_INTEGER, .bits = 32};
static const struct schema int64_value = {.kind = SCHEMA_INTEGER, .bits = 64};
static const struct schema boolean = {.kind = SCHEMA_BOOLEAN};
static const struct schema time_value = {.kind = SCHEMA_TIME};
static const struct schema micro_time = {.kind = SCHEMA_MICRO_TIME};
static const struct schema duration = {.kind = SCHEMA_DURATION};
static const struct schema bytes = {.kind = SCHEMA_BYTES};
static const struct schema quantity = {.kind = SCHEMA_QUANTITY};
static const struct schema int_or_string = {.kind = SCHEMA_INT_OR_STRING};
static const struct schema anything = {.kind = SCHEMA_ANY};
static const struct schema text_map = {.kind = SCHEMA_MAP, .element = &text};
static const struct schema bytes_map = {.kind = SCHEMA_MAP, .element = &bytes};
static const struct schema text_list = {.kind = SCHEMA_LIST, .element = &text};
static const struct schema resource_list = {
	.kind = SCHEMA_MAP, .flags = SCHEMA_RESOURCE_LIST, .element = &quantity};

#define NO_BOUNDS_BUT_ITEMS                                                                        \
	.minimum_length = -1, .maximum_length = -1, .minimum_items = -1, .minimum_properties = -1, \
	.maximum_properties = -1
#define NO_BOUNDS NO_BOUNDS_BUT_ITEMS, .maximum_items = -1

#define STRUCT(struct_name, struct_fields, struct_by_name)                                         \
	.kind = SCHEMA_STRUCT, .name = STR_INIT("io.k8s.api.test.v1." struct_name),                \
	.fields = (struct_fields), .fields_by_name = (struct_by_name),                             \
	.field_count = sizeof(struct_by_name) / sizeof((struct_by_name)[0])

static const struct schema_field owner_fields[] = {
	{.name = STR_INIT("kind"), .schema = &text, .flags = FIELD_EMIT_EMPTY},
	{.name = STR_INIT("uid"), .schema = &text, .flags = FIELD_EMIT_EMPTY},
	{.name = STR_INIT("controller"), .schema = &boolean, .flags = FIELD_POINTER},
};
static const uint16_t owner_by_name[] = {2, 0, 1};
static const struct schema owner = {STRUCT("OwnerReference", owner_fields, owner_by_name)};
static const struct schema owner_list = {.kind = SCHEMA_LIST, .element = &owner};

static const struct schema_field meta_fields[] = {
	{.name = STR_INIT("name"), .schema = &text},
	{.name = STR_INIT("namespace"), .schema = &text},
	{.name = STR_INIT("generation"), .schema = &int64_value},
	{.name = STR_INIT("creationTimestamp"), .schema = &time_value},
	{.name = STR_INIT("labels"), .schema = &text_map},
	{.name = STR_INIT("ownerReferences"),
		.schema = &owner_list,
		.flags = FIELD_PATCH_MERGE,
		.patch_merge_key = STR_INIT("uid")},
	{.name = STR_INIT("finalizers"), .schema = &text_list, .flags = FIELD_PATCH_MERGE},
};
static const uint16_t meta_by_name[] = {3, 6, 2, 4, 0, 1, 5};
const struct schema test_object_meta = {
	STRUCT("ObjectMeta", meta_fields, meta_by_name),
	.flags = SCHEMA_OBJECT_META,
};

static const struct json_value protocols[] = {
	{.type = JSON_STRING, .length = 3, .string = "TCP"},
	{.type = JSON_STRING, .length = 3, .string = "UDP"},
};
static const struct schema_rules protocol_rules = {
	NO_BOUNDS, .enum_values = protocols, .enum_count = 2, .enum_allows_empty = true};
static const struct schema protocol = {
	.kind = SCHEMA_STRING, .rules = &protocol_rules, .has_rules = true};
static const struct schema_rules port_rules = {NO_BOUNDS, .required_value = true,
	.has_minimum = true, .minimum = 1, .has_maximum = true, .maximum = 65535};
static const struct schema port_number = {
	.kind = SCHEMA_INTEGER, .bits = 32, .rules = &port_rules, .has_rules = true};
static const struct schema_field port_fields[] = {
	{.name = STR_INIT("name"), .schema = &text},
	{.name = STR_INIT("containerPort"), .schema = &port_number, .flags = FIELD_EMIT_EMPTY},
	{.name = STR_INIT("protocol"), .schema = &protocol, .default_value = &protocols[0]},
};
static const uint16_t port_by_name[] = {1, 0, 2};
static const struct schema port = {
	STRUCT("ContainerPort", port_fields, port_by_name),
	.has_rules = true,
	.has_defaults = true,
};
static const struct schema port_list = {
	.kind = SCHEMA_LIST, .element = &port, .has_rules = true, .has_defaults = true};

static const struct schema_field resources_fields[] = {
	{.name = STR_INIT("limits"), .schema = &resource_list},
	{.name = STR_INIT("requests"), .schema = &resource_list},
};
static const uint16_t resources_by_name[] = {0, 1};
static const struct schema resources = {
	STRUCT("ResourceRequirements", resources_fields, resources_by_name)};

static const struct schema_rules container_name_rules = {
	NO_BOUNDS, .required_value = true, .format = STR_INIT("k8s-short-name")};
static const struct schema container_name = {
	.kind = SCHEMA_STRING, .rules = &container_name_rules, .has_rules = true};
static const struct schema_field container_fields[] = {
	{.name = STR_INIT("name"), .schema = &container_name, .flags = FIELD_EMIT_EMPTY},
	{.name = STR_INIT("image"), .schema = &text},
	{.name = STR_INIT("command"), .schema = &text_list},
	{.name = STR_INIT("ports"),
		.schema = &port_list,
		.flags = FIELD_PATCH_MERGE,
		.patch_merge_key = STR_INIT("containerPort")},
	{.name = STR_INIT("resources"), .schema = &resources, .flags = FIELD_EMIT_EMPTY},
	{.name = STR_INIT("stdin"), .schema = &boolean},
};
static const uint16_t container_by_name[] = {2, 1, 0, 3, 4, 5};
static const struct schema container = {
	STRUCT("Container", container_fields, container_by_name),
	.has_rules = true,
	.has_defaults = true,
};
static const struct str container_keys[] = {STR_INIT("name")};
static const struct schema_rules container_list_rules = {
	NO_BOUNDS_BUT_ITEMS, .maximum_items = 3, .required_value = true, .unique_items = true};
static const struct schema container_list = {.kind = SCHEMA_LIST,
	.element = &container,
	.list_type = SCHEMA_LIST_MAP,
	.map_keys = container_keys,
	.map_key_count = 1,
	.rules = &container_list_rules,
	.has_rules = true,
	.has_defaults = true};

static const struct schema_field update_fields[] = {
	{.name = STR_INIT("type"), .schema = &text},
	{.name = STR_INIT("maxSurge"), .schema = &int_or_string, .flags = FIELD_POINTER},
};
static const uint16_t update_by_name[] = {1, 0};
static const struct schema update = {STRUCT("Strategy", update_fields, update_by_name)};

static const struct schema_rules selector_rules = {NO_BOUNDS, .immutable = true};
static const struct schema selector = {
	.kind = SCHEMA_MAP, .element = &text, .rules = &selector_rules, .has_rules = true};

static const struct json_value one = {.type = JSON_INTEGER, .integer = 1};
static const struct schema_field spec_fields[] = {
	{.name = STR_INIT("replicas"),
		.schema = &int32_value,
		.flags = FIELD_POINTER,
		.default_value = &one},
	{.name = STR_INIT("selector"), .schema = &selector, .flags = FIELD_EMIT_EMPTY},
	{.name = STR_INIT("metadata"), .schema = &test_object_meta, .flags = FIELD_EMIT_EMPTY},
	{.name = STR_INIT("containers"),
		.schema = &container_list,
		.flags = FIELD_EMIT_EMPTY | FIELD_PATCH_MERGE,
		.patch_merge_key = STR_INIT("name")},
	{.name = STR_INIT("strategy"),
		.schema = &update,
		.flags = FIELD_EMIT_EMPTY | FIELD_PATCH_RETAIN_KEYS},
	{.name = STR_INIT("paused"), .schema = &boolean},
	{.name = STR_INIT("period"), .schema = &duration, .flags = FIELD_POINTER},
	{.name = STR_INIT("renewed"), .schema = &micro_time, .flags = FIELD_POINTER},
	{.name = STR_INIT("data"), .schema = &bytes_map},
	{.name = STR_INIT("raw"), .schema = &anything},
	{.name = STR_INIT("tags"), .schema = &text_list},
};
static const uint16_t spec_by_name[] = {3, 8, 2, 5, 6, 9, 7, 0, 1, 4, 10};
static const struct schema spec = {
	STRUCT("WorkloadSpec", spec_fields, spec_by_name),
	.has_rules = true,
	.has_defaults = true,
};

static const struct schema_field status_fields[] = {
	{.name = STR_INIT("replicas"), .schema = &int32_value},
};
static const uint16_t status_by_name[] = {0};
static const struct schema status = {STRUCT("WorkloadStatus", status_fields, status_by_name)};

/* As upstream's SetDefaults: a selector from the labels, and a strategy. */
static void workload_defaults(struct arena *arena, struct json_value *object)
{
	struct json_value *labels = json_find_path(object, "spec", "metadata", "labels", NULL);
	struct json_value *set = json_find_path(object, "spec", "selector", NULL);

	if (labels && json_count(set) == 0)
		json_set_path(
			arena, object, json_copy(arena, labels, false), "spec", "selector", NULL);
	if (!json_find_path(object, "spec", "strategy", "type", NULL))
		json_set_path(arena, object, json_string(STR("RollingUpdate")), "spec", "strategy",
			"type", NULL);
}

static const struct schema_field workload_fields[] = {
	{.name = STR_INIT("kind"), .schema = &text},
	{.name = STR_INIT("apiVersion"), .schema = &text},
	{.name = STR_INIT("metadata"), .schema = &test_object_meta, .flags = FIELD_EMIT_EMPTY},
	{.name = STR_INIT("spec"), .schema = &spec, .flags = FIELD_EMIT_EMPTY},
	{.name = STR_INIT("status"), .schema = &status, .flags = FIELD_EMIT_EMPTY},
};
static const uint16_t workload_by_name[] = {1, 0, 2, 3, 4};
const struct schema test_workload = {
	STRUCT("Workload", workload_fields, workload_by_name),
	.has_rules = true,
	.has_defaults = true,
	.default_function = workload_defaults,
};
