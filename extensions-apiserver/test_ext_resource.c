/* SPDX-License-Identifier: Apache-2.0 */
#include "test_ext_support.h"

#include "ext_openapi.h"
#include "ext_resource.h"
#include "ext_schema.h"
#include "ext_status.h"

#define NOW 1700000000

/* ---- Names and status ---- */

static bool is_other(void *context, struct str name)
{
	return str_equal_c(name, context);
}

static struct json_value *condition(struct json_value *object, const char *type)
{
	struct json_value *list = json_find_path(object, "status", "conditions", NULL);

	for (size_t i = 0; i < json_count(list); i++) {
		if (str_equal_c(json_text(json_find(json_element(list, i), STR("type"))), type))
			return json_element(list, i);
	}
	return NULL;
}

static void check_condition(struct json_value *object, const char *type, const char *status,
	const char *reason, const char *message)
{
	struct json_value *found = condition(object, type);

	assert_non_null(found);
	assert_true(str_equal_c(json_text(json_find(found, STR("status"))), status));
	assert_true(str_equal_c(json_text(json_find(found, STR("reason"))), reason));
	assert_true(str_equal_c(json_text(json_find(found, STR("message"))), message));
}

static void a_new_definition_is_established_at_once(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value definition = parse(arena, WIDGET);
	struct ext_names_group free_names = {is_other, is_other, "nothing"};

	(void)state;
	ext_status_compute(arena, &definition, NULL, &free_names, NOW);
	check_condition(&definition, "NamesAccepted", "True", "NoConflicts", "no conflicts found");
	check_condition(&definition, "Established", "True", "InitialNamesAccepted",
		"the initial names have been accepted");
	assert_null(condition(&definition, "NonStructuralSchema"));
	assert_null(condition(&definition, "KubernetesAPIApprovalPolicyConformant"));
	struct json_value expected = parse(arena,
		"{'plural':'widgets','singular':'widget','shortNames':['wd'],'kind':'Widget',"
		"'listKind':'WidgetList','categories':['all']}");
	assert_true(json_equal(
		&expected, json_find_path(&definition, "status", "acceptedNames", NULL)));
	arena_destroy(&arena);
}

static void names_in_use_are_refused_one_by_one(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value definition = parse(arena, WIDGET);
	struct ext_names_group taken = {is_other, is_other, "Widget"};

	(void)state;
	ext_status_compute(arena, &definition, NULL, &taken, NOW);
	check_condition(&definition, "NamesAccepted", "False", "KindConflict",
		"\"Widget\" is already in use");
	check_condition(
		&definition, "Established", "False", "NotAccepted", "not all names are accepted");
	const struct json_value *names =
		json_find_path(&definition, "status", "acceptedNames", NULL);
	assert_true(str_equal(json_text(json_find(names, STR("plural"))), STR("widgets")));
	assert_true(str_is_empty(json_text(json_find(names, STR("kind")))));
	/* The other lets go of it. */
	struct json_value later = json_copy(arena, &definition, false);
	taken.context = "nothing";
	ext_status_compute(arena, &later, &definition, &taken, NOW + 60);
	check_condition(&later, "Established", "True", "InitialNamesAccepted",
		"the initial names have been accepted");
	/* Once established it stays so, with the names it had. */
	struct json_value last = json_copy(arena, &later, false);
	taken.context = "newer";
	*find_place(&last, "spec/names/singular") = parse(arena, "'newer'");
	ext_status_compute(arena, &last, &later, &taken, NOW + 120);
	check_condition(
		&last, "NamesAccepted", "False", "SingularConflict", "\"newer\" is already in use");
	assert_true(ext_status_is_true(&last, STR("Established")));
	assert_true(str_equal(
		json_text(find_place(&last, "status/acceptedNames/singular")), STR("widget")));
	arena_destroy(&arena);
}

static void the_time_of_a_condition_moves_with_its_status_only(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value first = parse(arena, WIDGET), second;
	struct ext_names_group free_names = {is_other, is_other, "nothing"};

	(void)state;
	ext_status_compute(arena, &first, NULL, &free_names, NOW);
	second = json_copy(arena, &first, false);
	ext_status_compute(arena, &second, &first, &free_names, NOW + 3600);
	assert_true(json_equal(&first, &second));
	arena_destroy(&arena);
}

