/* SPDX-License-Identifier: Apache-2.0 */
/* From the bytes of a request to a decoded, defaulted object. */
#include "buffer.h"
#include "json_reader.h"
#include "list_options.h"
#include "object_meta.h"
#include "object_write.h"
#include "protobuf_reader.h"
#include "schema_engine.h"
#include "status.h"
#include "yaml_reader.h"

int object_write_parse_options(struct object_write *write, struct error *err)
{
	struct request_context *context = write->context;
	struct write_options options;

	if (write_options_parse(
		    context->arena, context->query, context->user_agent, &options, err) != 0)
		return ERROR_RETURN;
	write->is_dry_run = options.is_dry_run;
	write->field_manager = options.field_manager;
	write->has_default_manager = options.has_default_manager;
	context->field_validation = options.field_validation;
	return 0;
}

/* What is wrong with a document's fields: nothing, a warning each, or an error, as was asked. */
static int report_field_problems(struct request_context *context, struct str kind,
	const struct json_value *problems, struct error *err)
{
	struct buffer text = {0};

	if (context->field_validation == FIELD_VALIDATION_IGNORE || json_count(problems) == 0)
		return 0;
	for (size_t i = 0; i < json_count(problems); i++) {
		struct str problem = json_text(json_element(problems, i));

		if (context->field_validation == FIELD_VALIDATION_WARN)
			request_context_warn(context, problem);
		else
			buffer_printf(&text, "%s%.*s", i > 0 ? ", " : "", STR_ARG(problem));
	}
	if (context->field_validation == FIELD_VALIDATION_WARN)
		return 0;
	error_set(err, ERROR_BAD_REQUEST,
		"%.*s in version \"%.*s\" cannot be handled as a %.*s: strict decoding error: %.*s",
		STR_ARG(kind), STR_ARG(context->resource->version), STR_ARG(kind),
		STR_ARG(buffer_str(&text)));
	buffer_fini(&text);
	return ERROR_RETURN;
}

static struct json_value name_problems(
	struct arena *arena, const char *what, const struct json_value *paths)
{
	struct json_value problems = json_array();

	for (size_t i = 0; i < json_count(paths); i++)
		json_append(arena, &problems,
			json_string(arena_printf(arena, "%s field \"%.*s\"", what,
				STR_ARG(json_text(json_element(paths, i))))));
	return problems;
}

int object_write_note_duplicates(
	struct request_context *context, const struct json_value *duplicates, struct error *err)
{
	struct json_value problems = name_problems(context->arena, "duplicate", duplicates);

	return report_field_problems(context, context->resource->kind, &problems, err);
}

/* What the body of this request holds; NULL where it cannot come as protobuf. */
static const struct schema *body_schema(const struct request_context *context)
{
	if (context->resource->flags & RESOURCE_CUSTOM)
		return NULL;
	if (context->subresource && context->subresource->schema)
		return context->subresource->schema;
	return context->resource->schema;
}

static int read_protobuf(
	struct request_context *context, struct json_value *ret_document, struct error *err)
{
	struct protobuf_envelope envelope;

	if (protobuf_read_envelope(context->body, &envelope, err) != 0 ||
		protobuf_read_message(
			context->arena, body_schema(context), envelope.raw, ret_document, err) != 0)
		return ERROR_RETURN;
	json_set(context->arena, ret_document, STR("kind"), json_string(envelope.kind));
	json_set(
		context->arena, ret_document, STR("apiVersion"), json_string(envelope.api_version));
	return 0;
}

int object_write_parse_any(
	struct request_context *context, struct json_value *ret_document, struct error *err)
{
	struct str type = http_headers_find(context->headers, STR("content-type"));
	struct str encoding = http_headers_find(context->headers, STR("content-encoding"));
	struct json_value duplicates = json_array();
	struct json_read_options options = {.ret_duplicates = &duplicates};
	int outcome;

