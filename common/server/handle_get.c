/* SPDX-License-Identifier: Apache-2.0 */
#include "api_server_private.h"
#include "object_conversion.h"
#include "object_response.h"
#include "object_write.h"
#include "revision_wait.h"
#include "status.h"
#include "stored_object.h"

/* The common case: JSON as stored, one newline behind it, no tree is built. */
static void respond_stored(struct request_context *context, const struct stored_object *stored)
{
	struct str json = stored->json;
	char *body = arena_allocate_text(context->arena, json.length + 1);

	memcpy(body, json.data, json.length);
	body[json.length] = '\n';
	request_context_respond(context, 200, "application/json", str_from(body, json.length + 1));
}

static void respond_converted(struct request_context *context, struct str storage_name);

static void get_again(void *opaque)
{
	struct request_context *context = opaque;

	respond_converted(context, object_storage_name(context->arena, context->resource,
					   context->info.namespace, context->info.name));
}

static void respond_converted(struct request_context *context, struct str storage_name)
{
	struct json_value object;
	struct str json;
	uint64_t revision;
	int outcome = object_load(context, context->resource, context->entry->prefix, storage_name,
		&object, &json, &revision, &context->err);

	if (outcome == STORAGE_NOT_FOUND)
		error_not_found(&context->err, context->resource, context->info.name);
	if (outcome < 0 && object_conversions_run(context, get_again, context))
		return;
	if (outcome != 0)
		request_context_fail(context);
	else
		object_respond(context, 200, json);
}

static int check_revision_parameter(
	struct request_context *context, uint64_t current, struct error *err)
{
	struct str text = http_query_find(context->query, STR("resourceVersion"), NULL);
	uint64_t wanted;

	if (str_is_empty(text))
		return 0;
	if (!str_parse_u64(text, UINT64_MAX, &wanted))
		return error_set(err, ERROR_BAD_REQUEST, "invalid resource version: \"%.*s\"",
			STR_ARG(text));
	if (wanted > current)
		return error_too_large_resource_version(err, wanted, current);
	return 0;
}

static void serve_get(struct request_context *context)
{
	struct str name = object_storage_name(
		context->arena, context->resource, context->info.namespace, context->info.name);
	struct storage_record record;
	struct stored_object stored;
	/* Not storage_revision(): a list may have shown what the loop has not been told of yet. */
	struct storage_snapshot *snapshot =
		storage_snapshot_open(api_server_storage(context->server));

	if (check_revision_parameter(context, storage_snapshot_revision(snapshot), &context->err) !=
		0) {
		storage_snapshot_close(&snapshot);
		request_context_fail(context);
		return;
	}
	int outcome = storage_snapshot_get(snapshot, context->entry->prefix, name, 0, &record);

	if (outcome == 0 && media_type_is_plain_json(&context->accept) &&
		stored_object_parse(record.value, &stored) &&
		stored_object_type_prefix(context->resource, &stored) > 0) {
		respond_stored(context, &stored);
		storage_snapshot_close(&snapshot);
		return;
	}
	storage_snapshot_close(&snapshot);
	respond_converted(context, name);
}

void handle_get(struct request_context *context)
{
	struct str text = http_query_find(context->query, STR("resourceVersion"), NULL);
	uint64_t wanted = 0;

	if (!str_is_empty(text) && str_parse_u64(text, UINT64_MAX, &wanted))
		revision_wait(context, wanted, serve_get);
	else
		serve_get(context);
}
