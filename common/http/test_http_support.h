/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TEST_HTTP_SUPPORT_H
#define TROIKA_TEST_HTTP_SUPPORT_H

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "buffer.h"
#include "event_loop.h"
#include "http_client.h"
#include "http_server.h"

/* Our server and our client on one loop, over a Unix socket in a directory of its own. */
struct fixture {
	struct event_loop *loop;
	struct http_server *server;
	struct http_client *client;
	int listener;
	char directory[32];
	char socket_path[64];
	/* What the server saw of the exchange that it keeps open, or of the last. */
	struct http_exchange *held;
	unsigned closes, writables, refusals, peers;
	bool admits; /* whether check_peer lets the client in */
	/* What /big has still to send, in pieces of this. */
	size_t big_left;
	struct blob *big_piece;
};

extern struct fixture fixture;

int setup(void **state);
int teardown(void **state);
#define HTTP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Makes the server anew (NULL: with the usual limits), and a listener for it. */
void create_server(const struct http_limits *limits);
void start_listening(void);

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

/* Fills a struct call; stops the loop when it ends or fails. */
extern const struct http_call_handler call_handler;
void send_call(struct call *call, struct str method, struct str path, struct str body);
void fini_call(struct call *call);

/* Some turns of the loop, so that what is on its way arrives. */
void turn(int count);
void turn_until_held(void);

#endif
