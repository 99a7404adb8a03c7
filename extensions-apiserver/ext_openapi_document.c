/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_openapi.h"

#include "json_reader.h"

#define META_MODEL    "io.k8s.apimachinery.pkg.apis.meta.v1."
#define SCALE_MODEL   "io.k8s.api.autoscaling.v1."
#define DEPTH_MAXIMUM 128

struct str ext_openapi_model(
	struct arena *arena, struct str group, struct str version, struct str kind)
{
	struct str reversed = STR_EMPTY;

	while (!str_is_empty(group)) {
		struct str word = str_split(&group, '.');

		reversed = str_is_empty(reversed) ? word
						  : arena_printf(arena, "%.*s.%.*s", STR_ARG(word),
							    STR_ARG(reversed));
	}
	return arena_printf(
		arena, "%.*s.%.*s.%.*s", STR_ARG(reversed), STR_ARG(version), STR_ARG(kind));
}

/* ---- What all documents have ---- */

/* The apimachinery's models; kinds that every group has are this group version's too. */
static void take_meta_schemas(
	struct ext_openapi_builder *builder, const struct json_value *meta_schemas)
{
	for (size_t i = 0;
		meta_schemas && meta_schemas->type == JSON_OBJECT && i < meta_schemas->length;
		i++) {
		const struct json_member *member = &meta_schemas->members[i];

		if (str_starts_with(member->key, STR("io.k8s.apimachinery.")))
			json_set(builder->arena, &builder->schemas, member->key, member->value);
	}
	struct json_value patch = json_object();

	json_append_member(builder->arena, &patch, STR("type"), json_string(STR("object")));
	json_set(builder->arena, &builder->schemas, STR(META_MODEL "Patch"), patch);
}

/* The discovery document of the group version. */
static void add_discovery(struct ext_openapi_builder *builder, struct str group, struct str version)
{
	struct arena *arena = builder->arena;
	struct json_value operation = json_object(), item = json_object();
	struct json_value responses = json_object(), ok = json_object();
	struct json_value content = json_object(), json = json_object();

	json_append_member(arena, &json, STR("schema"),
		ext_openapi_reference(arena, STR(META_MODEL "APIResourceList")));
	json_append_member(arena, &content, STR("application/json"), json);
	json_append_member(arena, &ok, STR("description"), json_string(STR("OK")));
	json_append_member(arena, &ok, STR("content"), content);
	json_append_member(arena, &responses, STR("200"), ok);
	json_append_member(arena, &operation, STR("responses"), responses);
	json_append_member(arena, &item, STR("get"), operation);
	if (json_find(&builder->schemas, STR(META_MODEL "APIResourceList")))
		json_append_member(arena, &builder->paths,
			arena_printf(arena, "/apis/%.*s/%.*s/", STR_ARG(group), STR_ARG(version)),
			item);
}

void ext_openapi_begin(struct ext_openapi_builder *builder, struct arena *arena, struct str group,
	struct str version, const struct json_value *meta_schemas)
{
	*builder = (struct ext_openapi_builder){
		.arena = arena, .paths = json_object(), .schemas = json_object()};
	take_meta_schemas(builder, meta_schemas);
	add_discovery(builder, group, version);
}

/* ---- Schemas of a resource ---- */

static struct json_value text_schema(struct arena *arena)
{
	struct json_value schema = json_object();

	json_append_member(arena, &schema, STR("type"), json_string(STR("string")));
	return schema;
}

static void set_kind(struct arena *arena, struct json_value *schema, struct str group,
	struct str version, struct str kind)
{
	struct json_value list = json_array(), entry = json_object();

	json_append_member(arena, &entry, STR("group"), json_string(group));
	json_append_member(arena, &entry, STR("kind"), json_string(kind));
	json_append_member(arena, &entry, STR("version"), json_string(version));
	json_append(arena, &list, entry);
	json_set(arena, schema, STR("x-kubernetes-group-version-kind"), list);
}

