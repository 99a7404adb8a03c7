/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A definition is compiled, named and established within the write that creates it, and served from
 * the moment that write is on disk: before the client hears of it, so its next request finds it.
 */
#include "ext_definition.h"

#include "clock.h"
#include "ext_cleanup.h"
#include "ext_registry.h"
#include "ext_status.h"
#include "ext_validate.h"
#include "json_reader.h"
#include "log.h"
#include "object_meta.h"
#include "object_write.h"
#include "stored_object.h"

static struct ext_server *server_of(const struct strategy_context *context)
{
	return api_server_context(context->server);
}

struct resource_entry *ext_definition_entry(const struct ext_server *server)
{
	return resource_registry_find(api_server_registry(server->api), STR(EXT_GROUP),
		STR(EXT_VERSION), STR(EXT_PLURAL));
}

/* ---- Strategy ---- */

static void prepare_create(const struct strategy_context *context, struct json_value *object)
{
	const struct json_value *present = json_find_path(object, "metadata", "finalizers", NULL);
	struct json_value finalizers =
		present ? json_copy(context->arena, present, false) : json_array();

	if (ext_has_finalizer(object, STR(EXT_CLEANUP_FINALIZER)))
		return;
	json_append(context->arena, &finalizers, json_string(STR(EXT_CLEANUP_FINALIZER)));
	object_meta_set_finalizers(context->arena, context->resource, object, &finalizers);
}

/* The names are held until the write's outcome is known: two creates at once cannot both have them.
 */
static int allocate(const struct strategy_context *context, struct json_value *object,
	const struct json_value *old, struct error *err)
{
	struct ext_registry *registry = server_of(context)->registry;
	struct str group = json_text(json_find_path(object, "spec", "group", NULL));
	struct str name = object_meta_text(object, STR("name"));
	struct ext_registry_names names;
	struct ext_names_group taken;

	(void)err;
	ext_registry_names_init(registry, group, name, &names, &taken);
	ext_status_compute(context->arena, object, old, &taken, clock_wall_seconds(NULL));
	ext_registry_reserve(registry, context->arena, group, name,
		json_find_path(object, "status", "acceptedNames", NULL));
	return 0;
}

static void settle(const struct strategy_context *context, const struct json_value *object,
	const struct json_value *old, bool is_committed)
{
	(void)object;
	(void)old;
	(void)is_committed;
	ext_registry_unreserve(server_of(context)->registry, context->arena);
}

static void validate(const struct strategy_context *context, const struct json_value *object,
	const struct json_value *old, struct field_errors *errors)
{
	if (str_equal(context->subresource, STR("status")))
		ext_validate_status(object, errors);
	else if (!old || !ext_is_terminating(object) ||
		 !json_equal(json_find(object, STR("spec")), json_find(old, STR("spec"))))
		ext_validate_definition(object, old, errors);
}

static void find_warnings(const struct strategy_context *context, const struct json_value *object,
	const struct json_value *old, struct json_value *ret_texts)
{
	if (str_is_empty(context->subresource))
		ext_find_warnings(context->arena, object, old, ret_texts);
}

static void prepare_delete(const struct strategy_context *context, struct json_value *object)
{
	ext_status_mark_deleted(context->arena, object, clock_wall_seconds(NULL));
}

static void refresh(void *opaque, struct str name)
{
	ext_definition_refresh(opaque, name);
}

static bool has_freed_names(const struct json_value *object, const struct json_value *old)
{
	const struct json_value *names = json_find_path(object, "status", "acceptedNames", NULL);
	const struct json_value *before = json_find_path(old, "status", "acceptedNames", NULL);

	return before && (!names || !json_equal(names, before));
}

static void after_commit(const struct strategy_context *context, const struct json_value *object,
	const struct json_value *old)
{
	struct ext_server *server = server_of(context);
	struct str name = object_meta_text(object ? object : old, STR("name"));
	struct str group = json_text(json_find_path(object ? object : old, "spec", "group", NULL));

	ext_registry_update(server->registry, name, object, old, context->revision);
	if (has_freed_names(object, old))
		ext_registry_visit_refused(server->registry, group, refresh, server);
	if (object && ext_is_terminating(object) &&
		ext_has_finalizer(object, STR(EXT_CLEANUP_FINALIZER)))
		ext_cleanup_begin(server->cleanup, name, object);
	else
		ext_cleanup_cancel(server->cleanup, name);
}

const struct resource_strategy ext_definition_strategy = {
	.prepare_create = prepare_create,
	.validate = validate,
	.find_warnings = find_warnings,
	.allocate = allocate,
	.settle = settle,
	.prepare_delete = prepare_delete,
	.after_commit = after_commit,
};

/* ---- Writes of our own ---- */

static int keep_as_is(struct object_write *write, const struct json_value *live,
	struct json_value *ret_object, struct error *err)
{
	(void)err;
	*ret_object = json_copy(write->context->arena, live, false);
	return 0;
}

static void on_refreshed(struct object_write *write, int status, struct str json)
{
	(void)json;
	if (status == 0 && write->context->err.code != ERROR_NOT_FOUND)
		log_error("definition %.*s: %.*s", STR_ARG(write->name),
			STR_ARG(write->context->err.message));
}

void ext_definition_write(struct ext_server *server, struct str name, object_transform_fn transform,
	object_written_fn written, void *context)
{
	struct request_context *request = api_server_begin_own_request(
		server->api, ext_definition_entry(server), STR_EMPTY, name);
	struct object_write *write = object_write_create(request);

	write->kind = OBJECT_WRITE_UPDATE;
	write->is_apply = true; /* managed fields stay as they are */
	write->transform = transform ? transform : keep_as_is;
	write->written = written;
	write->transform_context = context;
	object_write_run(write);
	request_context_unref(&request);
}

void ext_definition_refresh(struct ext_server *server, struct str name)
{
	ext_definition_write(server, name, NULL, on_refreshed, NULL);
}

/* ---- Start ---- */

struct loading {
	struct ext_server *server;
	struct arena *arena; /* reset after each definition */
};

static bool load(void *opaque, const struct storage_record *record)
{
	struct loading *loading = opaque;
	struct ext_server *server = loading->server;
	struct error err = ERROR_INIT(loading->arena);
	struct stored_object stored;
	struct json_value object;

	if (!stored_object_parse(record->value, &stored) ||
		json_read(loading->arena, stored.json, NULL, &object, &err) != 0) {
		log_error("stored definition %.*s cannot be read", STR_ARG(record->name));
		arena_reset(loading->arena);
		return true;
	}
	ext_registry_update(server->registry, record->name, &object, NULL, record->mod_revision);
	if (ext_is_terminating(&object) && ext_has_finalizer(&object, STR(EXT_CLEANUP_FINALIZER)))
		ext_cleanup_begin(server->cleanup, record->name, &object);
	arena_reset(loading->arena);
	return true;
}

void ext_definition_load_all(struct ext_server *server)
{
	struct loading loading = {.server = server, .arena = arena_create(0)};
	struct storage_snapshot *snapshot = storage_snapshot_open(server->storage);
	struct storage_range range = {.prefix = ext_definition_entry(server)->prefix};

	storage_snapshot_scan(snapshot, &range, load, &loading);
	storage_snapshot_close(&snapshot);
	arena_destroy(&loading.arena);
}
