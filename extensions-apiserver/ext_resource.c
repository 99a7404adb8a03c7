/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_resource.h"

#include "assertion.h"
#include "base64_text.h"
#include "discovery.h"
#include "ext_schema.h"
#include "ext_status.h"
#include "json_path.h"

/* Of a version that cannot be used, why. */
struct refused_version {
	struct str name;
	struct str problem;
};

struct ext_family {
	struct arena *arena; /* holds all of it */
	int references;
	struct ext_resource **rows; /* those whose schema can be used */
	const struct api_resource **resources;
	size_t count;
	struct refused_version *refused; /* the others */
	size_t refused_count;
};

static struct str text_of(const struct json_value *object, const char *name)
{
	return json_text(json_find(object, str_from_c(name)));
}

static struct str copy_text(struct arena *arena, const struct json_value *object, const char *name)
{
	return arena_copy(arena, text_of(object, name));
}

static const struct str *copy_list(
	struct arena *arena, const struct json_value *list, uint16_t *ret_count)
{
	size_t count = json_count(list) < UINT16_MAX ? json_count(list) : UINT16_MAX;
	struct str *texts = ARENA_ARRAY(arena, struct str, count + 1);

	for (size_t i = 0; i < count; i++)
		texts[i] = arena_copy(arena, json_text(json_element(list, i)));
	*ret_count = (uint16_t)count;
	return texts;
}

struct str ext_storage_prefix(struct arena *arena, struct str group, struct str plural)
{
	return arena_printf(arena, "/registry/%.*s/%.*s/", STR_ARG(group), STR_ARG(plural));
}

const struct json_value *ext_find_version(const struct json_value *definition, struct str name)
{
	const struct json_value *versions = json_find_path(definition, "spec", "versions", NULL);

	for (size_t i = 0; i < json_count(versions); i++) {
		if (str_equal(text_of(json_element(versions, i), "name"), name))
			return json_element(versions, i);
	}
	return NULL;
}

bool ext_version_is_served(const struct json_value *definition, const struct json_value *version)
{
	const struct json_value *spec = json_find(definition, STR("spec"));
	struct str plural =
		json_text(json_find_path(definition, "status", "acceptedNames", "plural", NULL));

	return json_bool_or(json_find(version, STR("served")), false) && !str_is_empty(plural) &&
	       (ext_status_is_true(definition, STR("Established")) ||
		       ext_status_is_true(definition, STR("NamesAccepted"))) &&
	       !ext_is_own_resource(text_of(spec, "group"), plural);
}

/* ---- Columns ---- */

static enum table_column_type column_type(struct str type)
{
	static const struct {
		struct str name;
		enum table_column_type type;
	} types[] = {
		{STR_INIT("integer"), COLUMN_INTEGER},
		{STR_INIT("number"), COLUMN_NUMBER},
		{STR_INIT("boolean"), COLUMN_BOOLEAN},
		{STR_INIT("date"), COLUMN_DATE},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (str_equal(type, types[i].name))
			return types[i].type;
	}
	return COLUMN_STRING;
}

/* Name, then what the version asks for, or the age when it asks for nothing. */
static void add_columns(
	struct arena *arena, struct api_resource *resource, const struct json_value *version)
{
	const struct json_value *wanted = json_find(version, STR("additionalPrinterColumns"));
	size_t count = json_count(wanted) < UINT16_MAX - 2 ? json_count(wanted) : UINT16_MAX - 2;
	struct table_column *columns = ARENA_ARRAY(arena, struct table_column, count + 2);

	columns[0] = (struct table_column){
		.name = STR("Name"),
		.type = STR("string"),
		.format = STR("name"),
		.path = STR(".metadata.name"),
	};
	columns[1] = (struct table_column){
		.name = STR("Age"),
		.type = STR("date"),
		.path = STR(".metadata.creationTimestamp"),
		.cell_type = COLUMN_DATE,
	};
	for (size_t i = 0; i < count; i++) {
		const struct json_value *column = json_element(wanted, i);
		struct str path = text_of(column, "jsonPath");
		struct str description = copy_text(arena, column, "description");

		/* Upstream shows the columns up to the first that it cannot make. */
		if (!json_path_is_valid(path)) {
			resource->columns = columns;
			resource->column_count = (uint16_t)(i + 1);
			return;
		}
		if (str_is_empty(description))
			description = arena_printf(arena,
				"Custom resource definition column (in JSONPath format): %.*s",
				STR_ARG(path));
		columns[i + 1] = (struct table_column){
			.name = copy_text(arena, column, "name"),
			.type = copy_text(arena, column, "type"),
			.format = copy_text(arena, column, "format"),
			.description = description,
			.priority = (int32_t)json_integer_or(json_find(column, STR("priority")), 0),
			.path = arena_copy(arena, path),
			.cell_type = column_type(text_of(column, "type")),
		};
	}
	resource->columns = columns;
	resource->column_count = (uint16_t)(count > 0 ? count + 1 : 2);
}