/* What every object has of its own accord: also one that lies within another. */
static void add_own_properties(struct arena *arena, struct json_value *properties)
{
	json_set(arena, properties, STR("apiVersion"), text_schema(arena));
	json_set(arena, properties, STR("kind"), text_schema(arena));
	json_set(arena, properties, STR("metadata"),
		ext_openapi_reference(arena, STR(META_MODEL "ObjectMeta")));
}

static void require(struct arena *arena, struct json_value *schema, struct str name)
{
	const struct json_value *present = json_find(schema, STR("required"));
	struct json_value required = json_array();

	for (size_t i = 0; i < json_count(present); i++) {
		if (str_equal(json_text(json_element(present, i)), name))
			return;
		json_append(arena, &required, *json_element(present, i));
	}
	json_append(arena, &required, json_string(name));
	json_set(arena, schema, STR("required"), required);
}

static void embed(struct arena *arena, struct json_value *schema)
{
	add_own_properties(arena, json_ensure_object(arena, schema, STR("properties")));
	require(arena, schema, STR("kind"));
	require(arena, schema, STR("apiVersion"));
}

/* For clients that do not know the word. */
static void tell_either_type(struct arena *arena, struct json_value *schema)
{
	static const char *const types[] = {"integer", "string"};
	struct json_value either = json_array();

	if (json_find(schema, STR("anyOf")) || json_find(schema, STR("allOf")))
		return;
	for (size_t i = 0; i < 2; i++) {
		struct json_value one = json_object();

		json_append_member(arena, &one, STR("type"), json_string(str_from_c(types[i])));
		json_append(arena, &either, one);
	}
	json_append_member(arena, schema, STR("anyOf"), either);
}

static struct json_value publish(
	struct arena *arena, const struct json_value *schema, unsigned depth);

static struct json_value publish_member(
	struct arena *arena, const struct json_member *member, unsigned depth)
{
	struct json_value properties = json_object();

	if (member->value.type != JSON_OBJECT || depth == DEPTH_MAXIMUM)
		return member->value;
	if (str_equal(member->key, STR("items")) ||
		str_equal(member->key, STR("additionalProperties")))
		return publish(arena, &member->value, depth + 1);
	if (!str_equal(member->key, STR("properties")))
		return member->value;
	for (size_t i = 0; i < member->value.length; i++)
		json_append_member(arena, &properties, member->value.members[i].key,
			publish(arena, &member->value.members[i].value, depth + 1));
	return properties;
}

/* The schema with what its extensions stand for; the definition's own is not changed. */
static struct json_value publish(
	struct arena *arena, const struct json_value *schema, unsigned depth)
{
	struct json_value copy = json_object();

	if (schema->type != JSON_OBJECT)
		return *schema;
	for (size_t i = 0; i < schema->length; i++)
		json_append_member(arena, &copy, schema->members[i].key,
			publish_member(arena, &schema->members[i], depth));
	if (json_bool_or(json_find(schema, STR("x-kubernetes-int-or-string")), false))
		tell_either_type(arena, &copy);
	if (json_bool_or(json_find(schema, STR("x-kubernetes-embedded-resource")), false))
		embed(arena, &copy);
	return copy;
}

static void add_object_schema(struct ext_openapi_builder *builder,
	const struct api_resource *resource, const struct json_value *schema)
{
	struct arena *arena = builder->arena;
	struct json_value copy = schema ? publish(arena, schema, 0) : json_object();

	json_set(arena, &copy, STR("type"), json_string(STR("object")));
	add_own_properties(arena, json_ensure_object(arena, &copy, STR("properties")));
	set_kind(arena, &copy, resource->group, resource->version, resource->kind);
	json_set(arena, &builder->schemas,
		ext_openapi_model(arena, resource->group, resource->version, resource->kind), copy);
}

static void add_list_schema(
	struct ext_openapi_builder *builder, const struct api_resource *resource)
{
	struct arena *arena = builder->arena;
	struct json_value list = json_object(), properties = json_object(), items = json_object();
	struct json_value required = json_array();

