/* SPDX-License-Identifier: Apache-2.0 */
#include "http_server_private.h"

#include <nghttp2/nghttp2.h>

#include "assertion.h"
#include "clock.h"
#include "http_syntax.h"
#include "memory.h"

/* Of all requests of a server: beyond it new bodies are answered with 503. */
#define SERVER_BODY_BYTES_MAXIMUM (256u * 1024 * 1024)
/* When so much waits for clients that do not read, each gets little more until some have read. */
#define SERVER_OUTPUT_BYTES_MAXIMUM (64u * 1024 * 1024)
#define SCARCE_HIGH_WATER_BYTES     (16u * 1024)
#define SMALL_WRITES_BLOCK_BYTES    2048

/* ---- Life ---- */

struct http_exchange *exchange_create(struct server_connection *connection, int32_t stream_id)
{
	struct arena *arena = server_take_arena(connection->server);
	struct http_exchange *exchange = ARENA_NEW(arena, struct http_exchange);

	exchange->request.arena = arena;
	exchange->request.peer = &connection->peer;
	exchange->request.http_major = stream_id == 0 ? 1 : 2;
	exchange->server = connection->server;
	exchange->connection = connection;
	exchange->stream_id = stream_id;
	exchange->previous = connection->exchanges_last;
	if (exchange->previous)
		exchange->previous->next = exchange;
	else
		connection->exchanges = exchange;
	connection->exchanges_last = exchange;
	connection->exchange_count++;
	return exchange;
}

static void unlink_from_connection(struct http_exchange *exchange)
{
	struct server_connection *connection = exchange->connection;

	if (exchange->previous)
		exchange->previous->next = exchange->next;
	else
		connection->exchanges = exchange->next;
	if (exchange->next)
		exchange->next->previous = exchange->previous;
	else
		connection->exchanges_last = exchange->previous;
	connection->exchange_count--;
	exchange->connection = NULL;
}

static void unlink_from_ready(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;
	struct http_exchange *before = NULL;
	struct http_exchange *at = server->ready;

	for (; at && at != exchange; at = at->next_pending)
		before = at;
	if (!at)
		return;
	if (before)
		before->next_pending = exchange->next_pending;
	else
		server->ready = exchange->next_pending;
	if (server->ready_last == exchange)
		server->ready_last = before;
	exchange->next_pending = NULL;
}

void exchange_close(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;

	if (exchange->is_closed)
		return;
	exchange->is_closed = true;
	unlink_from_connection(exchange);
	if (!exchange->is_dispatched)
		unlink_from_ready(exchange);
	/* The peer lives with its connection, the exchange may outlive that for a moment. */
	if (server->closing_last)
		server->closing_last->next_pending = exchange;
	else
		server->closing = exchange;
	server->closing_last = exchange;
	http_io_wake(&server->io);
}

static void call_on_writable(void *context)
{
	struct http_exchange *exchange = context;

	exchange->writable_is_due = false;
	if (exchange->on_writable && !exchange->is_closed)
		exchange->on_writable(exchange->context);
}

static void count_output(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;

	server->output_bytes -= exchange->counted_bytes;
	exchange->counted_bytes = http_exchange_queued_bytes(exchange);
	server->output_bytes += exchange->counted_bytes;
}

void exchange_destroy(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;

	if (exchange->writable_is_due)
		event_loop_cancel_deferred(server->io.loop, call_on_writable, exchange);
	if (exchange->is_dispatched) {
		server->exchange_count--;
		if (exchange->on_close)
			exchange->on_close(exchange->context);
	}
	server->body_bytes -= exchange->body.length;
	buffer_fini(&exchange->body);
	http_queue_clear(&exchange->output);
	count_output(exchange);
	server_return_arena(server, exchange->request.arena);
}

/* ---- Receiving ---- */

bool exchange_append_body(struct http_exchange *exchange, struct str bytes, int *ret_status)
{
	struct http_server *server = exchange->server;

	if (bytes.length > server->limits.body_bytes - exchange->body.length) {
		*ret_status = 413;
		return false;
	}
	if (bytes.length > SERVER_BODY_BYTES_MAXIMUM - server->body_bytes) {
		*ret_status = 503;
		return false;
	}
	server->body_bytes += bytes.length;
	buffer_append(&exchange->body, bytes);
	return true;
}

