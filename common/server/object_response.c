/* SPDX-License-Identifier: Apache-2.0 */
#include "object_response.h"

#include "list_format.h"

const char *object_content_type(const struct request_context *context)
{
	return context->accept.format == MEDIA_FORMAT_YAML ? "application/yaml"
							   : "application/json";
}

void object_respond(struct request_context *context, int status, struct str json)
{
	if (context->accept.transform == MEDIA_TRANSFORM_NONE) {
		request_context_respond_json(context, status, json);
		return;
	}
	struct buffer out = {0};

	list_format_single(context, &out, json);
	request_context_respond_json(context, status, buffer_str(&out));
	buffer_fini(&out);
}
