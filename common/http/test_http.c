/* SPDX-License-Identifier: Apache-2.0 */
/* Our server and our client on one loop, over a Unix socket in a directory of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "buffer.h"
#include "event_loop.h"
#include "http_client.h"
#include "http_server.h"
#include "memory.h"

#define SECOND_NS UINT64_C(1000000000)

static struct event_loop *loop;
static struct http_server *server;
static struct http_client *client;
static int listener;
static char directory[] = "/tmp/test_http_XXXXXX";
static char socket_path[64];

/* What the server saw of the exchange that it keeps open, or of the last. */
static struct http_exchange *held;
static unsigned closes, writables, refusals, peers;
static bool admits;
static size_t big_left;
static struct blob *big_piece;

static void on_close(void *context)
{
	/* Whatever a handler still tries is of no effect, and of no harm. */
	http_exchange_respond(context, 200, NULL, STR("late"));
	http_exchange_write(context, STR("late"));
	http_exchange_end(context);
	http_exchange_abort(context);
	if (held == context)
		held = NULL;
	closes++;
}

static void big_write(void *context)
{
	struct http_exchange *exchange = context;

	writables++;
	while (big_left > 0) {
		big_left -= big_piece->length;
		if (!http_exchange_write_blob(exchange, big_piece) && big_left > 0)
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
		held = exchange;
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
	refusals++;
	http_exchange_respond(exchange, status, NULL, STR("refused"));
}

static bool check_peer(void *context, const struct http_peer *peer)
{
	(void)context;
	assert_true(peer->is_unix);
	assert_int_equal(getuid(), peer->uid);
	assert_int_equal(getpid(), peer->pid);
	peers++;
	return admits;
}

/* ---- Calls ---- */

struct call {
	int status;
	bool ended, failed, stops;
	bool pauses;
	enum http_failure failure;
	size_t bytes;
	struct buffer body;
	struct http_call *call;
	char method[16];
};

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
		event_loop_stop(loop);
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
	event_loop_stop(loop);
}

static void call_on_failure(void *context, enum http_failure failure, const char *message)
{
	struct call *call = context;

	assert_false(call->ended || call->failed);
	assert_non_null(message);
	call->failed = true;
	call->failure = failure;
	event_loop_stop(loop);
}

static const struct http_call_handler call_handler = {
	call_on_response, call_on_data, call_on_end, call_on_failure};

static void send_call(struct call *call, struct str method, struct str path, struct str body)
{
	const struct http_client_request request = {
		.method = method,
		.path_and_query = path,
		.body = body,
		.timeout_ns = 10 * SECOND_NS,
	};

	call->call = http_client_send(client, &request, &call_handler, call);
}

static void fini_call(struct call *call)
{
	buffer_fini(&call->body);
}

static void stop(void *context)
{
	(void)context;
	event_loop_stop(loop);
}

/* Some turns of the loop, so that what is on its way arrives. */
static void turn(int count)
{
	while (count-- > 0) {
		event_loop_defer(loop, stop, NULL);
		event_loop_run(loop);
	}
}

static void turn_until_held(void)
{
	for (int i = 0; i < 1000 && !held; i++)
		turn(1);
	assert_non_null(held);
}

/* ---- The fixture ---- */

static void start_listening(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(0, bind(listener, (struct sockaddr *)&address, sizeof(address)));
	assert_int_equal(0, listen(listener, 16));
	http_server_listen(server, listener);
}

static void create_server(const struct http_limits *limits)
{
	struct http_server_options options = {
		.loop = loop,
		.on_request = on_request,
		.on_refused = on_refused,
		.check_peer = check_peer,
	};

	if (limits)
		options.limits = *limits;
	server = http_server_create(&options);
}

