/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TEST_SERVER_SUPPORT_H
#define TROIKA_TEST_SERVER_SUPPORT_H

#include "api_server.h"
#include "buffer.h"
#include "event_loop.h"
#include "http_client.h"
#include "storage_fixture.h"

/*
 * An API server over a store of its own and a client, on one loop: what the tests of this layer
 * share. Resources of the group test.example.com/v1:
 *   widgets  namespaced, spec {color, replicas, link} and status {phase, replicas}, generation,
 * scale racks    cluster-scoped, created by PUT, names are path segments tickets  namespaced,
 * spec.number is allocated (1..4) by a strategy, refuses color "bad", answers deletes with the
 * object, and updates need a resourceVersion
 */
struct server_test {
	struct storage_fixture storage;
	struct event_loop *loop;
	struct api_server *server;
	struct authorizer *authorizer;
	struct rbac *rbac;
	struct http_client *client;
	struct event_timer *deadline;
	struct test_call *calls;
	char path[80];
	int listener;
	uid_t uid;
	/* What check_namespace says, and whether at once. */
	enum namespace_state namespace_state;
	bool namespace_waits;
	bool guards_namespace; /* by the object racks/NAMESPACE, which the first look disturbs */
	struct request_context *waiting;
	namespace_checked_fn waiting_done;
	unsigned namespace_checks;
	/* Of the tickets: numbers that are taken. */
	bool taken[5];
};

/* One request and what has come of it so far. */
struct test_call {
	struct test_call *next;
	struct server_test *test;
	struct http_call *call;
	int status;
	struct buffer body;
	struct buffer warnings; /* a line each */
	char content_type[80];
	bool is_over, has_failed;
	bool is_gzip; /* the body is compressed */
};

int server_test_setup(void **state);
int server_test_setup_rbac(void **state); /* as user "tester", who may only what rules say */
int server_test_teardown(void **state);

/* Runs the loop until the condition holds; a test that waits too long ends the program. */
void test_run_until(struct server_test *test, bool (*condition)(void *context), void *context);

/*
 * Sends a request; headers are lines "name: value\n" (NULL: none), the body NULL or text. Calls are
 * freed with the test.
 */
struct test_call *test_send(struct server_test *test, const char *method, const char *path,
	const char *headers, const char *body);
void test_wait(struct test_call *call);
/* Sends and waits. */
struct test_call *test_request(struct server_test *test, const char *method, const char *path,
	const char *headers, const char *body);
/* Waits until the body holds the text so often; for watches. */
void test_wait_for(struct test_call *call, const char *text, size_t times);
void test_cancel(struct test_call *call);

bool test_holds(const struct test_call *call, const char *text);
size_t test_count(const struct test_call *call, const char *text);
/* The text between `before` and the next `"`, good until the test's end. */
const char *test_extract(const struct test_call *call, const char *before);
/* Fails the test, showing the answer, unless status and a part of the body are as expected. */
#define assert_answer(call, wanted_status, wanted_text)                                            \
	check_answer(call, wanted_status, wanted_text, __FILE__, __LINE__)
void check_answer(
	const struct test_call *call, int status, const char *text, const char *file, int line);
#define assert_without(call, text) check_without(call, text, __FILE__, __LINE__)
void check_without(const struct test_call *call, const char *text, const char *file, int line);

#define MERGE_PATCH           "content-type: application/merge-patch+json\n"
#define JSON_PATCH            "content-type: application/json-patch+json\n"
#define APPLY_PATCH           "content-type: application/apply-patch+yaml\n"
#define TEST_REVISION_WAIT_NS UINT64_C(200000000) /* instead of 3 s */

#define BASE       "/apis/test.example.com/v1"
#define WIDGETS    BASE "/namespaces/n/widgets"
#define TICKETS    BASE "/namespaces/n/tickets"
#define RACKS      BASE "/racks"
#define TYPE(kind) "\"apiVersion\":\"test.example.com/v1\",\"kind\":\"" kind "\""

#endif
