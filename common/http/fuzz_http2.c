/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our server and our client against a peer that says anything. The first byte chooses: the server
 * from the first byte on, the server behind a preface, or the client. Half a turn is enough of a
 * delay: everything is in the socket before the loop runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "assertion.h"
#include "event_loop.h"
#include "http_client.h"
#include "http_server.h"
#include "server_listener.h"

#define TURNS 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct event_loop *loop;
static int listener;
static char socket_path[64];

static void on_request(void *context, struct http_exchange *exchange)
{
	const struct http_request *request = http_exchange_request(exchange);

	(void)context;
	ASSERT(request->path.length > 0 && request->path.data[0] == '/');
	if (request->body.length > 3) {
		http_exchange_start(exchange, 200, &request->headers);
		http_exchange_write(exchange, request->body);
		if (request->body.length == 4)
			http_exchange_abort(exchange);
		http_exchange_end(exchange);
	} else if (request->path.length != 2) {
		http_exchange_respond(exchange, 200, &request->headers, request->body);
	}
}

static void on_response(void *context, int status, const struct http_headers *headers)
{
	(void)context;
	(void)headers;
	ASSERT(status >= 200 && status <= 999);
}

static void on_data(void *context, struct str bytes)
{
	(void)context;
	(void)bytes;
}

static void on_end(void *context)
{
	--*(int *)context;
}

static void on_failure(void *context, enum http_failure failure, const char *message)
{
	(void)failure;
	ASSERT(message);
	--*(int *)context;
}

static void stop(void *context)
{
	(void)context;
	event_loop_stop(loop);
}

static void turn(void)
{
	for (int i = 0; i < TURNS; i++) {
		event_loop_defer(loop, stop, NULL);
		event_loop_run(loop);
	}
}

static void set_up(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	loop = event_loop_create();
	snprintf(socket_path, sizeof(socket_path), "/tmp/fuzz_http2.%d", (int)getpid());
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	unlink(socket_path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ASSERT(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0);
	ASSERT(listen(listener, 16) == 0);
}

static void put(int fd, const void *data, size_t size)
{
	if (size > 0 && send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
}

static void fuzz_server(const uint8_t *data, size_t size, bool with_preface)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
	struct http_server *server = http_server_create(
		&(struct http_server_options){.loop = loop, .on_request = on_request});
	struct http_peer peer = {.is_unix = true};
	int fds[2];

	ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	server_accept(server, fds[1], &peer, STR("@"), STR(""), 0);
	if (with_preface)
		put(fds[0], preface, sizeof(preface) - 1);
	put(fds[0], data, size);
	turn();
	close(fds[0]);
	turn();
	http_server_destroy(&server);
}

static void fuzz_client(const uint8_t *data, size_t size)
{
	static const char settings[] = "\0\0\0\4\0\0\0\0\0";
	static const struct http_call_handler handler = {on_response, on_data, on_end, on_failure};
	struct http_client *client = http_client_create(
		&(struct http_client_options){.loop = loop, .unix_path = socket_path});
	const struct http_client_request request = {
		.method = STR("POST"), .path_and_query = STR("/a?b"), .body = STR("body")};
	int open = 2;

	http_client_send(client, &request, &handler, &open);
	http_client_send(client, &request, &handler, &open);
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

	ASSERT(fd >= 0);
	put(fd, settings, sizeof(settings) - 1);
	put(fd, data, size);
	turn();
	close(fd);
	turn();
	http_client_destroy(&client);
	ASSERT(open == 0);
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 60000)
		return 0;
	if (!loop)
		set_up();
	if (data[0] % 3 == 2)
		fuzz_client(data + 1, size - 1);
	else
		fuzz_server(data + 1, size - 1, data[0] % 3 == 1);
	return 0;
}
