/* SPDX-License-Identifier: Apache-2.0 */
#include "object_delete.h"

#include "api_server_private.h"
#include "clock.h"
#include "object_conversion.h"
#include "object_meta.h"
#include "status.h"

#define ATTEMPTS_MAXIMUM 64

static void attempt(struct object_delete *delete_);

static void finish(struct object_delete *delete_, bool is_ok, bool is_gone, struct str json)
{
	struct request_context *context = delete_->context;

	delete_->done(delete_, is_ok, is_gone, json);
	request_context_unref(&context);
}

static int check_preconditions(struct object_delete *delete_, struct error *err)
{
	const struct delete_options *options = delete_->options;
	struct str uid = object_meta_text(&delete_->live, STR("uid"));
	struct str version = object_meta_text(&delete_->live, STR("resourceVersion"));
	/* Upstream names the kind here where it names the resource everywhere else. */
	struct api_resource named = *delete_->resource;

	named.resource = named.kind;
	if (options->has_precondition_uid && !str_equal(options->precondition_uid, uid)) {
		error_conflict(err, &named, delete_->name,
			"the UID in the precondition (%.*s) does not match the UID in record "
			"(%.*s). The object might have been deleted and then recreated",
			STR_ARG(options->precondition_uid), STR_ARG(uid));
		return ERROR_RETURN;
	}
	if (options->has_precondition_resource_version &&
		!str_equal(options->precondition_resource_version, version)) {
		error_conflict(err, &named, delete_->name,
			"the ResourceVersion in the precondition (%.*s) does not match the "
			"ResourceVersion in record (%.*s). The object might have been modified",
			STR_ARG(options->precondition_resource_version), STR_ARG(version));
		return ERROR_RETURN;
	}
	return 0;
}

/* ---- Finalizers of the garbage collector ---- */

static void set_finalizer(
	struct arena *arena, struct json_value *finalizers, struct str name, bool is_wanted)
{
	for (uint32_t i = 0; i < finalizers->length; i++) {
		if (!str_equal(json_text(&finalizers->elements[i]), name))
			continue;
		if (is_wanted)
			return;
		json_remove_element(finalizers, i--);
	}
	if (is_wanted)
		json_append(arena, finalizers, json_string(name));
}

static bool has_finalizer(const struct json_value *finalizers, struct str name)
{
	for (size_t i = 0; i < json_count(finalizers); i++) {
		if (str_equal(json_text(json_element(finalizers, i)), name))
			return true;
	}
	return false;
}

struct gc_choice {
	bool orphan, foreground;
};

static struct gc_choice choose_gc(
	const struct object_delete *delete_, const struct json_value *finalizers)
{
	struct str policy = delete_->options->propagation_policy;
	struct gc_choice existing = {
		.orphan = has_finalizer(finalizers, STR("orphan")),
		.foreground = has_finalizer(finalizers, STR("foregroundDeletion")),
	};

	if (delete_->options->has_orphan_dependents)
		return (struct gc_choice){.orphan = delete_->options->orphan_dependents};
	if (str_equal(policy, STR("Orphan")))
		return (struct gc_choice){.orphan = true};
	if (str_equal(policy, STR("Foreground")))
		return (struct gc_choice){.foreground = true};
	if (str_equal(policy, STR("Background")))
		return (struct gc_choice){0};
	if (existing.orphan || existing.foreground)
		return existing;
	return (struct gc_choice){
		.orphan = (delete_->resource->flags & RESOURCE_ORPHAN_BY_DEFAULT) != 0};
}

static void apply_gc_finalizers(struct object_delete *delete_)
{
	struct request_context *context = delete_->context;
	struct json_value *metadata = json_find(&delete_->object, STR("metadata"));
	const struct json_value *before = json_find(metadata, STR("finalizers"));
	struct json_value finalizers =
		before ? json_copy(context->arena, before, false) : json_array();

	if (!context->server->options.enable_garbage_collector ||
		(delete_->resource->flags & RESOURCE_NO_GC_FINALIZERS))
		return;
	struct gc_choice choice = choose_gc(delete_, before);

	set_finalizer(context->arena, &finalizers, STR("orphan"), choice.orphan);
	set_finalizer(context->arena, &finalizers, STR("foregroundDeletion"), choice.foreground);
	object_meta_set_finalizers(
		context->arena, delete_->resource, &delete_->object, &finalizers);
}

