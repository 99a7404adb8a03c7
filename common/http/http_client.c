/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "assertion.h"
#include "clock.h"
#include "http_client_private.h"
#include "memory.h"

#define RETRY_SHORTEST_NS   UINT64_C(5000000)
#define RETRY_LONGEST_NS    UINT64_C(250000000)
#define STREAM_WINDOW_BYTES (4u * 1024 * 1024)

void call_list_append(struct call_list *list, struct http_call *call)
{
	call->next = NULL;
	call->previous = list->last;
	if (list->last)
		list->last->next = call;
	else
		list->first = call;
	list->last = call;
	list->count++;
}

void call_list_remove(struct call_list *list, struct http_call *call)
{
	if (call->previous)
		call->previous->next = call->next;
	else
		list->first = call->next;
	if (call->next)
		call->next->previous = call->previous;
	else
		list->last = call->previous;
	list->count--;
}

/* ---- The end of calls ---- */

static void take_off_list(struct http_call *call)
{
	struct call_list *list = call->link ? &call->link->calls : &call->client->waiting;

	call_list_remove(list, call);
	if (call->link)
		client_link_forget(call);
	call->link = NULL;
}

static void free_call(struct http_call *call)
{
	struct http_client *client = call->client;
	struct arena *arena = call->arena;

	http_queue_clear(&call->body);
	if (client->arena_count < CLIENT_ARENAS_KEPT) {
		arena_reset(arena);
		client->arenas[client->arena_count++] = arena;
	} else {
		arena_destroy(&arena);
	}
}

void call_end(struct http_call *call)
{
	struct http_client *client = call->client;

	take_off_list(call);
	client->in_callbacks++;
	call->handler.on_end(call->context);
	client->in_callbacks--;
	free_call(call);
}

void call_fail(struct http_call *call, enum http_failure failure, const char *message)
{
	struct http_client *client = call->client;

	take_off_list(call);
	client->in_callbacks++;
	call->handler.on_failure(call->context, failure, message);
	client->in_callbacks--;
	free_call(call);
}

void http_call_cancel(struct http_call *call)
{
	take_off_list(call);
	free_call(call);
}

/* ---- Deadlines: one timer, for the nearest ---- */

static void watch_deadline(struct http_client *client, uint64_t deadline_ns)
{
	uint64_t now = clock_now_ns();

	if (deadline_ns >= client->deadline_ns)
		return;
	client->deadline_ns = deadline_ns;
	event_timer_start(client->deadline_timer, deadline_ns > now ? deadline_ns - now : 0);
}

/* The first call of the list that is late; NULL: none. *nearest is lowered by those that are not.
 */
static struct http_call *find_late(
	const struct call_list *list, uint64_t now_ns, uint64_t *nearest_ns)
{
	for (struct http_call *call = list->first; call; call = call->next) {
		if (call->deadline_ns <= now_ns)
			return call;
		if (call->deadline_ns < *nearest_ns)
			*nearest_ns = call->deadline_ns;
	}
	return NULL;
}

static void deadline_passed(void *context)
{
	struct http_client *client = context;
	uint64_t now = clock_now_ns();
	uint64_t nearest;
	struct http_call *late;

	/* Callbacks change the lists, so that each late call means a new look. */
	client->deadline_ns = UINT64_MAX;
	do {
		nearest = UINT64_MAX;
		late = find_late(&client->waiting, now, &nearest);
		for (struct client_link *link = client->links; link && !late; link = link->next)
			late = find_late(&link->calls, now, &nearest);
		if (late)
			call_fail(late, HTTP_FAILURE_TIMEOUT, "timed out");
	} while (late && !client->is_destroyed);
	if (!client->is_destroyed)
		watch_deadline(client, nearest);
}

/* ---- Sending ---- */

static struct client_link *choose_link(struct http_client *client)
{
	struct client_link *best = NULL;
	unsigned usable = 0;

	for (struct client_link *link = client->links; link; link = link->next) {
		if (link->is_leaving)
			continue;
		usable++;
		if (!best || link->calls.count < best->calls.count)
			best = link;
	}
	if (best && (best->calls.count == 0 || usable >= client->connections))
		return best;

	struct client_link *opened = client_link_open(client);

	return opened ? opened : best;
}

static void cannot_connect(struct http_client *client, int reason)
{
	/* The server is away, or its backlog is full: it will be back. */
	if (reason == ECONNREFUSED || reason == ENOENT || reason == EAGAIN || reason == EINTR) {
		event_timer_start(client->retry_timer, client->retry_delay_ns);
		client->retry_delay_ns *= 2;
		if (client->retry_delay_ns > RETRY_LONGEST_NS)
			client->retry_delay_ns = RETRY_LONGEST_NS;
		return;
	}
	client->connect_errno = reason;
	http_io_wake(&client->io);
}