	type = str_trim(str_split(&type, ';'));
	if (!str_is_empty(encoding) && !str_equal_ignore_case(encoding, STR("identity")))
		return error_set(err, ERROR_UNSUPPORTED_MEDIA_TYPE,
			"content encoding \"%.*s\" is not supported", STR_ARG(encoding));
	if (str_is_empty(type) || str_equal_ignore_case(type, STR("application/json"))) {
		outcome = json_read(context->arena, context->body, &options, ret_document, err);
		if (outcome != 0)
			return error_wrap(err, "couldn't get version/kind; json parse error");
	} else if (str_equal_ignore_case(type, STR("application/yaml"))) {
		outcome = yaml_read(context->arena, context->body, &options, ret_document, err);
		if (outcome != 0)
			return error_wrap(err, "error converting YAML to JSON");
	} else if (str_equal_ignore_case(type, STR(PROTOBUF_MEDIA_TYPE)) &&
		   body_schema(context) != NULL) {
		return read_protobuf(context, ret_document, err);
	} else {
		return error_set(err, ERROR_UNSUPPORTED_MEDIA_TYPE,
			"the body of the request was in an unknown format - accepted media types "
			"include: application/json, application/yaml%s",
			body_schema(context) ? ", " PROTOBUF_MEDIA_TYPE : "");
	}
	if (ret_document->type != JSON_OBJECT)
		return error_set(err, ERROR_BAD_REQUEST,
			"couldn't get version/kind; json parse error: json: cannot unmarshal into Go "
			"value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; "
			"Kind string \"json:\\\"kind,omitempty\\\"\" }");
	return object_write_note_duplicates(context, &duplicates, err);
}

int object_write_check_type(
	struct request_context *context, struct json_value *document, struct error *err)
{
	const struct api_resource *resource = context->resource;
	bool has_own = context->subresource && !str_is_empty(context->subresource->kind);
	struct str kind = has_own ? context->subresource->kind : resource->kind;
	struct str group = has_own && !str_is_empty(context->subresource->version)
				   ? context->subresource->group
				   : resource->group;
	struct str version = has_own && !str_is_empty(context->subresource->version)
				     ? context->subresource->version
				     : resource->version;
	struct str expected = api_group_version(context->arena, group, version);
	struct str body_version = json_text(json_find(document, STR("apiVersion")));
	struct str body_kind = json_text(json_find(document, STR("kind")));
	bool is_custom = resource->flags & RESOURCE_CUSTOM;

	if (is_custom && str_is_empty(body_kind))
		return error_set(err, ERROR_BAD_REQUEST, "Object 'Kind' is missing in '%.*s'",
			STR_ARG(str_slice(context->body, 0, 1024)));
	if (is_custom && str_is_empty(body_version))
		return error_set(err, ERROR_BAD_REQUEST, "Object 'apiVersion' is missing in '%.*s'",
			STR_ARG(str_slice(context->body, 0, 1024)));
	if (!str_is_empty(body_version) && !str_equal(body_version, expected))
		return error_set(err, ERROR_BAD_REQUEST,
			"the API version in the data (%.*s) does not match the expected API version "
			"(%.*s)",
			STR_ARG(body_version), STR_ARG(expected));
	if (!str_is_empty(body_kind) && !str_equal(body_kind, kind))
		return error_set(err, ERROR_BAD_REQUEST,
			"%.*s in version \"%.*s\" cannot be handled as a %.*s: no kind \"%.*s\" is "
			"registered for this resource",
			STR_ARG(body_kind), STR_ARG(version), STR_ARG(kind), STR_ARG(body_kind));
	json_set(context->arena, document, STR("kind"), json_string(kind));
	json_set(context->arena, document, STR("apiVersion"), json_string(expected));
	return 0;
}

int object_write_parse_body(
	struct request_context *context, struct json_value *ret_document, struct error *err)
{
	if (object_write_parse_any(context, ret_document, err) != 0)
		return ERROR_RETURN;
	return object_write_check_type(context, ret_document, err);
}

int object_write_parse_object(
	struct object_write *write, struct json_value *ret_document, struct error *err)
{
	struct request_context *context = write->context;

	if (object_write_parse_options(write, err) != 0 ||
		object_write_parse_body(context, ret_document, err) != 0)
		return ERROR_RETURN;
	return object_meta_check_url(
		context->resource, ret_document, context->info.namespace, context->info.name, err);
}

int object_write_decode(struct request_context *context, const struct api_resource *resource,
	const struct json_value *document, struct json_value *ret_object, struct error *err)
{
	struct json_value unknown = json_array();

	if (schema_decode(context->arena, resource->schema, document, &unknown, ret_object, err) !=
		0)
		return error_wrap(err, "%.*s in version \"%.*s\" cannot be handled as a %.*s",
			STR_ARG(resource->kind), STR_ARG(resource->version),
			STR_ARG(resource->kind));
	struct json_value problems = name_problems(context->arena, "unknown", &unknown);

	if (report_field_problems(context, resource->kind, &problems, err) != 0)
		return ERROR_RETURN;
	if (!schema_apply_defaults(context->arena, resource->schema, ret_object))
		return error_set(err, ERROR_TOO_LARGE, "the object's defaults are too large");
	return 0;
}
