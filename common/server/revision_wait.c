/* SPDX-License-Identifier: Apache-2.0 */
#include "revision_wait.h"

#include "api_server_private.h"

#define WAIT_NS UINT64_C(3000000000)

struct revision_wait {
	struct request_context *context;
	uint64_t revision;
	void (*go_on)(struct request_context *context);
	struct event_timer *timer;
	struct storage_watch *watch; /* NULL: history is gone that far, only the time ends it */
};

static void end_wait(struct request_context *context)
{
	struct revision_wait *wait = context->stream;

	event_timer_destroy(&wait->timer);
	storage_watch_close(&wait->watch);
	context->stream = NULL;
	context->on_close = NULL;
}

static void go_on(void *opaque)
{
	struct revision_wait *wait = opaque;
	struct request_context *context = wait->context;

	end_wait(context);
	wait->go_on(context);
}

static uint64_t current_revision(struct storage *storage)
{
	/* The store may be ahead of what the loop has been told of. */
	struct storage_snapshot *snapshot = storage_snapshot_open(storage);
	uint64_t revision = storage_snapshot_revision(snapshot);

	storage_snapshot_close(&snapshot);
	return revision;
}

/* Changes of the resource are what moves it on; those of others are seen when the time is over. */
static void on_change(void *opaque)
{
	struct revision_wait *wait = opaque;
	struct storage_event *event = NULL;

	while (storage_watch_next(wait->watch, &event) == 0)
		storage_event_unref(&event);
	if (current_revision(api_server_storage(wait->context->server)) >= wait->revision)
		go_on(wait);
}

void revision_wait(struct request_context *context, uint64_t revision,
	void (*continue_request)(struct request_context *context))
{
	struct storage *storage = api_server_storage(context->server);
	uint64_t wait_ns = context->server->options.revision_wait_ns;
	struct revision_wait *wait;

	if (revision <= storage_revision(storage) || revision <= current_revision(storage)) {
		continue_request(context);
		return;
	}
	wait = ARENA_NEW(context->arena, struct revision_wait);
	*wait = (struct revision_wait){
		.context = context, .revision = revision, .go_on = continue_request};
	context->stream = wait;
	context->on_close = end_wait;
	if (storage_watch_open(storage, context->entry->prefix, STR_EMPTY,
		    storage_revision(storage), on_change, wait, &wait->watch) != 0)
		wait->watch = NULL;
	wait->timer = event_timer_create(api_server_loop(context->server), go_on, wait);
	event_timer_start(wait->timer, wait_ns > 0 ? wait_ns : WAIT_NS);
}
