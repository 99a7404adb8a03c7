/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_openapi.h"

#define META_MODEL "io.k8s.apimachinery.pkg.apis.meta.v1."

struct parameter {
	const char *name;
	const char *type;
};

static const struct parameter list_query[] = {{"allowWatchBookmarks", "boolean"},
	{"continue", "string"}, {"fieldSelector", "string"}, {"labelSelector", "string"},
	{"limit", "integer"}, {"resourceVersion", "string"}, {"resourceVersionMatch", "string"},
	{"sendInitialEvents", "boolean"}, {"timeoutSeconds", "integer"}, {"watch", "boolean"}, {0}};
static const struct parameter write_query[] = {
	{"dryRun", "string"}, {"fieldManager", "string"}, {"fieldValidation", "string"}, {0}};
static const struct parameter patch_query[] = {{"dryRun", "string"}, {"fieldManager", "string"},
	{"fieldValidation", "string"}, {"force", "boolean"}, {0}};
static const struct parameter delete_query[] = {{"dryRun", "string"},
	{"gracePeriodSeconds", "integer"},
	{"ignoreStoreReadErrorWithClusterBreakingPotential", "boolean"},
	{"orphanDependents", "boolean"}, {"propagationPolicy", "string"}, {0}};
static const struct parameter collection_query[] = {{"continue", "string"}, {"dryRun", "string"},
	{"fieldSelector", "string"}, {"gracePeriodSeconds", "integer"},
	{"ignoreStoreReadErrorWithClusterBreakingPotential", "boolean"},
	{"labelSelector", "string"}, {"limit", "integer"}, {"orphanDependents", "boolean"},
	{"propagationPolicy", "string"}, {"resourceVersion", "string"},
	{"resourceVersionMatch", "string"}, {"sendInitialEvents", "boolean"},
	{"timeoutSeconds", "integer"}, {0}};

static const char *const read_types[] = {"application/json", "application/yaml", NULL};
static const char *const patch_types[] = {"application/apply-patch+yaml",
	"application/json-patch+json", "application/merge-patch+json", NULL};

struct json_value ext_openapi_reference(struct arena *arena, struct str model)
{
	struct json_value reference = json_object();

	json_append_member(arena, &reference, STR("$ref"),
		json_string(arena_printf(arena, "#/components/schemas/%.*s", STR_ARG(model))));
	return reference;
}

/* ---- Parts of an operation ---- */

static void add_parameter(struct arena *arena, struct json_value *parameters, const char *name,
	const char *place, const char *type)
{
	struct json_value parameter = json_object(), schema = json_object();
	bool is_path = str_equal_c(str_from_c(place), "path");

	json_append_member(arena, &schema, STR("type"), json_string(str_from_c(type)));
	json_append_member(arena, &schema, STR("uniqueItems"), json_bool(true));
	json_append_member(arena, &parameter, STR("name"), json_string(str_from_c(name)));
	json_append_member(arena, &parameter, STR("in"), json_string(str_from_c(place)));
	if (is_path)
		json_append_member(arena, &parameter, STR("required"), json_bool(true));
	json_append_member(arena, &parameter, STR("schema"), schema);
	json_append(arena, parameters, parameter);
}

static struct json_value content_of(
	struct arena *arena, const char *const *types, const struct json_value *schema)
{
	struct json_value content = json_object();

	for (size_t i = 0; types[i]; i++) {
		struct json_value type = json_object();

		json_append_member(arena, &type, STR("schema"), *schema);
		json_append_member(arena, &content, str_from_c(types[i]), type);
	}
	return content;
}

static struct json_value response(
	struct arena *arena, const char *description, const struct json_value *schema)
{
	struct json_value value = json_object();

	json_append_member(arena, &value, STR("description"), json_string(str_from_c(description)));
	if (schema)
		json_append_member(
			arena, &value, STR("content"), content_of(arena, read_types, schema));
	return value;
}

struct operation {
	const char *method;
	const char *action; /* x-kubernetes-action */
	const char *verb;   /* of the operation's id */
	const char *prefix; /* of the name in the operation's id: "Collection" */
	const char *suffix; /* "Status", "ForAllNamespaces" */
	const struct parameter *query;
	struct json_value returned;
	const struct json_value *body;
	bool is_body_optional;
	const char *const *body_types;
	bool creates; /* may answer 201 */
	bool accepts; /* may answer 202 */
	bool is_scale;
};

/* "ioExampleStable" of stable.example.io: reversed as models are. */
static struct str operation_id(
	struct arena *arena, const struct api_resource *resource, const struct operation *operation)
{
	struct str words = STR_EMPTY, rest = resource->group;

