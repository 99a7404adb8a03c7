/* SPDX-License-Identifier: Apache-2.0 */
/* Large answers, objects that cannot be read, and revisions that have not come yet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <zlib.h>

#include "clock.h"
#include "memory.h"
#include "test_server_resources.h"
#include "test_server_support.h"

#define GZIP  "accept-encoding: deflate, gzip;q=0.5\n"
#define TABLE "accept: application/json;as=Table;v=v1;g=meta.k8s.io\n"

static void make_large(struct server_test *test, const char *name, size_t bytes)
{
	struct buffer body = {0};

	buffer_printf(&body, "{\"metadata\":{\"name\":\"%s\",\"annotations\":{\"a\":\"", name);
	for (size_t i = 0; i < bytes; i++)
		buffer_append_byte(&body, (char)('a' + i * i % 23));
	buffer_append(&body, STR("\"}}}"));
	buffer_append_byte(&body, '\0');
	assert_answer(test_request(test, "POST", WIDGETS, NULL, body.data), 201, NULL);
	buffer_fini(&body);
}

static void make_many(struct server_test *test, int count, size_t bytes)
{
	char name[16];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "w%04d", i);
		make_large(test, name, bytes);
	}
}

/* ---- Compression ---- */

static void inflate_body(const struct test_call *call, struct buffer *ret)
{
	z_stream stream = {0};
	char step[4096];
	int outcome;

	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	stream.next_in = (Bytef *)call->body.data;
	stream.avail_in = (uInt)call->body.length;
	do {
		stream.next_out = (Bytef *)step;
		stream.avail_out = sizeof(step);
		outcome = inflate(&stream, Z_NO_FLUSH);
		assert_true(outcome == Z_OK || outcome == Z_STREAM_END);
		buffer_append(ret, str_from(step, sizeof(step) - stream.avail_out));
	} while (outcome != Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	inflateEnd(&stream);
}

static void check_same(struct server_test *test, const char *path, const char *form)
{
	char headers[200];
	struct buffer body = {0};

	snprintf(headers, sizeof(headers), "%s%s", GZIP, form);
	struct test_call *plain = test_request(test, "GET", path, form, NULL);
	struct test_call *small = test_request(test, "GET", path, headers, NULL);

	assert_answer(plain, 200, NULL);
	assert_int_equal(small->status, 200);
	assert_false(plain->is_gzip);
	assert_true(small->is_gzip);
	assert_true(small->body.length < plain->body.length / 2);
	assert_string_equal(small->content_type, plain->content_type);
	inflate_body(small, &body);
	assert_int_equal(body.length, plain->body.length);
	assert_memory_equal(body.data, plain->body.data, body.length);
	buffer_fini(&body);
}

static void large_answers_are_compressed_for_who_takes_it(void **state)
{
	make_many(*state, 60, 20000);
	make_large(*state, "large", 200000);
	check_same(*state, WIDGETS, "");
	check_same(*state, WIDGETS, TABLE);
	check_same(*state, WIDGETS "?limit=40", "");
	check_same(*state, WIDGETS, "accept: application/yaml\n");
	check_same(*state, WIDGETS "?pretty=1", "");
	check_same(*state, WIDGETS "/large", "");
	check_same(*state, WIDGETS "/large", "accept: application/yaml\n");
}

static void small_answers_and_watches_are_not(void **state)
{
	struct test_call *call;

	make_many(*state, 6, 20000);
	call = test_request(*state, "GET", WIDGETS, GZIP, NULL);
	assert_answer(call, 200, "]}\n");
	assert_false(call->is_gzip);
	make_large(*state, "large", 200000);
	assert_false(test_request(*state, "GET", WIDGETS "/w0001", GZIP, NULL)->is_gzip);
	call = test_request(*state, "GET", WIDGETS "/large", "accept-encoding: gzip;q=0\n", NULL);
	assert_answer(call, 200, "\"large\"");
	assert_false(call->is_gzip);
	call = test_send(*state, "GET", WIDGETS "?watch=1", GZIP, NULL);
	test_wait_for(call, "{\"type\":\"ADDED\"", 7);
	assert_false(call->is_gzip);
}

static void a_client_that_leaves_a_compressed_list_does_no_harm(void **state)
{
	struct test_call *call;

	make_many(*state, 60, 20000);
	call = test_send(*state, "GET", WIDGETS, GZIP, NULL);
	while (call->body.length == 0)
		event_loop_run(call->test->loop);
	test_cancel(call);
	assert_answer(test_request(*state, "GET", RACKS, NULL, NULL), 200, NULL);
}

/* ---- What cannot be read ---- */

static void damage(struct server_test *test, const char *name)
{
	struct storage_prefix *prefix =
		storage_prefix_intern(test->storage.storage, test_widgets.storage_prefix);

	storage_fixture_write(&test->storage, STORAGE_PUT, prefix, name, 0, "what is this");
}

static void an_object_that_cannot_be_read_is_an_error(void **state)
{
	static const char *const forms[] = {NULL, TABLE, "accept: application/yaml\n"};

	make_many(*state, 3, 10);
	damage(*state, "n/w0001");
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		assert_answer(test_request(*state, "GET", WIDGETS "/w0001", forms[i], NULL), 500,
			"Internal error occurred: /registry/");
	assert_answer(test_request(*state, "PATCH", WIDGETS "/w0001", MERGE_PATCH, "{}"), 500,
		"n/w0001: the stored bytes are corrupt\",\"reason\":\"InternalError\",\"details\":{"
		"\"causes\":[{\"message\":\"/registry/");
	assert_answer(test_request(*state, "GET", WIDGETS "/w0002", NULL, NULL), 200, NULL);
}

static void a_list_with_such_objects_names_them(void **state)
{
	static const char *const queries[] = {"", "?limit=2", "?labelSelector=a", "?pretty=1"};
	char path[100];

	make_many(*state, 5, 10);
	damage(*state, "n/w0001");
	damage(*state, "n/w0003");
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		snprintf(path, sizeof(path), WIDGETS "%s", queries[i]);
		struct test_call *call = test_request(*state, "GET", path, NULL, NULL);

		assert_answer(call, 500, "StorageReadError");
		assert_int_equal(test_count(call, "UnexpectedServerResponse"), 2);
		assert_int_equal(test_count(call, "n/w0003"), 1);
		assert_answer(call, 500, "failed to read one or more widgets.test.example.com");
	}
	assert_answer(test_request(*state, "GET", WIDGETS, TABLE, NULL), 500, "n/w0001");
}

