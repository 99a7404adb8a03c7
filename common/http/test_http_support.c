/* SPDX-License-Identifier: Apache-2.0 */
#include "test_http_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)

struct fixture fixture;

/* ---- What the server does ---- */

static void on_close(void *context)
{
	/* Whatever a handler still tries is of no effect, and of no harm. */
	http_exchange_respond(context, 200, NULL, STR("late"));
	http_exchange_write(context, STR("late"));
	http_exchange_end(context);
	http_exchange_abort(context);
	if (fixture.held == context)
		fixture.held = NULL;
	fixture.closes++;
}

static void big_write(void *context)
{
	struct http_exchange *exchange = context;

	fixture.writables++;
	while (fixture.big_left > 0) {
		fixture.big_left -= fixture.big_piece->length;
		if (!http_exchange_write_blob(exchange, fixture.big_piece) && fixture.big_left > 0)
			return;
	}
	http_exchange_end(exchange);
}

static void on_request(void *context, struct http_exchange *exchange)
{
	const struct http_request *request = http_exchange_request(exchange);
	struct http_headers headers = {0};

	(void)context;
	http_headers_add(http_exchange_arena(exchange), &headers, STR("x-method"), request->method);
	if (str_equal(request->path, STR("/echo"))) {
		http_exchange_set_handler(exchange, exchange, NULL, on_close);
		http_exchange_respond(exchange, 200, &headers, request->body);
	} else if (str_equal(request->path, STR("/hold"))) {
		fixture.held = exchange;
		http_exchange_set_handler(exchange, exchange, NULL, on_close);
	} else if (str_equal(request->path, STR("/big"))) {
		http_exchange_set_handler(exchange, exchange, big_write, on_close);
		http_exchange_start(exchange, 200, &headers);
		big_write(exchange);
	} else if (str_equal(request->path, STR("/short")) ||
		   str_equal(request->path, STR("/long"))) {
		http_headers_add(
			http_exchange_arena(exchange), &headers, STR("content-length"), STR("4"));
		http_exchange_start(exchange, 200, &headers);
		http_exchange_write(exchange,
			str_equal(request->path, STR("/short")) ? STR("abc") : STR("abcde"));
		http_exchange_end(exchange);
	} else if (str_equal(request->path, STR("/abort"))) {
		http_exchange_set_handler(exchange, exchange, NULL, on_close);
		http_exchange_start(exchange, 200, &headers);
		http_exchange_write(exchange, STR("some"));
		http_exchange_abort(exchange);
	} else {
		http_exchange_respond(exchange, 404, &headers, STR("no"));
	}
}

static void on_refused(void *context, struct http_exchange *exchange, int status)
{
	(void)context;
	fixture.refusals++;
	http_exchange_respond(exchange, status, NULL, STR("refused"));
}

static bool check_peer(void *context, const struct http_peer *peer)
{
	(void)context;
	assert_true(peer->is_unix);
	assert_int_equal(getuid(), peer->uid);
	assert_int_equal(getpid(), peer->pid);
	fixture.peers++;
	return fixture.admits;
}

/* ---- Calls ---- */

static void call_on_response(void *context, int status, const struct http_headers *headers)
{
	struct call *call = context;
	struct str method = http_headers_find(headers, STR("x-method"));

	assert_int_equal(0, call->status);
	call->status = status;
	snprintf(call->method, sizeof(call->method), "%.*s", STR_ARG(method));
	if (call->pauses)
		http_call_pause(call->call);
	if (call->stops)
		event_loop_stop(fixture.loop);
}

static void call_on_data(void *context, struct str bytes)
{
	struct call *call = context;

	call->bytes += bytes.length;
	if (call->bytes < 65536)
		buffer_append(&call->body, bytes);
}

static void call_on_end(void *context)
{
	struct call *call = context;

	assert_false(call->ended || call->failed);
	call->ended = true;
	event_loop_stop(fixture.loop);
}

static void call_on_failure(void *context, enum http_failure failure, const char *message)
{
	struct call *call = context;

	assert_false(call->ended || call->failed);
	assert_non_null(message);
	call->failed = true;
	call->failure = failure;
	event_loop_stop(fixture.loop);
}

const struct http_call_handler call_handler = {
	call_on_response, call_on_data, call_on_end, call_on_failure};

void send_call(struct call *call, struct str method, struct str path, struct str body)
{
	const struct http_client_request request = {
		.method = method,
		.path_and_query = path,
		.body = body,
		.timeout_ns = 10 * SECOND_NS,
	};

	call->call = http_client_send(fixture.client, &request, &call_handler, call);
}

void fini_call(struct call *call)
{
	buffer_fini(&call->body);
}

static void stop(void *context)
{
	(void)context;
	event_loop_stop(fixture.loop);
}

void turn(int count)
{
	while (count-- > 0) {
		event_loop_defer(fixture.loop, stop, NULL);
		event_loop_run(fixture.loop);
	}
}

void turn_until_held(void)
{
	for (int i = 0; i < 1000 && !fixture.held; i++)
		turn(1);
	assert_non_null(fixture.held);
}

/* ---- The fixture ---- */

void start_listening(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", fixture.socket_path);
	fixture.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(0, bind(fixture.listener, (struct sockaddr *)&address, sizeof(address)));
	assert_int_equal(0, listen(fixture.listener, 16));
	http_server_listen(fixture.server, fixture.listener);
}

void create_server(const struct http_limits *limits)
{
	struct http_server_options options = {
		.loop = fixture.loop,
		.on_request = on_request,
		.on_refused = on_refused,
		.check_peer = check_peer,
	};

	if (limits)
		options.limits = *limits;
	fixture.server = http_server_create(&options);
}

int setup(void **state)
{
	(void)state;
	fixture = (struct fixture){.directory = "/tmp/test_http_XXXXXX", .admits = true};
	assert_non_null(mkdtemp(fixture.directory));
	fixture.loop = event_loop_create();
	snprintf(fixture.socket_path, sizeof(fixture.socket_path), "%s/socket", fixture.directory);
	fixture.client = http_client_create(&(struct http_client_options){
		.loop = fixture.loop, .unix_path = fixture.socket_path});
	create_server(NULL);
	start_listening();
	return 0;
}

int teardown(void **state)
{
	(void)state;
	http_client_destroy(&fixture.client);
	http_server_destroy(&fixture.server);
	close(fixture.listener);
	unlink(fixture.socket_path);
	rmdir(fixture.directory);
	event_loop_destroy(&fixture.loop);
	blob_unref(&fixture.big_piece);
	return 0;
}