static void a_deletion_is_told_step_by_step(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value before = parse(arena, WIDGET), object;
	struct ext_names_group free_names = {is_other, is_other, "nothing"};

	(void)state;
	ext_status_compute(arena, &before, NULL, &free_names, NOW);
	object = json_copy(arena, &before, false);
	ext_status_mark_deleted(arena, &object, NOW);
	check_condition(&object, "Terminating", "True", "InstanceDeletionPending",
		"CustomResourceDefinition marked for deletion; CustomResource deletion will begin "
		"soon");
	*find_place(&object, "metadata") = parse(arena,
		"{'name':'widgets.example.com','deletionTimestamp':'2024-01-01T00:00:00Z',"
		"'finalizers':['customresourcecleanup.apiextensions.k8s.io']}");
	ext_status_compute(arena, &object, &before, &free_names, NOW);
	check_condition(&object, "Terminating", "True", "InstanceDeletionInProgress",
		"CustomResource deletion is in progress");
	before = json_copy(arena, &object, false);
	*find_place(&object, "metadata") = parse(
		arena, "{'name':'widgets.example.com','deletionTimestamp':'2024-01-01T00:00:00Z'}");
	ext_status_compute(arena, &object, &before, &free_names, NOW);
	check_condition(&object, "Terminating", "False", "InstanceDeletionCompleted",
		"removed all instances");
	arena_destroy(&arena);
}

static void stored_versions_grow_with_the_storage_version(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value first = parse(arena, WIDGET), second;
	struct ext_names_group free_names = {is_other, is_other, "nothing"};

	(void)state;
	ext_status_compute(arena, &first, NULL, &free_names, NOW);
	second = json_copy(arena, &first, true);
	*find_place(&second, "spec/versions/0/name") = parse(arena, "'v2'");
	ext_status_compute(arena, &second, &first, &free_names, NOW);
	struct json_value expected = parse(arena, "['v1','v2']");

	assert_true(
		json_equal(&expected, json_find_path(&second, "status", "storedVersions", NULL)));
	arena_destroy(&arena);
}

/* ---- The row ---- */

static void established(struct arena *arena, struct json_value *definition)
{
	struct ext_names_group free_names = {is_other, is_other, "nothing"};

	*definition = parse(arena, WIDGET);
	ext_status_compute(arena, definition, NULL, &free_names, NOW);
}

static void a_version_becomes_a_row(void **state)
{
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct json_value definition;
	struct ext_family *family;
	struct ext_resource *made;

	(void)state;
	established(arena, &definition);
	family = ext_family_create(&definition);
	assert_int_equal(ext_family_take(family, STR("v1"), &made, &err), 0);
	ext_family_unref(&family);
	struct api_resource row = made->resource;

	assert_true(str_equal(row.group, STR("example.com")));
	assert_true(str_equal(row.version, STR("v1")));
	assert_true(str_equal(row.resource, STR("widgets")));
	assert_true(str_equal(row.storage_prefix, STR("/registry/example.com/widgets/")));
	assert_int_equal(row.verbs, API_VERBS_ALL);
	assert_int_equal(row.flags, RESOURCE_CUSTOM | RESOURCE_NAMESPACED | RESOURCE_HAS_STATUS |
					    RESOURCE_GENERATION_ANY | RESOURCE_CONDITIONAL_UPDATE);
	assert_int_equal(row.short_name_count, 1);
	assert_int_equal(row.subresource_count, 2);
	assert_true(str_equal(row.scale_selector_path, STR(".status.selector")));
	assert_int_equal(row.column_count, 2);
	assert_true(str_equal(row.columns[1].path, STR(".spec.color")));
	assert_int_equal(row.selectable_field_count, 1);
	assert_true(str_equal(row.selectable_fields[0].label, STR("spec.color")));
	assert_non_null(schema_find_field(row.schema, STR("spec")));
	ext_resource_release(made);
	arena_destroy(&arena);
}

