/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A write that was carried out just before a crash, whose answer was lost, comes again with the same
 * request id. The store remembers it with the write itself, so it is answered from there and is never
 * carried out twice.
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

/* The object as the write left it; for a delete its last state. */
static bool recall(struct request_context *context, struct remembered *ret)
{
	struct storage *storage = api_server_storage(context->server);
	struct storage_snapshot *snapshot = storage_snapshot_open(storage);
	struct storage_remembered found;
	struct storage_record record;
	struct stored_object stored;
	bool is_found = storage_snapshot_find_request(snapshot, context->request_id, &found) == 0;

	if (is_found) {
		uint64_t revision =
			found.type == STORAGE_DELETE ? found.revision - 1 : found.revision;

		is_found = storage_snapshot_get(snapshot,
				   storage_prefix_intern(storage, found.prefix_text), found.name,
				   revision, &record) == 0 &&
			   stored_object_parse(record.value, &stored);
	}
	if (is_found) {
		ret->type = found.type;
		ret->json = arena_printf(context->arena, "%.*s%llu%.*s",
			STR_ARG(stored.before_revision), (unsigned long long)found.revision,
			STR_ARG(stored.after_revision));
	}
	storage_snapshot_close(&snapshot);
	return is_found;
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

bool request_step_repeat(struct request_context *context)
{
	struct remembered remembered;

	if (str_is_empty(context->request_id) || str_equal(context->method, STR("GET")) ||
		str_equal(context->info.verb, STR("deletecollection")) ||
		!recall(context, &remembered))
		return true;
	if (str_equal(context->info.subresource, STR("scale")))
		scale_respond(context, 200, remembered.json);
	else if (context->subresource && str_equal(context->info.verb, STR("create")))
		request_context_respond_json(context, 201,
			status_success(context->arena, context->info.name, STR_EMPTY, STR_EMPTY,
				STR_EMPTY));
	else if (str_equal(context->info.verb, STR("delete")) &&
		 remembered.type == STORAGE_DELETE)
		answer_delete(context, remembered.json);
	else
		object_respond(context, remembered.type == STORAGE_CREATE ? 201 : 200,
			remembered.json);
	return false;
}
