/* SPDX-License-Identifier: Apache-2.0 */
/* A client, the front and a server behind it, all in one loop, over Unix sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "agg_metrics.h"
#include "agg_request.h"
#include "assertion.h"
#include "buffer.h"
#include "event_loop.h"
#include "memory.h"

#define TEST_DEADLINE_NS UINT64_C(20000000000)
#define SECOND_NS        UINT64_C(1000000000)

struct fixture;
/* What the server behind does with the request number `turn` (from 0). */
typedef void (*behave_fn)(struct fixture *fixture, struct http_exchange *exchange, unsigned turn);

struct fixture {
	struct agg_server server;
	struct http_server *front;
	struct http_server *back;
	struct http_client *client;
	struct event_timer *deadline;
	char front_path[64], back_path[64];
	int front_fd, back_fd;
	behave_fn behave;
	unsigned turns;
	struct buffer ids; /* request ids, a line each */
	struct http_exchange *held;
	struct event_timer *late;
	/* What the client got. */
	int status;
	struct buffer body;
	bool has_retry_after;
	bool is_ended;
	bool is_lost;
	const char *waits_for; /* once the body ends with it, `after` is called */
	void (*after)(struct fixture *fixture);
};

static void receive_behind(void *context, struct http_exchange *exchange)
{
	struct fixture *fixture = context;
	const struct http_headers *headers = &http_exchange_request(exchange)->headers;

	buffer_append(&fixture->ids, http_headers_find(headers, STR("x-troika-request-id")));
	buffer_append_byte(&fixture->ids, '\n');
	assert_true(str_equal_c(http_headers_find(headers, STR("x-remote-user")), "alice"));
	assert_true(str_is_empty(http_headers_find(headers, STR("cookie"))));
	fixture->behave(fixture, exchange, fixture->turns++);
}

/* ---- The client ---- */

static void on_response(void *context, int status, const struct http_headers *headers)
{
	struct fixture *fixture = context;

	fixture->status = status;
	fixture->has_retry_after = !str_is_empty(http_headers_find(headers, STR("retry-after")));
	assert_int_equal(http_headers_find(headers, STR("audit-id")).length, 36);
}

static void on_data(void *context, struct str bytes)
{
	struct fixture *fixture = context;

	buffer_append(&fixture->body, bytes);
	if (fixture->waits_for &&
		str_ends_with(buffer_str(&fixture->body), str_from_c(fixture->waits_for)))
		fixture->after(fixture);
}

static void on_end(void *context)
{
	struct fixture *fixture = context;

	fixture->is_ended = true;
	event_loop_stop(fixture->server.loop);
}

static void on_failure(void *context, enum http_failure failure, const char *message)
{
	struct fixture *fixture = context;

	(void)failure;
	(void)message;
	fixture->is_lost = true;
	event_loop_stop(fixture->server.loop);
}

static const struct http_call_handler client_handler = {
	.on_response = on_response,
	.on_data = on_data,
	.on_end = on_end,
	.on_failure = on_failure,
};

static void ask(struct fixture *fixture, const char *method, const char *target, behave_fn behave)
{
	struct arena *arena = arena_create(0);
	struct http_headers headers = {0};

	fixture->behave = behave;
	http_headers_add(arena, &headers, STR("x-remote-user"), STR("alice"));
	http_headers_add(arena, &headers, STR("cookie"), STR("c"));
	http_client_send(fixture->client,
		&(struct http_client_request){
			.method = str_from_c(method),
			.path_and_query = str_from_c(target),
			.headers = &headers,
			.body = str_equal_c(STR("POST"), method) ? STR("{}") : STR_EMPTY,
		},
		&client_handler, fixture);
	event_loop_run(fixture->server.loop);
	arena_destroy(&arena);
}

static bool holds(const struct fixture *fixture, const char *text)
{
	return str_find(buffer_str(&fixture->body), str_from_c(text)) < fixture->body.length;
}

static void expect(struct fixture *fixture, int status, const char *body)
{
	assert_int_equal(fixture->status, status);
	buffer_append_byte(&fixture->body, '\0');
	assert_string_equal(fixture->body.data, body);
}

/* ---- Set-up ---- */

