/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A watch is a cursor into the store's events with a selector. Events are encoded once and shared
 * by all watches that take them in the same form; a client that reads slowly leaves its cursor
 * behind and costs no memory.
 */
#include <stdlib.h>
#include <sys/random.h>

#include "api_server_private.h"
#include "assertion.h"
#include "clock.h"
#include "log.h"
#include "object_conversion.h"
#include "object_match.h"
#include "object_response.h"
#include "revision_wait.h"
#include "status.h"
#include "watch_format.h"

#define SECOND_NS           1000000000ull
#define SECONDS_MAXIMUM     (10ull * 365 * 86400)
#define BOOKMARK_PERIOD_NS  (60 * SECOND_NS)
#define INITIAL_PIECE_BYTES (128 * 1024)

struct watch_stream {
	struct request_context *context; /* held by its exchange */
	struct watch_stream *next;
	struct watch_stream **previous_link;
	struct list_options options;
	struct object_match match;
	struct watch_format format;
	struct storage_watch *watch;
	struct resource_watcher retired;
	struct event_timer *end_timer;
	struct event_timer *bookmark_timer;
	uint64_t start_revision;
	/* Synthetic ADDED events of what is there at start_revision. */
	bool sends_initial;
	bool needs_initial_end; /* the bookmark that says the initial events are over */
	char start_text[640];
	struct str start_after;
	struct buffer out;
	bool is_blocked;
	bool is_corrupt;            /* an initial object, start_after, cannot be read */
	struct storage_event *held; /* until a webhook has converted it */
	bool is_converting;
	bool is_ended;
};

static void pump(void *opaque);

static void end_stream(struct watch_stream *stream)
{
	if (stream->is_ended)
		return;
	stream->is_ended = true;
	storage_watch_close(&stream->watch);
	event_timer_stop(stream->end_timer);
	event_timer_stop(stream->bookmark_timer);
	if (stream->context->exchange)
		http_exchange_end(stream->context->exchange);
}

static void flush(struct watch_stream *stream)
{
	if (stream->out.length == 0 || !stream->context->exchange)
		return;
	stream->is_blocked =
		!http_exchange_write(stream->context->exchange, buffer_str(&stream->out));
	buffer_clear(&stream->out);
}

static void fail_stream(struct watch_stream *stream, struct error *err)
{
	watch_format_error(&stream->format, &stream->out, err);
	flush(stream);
	end_stream(stream);
}

/* ---- Events ---- */

/* What this watch sees of a change: objects enter and leave a selection. False: nothing. */
static bool classify(const struct watch_stream *stream, const struct storage_event *event,
	enum watch_event_type *ret_type)
{
	const struct object_match *match = &stream->match;
	struct stored_object stored;
	bool selects = match->labels || match->fields;
	bool is_put = event->type == STORAGE_EVENT_PUT;
	bool matches = is_put && (!selects || object_match_bytes(match, event->name,
						      blob_str(event->value), &stored));
	bool matched = event->previous && (!selects || object_match_bytes(match, event->name,
							       blob_str(event->previous), &stored));

	if (!matches && !matched)
		return false;
	*ret_type = !matches  ? WATCH_EVENT_DELETED
		    : matched ? WATCH_EVENT_MODIFIED
			      : WATCH_EVENT_ADDED;
	return true;
}

static void fail_corrupt(struct watch_stream *stream, struct str name)
{
	struct error err = ERROR_INIT(stream->context->arena);

	error_set(&err, ERROR_INTERNAL, "%.*s%.*s: the stored bytes are corrupt",
		STR_ARG(stream->context->resource->storage_prefix), STR_ARG(name));
	log_error("watch: %.*s", STR_ARG(err.message));
	fail_stream(stream, &err);
}

/* An event that this version cannot show ends the watch with the reason. */
static bool can_show(struct watch_stream *stream, const struct storage_event *event)
{
	struct error err = ERROR_INIT(stream->context->arena);
	struct blob *value = event->value ? event->value : event->previous;
	struct stored_object stored;

	if (!stored_object_parse(blob_str(value), &stored)) {
		fail_corrupt(stream, event->name);
		return false;
	}
	if (object_conversions_outcome(stream->context, &err) == 0)
		return true;
	fail_stream(stream, &err);
	return false;
}

