/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenAPI documents of custom resources are made when somebody asks for one. The index needs only
 * their tags, and those come from what the definitions' uids and generations say: no document is
 * made for it.
 */
#include "ext_openapi.h"

#include <stdlib.h>

#include "discovery.h"
#include "ext_definition.h"
#include "ext_server.h"
#include "ext_swagger.h"
#include "gzip_writer.h"
#include "health_paths.h"
#include "json_reader.h"
#include "json_writer.h"
#include "log.h"
#include "map.h"
#include "memory.h"
#include "object_write.h"
#include "openapi_paths.h"

#define DOCUMENTS_KEPT 64
#define V3_PATH        "/openapi/v3/"

struct kept_document {
	struct blob *gzip;
	struct blob *tag;
	size_t content_bytes;
};

enum swagger_form {
	SWAGGER_JSON,
	SWAGGER_PROTOBUF,
	SWAGGER_FORM_COUNT
};

struct ext_openapi {
	struct map documents; /* path ("apis/GROUP/VERSION") -> struct kept_document */
	struct arena *meta_arena;
	struct json_value meta_schemas; /* components that custom resources share */
	struct kept_document *swagger[SWAGGER_FORM_COUNT];
};

static void free_document(struct kept_document *document)
{
	if (!document)
		return;
	blob_unref(&document->gzip);
	blob_unref(&document->tag);
	memory_free(document);
}

static void forget_documents(struct ext_openapi *openapi)
{
	const struct map_entry *entry;
	size_t position = 0;

	while ((entry = map_next(&openapi->documents, &position)))
		free_document(entry->value);
	map_fini(&openapi->documents);
	openapi->documents = (struct map){0};
}

void ext_openapi_destroy(struct ext_openapi **openapi)
{
	struct ext_openapi *gone = *openapi;

	*openapi = NULL;
	if (!gone)
		return;
	forget_documents(gone);
	for (unsigned i = 0; i < SWAGGER_FORM_COUNT; i++)
		free_document(gone->swagger[i]);
	arena_destroy(&gone->meta_arena);
	memory_free(gone);
}

/* ---- Which group versions there are ---- */

static int compare_rows(const void *a, const void *b)
{
	const struct api_resource *left = *(const struct api_resource *const *)a;
	const struct api_resource *right = *(const struct api_resource *const *)b;
	int order = str_compare(left->group, right->group);

	if (order == 0)
		order = str_compare(left->version, right->version);
	return order != 0 ? order : str_compare(left->resource, right->resource);
}

/* All custom rows, those of one group version together. */
static const struct api_resource **list_rows(struct request_context *context, size_t *ret_count)
{
	size_t all_count, count = 0;
	const struct api_resource **rows = resource_registry_list(
		context->arena, api_server_registry(context->server), &all_count);

	for (size_t i = 0; i < all_count; i++) {
		if (rows[i]->flags & RESOURCE_CUSTOM)
			rows[count++] = rows[i];
	}
	if (count > 0)
		qsort(rows, count, sizeof(*rows), compare_rows);
	*ret_count = count;
	return rows;
}

static size_t count_group_version(const struct api_resource **rows, size_t count)
{
	size_t same = 1;

	while (same < count && str_equal(rows[same]->group, rows[0]->group) &&
		str_equal(rows[same]->version, rows[0]->version))
		same++;
	return same;
}

/* Upper-case hex, as openapi_encoding has it. */
static struct str make_tag(struct arena *arena, const struct api_resource **rows, size_t count)
{
	struct buffer text = {0};

	for (size_t i = 0; i < count; i++) {
		const struct ext_resource *row = (const struct ext_resource *)rows[i];

		buffer_append(&text, row->fingerprint);
		buffer_append_byte(&text, '\n');
	}
	struct str tag = discovery_etag(arena, buffer_str(&text));

	buffer_fini(&text);
	return str_slice(tag, 1, tag.length - 2);
}

/* ---- Making one ---- */

/* The built-in document of this server has the models that all documents share. */
static void load_meta_schemas(struct ext_openapi *openapi)
{
	struct buffer text = {0};
	struct json_value document, *schemas;

	openapi->meta_arena = arena_create(0);
	struct error err = ERROR_INIT(openapi->meta_arena);

	if (api_extensions_openapi_document_count > 0 &&
		openapi_inflate(&api_extensions_openapi_documents[0].json, &text) &&
		json_read(openapi->meta_arena, arena_copy(openapi->meta_arena, buffer_str(&text)),
			NULL, &document, &err) == 0) {
		schemas = json_find_path(&document, "components", "schemas", NULL);
		if (schemas)
			openapi->meta_schemas = *schemas;
	}
	buffer_fini(&text);
}

