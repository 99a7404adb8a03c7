/* SPDX-License-Identifier: Apache-2.0 */
#include "test_tables_support.h"

#include "api_meta.h"
#include "openapi_documents.h"

/* ---- Walks over everything */

struct visited {
	const struct schema *schemas[4096];
	size_t count;
};

static bool visit_once(struct visited *visited, const struct schema *schema)
{
	for (size_t i = 0; i < visited->count; i++)
		if (visited->schemas[i] == schema)
			return false;
	assert_in_range(visited->count, 0, 4095);
	visited->schemas[visited->count++] = schema;
	return true;
}

static void check_fields(const struct schema *schema)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *field = &schema->fields[i];
		assert_non_null(field->schema);
		assert_ptr_equal(schema_find_field(schema, field->name), field);
		if (i > 0)
			assert_true(str_compare(schema->fields[schema->fields_by_name[i - 1]].name,
					    schema->fields[schema->fields_by_name[i]].name) < 0);
		if (field->default_value)
			assert_true(schema->has_defaults);
		if (field->schema->rules)
			assert_true(field->schema->has_rules && schema->has_rules);
		if (field->schema->has_defaults)
			assert_true(schema->has_defaults);
	}
}

static void check_list(const struct schema *schema)
{
	for (size_t i = 0; i < schema->map_key_count; i++)
		assert_non_null(schema_find_field(schema->element, schema->map_keys[i]));
	assert_int_equal(schema->list_type == SCHEMA_LIST_MAP, schema->map_key_count > 0);
}

static void walk(struct visited *visited, const struct schema *schema)
{
	if (!visit_once(visited, schema))
		return;
	if (schema->kind == SCHEMA_LIST || schema->kind == SCHEMA_MAP) {
		check_list(schema);
		walk(visited, schema->element);
		return;
	}
	if (schema->kind != SCHEMA_STRUCT)
		return;
	assert_false(str_is_empty(schema->name));
	check_fields(schema);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *field = &schema->fields[i];
		if (!str_is_empty(field->patch_merge_key))
			assert_non_null(
				schema_find_field(field->schema->element, field->patch_merge_key));
		walk(visited, field->schema);
	}
}

static void every_schema_is_whole(void **state)
{
	(void)state;
	static struct visited visited;
	for (size_t i = 0; i < api_core_resource_count; i++)
		walk(&visited, api_core_resources[i]->schema);
	assert_in_range(visited.count, 400, 4095);
}

static void every_object_begins_with_kind_api_version_and_metadata(void **state)
{
	(void)state;
	for (size_t i = 0; i < api_core_resource_count; i++) {
		const struct schema *schema = api_core_resources[i]->schema;
		assert_true(str_equal_c(schema->fields[0].name, "kind"));
		assert_true(str_equal_c(schema->fields[1].name, "apiVersion"));
		assert_true(str_equal_c(schema->fields[2].name, "metadata"));
		assert_true(schema->fields[2].schema->flags & SCHEMA_OBJECT_META);
	}
}

static void resources_are_told_apart_by_group_version_and_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < api_core_resource_count; i++) {
		const struct api_resource *left = api_core_resources[i];
		for (size_t other = 0; other < i; other++) {
			const struct api_resource *right = api_core_resources[other];
			assert_false(str_equal(left->group, right->group) &&
				     str_equal(left->version, right->version) &&
				     str_equal(left->resource, right->resource));
			if (!(left->flags & RESOURCE_VIRTUAL))
				assert_false(
					str_equal(left->storage_prefix, right->storage_prefix));
		}
		if (!(left->flags & RESOURCE_VIRTUAL))
			assert_true(str_ends_with(left->storage_prefix, STR("/")));
	}
}

static void status_resources_have_the_subresource(void **state)
{
	(void)state;
	for (size_t i = 0; i < api_core_resource_count; i++) {
		const struct api_resource *resource = api_core_resources[i];
		bool has_status = false;
		for (size_t sub = 0; sub < resource->subresource_count; sub++)
			has_status |= str_equal_c(resource->subresources[sub].name, "status");
		assert_int_equal(has_status, !!(resource->flags & RESOURCE_HAS_STATUS));
	}
}

static void columns_have_one_source_each_and_begin_with_the_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < api_core_resource_count; i++) {
		const struct api_resource *resource = api_core_resources[i];
		bool has_name = false;
		for (size_t column = 0; column < resource->column_count; column++) {
			const struct table_column *here = &resource->columns[column];
			assert_int_equal(str_is_empty(here->path), here->cell != NULL);
			has_name |= str_equal_c(here->format, "name");
		}
		assert_int_equal(has_name, resource->column_count > 0);
	}
}

/* ---- Spot checks */