void client_send_waiting(struct http_client *client)
{
	while (client->waiting.first && !event_timer_is_running(client->retry_timer) &&
		client->connect_errno == 0) {
		struct client_link *link = choose_link(client);
		struct http_call *call = client->waiting.first;

		if (!link) {
			cannot_connect(client, errno);
			return;
		}
		client->retry_delay_ns = RETRY_SHORTEST_NS;
		call_list_remove(&client->waiting, call);
		call->link = link;
		call_list_append(&link->calls, call);
		client_link_submit(link, call);
	}
}

static void retry(void *context)
{
	client_send_waiting(context);
}

static void copy_request(struct http_call *call, const struct http_client_request *request)
{
	struct arena *arena = call->arena;

	call->request.method = arena_copy(arena, request->method);
	call->request.path_and_query = arena_copy(arena, request->path_and_query);
	for (size_t i = 0; request->headers && i < request->headers->count; i++) {
		const struct http_header *header = &request->headers->entries[i];

		http_headers_add(arena, &call->request_headers, arena_copy(arena, header->name),
			arena_copy(arena, header->value));
	}
	http_queue_append(&call->body, request->body);
}

struct http_call *http_client_send(struct http_client *client,
	const struct http_client_request *request, const struct http_call_handler *handler,
	void *context)
{
	struct arena *arena =
		client->arena_count > 0 ? client->arenas[--client->arena_count] : arena_create(0);
	struct http_call *call = ARENA_NEW(arena, struct http_call);

	ASSERT(!client->is_destroyed);
	call->arena = arena;
	call->client = client;
	call->handler = *handler;
	call->context = context;
	call->deadline_ns = UINT64_MAX;
	copy_request(call, request);
	call_list_append(&client->waiting, call);
	client_send_waiting(client);
	if (request->timeout_ns > 0) {
		uint64_t now = clock_now_ns();

		if (request->timeout_ns < UINT64_MAX - now)
			call->deadline_ns = now + request->timeout_ns;
		watch_deadline(client, call->deadline_ns);
	}
	return call;
}

void http_call_pause(struct http_call *call)
{
	call->is_paused = true;
}

void http_call_resume(struct http_call *call)
{
	size_t held = call->held_bytes;

	call->is_paused = false;
	call->held_bytes = 0;
	if (held > 0)
		client_link_consume(call, held);
}

/* ---- The client ---- */

static void release(struct http_client *client)
{
	client_links_fini(client);
	event_timer_destroy(&client->retry_timer);
	event_timer_destroy(&client->deadline_timer);
	http_io_fini(&client->io);
	while (client->arena_count > 0)
		arena_destroy(&client->arenas[--client->arena_count]);
	memory_free(client->unix_path);
	memory_free(client);
}

static void fail_waiting(struct http_client *client)
{
	int reason = client->connect_errno;
	char message[160];

	/* Those that come in meanwhile are tried anew. */
	client->connect_errno = 0;
	for (size_t count = client->waiting.count; count > 0 && client->waiting.first; count--) {
		snprintf(message, sizeof(message), "connect %s: %s", client->unix_path,
			strerror(reason));
		call_fail(client->waiting.first, HTTP_FAILURE_UNSENT, message);
	}
}

static void free_ended_links(struct http_client *client)
{
	struct client_link **at = &client->links;

	while (*at) {
		struct client_link *link = *at;

		if (link->is_ended) {
			*at = link->next;
			client_link_free(link);
		} else {
			at = &link->next;
		}
	}
}

static void after_flush(void *context)
{
	struct http_client *client = context;

	if (client->is_destroyed) {
		release(client);
		return;
	}
	client->in_callbacks++;
	free_ended_links(client);
	if (client->connect_errno != 0)
		fail_waiting(client);
	client->in_callbacks--;
	if (client->is_destroyed)
		http_io_wake(&client->io);
	else
		client_send_waiting(client);
}

struct http_client *http_client_create(const struct http_client_options *options)
{
	struct http_client *client = MEMORY_NEW(struct http_client);

	client->unix_path = memory_copy_text(options->unix_path);
	client->connections = options->connections ? options->connections : 1;
	client->stream_window_bytes =
		options->stream_window_bytes ? options->stream_window_bytes : STREAM_WINDOW_BYTES;
	client->retry_delay_ns = RETRY_SHORTEST_NS;
	client->deadline_ns = UINT64_MAX;
	http_io_init(&client->io, options->loop, after_flush, client);
	client->retry_timer = event_timer_create(options->loop, retry, client);
	client->deadline_timer = event_timer_create(options->loop, deadline_passed, client);
	client_links_init(client);
	return client;
}

void http_client_destroy(struct http_client **client)
{
	struct http_client *gone = *client;

	*client = NULL;
	if (!gone)
		return;
	gone->is_destroyed = true;
	event_timer_stop(gone->retry_timer);
	event_timer_stop(gone->deadline_timer);
	while (gone->waiting.first)
		call_fail(gone->waiting.first, HTTP_FAILURE_UNSENT, "the client is shut down");
	for (struct client_link *link = gone->links; link; link = link->next)
		http_connection_close(&link->transport);
	/* Inside a callback of its own it must live until that returns. */
	if (gone->in_callbacks > 0)
		http_io_wake(&gone->io);
	else
		release(gone);
}