/* ---- Conversion by webhook: the stream stands still meanwhile ---- */

static void on_converted(void *opaque)
{
	struct watch_stream *stream = opaque;

	stream->is_converting = false;
	if (!stream->is_ended && stream->context->exchange)
		pump(stream);
}

/* True: what is noted is being converted. */
static bool wait_for_conversion(struct watch_stream *stream)
{
	/* Not before: it may be over before it returns. */
	stream->is_converting = true;
	if (object_conversions_run(stream->context, on_converted, stream))
		return true;
	stream->is_converting = false;
	return false;
}

static bool wants_conversion(struct watch_stream *stream, struct blob *value)
{
	struct request_context *context = stream->context;
	struct stored_object stored;

	return value && (context->resource->flags & RESOURCE_WEBHOOK_CONVERSION) &&
	       stored_object_parse(blob_str(value), &stored) &&
	       object_conversions_want(context, context->resource, &stored);
}

/* The event is kept until all of it can be shown. */
static bool is_held(struct watch_stream *stream, struct storage_event *event)
{
	bool wants = wants_conversion(stream, event->value);

	wants |= wants_conversion(stream, event->previous);
	if (!wants)
		return false;
	stream->held = event;
	wait_for_conversion(stream);
	return true;
}

static void send_event(struct watch_stream *stream, struct storage_event *event)
{
	enum watch_event_type type;

	if (!classify(stream, event, &type) || !can_show(stream, event))
		return;
	struct blob *encoded = watch_format_event(&stream->format, event, type);

	if (!encoded) {
		fail_corrupt(stream, event->name);
		return;
	}
	stream->is_blocked = !http_exchange_write_blob(stream->context->exchange, encoded);
	blob_unref(&encoded);
}

static int take_event(struct watch_stream *stream, struct storage_event **ret_event)
{
	if (!stream->held)
		return storage_watch_next(stream->watch, ret_event);
	*ret_event = stream->held;
	stream->held = NULL;
	return 0;
}

static void send_events(struct watch_stream *stream)
{
	struct storage_event *event = NULL;

	while (!stream->is_blocked && !stream->is_ended && !stream->is_converting) {
		int outcome = take_event(stream, &event);

		if (outcome == STORAGE_AGAIN)
			return;
		if (outcome == STORAGE_COMPACTED) {
			struct error err = ERROR_INIT(stream->context->arena);

			error_set(&err, ERROR_EXPIRED, "too old resource version: %llu (%llu)",
				(unsigned long long)storage_watch_progress(stream->watch),
				(unsigned long long)storage_compacted_revision(
					api_server_storage(stream->context->server)));
			fail_stream(stream, &err);
			return;
		}
		if (is_held(stream, event))
			continue;
		send_event(stream, event);
		storage_event_unref(&event);
		object_conversions_forget(stream->context);
	}
}

static void send_bookmark(struct watch_stream *stream, uint64_t revision, bool is_initial_end)
{
	watch_format_bookmark(&stream->format, &stream->out, revision, is_initial_end);
	flush(stream);
}

/* ---- The initial events ---- */

static bool write_initial(void *opaque, const struct storage_record *record)
{
	struct watch_stream *stream = opaque;
	struct stored_object stored;

	if (object_match_bytes(&stream->match, record->name, record->value, &stored))
		stream->is_corrupt = !watch_format_stored(
			&stream->format, &stream->out, WATCH_EVENT_ADDED, &stored);
	else
		stream->is_corrupt = !stored_object_parse(record->value, &stored);
	ASSERT(record->name.length <= sizeof(stream->start_text));
	memcpy(stream->start_text, record->name.data, record->name.length);
	stream->start_after = str_from(stream->start_text, record->name.length);
	return stream->out.length < INITIAL_PIECE_BYTES && !stream->is_corrupt;
}