static int listen_on(char *path, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(path, 64, "/tmp/test-agg-proxy-%s-%d.sock", name, getpid());
	unlink(path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static void on_deadline(void *context)
{
	(void)context;
	ASSERT(!"the test takes too long");
}

static int setup(void **state)
{
	struct fixture *fixture = MEMORY_NEW(struct fixture);
	struct agg_server *server = &fixture->server;

	server->loop = event_loop_create();
	server->request_timeout_ns = 60 * SECOND_NS;
	server->metrics = agg_metrics_create();
	fixture->front_fd = listen_on(fixture->front_path, "front");
	fixture->back_fd = listen_on(fixture->back_path, "back");
	fixture->front = http_server_create(&(struct http_server_options){.loop = server->loop,
		.on_request = agg_request_receive_private,
		.context = server});
	fixture->back = http_server_create(&(struct http_server_options){
		.loop = server->loop, .on_request = receive_behind, .context = fixture});
	http_server_listen(fixture->front, fixture->front_fd);
	http_server_listen(fixture->back, fixture->back_fd);
	server->upstreams[AGG_CORE] = (struct agg_upstream){.name = "core",
		.client = http_client_create(&(struct http_client_options){
			.loop = server->loop, .unix_path = fixture->back_path})};
	fixture->client = http_client_create(&(struct http_client_options){
		.loop = server->loop, .unix_path = fixture->front_path});
	fixture->deadline = event_timer_create(server->loop, on_deadline, NULL);
	event_timer_start(fixture->deadline, TEST_DEADLINE_NS);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	http_client_destroy(&fixture->client);
	http_server_destroy(&fixture->front);
	http_client_destroy(&fixture->server.upstreams[AGG_CORE].client);
	http_server_destroy(&fixture->back);
	agg_metrics_destroy(&fixture->server.metrics);
	event_timer_destroy(&fixture->deadline);
	event_loop_destroy(&fixture->server.loop);
	close(fixture->front_fd);
	close(fixture->back_fd);
	unlink(fixture->front_path);
	unlink(fixture->back_path);
	buffer_fini(&fixture->body);
	buffer_fini(&fixture->ids);
	memory_free(fixture);
	return 0;
}

/* ---- Cases ---- */

static void answer(struct fixture *fixture, struct http_exchange *exchange, unsigned turn)
{
	(void)fixture;
	(void)turn;
	http_exchange_respond(exchange, 200, NULL, STR("body"));
}

static void an_answer_comes_through(void **state)
{
	ask(*state, "GET", "/api/v1/pods", answer);
	expect(*state, 200, "body");
}

static void break_twice(struct fixture *fixture, struct http_exchange *exchange, unsigned turn)
{
	if (turn == 0) {
		http_exchange_abort(exchange);
	} else if (turn == 1) {
		/* The head is out, and some of the body. */
		http_exchange_start(exchange, 200, NULL);
		http_exchange_write(exchange, STR("bo"));
		http_exchange_abort(exchange);
	} else {
		answer(fixture, exchange, turn);
	}
}

static void what_is_lost_before_the_answer_is_sent_again(void **state)
{
	struct fixture *fixture = *state;
	struct str ids, first;

	ask(fixture, "POST", "/api/v1/namespaces/n/pods", break_twice);
	expect(fixture, 200, "body");
	assert_int_equal(fixture->turns, 3);
	/* Under the same name each time. */
	ids = buffer_str(&fixture->ids);
	first = str_split(&ids, '\n');
	assert_int_equal(first.length, 32);
	while (!str_is_empty(ids))
		assert_true(str_equal(str_split(&ids, '\n'), first));
}

static void break_always(struct fixture *fixture, struct http_exchange *exchange, unsigned turn)
{
	(void)fixture;
	(void)turn;
	http_exchange_abort(exchange);
}

static void a_request_that_breaks_servers_is_given_up(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, "GET", "/api/v1/pods", break_always);
	assert_int_equal(fixture->status, 503);
	assert_true(fixture->has_retry_after);
	assert_true(fixture->turns > 1 && fixture->turns < 10);
	assert_true(str_find(buffer_str(&fixture->body), STR("ServiceUnavailable")) <
		    fixture->body.length);
}

static void never_answer(struct fixture *fixture, struct http_exchange *exchange, unsigned turn)
{
	(void)fixture;
	(void)exchange;
	(void)turn;
}

static void a_request_has_its_time(void **state)
{
	struct fixture *fixture = *state;

	fixture->server.request_timeout_ns = SECOND_NS / 20;
	ask(fixture, "GET", "/api/v1/pods", never_answer);
	assert_int_equal(fixture->status, 504);
	assert_true(
		holds(fixture, "Timeout: request did not complete within the allotted timeout"));
}

static void a_client_may_want_to_wait_less(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, "GET", "/api/v1/pods?timeout=50ms", never_answer);
	assert_int_equal(fixture->status, 504);
	assert_true(
		holds(fixture, "Timeout: request did not complete within the allotted timeout"));
}

