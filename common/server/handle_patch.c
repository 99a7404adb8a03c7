/* SPDX-License-Identifier: Apache-2.0 */
#include "api_server_private.h"
#include "json_reader.h"
#include "json_writer.h"
#include "object_meta.h"
#include "object_write_private.h"
#include "schema_engine.h"
#include "status.h"
#include "yaml_reader.h"

enum patch_type {
	PATCH_JSON,
	PATCH_MERGE,
	PATCH_STRATEGIC,
	PATCH_APPLY
};

struct patch {
	enum patch_type type;
	struct json_value document;
	bool force;
};

#define PATCH_TYPES_BUILT_IN                                                                       \
	"application/json-patch+json, application/merge-patch+json, "                              \
	"application/strategic-merge-patch+json, application/apply-patch+yaml"
#define PATCH_TYPES_CUSTOM                                                                         \
	"application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"

static int find_type(struct request_context *context, enum patch_type *ret, struct error *err)
{
	static const struct {
		struct str name;
		enum patch_type type;
	} types[] = {
		{STR_INIT("application/json-patch+json"), PATCH_JSON},
		{STR_INIT("application/merge-patch+json"), PATCH_MERGE},
		{STR_INIT("application/strategic-merge-patch+json"), PATCH_STRATEGIC},
		{STR_INIT("application/apply-patch+yaml"), PATCH_APPLY},
	};
	bool is_custom = context->resource->flags & RESOURCE_CUSTOM;
	struct str content_type = http_headers_find(context->headers, STR("content-type"));

	content_type = str_trim(str_split(&content_type, ';'));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!str_equal_ignore_case(content_type, types[i].name) ||
			(is_custom && types[i].type == PATCH_STRATEGIC))
			continue;
		*ret = types[i].type;
		return 0;
	}
	return error_set(err, ERROR_UNSUPPORTED_MEDIA_TYPE,
		"the body of the request was in an unknown format - accepted media types include: %s",
		is_custom ? PATCH_TYPES_CUSTOM : PATCH_TYPES_BUILT_IN);
}

static int apply_patch(struct object_write *write, const struct patch *patch,
	const struct json_value *live, struct json_value *ret, struct error *err)
{
	struct arena *arena = write->context->arena;

	switch (patch->type) {
	case PATCH_JSON:
		return patch_json(arena, live, &patch->document, ret, err);
	case PATCH_MERGE:
		*ret = patch_merge(arena, live, &patch->document);
		return 0;
	default:
		return patch_strategic(
			arena, write->resource->schema, live, &patch->document, ret, err);
	}
}

/* A patch may not move the object: name and namespace stay those of the URL. */
static int check_identity(
	struct object_write *write, const struct json_value *patched, struct error *err)
{
	struct str name = object_meta_text(patched, STR("name"));
	struct str namespace = object_meta_text(patched, STR("namespace"));

	if (str_is_empty(name))
		return error_set(err, ERROR_BAD_REQUEST,
			"the name of the object (%.*s based on URL) was undeterminable: name must be "
			"provided",
			STR_ARG(write->name));
	if (!str_equal(name, write->name))
		return error_set(err, ERROR_BAD_REQUEST,
			"the name of the object (%.*s) does not match the name on the URL (%.*s)",
			STR_ARG(name), STR_ARG(write->name));
	if (!str_equal(namespace, write->namespace))
		return error_set(err, ERROR_BAD_REQUEST,
			"the namespace of the object (%.*s) does not match the namespace on the "
			"request (%.*s)",
			STR_ARG(namespace), STR_ARG(write->namespace));
	return 0;
}

/* What does not make an object any more is the patch's fault, and shown as it came out. */
static int refuse_patched(struct object_write *write, const struct patch *patch,
	const struct json_value *patched, struct error *err)
{
	struct arena *arena = write->context->arena;
	struct field_errors errors = {.arena = arena};
	struct field_path path = field_path_child(NULL, STR("patch"));
	bool is_shown_whole = patch->type != PATCH_STRATEGIC;
	struct json_value shown =
		json_string(json_to_str(arena, is_shown_whole ? patched : &patch->document));

	if (patched->type != JSON_OBJECT)
		error_set(err, ERROR_BAD_REQUEST, "the patched document is not an object");
	if (err->code != ERROR_BAD_REQUEST)
		return ERROR_RETURN;
	field_errors_add(
		&errors, FIELD_ERROR_INVALID, &path, &shown, "%.*s", STR_ARG(err->message));
	return field_errors_to_error(&errors, STR_EMPTY, STR_EMPTY, STR_EMPTY, err);
}

static int transform(struct object_write *write, const struct json_value *live,
	struct json_value *ret_object, struct error *err)
{
	struct request_context *context = write->context;
	const struct patch *patch = write->transform_context;
	struct json_value patched;

	if (apply_patch(write, patch, live, &patched, err) != 0)
		return ERROR_RETURN;
	if (patched.type != JSON_OBJECT || object_write_check_type(context, &patched, err) != 0 ||
		object_write_decode_plain(context, write->resource, &patched, ret_object, err) != 0)
		return refuse_patched(write, patch, &patched, err);
	return check_identity(write, &patched, err);
}

/* ---- Server-side apply ---- */

static int transform_apply(struct object_write *write, const struct json_value *live,
	struct json_value *ret_object, struct error *err)
{
	struct request_context *context = write->context;
	const struct patch *patch = write->transform_context;
	struct managed_fields_request request = object_write_managed_fields(write);
	struct json_value merged;

