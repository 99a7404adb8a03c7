/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt's way from what the client wants to an object that may be stored, in upstream's
 * order: preconditions, system fields, the kind's strategy, field managers, allocation, validation.
 */
#include "object_write_private.h"

#include "api_server_private.h"
#include "clock.h"
#include "object_meta.h"
#include "schema_engine.h"
#include "status.h"

/* Longer ones are no DNS labels. */
#define NAMESPACE_MAX_BYTES 63

/* In a patched object the uid is a field like others: one that may not change. */
static int refuse_uid(struct object_write *write, struct str uid, struct error *err)
{
	struct field_errors errors = {.arena = write->context->arena};
	struct field_path metadata = field_path_child(NULL, STR("metadata"));
	struct field_path field = field_path_child(&metadata, STR("uid"));
	struct json_value value = json_string(uid);

	field_errors_add(&errors, FIELD_ERROR_INVALID, &field, &value, "field is immutable");
	return field_errors_to_error(
		&errors, write->resource->group, write->resource->kind, write->name, err);
}

static int check_preconditions(struct object_write *write, struct error *err)
{
	const struct json_value *live = write->live_revision ? &write->live : NULL;
	struct str live_uid = object_meta_text(live, STR("uid"));
	struct str uid = write->expected_uid;
	struct str version = object_meta_text(&write->object, STR("resourceVersion"));
	uint64_t revision;

	if (str_is_empty(uid))
		uid = object_meta_text(&write->object, STR("uid"));
	if (!str_is_empty(uid) && !str_equal(uid, live_uid)) {
		if (write->is_patch && live)
			return refuse_uid(write, uid, err);
		error_conflict(err, write->resource, write->name,
			"Precondition failed: UID in precondition: %.*s, UID in object meta: %.*s",
			STR_ARG(uid), STR_ARG(live_uid));
		return ERROR_RETURN;
	}
	if (!live)
		return 0;
	if (str_is_empty(version)) {
		if (!(write->resource->flags & RESOURCE_CONDITIONAL_UPDATE))
			return 0;
		struct field_errors errors = {.arena = write->context->arena};
		struct field_path metadata = field_path_child(NULL, STR("metadata"));
		struct field_path field = field_path_child(&metadata, STR("resourceVersion"));
		struct json_value zero = json_integer(0);

		field_errors_add(&errors, FIELD_ERROR_INVALID, &field, &zero,
			"must be specified for an update");
		/* Upstream names the resource here where it names the kind everywhere else. */
		return field_errors_to_error(&errors, write->resource->group,
			write->resource->resource, write->name, err);
	}
	if (!str_parse_u64(version, UINT64_MAX, &revision) || revision != write->live_revision) {
		error_conflict(err, write->resource, write->name,
			"the object has been modified; please apply your changes to the latest "
			"version and try again");
		return ERROR_RETURN;
	}
	return 0;
}

struct managed_fields_request object_write_managed_fields(const struct object_write *write)
{
	static const char *const reset_status[] = {"status", NULL};
	static const char *const reset_main[] = {"spec", NULL};
	static const char *const reset_none[] = {NULL};
	bool has_status = write->resource->flags & RESOURCE_HAS_STATUS;

	return (struct managed_fields_request){
		.schema = write->resource->schema,
		.api_version = api_group_version(
			write->context->arena, write->resource->group, write->resource->version),
		.manager = write->field_manager,
		.subresource = write->subresource,
		.reset_paths = str_equal(write->subresource, STR("status")) ? reset_main
			       : has_status                                 ? reset_status
									    : reset_none,
		.now_wall_seconds = clock_wall_seconds(NULL),
	};
}

static int track_managed_fields(struct object_write *write, struct error *err)
{
	struct managed_fields_request request = object_write_managed_fields(write);

	if (write->is_apply)
		return 0;
	return managed_fields_update(write->context->arena, &request,
		write->live_revision ? &write->live : NULL, &write->object, err);
}

/* Kinds whose names are path segments know no bound; the store does. */
static void validate_length(struct object_write *write, struct field_errors *errors)
{
	struct field_path metadata = field_path_child(NULL, STR("metadata"));
	struct field_path path = field_path_child(&metadata, STR("name"));
	size_t maximum = STORAGE_NAME_MAX_BYTES;

	if (write->resource->flags & RESOURCE_NAMESPACED)
		maximum -= NAMESPACE_MAX_BYTES + 1;
	if (write->name.length > maximum || write->namespace.length > NAMESPACE_MAX_BYTES)
		field_errors_add(errors, FIELD_ERROR_TOO_LONG, &path, NULL,
			"may not be more than %zu bytes", maximum);
}

