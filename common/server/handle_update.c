/* SPDX-License-Identifier: Apache-2.0 */
#include "api_server_private.h"
#include "object_meta.h"
#include "object_write.h"

static int transform(struct object_write *write, const struct json_value *live,
	struct json_value *ret_object, struct error *err)
{
	(void)live;
	return object_write_decode(
		write->context, write->resource, write->transform_context, ret_object, err);
}

void handle_update(struct request_context *context)
{
	struct json_value *document = ARENA_NEW(context->arena, struct json_value);
	struct object_write *write = object_write_create(context);

	if (object_write_parse_object(write, document, &context->err) != 0) {
		request_context_fail(context);
		return;
	}
	write->kind = OBJECT_WRITE_UPDATE;
	write->create_allowed = (context->resource->flags & RESOURCE_CREATE_ON_UPDATE) &&
				str_is_empty(context->info.subresource);
	write->transform = transform;
	write->transform_context = document;
	object_write_run(write);
}