	while (!str_is_empty(rest)) {
		struct str word = arena_copy(arena, str_split(&rest, '.'));

		if (word.length > 0 && word.data[0] >= 'a' && word.data[0] <= 'z')
			((char *)(uintptr_t)word.data)[0] = (char)(word.data[0] - 'a' + 'A');
		words = arena_printf(arena, "%.*s%.*s", STR_ARG(word), STR_ARG(words));
	}
	struct str version = arena_copy(arena, resource->version);

	if (version.data[0] >= 'a' && version.data[0] <= 'z')
		((char *)(uintptr_t)version.data)[0] = (char)(version.data[0] - 'a' + 'A');
	return arena_printf(arena, "%s%.*s%.*s%s%s%.*s%s", operation->verb, STR_ARG(words),
		STR_ARG(version), operation->prefix ? operation->prefix : "",
		resource->flags & RESOURCE_NAMESPACED &&
				!(operation->suffix && operation->suffix[0] == 'F')
			? "Namespaced"
			: "",
		STR_ARG(resource->kind), operation->suffix ? operation->suffix : "");
}

static struct json_value kind_of(
	struct arena *arena, const struct api_resource *resource, bool is_scale)
{
	struct json_value kind = json_object();

	json_append_member(arena, &kind, STR("group"),
		json_string(is_scale ? STR("autoscaling") : resource->group));
	json_append_member(
		arena, &kind, STR("kind"), json_string(is_scale ? STR("Scale") : resource->kind));
	json_append_member(arena, &kind, STR("version"),
		json_string(is_scale ? STR("v1") : resource->version));
	return kind;
}

static struct json_value responses_of(struct arena *arena, const struct operation *operation)
{
	struct json_value responses = json_object();

	json_append_member(
		arena, &responses, STR("200"), response(arena, "OK", &operation->returned));
	if (operation->creates)
		json_append_member(arena, &responses, STR("201"),
			response(arena, "Created", &operation->returned));
	if (operation->accepts)
		json_append_member(arena, &responses, STR("202"),
			response(arena, "Accepted", &operation->returned));
	json_append_member(arena, &responses, STR("401"), response(arena, "Unauthorized", NULL));
	return responses;
}

static void add_selectable_fields(
	struct arena *arena, const struct api_resource *resource, struct json_value *value)
{
	struct json_value fields = json_array();

	for (size_t i = 0; i < resource->selectable_field_count; i++) {
		struct json_value field = json_object();

		json_append_member(arena, &field, STR("fieldPath"),
			json_string(resource->selectable_fields[i].label));
		json_append(arena, &fields, field);
	}
	if (json_count(&fields) > 0)
		json_append_member(arena, value, STR("x-kubernetes-selectable-fields"), fields);
}

static struct json_value make_operation(
	struct arena *arena, const struct api_resource *resource, const struct operation *operation)
{
	static const char *const any_type[] = {"*/*", NULL};
	struct json_value value = json_object(), tags = json_array(), query = json_array();
	struct json_value body = json_object();

	json_append(arena, &tags,
		json_string(arena_printf(
			arena, "%.*s_%.*s", STR_ARG(resource->group), STR_ARG(resource->version))));
	json_append_member(arena, &value, STR("tags"), tags);
	json_append_member(arena, &value, STR("operationId"),
		json_string(operation_id(arena, resource, operation)));
	for (size_t i = 0; operation->query && operation->query[i].name; i++)
		add_parameter(
			arena, &query, operation->query[i].name, "query", operation->query[i].type);
	if (json_count(&query) > 0)
		json_append_member(arena, &value, STR("parameters"), query);
	if (operation->body) {
		json_append_member(arena, &body, STR("content"),
			content_of(arena, operation->body_types ? operation->body_types : any_type,
				operation->body));
		if (!operation->is_body_optional)
			json_append_member(arena, &body, STR("required"), json_bool(true));
		json_append_member(arena, &value, STR("requestBody"), body);
	}
	json_append_member(arena, &value, STR("responses"), responses_of(arena, operation));
	json_append_member(arena, &value, STR("x-kubernetes-action"),
		json_string(str_from_c(operation->action)));
	json_append_member(arena, &value, STR("x-kubernetes-group-version-kind"),
		kind_of(arena, resource, operation->is_scale));
	if (str_equal(str_from_c(operation->action), STR("list")))
		add_selectable_fields(arena, resource, &value);
	return value;
}

/* ---- Paths ---- */

static void add(struct ext_openapi_builder *builder, const struct api_resource *resource,
	struct str path, const struct operation *operation)
{
	struct arena *arena = builder->arena;
	struct json_value *item = json_find(&builder->paths, path);