static void warn(struct object_write *write, const struct json_value *old)
{
	const struct resource_strategy *strategy = write->resource->strategy;
	struct json_value texts = json_array();

	if (!strategy || !strategy->find_warnings)
		return;
	strategy->find_warnings(&write->strategy, &write->object, old, &texts);
	for (size_t i = 0; i < json_count(&texts); i++)
		request_context_warn(write->context, json_text(json_element(&texts, i)));
}

static int validate(struct object_write *write, struct error *err)
{
	struct request_context *context = write->context;
	const struct api_resource *resource = write->resource;
	const struct json_value *old = write->live_revision ? &write->live : NULL;
	struct field_errors errors = {.arena = context->arena};

	object_meta_validate(resource, &write->object, old, &errors);
	if (!old)
		validate_length(write, &errors);
	schema_validate(resource->schema, &write->object, old, NULL, &errors);
	if (resource->strategy && resource->strategy->validate)
		resource->strategy->validate(&write->strategy, &write->object, old, &errors);
	if (field_errors_to_error(&errors, resource->group, resource->kind,
		    object_meta_text(&write->object, STR("name")), err) != 0)
		return ERROR_RETURN;
	warn(write, old);
	return 0;
}

static int allocate(struct object_write *write, struct error *err)
{
	const struct resource_strategy *strategy = write->resource->strategy;

	if (!strategy || !strategy->allocate)
		return 0;
	int outcome = strategy->allocate(
		&write->strategy, &write->object, write->live_revision ? &write->live : NULL, err);

	write->has_allocated = outcome == 0;
	return outcome;
}

static int run_create_steps(struct object_write *write, struct error *err)
{
	struct request_context *context = write->context;
	const struct resource_strategy *strategy = write->resource->strategy;

	if (object_create_check_resource(write, err) != 0)
		return ERROR_RETURN;
	if (write->kind == OBJECT_WRITE_UPDATE) {
		/* Of PUT and apply the uid is a precondition, and no object meets it. */
		if (check_preconditions(write, err) != 0)
			return ERROR_RETURN;
		object_meta_remove(&write->object, STR("resourceVersion"));
	}
	if (track_managed_fields(write, err) != 0)
		return ERROR_RETURN;
	if (object_meta_prepare_create(
		    context->arena, write->resource, write->namespace, &write->object, err) != 0)
		return ERROR_RETURN;
	if (write->kind == OBJECT_WRITE_CREATE)
		write->name = object_meta_text(&write->object, STR("name"));
	write->strategy.name = write->name;
	/* A status that was cleared gets its first values (a phase) anew. */
	if ((write->resource->flags & RESOURCE_HAS_STATUS) &&
		!schema_apply_defaults(context->arena, write->resource->schema, &write->object))
		return error_set(err, ERROR_TOO_LARGE, "the object's defaults are too large");
	if (strategy && strategy->prepare_create)
		strategy->prepare_create(&write->strategy, &write->object);
	if (allocate(write, err) != 0)
		return ERROR_RETURN;
	return validate(write, err);
}

static int run_update_steps(struct object_write *write, struct error *err)
{
	struct request_context *context = write->context;
	const struct resource_strategy *strategy = write->resource->strategy;

	if (check_preconditions(write, err) != 0)
		return ERROR_RETURN;
	/* So that a write that leaves all as it was is seen to be none. */
	object_meta_set(context->arena, write->resource, &write->object, STR("resourceVersion"),
		json_string(object_meta_text(&write->live, STR("resourceVersion"))));
	object_meta_prepare_update(
		context->arena, write->resource, write->subresource, &write->object, &write->live);
	if (strategy && strategy->prepare_update)
		strategy->prepare_update(&write->strategy, &write->object, &write->live);
	if (track_managed_fields(write, err) != 0)
		return ERROR_RETURN;
	object_meta_update_generation(
		context->arena, write->resource, &write->object, &write->live);
	if (allocate(write, err) != 0)
		return ERROR_RETURN;
	return validate(write, err);
}

int object_write_run_steps(struct object_write *write, struct error *err)
{
	struct request_context *context = write->context;
	const struct json_value *live = write->live_revision ? &write->live : NULL;

	write->strategy = request_context_strategy(context, write->name, write->is_dry_run);
	write->strategy.resource = write->resource;
	write->strategy.namespace = write->namespace;
	write->strategy.subresource = write->subresource;
	write->object = json_null();
	if (write->transform(write, live, &write->object, err) != 0)
		return ERROR_RETURN;
	return live ? run_update_steps(write, err) : run_create_steps(write, err);
}
