/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scale subresource: a view of the parent as an autoscaling/v1 Scale, and a write of it as a
 * write of the parent's replicas.
 */
#include "api_server_private.h"
#include "json_reader.h"
#include "json_writer.h"
#include "label_selector.h"
#include "object_conversion.h"
#include "object_meta.h"
#include "object_response.h"
#include "object_write.h"
#include "scale.h"
#include "schema_engine.h"
#include "status.h"

/* ".spec.replicas" -> the value, or NULL. */
static struct json_value *find_by_path(const struct json_value *object, struct str path)
{
	const struct json_value *at = object;

	path = str_skip(path, 1);
	while (!str_is_empty(path) && at)
		at = json_find(at, str_split(&path, '.'));
	return (struct json_value *)at;
}

static void set_by_path(
	struct arena *arena, struct json_value *object, struct str path, struct json_value value)
{
	struct json_value *at = object;

	path = str_skip(path, 1);
	for (;;) {
		struct str name = str_split(&path, '.');

		if (str_is_empty(path)) {
			json_set(arena, at, name, value);
			return;
		}
		at = json_ensure_object(arena, at, name);
	}
}

/* A custom resource has it as text; others have a LabelSelector or a plain map of labels. */
static struct str format_selector(struct arena *arena, const struct json_value *value)
{
	struct label_selector *selector;
	struct error err = ERROR_INIT(arena);

	if (value && value->type == JSON_STRING)
		return json_text(value);
	/* One that cannot be read selects nothing, and has no text. */
	if (label_selector_from_object(arena, value, &selector, &err) != 0)
		return STR_EMPTY;
	return label_selector_format(arena, selector);
}

/* ---- Parent to Scale ---- */

static struct json_value make_scale(
	struct arena *arena, const struct api_resource *resource, const struct json_value *parent)
{
	static const char *const copied[] = {
		"name", "namespace", "uid", "resourceVersion", "creationTimestamp"};
	struct json_value scale = json_object();
	struct json_value metadata = json_object();
	struct json_value spec = json_object(), status = json_object();
	struct str selector = STR_EMPTY;

	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
		const struct json_value *value =
			json_find_path(parent, "metadata", copied[i], NULL);

		if (value)
			json_append_member(arena, &metadata, str_from_c(copied[i]), *value);
	}
	int64_t wanted = json_integer_or(find_by_path(parent, resource->scale_spec_path), 0);
	int64_t present = json_integer_or(find_by_path(parent, resource->scale_status_path), 0);

	if (!str_is_empty(resource->scale_selector_path))
		selector =
			format_selector(arena, find_by_path(parent, resource->scale_selector_path));
	if (wanted != 0)
		json_append_member(arena, &spec, STR("replicas"), json_integer(wanted));
	json_append_member(arena, &status, STR("replicas"), json_integer(present));
	if (!str_is_empty(selector))
		json_append_member(arena, &status, STR("selector"), json_string(selector));
	json_append_member(arena, &scale, STR("kind"), json_string(STR("Scale")));
	json_append_member(arena, &scale, STR("apiVersion"), json_string(STR("autoscaling/v1")));
	json_append_member(arena, &scale, STR("metadata"), metadata);
	json_append_member(arena, &scale, STR("spec"), spec);
	json_append_member(arena, &scale, STR("status"), status);
	return scale;
}

void scale_respond(struct request_context *context, int status, struct str parent_json)
{
	struct json_value parent;

	if (json_read(context->arena, parent_json, NULL, &parent, &context->err) != 0) {
		request_context_fail(context);
		return;
	}
	struct json_value scale = make_scale(context->arena, context->resource, &parent);

	object_respond(context, status, json_to_str(context->arena, &scale));
}

static void respond_get(void *opaque)
{
	struct request_context *context = opaque;
	struct json_value parent;
	struct str json;
	uint64_t revision;
	int outcome = object_load(context, context->resource, context->entry->prefix,
		object_storage_name(context->arena, context->resource, context->info.namespace,
			context->info.name),
		&parent, &json, &revision, &context->err);

	if (outcome < 0 && object_conversions_run(context, respond_get, context))
		return;
	if (outcome == STORAGE_NOT_FOUND)
		error_not_found(&context->err, context->resource, context->info.name);
	if (outcome == 0 && (context->resource->flags & RESOURCE_CUSTOM) &&
		!find_by_path(&parent, context->resource->scale_spec_path))
		outcome = error_set(&context->err, ERROR_INTERNAL,
			"the spec replicas field \"%.*s\" does not exist",
			STR_ARG(context->resource->scale_spec_path));
	if (outcome != 0)
		request_context_fail(context);
	else
		scale_respond(context, 200, json);
}

/* ---- Scale to parent ---- */

struct scale_write {
	struct json_value document; /* of PUT: the Scale; of PATCH: the patch */
	enum {
		SCALE_PUT,
		SCALE_MERGE,
		SCALE_JSON,
		SCALE_STRATEGIC
	} type;
};

