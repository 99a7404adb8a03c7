/* SPDX-License-Identifier: Apache-2.0 */
/* Get, list and watch, driven over a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "assertion.h"
#include "resource_registry.h"
#include "test_server_support.h"

#define TABLE        "accept: application/json;as=Table;v=v1;g=meta.k8s.io\n"
#define NOTHING      "the server could not find the requested resource"
#define PARTIAL      "accept: application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io\n"
#define PARTIAL_BETA "accept: application/json;as=PartialObjectMetadata;v=v1beta1;g=meta.k8s.io\n"
#define PARTIAL_LIST "accept: application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io\n"
#define YAML         "accept: application/yaml\n"

static void make(struct server_test *test, const char *name, const char *color)
{
	char body[200];

	snprintf(body, sizeof(body),
		"{\"metadata\":{\"name\":\"%s\",\"labels\":{\"c\":\"%s\"}},\"spec\":{\"color\":\"%s\"}}",
		name, color, color);
	assert_answer(test_request(test, "POST", WIDGETS, NULL, body), 201, NULL);
}

static void make_many(struct server_test *test, int count, size_t bytes)
{
	struct buffer body = {0};

	for (int i = 0; i < count; i++) {
		buffer_clear(&body);
		buffer_printf(
			&body, "{\"metadata\":{\"name\":\"w%04d\",\"annotations\":{\"a\":\"", i);
		for (size_t j = 0; j < bytes; j++)
			buffer_append_byte(&body, 'x');
		buffer_append(&body, STR("\"}}}"));
		buffer_append_byte(&body, '\0');
		test_send(test, "POST", WIDGETS, NULL, body.data);
	}
	buffer_fini(&body);
	for (struct test_call *call = test->calls; call; call = call->next)
		test_wait(call);
}

/* ---- Get ---- */

static void an_object_comes_in_the_form_that_was_asked_for(void **state)
{
	static const struct {
		const char *method, *path, *headers;
		int status;
		const char *text;
	} cases[] = {
		{"GET", WIDGETS "/a", NULL, 200, "{\"kind\":\"Widget\",\"apiVersion\":\"test."},
		{"GET", WIDGETS "/a?pretty=true", NULL, 200, "\n  \"kind\": \"Widget\","},
		{"GET", WIDGETS "/a", "user-agent: curl/8\n", 200, "\n  \"kind\": \"Widget\","},
		{"GET", WIDGETS "/a", YAML, 200, "\nkind: Widget\n"},
		{"GET", WIDGETS "/a", TABLE, 200, "\"rows\":[{\"cells\":[\"a\""},
		{"GET", WIDGETS "/a?includeObject=None", TABLE, 200, "\"rows\":[{\"cells\":[\"a\""},
		{"GET", WIDGETS "/a?includeObject=Object", TABLE, 200, "\"spec\":{\"color\""},
		{"GET", WIDGETS "/a", PARTIAL, 200,
			"{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\""},
		{"GET", WIDGETS "/a?resourceVersion=0", NULL, 200, NULL},
		{"GET", WIDGETS "/a?resourceVersion=2", NULL, 200, NULL},
		{"GET", WIDGETS "/a?resourceVersion=x", NULL, 400, "invalid resource version"},
		{"GET", WIDGETS "/a?resourceVersion=99", NULL, 504, "ResourceVersionTooLarge"},
		{"GET", WIDGETS "/b", NULL, 404, "widgets.test.example.com \\\"b\\\" not found"},
		{"GET", WIDGETS "/b", YAML, 404, "\nreason: NotFound\n"},
		{"GET", WIDGETS "/a/status", NULL, 200, "\"kind\":\"Widget\""},
		{"HEAD", WIDGETS "/a", NULL, 200, ""},
		{"HEAD", WIDGETS, NULL, 200, ""},
		{"HEAD", WIDGETS "?watch=1", NULL, 200, ""},
		{"GET", BASE "/widgets/a", NULL, 404, NOTHING},
		{"GET", BASE "/namespaces/n/racks", NULL, 404, NOTHING},
		{"GET", BASE "/nothing", NULL, 404, NOTHING},
		{"GET", "/nothing", NULL, 404, "404 page not found"},
		{"GET", "/apis/none.example.com/v1/nothing", NULL, 404, "404 page not found"},
		{"GET", WIDGETS "/a?includeObject=All", TABLE, 400,
			"must be 'Metadata', 'Object', 'None', or empty"},
		{"OPTIONS", WIDGETS, NULL, 405, "MethodNotAllowed"},
		{"GET", BASE, NULL, 200, "\"name\":\"widgets/scale\""},
		{"GET", "/apis", NULL, 200, "\"name\":\"test.example.com\""},
	};

	make(*state, "a", "red");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct test_call *call = test_request(
			*state, cases[i].method, cases[i].path, cases[i].headers, NULL);

		assert_int_equal(call->has_failed, false);
		if (str_equal_c(STR("HEAD"), cases[i].method))
			assert_int_equal(call->body.length, 0);
		if (cases[i].text && cases[i].text[0] == '\0')
			assert_int_equal(call->status, cases[i].status);
		else
			assert_answer(call, cases[i].status, cases[i].text);
	}
}

