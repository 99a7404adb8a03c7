/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt goes: load, transform, check, encode, commit. A commit that finds another revision
 * than the one loaded starts the next attempt, unless the client named the revision it wants to
 * change: then it is told that the object has changed.
 */
#include "object_write.h"

#include "api_server_private.h"
#include "assertion.h"
#include "clock.h"
#include "json_writer.h"
#include "managed_fields.h"
#include "object_meta.h"
#include "object_response.h"
#include "schema_engine.h"
#include "status.h"
#include "stored_object.h"

#define ATTEMPTS_MAXIMUM      64
#define NAME_ATTEMPTS_MAXIMUM 8

static void attempt(struct object_write *write);

static void finish(struct object_write *write, int status, struct str json)
{
	struct request_context *context = write->context;

	if (write->written)
		write->written(write, status, json);
	else if (status == 0)
		request_context_fail(context);
	else
		object_respond(context, status, json);
	request_context_unref(&context);
}

static void fail(struct object_write *write)
{
	finish(write, 0, STR_EMPTY);
}

static void settle(struct object_write *write, bool is_committed)
{
	const struct resource_strategy *strategy = write->resource->strategy;

	if (write->has_allocated && strategy->settle)
		strategy->settle(&write->strategy, write->is_removal ? NULL : &write->object,
			write->live_revision ? &write->live : NULL, is_committed);
	write->has_allocated = false;
}

/* ---- Checks of one attempt ---- */

static int check_preconditions(struct object_write *write, struct error *err)
{
	const struct json_value *live = write->live_revision ? &write->live : NULL;
	struct str live_uid = object_meta_text(live, STR("uid"));
	struct str uid = object_meta_text(&write->object, STR("uid"));
	struct str version = object_meta_text(&write->object, STR("resourceVersion"));
	uint64_t revision;

	if (!live)
		return 0;
	if (str_is_empty(uid))
		uid = write->expected_uid;
	if (!str_is_empty(uid) && !str_equal(uid, live_uid)) {
		error_conflict(err, write->resource, write->name,
			"Precondition failed: UID in precondition: %.*s, UID in object meta: %.*s",
			STR_ARG(uid), STR_ARG(live_uid));
		return ERROR_RETURN;
	}
	if (str_is_empty(version)) {
		if (!(write->resource->flags & RESOURCE_CONDITIONAL_UPDATE))
			return 0;
		struct field_errors errors = {.arena = write->context->arena};
		struct field_path metadata = field_path_child(NULL, STR("metadata"));
		struct field_path field = field_path_child(&metadata, STR("resourceVersion"));
		struct json_value zero = json_integer(0);

		field_errors_add(&errors, FIELD_ERROR_INVALID, &field, &zero,
			"must be specified for an update");
		return field_errors_to_error(&errors, write->resource->group,
			write->resource->kind, write->name, err);
	}
	if (!str_parse_u64(version, UINT64_MAX, &revision) || revision != write->live_revision) {
		error_conflict(err, write->resource, write->name,
			"the object has been modified; please apply your changes to the latest "
			"version and try again");
		return ERROR_RETURN;
	}
	return 0;
}

static int track_managed_fields(struct object_write *write, struct error *err)
{
	static const char *const reset_status[] = {"status", NULL};
	static const char *const reset_main[] = {"spec", NULL};
	static const char *const reset_none[] = {NULL};
	struct request_context *context = write->context;
	bool has_status = write->resource->flags & RESOURCE_HAS_STATUS;
	struct managed_fields_request request = {
		.schema = write->resource->schema,
		.api_version = api_group_version(
			context->arena, write->resource->group, write->resource->version),
		.manager = write->field_manager,
		.subresource = write->subresource,
		.reset_paths = str_equal(write->subresource, STR("status")) ? reset_main
			       : has_status                                 ? reset_status
									    : reset_none,
		.now_wall_seconds = clock_wall_seconds(NULL),
	};

	if (write->is_apply)
		return 0;
	return managed_fields_update(context->arena, &request,
		write->live_revision ? &write->live : NULL, &write->object, err);
}

