/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt goes: load, transform, check, encode, commit. A commit that finds another revision
 * than the one loaded starts the next attempt, unless the client named the revision it wants to
 * change: then it is told that the object has changed.
 */
#include "object_write_private.h"

#include "api_server_private.h"
#include "assertion.h"
#include "object_conversion.h"
#include "object_meta.h"
#include "object_response.h"
#include "status.h"

#define ATTEMPTS_MAXIMUM      64
#define NAME_ATTEMPTS_MAXIMUM 8

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

void object_write_fail(struct object_write *write)
{
	finish(write, 0, STR_EMPTY);
}

static void settle(struct object_write *write, bool is_committed)
{
	const struct resource_strategy *strategy = write->resource->strategy;
	bool is_gone = is_committed && write->is_removal;

	if (write->has_allocated && strategy->settle)
		strategy->settle(&write->strategy, is_gone ? NULL : &write->object,
			write->live_revision ? &write->live : NULL, is_committed);
	write->has_allocated = false;
}

/* An attempt leaves nothing behind: a write that often loses must not grow. */
static void try_again(struct object_write *write)
{
	struct request_context *context = write->context;

	context->warning_count = write->warning_count;
	if (write->kind == OBJECT_WRITE_CREATE)
		write->name = STR_EMPTY;
	arena_rewind(context->arena, &write->mark);
	object_write_attempt(write);
}

/* ---- Commit ---- */

static void respond_with_object(struct object_write *write, int status, uint64_t revision)
{
	struct arena *arena = write->context->arena;
	const struct str parts[] = {write->before_revision,
		arena_printf(arena, "%llu", (unsigned long long)revision), write->after_revision};

	finish(write, status, arena_join(arena, parts, 3));
}

static struct str storage_name(const struct object_write *write)
{
	return object_storage_name(
		write->context->arena, write->resource, write->namespace, write->name);
}

static int load(struct object_write *write, struct error *err)
{
	return object_load(write->context, write->resource, write->prefix, storage_name(write),
		&write->live, &write->live_json, &write->live_revision, err);
}

static void fail_existing(struct object_write *write)
{
	struct error *err = &write->context->err;
	struct error ignored = ERROR_INIT(write->context->arena);
	bool is_terminating = load(write, &ignored) == 0 &&
			      json_find_path(&write->live, "metadata", "deletionTimestamp", NULL);

	error_already_exists(err, write->resource, write->name);
	if (is_terminating)
		error_wrap(err, "object is being deleted");
	object_write_fail(write);
}

static void name_collided(struct object_write *write)
{
	if (str_is_empty(write->generate_name)) {
		fail_existing(write);
	} else if (++write->name_attempts < NAME_ATTEMPTS_MAXIMUM) {
		try_again(write);
	} else {
		error_generate_name_conflict(&write->context->err, write->resource, write->name);
		object_write_fail(write);
	}
}

static void after_commit(struct object_write *write)
{
	const struct resource_strategy *strategy = write->resource->strategy;

	settle(write, true);
	if (strategy && strategy->after_commit)
		strategy->after_commit(&write->strategy, write->is_removal ? NULL : &write->object,
			write->live_revision ? &write->live : NULL);
}

/* Which operations a transaction has. */
enum {
	OPERATION_WRITE,
	OPERATION_GUARD
};

static void on_conflict(struct object_write *write, size_t failed_operation)
{
	settle(write, false);
	/* The namespace has changed since it was looked at: it may live no more. */
	if (failed_operation == OPERATION_GUARD) {
		write->is_namespace_checked = false;
	} else if (write->kind == OBJECT_WRITE_CREATE) {
		name_collided(write);
		return;
	}
	if (++write->attempts < ATTEMPTS_MAXIMUM) {
		try_again(write);
		return;
	}
	error_conflict(&write->context->err, write->resource, write->name,
		"the object has been modified; please apply your changes to the latest version and "
		"try again");
	object_write_fail(write);
}

static void on_committed(void *opaque, const struct storage_commit_result *result)
{
	struct object_write *write = opaque;

	if (!write->context->server) {
		error_set(&write->context->err, ERROR_UNAVAILABLE, "the server has shut down");
		object_write_fail(write);
		return;
	}
	if (result->outcome == STORAGE_COMMITTED) {
		write->strategy.revision = result->revision;
		after_commit(write);
		respond_with_object(write, write->live_revision ? 200 : 201, result->revision);
		return;
	}
	on_conflict(write, result->failed_operation);
}

static int encode(struct object_write *write, struct stored_encoding *ret, struct error *err)
{
	return object_encode(write->context->arena, write->resource, &write->object,
		write->has_stored_form ? &write->stored_form : NULL, ret, &write->before_revision,
		&write->after_revision, err);
}

static void commit(struct object_write *write, const struct stored_encoding *encoding)
{
	struct request_context *context = write->context;
	struct storage_operation operations[2] = {0};
	struct storage_transaction transaction = {
		.operations = operations, .operation_count = 1, .request_id = context->request_id};

	operations[OPERATION_WRITE] = (struct storage_operation){
		.type = write->is_removal      ? STORAGE_DELETE
			: write->live_revision ? STORAGE_UPDATE
					       : STORAGE_CREATE,
		.prefix = write->prefix,
		.name = storage_name(write),
		.expected_revision = write->live_revision,
		.value = encoding->bytes,
		.revision_offset = encoding->revision_offset,
		.ttl_seconds = write->is_removal ? 0 : write->resource->default_ttl_seconds,
	};
	if (!write->live_revision && context->namespace_guard.prefix) {
		operations[OPERATION_GUARD] = (struct storage_operation){
			.type = STORAGE_CHECK,
			.prefix = context->namespace_guard.prefix,
			.name = context->namespace_guard.name,
			.expected_revision = context->namespace_guard.revision,
		};
		transaction.operation_count++;
	}
	storage_commit(api_server_storage(context->server), &transaction, on_committed, write);
}