/* ---- Selectable fields ---- */

static void add_selectable_fields(
	struct arena *arena, struct api_resource *resource, const struct json_value *version)
{
	const struct json_value *wanted = json_find(version, STR("selectableFields"));
	size_t count = json_count(wanted) < UINT16_MAX ? json_count(wanted) : UINT16_MAX;
	struct selectable_field *fields = ARENA_ARRAY(arena, struct selectable_field, count + 1);

	for (size_t i = 0; i < count; i++) {
		fields[i].path = copy_text(arena, json_element(wanted, i), "jsonPath");
		fields[i].label = str_skip(fields[i].path, 1);
	}
	resource->selectable_fields = fields;
	resource->selectable_field_count = (uint16_t)count;
}

/* ---- Subresources ---- */

#define SUBRESOURCE_VERBS (API_VERB_GET | API_VERB_UPDATE | API_VERB_PATCH)

static void add_subresources(
	struct arena *arena, struct api_resource *resource, const struct json_value *version)
{
	const struct json_value *wanted = json_find(version, STR("subresources"));
	const struct json_value *scale = json_find(wanted, STR("scale"));
	struct api_subresource *subresources = ARENA_ARRAY(arena, struct api_subresource, 2);

	if (json_find(wanted, STR("status"))) {
		resource->flags |= RESOURCE_HAS_STATUS;
		subresources[resource->subresource_count++] = (struct api_subresource){
			.name = STR("status"),
			.verbs = SUBRESOURCE_VERBS,
			.kind = resource->kind,
		};
	}
	if (scale) {
		subresources[resource->subresource_count++] = (struct api_subresource){
			.name = STR("scale"),
			.verbs = SUBRESOURCE_VERBS,
			.kind = STR("Scale"),
			.group = STR("autoscaling"),
			.version = STR("v1"),
		};
		resource->scale_spec_path = copy_text(arena, scale, "specReplicasPath");
		resource->scale_status_path = copy_text(arena, scale, "statusReplicasPath");
		resource->scale_selector_path = copy_text(arena, scale, "labelSelectorPath");
	}
	resource->subresources = subresources;
}

/* ---- The row ---- */

const struct json_value *ext_storage_version(const struct json_value *definition)
{
	const struct json_value *versions = json_find_path(definition, "spec", "versions", NULL);

	for (size_t i = 0; i < json_count(versions); i++) {
		const struct json_value *version = json_element(versions, i);

		if (json_bool_or(json_find(version, STR("storage")), false))
			return version;
	}
	return NULL;
}

static struct str deprecation_warning(
	struct arena *arena, const struct api_resource *resource, const struct json_value *version)
{
	const struct json_value *warning = json_find(version, STR("deprecationWarning"));

	if (!json_bool_or(json_find(version, STR("deprecated")), false))
		return STR_EMPTY;
	if (warning)
		return arena_copy(arena, json_text(warning));
	return arena_printf(arena, "%.*s/%.*s %.*s is deprecated", STR_ARG(resource->group),
		STR_ARG(resource->version), STR_ARG(resource->kind));
}

/* ---- Conversion ---- */

static void set_client(
	struct arena *arena, struct ext_webhook *webhook, const struct json_value *client)
{
	const struct json_value *service = json_find(client, STR("service"));
	struct str bundle = text_of(client, "caBundle");

	webhook->url = copy_text(arena, client, "url");
	webhook->service_name = copy_text(arena, service, "name");
	webhook->service_namespace = copy_text(arena, service, "namespace");
	webhook->service_path = copy_text(arena, service, "path");
	webhook->service_port = (uint16_t)json_integer_or(json_find(service, STR("port")), 443);
	webhook->ca_pem = base64_text_decode(arena, bundle);
	/* Never none, which would mean the system's: what is no bundle makes the calls fail. */
	if (!str_is_empty(bundle) && str_is_empty(webhook->ca_pem))
		webhook->ca_pem = arena_copy(arena, bundle);
}

static void set_conversion(struct ext_resource *made, const struct json_value *spec)
{
	const struct json_value *conversion = json_find(spec, STR("conversion"));
	const struct json_value *webhook = json_find(conversion, STR("webhook"));
	const struct json_value *versions = json_find(webhook, STR("conversionReviewVersions"));

	if (!str_equal(text_of(conversion, "strategy"), STR("Webhook")))
		return;
	made->resource.flags |= RESOURCE_WEBHOOK_CONVERSION;
	set_client(made->family->arena, &made->webhook, json_find(webhook, STR("clientConfig")));
	/* The first that we know. */
	for (size_t i = 0; i < json_count(versions); i++) {
		struct str version = json_text(json_element(versions, i));

		if (str_equal(version, STR("v1")) || str_equal(version, STR("v1beta1"))) {
			made->webhook.review_version = arena_copy(made->family->arena, version);
			break;
		}
	}
}

