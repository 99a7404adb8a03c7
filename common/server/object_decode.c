/* SPDX-License-Identifier: Apache-2.0 */
/* From the bytes of a request to a decoded, defaulted object. */
#include "api_server.h"
#include "buffer.h"
#include "json_reader.h"
#include "list_options.h"
#include "object_meta.h"
#include "object_write.h"
#include "protobuf_reader.h"
#include "resource_registry.h"
#include "schema_engine.h"
#include "status.h"
#include "yaml_reader.h"

#define SUMMARY_BYTES 30 /* of a body that is not understood */

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
static int report_field_problems(
	struct request_context *context, const struct json_value *problems, struct error *err)
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
	error_set(
		err, ERROR_BAD_REQUEST, "strict decoding error: %.*s", STR_ARG(buffer_str(&text)));
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
	const struct api_resource *resource = context->resource;

	if (report_field_problems(context, &problems, err) == 0)
		return 0;
	return error_wrap(err, "%.*s in version \"%.*s\" cannot be handled as a %.*s",
		STR_ARG(resource->kind), STR_ARG(resource->version), STR_ARG(resource->kind));
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

static int refuse_media_type(bool takes_protobuf, struct error *err)
{
	return error_set(err, ERROR_UNSUPPORTED_MEDIA_TYPE,
		"the body of the request was in an unknown format - accepted media types include: "
		"application/json, application/yaml%s",
		takes_protobuf ? ", " PROTOBUF_MEDIA_TYPE : "");
}

int object_write_check_media_type(struct request_context *context, struct error *err)
{
	struct str type = http_headers_find(context->headers, STR("content-type"));

	type = str_trim(str_split(&type, ';'));
	if (str_is_empty(type) || str_equal_ignore_case(type, STR("application/json")) ||
		str_equal_ignore_case(type, STR("application/yaml")) ||
		str_equal_ignore_case(type, STR(PROTOBUF_MEDIA_TYPE)))
		return 0;
	return refuse_media_type(true, err);
}

/* The beginning of what was sent: as it is when it looks like JSON, else in hexadecimal. */
static struct str summarise(struct arena *arena, struct str body)
{
	static const char digits[] = "0123456789abcdef";
	struct str head = str_slice(body, 0, SUMMARY_BYTES);
	const char *rest = head.length < body.length ? " ..." : "";
	char text[2 * SUMMARY_BYTES];

	if (body.length == 0)
		return STR("<empty>");
	if (body.data[0] == '{')
		return arena_printf(arena, "%.*s%s", STR_ARG(head), rest);
	for (size_t i = 0; i < head.length; i++) {
		text[2 * i] = digits[(unsigned char)head.data[i] >> 4];
		text[2 * i + 1] = digits[(unsigned char)head.data[i] & 15];
	}
	return arena_printf(arena, "%.*s%s", (int)(2 * head.length), text, rest);
}

static struct str body_kind(const struct request_context *context)
{
	const struct api_subresource *subresource = context->subresource;

	return subresource && !str_is_empty(subresource->kind) ? subresource->kind
							       : context->resource->kind;
}

/* A body in which no kind can be found is refused with a glimpse of it. */
static int refuse_body(struct request_context *context, struct error *err)
{
	struct str cause;

	if (err->code != ERROR_BAD_REQUEST)
		return ERROR_RETURN;
	cause = arena_copy(context->arena, err->message);
	return error_set(err, ERROR_BAD_REQUEST,
		"the object provided is unrecognized (must be of type %.*s): %.*s (%.*s)",
		STR_ARG(body_kind(context)), STR_ARG(cause),
		STR_ARG(summarise(context->arena, context->body)));
}

static int read_yaml(struct request_context *context, const struct json_read_options *options,
	struct json_value *ret_document, struct error *err)
{
	static const struct str prefix = STR_INIT("error converting YAML to JSON: ");

	if (yaml_read(context->arena, context->body, options, ret_document, err) == 0)
		return 0;
	if (str_starts_with(err->message, prefix))
		err->message = str_skip(err->message, prefix.length);
	return ERROR_RETURN;
}

static int read_text(struct request_context *context, bool is_yaml,
	const struct json_read_options *options, struct json_value *ret_document, struct error *err)
{
	if (is_yaml)
		return read_yaml(context, options, ret_document, err);
	if (json_read(context->arena, context->body, options, ret_document, err) == 0)
		return 0;
	return error_wrap(err, "couldn't get version/kind; json parse error");
}

static int refuse_value(const struct json_value *document, struct error *err)
{
	const char *type = document->type == JSON_ARRAY    ? "array"
			   : document->type == JSON_STRING ? "string"
			   : document->type == JSON_BOOL   ? "bool"
							   : "number";

	return error_set(err, ERROR_BAD_REQUEST,
		"couldn't get version/kind; json parse error: json: cannot unmarshal %s into Go "
		"value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; "
		"Kind string \"json:\\\"kind,omitempty\\\"\" }",
		type);
}

int object_write_parse_any(
	struct request_context *context, struct json_value *ret_document, struct error *err)
{
	struct str type = http_headers_find(context->headers, STR("content-type"));
	struct str encoding = http_headers_find(context->headers, STR("content-encoding"));
	struct json_value duplicates = json_array();
	struct json_read_options options = {.ret_duplicates = &duplicates};
	bool is_yaml;

