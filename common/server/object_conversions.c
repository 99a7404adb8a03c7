/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a webhook has converted for one request, by the revision in which each object was stored:
 * no two objects of a resource have the same.
 */
#include "api_server_private.h"
#include "json_reader.h"
#include "json_writer.h"
#include "memory.h"
#include "object_conversion_private.h"

#define ROUNDS_MAXIMUM       16
#define WANTED_MAXIMUM_BYTES (64u * 1024 * 1024)

struct wanted {
	struct wanted *next;
	struct str revision;
	struct str json;
};

struct object_conversions {
	struct arena *arena;
	struct map converted; /* revision -> struct str, the object's JSON */
	const struct api_resource *target;
	struct wanted *wanted;
	struct wanted **wanted_end;
	size_t wanted_bytes;
	struct str failure; /* empty: none */
	unsigned rounds;
	/* While the webhook is asked. */
	struct request_context *context;
	void (*again)(void *context);
	void *again_context;
};

static struct object_conversions *conversions_of(struct request_context *context)
{
	if (!context->conversions) {
		context->conversions = MEMORY_NEW(struct object_conversions);
		context->conversions->arena = arena_create(0);
		context->conversions->wanted_end = &context->conversions->wanted;
	}
	return context->conversions;
}

static void forget_wanted(struct object_conversions *conversions)
{
	conversions->wanted = NULL;
	conversions->wanted_end = &conversions->wanted;
	conversions->wanted_bytes = 0;
}

void object_conversions_forget(struct request_context *context)
{
	struct object_conversions *conversions = context->conversions;

	if (!conversions)
		return;
	map_fini(&conversions->converted);
	conversions->converted = (struct map){0};
	conversions->failure = STR_EMPTY;
	conversions->rounds = 0;
	forget_wanted(conversions);
	arena_reset(conversions->arena);
}

void object_conversions_destroy(struct object_conversions **conversions)
{
	struct object_conversions *gone = *conversions;

	*conversions = NULL;
	if (!gone)
		return;
	map_fini(&gone->converted);
	arena_destroy(&gone->arena);
	memory_free(gone);
}

/* ---- Noting ---- */

/* Custom objects are written with sorted members, so the version stands first in nearly all. */
static bool lies_in(const struct api_resource *resource, const struct stored_object *stored)
{
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct json_value object;
	struct str version = api_group_version(arena, resource->group, resource->version);
	struct str beginning = arena_printf(arena, "{\"apiVersion\":\"%.*s\",", STR_ARG(version));
	bool is_same = str_starts_with(stored->json, beginning) ||
		       json_read(arena, stored->json, NULL, &object, &err) != 0 ||
		       str_equal(json_text(json_find(&object, STR("apiVersion"))), version);

	arena_destroy(&arena);
	return is_same;
}

static bool is_remote(const struct api_resource *resource, const struct stored_object *stored)
{
	return (resource->flags & RESOURCE_WEBHOOK_CONVERSION) &&
	       stored_object_type_prefix(resource, stored) == 0 && !lies_in(resource, stored);
}

static void note(struct object_conversions *conversions, const struct api_resource *resource,
	const struct stored_object *stored)
{
	struct wanted *wanted = ARENA_NEW(conversions->arena, struct wanted);

	conversions->target = resource;
	conversions->wanted_bytes += stored->json.length;
	if (conversions->wanted_bytes > WANTED_MAXIMUM_BYTES) {
		conversions->failure =
			STR("too many objects have to be converted at once: ask for pages");
		forget_wanted(conversions);
		return;
	}
	wanted->revision = arena_copy(conversions->arena, stored->revision);
	wanted->json = arena_copy(conversions->arena, stored->json);
	*conversions->wanted_end = wanted;
	conversions->wanted_end = &wanted->next;
}

int object_conversions_find(struct request_context *context, const struct api_resource *resource,
	const struct stored_object *stored, bool *ret_is_remote, struct str *ret_json,
	struct error *err)
{
	struct object_conversions *conversions;
	const struct str *found;

	*ret_is_remote = is_remote(resource, stored);
	if (!*ret_is_remote)
		return 0;
	conversions = conversions_of(context);
	found = map_find(&conversions->converted, stored->revision);
	if (found) {
		*ret_json = *found;
		return 0;
	}
	if (str_is_empty(conversions->failure))
		note(conversions, resource, stored);
	return error_set(err, ERROR_UNTYPED, "%.*s", STR_ARG(conversions->failure));
}

bool object_conversions_want(struct request_context *context, const struct api_resource *resource,
	const struct stored_object *stored)
{
	bool ignored;
	struct str json;

	if (object_conversions_find(context, resource, stored, &ignored, &json, NULL) == 0)
		return false;
	return context->conversions->wanted != NULL;
}

struct range_want {
	struct request_context *context;
	const struct api_resource *resource;
	int64_t left; /* -1: all */
	bool is_any;
};