static struct ext_openapi *openapi_of(struct ext_server *server)
{
	if (!server->openapi) {
		server->openapi = MEMORY_NEW(struct ext_openapi);
		load_meta_schemas(server->openapi);
	}
	return server->openapi;
}

static const struct json_value *load_schema(
	struct request_context *context, const struct ext_resource *row)
{
	const struct resource_entry *entry =
		ext_definition_entry(api_server_context(context->server));
	struct json_value *definition = ARENA_NEW(context->arena, struct json_value);
	struct error err = ERROR_INIT(context->arena);
	uint64_t revision;

	if (object_load(context, entry->resource, entry->prefix, row->definition_name, definition,
		    NULL, &revision, &err) != 0)
		return NULL;
	return json_find_path(ext_find_version(definition, row->resource.version), "schema",
		"openAPIV3Schema", NULL);
}

/* Of the rows of one group version. */
static void build(struct request_context *context, const struct api_resource **rows, size_t count,
	struct ext_openapi_builder *builder)
{
	struct ext_openapi *openapi = openapi_of(api_server_context(context->server));

	ext_openapi_begin(
		builder, context->arena, rows[0]->group, rows[0]->version, &openapi->meta_schemas);
	for (size_t i = 0; i < count; i++)
		ext_openapi_add(builder, rows[i],
			load_schema(context, (const struct ext_resource *)rows[i]));
}

static struct kept_document *keep(struct str text, struct str tag)
{
	struct kept_document *kept = MEMORY_NEW(struct kept_document);

	kept->content_bytes = text.length;
	kept->gzip = gzip_compress(text);
	kept->tag = blob_create(tag);
	return kept;
}

static struct kept_document *make_document(struct request_context *context,
	const struct api_resource **rows, size_t count, struct str tag)
{
	struct ext_openapi_builder builder;
	struct buffer text = {0};

	build(context, rows, count, &builder);
	struct json_value document = ext_openapi_end(&builder);

	json_write(&text, &document);
	struct kept_document *kept = keep(buffer_str(&text), tag);

	buffer_fini(&text);
	return kept;
}

static void fill_document(struct request_context *context, const struct api_resource **rows,
	size_t count, struct openapi_document *document)
{
	struct ext_openapi *openapi = openapi_of(api_server_context(context->server));
	struct kept_document *kept = map_find(&openapi->documents, document->path);

	if (!kept || !str_equal(blob_str(kept->tag), document->json.tag)) {
		/* Old ones of group versions that are gone go too. */
		if (kept || openapi->documents.count == DOCUMENTS_KEPT)
			forget_documents(openapi);
		kept = make_document(context, rows, count, document->json.tag);
		map_set(&openapi->documents, document->path, kept);
	}
	document->json.gzip = blob_str(kept->gzip);
	document->json.content_bytes = kept->content_bytes;
}

/* ---- Serving ---- */

static void handle_v3(struct request_context *context)
{
	const struct ext_server *server = api_server_context(context->server);
	size_t row_count, count = server->is_disabled ? 0 : api_extensions_openapi_document_count;
	const struct api_resource **rows = list_rows(context, &row_count);
	struct openapi_document *documents =
		ARENA_ARRAY(context->arena, struct openapi_document, count + row_count + 1);
	struct str wanted = str_skip(context->path, sizeof(V3_PATH) - 1);

	memcpy(documents, api_extensions_openapi_documents, count * sizeof(*documents));
	for (size_t i = 0, same; i < row_count; i += same) {
		struct openapi_document *document = &documents[count++];

		same = count_group_version(rows + i, row_count - i);
		document->path = arena_printf(context->arena, "apis/%.*s/%.*s",
			STR_ARG(rows[i]->group), STR_ARG(rows[i]->version));
		document->json.tag = make_tag(context->arena, rows + i, same);
		if (str_equal(document->path, wanted))
			fill_document(context, rows + i, same, document);
	}
	openapi_handle_v3(context, documents, count);
}

/* ---- Version 2: one document of all group versions ---- */

/* Behind the built-in part, in text: a tree of all definitions at once would be large. */
struct swagger {
	struct buffer paths, models; /* JSON members, each with a comma before it */
	struct buffer protobuf;
};

static void add_member(struct buffer *out, struct str key, const struct json_value *value)
{
	buffer_append_byte(out, ',');
	json_write_string(out, key);
	buffer_append_byte(out, ':');
	json_write(out, value);
}

