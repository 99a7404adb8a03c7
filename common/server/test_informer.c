/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "assertion.h"
#include "buffer.h"
#include "event_loop.h"
#include "http_server.h"
#include "informer.h"
#include "memory.h"

#define TEST_DEADLINE_NS UINT64_C(10000000000)

/* One answer: what the request's query must hold, and what comes back. */
struct answer {
	const char *query;
	int status;
	const char *body;
	bool stays_open; /* a watch that does not end by itself */
};

struct fixture {
	struct event_loop *loop;
	struct http_server *server;
	struct http_client *client;
	struct informer *informer;
	struct event_timer *deadline;
	char path[64];
	int fd;
	const struct answer *answers;
	size_t answered;
	size_t answer_count;
	struct buffer log;       /* what the informer told */
	const char *stops_after; /* ends the loop when the log ends with it */
};

static void answer(void *context, struct http_exchange *exchange)
{
	struct fixture *fixture = context;
	const struct http_request *request = http_exchange_request(exchange);
	const struct answer *now = &fixture->answers[fixture->answered];

	if (fixture->answered == fixture->answer_count) {
		http_exchange_start(exchange, 200, NULL);
		return;
	}
	fixture->answered++;
	assert_true(str_find(request->query, str_from_c(now->query)) < request->query.length);
	assert_true(str_equal_c(http_headers_find(&request->headers, STR("x-remote-user")), "me"));
	http_exchange_start(exchange, now->status, NULL);
	http_exchange_write(exchange, str_from_c(now->body));
	if (!now->stays_open)
		http_exchange_end(exchange);
}

static void note(struct fixture *fixture, const char *what, struct str namespace, struct str name)
{
	buffer_printf(&fixture->log, "%s%.*s/%.*s ", what, STR_ARG(namespace), STR_ARG(name));
	if (fixture->stops_after &&
		str_ends_with(buffer_str(&fixture->log), str_from_c(fixture->stops_after)))
		event_loop_stop(fixture->loop);
}

static void on_set(
	void *context, struct str namespace, struct str name, const struct json_value *object)
{
	assert_non_null(json_find(object, STR("metadata")));
	note(context, "+", namespace, name);
}

static void on_gone(void *context, struct str namespace, struct str name)
{
	note(context, "-", namespace, name);
}

static void on_synced(void *context)
{
	note(context, "synced", STR_EMPTY, STR_EMPTY);
}

static void on_deadline(void *context)
{
	(void)context;
	ASSERT(!"the test takes too long");
}

static int listen_on(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static void run(struct fixture *fixture, const struct answer *answers, size_t count,
	const char *stops_after, const char *expected)
{
	static const struct user_info user = {.name = STR_INIT("me")};

	fixture->answers = answers;
	fixture->answer_count = count;
	fixture->stops_after = stops_after;
	fixture->informer = informer_create(&(struct informer_options){
		.loop = fixture->loop,
		.client = fixture->client,
		.user = &user,
		.path = "/things",
		.on_set = on_set,
		.on_gone = on_gone,
		.on_synced = on_synced,
		.context = fixture,
	});
	event_loop_run(fixture->loop);
	buffer_append_byte(&fixture->log, '\0');
	assert_string_equal(fixture->log.data, expected);
	assert_true(informer_is_synced(fixture->informer));
}

static int setup(void **state)
{
	struct fixture *fixture = MEMORY_NEW(struct fixture);

	snprintf(fixture->path, sizeof(fixture->path), "/tmp/test-informer-%d.sock", getpid());
	unlink(fixture->path);
	fixture->loop = event_loop_create();
	fixture->server = http_server_create(&(struct http_server_options){
		.loop = fixture->loop, .on_request = answer, .context = fixture});
	fixture->fd = listen_on(fixture->path);
	http_server_listen(fixture->server, fixture->fd);
	fixture->client = http_client_create(
		&(struct http_client_options){.loop = fixture->loop, .unix_path = fixture->path});
	fixture->deadline = event_timer_create(fixture->loop, on_deadline, NULL);
	event_timer_start(fixture->deadline, TEST_DEADLINE_NS);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	informer_destroy(&fixture->informer);
	http_client_destroy(&fixture->client);
	http_server_destroy(&fixture->server);
	event_timer_destroy(&fixture->deadline);
	event_loop_destroy(&fixture->loop);
	close(fixture->fd);
	unlink(fixture->path);
	buffer_fini(&fixture->log);
	memory_free(fixture);
	return 0;
}

#define META(name, version)                                                                        \
	"{\"metadata\":{\"namespace\":\"n\",\"name\":\"" name "\",\"resourceVersion\":\"" version  \
	"\"}}"
#define EVENT(type, name, version) "{\"type\":\"" type "\",\"object\":" META(name, version) "}\n"
#define LIST(version, more, items)                                                                 \
	"{\"metadata\":{\"resourceVersion\":\"" version "\"" more "},\"items\":[" items "]}"

static void pages_are_listed_then_watched(void **state)
{
	static const struct answer answers[] = {
		{"limit=500", 200, LIST("7", ",\"continue\":\"a=b\"", META("a", "1")), false},
		{"continue=a%3Db", 200, LIST("7", "", META("b", "2")), false},
		{"resourceVersion=7", 200,
			EVENT("ADDED", "c", "8") EVENT("MODIFIED", "a", "9")
				EVENT("DELETED", "b", "10"),
			true},
	};

	run(*state, answers, 3, "-n/b ", "+n/a +n/b synced/ +n/c +n/a -n/b ");
}

static void a_broken_watch_goes_on_from_the_last_version(void **state)
{
	static const struct answer answers[] = {
		{"limit=500", 200, LIST("7", "", META("a", "1")), false},
		{"resourceVersion=7", 200,
			EVENT("ADDED", "b",
				"8") "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"20\"}}}\n"
				     "{\"type\":\"ADD",
			false},
		{"resourceVersion=20", 200, EVENT("ADDED", "c", "21"), true},
	};

	run(*state, answers, 3, "+n/c ", "+n/a synced/ +n/b +n/c ");
}

static void what_has_vanished_meanwhile_is_told_after_a_new_list(void **state)
{
	static const struct answer answers[] = {
		{"limit=500", 200, LIST("7", "", META("a", "1") "," META("b", "2")), false},
		{"resourceVersion=7", 200,
			"{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"too old\"}}\n",
			false},
		{"limit=500", 200, LIST("30", "", META("b", "2")), false},
		{"resourceVersion=30", 200, EVENT("ADDED", "d", "31"), true},
	};

	run(*state, answers, 4, "+n/d ", "+n/a +n/b synced/ +n/b -n/a +n/d ");
}

static void refusals_are_tried_again(void **state)
{
	static const struct answer answers[] = {
		{"limit=500", 503, "no", false},
		{"limit=500", 200, "no json", false},
		{"limit=500", 200, LIST("7", "", META("a", "1")), false},
		{"resourceVersion=7", 410, "gone", false},
		{"limit=500", 200, LIST("9", "", META("a", "1")), false},
		{"resourceVersion=9", 500, "no", false},
		{"resourceVersion=9", 200, EVENT("ADDED", "z", "10"), true},
	};

	run(*state, answers, 7, "+n/z ", "+n/a synced/ +n/a +n/z ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pages_are_listed_then_watched, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_broken_watch_goes_on_from_the_last_version, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_has_vanished_meanwhile_is_told_after_a_new_list, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals_are_tried_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