/* ---- List ---- */

static void a_list_comes_in_the_form_that_was_asked_for(void **state)
{
	static const struct {
		const char *path, *headers;
		int status;
		const char *text;
	} cases[] = {
		{WIDGETS, NULL, 200,
			"{\"kind\":\"WidgetList\",\"apiVersion\":\"test.example.com/v1\","
			"\"metadata\":{\"resourceVersion\":\"4\"},\"items\":[{\"metadata\":{\"name\":\"a\""},
		{BASE "/widgets", NULL, 200, "\"name\":\"c\""},
		{WIDGETS, YAML, 200, "kind: WidgetList\n"},
		{WIDGETS, TABLE, 200, "\"rows\":[{\"cells\":[\"a\""},
		{WIDGETS, PARTIAL_LIST, 200, "{\"kind\":\"PartialObjectMetadataList\""},
		{WIDGETS "?pretty=1", NULL, 200, "\n  \"items\": [\n"},
		{WIDGETS "?resourceVersion=0", NULL, 200, "\"resourceVersion\":\"4\""},
		{WIDGETS "?resourceVersion=3&resourceVersionMatch=Exact", NULL, 200,
			"\"metadata\":{\"resourceVersion\":\"3\"}"},
		{WIDGETS "?resourceVersion=3&resourceVersionMatch=NotOlderThan", NULL, 200,
			"\"metadata\":{\"resourceVersion\":\"4\"}"},
		{WIDGETS "?resourceVersion=99", NULL, 504, "Too large resource version: 99"},
		{WIDGETS "?resourceVersionMatch=Exact", NULL, 422, "Forbidden"},
		{WIDGETS "?sendInitialEvents=true", NULL, 422, "forbidden for list"},
		{WIDGETS "?continue=x", NULL, 400, "continue key is not valid"},
		{WIDGETS "?limit=x", NULL, 400, NULL},
		{WIDGETS "?limit=-1", NULL, 200, "\"name\":\"c\""},
		{WIDGETS "?labelSelector=a%3D%3D%3D", NULL, 400, NULL},
		{WIDGETS "?fieldSelector=spec.none%3Da", NULL, 400, NULL},
		{BASE "/namespaces/none/widgets", NULL, 200, "\"items\":[]"},
	};

	make(*state, "a", "red");
	make(*state, "b", "blue");
	make(*state, "c", "red");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_answer(test_request(*state, "GET", cases[i].path, cases[i].headers, NULL),
			cases[i].status, cases[i].text);
}

