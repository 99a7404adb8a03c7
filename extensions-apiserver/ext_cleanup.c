/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One job for each definition: tell that the deletion is in progress, delete page by page, wait
 * until the last object with finalizers is gone, take the finalizer off the definition. A job holds
 * no state that the store does not have, so after a restart it begins anew.
 */
#include "ext_cleanup.h"

#include "assertion.h"
#include "event_loop.h"
#include "ext_definition.h"
#include "ext_resource.h"
#include "ext_status.h"
#include "log.h"
#include "map.h"
#include "memory.h"
#include "object_delete.h"
#include "object_meta.h"

#define PAGE_NAMES     128
#define RETRY_DELAY_NS 5000000000ull

struct ext_cleanup {
	struct ext_server *server;
	struct map jobs; /* by name of the definition */
};

struct job {
	struct ext_server *server;
	struct ext_resource *row;
	struct storage_prefix *prefix;
	struct storage_watch *watch;
	struct event_timer *retry;
	char *name;
	char *start_after; /* the last name of the page before; NULL: from the start */
	size_t start_after_length;
	uint64_t revision;    /* of the snapshot of the last page */
	size_t page_count;    /* names found in the present page */
	size_t pending_count; /* deletes under way */
	int references;
	bool has_failed; /* a delete of this round did */
	bool is_cancelled;
};

static struct job *job_ref(struct job *job)
{
	job->references++;
	return job;
}

static void job_unref(struct job *job)
{
	ASSERT(job->references > 0);
	if (--job->references > 0)
		return;
	storage_watch_close(&job->watch);
	event_timer_destroy(&job->retry);
	ext_resource_release(job->row);
	memory_free(job->start_after);
	memory_free(job->name);
	memory_free(job);
}

static void delete_page(void *opaque);

static void try_again_later(struct job *job)
{
	memory_free(job->start_after);
	job->start_after = NULL;
	job->has_failed = false;
	event_timer_start(job->retry, RETRY_DELAY_NS);
}

/* ---- The end: the definition's finalizer goes ---- */

static int take_finalizer(struct object_write *write, const struct json_value *live,
	struct json_value *ret_object, struct error *err)
{
	struct arena *arena = write->context->arena;
	const struct json_value *before = json_find_path(live, "metadata", "finalizers", NULL);
	struct json_value finalizers = json_array();

	(void)err;
	*ret_object = json_copy(arena, live, false);
	for (size_t i = 0; i < json_count(before); i++) {
		const struct json_value *finalizer = json_element(before, i);

		if (!str_equal(json_text(finalizer), STR(EXT_CLEANUP_FINALIZER)))
			json_append(arena, &finalizers, *finalizer);
	}
	object_meta_set_finalizers(arena, write->resource, ret_object, &finalizers);
	return 0;
}

static void on_finalizer_taken(struct object_write *write, int status, struct str json)
{
	struct job *job = write->transform_context;

	(void)json;
	if (status == 0 && !job->is_cancelled && write->context->err.code != ERROR_NOT_FOUND) {
		log_error("definition %s cannot be removed yet: %.*s", job->name,
			STR_ARG(write->context->err.message));
		try_again_later(job);
	}
	job_unref(job);
}

static void finish(struct job *job)
{
	ext_definition_write(job->server, str_from_c(job->name), take_finalizer, on_finalizer_taken,
		job_ref(job));
}

/* ---- Waiting for what has finalizers ---- */

static bool stop_at_first(void *opaque, const struct storage_record *record)
{
	(void)record;
	*(bool *)opaque = true;
	return false;
}

static bool has_objects(struct job *job)
{
	struct storage_snapshot *snapshot = storage_snapshot_open(job->server->storage);
	struct storage_range range = {.prefix = job->prefix};
	bool is_found = false;

	storage_snapshot_scan(snapshot, &range, stop_at_first, &is_found);
	job->revision = storage_snapshot_revision(snapshot);
	storage_snapshot_close(&snapshot);
	return is_found;
}

static void on_changes(void *opaque)
{
	struct job *job = opaque;
	struct storage_event *event = NULL;

	if (!job->watch)
		return;
	while (storage_watch_next(job->watch, &event) == 0)
		storage_event_unref(&event);
	if (has_objects(job))
		return;
	storage_watch_close(&job->watch);
	finish(job);
}

static void wait_until_empty(struct job *job)
{
	if (!has_objects(job)) {
		finish(job);
		return;
	}
	if (storage_watch_open(job->server->storage, job->prefix, STR_EMPTY, job->revision,
		    on_changes, job, &job->watch) != 0)
		try_again_later(job);
}

/* ---- Deleting ---- */

static void page_done(struct job *job)
{
	if (job->is_cancelled)
		return;
	if (job->page_count == PAGE_NAMES)
		event_loop_defer(job->server->loop, delete_page, job);
	else if (job->has_failed)
		try_again_later(job);
	else
		wait_until_empty(job);
}

static void on_deleted(struct object_delete *delete_, bool is_ok, bool is_gone, struct str json)
{
	struct job *job = delete_->done_context;

	(void)is_gone;
	(void)json;
	if (!is_ok && delete_->context->err.code != ERROR_NOT_FOUND) {
		job->has_failed = true;
		log_error("%.*s/%.*s of definition %s cannot be deleted: %.*s",
			STR_ARG(delete_->namespace), STR_ARG(delete_->name), job->name,
			STR_ARG(delete_->context->err.message));
	}
	if (--job->pending_count == 0)
		page_done(job);
	job_unref(job);
}

