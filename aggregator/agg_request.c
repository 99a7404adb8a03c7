/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_request.h"

#include "agg_browser.h"
#include "agg_drain.h"
#include "agg_identifier.h"
#include "agg_metrics.h"
#include "agg_request_steps.h"
#include "assertion.h"
#include "clock.h"
#include "log.h"
#include "status.h"

typedef bool (*request_step_fn)(struct agg_request *request);

static const request_step_fn steps[] = {
#define REQUEST_STEP(name) agg_step_##name,
#include "agg_request_steps.def"
#undef REQUEST_STEP
};
#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

/* ---- Life ---- */

static void give_back_slot(struct agg_request *request)
{
	if (!request->slot)
		return;
	ASSERT(request->slot->count > 0);
	request->slot->count--;
	request->slot = NULL;
}

static void delist(struct agg_request *request)
{
	if (!request->long_running_link)
		return;
	*request->long_running_link = request->next_long_running;
	if (request->next_long_running)
		request->next_long_running->long_running_link = request->long_running_link;
	request->long_running_link = NULL;
}

static void count_out(struct agg_request *request)
{
	struct agg_server *server = request->server;

	if (request->origin == AGG_ORIGIN_PRIVATE)
		return;
	ASSERT(server->under_way > 0);
	if (--server->under_way == 0 && server->drain)
		agg_drain_idle(server->drain);
}

void agg_request_enlist(struct agg_request *request, void (*on_drain)(struct agg_request *request))
{
	struct agg_server *server = request->server;

	request->on_drain = on_drain;
	request->next_long_running = server->long_running;
	if (server->long_running)
		server->long_running->long_running_link = &request->next_long_running;
	request->long_running_link = &server->long_running;
	server->long_running = request;
}

void agg_request_drain(struct agg_server *server, size_t count)
{
	struct agg_request *request;

	for (; count > 0 && (request = server->long_running); count--) {
		delist(request);
		request->on_drain(request);
	}
}

static void log_request(const struct agg_request *request, uint64_t latency_ns)
{
	const struct http_request *http = request->http;

	log_v(3, "%.*s %.*s%s%.*s: (%.3fms) %d [%.*s %.*s]", STR_ARG(http->method),
		STR_ARG(http->path), http->query.length > 0 ? "?" : "", STR_ARG(http->query),
		(double)latency_ns / 1e6, request->status,
		STR_ARG(http_headers_find(&http->headers, STR("user-agent"))),
		STR_ARG(http->peer->address));
}

void agg_request_release(struct agg_request *request)
{
	uint64_t latency_ns = clock_now_ns() - request->received_ns;

	give_back_slot(request);
	delist(request);
	count_out(request);
	agg_metrics_count(request->server->metrics, request, latency_ns);
	if (log_verbosity() >= 3)
		log_request(request, latency_ns);
}

static void on_exchange_writable(void *context)
{
	struct agg_request *request = context;

	if (request->on_writable)
		request->on_writable(request->work);
}

static void on_exchange_close(void *context)
{
	struct agg_request *request = context;

	if (request->on_close)
		request->on_close(request->work);
	agg_request_release(request);
}

static void receive(
	struct agg_server *server, struct http_exchange *exchange, enum agg_origin origin)
{
	struct arena *arena = http_exchange_arena(exchange);
	struct agg_request *request = ARENA_NEW(arena, struct agg_request);

	request->server = server;
	request->exchange = exchange;
	request->http = http_exchange_request(exchange);
	request->arena = arena;
	request->err = ERROR_INIT(arena);
	request->received_ns = clock_now_ns();
	request->deadline_ns = request->received_ns + server->request_timeout_ns;
	request->origin = origin;
	server->under_way += origin != AGG_ORIGIN_PRIVATE;
	request->audit_id = agg_identifier_uuid(arena);
	http_exchange_set_handler(exchange, request, on_exchange_writable, on_exchange_close);
	agg_request_continue(request);
}