void exchange_make_ready(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;

	exchange->request.body = buffer_str(&exchange->body);
	exchange->next_pending = NULL;
	if (server->ready_last)
		server->ready_last->next_pending = exchange;
	else
		server->ready = exchange;
	server->ready_last = exchange;
	http_io_wake(&server->io);
}

static void refuse(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;
	int status = exchange->refused_status;

	if (server->options.on_refused)
		server->options.on_refused(server->options.context, exchange, status);
	if (exchange->is_closed || exchange->is_started)
		return;

	struct http_headers headers = {0};
	struct arena *arena = exchange->request.arena;

	http_headers_add(arena, &headers, STR("content-type"), STR("text/plain; charset=utf-8"));
	http_exchange_respond(exchange, status, &headers,
		arena_printf(arena, "%d %s\n", status, http_status_text(status)));
}

static void dispatch(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;

	ASSERT(!exchange->is_dispatched && !exchange->is_closed);
	exchange->is_dispatched = true;
	server->exchange_count++;
	if (exchange->refused_status != 0)
		refuse(exchange);
	else if (str_equal(exchange->request.path, STR("*")))
		http_exchange_respond(exchange, 200, NULL, STR_EMPTY); /* OPTIONS * */
	else
		server->options.on_request(server->options.context, exchange);
}

void exchange_run_ready(struct http_server *server)
{
	struct http_exchange *exchange;

	while ((exchange = server->ready)) {
		server->ready = exchange->next_pending;
		if (!server->ready)
			server->ready_last = NULL;
		exchange->next_pending = NULL;
		dispatch(exchange);
	}
}

/* ---- For handlers: the request ---- */

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
	return &exchange->request;
}

struct arena *http_exchange_arena(struct http_exchange *exchange)
{
	return exchange->request.arena;
}

void http_exchange_set_handler(struct http_exchange *exchange, void *context,
	void (*on_writable)(void *context), void (*on_close)(void *context))
{
	exchange->context = context;
	exchange->on_writable = on_writable;
	exchange->on_close = on_close;
}

void *http_exchange_context(const struct http_exchange *exchange)
{
	return exchange->context;
}

/* ---- For handlers: the response ---- */

static bool can_answer(const struct http_exchange *exchange)
{
	return !exchange->is_closed && !exchange->is_ended && !exchange->is_aborted;
}

/* A handler that passes a body on, or answers HEAD, may know the length without having the bytes.
 */
static int64_t declared_length(const struct http_headers *headers, int64_t otherwise)
{
	struct str text = http_headers_find(headers, STR("content-length"));
	uint64_t length;

	return http_syntax_parse_length(text, &length) ? (int64_t)length : otherwise;
}

static void start(struct http_exchange *exchange, int status, const struct http_headers *headers,
	int64_t content_length)
{
	static const struct http_headers none;

	ASSERT(!exchange->is_started && status >= 200 && status <= 999);
	exchange->is_started = true;
	exchange->status = status;
	exchange->is_bodiless =
		status == 204 || status == 304 || str_equal(exchange->request.method, STR("HEAD"));
	if (!headers)
		headers = &none;
	if (content_length < 0 || exchange->is_bodiless)
		content_length = declared_length(headers, content_length);
	exchange->declared_length = content_length;
	if (exchange->stream_id == 0)
		http1_server_respond(exchange, status, headers, content_length);
	else
		http2_server_respond(exchange, status, headers, content_length);
	http_connection_flush_later(&exchange->connection->transport);
}

/* The output has grown, or ended. */
static void output_changed(struct http_exchange *exchange)
{
	count_output(exchange);
	if (exchange->stream_id != 0)
		http2_server_resume(exchange);
	http_connection_flush_later(&exchange->connection->transport);
}

void http_exchange_respond(struct http_exchange *exchange, int status,
	const struct http_headers *headers, struct str body)
{
	if (!can_answer(exchange))
		return;
	exchange->is_ended = true;
	if (!str_equal(exchange->request.method, STR("HEAD")) && status != 204 && status != 304)
		http_queue_append(&exchange->output, body);
	exchange->progress_ns = clock_now_ns();
	count_output(exchange);
	start(exchange, status, headers, (int64_t)body.length);
}