static void add_group_version(struct swagger *swagger, enum swagger_form form, struct arena *arena,
	const struct ext_openapi_builder *builder)
{
	for (size_t i = 0; i < builder->paths.length; i++) {
		struct str path = builder->paths.members[i].key;
		struct json_value item =
			ext_swagger_path_item(arena, &builder->paths.members[i].value);

		if (form == SWAGGER_JSON)
			add_member(&swagger->paths, path, &item);
		else
			ext_swagger_encode_path(&swagger->protobuf, path, &item);
	}
	for (size_t i = 0; i < builder->schemas.length; i++) {
		struct str name = builder->schemas.members[i].key;
		struct json_value schema;

		/* Those are in the built-in parts. */
		if (str_starts_with(name, STR("io.k8s.api")))
			continue;
		schema = ext_swagger_schema(arena, &builder->schemas.members[i].value);
		if (form == SWAGGER_JSON)
			add_member(&swagger->models, name, &schema);
		else
			ext_swagger_encode_model(&swagger->protobuf, name, &schema);
	}
}

/* The built-in document with the members behind those of its own. */
static void write_swagger(const struct swagger *swagger, struct str built_in, struct buffer *out)
{
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct json_value document;

	buffer_append_byte(out, '{');
	if (json_read(arena, built_in, NULL, &document, &err) != 0)
		document = json_object();
	for (size_t i = 0; i < json_count(&document); i++) {
		const struct json_member *member = &document.members[i];
		const struct buffer *more = str_equal(member->key, STR("paths")) ? &swagger->paths
					    : str_equal(member->key, STR("definitions"))
						    ? &swagger->models
						    : NULL;

		if (i > 0)
			buffer_append_byte(out, ',');
		json_write_string(out, member->key);
		buffer_append_byte(out, ':');
		json_write(out, &member->value);
		if (!more)
			continue;
		out->length--; /* the closing brace */
		buffer_append(
			out, str_skip(buffer_str(more), json_count(&member->value) > 0 ? 0 : 1));
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, '}');
	arena_destroy(&arena);
}

static void build_all(struct request_context *context, const struct api_resource **rows,
	size_t count, enum swagger_form form, struct swagger *swagger)
{
	for (size_t i = 0, same; i < count; i += same) {
		struct arena_mark mark = arena_mark(context->arena);
		struct ext_openapi_builder builder;

		same = count_group_version(rows + i, count - i);
		build(context, rows + i, same, &builder);
		add_group_version(swagger, form, context->arena, &builder);
		arena_rewind(context->arena, &mark);
	}
}

static struct kept_document *make_swagger(struct request_context *context,
	const struct api_resource **rows, size_t count, enum swagger_form form, struct str tag)
{
	const struct openapi_encoding *built_in =
		form == SWAGGER_JSON ? &api_extensions_openapi_swagger.json
				     : &api_extensions_openapi_swagger.protobuf;
	struct swagger swagger = {0};
	struct buffer own = {0}, out = {0};

	build_all(context, rows, count, form, &swagger);
	if (!openapi_inflate(built_in, &own))
		buffer_clear(&own);
	if (form == SWAGGER_JSON) {
		write_swagger(&swagger, buffer_str(&own), &out);
	} else {
		buffer_append(&out, buffer_str(&own));
		buffer_append(&out, buffer_str(&swagger.protobuf));
	}
	struct kept_document *kept = keep(buffer_str(&out), tag);

	buffer_fini(&swagger.paths);
	buffer_fini(&swagger.models);
	buffer_fini(&swagger.protobuf);
	buffer_fini(&own);
	buffer_fini(&out);
	return kept;
}

static void bring_swagger_up_to_date(struct request_context *context, enum swagger_form form)
{
	struct ext_openapi *openapi = openapi_of(api_server_context(context->server));
	struct kept_document **kept = &openapi->swagger[form];
	size_t count;
	const struct api_resource **rows = list_rows(context, &count);
	struct str tag = make_tag(context->arena, rows, count);

	if (*kept && str_equal(blob_str((*kept)->tag), tag))
		return;
	free_document(*kept);
	*kept = make_swagger(context, rows, count, form, tag);
}

static struct openapi_encoding encoding_of(const struct kept_document *kept)
{
	return (struct openapi_encoding){
		blob_str(kept->gzip), kept->content_bytes, blob_str(kept->tag)};
}

static void handle_v2(struct request_context *context)
{
	struct ext_server *server = api_server_context(context->server);
	struct openapi_swagger swagger = api_extensions_openapi_swagger;
	bool is_protobuf = openapi_wants_protobuf(context);
	enum swagger_form form = is_protobuf ? SWAGGER_PROTOBUF : SWAGGER_JSON;

	if (server->is_disabled) {
		request_context_not_found(context);
		return;
	}
	bring_swagger_up_to_date(context, form);
	*(is_protobuf ? &swagger.protobuf : &swagger.json) =
		encoding_of(server->openapi->swagger[form]);
	openapi_handle_v2(context, &swagger);
}

const struct api_server_path ext_paths[] = {
	{"/healthz/", health_handle, true},
	{"/livez/", health_handle, true},
	{"/readyz/", health_handle, true},
	{V3_PATH, handle_v3, false},
	{"/openapi/v2", handle_v2, false},
	{0},
};
