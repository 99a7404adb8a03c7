/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TEST_EXT_SERVER_H
#define TROIKA_TEST_EXT_SERVER_H

#include "event_loop.h"
#include "ext_server.h"
#include "test_ext_support.h"

/* The whole server on a store of its own, driven over a Unix socket. */
struct answer {
	int status;
	struct buffer body;
};

struct fixture {
	char directory[64];
	char socket_path[96];
	uid_t uid;
	struct event_loop *loop;
	struct event_timer *deadline;
	struct storage *storage;
	struct authorizer *authorizer;
	struct ext_server server;
	struct http_client *client;
	struct arena *arena;
	int fd;
};

int set_up(void **state);
int tear_down(void **state);
#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* The server and its client; the store's files outlive them until tear_down. */
void start(struct fixture *fixture);
void stop(struct fixture *fixture);

/* ---- Calls ---- */

struct waiting_call {
	struct fixture *fixture;
	struct answer answer;
};

/* For a struct http_call_handler whose context begins with a struct waiting_call. */
void on_response(void *context, int status, const struct http_headers *headers);
void on_failure(void *context, enum http_failure failure, const char *message);

/* The answer's body as a tree (a string when it is no JSON), and its status. */
struct json_value call(struct fixture *fixture, const char *method, const char *path,
	const struct json_value *body, int *ret_status);
/* The same with a body in the style of parse(); fails the test on another status. */
struct json_value expect(struct fixture *fixture, int expected, const char *method,
	const char *path, const char *body);

#endif