static void a_timeout_that_cannot_be_read_is_refused(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, "GET", "/api/v1/pods?timeout=abc", never_answer);
	assert_int_equal(fixture->status, 400);
	assert_true(holds(fixture,
		"invalid timeout specified in the request URL - time: invalid duration \\\"abc\\\""));
	assert_int_equal(fixture->turns, 0);
}

static void a_watch_has_no_such_timeout(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, "GET", "/api/v1/pods?watch=1&timeout=abc", answer);
	expect(fixture, 200, "body");
}

static void a_change_of_one_object_has_less_time(void **state)
{
	struct fixture *fixture = *state;

	fixture->server.write_timeout_ns = SECOND_NS / 20;
	ask(fixture, "POST", "/api/v1/namespaces/n/pods", never_answer);
	assert_int_equal(fixture->status, 504);
	assert_true(holds(fixture, "Timeout: request did not complete within requested timeout - "
				   "context deadline exceeded"));
}

static void answer_late(struct fixture *fixture, struct http_exchange *exchange, unsigned turn)
{
	(void)turn;
	fixture->held = exchange;
	event_timer_start(fixture->late, SECOND_NS / 10);
}

static void on_late(void *context)
{
	struct fixture *fixture = context;

	answer(fixture, fixture->held, 0);
}

static void a_change_of_many_has_all(void **state)
{
	struct fixture *fixture = *state;

	fixture->server.write_timeout_ns = SECOND_NS / 20;
	fixture->late = event_timer_create(fixture->server.loop, on_late, fixture);
	ask(fixture, "DELETE", "/api/v1/namespaces/n/pods", answer_late);
	event_timer_destroy(&fixture->late);
	expect(fixture, 200, "body");
}

static void watch_on(struct fixture *fixture, struct http_exchange *exchange, unsigned turn)
{
	(void)turn;
	fixture->held = exchange;
	http_exchange_start(exchange, 200, NULL);
	http_exchange_write(exchange, STR("one\ntwo\nthr"));
}

static void break_held(struct fixture *fixture)
{
	http_exchange_abort(fixture->held);
}

static void a_broken_watch_ends_between_two_events(void **state)
{
	struct fixture *fixture = *state;

	fixture->waits_for = "two\n";
	fixture->after = break_held;
	ask(fixture, "GET", "/api/v1/pods?watch=1", watch_on);
	expect(fixture, 200, "one\ntwo\n");
	assert_true(fixture->is_ended && !fixture->is_lost);
}

static void drain_front(struct fixture *fixture)
{
	agg_request_drain(&fixture->server, SIZE_MAX);
}

static void draining_ends_watches(void **state)
{
	struct fixture *fixture = *state;

	fixture->waits_for = "two\n";
	fixture->after = drain_front;
	ask(fixture, "GET", "/api/v1/pods?watch=1", watch_on);
	expect(fixture, 200, "one\ntwo\n");
	assert_true(fixture->is_ended);
	assert_null(fixture->server.long_running);
}

#define BIG_BYTES (3u * 1024 * 1024)

static void answer_much(struct fixture *fixture, struct http_exchange *exchange, unsigned turn)
{
	char *bytes = memory_allocate_zeroed(1, BIG_BYTES);

	(void)fixture;
	(void)turn;
	http_exchange_start(exchange, 200, NULL);
	http_exchange_write(exchange, str_from(bytes, BIG_BYTES));
	http_exchange_end(exchange);
	memory_free(bytes);
}

static void large_answers_are_passed_on_in_pieces(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, "GET", "/api/v1/pods", answer_much);
	assert_int_equal(fixture->status, 200);
	assert_true(fixture->is_ended);
	assert_int_equal(fixture->body.length, BIG_BYTES);
	assert_int_equal(fixture->server.reading.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_answer_comes_through, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_lost_before_the_answer_is_sent_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_request_that_breaks_servers_is_given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(a_request_has_its_time, setup, teardown),
		cmocka_unit_test_setup_teardown(a_client_may_want_to_wait_less, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_timeout_that_cannot_be_read_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_watch_has_no_such_timeout, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_change_of_one_object_has_less_time, setup, teardown),
		cmocka_unit_test_setup_teardown(a_change_of_many_has_all, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_broken_watch_ends_between_two_events, setup, teardown),
		cmocka_unit_test_setup_teardown(draining_ends_watches, setup, teardown),
		cmocka_unit_test_setup_teardown(
			large_answers_are_passed_on_in_pieces, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