static void selectors_choose_items(void **state)
{
	static const struct {
		const char *query;
		size_t count;
	} cases[] = {
		{"labelSelector=c%3Dred", 2},
		{"labelSelector=c!%3Dred", 2},
		{"labelSelector=c", 4},
		{"fieldSelector=spec.color%3Dred", 2},
		{"fieldSelector=spec.color%3Dred&labelSelector=c%3Dblue", 0},
		{"fieldSelector=metadata.name%3Da", 1},
		{"fieldSelector=metadata.name!%3Da", 3},
		{"fieldSelector=metadata.name%3Da,spec.color%3Dblue", 0},
		{"fieldSelector=metadata.name%3Da,metadata.name%3Dab", 0},
		{"fieldSelector=metadata.name%3Dnone", 0},
		{"fieldSelector=metadata.namespace%3Dn", 4},
	};

	make(*state, "a", "red");
	make(*state, "ab", "blue");
	make(*state, "b", "blue");
	make(*state, "c", "red");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static const char *const collections[] = {WIDGETS, BASE "/widgets"};

		for (size_t j = 0; j < 2; j++) {
			char path[200];

			snprintf(path, sizeof(path), "%s?%s", collections[j], cases[i].query);
			assert_int_equal(test_count(test_request(*state, "GET", path, NULL, NULL),
						 "\"color\":"),
				cases[i].count);
		}
	}
}

static struct test_call *next_page(struct server_test *test, const struct test_call *page)
{
	char path[600];

	snprintf(path, sizeof(path), WIDGETS "?limit=2&continue=%s",
		test_extract(page, "\"continue\":\""));
	return test_request(test, "GET", path, NULL, NULL);
}

static void pages_show_one_moment(void **state)
{
	struct test_call *page;

	make(*state, "a", "red");
	make(*state, "b", "red");
	make(*state, "c", "red");
	make(*state, "d", "red");
	make(*state, "e", "red");
	page = test_request(*state, "GET", WIDGETS "?limit=2", NULL, NULL);
	assert_answer(page, 200, "\"remainingItemCount\":3");
	make(*state, "bb", "blue");
	test_request(*state, "DELETE", WIDGETS "/d", NULL, NULL);
	page = next_page(*state, page);
	assert_answer(page, 200, "\"metadata\":{\"resourceVersion\":\"6\"");
	assert_answer(page, 200, "\"name\":\"d\"");
	assert_without(page, "\"bb\"");
	assert_answer(page, 200, "\"remainingItemCount\":1");
	page = next_page(*state, page);
	assert_answer(page, 200, "\"name\":\"e\"");
	assert_without(page, "\"continue\"");
	/* Exactly as many as there are. */
	page = test_request(*state, "GET", WIDGETS "?limit=5", NULL, NULL);
	assert_without(page, "\"continue\"");
	/* With a selector the rest is not counted, and what does not match does not count. */
	page = test_request(*state, "GET", WIDGETS "?limit=2&labelSelector=c%3Dred", NULL, NULL);
	assert_without(page, "remainingItemCount");
	assert_without(page, "\"bb\"");
	assert_answer(page, 200, "\"continue\"");
	page = test_request(*state, "GET", WIDGETS "?limit=1&labelSelector=c%3Dblue", NULL, NULL);
	assert_without(page, "\"continue\"");
}

static void a_page_whose_moment_is_forgotten_can_be_gone_on_from_now(void **state)
{
	struct server_test *test = *state;
	struct test_call *page, *expired;

	make(test, "a", "red");
	make(test, "b", "red");
	make(test, "c", "red");
	page = test_request(test, "GET", WIDGETS "?limit=2", NULL, NULL);
	make(test, "d", "red");
	make(test, "e", "red");
	storage_fixture_compact(&test->storage, storage_revision(test->storage.storage));
	expired = next_page(test, page);
	assert_answer(expired, 410, "\"reason\":\"Expired\"");
	page = next_page(test, expired);
	assert_answer(page, 200, "\"name\":\"c\"");
	assert_answer(page, 200, "\"name\":\"d\"");
	assert_answer(test_request(test, "GET",
			      WIDGETS "?resourceVersion=2&resourceVersionMatch=Exact", NULL, NULL),
		410, "The resourceVersion for the provided list is too old.");
	/* {"v":"meta.k8s.io/v1","rv":9999,"start":"a\u0000"}: a moment that was never reached. */
	assert_answer(
		test_request(test, "GET",
			WIDGETS "?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6OTk5OSwic3RhcnQi"
				"OiJhXHUwMDAwIn0",
			NULL, NULL),
		410, "Expired");
}

