/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A write that was carried out just before a crash, whose answer was lost, comes again with the
 * same request id. The store remembers it with the write itself, so it is answered from there and
 * is never carried out twice. One that comes while the first is still under way (only the
 * connection broke) waits for its end.
 */
#include "api_server_private.h"
#include "json_reader.h"
#include "object_meta.h"
#include "object_response.h"
#include "scale.h"
#include "status.h"
#include "stored_object.h"

struct remembered {
	enum storage_operation_type type;
	struct str json; /* with the revision of the write */
};

static bool is_repeatable(const struct request_context *context)
{
	return !str_is_empty(context->request_id) && !str_equal(context->method, STR("GET")) &&
	       !str_equal(context->info.verb, STR("deletecollection")) &&
	       !(context->resource->flags & RESOURCE_VIRTUAL);
}

/* ---- Under way ---- */

static bool waits_for_another(struct request_context *context)
{
	struct request_context *first =
		map_find(&context->server->request_ids, context->request_id);

	if (!first) {
		map_set(&context->server->request_ids, context->request_id, context);
		context->holds_request_id = true;
		return false;
	}
	context->waiting = first->waiting;
	first->waiting = request_context_ref(context);
	context->step--; /* this one again */
	return true;
}

void request_ids_release(struct request_context *context)
{
	struct request_context *next = context->waiting;

	if (!context->holds_request_id)
		return;
	context->holds_request_id = false;
	context->waiting = NULL;
	map_remove(&context->server->request_ids, context->request_id);
	while (next) {
		struct request_context *waiting = next;

		next = waiting->waiting;
		waiting->waiting = NULL;
		if (waiting->exchange)
			request_context_continue(waiting);
		request_context_unref(&waiting);
	}
}

/* ---- Remembered ---- */

/* The object as the write left it; for a delete its last state. */
static int recall(struct request_context *context, struct remembered *ret, struct error *err)
{
	struct storage *storage = api_server_storage(context->server);
	struct storage_snapshot *snapshot = storage_snapshot_open(storage);
	struct storage_remembered found;
	struct storage_record record;
	struct stored_object stored;
	int outcome = storage_snapshot_find_request(snapshot, context->request_id, &found);

	if (outcome == 0 && !str_equal(found.prefix_text, context->resource->storage_prefix))
		outcome = STORAGE_NOT_FOUND;
	if (outcome == 0) {
		uint64_t revision =
			found.type == STORAGE_DELETE ? found.revision - 1 : found.revision;

		if (storage_snapshot_get(
			    snapshot, context->entry->prefix, found.name, revision, &record) != 0 ||
			!stored_object_parse(record.value, &stored))
			outcome = error_set(err, ERROR_TIMEOUT,
				"the request was carried out, and its result is known no more");
	}
	if (outcome == 0) {
		ret->type = found.type;
		ret->json = arena_printf(context->arena, "%.*s%llu%.*s",
			STR_ARG(stored.before_revision), (unsigned long long)found.revision,
			STR_ARG(stored.after_revision));
	}
	storage_snapshot_close(&snapshot);
	return outcome;
}

static void answer_delete(struct request_context *context, struct str json)
{
	struct json_value object;

	if (context->resource->flags & RESOURCE_RETURNS_DELETED) {
		object_respond(context, 200, json);
		return;
	}
	if (json_read(context->arena, json, NULL, &object, &context->err) != 0) {
		request_context_fail(context);
		return;
	}
	request_context_respond_json(context, 200,
		status_success(context->arena, object_meta_text(&object, STR("name")),
			context->resource->group, context->resource->resource,
			object_meta_text(&object, STR("uid"))));
}

static void answer(struct request_context *context, const struct remembered *remembered)
{
	if (str_equal(context->info.subresource, STR("scale")))
		scale_respond(context, 200, remembered->json);
	else if (context->subresource && str_equal(context->info.verb, STR("create")))
		request_context_respond_json(context, 201,
			status_success(context->arena, STR_EMPTY, STR_EMPTY, STR_EMPTY, STR_EMPTY));
	else if (str_equal(context->info.verb, STR("delete")) && remembered->type == STORAGE_DELETE)
		answer_delete(context, remembered->json);
	else
		object_respond(
			context, remembered->type == STORAGE_CREATE ? 201 : 200, remembered->json);
}

bool request_step_repeat(struct request_context *context)
{
	struct remembered remembered;

	if (!is_repeatable(context))
		return true;
	int outcome = recall(context, &remembered, &context->err);

	if (outcome == STORAGE_NOT_FOUND)
		return !waits_for_another(context);
	if (outcome == 0)
		answer(context, &remembered);
	else
		request_context_fail(context);
	return false;
}