static int validate(struct object_write *write, struct error *err)
{
	struct request_context *context = write->context;
	const struct api_resource *resource = write->resource;
	const struct json_value *old = write->live_revision ? &write->live : NULL;
	struct field_errors errors = {.arena = context->arena};

	object_meta_validate(resource, &write->object, old, &errors);
	schema_validate(resource->schema, &write->object, old, NULL, &errors);
	if (resource->strategy && resource->strategy->validate)
		resource->strategy->validate(&write->strategy, &write->object, old, &errors);
	return field_errors_to_error(&errors, resource->group, resource->kind,
		object_meta_text(&write->object, STR("name")), err);
}

static int allocate(struct object_write *write, struct error *err)
{
	const struct resource_strategy *strategy = write->resource->strategy;

	if (!strategy || !strategy->allocate)
		return 0;
	int outcome = strategy->allocate(&write->strategy, &write->object,
		write->live_revision ? &write->live : NULL, err);

	write->has_allocated = outcome == 0;
	return outcome;
}

/* ---- Commit ---- */

static void respond_with_object(struct object_write *write, int status, uint64_t revision)
{
	struct request_context *context = write->context;

	finish(write, status,
		arena_printf(context->arena, "%.*s%llu%.*s", STR_ARG(write->before_revision),
			(unsigned long long)revision, STR_ARG(write->after_revision)));
}

static void name_collided(struct object_write *write)
{
	struct request_context *context = write->context;

	if (str_is_empty(write->generate_name)) {
		error_already_exists(&context->err, write->resource, write->name);
		fail(write);
		return;
	}
	if (++write->name_attempts < NAME_ATTEMPTS_MAXIMUM) {
		attempt(write);
		return;
	}
	error_generate_name_conflict(&context->err, write->resource, write->name);
	fail(write);
}

static void after_commit(struct object_write *write)
{
	const struct resource_strategy *strategy = write->resource->strategy;

	settle(write, true);
	if (strategy && strategy->after_commit)
		strategy->after_commit(&write->strategy, write->is_removal ? NULL : &write->object,
			write->live_revision ? &write->live : NULL);
}

static void on_committed(void *opaque, const struct storage_commit_result *result)
{
	struct object_write *write = opaque;

	if (result->outcome == STORAGE_COMMITTED) {
		write->strategy.revision = result->revision;
		after_commit(write);
		respond_with_object(write, write->live_revision ? 200 : 201, result->revision);
		return;
	}
	settle(write, false);
	if (!write->live_revision && write->kind == OBJECT_WRITE_CREATE) {
		name_collided(write);
		return;
	}
	if (++write->attempts >= ATTEMPTS_MAXIMUM) {
		error_conflict(&write->context->err, write->resource, write->name,
			"the object has been modified; please apply your changes to the latest "
			"version and try again");
		fail(write);
		return;
	}
	attempt(write);
}

static int encode(struct object_write *write, struct stored_encoding *ret, struct error *err)
{
	struct stored_object view;

	if (stored_object_encode(
		    write->context->arena, write->resource, &write->object, ret, err) != 0)
		return ERROR_RETURN;
	if (!stored_object_parse(ret->bytes, &view))
		return error_set(err, ERROR_INTERNAL, "encoding of %.*s cannot be read back",
			STR_ARG(write->name));
	write->before_revision = view.before_revision;
	write->after_revision = view.after_revision;
	return 0;
}

static void commit(struct object_write *write, const struct stored_encoding *encoding)
{
	struct request_context *context = write->context;
	struct storage_operation operation = {
		.type = write->is_removal      ? STORAGE_DELETE
			: write->live_revision ? STORAGE_UPDATE
					       : STORAGE_CREATE,
		.prefix = write->prefix,
		.name = object_storage_name(
			context->arena, write->resource, write->namespace, write->name),
		.expected_revision = write->live_revision,
		.value = encoding->bytes,
		.revision_offset = encoding->revision_offset,
		.ttl_seconds = write->is_removal ? 0 : write->resource->default_ttl_seconds,
	};
	struct storage_transaction transaction = {
		.operations = &operation, .operation_count = 1, .request_id = context->request_id};

	storage_commit(api_server_storage(context->server), &transaction, on_committed, write);
}