static const struct schema_field *field_at(const struct schema *schema, const char *path)
{
	struct str rest = str_from_c(path);
	const struct schema_field *field = NULL;
	while (!str_is_empty(rest)) {
		struct str name = str_split(&rest, '.');
		while (schema->element)
			schema = schema->element;
		field = schema_find_field(schema, name);
		if (!field)
			fail_msg("no field %s", path);
		schema = field->schema;
	}
	return field;
}

static void a_pod_has_the_lists_that_apply_and_patch_need(void **state)
{
	(void)state;
	const struct schema *pod = find_resource("pods")->schema;
	const struct schema_field *ports = field_at(pod, "spec.containers.ports");
	assert_int_equal(ports->schema->list_type, SCHEMA_LIST_MAP);
	assert_int_equal(ports->schema->map_key_count, 2);
	assert_true(str_equal_c(ports->schema->map_keys[0], "containerPort"));
	assert_true(str_equal_c(ports->schema->map_keys[1], "protocol"));
	assert_true(str_equal_c(ports->patch_merge_key, "containerPort"));
	const struct schema_field *volumes = field_at(pod, "spec.volumes");
	assert_int_equal(volumes->flags & (FIELD_PATCH_MERGE | FIELD_PATCH_RETAIN_KEYS),
		FIELD_PATCH_MERGE | FIELD_PATCH_RETAIN_KEYS);
	const struct schema_field *empty_dir = field_at(pod, "spec.volumes.emptyDir");
	assert_int_equal(empty_dir->protobuf_number, 2);
	assert_int_equal(empty_dir->protobuf_parent_number, 2);
	assert_int_equal(field_at(pod, "metadata.finalizers")->schema->list_type, SCHEMA_LIST_SET);
	assert_true(field_at(pod, "spec.containers.resources.limits")->schema->flags &
		    SCHEMA_RESOURCE_LIST);
	assert_true(field_at(pod, "spec.containers.env.valueFrom.secretKeyRef")->schema->flags &
		    SCHEMA_ATOMIC);
}

static void flags_are_those_of_upstream(void **state)
{
	(void)state;
	const struct api_resource *pods = find_resource("pods");
	assert_true(pods->flags & RESOURCE_GRACEFUL_DELETE);
	assert_true(pods->flags & RESOURCE_RETURNS_DELETED);
	assert_true(str_equal_c(pods->storage_version_hash, "xPOwRZ+Yhw8="));
	assert_true(str_equal_c(pods->short_names[0], "po"));
	assert_true(find_resource("leases")->flags & RESOURCE_CREATE_ON_UPDATE);
	assert_true(find_resource("leases")->flags & RESOURCE_CONDITIONAL_UPDATE);
	assert_true(find_resource("jobs")->flags & RESOURCE_ORPHAN_BY_DEFAULT);
	assert_false(find_resource("namespaces")->verbs & API_VERB_DELETECOLLECTION);
	assert_true(str_equal_c(find_resource("nodes")->storage_prefix, "/registry/minions/"));
	assert_int_equal(find_resource("events")->default_ttl_seconds, 3600);
}

static void types_are_found_by_their_model_names(void **state)
{
	(void)state;
	assert_ptr_equal(
		api_core_find_schema(STR("io.k8s.api.core.v1.Pod")), find_resource("pods")->schema);
	assert_ptr_equal(
		api_meta_find_schema(STR("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions")),
		&schema_meta_v1_DeleteOptions);
	assert_null(api_core_find_schema(STR("io.k8s.api.core.v1.Nothing")));
}

static void openapi_documents_are_there_for_each_group_version(void **state)
{
	(void)state;
	bool has_apps = false;
	for (size_t i = 0; i < api_core_openapi_document_count; i++) {
		const struct openapi_document *document = &api_core_openapi_documents[i];
		has_apps |= str_equal_c(document->path, "apis/apps/v1");
		assert_int_equal(document->json.tag.length, 128);
		assert_true(str_starts_with(document->json.gzip, STR("\x1f\x8b")));
	}
	assert_true(has_apps);
	assert_true(api_core_openapi_swagger.protobuf.content_bytes > 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_schema_is_whole),
		cmocka_unit_test(every_object_begins_with_kind_api_version_and_metadata),
		cmocka_unit_test(resources_are_told_apart_by_group_version_and_name),
		cmocka_unit_test(status_resources_have_the_subresource),
		cmocka_unit_test(columns_have_one_source_each_and_begin_with_the_name),
		cmocka_unit_test(a_pod_has_the_lists_that_apply_and_patch_need),
		cmocka_unit_test(flags_are_those_of_upstream),
		cmocka_unit_test(types_are_found_by_their_model_names),
		cmocka_unit_test(openapi_documents_are_there_for_each_group_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