void agg_request_receive_secure(void *context, struct http_exchange *exchange)
{
	receive(context, exchange, AGG_ORIGIN_SECURE);
}

void agg_request_receive_insecure(void *context, struct http_exchange *exchange)
{
	receive(context, exchange, AGG_ORIGIN_INSECURE);
}

void agg_request_receive_private(void *context, struct http_exchange *exchange)
{
	receive(context, exchange, AGG_ORIGIN_PRIVATE);
}

void agg_request_continue(struct agg_request *request)
{
	while (request->step < STEP_COUNT) {
		if (!steps[request->step++](request))
			return;
	}
	ASSERT(!"the last step answers");
}

/* ---- Answers ---- */

void agg_request_common_headers(struct agg_request *request, struct http_headers *headers)
{
	http_headers_add(request->arena, headers, STR("audit-id"), request->audit_id);
	agg_browser_add_headers(request, headers);
	if (str_is_empty(http_headers_find(headers, STR("cache-control"))))
		http_headers_add(
			request->arena, headers, STR("cache-control"), STR("no-cache, private"));
}

void agg_request_respond(
	struct agg_request *request, int status, const char *content_type, struct str body)
{
	struct http_headers headers = {0};

	request->status = status;
	if (content_type)
		http_headers_add(
			request->arena, &headers, STR("content-type"), str_from_c(content_type));
	if (status >= 400)
		http_headers_add(
			request->arena, &headers, STR("x-content-type-options"), STR("nosniff"));
	if (request->err.retry_after_seconds > 0)
		http_headers_add(request->arena, &headers, STR("retry-after"),
			arena_printf(request->arena, "%d", request->err.retry_after_seconds));
	agg_request_common_headers(request, &headers);
	http_exchange_respond(request->exchange, status, &headers, body);
}

void agg_request_respond_tagged(
	struct agg_request *request, const char *content_type, const char *etag, struct blob *body)
{
	struct http_headers headers = {0};
	struct str tag = str_from_c(etag);
	bool is_known =
		str_equal(http_headers_find(&request->http->headers, STR("if-none-match")), tag);

	request->status = is_known ? 304 : 200;
	http_headers_add(request->arena, &headers, STR("content-type"), str_from_c(content_type));
	http_headers_add(request->arena, &headers, STR("etag"), tag);
	http_headers_add(request->arena, &headers, STR("vary"), STR("Accept"));
	agg_request_common_headers(request, &headers);
	if (is_known)
		http_exchange_respond(request->exchange, 304, &headers, STR_EMPTY);
	else
		http_exchange_respond_blob(request->exchange, 200, &headers, body);
}

void agg_request_fail(struct agg_request *request)
{
	int status;
	struct str body = status_from_error(request->arena, &request->err, &status);

	agg_request_respond(request, status, "application/json", body);
}

/* The request was not understood, so nothing but its arena is there. */
void agg_request_refuse(void *context, struct http_exchange *exchange, int status)
{
	struct arena *arena = http_exchange_arena(exchange);
	struct error err = ERROR_INIT(arena);
	struct http_headers headers = {0};
	int code;

	(void)context;
	if (status == 413)
		error_set(&err, ERROR_TOO_LARGE, "Request entity too large: limit is 3145728");
	else if (status == 503)
		error_set(&err, ERROR_UNAVAILABLE, "the server is busy with other requests");
	else
		return; /* plain text, by the HTTP layer */
	http_headers_add(arena, &headers, STR("content-type"), STR("application/json"));
	http_exchange_respond(exchange, status, &headers, status_from_error(arena, &err, &code));
}

bool agg_request_authorize_path(struct agg_request *request)
{
	struct authorization_attributes attributes = {
		.user = &request->user,
		.verb = request->info.verb,
		.path = request->info.path,
	};
	struct str reason;

	if (authorizer_decide(request->arena, request->server->authorizer, &attributes, &reason) ==
		AUTHORIZATION_ALLOW)
		return true;
	authorizer_forbid(&attributes, reason, &request->err);
	agg_request_fail(request);
	return false;
}