static void send_initial(struct watch_stream *stream)
{
	struct storage *storage = api_server_storage(stream->context->server);

	while (stream->sends_initial && !stream->is_blocked) {
		struct storage_range range = {
			.prefix = stream->context->entry->prefix,
			.below = stream->match.below,
			.start_after = stream->start_after,
			.revision = stream->start_revision,
		};
		struct storage_snapshot *snapshot = storage_snapshot_open(storage);
		struct error err = ERROR_INIT(stream->context->arena);

		if (object_conversions_want_range(
			    stream->context, stream->context->resource, snapshot, &range, 0)) {
			storage_snapshot_close(&snapshot);
			wait_for_conversion(stream);
			return;
		}
		int outcome = object_conversions_outcome(stream->context, &err);

		if (outcome == 0)
			outcome = storage_snapshot_scan(snapshot, &range, write_initial, stream);
		storage_snapshot_close(&snapshot);
		if (outcome != 0) {
			if (outcome != ERROR_RETURN)
				error_set(&err, ERROR_EXPIRED,
					"The resourceVersion for the provided watch is too old.");
			fail_stream(stream, &err);
			return;
		}
		if (stream->is_corrupt) {
			fail_corrupt(stream, stream->start_after);
			return;
		}
		if (stream->out.length < INITIAL_PIECE_BYTES)
			stream->sends_initial = false;
		flush(stream);
	}
}

static int open_watch(struct watch_stream *stream)
{
	return storage_watch_open(api_server_storage(stream->context->server),
		stream->context->entry->prefix, stream->match.below, stream->start_revision, pump,
		stream, &stream->watch);
}

static void pump(void *opaque)
{
	struct watch_stream *stream = opaque;

	if (stream->is_ended || stream->is_blocked || stream->is_converting)
		return;
	send_initial(stream);
	if (stream->is_ended || stream->sends_initial || stream->is_blocked)
		return;
	if (!stream->held)
		object_conversions_forget(stream->context);
	if (stream->needs_initial_end) {
		stream->needs_initial_end = false;
		send_bookmark(stream, stream->start_revision, true);
	}
	send_events(stream);
}

/* ---- Times and ends ---- */

static uint64_t random_below(uint64_t bound)
{
	uint64_t value = 0;

	if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
		value = clock_now_ns();
	return value % bound;
}

/* An event that waits for its conversion is behind the watch's cursor, and not with the client. */
static bool may_send_bookmark(const struct watch_stream *stream)
{
	return !stream->is_blocked && !stream->is_converting && !stream->held && stream->watch &&
	       !stream->sends_initial;
}

static void on_end_timer(void *opaque)
{
	struct watch_stream *stream = opaque;

	if (stream->options.allow_watch_bookmarks && may_send_bookmark(stream))
		send_bookmark(stream, storage_watch_progress(stream->watch), false);
	end_stream(stream);
}

static void on_bookmark_timer(void *opaque)
{
	struct watch_stream *stream = opaque;

	if (may_send_bookmark(stream))
		send_bookmark(stream, storage_watch_progress(stream->watch), false);
	event_timer_start(
		stream->bookmark_timer, BOOKMARK_PERIOD_NS - random_below(BOOKMARK_PERIOD_NS / 4));
}

static void start_timers(struct watch_stream *stream)
{
	struct api_server *server = stream->context->server;
	struct event_loop *loop = api_server_loop(server);
	uint64_t seconds = (uint64_t)stream->options.timeout_seconds;

	if (stream->options.timeout_seconds <= 0) {
		uint64_t minimum = (uint64_t)server->options.minimum_watch_seconds;

		seconds = minimum + random_below(minimum);
	}
	stream->end_timer = event_timer_create(loop, on_end_timer, stream);
	if (seconds > SECONDS_MAXIMUM)
		seconds = SECONDS_MAXIMUM;
	event_timer_start(stream->end_timer, seconds * SECOND_NS);
	stream->bookmark_timer = event_timer_create(loop, on_bookmark_timer, stream);
	if (stream->options.allow_watch_bookmarks)
		event_timer_start(stream->bookmark_timer,
			BOOKMARK_PERIOD_NS - random_below(BOOKMARK_PERIOD_NS / 4));
}

static void on_retired(struct resource_watcher *watcher)
{
	struct watch_stream *stream =
		(struct watch_stream *)(void *)((char *)watcher -
						offsetof(struct watch_stream, retired));

	end_stream(stream);
}

