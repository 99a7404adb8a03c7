/* SPDX-License-Identifier: Apache-2.0 */
/* The resources that the tests' server serves. */
#include "test_server_resources.h"

#include "json_value.h"
#include "resource_strategy.h"
#include "test_server_support.h"

static const struct schema text = {.kind = SCHEMA_STRING};
static const struct schema int32_value = {.kind = SCHEMA_INTEGER, .bits = 32};
static const struct schema int64_value = {.kind = SCHEMA_INTEGER, .bits = 64};
static const struct schema time_value = {.kind = SCHEMA_TIME};
static const struct schema anything = {.kind = SCHEMA_ANY};
static const struct schema any_list = {.kind = SCHEMA_LIST, .element = &anything};
static const struct schema text_map = {.kind = SCHEMA_MAP, .element = &text};
static const struct schema text_list = {
	.kind = SCHEMA_LIST, .element = &text, .list_type = SCHEMA_LIST_SET};

#define STRUCT(struct_name, struct_fields, struct_by_name)                                         \
	.kind = SCHEMA_STRUCT, .name = STR_INIT("com.example.test.v1." struct_name),               \
	.fields = (struct_fields), .fields_by_name = (struct_by_name),                             \
	.field_count = sizeof(struct_by_name) / sizeof((struct_by_name)[0])
#define FIELD(field_name, field_schema)                                                            \
	{                                                                                          \
		.name = STR_INIT(field_name), .schema = &(field_schema)                            \
	}

static const struct schema_field meta_fields[] = {
	FIELD("name", text),
	FIELD("generateName", text),
	FIELD("namespace", text),
	FIELD("uid", text),
	FIELD("resourceVersion", text),
	FIELD("generation", int64_value),
	FIELD("creationTimestamp", time_value),
	FIELD("deletionTimestamp", time_value),
	{.name = STR_INIT("deletionGracePeriodSeconds"),
		.schema = &int64_value,
		.flags = FIELD_POINTER},
	FIELD("labels", text_map),
	FIELD("annotations", text_map),
	{.name = STR_INIT("finalizers"), .schema = &text_list, .flags = FIELD_PATCH_MERGE},
	FIELD("managedFields", any_list),
};
static const uint16_t meta_by_name[] = {10, 6, 8, 7, 11, 1, 5, 9, 12, 0, 2, 4, 3};
static const struct schema object_meta = {
	STRUCT("ObjectMeta", meta_fields, meta_by_name), .flags = SCHEMA_OBJECT_META};

static const struct schema_field spec_fields[] = {
	FIELD("color", text),
	{.name = STR_INIT("number"), .schema = &int32_value},
	{.name = STR_INIT("replicas"), .schema = &int32_value, .flags = FIELD_POINTER},
	FIELD("selector", text_map),
};
static const uint16_t spec_by_name[] = {0, 1, 2, 3};
static const struct schema spec = {STRUCT("Spec", spec_fields, spec_by_name)};

static const struct schema_field status_fields[] = {
	FIELD("phase", text),
	FIELD("replicas", int32_value),
};
static const uint16_t status_by_name[] = {0, 1};
static const struct schema status = {STRUCT("Status", status_fields, status_by_name)};

static const struct schema_field object_fields[] = {
	FIELD("kind", text),
	FIELD("apiVersion", text),
	{.name = STR_INIT("metadata"), .schema = &object_meta, .flags = FIELD_EMIT_EMPTY},
	FIELD("spec", spec),
	FIELD("status", status),
};
static const uint16_t object_by_name[] = {1, 0, 2, 3, 4};
static const struct schema object = {STRUCT("Object", object_fields, object_by_name)};

static const struct selectable_field selectable[] = {
	{.label = STR_INIT("spec.color"), .path = STR_INIT(".spec.color")}};

