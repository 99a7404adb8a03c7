/* SPDX-License-Identifier: Apache-2.0 */
#include "api_server_private.h"

#include "assertion.h"
#include "health.h"
#include "memory.h"
#include "object_conversion.h"

static void on_request(void *context, struct http_exchange *exchange);

static bool check_peer(void *context, const struct http_peer *peer)
{
	const struct api_server *server = context;

	if (!peer->is_unix)
		return false;
	for (size_t i = 0; i < server->options.trusted_uid_count; i++) {
		if (server->options.trusted_uids[i] == peer->uid)
			return true;
	}
	return api_server_find_peer(server, peer) != NULL;
}

const struct api_server_peer *api_server_find_peer(
	const struct api_server *server, const struct http_peer *peer)
{
	const struct api_server_options *options = &server->options;

	for (size_t i = 0; i < options->trusted_uid_count; i++) {
		if (options->trusted_uids[i] == peer->uid)
			return NULL;
	}
	for (size_t i = 0; i < options->peer_count; i++) {
		if (options->peers[i].uid == peer->uid)
			return &options->peers[i];
	}
	return NULL;
}

struct api_server *api_server_create(const struct api_server_options *options)
{
	struct api_server *server = MEMORY_NEW(struct api_server);

	server->options = *options;
	if (server->options.minimum_watch_seconds <= 0)
		server->options.minimum_watch_seconds = 1800;
	server->registry = resource_registry_create();
	server->health = health_checks_create();
	server->http = http_server_create(&(struct http_server_options){
		.loop = options->loop,
		.limits = options->limits,
		.on_request = on_request,
		.check_peer = check_peer,
		.context = server,
	});
	return server;
}

static void unlink_request(struct request_context *context)
{
	*context->previous_link = context->next;
	if (context->next)
		context->next->previous_link = context->previous_link;
}

/* A write that the store still has: it ends when that is closed, and finds nobody to tell. */
static void abandon(struct request_context *context)
{
	unlink_request(context);
	context->server = NULL;
	context->resource = NULL;
	resource_entry_unref(&context->entry);
}

void api_server_destroy(struct api_server **server)
{
	struct api_server *gone = *server;

	*server = NULL;
	if (!gone)
		return;
	watch_streams_end_all(gone);
	http_server_destroy(&gone->http);
	while (gone->requests) {
		request_ids_release(gone->requests);
		abandon(gone->requests);
	}
	map_fini(&gone->request_ids);
	discovery_cache_destroy(&gone->discovery);
	resource_registry_destroy(&gone->registry);
	health_checks_destroy(&gone->health);
	while (gone->arena_pool_count > 0)
		arena_destroy(&gone->arena_pool[--gone->arena_pool_count]);
	memory_free(gone);
}

void api_server_listen(struct api_server *server, int fd)
{
	http_server_listen(server->http, fd);
}

void *api_server_context(const struct api_server *server)
{
	return server->options.context;
}

struct event_loop *api_server_loop(const struct api_server *server)
{
	return server->options.loop;
}

struct storage *api_server_storage(const struct api_server *server)
{
	return server->options.storage;
}

struct resource_registry *api_server_registry(const struct api_server *server)
{
	return server->registry;
}

struct health_checks *api_server_health(const struct api_server *server)
{
	return server->health;
}

struct authorizer *api_server_authorizer(const struct api_server *server)
{
	return server->options.authorizer;
}

struct resource_entry *api_server_add_resource(
	struct api_server *server, const struct api_resource *resource)
{
	struct storage_prefix *prefix =
		resource->flags & RESOURCE_VIRTUAL
			? NULL
			: storage_prefix_intern(server->options.storage, resource->storage_prefix);

	return resource_registry_add(server->registry, resource, prefix, NULL, NULL);
}

void api_server_drain(struct api_server *server, void (*on_drained)(void *context), void *context)
{
	server->is_draining = true;
	watch_streams_end_all(server);
	http_server_drain(server->http, on_drained, context);
}