static void fill(struct ext_resource *made, const struct json_value *definition,
	const struct json_value *version)
{
	const struct json_value *spec = json_find(definition, STR("spec"));
	const struct json_value *names =
		json_find_path(definition, "status", "acceptedNames", NULL);
	const struct json_value *metadata = json_find(definition, STR("metadata"));
	struct arena *arena = made->family->arena;
	struct api_resource *resource = &made->resource;

	made->definition_name = copy_text(arena, metadata, "name");
	made->fingerprint =
		arena_printf(arena, "%.*s/%lld/%.*s/%.*s", STR_ARG(text_of(metadata, "uid")),
			(long long)json_integer_or(json_find(metadata, STR("generation")), 0),
			STR_ARG(text_of(version, "name")), STR_ARG(text_of(names, "kind")));
	resource->group = copy_text(arena, spec, "group");
	resource->version = copy_text(arena, version, "name");
	resource->resource = copy_text(arena, names, "plural");
	resource->singular = copy_text(arena, names, "singular");
	resource->kind = copy_text(arena, names, "kind");
	resource->list_kind = copy_text(arena, names, "listKind");
	resource->short_names =
		copy_list(arena, json_find(names, STR("shortNames")), &resource->short_name_count);
	resource->categories =
		copy_list(arena, json_find(names, STR("categories")), &resource->category_count);
	resource->verbs = API_VERBS_ALL;
	resource->flags = RESOURCE_CUSTOM | RESOURCE_GENERATION_ANY | RESOURCE_CONDITIONAL_UPDATE;
	if (str_equal(text_of(spec, "scope"), STR("Namespaced")))
		resource->flags |= RESOURCE_NAMESPACED;
	resource->name_format = NAME_DNS_SUBDOMAIN;
	resource->storage_prefix = ext_storage_prefix(arena, resource->group, resource->resource);
	resource->storage_version = copy_text(arena, ext_storage_version(definition), "name");
	set_conversion(made, spec);
	resource->storage_version_hash = discovery_storage_version_hash(
		arena, resource->group, resource->storage_version, resource->kind);
	resource->deprecation_warning = deprecation_warning(arena, resource, version);
	add_columns(arena, resource, version);
	add_selectable_fields(arena, resource, version);
	add_subresources(arena, resource, version);
}

static struct ext_family *create_family(size_t version_count)
{
	struct arena *arena = arena_create(0);
	struct ext_family *family = ARENA_NEW(arena, struct ext_family);

	family->arena = arena;
	family->references = 1;
	family->rows = ARENA_ARRAY(arena, struct ext_resource *, version_count + 1);
	family->resources = ARENA_ARRAY(arena, const struct api_resource *, version_count + 1);
	family->refused = ARENA_ARRAY(arena, struct refused_version, version_count + 1);
	return family;
}

static struct ext_resource *add_row(struct ext_family *family, const struct schema *schema,
	const struct json_value *definition, const struct json_value *version)
{
	struct ext_resource *made = ARENA_NEW(family->arena, struct ext_resource);

	made->family = family;
	made->resource.schema = schema;
	fill(made, definition, version);
	family->rows[family->count] = made;
	family->resources[family->count++] = &made->resource;
	return made;
}

static int compile(struct arena *arena, const struct json_value *version, const struct schema **ret,
	struct error *err)
{
	const struct json_value *schema =
		json_find_path(version, "schema", "openAPIV3Schema", NULL);

	if (!schema)
		return error_set(err, ERROR_INVALID, "version %.*s has no schema",
			STR_ARG(text_of(version, "name")));
	return ext_schema_compile(arena, schema, ret, err);
}

struct ext_family *ext_family_create(const struct json_value *definition)
{
	const struct json_value *versions = json_find_path(definition, "spec", "versions", NULL);
	size_t count = json_count(versions) < UINT16_MAX ? json_count(versions) : UINT16_MAX;
	struct ext_family *family = create_family(count);

	for (size_t i = 0; i < count; i++) {
		const struct json_value *version = json_element(versions, i);
		struct error err = ERROR_INIT(family->arena);
		const struct schema *schema;

		if (compile(family->arena, version, &schema, &err) == 0)
			add_row(family, schema, definition, version);
		else
			family->refused[family->refused_count++] = (struct refused_version){
				copy_text(family->arena, version, "name"), err.message};
	}
	for (size_t i = 0; i < family->count; i++) {
		family->rows[i]->resource.versions = family->resources;
		family->rows[i]->resource.version_count = (uint16_t)family->count;
	}
	return family;
}