static int setup(void **state)
{
	(void)state;
	loop = event_loop_create();
	snprintf(socket_path, sizeof(socket_path), "%s/socket", directory);
	client = http_client_create(
		&(struct http_client_options){.loop = loop, .unix_path = socket_path});
	create_server(NULL);
	start_listening();
	held = NULL;
	closes = writables = refusals = 0;
	admits = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_client_destroy(&client);
	http_server_destroy(&server);
	close(listener);
	unlink(socket_path);
	event_loop_destroy(&loop);
	blob_unref(&big_piece);
	return 0;
}

/* ---- Tests ---- */

static void a_call_gets_its_response(void **state)
{
	struct call call = {0};

	(void)state;
	send_call(&call, STR("POST"), STR("/echo?x"), STR("hello"));
	assert_int_equal(0, call.status);
	event_loop_run(loop);
	assert_true(call.ended);
	assert_int_equal(200, call.status);
	assert_string_equal("POST", call.method);
	assert_true(str_equal(buffer_str(&call.body), STR("hello")));
	assert_int_equal(1, closes);
	fini_call(&call);
}

static void many_calls_go_on_at_once_past_the_limit_of_streams(void **state)
{
	static struct call calls[500];

	(void)state;
	memset(calls, 0, sizeof(calls));
	for (int i = 0; i < 500; i++)
		send_call(&calls[i], STR("PUT"), STR("/echo"), STR("abc"));
	for (int i = 0; i < 500; i++) {
		while (!calls[i].ended && !calls[i].failed)
			event_loop_run(loop);
		assert_true(calls[i].ended);
		assert_true(str_equal(buffer_str(&calls[i].body), STR("abc")));
		fini_call(&calls[i]);
	}
	assert_int_equal(500, closes);
}

static void a_large_body_goes_there_and_back(void **state)
{
	struct call call = {0};
	struct buffer body = {0};

	(void)state;
	memset(buffer_reserve(&body, 3000000), 'b', 3000000);
	body.length = 3000000;
	send_call(&call, STR("PUT"), STR("/echo"), buffer_str(&body));
	event_loop_run(loop);
	assert_true(call.ended);
	assert_int_equal(3000000, call.bytes);
	fini_call(&call);
	buffer_fini(&body);
}

static void a_head_request_has_no_body(void **state)
{
	struct call call = {0};

	(void)state;
	send_call(&call, STR("HEAD"), STR("/none"), STR_EMPTY);
	event_loop_run(loop);
	assert_true(call.ended);
	assert_int_equal(404, call.status);
	assert_int_equal(0, call.bytes);
	fini_call(&call);
}

static void calls_are_spread_over_several_connections(void **state)
{
	static struct call calls[60];

	(void)state;
	memset(calls, 0, sizeof(calls));
	http_client_destroy(&client);
	client = http_client_create(&(struct http_client_options){
		.loop = loop, .unix_path = socket_path, .connections = 3});
	peers = 0;
	for (int i = 0; i < 60; i++)
		send_call(&calls[i], STR("PUT"), STR("/echo"), STR("abc"));
	for (int i = 0; i < 60; i++) {
		while (!calls[i].ended && !calls[i].failed)
			event_loop_run(loop);
		assert_true(calls[i].ended);
		fini_call(&calls[i]);
	}
	assert_int_equal(3, peers);
}

static void a_body_that_belies_its_length_is_cut(void **state)
{
	static const struct str paths[] = {STR_INIT("/short"), STR_INIT("/long")};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct call call = {0};

		send_call(&call, STR("GET"), paths[i], STR_EMPTY);
		event_loop_run(loop);
		assert_true(call.failed);
		assert_int_equal(HTTP_FAILURE_LOST, call.failure);
		fini_call(&call);
	}
}