static void a_large_list_comes_whole(void **state)
{
	struct server_test *test = *state;
	struct test_call *call;

	make_many(test, 60, 20000);
	call = test_request(test, "GET", WIDGETS, NULL, NULL);
	assert_int_equal(test_count(call, "\"name\":\"w"), 60);
	assert_true(str_ends_with(buffer_str(&call->body), STR("]}\n")));
	call = test_request(test, "GET", WIDGETS, YAML, NULL);
	assert_int_equal(test_count(call, "name: w"), 60);
	/* A client that leaves in the middle. */
	call = test_send(test, "GET", WIDGETS, NULL, NULL);
	test_wait_for(call, "\"name\":\"w", 1);
	test_cancel(call);
	assert_answer(test_request(test, "GET", RACKS, NULL, NULL), 200, NULL);
}

/* ---- Watch ---- */

static struct test_call *watch(struct server_test *test, const char *query, const char *headers)
{
	char path[300];
	struct test_call *call;

	snprintf(path, sizeof(path), WIDGETS "?watch=1%s", query);
	call = test_send(test, "GET", path, headers, NULL);
	/* Behind it on the same connection: the watch has begun. */
	assert_answer(test_request(test, "GET", RACKS, NULL, NULL), 200, NULL);
	return call;
}

static void change(struct server_test *test, const char *color)
{
	char patch[120];

	snprintf(patch, sizeof(patch),
		"{\"metadata\":{\"labels\":{\"c\":\"%s\"}},\"spec\":{\"color\":\"%s\"}}", color,
		color);
	assert_answer(test_request(test, "PATCH", WIDGETS "/a", MERGE_PATCH, patch), 200, NULL);
}

static void a_watch_tells_what_happens_after_its_start(void **state)
{
	struct test_call *now, *past, *future;

	make(*state, "a", "red");
	now = watch(*state, "", NULL);
	past = watch(*state, "&resourceVersion=1", NULL);
	future = watch(*state, "&resourceVersion=3", NULL);
	change(*state, "blue");
	test_request(*state, "DELETE", WIDGETS "/a", NULL, NULL);
	test_wait_for(now, "\"DELETED\"", 1);
	test_wait_for(past, "\"DELETED\"", 1);
	test_wait_for(future, "\"DELETED\"", 1);
	assert_int_equal(test_count(now, "\"type\":"), 3);
	assert_true(buffer_str(&now->body).length == buffer_str(&past->body).length);
	assert_answer(now, 200, "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Widget\"");
	/* The revision 3 was not there yet: it is not told, what came behind it is. */
	assert_int_equal(test_count(future, "\"type\":"), 1);
	assert_answer(future, 200, "\"resourceVersion\":\"4\"");
}

static void objects_enter_and_leave_a_selection(void **state)
{
	static const char *const queries[] = {"&resourceVersion=1&labelSelector=c%3Dred",
		"&resourceVersion=1&fieldSelector=spec.color%3Dred"};
	struct test_call *calls[2];

	for (size_t i = 0; i < 2; i++)
		calls[i] = watch(*state, queries[i], NULL);
	make(*state, "a", "blue");
	change(*state, "red");
	test_request(*state, "PATCH", WIDGETS "/a", MERGE_PATCH, "{\"spec\":{\"replicas\":1}}");
	change(*state, "blue");
	change(*state, "red");
	test_request(*state, "DELETE", WIDGETS "/a", NULL, NULL);
	for (size_t i = 0; i < 2; i++) {
		test_wait_for(calls[i], "\"DELETED\"", 2);
		assert_int_equal(test_count(calls[i], "\"ADDED\""), 2);
		assert_int_equal(test_count(calls[i], "\"MODIFIED\""), 1);
		/* It leaves as it last was in the selection, at the revision of the change. */
		struct str body = buffer_str(&calls[i]->body);
		struct str gone = str_skip(body, str_find(body, STR("\"DELETED\"")));

		gone = str_slice(gone, 0, str_find_byte(gone, '\n'));
		assert_true(str_find(gone, STR("\"resourceVersion\":\"5\"")) < gone.length);
		assert_true(str_find(gone, STR("\"color\":\"red\"")) < gone.length);
		assert_without(calls[i], "\"color\":\"blue\"");
	}
}

