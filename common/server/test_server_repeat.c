/* SPDX-License-Identifier: Apache-2.0 */
/* Writes that come twice with one request id: after the first was carried out, and while it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "test_server_support.h"

#define ID(id) "x-troika-request-id: " id "\n"

static uint64_t revision(struct server_test *test)
{
	return storage_revision(test->storage.storage);
}

static void every_kind_of_write_is_answered_again_and_not_done_again(void **state)
{
	static const struct {
		const char *method, *path, *headers, *body;
		int status;
		const char *text;
		bool is_removal;
	} writes[] = {
		{"POST", WIDGETS, ID("1"),
			"{\"metadata\":{\"generateName\":\"a-\"},\"spec\":{\"color\":\"c\"}}", 201,
			"\"generateName\":\"a-\""},
		{"POST", WIDGETS, ID("2"),
			"{\"metadata\":{\"name\":\"w\",\"finalizers\":[\"x.io/f\"]}}", 201,
			"\"name\":\"w\""},
		{"PUT", WIDGETS "/w/status", ID("3"),
			"{\"metadata\":{\"name\":\"w\"},\"status\":{\"phase\":\"Up\"}}", 200,
			"\"phase\":\"Up\""},
		{"PATCH", WIDGETS "/w", ID("4") MERGE_PATCH, "{\"spec\":{\"color\":\"red\"}}", 200,
			"\"generation\":2"},
		{"PUT", WIDGETS "/w/scale", ID("5"), "{\"spec\":{\"replicas\":3}}", 200,
			"\"kind\":\"Scale\""},
		{"DELETE", WIDGETS "/w", ID("6"), NULL, 200, "\"deletionTimestamp\""},
		{"PATCH", WIDGETS "/w", ID("7") MERGE_PATCH, "{\"metadata\":{\"finalizers\":null}}",
			200, "\"kind\":\"Widget\"", true},
		{"PUT", RACKS "/r", ID("8"), "{\"metadata\":{\"name\":\"r\"}}", 201,
			"\"kind\":\"Rack\""},
		{"DELETE", RACKS "/r", ID("9"), NULL, 200, "\"status\":\"Success\""},
		{"PATCH", RACKS "/r?fieldManager=m", ID("10") APPLY_PATCH, "{" TYPE("Rack") "}",
			201, "\"name\":\"r\""},
		{"POST", TICKETS, ID("11"), "{\"metadata\":{\"name\":\"t\"}}", 201, "\"number\":1"},
		{"DELETE", TICKETS "/t", ID("12"), NULL, 200, "\"kind\":\"Ticket\""},
	};

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		struct test_call *first = test_request(*state, writes[i].method, writes[i].path,
			writes[i].headers, writes[i].body);
		uint64_t before = revision(*state);
		struct test_call *again = test_request(*state, writes[i].method, writes[i].path,
			writes[i].headers, writes[i].body);

		assert_answer(first, writes[i].status, writes[i].text);
		assert_answer(again, writes[i].status, writes[i].text);
		assert_int_equal(revision(*state), before);
		/* Of a removal the store keeps the object as it was before. */
		if (!writes[i].is_removal)
			assert_true(str_equal(buffer_str(&first->body), buffer_str(&again->body)));
	}
}

static void a_repeat_waits_for_the_first_that_is_under_way(void **state)
{
	enum {
		REPEATS = 4
	};
	struct test_call *calls[REPEATS];
	static const char patch[] =
		"[{\"op\":\"add\",\"path\":\"/metadata/finalizers/-\",\"value\":\"x.io/g\"}]";

	test_request(*state, "POST", WIDGETS, NULL,
		"{\"metadata\":{\"name\":\"w\",\"finalizers\":[\"x.io/f\"]}}");
	for (int i = 0; i < REPEATS; i++)
		calls[i] = test_send(*state, "PATCH", WIDGETS "/w", ID("a") JSON_PATCH, patch);
	for (int i = 0; i < REPEATS; i++) {
		test_wait(calls[i]);
		assert_answer(calls[i], 200, "\"resourceVersion\":\"3\"");
		assert_int_equal(test_count(calls[i], "\"x.io/g\""), 1);
	}
	assert_int_equal(revision(*state), 3);
}

static void a_repeat_is_tried_when_the_first_has_failed(void **state)
{
	struct server_test *test = *state;
	struct test_call *first =
		test_send(test, "POST", TICKETS, ID("a"), "{\"metadata\":{\"name\":\"X\"}}");
	struct test_call *second =
		test_send(test, "POST", TICKETS, ID("a"), "{\"metadata\":{\"name\":\"x\"}}");

	test_wait(first);
	test_wait(second);
	assert_answer(first, 422, NULL);
	assert_answer(second, 201, NULL);
}

static void a_repeat_that_nobody_waits_for_any_more_is_dropped(void **state)
{
	struct server_test *test = *state;
	struct test_call *first, *second;

	test->namespace_waits = true;
	first = test_send(test, "POST", WIDGETS, ID("a"), "{\"metadata\":{\"name\":\"w\"}}");
	second = test_send(test, "POST", WIDGETS, ID("a"), "{\"metadata\":{\"name\":\"w\"}}");
	assert_answer(test_request(test, "GET", RACKS, NULL, NULL), 200, NULL);
	test_cancel(second);
	assert_answer(test_request(test, "GET", RACKS, NULL, NULL), 200, NULL);
	assert_int_equal(test->namespace_checks, 1);
	test->namespace_waits = false;
	test->waiting_done(test->waiting, NAMESPACE_ACTIVE);
	test_wait(first);
	assert_answer(first, 201, NULL);
}

static void an_id_of_another_resource_is_not_taken_for_ones_own(void **state)
{
	assert_answer(
		test_request(*state, "POST", RACKS, ID("a"), "{\"metadata\":{\"name\":\"r\"}}"),
		201, NULL);
	assert_answer(
		test_request(*state, "POST", WIDGETS, ID("a"), "{\"metadata\":{\"name\":\"w\"}}"),
		201, "\"kind\":\"Widget\"");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, server_test_setup, server_test_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_kind_of_write_is_answered_again_and_not_done_again),
		TEST(a_repeat_waits_for_the_first_that_is_under_way),
		TEST(a_repeat_is_tried_when_the_first_has_failed),
		TEST(a_repeat_that_nobody_waits_for_any_more_is_dropped),
		TEST(an_id_of_another_resource_is_not_taken_for_ones_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
