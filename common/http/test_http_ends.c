/* SPDX-License-Identifier: Apache-2.0 */
/* How calls, connections and servers end before their time. */
#include "test_http_support.h"

#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)

static void a_cancelled_call_closes_the_exchange_and_late_answers_do_no_harm(void **state)
{
	struct call call = {0};

	(void)state;
	send_call(&call, STR("GET"), STR("/hold"), STR_EMPTY);
	turn_until_held();
	assert_int_equal(1, http_server_exchange_count(fixture.server));
	http_call_cancel(call.call);
	for (int i = 0; i < 1000 && fixture.held; i++)
		turn(1);
	assert_null(fixture.held);
	assert_int_equal(1, fixture.closes);
	assert_int_equal(0, http_server_exchange_count(fixture.server));
	assert_false(call.ended || call.failed);
}

static void a_cancelled_call_that_was_never_sent_is_gone(void **state)
{
	struct call call = {0}, other = {0};

	(void)state;
	send_call(&call, STR("POST"), STR("/echo"), STR("never"));
	http_call_cancel(call.call);
	send_call(&other, STR("POST"), STR("/echo"), STR("sent"));
	event_loop_run(fixture.loop);
	assert_true(other.ended);
	assert_false(call.ended || call.failed);
	assert_int_equal(1, fixture.closes);
	fini_call(&other);
}

static void an_aborted_response_is_lost(void **state)
{
	struct call call = {0};

	(void)state;
	send_call(&call, STR("GET"), STR("/abort"), STR_EMPTY);
	event_loop_run(fixture.loop);
	assert_true(call.failed);
	assert_int_equal(HTTP_FAILURE_LOST, call.failure);
	assert_int_equal(1, fixture.closes);
	fini_call(&call);
}

static void a_call_times_out(void **state)
{
	struct call call = {0};
	const struct http_client_request request = {
		.method = STR("GET"), .path_and_query = STR("/hold"), .timeout_ns = SECOND_NS / 50};

	(void)state;
	call.call = http_client_send(fixture.client, &request, &call_handler, &call);
	event_loop_run(fixture.loop);
	assert_true(call.failed);
	assert_int_equal(HTTP_FAILURE_TIMEOUT, call.failure);
}

static void a_server_that_goes_away_loses_what_it_had_taken_up(void **state)
{
	struct call call = {0};

	(void)state;
	send_call(&call, STR("GET"), STR("/hold"), STR_EMPTY);
	turn_until_held();
	http_server_destroy(&fixture.server);
	assert_null(fixture.held);
	assert_int_equal(1, fixture.closes);
	event_loop_run(fixture.loop);
	assert_true(call.failed);
	assert_int_equal(HTTP_FAILURE_LOST, call.failure);
	create_server(NULL);
}

static void calls_wait_for_a_server_that_is_away(void **state)
{
	struct call call = {0};

	(void)state;
	http_server_destroy(&fixture.server);
	close(fixture.listener);
	unlink(fixture.socket_path);
	create_server(NULL);
	send_call(&call, STR("POST"), STR("/echo"), STR("late"));
	turn(5);
	assert_false(call.ended || call.failed);
	start_listening();
	event_loop_run(fixture.loop);
	assert_true(call.ended);
	assert_true(str_equal(buffer_str(&call.body), STR("late")));
	fini_call(&call);
}

static void a_peer_that_is_not_admitted_gets_nothing(void **state)
{
	struct call call = {0};

	(void)state;
	fixture.admits = false;
	send_call(&call, STR("POST"), STR("/echo"), STR("x"));
	event_loop_run(fixture.loop);
	assert_true(call.failed);
	assert_int_equal(0, call.status);
	assert_int_equal(0, fixture.closes);
}

static bool drained;

static void on_drained(void *context)
{
	(void)context;
	drained = true;
	event_loop_stop(fixture.loop);
}

static void draining_ends_what_is_under_way_and_takes_nothing_new(void **state)
{
	struct call first = {0}, second = {0};

	(void)state;
	drained = false;
	send_call(&first, STR("GET"), STR("/hold"), STR_EMPTY);
	turn_until_held();
	http_server_drain(fixture.server, on_drained, NULL);
	turn(20);
	assert_false(drained);
	/* The old connection takes no more; a new one waits in the backlog. */
	send_call(&second, STR("POST"), STR("/echo"), STR("x"));
	turn(20);
	assert_false(second.ended || second.failed);
	http_exchange_respond(fixture.held, 200, NULL, STR("done"));
	while (!drained)
		event_loop_run(fixture.loop);
	while (!first.ended)
		event_loop_run(fixture.loop);
	assert_true(str_equal(buffer_str(&first.body), STR("done")));
	http_server_destroy(&fixture.server);
	create_server(NULL);
	http_server_listen(fixture.server, fixture.listener);
	event_loop_run(fixture.loop);
	assert_true(second.ended);
	fini_call(&first);
	fini_call(&second);
}

static void on_end_destroy(void *context)
{
	(void)context;
	http_client_destroy(&fixture.client);
	event_loop_stop(fixture.loop);
}

static void a_client_may_be_destroyed_from_its_callback(void **state)
{
	struct http_call_handler handler = call_handler;
	struct call call = {0}, other = {0};
	const struct http_client_request request = {
		.method = STR("GET"), .path_and_query = STR("/none")};

	(void)state;
	handler.on_end = on_end_destroy;
	http_client_send(fixture.client, &request, &handler, &call);
	send_call(&other, STR("GET"), STR("/none"), STR_EMPTY);
	event_loop_run(fixture.loop);
	assert_null(fixture.client);
	assert_true(other.failed);
	turn(3);
	fini_call(&call);
	fini_call(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HTTP_TEST(a_cancelled_call_closes_the_exchange_and_late_answers_do_no_harm),
		HTTP_TEST(a_cancelled_call_that_was_never_sent_is_gone),
		HTTP_TEST(an_aborted_response_is_lost),
		HTTP_TEST(a_call_times_out),
		HTTP_TEST(a_server_that_goes_away_loses_what_it_had_taken_up),
		HTTP_TEST(calls_wait_for_a_server_that_is_away),
		HTTP_TEST(a_peer_that_is_not_admitted_gets_nothing),
		HTTP_TEST(draining_ends_what_is_under_way_and_takes_nothing_new),
		HTTP_TEST(a_client_may_be_destroyed_from_its_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