static bool is_taken(struct object_write *write)
{
	struct storage_snapshot *snapshot =
		storage_snapshot_open(api_server_storage(write->context->server));
	struct storage_record record;
	bool is_there =
		storage_snapshot_get(snapshot, write->prefix, storage_name(write), 0, &record) == 0;

	storage_snapshot_close(&snapshot);
	return is_there;
}

/* The object without a resourceVersion: it has none before it is stored. */
static void respond_unstored(struct object_write *write)
{
	struct str member = STR(",\"resourceVersion\":\"");
	struct str before = write->before_revision;

	ASSERT(str_ends_with(before, member) && str_starts_with(write->after_revision, STR("\"")));
	before = str_slice(before, 0, before.length - member.length);
	finish(write, 201,
		arena_printf(write->context->arena, "%.*s%.*s", STR_ARG(before),
			STR_ARG(str_skip(write->after_revision, 1))));
}

static void dry_run_done(struct object_write *write)
{
	settle(write, false);
	if (write->live_revision)
		respond_with_object(write, 200, write->live_revision);
	else if (is_taken(write))
		name_collided(write);
	else
		respond_unstored(write);
}

/* ---- One attempt ---- */

static bool is_unchanged(const struct object_write *write)
{
	return write->live_revision && managed_fields_equal_but_times(&write->live, &write->object);
}

/*
 * Whether the store has these bytes already. It has others for an object that means the same in
 * another version or under an earlier schema: writing it anew is how such objects are migrated.
 */
static bool is_stored_alike(
	const struct object_write *write, const struct stored_encoding *encoding)
{
	struct storage_snapshot *snapshot =
		storage_snapshot_open(api_server_storage(write->context->server));
	struct stored_object present, wanted;
	struct storage_record record;
	bool is_alike = storage_snapshot_get(
				snapshot, write->prefix, storage_name(write), 0, &record) == 0 &&
			record.mod_revision == write->live_revision &&
			stored_object_parse(record.value, &present) &&
			stored_object_parse(encoding->bytes, &wanted) &&
			str_equal(present.before_revision, wanted.before_revision) &&
			str_equal(present.after_revision, wanted.after_revision) &&
			str_equal(present.header, wanted.header);

	storage_snapshot_close(&snapshot);
	return is_alike;
}

static void finish_unchanged(struct object_write *write)
{
	settle(write, false);
	finish(write, 200, write->live_json);
}

static int load_live(struct object_write *write, struct error *err)
{
	int outcome;

	write->live_revision = 0;
	if (write->kind == OBJECT_WRITE_CREATE)
		return 0;
	outcome = load(write, err);
	if (outcome != STORAGE_NOT_FOUND)
		return outcome;
	if (write->create_allowed)
		return 0;
	error_not_found(err, write->resource, write->name);
	return ERROR_RETURN;
}

static void store(struct object_write *write);

static void on_stored_form(void *opaque, const struct json_value *stored)
{
	struct object_write *write = opaque;

	if (!stored) {
		settle(write, false);
		object_write_fail(write);
		return;
	}
	write->stored_form = *stored;
	write->has_stored_form = true;
	store(write);
}

static void store(struct object_write *write)
{
	struct stored_encoding encoding;
	bool is_same;

	write->is_removal =
		write->live_revision && object_meta_is_finished(write->resource, &write->object);
	is_same = !write->is_removal && is_unchanged(write);
	if (is_same && !(write->resource->flags & RESOURCE_CUSTOM)) {
		finish_unchanged(write);
		return;
	}
	/* With the times that the field managers had. */
	if (is_same)
		write->object = write->live;
	if (!write->is_removal && !write->has_stored_form &&
		object_is_stored_by_webhook(write->resource)) {
		object_convert_for_store(
			write->context, write->resource, &write->object, on_stored_form, write);
		return;
	}
	if (encode(write, &encoding, &write->context->err) != 0) {
		settle(write, false);
		object_write_fail(write);
		return;
	}
	if (is_same && is_stored_alike(write, &encoding))
		finish_unchanged(write);
	else if (write->is_dry_run)
		dry_run_done(write);
	else
		commit(write, &encoding);
}

static void attempt_again(void *opaque)
{
	object_write_attempt(opaque);
}

void object_write_attempt(struct object_write *write)
{
	struct error *err = &write->context->err;

	write->is_removal = false;
	write->has_stored_form = false;
	if (load_live(write, err) != 0) {
		if (!object_conversions_run(write->context, attempt_again, write))
			object_write_fail(write);
		return;
	}
	if (!write->live_revision && !object_create_may_begin(write))
		return;
	if (object_write_run_steps(write, err) != 0) {
		settle(write, false);
		object_write_fail(write);
		return;
	}
	store(write);
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
	write->is_own = str_is_empty(context->method);
	if (!(context->resource->flags & RESOURCE_NAMESPACED))
		write->namespace = STR_EMPTY;
	return write;
}

void object_write_run(struct object_write *write)
{
	request_context_ref(write->context);
	write->mark = arena_mark(write->context->arena);
	write->warning_count = write->context->warning_count;
	object_write_attempt(write);
}