static const struct api_subresource subresources[] = {
	{.name = STR_INIT("status"),
		.verbs = API_VERB_GET | API_VERB_UPDATE | API_VERB_PATCH,
		.kind = STR_INIT("Widget")},
	{.name = STR_INIT("scale"),
		.verbs = API_VERB_GET | API_VERB_UPDATE | API_VERB_PATCH,
		.kind = STR_INIT("Scale"),
		.group = STR_INIT("autoscaling"),
		.version = STR_INIT("v1")},
};

/* ---- Tickets ---- */

static struct server_test *test_of(const struct strategy_context *context)
{
	return api_server_context(context->server);
}

static int64_t number_of(const struct json_value *ticket)
{
	return json_integer_or(json_find_path(ticket, "spec", "number", NULL), 0);
}

static int allocate(const struct strategy_context *context, struct json_value *ticket,
	const struct json_value *old, struct error *err)
{
	struct server_test *test = test_of(context);

	if (number_of(ticket) != 0 && number_of(ticket) == number_of(old))
		return 0;
	for (int64_t number = 1; number < 5; number++) {
		if (test->taken[number])
			continue;
		test->taken[number] = true;
		json_set_path(context->arena, ticket, json_integer(number), "spec", "number", NULL);
		return 0;
	}
	return error_set(err, ERROR_INTERNAL, "no number is left");
}

static void settle(const struct strategy_context *context, const struct json_value *ticket,
	const struct json_value *old, bool is_committed)
{
	struct server_test *test = test_of(context);

	if (!is_committed && number_of(ticket) != number_of(old))
		test->taken[number_of(ticket)] = false;
	if (is_committed && old && number_of(ticket) != number_of(old))
		test->taken[number_of(old)] = false;
}

static void validate(const struct strategy_context *context, const struct json_value *ticket,
	const struct json_value *old, struct field_errors *errors)
{
	struct field_path parent = field_path_child(NULL, STR("spec"));
	struct field_path path = field_path_child(&parent, STR("color"));
	const struct json_value *color = json_find_path(ticket, "spec", "color", NULL);

	(void)context;
	(void)old;
	if (str_equal(json_text(color), STR("bad")))
		field_errors_add(errors, FIELD_ERROR_INVALID, &path, color, "is bad");
}

static const struct resource_strategy ticket_strategy = {
	.allocate = allocate, .settle = settle, .validate = validate};

/* ---- Rows ---- */

#define COMMON(plural, single, kind_name)                                                          \
	.group = STR_INIT("test.example.com"), .version = STR_INIT("v1"),                          \
	.resource = STR_INIT(plural), .singular = STR_INIT(single), .kind = STR_INIT(kind_name),   \
	.list_kind = STR_INIT(kind_name "List"), .verbs = API_VERBS_ALL, .schema = &object,        \
	.storage_prefix = STR_INIT("/registry/test/" plural "/")

const struct api_resource test_widgets = {
	COMMON("widgets", "widget", "Widget"),
	.flags = RESOURCE_NAMESPACED | RESOURCE_HAS_STATUS | RESOURCE_GENERATION,
	.subresources = subresources,
	.subresource_count = 2,
	.selectable_fields = selectable,
	.selectable_field_count = 1,
	.scale_spec_path = STR_INIT(".spec.replicas"),
	.scale_status_path = STR_INIT(".status.replicas"),
	.scale_selector_path = STR_INIT(".spec.selector"),
};

const struct api_resource test_racks = {
	COMMON("racks", "rack", "Rack"),
	.flags = RESOURCE_CREATE_ON_UPDATE,
	.name_format = NAME_PATH_SEGMENT,
};

const struct api_resource test_tickets = {
	COMMON("tickets", "ticket", "Ticket"),
	.flags = RESOURCE_NAMESPACED | RESOURCE_RETURNS_DELETED | RESOURCE_CONDITIONAL_UPDATE |
		 RESOURCE_CREATE_ON_UPDATE,
	.strategy = &ticket_strategy,
};