static void dry_run_done(struct object_write *write)
{
	settle(write, false);
	respond_with_object(write, write->live_revision ? 200 : 201, write->live_revision);
}

/* ---- One attempt ---- */

/* Each attempt looks anew: the resource may have begun to end while the request waited. */
static int check_may_create(struct object_write *write, struct error *err)
{
	const struct api_resource *resource = write->resource;
	const struct resource_entry *entry = write->context->entry;

	if (entry->is_retired)
		entry = resource_registry_find(api_server_registry(write->context->server),
			resource->group, resource->version, resource->resource);
	if (!entry)
		return error_set(err, ERROR_NOT_FOUND,
			"the server could not find the requested resource");
	if (!entry->is_terminating)
		return 0;
	error_forbidden(err, resource, object_meta_text(&write->object, STR("name")),
		"create not allowed while custom resource definition is terminating");
	return ERROR_RETURN;
}

static int run_create_steps(struct object_write *write, struct error *err)
{
	struct request_context *context = write->context;
	const struct resource_strategy *strategy = write->resource->strategy;

	if (check_may_create(write, err) != 0)
		return ERROR_RETURN;
	if (track_managed_fields(write, err) != 0)
		return ERROR_RETURN;
	if (object_meta_prepare_create(context->arena, write->resource, write->namespace,
		    &write->object, err) != 0)
		return ERROR_RETURN;
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
	object_meta_prepare_update(context->arena, write->resource, write->subresource,
		&write->object, &write->live);
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

static int run_steps(struct object_write *write, struct error *err)
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

static bool is_unchanged(const struct object_write *write)
{
	return write->live_revision &&
	       managed_fields_equal_but_times(&write->live, &write->object);
}

static int load_live(struct object_write *write, struct error *err)
{
	struct request_context *context = write->context;
	int outcome;

	write->live_revision = 0;
	if (write->kind == OBJECT_WRITE_CREATE)
		return 0;
	outcome = object_load(context, write->resource, write->prefix,
		object_storage_name(
			context->arena, write->resource, write->namespace, write->name),
		&write->live, &write->live_json, &write->live_revision, err);
	if (outcome != STORAGE_NOT_FOUND)
		return outcome;
	if (write->create_allowed)
		return 0;
	error_not_found(err, write->resource, write->name);
	return ERROR_RETURN;
}

static void attempt(struct object_write *write)
{
	struct request_context *context = write->context;
	struct stored_encoding encoding;

	if (load_live(write, &context->err) != 0 || run_steps(write, &context->err) != 0) {
		settle(write, false);
		fail(write);
		return;
	}
	write->is_removal = write->live_revision && object_meta_is_finished(write->resource, &write->object);
	if (!write->is_removal && is_unchanged(write)) {
		settle(write, false);
		finish(write, 200, write->live_json);
		return;
	}
	if (encode(write, &encoding, &context->err) != 0) {
		settle(write, false);
		fail(write);
		return;
	}
	if (write->is_dry_run) {
		dry_run_done(write);
		return;
	}
	commit(write, &encoding);
}

struct object_write *object_write_create(struct request_context *context)
{
	struct object_write *write = ARENA_NEW(context->arena, struct object_write);

	write->context = context;
	write->resource = context->resource;
	write->prefix = context->entry->prefix;
	write->namespace = context->info.namespace;
	write->name = context->info.name;
	write->subresource = context->info.subresource;
	if (!(context->resource->flags & RESOURCE_NAMESPACED))
		write->namespace = STR_EMPTY;
	return write;
}

void object_write_run(struct object_write *write)
{
	request_context_ref(write->context);
	attempt(write);
}