static int check_scale(
	struct object_write *write, const struct json_value *scale, struct error *err)
{
	const struct json_value *replicas = json_find_path(scale, "spec", "replicas", NULL);
	struct str name = object_meta_text(scale, STR("name"));
	struct field_errors errors = {.arena = write->context->arena};
	struct field_path spec = field_path_child(NULL, STR("spec"));
	struct field_path path = field_path_child(&spec, STR("replicas"));

	if (!str_is_empty(name) && !str_equal(name, write->name))
		return error_set(err, ERROR_BAD_REQUEST,
			"the name of the object (%.*s) does not match the name on the URL (%.*s)",
			STR_ARG(name), STR_ARG(write->name));
	if (replicas && replicas->type != JSON_INTEGER && replicas->type != JSON_NULL)
		return error_set(err, ERROR_BAD_REQUEST,
			"Scale in version \"v1\" cannot be handled as a Scale: json: cannot "
			"unmarshal into Go struct field ScaleSpec.spec.replicas of type int32");
	if (json_integer_or(replicas, 0) < 0)
		field_errors_add(&errors, FIELD_ERROR_INVALID, &path, replicas,
			"must be greater than or equal to 0");
	else if (json_integer_or(replicas, 0) > INT32_MAX)
		field_errors_add(&errors, FIELD_ERROR_INVALID, &path, replicas,
			"must be less than or equal to 2147483647");
	return field_errors_to_error(&errors, STR("autoscaling"), STR("Scale"), write->name, err);
}

static int make_patched(struct object_write *write, const struct json_value *live,
	struct json_value *ret, struct error *err)
{
	struct arena *arena = write->context->arena;
	const struct scale_write *scale = write->transform_context;
	struct json_value before = make_scale(arena, write->resource, live);

	switch (scale->type) {
	case SCALE_PUT:
		*ret = scale->document;
		return 0;
	case SCALE_JSON:
		return patch_json(arena, &before, &scale->document, ret, err);
	default: /* a Scale has no lists: strategic and merge patches are the same */
		*ret = patch_merge(arena, &before, &scale->document);
		return 0;
	}
}

static int transform(struct object_write *write, const struct json_value *live,
	struct json_value *ret_object, struct error *err)
{
	struct arena *arena = write->context->arena;
	struct json_value scale;

	if (make_patched(write, live, &scale, err) != 0 || check_scale(write, &scale, err) != 0)
		return ERROR_RETURN;
	struct str version = object_meta_text(&scale, STR("resourceVersion"));
	struct json_value changed = json_copy(arena, live, false);
	int64_t replicas = json_integer_or(json_find_path(&scale, "spec", "replicas", NULL), 0);

	set_by_path(arena, &changed, write->resource->scale_spec_path, json_integer(replicas));
	/* Without one of its own the Scale is meant for the parent as it is. */
	if (!str_is_empty(version))
		json_set_path(
			arena, &changed, json_string(version), "metadata", "resourceVersion", NULL);
	write->expected_uid = object_meta_text(&scale, STR("uid"));
	return schema_decode(arena, write->resource->schema, &changed, NULL, ret_object, err);
}

static void on_written(struct object_write *write, int status, struct str json)
{
	if (status == 0)
		request_context_fail(write->context);
	else
		scale_respond(write->context, status, json);
}

static int read_body(struct request_context *context, struct scale_write *scale, struct error *err)
{
	struct str type = http_headers_find(context->headers, STR("content-type"));

	type = str_trim(str_split(&type, ';'));
	if (str_equal(context->method, STR("PUT"))) {
		scale->type = SCALE_PUT;
		return object_write_parse_body(context, &scale->document, err);
	}
	if (str_equal(type, STR("application/json-patch+json")))
		scale->type = SCALE_JSON;
	else if (str_equal(type, STR("application/merge-patch+json")))
		scale->type = SCALE_MERGE;
	else if (str_equal(type, STR("application/strategic-merge-patch+json")))
		scale->type = SCALE_STRATEGIC;
	else
		return error_set(err, ERROR_UNSUPPORTED_MEDIA_TYPE,
			"the body of the request was in an unknown format - accepted media types "
			"include: application/json-patch+json, application/merge-patch+json, "
			"application/strategic-merge-patch+json");
	return json_read(context->arena, context->body, NULL, &scale->document, err);
}

void handle_scale(struct request_context *context)
{
	struct scale_write *scale = ARENA_NEW(context->arena, struct scale_write);

	if (str_equal(context->info.verb, STR("get"))) {
		respond_get(context);
		return;
	}
	struct object_write *write = object_write_create(context);

	if (object_write_parse_options(write, &context->err) != 0 ||
		read_body(context, scale, &context->err) != 0) {
		request_context_fail(context);
		return;
	}
	write->kind = OBJECT_WRITE_UPDATE;
	write->transform = transform;
	write->transform_context = scale;
	write->written = on_written;
	object_write_run(write);
}
