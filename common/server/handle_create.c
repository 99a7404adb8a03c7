/* SPDX-License-Identifier: Apache-2.0 */
#include "api_server_private.h"
#include "list_options.h"
#include "object_meta.h"
#include "object_write.h"
#include "status.h"

static int transform(struct object_write *write, const struct json_value *live,
	struct json_value *ret_object, struct error *err)
{
	struct request_context *context = write->context;
	const struct json_value *document = write->transform_context;

	(void)live;
	/* Each attempt decodes anew: a collided generateName must not see the last attempt's name.
	 */
	if (object_write_decode(context, write->resource, document, ret_object, err) != 0)
		return ERROR_RETURN;
	write->generate_name = str_is_empty(object_meta_text(ret_object, STR("name")))
				       ? object_meta_text(ret_object, STR("generateName"))
				       : STR_EMPTY;
	return 0;
}

void handle_create(struct request_context *context)
{
	struct json_value *document = ARENA_NEW(context->arena, struct json_value);
	struct object_write *write = object_write_create(context);

	if (object_write_parse_object(write, document, &context->err) != 0) {
		request_context_fail(context);
		return;
	}
	write->kind = OBJECT_WRITE_CREATE;
	write->transform = transform;
	write->transform_context = document;
	object_write_run(write);
}