	type = str_trim(str_split(&type, ';'));
	is_yaml = str_equal_ignore_case(type, STR("application/yaml"));
	if (!str_is_empty(encoding) && !str_equal_ignore_case(encoding, STR("identity")))
		return error_set(err, ERROR_UNSUPPORTED_MEDIA_TYPE,
			"content encoding \"%.*s\" is not supported", STR_ARG(encoding));
	if (str_equal_ignore_case(type, STR(PROTOBUF_MEDIA_TYPE)) && body_schema(context)) {
		if (read_protobuf(context, ret_document, err) != 0)
			return refuse_body(context, err);
		return 0;
	}
	if (!is_yaml && !str_is_empty(type) &&
		!str_equal_ignore_case(type, STR("application/json")))
		return refuse_media_type(body_schema(context) != NULL, err);
	if (read_text(context, is_yaml, &options, ret_document, err) != 0)
		return refuse_body(context, err);
	/* As in Go, null is an object with nothing in it. */
	if (ret_document->type == JSON_NULL)
		*ret_document = json_object();
	if (ret_document->type != JSON_OBJECT) {
		refuse_value(ret_document, err);
		return refuse_body(context, err);
	}
	return object_write_note_duplicates(context, &duplicates, err);
}

/* Upstream's words for a kind in the wrong place, by whether it has one anywhere. */
static struct str describe_kind(struct request_context *context, struct str group,
	struct str version, struct str kind, struct str wanted)
{
	struct arena *arena = context->arena;
	struct str package =
		str_is_empty(group) ? STR("core") : str_slice(group, 0, str_find_byte(group, '.'));
	size_t count;
	const struct api_resource **resources =
		resource_registry_list(arena, api_server_registry(context->server), &count);

	for (size_t i = 0; i < count; i++) {
		if (str_equal(resources[i]->group, group) &&
			str_equal(resources[i]->version, version) &&
			str_equal(resources[i]->kind, kind))
			return arena_printf(arena,
				"converting (%.*s.%.*s) to (%.*s.%.*s): unknown conversion",
				STR_ARG(version), STR_ARG(kind), STR_ARG(package), STR_ARG(wanted));
	}
	return arena_printf(arena,
		"no kind \"%.*s\" is registered for version \"%.*s\" in scheme "
		"\"pkg/api/legacyscheme/scheme.go:30\"",
		STR_ARG(kind), STR_ARG(api_group_version(arena, group, version)));
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
	/* A Scale is the same for all, also where it scales a custom resource. */
	bool is_custom = (resource->flags & RESOURCE_CUSTOM) && !has_own;

	if (is_custom && str_is_empty(body_kind))
		return error_set(err, ERROR_BAD_REQUEST, "Object 'Kind' is missing in '%.*s'",
			STR_ARG(str_slice(context->body, 0, 1024)));
	if (is_custom && str_is_empty(body_version))
		return error_set(err, ERROR_BAD_REQUEST, "Object 'apiVersion' is missing in '%.*s'",
			STR_ARG(str_slice(context->body, 0, 1024)));
	/* What evicts did so before there was a policy/v1. */
	if (str_equal(kind, STR("Eviction")) && str_equal(body_version, STR("policy/v1beta1")))
		body_version = expected;
	if (!str_is_empty(body_version) && !str_equal(body_version, expected))
		return error_set(err, ERROR_BAD_REQUEST,
			"the API version in the data (%.*s) does not match the expected API version "
			"(%.*s)",
			STR_ARG(body_version), STR_ARG(expected));
	if (!str_is_empty(body_kind) && !str_equal(body_kind, kind))
		return error_set(err, ERROR_BAD_REQUEST,
			"%.*s in version \"%.*s\" cannot be handled as a %.*s: %.*s",
			STR_ARG(body_kind), STR_ARG(version), STR_ARG(kind),
			STR_ARG(describe_kind(context, group, version, body_kind, kind)));
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

int object_write_decode_plain(struct request_context *context, const struct api_resource *resource,
	const struct json_value *document, struct json_value *ret_object, struct error *err)
{
	struct json_value unknown = json_array();

	if (schema_decode(context->arena, resource->schema, document, &unknown, ret_object, err) !=
		0)
		return ERROR_RETURN;
	struct json_value problems = name_problems(context->arena, "unknown", &unknown);

	if (report_field_problems(context, &problems, err) != 0)
		return ERROR_RETURN;
	if (!schema_apply_defaults(context->arena, resource->schema, ret_object))
		return error_set(err, ERROR_TOO_LARGE, "the object's defaults are too large");
	return 0;
}

int object_write_decode(struct request_context *context, const struct api_resource *resource,
	const struct json_value *document, struct json_value *ret_object, struct error *err)
{
	if (object_write_decode_plain(context, resource, document, ret_object, err) == 0)
		return 0;
	if (err->code != ERROR_BAD_REQUEST)
		return ERROR_RETURN;
	return error_wrap(err, "%.*s in version \"%.*s\" cannot be handled as a %.*s",
		STR_ARG(resource->kind), STR_ARG(resource->version), STR_ARG(resource->kind));
}