	if (!live && !str_is_empty(object_meta_text(&patch->document, STR("uid")))) {
		error_conflict(err, write->resource, write->name,
			"uid mismatch: the provided object specified uid %.*s, and no existing "
			"object was found",
			STR_ARG(object_meta_text(&patch->document, STR("uid"))));
		return ERROR_RETURN;
	}
	if (managed_fields_apply(context->arena, &request, live, &patch->document, patch->force,
		    &merged, err) != 0)
		return ERROR_RETURN;
	return object_write_decode(context, write->resource, &merged, ret_object, err);
}

static int check_apply(struct object_write *write, struct patch *patch, struct error *err)
{
	struct request_context *context = write->context;
	struct str expected =
		api_group_version(context->arena, write->resource->group, write->resource->version);
	struct str version = json_text(json_find(&patch->document, STR("apiVersion")));
	struct str kind = json_text(json_find(&patch->document, STR("kind")));
	struct str name = object_meta_text(&patch->document, STR("name"));
	const struct json_value *managed =
		json_find_path(&patch->document, "metadata", "managedFields", NULL);

	if (patch->document.type != JSON_OBJECT)
		return error_set(err, ERROR_BAD_REQUEST,
			"error decoding YAML: error unmarshaling JSON: while decoding JSON: json: "
			"cannot unmarshal %s into Go value of type map[string]interface {}",
			patch->document.type == JSON_ARRAY ? "array" : "string");
	if (managed && managed->type != JSON_NULL)
		return error_set(err, ERROR_BAD_REQUEST, "metadata.managedFields must be nil");
	if (!str_equal(version, expected))
		return error_set(err, ERROR_BAD_REQUEST,
			"Incorrect version specified in apply patch. Specified patch version: %.*s, "
			"expected: %.*s",
			STR_ARG(version), STR_ARG(expected));
	if (!str_equal(kind, write->resource->kind))
		return error_set(err, ERROR_BAD_REQUEST,
			str_is_empty(kind) ? "Object 'Kind' is missing in the apply patch"
					   : "the kind of the apply patch is not that of the "
					     "resource");
	if (!str_is_empty(name) && !str_equal(name, write->name))
		return error_set(err, ERROR_BAD_REQUEST,
			"the name of the object (%.*s) does not match the name on the URL (%.*s)",
			STR_ARG(name), STR_ARG(write->name));
	json_ensure_object(context->arena, &patch->document, STR("metadata"));
	json_set_path(context->arena, &patch->document, json_string(write->name), "metadata",
		"name", NULL);
	if (!str_is_empty(write->namespace))
		json_set_path(context->arena, &patch->document, json_string(write->namespace),
			"metadata", "namespace", NULL);
	return 0;
}

static int read_patch(struct request_context *context, struct patch *patch, struct error *err)
{
	struct json_value duplicates = json_array();
	struct json_read_options options = {.ret_duplicates = &duplicates};

	if (patch->type == PATCH_APPLY) {
		if (yaml_read(context->arena, context->body, &options, &patch->document, err) != 0)
			return error_wrap(err, "error decoding YAML");
		return 0;
	}
	if (json_read(context->arena, context->body, &options, &patch->document, err) != 0)
		return ERROR_RETURN;
	return object_write_note_duplicates(context, &duplicates, err);
}

static int check_apply_options(struct object_write *write, struct patch *patch, struct error *err)
{
	bool is_present;
	struct field_errors errors = {.arena = write->context->arena};
	struct str force = http_query_find(write->context->query, STR("force"), &is_present);

	if (is_present && !str_parse_bool(force, &patch->force))
		return error_set(err, ERROR_BAD_REQUEST, "invalid value for force: \"%.*s\"",
			STR_ARG(force));
	if (patch->type == PATCH_APPLY && write->has_default_manager) {
		struct field_path path = field_path_child(NULL, STR("fieldManager"));

		field_errors_add(
			&errors, FIELD_ERROR_REQUIRED, &path, NULL, "is required for apply patch");
	} else if (patch->type != PATCH_APPLY && is_present) {
		struct field_path path = field_path_child(NULL, STR("force"));

		field_errors_add(&errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
			"may not be specified for non-apply patch");
	}
	return field_errors_to_error(
		&errors, STR("meta.k8s.io"), STR("PatchOptions"), STR_EMPTY, err);
}

void handle_patch(struct request_context *context)
{
	struct patch *patch = ARENA_NEW(context->arena, struct patch);
	struct object_write *write = object_write_create(context);

	if (find_type(context, &patch->type, &context->err) != 0 ||
		object_write_parse_options(write, &context->err) != 0 ||
		check_apply_options(write, patch, &context->err) != 0 ||
		read_patch(context, patch, &context->err) != 0 ||
		(patch->type == PATCH_APPLY && check_apply(write, patch, &context->err) != 0)) {
		request_context_fail(context);
		return;
	}
	write->kind = OBJECT_WRITE_UPDATE;
	write->is_patch = true;
	write->is_apply = patch->type == PATCH_APPLY;
	write->create_allowed = write->is_apply && str_is_empty(context->info.subresource);
	write->transform = write->is_apply ? transform_apply : transform;
	write->transform_context = patch;
	object_write_run(write);
}