static void a_paused_reader_stops_the_writer(void **state)
{
	struct call call = {.pauses = true, .stops = true};

	(void)state;
	big_piece = blob_create_uninitialised(65536);
	memset(big_piece->data, 'p', 65536);
	big_left = 256 * big_piece->length; /* 16 MiB, four times the window */
	send_call(&call, STR("GET"), STR("/big"), STR_EMPTY);
	event_loop_run(loop);
	assert_int_equal(200, call.status);
	turn(300);
	assert_true(call.bytes <= 4 * 1024 * 1024);
	assert_true(call.bytes >= 4 * 1024 * 1024 - 65536);
	assert_true(big_left > 8 * 1024 * 1024);
	unsigned before = writables;

	turn(50);
	assert_int_equal(before, writables);
	http_call_resume(call.call);
	event_loop_run(loop);
	assert_true(call.ended);
	assert_int_equal(256 * 65536, call.bytes);
	assert_true(writables > before);
	fini_call(&call);
}

static void a_cancelled_call_closes_the_exchange_and_late_answers_do_no_harm(void **state)
{
	struct call call = {0};

	(void)state;
	send_call(&call, STR("GET"), STR("/hold"), STR_EMPTY);
	turn_until_held();
	assert_int_equal(1, http_server_exchange_count(server));
	http_call_cancel(call.call);
	for (int i = 0; i < 1000 && held; i++)
		turn(1);
	assert_null(held);
	assert_int_equal(1, closes);
	assert_int_equal(0, http_server_exchange_count(server));
	assert_false(call.ended || call.failed);
}

static void a_cancelled_call_that_was_never_sent_is_gone(void **state)
{
	struct call call = {0}, other = {0};

	(void)state;
	send_call(&call, STR("POST"), STR("/echo"), STR("never"));
	http_call_cancel(call.call);
	send_call(&other, STR("POST"), STR("/echo"), STR("sent"));
	event_loop_run(loop);
	assert_true(other.ended);
	assert_false(call.ended || call.failed);
	assert_int_equal(1, closes);
	fini_call(&other);
}

static void an_aborted_response_is_lost(void **state)
{
	struct call call = {0};

	(void)state;
	send_call(&call, STR("GET"), STR("/abort"), STR_EMPTY);
	event_loop_run(loop);
	assert_true(call.failed);
	assert_int_equal(HTTP_FAILURE_LOST, call.failure);
	assert_int_equal(1, closes);
	fini_call(&call);
}

static void a_call_times_out(void **state)
{
	struct call call = {0};
	const struct http_client_request request = {
		.method = STR("GET"), .path_and_query = STR("/hold"), .timeout_ns = SECOND_NS / 50};

	(void)state;
	call.call = http_client_send(client, &request, &call_handler, &call);
	event_loop_run(loop);
	assert_true(call.failed);
	assert_int_equal(HTTP_FAILURE_TIMEOUT, call.failure);
}

static void a_server_that_goes_away_loses_what_it_had_taken_up(void **state)
{
	struct call call = {0};

	(void)state;
	send_call(&call, STR("GET"), STR("/hold"), STR_EMPTY);
	turn_until_held();
	http_server_destroy(&server);
	assert_null(held);
	assert_int_equal(1, closes);
	event_loop_run(loop);
	assert_true(call.failed);
	assert_int_equal(HTTP_FAILURE_LOST, call.failure);
	create_server(NULL);
}

static void calls_wait_for_a_server_that_is_away(void **state)
{
	struct call call = {0};

	(void)state;
	http_server_destroy(&server);
	close(listener);
	unlink(socket_path);
	create_server(NULL);
	send_call(&call, STR("POST"), STR("/echo"), STR("late"));
	turn(5);
	assert_false(call.ended || call.failed);
	start_listening();
	event_loop_run(loop);
	assert_true(call.ended);
	assert_true(str_equal(buffer_str(&call.body), STR("late")));
	fini_call(&call);
}

static void a_peer_that_is_not_admitted_gets_nothing(void **state)
{
	struct call call = {0};

	(void)state;
	admits = false;
	send_call(&call, STR("POST"), STR("/echo"), STR("x"));
	event_loop_run(loop);
	assert_true(call.failed);
	assert_int_equal(0, call.status);
	assert_int_equal(0, closes);
}

