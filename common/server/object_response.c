/* SPDX-License-Identifier: Apache-2.0 */
#include "object_response.h"

#include "json_writer.h"
#include "list_format.h"
#include "schema_engine.h"

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

struct str object_convert(
	struct arena *arena, const struct api_resource *resource, struct json_value *object)
{
	struct error err = ERROR_INIT(arena);
	struct json_value decoded;

	/* Versions of a CRD without a webhook differ in nothing but their name and schema. */
	json_set(arena, object, STR("apiVersion"),
		json_string(api_group_version(arena, resource->group, resource->version)));
	/* What cannot be decoded any more is shown as it lies in the store. */
	if (schema_decode(arena, resource->schema, object, NULL, &decoded, &err) == 0) {
		schema_apply_defaults(arena, resource->schema, &decoded);
		*object = decoded;
	}
	return json_to_str(arena, object);
}
