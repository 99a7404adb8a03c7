/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request over the private hop. The answer's head is held back until its body begins (short
 * bodies: until they are whole), so that a server that dies in between is not noticed: the request
 * is sent again, to the server that takes its place. That is safe for writes too, because they
 * carry an id by which a server knows what it has already done.
 */
#include "agg_proxy.h"

#include "agg_hop.h"
#include "agg_identifier.h"
#include "buffer.h"
#include "clock.h"
#include "log.h"

#define HOLD_NS          UINT64_C(30000000000)
#define SENDS_MAXIMUM    16
#define LOSSES_MAXIMUM   5 /* a request that kills servers does not kill them for ever */
#define WHOLE_BODY_BYTES (64 * 1024)
#define TAIL_BYTES       (8 * 1024 * 1024)

struct agg_proxy {
	struct agg_request *request;
	struct agg_upstream *upstream;
	struct http_call *call; /* NULL: none under way */
	struct agg_hop_message message;
	uint64_t first_failure_ns; /* 0: none */
	uint64_t deadline_ns;
	unsigned sends;
	unsigned losses;
	/* The answer. */
	int status;
	struct http_headers headers;
	int64_t content_length; /* -1: not told */
	bool is_stream;         /* long-running: what comes goes out at once */
	bool is_watch;          /* and in whole lines */
	bool is_started;
	bool is_done;
	struct buffer held; /* a short body, or a line of a watch, that is not whole yet */
};

static void send(struct agg_proxy *proxy);

/* ---- Answering ---- */

static void begin(struct agg_proxy *proxy)
{
	agg_request_common_headers(proxy->request, &proxy->headers);
	proxy->request->status = proxy->status;
	proxy->is_started = true;
}

static void respond_whole(struct agg_proxy *proxy, struct str body)
{
	begin(proxy);
	proxy->is_done = true;
	http_exchange_respond(proxy->request->exchange, proxy->status, &proxy->headers, body);
}

static void respond_start(struct agg_proxy *proxy)
{
	begin(proxy);
	http_exchange_start(proxy->request->exchange, proxy->status, &proxy->headers);
}

static void fail(struct agg_proxy *proxy)
{
	proxy->is_done = true;
	agg_request_fail(proxy->request);
}

static void write_bytes(struct agg_proxy *proxy, struct str bytes)
{
	if (!http_exchange_write(proxy->request->exchange, bytes) && proxy->call)
		http_call_pause(proxy->call);
}

/* Whole lines only: a watch that breaks ends between two events, and can go on from the last. */
static void write_lines(struct agg_proxy *proxy, struct str bytes)
{
	const char *last = bytes.length > 0 ? memrchr(bytes.data, '\n', bytes.length) : NULL;
	size_t whole = last ? (size_t)(last - bytes.data) + 1 : 0;

	if (whole > 0) {
		if (proxy->held.length > 0)
			write_bytes(proxy, buffer_str(&proxy->held));
		buffer_clear(&proxy->held);
		write_bytes(proxy, str_slice(bytes, 0, whole));
	}
	buffer_append(&proxy->held, str_skip(bytes, whole));
	if (proxy->held.length <= TAIL_BYTES)
		return;
	write_bytes(proxy, buffer_str(&proxy->held));
	buffer_clear(&proxy->held);
}

static void end_stream(struct agg_proxy *proxy)
{
	proxy->is_done = true;
	http_exchange_end(proxy->request->exchange);
}

/* ---- The call ---- */

static void note_kind(struct agg_proxy *proxy)
{
	const struct agg_request *request = proxy->request;

	proxy->is_stream = proxy->status == 200 && proxy->content_length < 0 &&
			   request->is_long_running &&
			   !str_equal(request->http->method, STR("HEAD"));
	proxy->is_watch = proxy->is_stream && str_equal(request->info.verb, STR("watch"));
}

static void on_drain(struct agg_request *request)
{
	struct agg_proxy *proxy = request->work;

	if (proxy->is_done || !proxy->is_started)
		return;
	if (proxy->call)
		http_call_cancel(proxy->call);
	proxy->call = NULL;
	end_stream(proxy);
}

static void on_response(void *context, int status, const struct http_headers *headers)
{
	struct agg_proxy *proxy = context;
	struct str length = http_headers_find(headers, STR("content-length"));
	uint64_t content_length;

	if (proxy->is_done)
		return;
	proxy->status = status;
	proxy->headers = (struct http_headers){0};
	buffer_clear(&proxy->held);
	agg_hop_response_headers(proxy->request->arena, headers, &proxy->headers);
	proxy->content_length =
		str_parse_u64(length, INT64_MAX, &content_length) ? (int64_t)content_length : -1;
	note_kind(proxy);
	if (!proxy->is_stream)
		return;
	respond_start(proxy);
	if (proxy->request->server->is_draining)
		end_stream(proxy);
	else
		agg_request_enlist(proxy->request, on_drain);
}

/* True when the body is, or may be, short enough to go out as a whole. */
static bool gather(struct agg_proxy *proxy, struct str bytes)
{
	size_t length = proxy->held.length + bytes.length;

	if (proxy->content_length > WHOLE_BODY_BYTES || length > WHOLE_BODY_BYTES)
		return false;
	if (proxy->held.length == 0 && proxy->content_length == (int64_t)bytes.length) {
		respond_whole(proxy, bytes);
		return true;
	}
	buffer_append(&proxy->held, bytes);
	if (proxy->content_length >= 0 && length >= (size_t)proxy->content_length)
		respond_whole(proxy, buffer_str(&proxy->held));
	return true;
}