static void what_watches_send_decides_whether_they_end(void **state)
{
	static const struct {
		const char *place, *value;
		enum ext_change change;
	} changes[] = {
		{"metadata/generation", "7", EXT_CHANGE_NONE},
		{"spec/versions/0/additionalPrinterColumns", "[]", EXT_CHANGE_OUTSIDE},
		{"status/acceptedNames/shortNames", "['w']", EXT_CHANGE_OUTSIDE},
		{"spec/versions/0/selectableFields", "[]", EXT_CHANGE_INSIDE},
		{"spec/versions/0/subresources", "{}", EXT_CHANGE_OUTSIDE},
		{"spec/versions/0/schema/openAPIV3Schema/properties/spec", "{'type':'object'}",
			EXT_CHANGE_SCHEMA},
		{"spec/versions/0/storage", "false", EXT_CHANGE_INSIDE},
		{"spec/scope", "'Cluster'", EXT_CHANGE_INSIDE},
	};
	struct arena *arena = arena_create(0);

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct json_value before, after;

		established(arena, &before);
		established(arena, &after);
		*find_place(&after, changes[i].place) = parse(arena, changes[i].value);
		assert_int_equal(ext_resource_compare(&after, find_place(&after, "spec/versions/0"),
					 &before, find_place(&before, "spec/versions/0")),
			changes[i].change);
	}
	arena_destroy(&arena);
}

static void paths_lead_through_properties(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value schema = parse(
		arena, "{'properties':{'a':{'properties':{'b.c':{'type':'string'},'d':{}}}}}");

	(void)state;
	assert_non_null(ext_schema_find_path(&schema, STR(".a.d")));
	assert_non_null(ext_schema_find_path(&schema, STR(".a['b.c']")));
	assert_null(ext_schema_find_path(&schema, STR(".a.b.c")));
	assert_null(ext_schema_find_path(&schema, STR(".a['b.c")));
	assert_null(ext_schema_find_path(&schema, STR(".a.")));
	assert_null(ext_schema_find_path(&schema, STR("a")));
	assert_null(ext_schema_find_path(&schema, STR(".a[0]")));
	assert_null(ext_schema_find_path(&schema, STR("")));
	arena_destroy(&arena);
}

/* ---- OpenAPI ---- */

static void the_document_has_paths_with_parameters_and_kinds(void **state)
{
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct json_value definition, document, meta = json_object();
	struct ext_openapi_builder builder;
	struct ext_family *family;
	struct ext_resource *made;

	(void)state;
	established(arena, &definition);
	const struct json_value *version = ext_find_version(&definition, STR("v1"));

	family = ext_family_create(&definition);
	assert_int_equal(ext_family_take(family, STR("v1"), &made, &err), 0);
	ext_family_unref(&family);
	ext_openapi_begin(&builder, arena, STR("example.com"), STR("v1"), &meta);
	ext_openapi_add(&builder, &made->resource,
		json_find_path(version, "schema", "openAPIV3Schema", NULL));
	document = ext_openapi_end(&builder);
	const struct json_value *patch = json_find_path(&document, "paths",
		"/apis/example.com/v1/namespaces/{namespace}/widgets/{name}", "patch", NULL);

	assert_non_null(patch);
	struct json_value kind =
		parse(arena, "{'group':'example.com','kind':'Widget','version':'v1'}");
	assert_true(json_equal(json_find(patch, STR("x-kubernetes-group-version-kind")), &kind));
	struct str text = json_to_str(arena, patch);

	assert_true(str_find(text, STR("\"fieldValidation\"")) < text.length);
	assert_true(str_find(text, STR("\"dryRun\"")) < text.length);
	const struct json_value *schema =
		json_find_path(&document, "components", "schemas", "com.example.v1.Widget", NULL);

	assert_non_null(json_find_path(schema, "properties", "spec", "properties", "color", NULL));
	assert_true(json_equal(
		json_element(json_find(schema, STR("x-kubernetes-group-version-kind")), 0), &kind));
	assert_non_null(json_find_path(&document, "paths",
		"/apis/example.com/v1/namespaces/{namespace}/widgets/{name}/scale", "get", NULL));
	/* The definition itself is as it was. */
	assert_null(json_find_path(
		version, "schema", "openAPIV3Schema", "properties", "metadata", NULL));
	ext_resource_release(made);
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_definition_is_established_at_once),
		cmocka_unit_test(names_in_use_are_refused_one_by_one),
		cmocka_unit_test(the_time_of_a_condition_moves_with_its_status_only),
		cmocka_unit_test(a_deletion_is_told_step_by_step),
		cmocka_unit_test(stored_versions_grow_with_the_storage_version),
		cmocka_unit_test(a_version_becomes_a_row),
		cmocka_unit_test(what_watches_send_decides_whether_they_end),
		cmocka_unit_test(paths_lead_through_properties),
		cmocka_unit_test(the_document_has_paths_with_parameters_and_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