static void one_object_is_watched_by_its_name(void **state)
{
	struct test_call *call =
		watch(*state, "&resourceVersion=1&fieldSelector=metadata.name%3Da", NULL);

	make(*state, "ab", "red");
	make(*state, "a", "red");
	test_wait_for(call, "\"ADDED\"", 1);
	assert_without(call, "\"ab\"");
}

static void one_object_is_watched_by_its_path(void **state)
{
#define OLD BASE "/watch/namespaces/n/widgets/a"
	struct test_call *calls[] = {test_send(*state, "GET", OLD "?resourceVersion=1", NULL, NULL),
		test_send(*state, "GET", OLD "?resourceVersion=1&fieldSelector=metadata.name%3Da",
			NULL, NULL)};

	make(*state, "ab", "red");
	make(*state, "a", "red");
	for (size_t i = 0; i < 2; i++) {
		test_wait_for(calls[i], "\"ADDED\"", 1);
		assert_without(calls[i], "\"ab\"");
	}
	assert_answer(
		test_request(*state, "GET", OLD "?fieldSelector=metadata.name%3Dab", NULL, NULL),
		400, "fieldSelector metadata.name doesn't match requested name");
	assert_answer(test_request(*state, "GET", OLD "/status", NULL, NULL), 405, NULL);
	assert_answer(test_request(*state, "DELETE", OLD, NULL, NULL), 405, NULL);
	assert_answer(
		test_request(*state, "GET", BASE "/namespaces/n/widgets/a", NULL, NULL), 200, NULL);
#undef OLD
}

static void initial_events_end_with_a_bookmark(void **state)
{
	static const struct {
		const char *query;
		size_t added, bookmarks;
	} cases[] = {
		{"&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1",
			2, 1},
		{"&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", 2, 0},
		{"&sendInitialEvents=false&resourceVersionMatch=NotOlderThan", 0, 0},
		{"&allowWatchBookmarks=true", 2, 1},
		{"&resourceVersion=0", 2, 0},
	};

	make(*state, "a", "red");
	make(*state, "b", "red");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct test_call *call = watch(*state, cases[i].query, NULL);

		change(*state, i % 2 ? "red" : "blue");
		test_wait_for(call, "\"MODIFIED\"", 1);
		assert_int_equal(test_count(call, "\"ADDED\""), cases[i].added);
		assert_int_equal(test_count(call, "initial-events-end"), cases[i].bookmarks);
		assert_int_equal(test_count(call, "\"BOOKMARK\""), cases[i].bookmarks);
	}
	assert_answer(
		test_request(*state, "GET", WIDGETS "?watch=1&sendInitialEvents=true", NULL, NULL),
		422, "requires setting resourceVersionMatch to NotOlderThan");
	assert_answer(test_request(*state, "GET",
			      WIDGETS "?watch=1&sendInitialEvents=true&resourceVersion=99"
				      "&resourceVersionMatch=NotOlderThan",
			      NULL, NULL),
		504, "ResourceVersionTooLarge");
}

static void a_reader_that_is_slow_misses_nothing(void **state)
{
	struct server_test *test = *state;
	struct test_call *call;

	make_many(test, 60, 20000);
	call = test_send(test, "GET", WIDGETS "?watch=1&allowWatchBookmarks=1", NULL, NULL);
	http_call_pause(call->call);
	for (int i = 0; i < 3; i++) {
		char patch[60];

		snprintf(patch, sizeof(patch), "{\"spec\":{\"replicas\":%d}}", i);
		assert_answer(test_request(test, "PATCH", WIDGETS "/w0000", MERGE_PATCH, patch),
			200, NULL);
	}
	http_call_resume(call->call);
	test_wait_for(call, "\"MODIFIED\"", 3);
	assert_int_equal(test_count(call, "\"ADDED\""), 60);
	assert_int_equal(test_count(call, "initial-events-end"), 1);
	assert_int_equal(test_count(call, "\"type\":"), 64);
}