static void on_data(void *context, struct str bytes)
{
	struct agg_proxy *proxy = context;

	if (proxy->is_done)
		return;
	if (proxy->is_watch) {
		write_lines(proxy, bytes);
		return;
	}
	if (!proxy->is_started) {
		if (gather(proxy, bytes))
			return;
		respond_start(proxy);
		if (proxy->held.length > 0)
			write_bytes(proxy, buffer_str(&proxy->held));
		buffer_clear(&proxy->held);
	}
	write_bytes(proxy, bytes);
}

static void on_end(void *context)
{
	struct agg_proxy *proxy = context;

	proxy->call = NULL;
	if (proxy->is_done)
		return;
	if (!proxy->is_started) {
		respond_whole(proxy, buffer_str(&proxy->held));
		return;
	}
	if (proxy->held.length > 0)
		write_bytes(proxy, buffer_str(&proxy->held));
	proxy->is_done = true;
	http_exchange_end(proxy->request->exchange);
}

/* ---- Failure ---- */

static void time_out(struct agg_proxy *proxy)
{
	struct agg_request *request = proxy->request;

	error_set(&request->err, ERROR_TIMEOUT, "Timeout: request did not complete within %s",
		proxy->deadline_ns < request->deadline_ns
			? "requested timeout - context deadline exceeded"
			: "the allotted timeout");
	fail(proxy);
}

static void give_up(struct agg_proxy *proxy, const char *message)
{
	struct agg_request *request = proxy->request;

	log_warning("%.*s %.*s: the %s server does not answer: %s", STR_ARG(request->http->method),
		STR_ARG(request->info.path), proxy->upstream->name, message);
	error_set(&request->err, ERROR_UNAVAILABLE,
		"the server is currently unable to handle the request");
	request->err.retry_after_seconds = 1;
	fail(proxy);
}

static bool may_send_again(const struct agg_proxy *proxy)
{
	uint64_t now = clock_now_ns();

	return proxy->sends < SENDS_MAXIMUM && proxy->losses < LOSSES_MAXIMUM &&
	       now - proxy->first_failure_ns < HOLD_NS && now < proxy->deadline_ns;
}

static void on_failure(void *context, enum http_failure failure, const char *message)
{
	struct agg_proxy *proxy = context;

	proxy->call = NULL;
	if (proxy->is_done)
		return;
	if (proxy->is_started) {
		proxy->is_done = true;
		if (proxy->is_watch)
			end_stream(proxy);
		else
			http_exchange_abort(proxy->request->exchange);
		return;
	}
	if (failure == HTTP_FAILURE_TIMEOUT) {
		time_out(proxy);
		return;
	}
	if (proxy->first_failure_ns == 0)
		proxy->first_failure_ns = clock_now_ns();
	proxy->losses += failure == HTTP_FAILURE_LOST;
	if (may_send_again(proxy))
		send(proxy);
	else
		give_up(proxy, message);
}

static const struct http_call_handler call_handler = {
	.on_response = on_response,
	.on_data = on_data,
	.on_end = on_end,
	.on_failure = on_failure,
};

/* The client waits in its queue while the server is away, so nothing turns in circles here. */
static void send(struct agg_proxy *proxy)
{
	struct agg_request *request = proxy->request;
	uint64_t now = clock_now_ns();
	struct http_client_request message = {
		.method = proxy->message.method,
		.path_and_query = proxy->message.path_and_query,
		.headers = &proxy->message.headers,
		.body = request->http->body,
	};

	if (proxy->deadline_ns != UINT64_MAX)
		message.timeout_ns = proxy->deadline_ns > now ? proxy->deadline_ns - now : 1;
	proxy->sends++;
	proxy->call = http_client_send(proxy->upstream->client, &message, &call_handler, proxy);
}

/* ---- The client's side ---- */

static void on_writable(void *work)
{
	struct agg_proxy *proxy = work;

	if (proxy->call)
		http_call_resume(proxy->call);
}

static void on_close(void *work)
{
	struct agg_proxy *proxy = work;

	if (proxy->call)
		http_call_cancel(proxy->call);
	proxy->call = NULL;
	buffer_fini(&proxy->held);
}

static bool is_write(struct str method)
{
	return !str_equal(method, STR("GET")) && !str_equal(method, STR("HEAD")) &&
	       !str_equal(method, STR("OPTIONS"));
}

/* Upstream gives a change of one object less than the client may wait; one of many has all. */
static uint64_t deadline(const struct agg_request *request)
{
	uint64_t limit = request->received_ns + request->server->write_timeout_ns;

	if (request->server->write_timeout_ns == 0 || request->is_long_running ||
		!is_write(request->http->method) ||
		str_equal(request->info.verb, STR("deletecollection")))
		return request->deadline_ns;
	return limit < request->deadline_ns ? limit : request->deadline_ns;
}

void agg_proxy(struct agg_request *request, struct agg_upstream *upstream)
{
	struct agg_proxy *proxy = ARENA_NEW(request->arena, struct agg_proxy);
	struct str request_id =
		is_write(request->http->method) ? agg_identifier_hex(request->arena) : STR_EMPTY;

	proxy->request = request;
	proxy->upstream = upstream;
	proxy->deadline_ns = deadline(request);
	proxy->content_length = -1;
	request->work = proxy;
	request->on_writable = on_writable;
	request->on_close = on_close;
	agg_hop_message(request->arena, request->http, request->info.path, request->query,
		&request->user, request_id, &proxy->message);
	send(proxy);
}
