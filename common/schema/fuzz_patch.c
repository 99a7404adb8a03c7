/* SPDX-License-Identifier: Apache-2.0 */
#include "assertion.h"
#include "json_reader.h"
#include "json_writer.h"
#include "managed_fields.h"
#include "schema_engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str map_keys[] = {STR_INIT("name"), STR_INIT("port")};
static const struct schema text = {.kind = SCHEMA_STRING};
static const struct schema any = {.kind = SCHEMA_ANY};
static const struct json_value ten = {.type = JSON_INTEGER, .integer = 10};
static const struct schema_field item_fields[] = {
	{.name = STR_INIT("name"), .schema = &text},
	{.name = STR_INIT("port"), .schema = &any, .default_value = &ten},
	{.name = STR_INIT("value"), .schema = &any},
};
static const uint16_t item_order[] = {0, 1, 2};
static const struct schema item = {.kind = SCHEMA_STRUCT,
	.fields = item_fields,
	.fields_by_name = item_order,
	.field_count = 3};
static const struct schema list = {.kind = SCHEMA_LIST,
	.list_type = SCHEMA_LIST_MAP,
	.map_keys = map_keys,
	.map_key_count = 2,
	.element = &item};
static const struct schema set = {
	.kind = SCHEMA_LIST, .list_type = SCHEMA_LIST_SET, .element = &text};
static const struct schema_field root_fields[] = {
	{.name = STR_INIT("a"), .schema = &any},
	{.name = STR_INIT("l"),
		.schema = &list,
		.flags = FIELD_PATCH_MERGE,
		.patch_merge_key = STR_INIT("name")},
	{.name = STR_INIT("metadata"), .schema = &any},
	{.name = STR_INIT("s"), .schema = &set, .flags = FIELD_PATCH_MERGE},
};
static const uint16_t root_order[] = {0, 1, 2, 3};
static const struct schema root = {.kind = SCHEMA_STRUCT,
	.fields = root_fields,
	.fields_by_name = root_order,
	.field_count = 4};

static void apply(
	struct arena *arena, const struct json_value *live, const struct json_value *config)
{
	struct managed_fields_request request = {
		.schema = &root, .api_version = STR("v1"), .manager = STR("fuzz")};
	struct error err = ERROR_INIT(arena);
	struct json_value first;
	struct json_value second;

	if (managed_fields_apply(arena, &request, live, config, true, &first, &err) != 0)
		return;
	/* Applying the same again changes nothing, unless the object was left without a manager:
	 * the next apply then finds what remains to have been there before the first. */
	ASSERT(managed_fields_apply(arena, &request, &first, config, false, &second, &err) == 0);
	if (json_find_path(&first, "metadata", "managedFields", NULL))
		ASSERT(managed_fields_equal_but_times(&first, &second));
	request.manager = STR("other");
	ASSERT(managed_fields_update(arena, &request, &first, &second, &err) == 0);
}

/* The input is a JSON array of a document and a patch, tried as every kind of patch. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct json_value input;
	struct json_value result;

	if (json_read(arena, str_from((const char *)data, size), NULL, &input, &err) == 0 &&
		json_count(&input) == 2 && input.type == JSON_ARRAY) {
		const struct json_value *document = json_element(&input, 0);
		const struct json_value *patch = json_element(&input, 1);
		struct json_value before = json_copy(arena, document, true);

		result = patch_merge(arena, document, patch);
		json_to_str(arena, &result);
		if (patch_json(arena, document, patch, &result, &err) == 0)
			json_to_str(arena, &result);
		error_clear(&err);
		if (document->type == JSON_OBJECT && patch->type == JSON_OBJECT) {
			if (patch_strategic(arena, &root, document, patch, &result, &err) == 0)
				json_to_str(arena, &result);
			apply(arena, document, patch);
		}
		ASSERT(json_equal(document, &before));
	}
	arena_destroy(&arena);
	return 0;
}