static bool drained;

static void on_drained(void *context)
{
	(void)context;
	drained = true;
	event_loop_stop(loop);
}

static void draining_ends_what_is_under_way_and_takes_nothing_new(void **state)
{
	struct call first = {0}, second = {0};

	(void)state;
	drained = false;
	send_call(&first, STR("GET"), STR("/hold"), STR_EMPTY);
	turn_until_held();
	http_server_drain(server, on_drained, NULL);
	turn(20);
	assert_false(drained);
	/* The old connection takes no more; a new one waits in the backlog. */
	send_call(&second, STR("POST"), STR("/echo"), STR("x"));
	turn(20);
	assert_false(second.ended || second.failed);
	http_exchange_respond(held, 200, NULL, STR("done"));
	while (!drained)
		event_loop_run(loop);
	while (!first.ended)
		event_loop_run(loop);
	assert_true(str_equal(buffer_str(&first.body), STR("done")));
	http_server_destroy(&server);
	create_server(NULL);
	http_server_listen(server, listener);
	event_loop_run(loop);
	assert_true(second.ended);
	fini_call(&first);
	fini_call(&second);
}

static void a_body_over_the_limit_is_refused(void **state)
{
	struct call call = {0};
	struct buffer body = {0};

	(void)state;
	http_server_destroy(&server);
	create_server(&(struct http_limits){.body_bytes = 1000});
	http_server_listen(server, listener);
	memset(buffer_reserve(&body, 100000), 'b', 100000);
	body.length = 100000;
	send_call(&call, STR("PUT"), STR("/echo"), buffer_str(&body));
	event_loop_run(loop);
	assert_true(call.ended);
	assert_int_equal(413, call.status);
	assert_int_equal(1, refusals);
	assert_true(str_equal(buffer_str(&call.body), STR("refused")));
	fini_call(&call);
	buffer_fini(&body);
}

static void on_end_destroy(void *context)
{
	(void)context;
	http_client_destroy(&client);
	event_loop_stop(loop);
}

static void a_client_may_be_destroyed_from_its_callback(void **state)
{
	static const struct http_call_handler handler = {
		call_on_response, call_on_data, on_end_destroy, call_on_failure};
	struct call call = {0}, other = {0};
	const struct http_client_request request = {
		.method = STR("GET"), .path_and_query = STR("/none")};

	(void)state;
	http_client_send(client, &request, &handler, &call);
	send_call(&other, STR("GET"), STR("/none"), STR_EMPTY);
	event_loop_run(loop);
	assert_null(client);
	assert_true(other.failed);
	turn(3);
	fini_call(&call);
	fini_call(&other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_call_gets_its_response),
		TEST(many_calls_go_on_at_once_past_the_limit_of_streams),
		TEST(a_large_body_goes_there_and_back),
		TEST(a_head_request_has_no_body),
		TEST(calls_are_spread_over_several_connections),
		TEST(a_body_that_belies_its_length_is_cut),
		TEST(a_paused_reader_stops_the_writer),
		TEST(a_cancelled_call_closes_the_exchange_and_late_answers_do_no_harm),
		TEST(a_cancelled_call_that_was_never_sent_is_gone),
		TEST(an_aborted_response_is_lost),
		TEST(a_call_times_out),
		TEST(a_server_that_goes_away_loses_what_it_had_taken_up),
		TEST(calls_wait_for_a_server_that_is_away),
		TEST(a_peer_that_is_not_admitted_gets_nothing),
		TEST(draining_ends_what_is_under_way_and_takes_nothing_new),
		TEST(a_body_over_the_limit_is_refused),
		TEST(a_client_may_be_destroyed_from_its_callback),
	};

	if (!mkdtemp(directory))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	rmdir(directory);
	return failed;
}