void ext_family_unref(struct ext_family **family)
{
	struct ext_family *gone = *family;

	*family = NULL;
	if (!gone)
		return;
	ASSERT(gone->references > 0);
	if (--gone->references > 0)
		return;
	struct arena *arena = gone->arena;

	arena_destroy(&arena);
}

int ext_family_take(
	struct ext_family *family, struct str version, struct ext_resource **ret, struct error *err)
{
	for (size_t i = 0; i < family->count; i++) {
		if (!str_equal(family->rows[i]->resource.version, version))
			continue;
		family->references++;
		*ret = family->rows[i];
		return 0;
	}
	for (size_t i = 0; i < family->refused_count; i++) {
		if (str_equal(family->refused[i].name, version))
			return error_set(err, ERROR_INVALID,
				"the schema of version %.*s cannot be used: %.*s", STR_ARG(version),
				STR_ARG(family->refused[i].problem));
	}
	return error_set(err, ERROR_INVALID, "there is no version %.*s", STR_ARG(version));
}

struct ext_resource *ext_resource_create_untyped(
	const struct json_value *definition, const struct json_value *version)
{
	static const struct schema anything = {
		.kind = SCHEMA_STRUCT,
		.flags = SCHEMA_CUSTOM | SCHEMA_PRESERVE_UNKNOWN,
	};
	struct ext_resource *made = add_row(create_family(1), &anything, definition, version);

	made->resource.storage_version = STR_EMPTY;
	made->resource.flags &= ~(uint32_t)RESOURCE_WEBHOOK_CONVERSION;
	return made;
}

void ext_resource_release(void *context)
{
	struct ext_family *family = ((struct ext_resource *)context)->family;

	ext_family_unref(&family);
}

/* ---- Changes ---- */

static bool same_member(const struct json_value *a, const struct json_value *b, const char *name)
{
	const struct json_value *in_a = json_find(a, str_from_c(name));
	const struct json_value *in_b = json_find(b, str_from_c(name));

	if (!in_a || !in_b)
		return !in_a && !in_b;
	return json_equal(in_a, in_b);
}

/*
 * Objects are read through the schemas of the versions in which they may lie in the store; `name`
 * is that of the row.
 */
static bool same_stored_schemas(const struct json_value *definition,
	const struct json_value *old_definition, struct str name)
{
	const struct json_value *stored =
		json_find_path(definition, "status", "storedVersions", NULL);

	for (size_t i = 0; i < json_count(stored); i++) {
		struct str other = json_text(json_element(stored, i));

		if (!str_equal(other, name) &&
			!same_member(ext_find_version(definition, other),
				ext_find_version(old_definition, other), "schema"))
			return false;
	}
	return true;
}

static bool same_texts(const struct json_value *definition, const struct json_value *version,
	const struct json_value *old_definition, const struct json_value *old_version)
{
	static const char *const outside[] = {
		"additionalPrinterColumns", "deprecated", "deprecationWarning", "subresources"};
	bool is_same = same_member(json_find(definition, STR("status")),
		json_find(old_definition, STR("status")), "acceptedNames");

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		is_same &= same_member(version, old_version, outside[i]);
	return is_same;
}

enum ext_change ext_resource_compare(const struct json_value *definition,
	const struct json_value *version, const struct json_value *old_definition,
	const struct json_value *old_version)
{
	const struct json_value *spec = json_find(definition, STR("spec"));
	const struct json_value *old_spec = json_find(old_definition, STR("spec"));
	struct str kind =
		json_text(json_find_path(definition, "status", "acceptedNames", "kind", NULL));
	struct str old_kind =
		json_text(json_find_path(old_definition, "status", "acceptedNames", "kind", NULL));
	struct str storage = text_of(ext_storage_version(definition), "name");
	struct str name = text_of(version, "name");

	if (!same_member(spec, old_spec, "scope") || !same_member(spec, old_spec, "conversion") ||
		!str_equal(kind, old_kind) ||
		!str_equal(storage, text_of(ext_storage_version(old_definition), "name")) ||
		!same_member(version, old_version, "selectableFields") ||
		!same_stored_schemas(definition, old_definition, name))
		return EXT_CHANGE_INSIDE;
	if (!same_member(version, old_version, "schema"))
		return str_equal(storage, name) ? EXT_CHANGE_SCHEMA : EXT_CHANGE_INSIDE;
	return same_texts(definition, version, old_definition, old_version) ? EXT_CHANGE_NONE
									    : EXT_CHANGE_OUTSIDE;
}