static void delete_object(struct job *job, struct str storage_name)
{
	static const struct delete_options options = {.grace_period_seconds = -1};
	struct request_context *request = api_server_begin_own_request(
		job->server->api, ext_definition_entry(job->server), STR_EMPTY, storage_name);
	struct object_delete *delete_ = ARENA_NEW(request->arena, struct object_delete);
	struct str name = request->info.name;

	if (job->row->resource.flags & RESOURCE_NAMESPACED)
		delete_->namespace = str_split(&name, '/');
	delete_->name = name;
	delete_->context = request;
	delete_->resource = &job->row->resource;
	delete_->prefix = job->prefix;
	delete_->options = &options;
	delete_->done = on_deleted;
	delete_->done_context = job_ref(job);
	object_delete_run(delete_);
	request_context_unref(&request);
}

struct page {
	struct arena *arena;
	struct str names[PAGE_NAMES];
	size_t count;
};

static bool take_name(void *opaque, const struct storage_record *record)
{
	struct page *page = opaque;

	page->names[page->count++] = arena_copy(page->arena, record->name);
	return page->count < PAGE_NAMES;
}

static void remember_place(struct job *job, struct str name)
{
	memory_free(job->start_after);
	job->start_after = memory_allocate(name.length + 1);
	memcpy(job->start_after, name.data, name.length);
	job->start_after_length = name.length;
}

static void start_page(struct job *job)
{
	struct page page = {.arena = arena_create(0)};
	struct storage_snapshot *snapshot = storage_snapshot_open(job->server->storage);
	struct storage_range range = {.prefix = job->prefix};

	if (job->start_after)
		range.start_after = str_from(job->start_after, job->start_after_length);
	storage_snapshot_scan(snapshot, &range, take_name, &page);
	storage_snapshot_close(&snapshot);
	job->page_count = page.count;
	/* One more than the deletes, so that the page ends once, behind this loop. */
	job->pending_count = page.count + 1;
	for (size_t i = 0; i < page.count; i++)
		delete_object(job, page.names[i]);
	if (page.count > 0)
		remember_place(job, page.names[page.count - 1]);
	if (--job->pending_count == 0)
		page_done(job);
	arena_destroy(&page.arena);
}

static void delete_page(void *opaque)
{
	struct job *job = job_ref(opaque);

	start_page(job);
	job_unref(job);
}

/* ---- The beginning ---- */

static void on_progress_told(struct object_write *write, int status, struct str json)
{
	struct job *job = write->transform_context;
	bool is_own = ext_is_own_resource(job->row->resource.group, job->row->resource.resource);

	(void)json;
	if (job->is_cancelled) {
		/* Nobody waits for the objects any more. */
	} else if (status == 0 && write->context->err.code != ERROR_NOT_FOUND) {
		log_error("definition %s: %.*s", job->name, STR_ARG(write->context->err.message));
		try_again_later(job);
	} else if (status != 0 && is_own) {
		finish(job);
	} else if (status != 0) {
		event_loop_defer(job->server->loop, delete_page, job);
	}
	job_unref(job);
}

static void tell_progress(void *opaque)
{
	struct job *job = opaque;

	ext_definition_write(
		job->server, str_from_c(job->name), NULL, on_progress_told, job_ref(job));
}

void ext_cleanup_begin(
	struct ext_cleanup *cleanup, struct str name, const struct json_value *definition)
{
	struct ext_server *server = cleanup->server;
	struct job *job;

	if (map_find(&cleanup->jobs, name))
		return;
	job = MEMORY_NEW(struct job);
	job->references = 1;
	job->server = server;
	job->row = ext_resource_create_untyped(definition, ext_storage_version(definition));
	job->prefix = storage_prefix_intern(server->storage, job->row->resource.storage_prefix);
	job->retry = event_timer_create(server->loop, tell_progress, job);
	job->name = memory_allocate_zeroed(1, name.length + 1);
	memcpy(job->name, name.data, name.length);
	map_set(&cleanup->jobs, name, job);
	event_loop_defer(server->loop, tell_progress, job);
}

void ext_cleanup_cancel(struct ext_cleanup *cleanup, struct str name)
{
	struct job *job = map_remove(&cleanup->jobs, name);

	if (!job)
		return;
	job->is_cancelled = true;
	storage_watch_close(&job->watch);
	event_timer_stop(job->retry);
	event_loop_cancel_deferred(job->server->loop, tell_progress, job);
	event_loop_cancel_deferred(job->server->loop, delete_page, job);
	job_unref(job);
}

struct ext_cleanup *ext_cleanup_create(struct ext_server *server)
{
	struct ext_cleanup *cleanup = MEMORY_NEW(struct ext_cleanup);

	cleanup->server = server;
	return cleanup;
}

void ext_cleanup_destroy(struct ext_cleanup **cleanup)
{
	struct ext_cleanup *gone = *cleanup;
	const struct map_entry *entry;

	*cleanup = NULL;
	if (!gone)
		return;
	for (;;) {
		size_t position = 0;

		entry = map_next(&gone->jobs, &position);
		if (!entry)
			break;
		ext_cleanup_cancel(gone, entry->key);
	}
	map_fini(&gone->jobs);
	memory_free(gone);
}