	if (!item) {
		struct json_value parameters = json_array(), made = json_object();

		if (str_find(path, STR("{name}")) < path.length)
			add_parameter(arena, &parameters, "name", "path", "string");
		if (str_find(path, STR("{namespace}")) < path.length)
			add_parameter(arena, &parameters, "namespace", "path", "string");
		add_parameter(arena, &parameters, "pretty", "query", "string");
		json_append_member(arena, &made, STR("parameters"), parameters);
		item = json_append_member(arena, &builder->paths, path, made);
	}
	json_set(arena, item, str_from_c(operation->method),
		make_operation(arena, resource, operation));
}

static void add_reads_and_writes(struct ext_openapi_builder *builder,
	const struct api_resource *resource, struct str path, const struct json_value *schema,
	const char *suffix, bool is_scale)
{
	struct json_value patch = ext_openapi_reference(builder->arena, STR(META_MODEL "Patch"));
	struct operation operation = {
		.method = "get",
		.action = "get",
		.verb = "read",
		.suffix = suffix,
		.returned = *schema,
		.is_scale = is_scale,
	};

	add(builder, resource, path, &operation);
	operation.method = operation.action = "put";
	operation.verb = "replace";
	operation.query = write_query;
	operation.body = schema;
	operation.creates = true;
	add(builder, resource, path, &operation);
	operation.method = operation.action = operation.verb = "patch";
	operation.query = patch_query;
	operation.body = &patch;
	operation.body_types = patch_types;
	operation.creates = false;
	add(builder, resource, path, &operation);
}

static void add_collection(struct ext_openapi_builder *builder, const struct api_resource *resource,
	struct str path, const struct json_value *object, const struct json_value *list)
{
	struct json_value options =
		ext_openapi_reference(builder->arena, STR(META_MODEL "DeleteOptions"));

	add(builder, resource, path,
		&(struct operation){.method = "get",
			.action = "list",
			.verb = "list",
			.query = list_query,
			.returned = *list});
	add(builder, resource, path,
		&(struct operation){.method = "post",
			.action = "post",
			.verb = "create",
			.query = write_query,
			.returned = *object,
			.body = object,
			.creates = true,
			.accepts = true});
	add(builder, resource, path,
		&(struct operation){.method = "delete",
			.action = "deletecollection",
			.verb = "delete",
			.prefix = "Collection",
			.query = collection_query,
			.returned = ext_openapi_reference(builder->arena, STR(META_MODEL "Status")),
			.body = &options,
			.is_body_optional = true});
}

void ext_openapi_add_paths(struct ext_openapi_builder *builder, const struct api_resource *resource)
{
	struct arena *arena = builder->arena;
	struct str root = arena_printf(
		arena, "/apis/%.*s/%.*s", STR_ARG(resource->group), STR_ARG(resource->version));
	bool is_namespaced = resource->flags & RESOURCE_NAMESPACED;
	struct str all =
		arena_printf(arena, "%.*s/%.*s", STR_ARG(root), STR_ARG(resource->resource));
	struct str collection = arena_printf(arena, "%.*s%s/%.*s", STR_ARG(root),
		is_namespaced ? "/namespaces/{namespace}" : "", STR_ARG(resource->resource));
	struct str one = arena_printf(arena, "%.*s/{name}", STR_ARG(collection));
	struct json_value object = ext_openapi_reference(arena,
		ext_openapi_model(arena, resource->group, resource->version, resource->kind));
	struct json_value list = ext_openapi_reference(arena,
		ext_openapi_model(arena, resource->group, resource->version, resource->list_kind));
	struct json_value scale =
		ext_openapi_reference(arena, STR("io.k8s.api.autoscaling.v1.Scale"));
	struct json_value options = ext_openapi_reference(arena, STR(META_MODEL "DeleteOptions"));

	if (is_namespaced)
		add(builder, resource, all,
			&(struct operation){.method = "get",
				.action = "list",
				.verb = "list",
				.suffix = "ForAllNamespaces",
				.query = list_query,
				.returned = list});
	add_collection(builder, resource, collection, &object, &list);
	add_reads_and_writes(builder, resource, one, &object, NULL, false);
	add(builder, resource, one,
		&(struct operation){.method = "delete",
			.action = "delete",
			.verb = "delete",
			.query = delete_query,
			.returned = ext_openapi_reference(arena, STR(META_MODEL "Status")),
			.body = &options,
			.is_body_optional = true,
			.accepts = true});
	for (size_t i = 0; i < resource->subresource_count; i++) {
		bool is_scale = str_equal(resource->subresources[i].name, STR("scale"));

		add_reads_and_writes(builder, resource,
			arena_printf(arena, "%.*s/%.*s", STR_ARG(one),
				STR_ARG(resource->subresources[i].name)),
			is_scale ? &scale : &object, is_scale ? "Scale" : "Status", is_scale);
	}
}
