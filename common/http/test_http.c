/* SPDX-License-Identifier: Apache-2.0 */
/* Calls and their answers, between our client and our server. */
#include "test_http_support.h"

static void a_call_gets_its_response(void **state)
{
	struct call call = {0};

	(void)state;
	send_call(&call, STR("POST"), STR("/echo?x"), STR("hello"));
	assert_int_equal(0, call.status);
	event_loop_run(fixture.loop);
	assert_true(call.ended);
	assert_int_equal(200, call.status);
	assert_string_equal("POST", call.method);
	assert_true(str_equal(buffer_str(&call.body), STR("hello")));
	assert_int_equal(1, fixture.closes);
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
			event_loop_run(fixture.loop);
		assert_true(calls[i].ended);
		assert_true(str_equal(buffer_str(&calls[i].body), STR("abc")));
		fini_call(&calls[i]);
	}
	assert_int_equal(500, fixture.closes);
}

static void a_large_body_goes_there_and_back(void **state)
{
	struct call call = {0};
	struct buffer body = {0};

	(void)state;
	memset(buffer_reserve(&body, 3000000), 'b', 3000000);
	body.length = 3000000;
	send_call(&call, STR("PUT"), STR("/echo"), buffer_str(&body));
	event_loop_run(fixture.loop);
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
	event_loop_run(fixture.loop);
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
	http_client_destroy(&fixture.client);
	fixture.client = http_client_create(&(struct http_client_options){
		.loop = fixture.loop, .unix_path = fixture.socket_path, .connections = 3});
	fixture.peers = 0;
	for (int i = 0; i < 60; i++)
		send_call(&calls[i], STR("PUT"), STR("/echo"), STR("abc"));
	for (int i = 0; i < 60; i++) {
		while (!calls[i].ended && !calls[i].failed)
			event_loop_run(fixture.loop);
		assert_true(calls[i].ended);
		fini_call(&calls[i]);
	}
	assert_int_equal(3, fixture.peers);
}

static void a_body_that_belies_its_length_is_cut(void **state)
{
	static const struct str paths[] = {STR_INIT("/short"), STR_INIT("/long")};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct call call = {0};

		send_call(&call, STR("GET"), paths[i], STR_EMPTY);
		event_loop_run(fixture.loop);
		assert_true(call.failed);
		assert_int_equal(HTTP_FAILURE_LOST, call.failure);
		fini_call(&call);
	}
}

static void a_paused_reader_stops_the_writer(void **state)
{
	struct call call = {.pauses = true, .stops = true};

	(void)state;
	fixture.big_piece = blob_create_uninitialised(65536);
	memset(fixture.big_piece->data, 'p', 65536);
	fixture.big_left = 256 * fixture.big_piece->length; /* 16 MiB, four times the window */
	send_call(&call, STR("GET"), STR("/big"), STR_EMPTY);
	event_loop_run(fixture.loop);
	assert_int_equal(200, call.status);
	turn(300);
	assert_true(call.bytes <= 4 * 1024 * 1024);
	assert_true(call.bytes >= 4 * 1024 * 1024 - 65536);
	assert_true(fixture.big_left > 8 * 1024 * 1024);
	unsigned before = fixture.writables;

	turn(50);
	assert_int_equal(before, fixture.writables);
	http_call_resume(call.call);
	event_loop_run(fixture.loop);
	assert_true(call.ended);
	assert_int_equal(256 * 65536, call.bytes);
	assert_true(fixture.writables > before);
	fini_call(&call);
}

static void a_body_over_the_limit_is_refused(void **state)
{
	struct call call = {0};
	struct buffer body = {0};

	(void)state;
	http_server_destroy(&fixture.server);
	create_server(&(struct http_limits){.body_bytes = 1000});
	http_server_listen(fixture.server, fixture.listener);
	memset(buffer_reserve(&body, 100000), 'b', 100000);
	body.length = 100000;
	send_call(&call, STR("PUT"), STR("/echo"), buffer_str(&body));
	event_loop_run(fixture.loop);
	assert_true(call.ended);
	assert_int_equal(413, call.status);
	assert_int_equal(1, fixture.refusals);
	assert_true(str_equal(buffer_str(&call.body), STR("refused")));
	fini_call(&call);
	buffer_fini(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HTTP_TEST(a_call_gets_its_response),
		HTTP_TEST(many_calls_go_on_at_once_past_the_limit_of_streams),
		HTTP_TEST(a_large_body_goes_there_and_back),
		HTTP_TEST(a_head_request_has_no_body),
		HTTP_TEST(calls_are_spread_over_several_connections),
		HTTP_TEST(a_body_that_belies_its_length_is_cut),
		HTTP_TEST(a_paused_reader_stops_the_writer),
		HTTP_TEST(a_body_over_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