void http_exchange_respond_blob(struct http_exchange *exchange, int status,
	const struct http_headers *headers, struct blob *body)
{
	if (!can_answer(exchange))
		return;
	exchange->is_ended = true;
	if (!str_equal(exchange->request.method, STR("HEAD")) && status != 204 && status != 304)
		http_queue_append_blob(&exchange->output, body);
	exchange->progress_ns = clock_now_ns();
	count_output(exchange);
	start(exchange, status, headers, (int64_t)body->length);
}

void http_exchange_start(
	struct http_exchange *exchange, int status, const struct http_headers *headers)
{
	if (!can_answer(exchange))
		return;
	exchange->output.block_bytes = SMALL_WRITES_BLOCK_BYTES;
	start(exchange, status, headers, -1);
}

bool http_exchange_is_started(const struct http_exchange *exchange)
{
	return exchange->is_started;
}

/* Before bytes are queued: false when they are to be dropped. */
static bool prepare_write(struct http_exchange *exchange, size_t length)
{
	if (!can_answer(exchange) || length == 0)
		return false;
	ASSERT(exchange->is_started);
	if (exchange->is_bodiless)
		return false;
	exchange->written_bytes += length;
	if (exchange->declared_length >= 0 &&
		exchange->written_bytes > (uint64_t)exchange->declared_length) {
		http_exchange_abort(exchange);
		return false;
	}
	if (exchange->output.bytes == 0)
		exchange->progress_ns = clock_now_ns();
	return true;
}

static size_t high_water(const struct http_server *server)
{
	size_t bytes = server->limits.write_high_water_bytes;

	return server->output_bytes > SERVER_OUTPUT_BYTES_MAXIMUM && bytes > SCARCE_HIGH_WATER_BYTES
		       ? SCARCE_HIGH_WATER_BYTES
		       : bytes;
}

static bool is_under_high_water(struct http_exchange *exchange)
{
	bool under = exchange->is_closed ||
		     http_exchange_queued_bytes(exchange) < high_water(exchange->server);

	exchange->waits_for_writable |= !under;
	return under;
}

bool http_exchange_write(struct http_exchange *exchange, struct str bytes)
{
	if (prepare_write(exchange, bytes.length)) {
		http_queue_append(&exchange->output, bytes);
		output_changed(exchange);
	}
	return is_under_high_water(exchange);
}

bool http_exchange_write_blob(struct http_exchange *exchange, struct blob *bytes)
{
	if (prepare_write(exchange, bytes->length)) {
		http_queue_append_blob(&exchange->output, bytes);
		output_changed(exchange);
	}
	return is_under_high_water(exchange);
}

size_t http_exchange_queued_bytes(const struct http_exchange *exchange)
{
	size_t queued = exchange->output.bytes;

	/* In HTTP/1 what the connection has queued is this exchange's too. */
	if (exchange->connection && exchange->stream_id == 0)
		queued += exchange->connection->transport.output.bytes;
	return queued;
}

void exchange_output_moved(struct http_exchange *exchange)
{
	exchange->progress_ns = clock_now_ns();
	count_output(exchange);
	if (!exchange->waits_for_writable || exchange->writable_is_due ||
		http_exchange_queued_bytes(exchange) > high_water(exchange->server) / 2)
		return;
	exchange->waits_for_writable = false;
	exchange->writable_is_due = true;
	/* In the next turn: a producer that is never out of bytes must not hold up the loop. */
	event_loop_defer(exchange->server->io.loop, call_on_writable, exchange);
}

void http_exchange_end(struct http_exchange *exchange)
{
	if (!can_answer(exchange))
		return;
	ASSERT(exchange->is_started);
	if (exchange->declared_length >= 0 && !exchange->is_bodiless &&
		exchange->written_bytes != (uint64_t)exchange->declared_length) {
		http_exchange_abort(exchange);
		return;
	}
	exchange->is_ended = true;
	output_changed(exchange);
}

void http_exchange_abort(struct http_exchange *exchange)
{
	if (!can_answer(exchange))
		return;
	exchange->is_aborted = true;
	if (exchange->stream_id != 0)
		http2_server_reset(exchange, NGHTTP2_INTERNAL_ERROR);
	http_connection_flush_later(&exchange->connection->transport);
}