static void on_writable(struct request_context *context)
{
	struct watch_stream *stream = context->stream;

	stream->is_blocked = false;
	pump(stream);
}

static void on_close(struct request_context *context)
{
	struct watch_stream *stream = context->stream;

	end_stream(stream);
	resource_watcher_remove(&stream->retired);
	event_timer_destroy(&stream->end_timer);
	event_timer_destroy(&stream->bookmark_timer);
	*stream->previous_link = stream->next;
	if (stream->next)
		stream->next->previous_link = stream->previous_link;
	context->server->watch_count--;
	event_loop_cancel_deferred(api_server_loop(context->server), pump, stream);
	storage_event_unref(&stream->held);
	watch_format_fini(&stream->format);
	buffer_fini(&stream->out);
}

void watch_streams_end_all(struct api_server *server)
{
	for (struct watch_stream *stream = server->watches; stream; stream = stream->next)
		end_stream(stream);
}

static void register_stream(struct watch_stream *stream)
{
	struct request_context *context = stream->context;
	struct api_server *server = context->server;

	stream->next = server->watches;
	stream->previous_link = &server->watches;
	if (stream->next)
		stream->next->previous_link = &stream->next;
	server->watches = stream;
	server->watch_count++;
	stream->retired.on_retired = on_retired;
	resource_entry_add_watcher(context->entry, &stream->retired);
	context->stream = stream;
	context->on_writable = on_writable;
	context->on_close = on_close;
}

/* ---- Start ---- */

static int choose_start(struct watch_stream *stream, struct error *err)
{
	const struct list_options *options = &stream->options;
	struct storage_snapshot *snapshot =
		storage_snapshot_open(api_server_storage(stream->context->server));
	uint64_t current = storage_snapshot_revision(snapshot);
	bool from_now = options->resource_version == 0;

	storage_snapshot_close(&snapshot);
	stream->sends_initial =
		options->has_send_initial_events ? options->send_initial_events : from_now;
	stream->start_revision =
		from_now || stream->sends_initial ? current : options->resource_version;
	stream->needs_initial_end = stream->sends_initial && options->allow_watch_bookmarks;
	if (stream->sends_initial && options->resource_version > current)
		return error_too_large_resource_version(err, options->resource_version, current);
	return 0;
}

/* "too old" is told inside the stream, with status 200, as upstream does. */
static void answer_too_old(struct watch_stream *stream)
{
	struct error err = ERROR_INIT(stream->context->arena);

	error_set(&err, ERROR_EXPIRED, "too old resource version: %llu (%llu)",
		(unsigned long long)stream->options.resource_version,
		(unsigned long long)storage_compacted_revision(
			api_server_storage(stream->context->server)));
	fail_stream(stream, &err);
}

static void serve_watch(struct request_context *context)
{
	struct watch_stream *stream = ARENA_NEW(context->arena, struct watch_stream);

	stream->context = context;
	if (list_options_parse(context->arena, context->query, &stream->options, &context->err) !=
			0 ||
		object_match_init(context, &stream->options, &stream->match, &context->err) != 0 ||
		watch_format_init(&stream->format, context, &context->err) != 0) {
		request_context_fail(context);
		return;
	}
	if (choose_start(stream, &context->err) != 0) {
		watch_format_fini(&stream->format);
		request_context_fail(context);
		return;
	}
	register_stream(stream);
	start_timers(stream);
	request_context_start(context, 200, object_content_type(context), false);
	if (context->server->is_draining || str_equal(context->method, STR("HEAD")))
		end_stream(stream);
	else if (open_watch(stream) != 0)
		answer_too_old(stream);
	else
		event_loop_defer(api_server_loop(context->server), pump, stream);
}

void handle_watch(struct request_context *context)
{
	struct list_options options;

	if (list_options_parse(context->arena, context->query, &options, &context->err) != 0)
		request_context_fail(context);
	else if (options.has_send_initial_events && options.send_initial_events)
		revision_wait(context, options.resource_version, serve_watch);
	else
		serve_watch(context);
}
