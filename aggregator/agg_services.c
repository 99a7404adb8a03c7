/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_services.h"

#include "agg_services_private.h"
#include "api_aggregation.h"
#include "api_enablement.h"
#include "api_server.h"
#include "event_loop.h"
#include "json_reader.h"
#include "log.h"
#include "memory.h"
#include "openapi_paths.h"
#include "server_setup.h"
#include "stored_object.h"

#define SECOND_NS INT64_C(1000000000)

static void handle_openapi(struct request_context *context)
{
	const struct agg_services *services = api_server_context(context->server);

	openapi_handle_v3(context, api_aggregation_openapi_documents,
		services->is_served ? api_aggregation_openapi_document_count : 0);
}

static const struct api_server_path paths[] = {
	{"/openapi/v3/", handle_openapi, false},
	{0},
};

/* ---- Following the stored objects ---- */

static bool names_service(struct arena *arena, struct str value)
{
	struct stored_object stored;
	struct json_value object;
	struct error err = ERROR_INIT(arena);
	const struct json_value *service;

	if (!stored_object_parse(value, &stored) ||
		json_read(arena, stored.json, NULL, &object, &err) != 0)
		return false;
	service = json_find_path(&object, "spec", "service", NULL);
	return service && service->type == JSON_OBJECT;
}

static void take(struct agg_services *services, struct str name, struct str value)
{
	struct arena *arena = arena_create(0);

	if (value.length > 0 && names_service(arena, value))
		map_set(&services->remote, name, services);
	else
		map_remove(&services->remote, name);
	arena_destroy(&arena);
}

static bool take_record(void *context, const struct storage_record *record)
{
	take(context, record->name, record->value);
	return true;
}

static void follow(struct agg_services *services);

static void on_readable(void *context)
{
	struct agg_services *services = context;
	struct storage_event *event = NULL;
	int outcome;

	while ((outcome = storage_watch_next(services->watch, &event)) == 0) {
		take(services, event->name, blob_str(event->value));
		storage_event_unref(&event);
	}
	if (outcome == STORAGE_COMPACTED) {
		storage_watch_close(&services->watch);
		follow(services);
	}
	agg_services_repair(services);
}

static void follow(struct agg_services *services)
{
	struct storage_snapshot *snapshot = storage_snapshot_open(services->storage);
	struct storage_range range = {.prefix = services->prefix};
	uint64_t revision = storage_snapshot_revision(snapshot);
	int outcome;

	storage_snapshot_scan(snapshot, &range, take_record, services);
	storage_snapshot_close(&snapshot);
	outcome = storage_watch_open(services->storage, services->prefix, STR_EMPTY, revision,
		on_readable, services, &services->watch);
	/* The newest revision is never compacted. */
	if (outcome != 0)
		log_error("APIServices cannot be watched");
}

bool agg_services_is_remote(
	const struct agg_services *services, struct str group, struct str version)
{
	char text[512];

	/* No request is slowed down by what is not there. */
	if (services->remote.count == 0 || group.length + version.length + 1 > sizeof(text))
		return false;
	memcpy(text, version.data, version.length);
	text[version.length] = '.';
	memcpy(text + version.length + 1, group.data, group.length);
	return map_find(&services->remote, str_from(text, version.length + 1 + group.length)) !=
	       NULL;
}

/* ---- Serving ---- */

void agg_services_serve(struct agg_request *request)
{
	struct user_info user = request->user;

	agg_request_release(request);
	api_server_serve(request->server->services->api, request->exchange, &user);
}

void agg_services_drain(struct agg_services *services)
{
	api_server_drain(services->api, NULL, NULL);
}

/* ---- Life ---- */

static int open_storage(
	struct agg_services *services, const struct settings *settings, struct error *err)
{
	struct storage_options options = {
		.loop = services->server->loop,
		.directory = arena_copy_c(
			err->arena, settings_text(settings, "internal.data-directory")),
		.map_size_bytes = UINT64_C(1) << 30,
		.history_ns = (uint64_t)settings_duration_ns(
			settings, "etcd-compaction-interval", 300 * SECOND_NS),
	};

	return storage_open(&options, &services->storage, err);
}

int agg_services_create(struct agg_server *server, const struct settings *settings,
	struct agg_services **ret, struct error *err)
{
	struct agg_services *services = MEMORY_NEW(struct agg_services);

	services->server = server;
	services->arena = arena_create(0);
	if (open_storage(services, settings, err) != 0) {
		agg_services_destroy(&services);
		return ERROR_RETURN;
	}
	services->api = api_server_create(&(struct api_server_options){
		.loop = server->loop,
		.storage = services->storage,
		.authorizer = server->authorizer,
		.paths = paths,
		.enable_garbage_collector =
			settings_bool(settings, "enable-garbage-collector", true),
		.minimum_watch_seconds = settings_integer(settings, "min-request-timeout", 1800),
		.compresses_answers =
			server_setup_beta_feature(settings, STR("APIResponseCompression")),
		.context = services,
	});
	services->resource = api_aggregation_resources[0];
	services->is_served = api_enablement_has_resource(settings, services->resource);
	if (services->is_served)
		api_server_add_resource(services->api, services->resource);
	services->prefix =
		storage_prefix_intern(services->storage, services->resource->storage_prefix);
	follow(services);
	*ret = services;
	return 0;
}

bool agg_services_are_served(const struct agg_services *services)
{
	return services->is_served;
}

uint64_t agg_services_store_revision(const struct agg_services *services)
{
	return storage_revision(services->storage);
}

void agg_services_destroy(struct agg_services **services)
{
	struct agg_services *gone = *services;

	*services = NULL;
	if (!gone)
		return;
	event_loop_cancel_deferred(gone->server->loop, agg_services_repair_now, gone);
	gone->is_closing = true;
	if (gone->api)
		api_server_destroy(&gone->api);
	storage_watch_close(&gone->watch);
	if (gone->storage)
		storage_close(&gone->storage);
	map_fini(&gone->remote);
	map_fini(&gone->wanted);
	arena_destroy(&gone->arena);
	memory_free(gone);
}