/* ---- Marks of a deletion that has begun ---- */

static void mark_terminating(struct object_delete *delete_, int64_t grace_seconds)
{
	struct arena *arena = delete_->context->arena;
	const struct api_resource *resource = delete_->resource;
	char *text = arena_allocate_text(arena, CLOCK_RFC3339_BYTES);
	size_t length = clock_format_rfc3339(clock_wall_seconds(NULL) + grace_seconds, text);
	int64_t generation = object_meta_integer(&delete_->object, STR("generation"));

	object_meta_set(arena, resource, &delete_->object, STR("deletionTimestamp"),
		json_string(str_from(text, length)));
	object_meta_set(arena, resource, &delete_->object, STR("deletionGracePeriodSeconds"),
		json_integer(grace_seconds));
	if (generation > 0)
		object_meta_set(arena, resource, &delete_->object, STR("generation"),
			json_integer(generation + 1));
	if (resource->strategy && resource->strategy->prepare_delete)
		resource->strategy->prepare_delete(&delete_->strategy, &delete_->object);
}

/* A shorter grace moves a deletion that is under way forward; a longer one changes nothing. */
static bool shorten_grace(struct object_delete *delete_, int64_t grace_seconds)
{
	struct arena *arena = delete_->context->arena;
	const struct json_value *timestamp =
		json_find_path(&delete_->live, "metadata", "deletionTimestamp", NULL);
	int64_t present = object_meta_integer(&delete_->live, STR("deletionGracePeriodSeconds"));
	int64_t deadline, now = clock_wall_seconds(NULL);

	if (delete_->options->grace_period_seconds < 0 || grace_seconds >= present ||
		!clock_parse_rfc3339(json_text(timestamp), &deadline, NULL))
		return false;
	int64_t moved = deadline - present + grace_seconds;

	if (moved < now && grace_seconds > 0)
		grace_seconds = 1;
	if (moved < now)
		moved = now;
	char *text = arena_allocate_text(arena, CLOCK_RFC3339_BYTES);
	size_t length = clock_format_rfc3339(moved, text);

	object_meta_set(arena, delete_->resource, &delete_->object, STR("deletionTimestamp"),
		json_string(str_from(text, length)));
	object_meta_set(arena, delete_->resource, &delete_->object,
		STR("deletionGracePeriodSeconds"), json_integer(grace_seconds));
	return true;
}

/* ---- Commit ---- */

static void on_committed(void *opaque, const struct storage_commit_result *result)
{
	struct object_delete *delete_ = opaque;
	struct request_context *context = delete_->context;

	if (!context->server) {
		error_set(&context->err, ERROR_UNAVAILABLE, "the server has shut down");
		finish(delete_, false, false, STR_EMPTY);
		return;
	}
	if (result->outcome == STORAGE_CONFLICTED) {
		if (++delete_->attempts < ATTEMPTS_MAXIMUM) {
			arena_rewind(context->arena, &delete_->mark);
			attempt(delete_);
			return;
		}
		error_conflict(&context->err, delete_->resource, delete_->name,
			"the object has been modified; please apply your changes to the latest "
			"version and try again");
		finish(delete_, false, false, STR_EMPTY);
		return;
	}
	const struct resource_strategy *strategy = delete_->resource->strategy;

	delete_->strategy.revision = result->revision;
	if (delete_->is_gone && strategy && strategy->settle)
		strategy->settle(&delete_->strategy, NULL, &delete_->live, true);
	if (strategy && strategy->after_commit)
		strategy->after_commit(&delete_->strategy,
			delete_->is_gone ? NULL : &delete_->object, &delete_->live);
	finish(delete_, true, delete_->is_gone,
		arena_printf(context->arena, "%.*s%llu%.*s", STR_ARG(delete_->before_revision),
			(unsigned long long)result->revision, STR_ARG(delete_->after_revision)));
}