static void a_list_that_has_begun_breaks_off_there(void **state)
{
	struct test_call *call;

	make_many(*state, 30, 20000);
	damage(*state, "n/w0029");
	call = test_request(*state, "GET", WIDGETS, NULL, NULL);
	assert_int_equal(call->status, 200);
	assert_true(call->has_failed);
	assert_without(call, "]}\n");
	assert_true(test_request(*state, "GET", WIDGETS, GZIP, NULL)->has_failed);
}

static void a_watch_tells_of_it_and_ends(void **state)
{
	struct test_call *call, *later;

	make_many(*state, 2, 10);
	later = test_send(*state, "GET", WIDGETS "?watch=1", NULL, NULL);
	test_wait_for(later, "{\"type\":\"ADDED\"", 2);
	damage(*state, "n/w0001");
	test_wait(later);
	assert_answer(later, 200, "{\"type\":\"ERROR\"");
	assert_answer(later, 200, "Internal error occurred: /registry/");
	call = test_request(*state, "GET", WIDGETS "?watch=1", NULL, NULL);
	assert_answer(call, 200, "{\"type\":\"ERROR\"");
	assert_answer(call, 200, "n/w0001: the stored bytes are corrupt");
	assert_false(call->has_failed);
}

/* ---- Revisions to come ---- */

static void a_revision_that_does_not_come_is_waited_for(void **state)
{
	static const char *const paths[] = {WIDGETS "?resourceVersion=999",
		WIDGETS "/w0000?resourceVersion=999",
		WIDGETS "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&"
			"allowWatchBookmarks=true&resourceVersion=999"};

	make_many(*state, 1, 10);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		uint64_t start = clock_now_ns();

		assert_answer(test_request(*state, "GET", paths[i], NULL, NULL), 504,
			"Timeout: Too large resource version: 999, current: ");
		assert_true(clock_now_ns() - start >= TEST_REVISION_WAIT_NS);
	}
}

static void a_read_goes_on_when_its_revision_comes(void **state)
{
	struct server_test *test = *state;
	struct test_call *list, *one;
	char path[100];
	uint64_t start;

	make_many(test, 1, 10);
	uint64_t next = storage_revision(test->storage.storage) + 1;

	snprintf(path, sizeof(path), WIDGETS "?resourceVersion=%llu", (unsigned long long)next);
	list = test_send(test, "GET", path, NULL, NULL);
	snprintf(path, sizeof(path), WIDGETS "/w0000?resourceVersion=%llu",
		(unsigned long long)next);
	one = test_send(test, "GET", path, NULL, NULL);
	start = clock_now_ns();
	assert_answer(test_request(test, "GET", RACKS, NULL, NULL), 200, NULL);
	assert_int_equal(list->status, 0);
	make_large(test, "new", 10);
	test_wait(list);
	test_wait(one);
	assert_answer(list, 200, "\"name\":\"new\"");
	assert_answer(one, 200, "\"name\":\"w0000\"");
	assert_true(clock_now_ns() - start < TEST_REVISION_WAIT_NS);
}

static void a_client_may_leave_while_it_waits(void **state)
{
	struct test_call *call =
		test_send(*state, "GET", WIDGETS "?resourceVersion=999", NULL, NULL);

	assert_answer(test_request(*state, "GET", RACKS, NULL, NULL), 200, NULL);
	test_cancel(call);
	make_large(*state, "new", 10);
	assert_answer(test_request(*state, "GET", RACKS, NULL, NULL), 200, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, server_test_setup, server_test_teardown)
	const struct CMUnitTest tests[] = {
		TEST(large_answers_are_compressed_for_who_takes_it),
		TEST(small_answers_and_watches_are_not),
		TEST(a_client_that_leaves_a_compressed_list_does_no_harm),
		TEST(an_object_that_cannot_be_read_is_an_error),
		TEST(a_list_with_such_objects_names_them),
		TEST(a_list_that_has_begun_breaks_off_there),
		TEST(a_watch_tells_of_it_and_ends),
		TEST(a_revision_that_does_not_come_is_waited_for),
		TEST(a_read_goes_on_when_its_revision_comes),
		TEST(a_client_may_leave_while_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
