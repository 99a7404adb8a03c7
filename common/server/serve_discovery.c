/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery of this server's own resources; documents are made anew only when the registry changes.
 */
#include "api_server_private.h"
#include "discovery.h"
#include "map.h"
#include "memory.h"

struct discovery_document {
	struct blob *body;
	struct str etag;
};

struct discovery_cache {
	uint64_t generation;
	struct map documents; /* path, and "+v2" for the aggregated form -> document */
	struct arena *arena;
};

static void clear(struct discovery_cache *cache)
{
	const struct map_entry *entry;
	size_t position = 0;

	while ((entry = map_next(&cache->documents, &position))) {
		struct discovery_document *document = entry->value;

		blob_unref(&document->body);
		memory_free(document);
	}
	map_fini(&cache->documents);
	arena_reset(cache->arena);
}

void discovery_cache_destroy(struct discovery_cache **cache)
{
	struct discovery_cache *gone = *cache;

	*cache = NULL;
	if (!gone)
		return;
	clear(gone);
	arena_destroy(&gone->arena);
	memory_free(gone);
}

static struct discovery_cache *cache_of(struct api_server *server)
{
	uint64_t generation = resource_registry_generation(server->registry);

	if (!server->discovery) {
		server->discovery = MEMORY_NEW(struct discovery_cache);
		server->discovery->arena = arena_create(0);
	}
	if (server->discovery->generation != generation) {
		clear(server->discovery);
		server->discovery->generation = generation;
	}
	return server->discovery;
}

static void write_core_versions(struct buffer *out, struct str external_address)
{
	struct discovery_server_address address = {STR("0.0.0.0/0"), external_address};

	discovery_write_core_versions(out, str_is_empty(external_address) ? NULL : &address);
}

/* Writes the document of the path; false: there is no such path. */
static bool write_document(struct request_context *context, struct buffer *out, bool is_aggregated)
{
	struct resource_registry *registry = context->server->registry;
	struct str path = context->path, group, version;
	size_t count;
	const struct api_resource **resources =
		resource_registry_list(context->arena, registry, &count);
	struct str root = str_split(&path, '/');

	(void)root;
	root = str_split(&path, '/');
	if (str_equal(root, STR("api"))) {
		version = str_split(&path, '/');
		if (!str_is_empty(path) ||
			!resource_registry_has_group_version(registry, STR_EMPTY, STR("v1")))
			return false;
		if (str_is_empty(version) && is_aggregated)
			discovery_write_aggregated(context->arena, out, true, resources, count);
		else if (str_is_empty(version))
			write_core_versions(out, context->server->options.external_address);
		else if (str_equal(version, STR("v1")))
			discovery_write_resources(
				context->arena, out, STR_EMPTY, version, resources, count);
		else
			return false;
		return true;
	}
	if (!str_equal(root, STR("apis")))
		return false;
	group = str_split(&path, '/');
	version = str_split(&path, '/');
	if (!str_is_empty(path))
		return false;
	if (str_is_empty(group) && is_aggregated)
		discovery_write_aggregated(context->arena, out, false, resources, count);
	else if (str_is_empty(group))
		discovery_write_groups(context->arena, out, resources, count);
	else if (str_is_empty(version) && resource_registry_has_group(registry, group))
		discovery_write_group(context->arena, out, group, resources, count);
	else if (!str_is_empty(version) &&
		 resource_registry_has_group_version(registry, group, version))
		discovery_write_resources(context->arena, out, group, version, resources, count);
	else
		return false;
	return true;
}

static struct discovery_document *find_document(struct request_context *context, bool is_aggregated)
{
	struct discovery_cache *cache = cache_of(context->server);
	struct str key = is_aggregated
				 ? arena_printf(context->arena, "%.*s+v2", STR_ARG(context->path))
				 : context->path;
	struct discovery_document *document = map_find(&cache->documents, key);
	struct buffer out = {0};

	if (document)
		return document;
	if (write_document(context, &out, is_aggregated)) {
		document = MEMORY_NEW(struct discovery_document);
		document->etag = discovery_etag(cache->arena, buffer_str(&out));
		buffer_append_byte(&out, '\n');
		document->body = buffer_to_blob(&out);
		map_set(&cache->documents, key, document);
	}
	buffer_fini(&out);
	return document;
}

bool serve_discovery(struct request_context *context)
{
	struct http_headers headers = {0};
	bool is_root =
		str_equal(context->path, STR("/api")) || str_equal(context->path, STR("/apis"));

	if (!str_equal(context->method, STR("GET")) && !str_equal(context->method, STR("HEAD")))
		return false;
	if (media_type_negotiate(context->arena, http_headers_find(context->headers, STR("accept")),
		    context->query, context->user_agent, &context->accept, &context->err) != 0) {
		request_context_fail(context);
		return true;
	}
	bool is_aggregated = is_root && context->accept.transform == MEDIA_TRANSFORM_DISCOVERY;
	struct discovery_document *document = find_document(context, is_aggregated);

	if (!document)
		return false;
	http_headers_add(context->arena, &headers, STR("content-type"),
		is_aggregated ? STR(DISCOVERY_AGGREGATED_CONTENT_TYPE) : STR("application/json"));
	http_headers_add(context->arena, &headers, STR("etag"), document->etag);
	http_headers_add(context->arena, &headers, STR("vary"), STR("Accept"));
	context->is_answered = true;
	if (!context->exchange)
		return true;
	if (str_equal(http_headers_find(context->headers, STR("if-none-match")), document->etag))
		http_exchange_respond(context->exchange, 304, &headers, STR_EMPTY);
	else
		http_exchange_respond_blob(context->exchange, 200, &headers, document->body);
	return true;
}