static void commit(struct object_delete *delete_, const struct json_value *stored)
{
	struct request_context *context = delete_->context;
	struct stored_encoding encoding;

	if (object_encode(context->arena, delete_->resource, &delete_->object, stored, &encoding,
		    &delete_->before_revision, &delete_->after_revision, &context->err) != 0) {
		finish(delete_, false, false, STR_EMPTY);
		return;
	}
	if (delete_->options->is_dry_run) {
		finish(delete_, true, delete_->is_gone,
			arena_printf(context->arena, "%.*s%llu%.*s",
				STR_ARG(delete_->before_revision),
				(unsigned long long)delete_->live_revision,
				STR_ARG(delete_->after_revision)));
		return;
	}
	struct storage_operation operation = {
		.type = delete_->is_gone ? STORAGE_DELETE : STORAGE_UPDATE,
		.prefix = delete_->prefix,
		.name = object_storage_name(
			context->arena, delete_->resource, delete_->namespace, delete_->name),
		.expected_revision = delete_->live_revision,
		.value = encoding.bytes,
		.revision_offset = encoding.revision_offset,
	};
	struct storage_transaction transaction = {
		.operations = &operation,
		.operation_count = 1,
		.request_id = delete_->request_id,
	};

	storage_commit(api_server_storage(context->server), &transaction, on_committed, delete_);
}

/* ---- One attempt ---- */

static int64_t choose_grace(const struct object_delete *delete_)
{
	const struct resource_strategy *strategy = delete_->resource->strategy;

	if (!(delete_->resource->flags & RESOURCE_GRACEFUL_DELETE) || !strategy ||
		!strategy->grace_seconds)
		return 0;
	return strategy->grace_seconds(&delete_->live, delete_->options->grace_period_seconds);
}

/* Decides what the delete does: true when something has to be written. */
static bool decide(struct object_delete *delete_)
{
	bool is_terminating =
		json_find_path(&delete_->live, "metadata", "deletionTimestamp", NULL) != NULL;
	int64_t grace_seconds = choose_grace(delete_);

	delete_->object = json_copy(delete_->context->arena, &delete_->live, false);
	if (!is_terminating)
		apply_gc_finalizers(delete_);
	if (grace_seconds > 0) {
		if (is_terminating)
			return shorten_grace(delete_, grace_seconds);
		mark_terminating(delete_, grace_seconds);
		return true;
	}
	if (!object_meta_has_finalizers(delete_->resource, &delete_->object)) {
		delete_->is_gone = true;
		return true;
	}
	if (is_terminating)
		return shorten_grace(delete_, 0);
	mark_terminating(delete_, 0);
	return true;
}

static int load(struct object_delete *delete_, struct error *err)
{
	struct request_context *context = delete_->context;
	const struct resource_strategy *strategy = delete_->resource->strategy;
	int outcome = object_load(context, delete_->resource, delete_->prefix,
		object_storage_name(
			context->arena, delete_->resource, delete_->namespace, delete_->name),
		&delete_->live, &delete_->live_json, &delete_->live_revision, err);

	if (outcome == STORAGE_NOT_FOUND) {
		error_not_found(err, delete_->resource, delete_->name);
		return ERROR_RETURN;
	}
	if (outcome != 0 || check_preconditions(delete_, err) != 0)
		return ERROR_RETURN;
	delete_->strategy =
		request_context_strategy(context, delete_->name, delete_->options->is_dry_run);
	delete_->strategy.namespace = delete_->namespace;
	delete_->strategy.resource = delete_->resource;
	if (strategy && strategy->check_delete)
		return strategy->check_delete(&delete_->strategy, &delete_->live, err);
	return 0;
}

static void on_stored_form(void *opaque, const struct json_value *stored)
{
	struct object_delete *delete_ = opaque;

	if (stored)
		commit(delete_, stored);
	else
		finish(delete_, false, false, STR_EMPTY);
}

static void attempt_again(void *opaque)
{
	attempt(opaque);
}

static void attempt(struct object_delete *delete_)
{
	struct request_context *context = delete_->context;

	delete_->is_gone = false;
	if (load(delete_, &context->err) != 0) {
		if (!object_conversions_run(context, attempt_again, delete_))
			finish(delete_, false, false, STR_EMPTY);
		return;
	}
	if (!decide(delete_))
		finish(delete_, true, false, delete_->live_json);
	else if (!delete_->is_gone && object_is_stored_by_webhook(delete_->resource))
		object_convert_for_store(
			context, delete_->resource, &delete_->object, on_stored_form, delete_);
	else
		commit(delete_, NULL);
}

void object_delete_run(struct object_delete *delete_)
{
	request_context_ref(delete_->context);
	delete_->mark = arena_mark(delete_->context->arena);
	attempt(delete_);
}