struct arena *api_server_borrow_arena(struct api_server *server)
{
	if (server->arena_pool_count > 0)
		return server->arena_pool[--server->arena_pool_count];
	return arena_create(16 * 1024);
}

void api_server_return_arena(struct api_server *server, struct arena *arena)
{
	if (server->arena_pool_count == ARENA_POOL_SIZE) {
		arena_destroy(&arena);
		return;
	}
	arena_reset(arena);
	server->arena_pool[server->arena_pool_count++] = arena;
}

/* ---- The exchange's side of a request ---- */

static void on_exchange_writable(void *opaque)
{
	struct request_context *context = opaque;

	if (context->on_writable)
		context->on_writable(context);
}

/* The header fields lie in the exchange's memory. */
static const struct http_headers no_headers;

static void on_exchange_close(void *opaque)
{
	struct request_context *context = opaque;

	context->exchange = NULL;
	context->headers = &no_headers;
	if (context->on_close)
		context->on_close(context);
	request_context_unref(&context);
}

struct request_context *api_server_begin_request(struct api_server *server)
{
	struct arena *arena = api_server_borrow_arena(server);
	struct request_context *context = ARENA_NEW(arena, struct request_context);

	context->server = server;
	context->arena = arena;
	context->references = 1;
	context->err = ERROR_INIT(arena);
	context->headers = &no_headers;
	context->next = server->requests;
	context->previous_link = &server->requests;
	if (context->next)
		context->next->previous_link = &context->next;
	server->requests = context;
	return context;
}

void api_server_end_request(struct request_context *context)
{
	struct api_server *server = context->server;
	struct arena *arena = context->arena;

	resource_entry_unref(&context->entry);
	object_conversions_destroy(&context->conversions);
	if (!server) {
		arena_destroy(&arena);
		return;
	}
	unlink_request(context);
	request_ids_release(context);
	api_server_return_arena(server, arena);
}

static struct request_context *context_create(
	struct api_server *server, struct http_exchange *exchange)
{
	const struct http_request *request = http_exchange_request(exchange);
	struct request_context *context = api_server_begin_request(server);
	struct arena *arena = context->arena;

	context->exchange = exchange;
	context->method = arena_copy(arena, request->method);
	context->path = arena_copy(arena, request->path);
	context->query = http_query_parse(arena, arena_copy(arena, request->query));
	context->body = arena_copy(arena, request->body);
	context->headers = &request->headers;
	context->user_agent =
		arena_copy(arena, http_headers_find(&request->headers, STR("user-agent")));
	context->request_id =
		arena_copy(arena, http_headers_find(&request->headers, STR("x-troika-request-id")));
	if (context->request_id.length > 64)
		context->request_id = STR_EMPTY;
	http_exchange_set_handler(exchange, context, on_exchange_writable, on_exchange_close);
	return context;
}

struct request_context *api_server_begin_own_request(struct api_server *server,
	struct resource_entry *entry, struct str namespace, struct str name)
{
	static const struct str groups[] = {STR_INIT("system:masters")};
	struct request_context *context = api_server_begin_request(server);
	struct arena *arena = context->arena;

	context->user = (struct user_info){
		.name = STR("system:apiserver"), .groups = groups, .group_count = 1};
	context->entry = resource_entry_ref(entry);
	context->resource = entry->resource;
	context->info.is_resource_request = true;
	context->info.group = entry->resource->group;
	context->info.version = entry->resource->version;
	context->info.resource = entry->resource->resource;
	context->info.namespace = arena_copy(arena, namespace);
	context->info.name = arena_copy(arena, name);
	return context;
}

static void on_request(void *opaque, struct http_exchange *exchange)
{
	request_context_continue(context_create(opaque, exchange));
}

void api_server_serve(
	struct api_server *server, struct http_exchange *exchange, const struct user_info *user)
{
	struct request_context *context = context_create(server, exchange);

	user_info_copy(context->arena, user, &context->user);
	context->step = 1; /* behind `identify` */
	request_context_continue(context);
}