static bool want_record(void *opaque, const struct storage_record *record)
{
	struct range_want *want = opaque;
	struct stored_object stored;

	if (stored_object_parse(record->value, &stored))
		want->is_any |= object_conversions_want(want->context, want->resource, &stored);
	if (want->left > 0)
		want->left--;
	return want->left != 0;
}

bool object_conversions_want_range(struct request_context *context,
	const struct api_resource *resource, struct storage_snapshot *snapshot,
	const struct storage_range *range, int64_t maximum)
{
	struct range_want want = {
		.context = context, .resource = resource, .left = maximum > 0 ? maximum : -1};

	if (resource->flags & RESOURCE_WEBHOOK_CONVERSION)
		storage_snapshot_scan(snapshot, range, want_record, &want);
	return want.is_any && context->conversions->wanted != NULL;
}

/* ---- Converting ---- */

static void keep_converted(struct object_conversions *conversions, const struct json_value *list)
{
	size_t i = 0;

	for (struct wanted *wanted = conversions->wanted; wanted; wanted = wanted->next) {
		struct json_value object =
			json_copy(conversions->arena, json_element(list, i++), true);
		struct str *json = ARENA_NEW(conversions->arena, struct str);

		object_settle(conversions->arena, conversions->target, &object);
		*json = json_to_str(conversions->arena, &object);
		map_set(&conversions->converted, wanted->revision, json);
	}
}

static void on_converted(void *opaque, const struct json_value *list, struct str failure)
{
	struct object_conversions *conversions = opaque;
	struct request_context *context = conversions->context;

	if (list)
		keep_converted(conversions, list);
	else
		conversions->failure = arena_copy(conversions->arena, failure);
	forget_wanted(conversions);
	error_clear(&context->err);
	if (context->server)
		conversions->again(conversions->again_context);
	request_context_unref(&context);
}

static void ask(struct object_conversions *conversions)
{
	struct api_server *server = conversions->context->server;
	struct error err = ERROR_INIT(conversions->arena);
	struct json_value objects = json_array(), object;

	for (struct wanted *wanted = conversions->wanted; wanted; wanted = wanted->next) {
		if (json_read(conversions->arena, wanted->json, NULL, &object, &err) != 0)
			object = json_object();
		json_append(conversions->arena, &objects, object);
	}
	server->options.convert_objects(
		server->options.context, conversions->target, &objects, on_converted, conversions);
}

bool object_conversions_run(
	struct request_context *context, void (*again)(void *context), void *again_context)
{
	struct object_conversions *conversions = context->conversions;

	if (!conversions || !conversions->wanted)
		return false;
	conversions->context = request_context_ref(context);
	conversions->again = again;
	conversions->again_context = again_context;
	if (++conversions->rounds > ROUNDS_MAXIMUM || !context->server->options.convert_objects) {
		on_converted(conversions, NULL,
			STR("the objects change faster than the conversion webhook converts them"));
		return true;
	}
	ask(conversions);
	return true;
}

int object_conversions_outcome(const struct request_context *context, struct error *err)
{
	if (!context->conversions || str_is_empty(context->conversions->failure))
		return 0;
	return error_set(err, ERROR_UNTYPED, "%.*s", STR_ARG(context->conversions->failure));
}

/* ---- Storing ---- */

bool object_is_stored_by_webhook(const struct api_resource *resource)
{
	return (resource->flags & RESOURCE_WEBHOOK_CONVERSION) &&
	       api_resource_storage(resource) != resource;
}

struct store_conversion {
	struct request_context *context;
	const struct api_resource *storage;
	object_stored_form_fn done;
	void *done_context;
};

static void on_stored_form(void *opaque, const struct json_value *list, struct str failure)
{
	struct store_conversion *conversion = opaque;
	struct request_context *context = conversion->context;
	struct json_value object;

	if (!context->server)
		list = NULL;
	if (list) {
		object = json_copy(context->arena, json_element(list, 0), true);
		object_settle(context->arena, conversion->storage, &object);
	} else {
		error_set(&context->err, ERROR_UNTYPED, "%.*s", STR_ARG(failure));
	}
	conversion->done(conversion->done_context, list ? &object : NULL);
	request_context_unref(&context);
}

void object_convert_for_store(struct request_context *context, const struct api_resource *resource,
	const struct json_value *object, object_stored_form_fn done, void *done_context)
{
	struct store_conversion *conversion = ARENA_NEW(context->arena, struct store_conversion);
	struct json_value objects = json_array();

	conversion->context = request_context_ref(context);
	conversion->storage = api_resource_storage(resource);
	conversion->done = done;
	conversion->done_context = done_context;
	json_append(context->arena, &objects, *object);
	if (context->server->options.convert_objects)
		context->server->options.convert_objects(context->server->options.context,
			conversion->storage, &objects, on_stored_form, conversion);
	else
		on_stored_form(
			conversion, NULL, STR("there is nobody to call conversion webhooks"));
}