	json_append_member(arena, &items, STR("type"), json_string(STR("array")));
	json_append_member(arena, &items, STR("items"),
		ext_openapi_reference(arena, ext_openapi_model(arena, resource->group,
						     resource->version, resource->kind)));
	json_append_member(arena, &properties, STR("apiVersion"), text_schema(arena));
	json_append_member(arena, &properties, STR("items"), items);
	json_append_member(arena, &properties, STR("kind"), text_schema(arena));
	json_append_member(arena, &properties, STR("metadata"),
		ext_openapi_reference(arena, STR(META_MODEL "ListMeta")));
	json_append(arena, &required, json_string(STR("items")));
	json_append_member(arena, &list, STR("type"), json_string(STR("object")));
	json_append_member(arena, &list, STR("required"), required);
	json_append_member(arena, &list, STR("properties"), properties);
	set_kind(arena, &list, resource->group, resource->version, resource->list_kind);
	json_set(arena, &builder->schemas,
		ext_openapi_model(arena, resource->group, resource->version, resource->list_kind),
		list);
}

static void add_scale_schema(struct ext_openapi_builder *builder)
{
	static const char text[] =
		"{\"" SCALE_MODEL "Scale\":{\"type\":\"object\",\"properties\":{"
		"\"apiVersion\":{\"type\":\"string\"},\"kind\":{\"type\":\"string\"},"
		"\"metadata\":{\"$ref\":\"#/components/schemas/" META_MODEL "ObjectMeta\"},"
		"\"spec\":{\"$ref\":\"#/components/schemas/" SCALE_MODEL "ScaleSpec\"},"
		"\"status\":{\"$ref\":\"#/components/schemas/" SCALE_MODEL "ScaleStatus\"}},"
		"\"x-kubernetes-group-version-kind\":[{\"group\":\"autoscaling\","
		"\"kind\":\"Scale\",\"version\":\"v1\"}]},"
		"\"" SCALE_MODEL "ScaleSpec\":{\"type\":\"object\",\"properties\":{"
		"\"replicas\":{\"type\":\"integer\",\"format\":\"int32\"}}},"
		"\"" SCALE_MODEL "ScaleStatus\":{\"type\":\"object\",\"required\":[\"replicas\"],"
		"\"properties\":{\"replicas\":{\"type\":\"integer\",\"format\":\"int32\"},"
		"\"selector\":{\"type\":\"string\"}}}}";
	struct error err = ERROR_INIT(builder->arena);
	struct json_value schemas;

	if (json_read(builder->arena, STR(text), NULL, &schemas, &err) != 0)
		return;
	for (size_t i = 0; i < schemas.length; i++)
		json_set(builder->arena, &builder->schemas, schemas.members[i].key,
			schemas.members[i].value);
}

void ext_openapi_add(struct ext_openapi_builder *builder, const struct api_resource *resource,
	const struct json_value *schema)
{
	add_object_schema(builder, resource, schema);
	add_list_schema(builder, resource);
	for (size_t i = 0; i < resource->subresource_count; i++) {
		if (str_equal(resource->subresources[i].name, STR("scale")))
			add_scale_schema(builder);
	}
	ext_openapi_add_paths(builder, resource);
}

struct json_value ext_openapi_end(struct ext_openapi_builder *builder)
{
	struct arena *arena = builder->arena;
	struct json_value document = json_object(), info = json_object(),
			  components = json_object();
	struct json_value security = json_object(), token = json_object();

	json_sort_members(&builder->paths);
	json_sort_members(&builder->schemas);
	json_append_member(arena, &info, STR("title"), json_string(STR("Kubernetes CRD Swagger")));
	json_append_member(arena, &info, STR("version"), json_string(STR("v0.1.0")));
	json_append_member(arena, &token, STR("type"), json_string(STR("apiKey")));
	json_append_member(arena, &token, STR("name"), json_string(STR("authorization")));
	json_append_member(arena, &token, STR("in"), json_string(STR("header")));
	json_append_member(arena, &security, STR("BearerToken"), token);
	json_append_member(arena, &components, STR("schemas"), builder->schemas);
	json_append_member(arena, &components, STR("securitySchemes"), security);
	json_append_member(arena, &document, STR("openapi"), json_string(STR("3.0.0")));
	json_append_member(arena, &document, STR("info"), info);
	json_append_member(arena, &document, STR("paths"), builder->paths);
	json_append_member(arena, &document, STR("components"), components);
	return document;
}