static void every_form_of_events_is_its_own(void **state)
{
	struct test_call *plain = watch(*state, "&resourceVersion=1", NULL);
	struct test_call *partial = watch(*state, "&resourceVersion=1", PARTIAL);
	struct test_call *beta = watch(*state, "&resourceVersion=1", PARTIAL_BETA);
	struct test_call *table = watch(*state, "&resourceVersion=1", TABLE);
	struct test_call *initial = watch(*state, "&allowWatchBookmarks=1", PARTIAL);

	make(*state, "a", "red");
	change(*state, "blue");
	test_wait_for(plain, "\"MODIFIED\"", 1);
	test_wait_for(partial, "\"MODIFIED\"", 1);
	test_wait_for(beta, "\"MODIFIED\"", 1);
	test_wait_for(table, "\"MODIFIED\"", 1);
	test_wait_for(initial, "\"MODIFIED\"", 1);
	assert_int_equal(test_count(plain, "\"kind\":\"Widget\""), 2);
	assert_int_equal(test_count(partial, "\"apiVersion\":\"meta.k8s.io/v1\""), 2);
	assert_int_equal(test_count(beta, "\"apiVersion\":\"meta.k8s.io/v1beta1\""), 2);
	assert_int_equal(test_count(table, "\"columnDefinitions\":[{"), 1);
	assert_int_equal(test_count(table, "\"cells\":[\"a\""), 2);
	assert_answer(initial, 200,
		"{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"PartialObjectMetadata\"");
	assert_answer(test_request(*state, "GET", WIDGETS "?watch=1", YAML, NULL), 406, NULL);
}

static void a_watch_of_what_is_forgotten_is_told_so(void **state)
{
	struct server_test *test = *state;
	struct test_call *call;

	make(test, "a", "red");
	make(test, "b", "red");
	storage_fixture_compact(&test->storage, storage_revision(test->storage.storage));
	call = test_request(test, "GET", WIDGETS "?watch=1&resourceVersion=1", NULL, NULL);
	assert_answer(call, 200, "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\"");
	assert_answer(call, 200, "too old resource version: 1 (");
	assert_answer(call, 200, "\"code\":410");
}

static void watches_end_with_their_time_and_with_what_they_watch(void **state)
{
	struct server_test *test = *state;
	struct test_call *timed = test_request(
		test, "GET", WIDGETS "?watch=1&timeoutSeconds=1&allowWatchBookmarks=1", NULL, NULL);
	struct test_call *open = watch(test, "&timeoutSeconds=9223372036854775807", NULL);

	assert_answer(timed, 200, "\"type\":\"BOOKMARK\"");
	assert_false(timed->has_failed);
	assert_false(open->is_over);
	resource_registry_remove(api_server_registry(test->server), STR("test.example.com"),
		STR("v1"), STR("widgets"));
	test_wait(open);
	assert_false(open->has_failed);
	assert_answer(test_request(test, "GET", WIDGETS, NULL, NULL), 404, NULL);
}

static void on_drained(void *context)
{
	*(bool *)context = true;
}

static void a_server_that_drains_ends_its_watches(void **state)
{
	struct server_test *test = *state;
	struct test_call *call = watch(test, "", NULL);
	bool is_drained = false;

	api_server_drain(test->server, on_drained, &is_drained);
	test_wait(call);
	assert_answer(call, 200, NULL);
	assert_false(call->has_failed);
	assert_true(is_drained);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, server_test_setup, server_test_teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_object_comes_in_the_form_that_was_asked_for),
		TEST(a_list_comes_in_the_form_that_was_asked_for),
		TEST(selectors_choose_items),
		TEST(pages_show_one_moment),
		TEST(a_page_whose_moment_is_forgotten_can_be_gone_on_from_now),
		TEST(a_large_list_comes_whole),
		TEST(a_watch_tells_what_happens_after_its_start),
		TEST(objects_enter_and_leave_a_selection),
		TEST(one_object_is_watched_by_its_name),
		TEST(one_object_is_watched_by_its_path),
		TEST(initial_events_end_with_a_bookmark),
		TEST(a_reader_that_is_slow_misses_nothing),
		TEST(every_form_of_events_is_its_own),
		TEST(a_watch_of_what_is_forgotten_is_told_so),
		TEST(watches_end_with_their_time_and_with_what_they_watch),
		TEST(a_server_that_drains_ends_its_watches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
