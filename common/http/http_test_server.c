/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server for tests: http_test_server [--unix PATH] [--tls CERT KEY [CA]] [--fast]
 * [--connections N] [--strangers STREAMS].
 * Without --unix it listens on a free port of the loopback address. Prints the port (or the path)
 * as its first line and then serves until SIGTERM, upon which it drains. /echo    the request's
 * body /head    what was understood of the request /big?N   N bytes, written in pieces with regard
 * to the high-water mark /stream  three pieces /never   no answer /abort   a piece and then the cut
 *   /count   requests handled so far   /trust   the client is no stranger any more
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "buffer.h"
#include "event_loop.h"
#include "http_server.h"
#include "memory.h"
#include "tls_context.h"

static struct event_loop *loop;
static struct http_server *server;
static uint64_t request_count;

static void respond_text(struct http_exchange *exchange, int status, struct str text)
{
	struct http_headers headers = {0};

	http_headers_add(
		http_exchange_arena(exchange), &headers, STR("content-type"), STR("text/plain"));
	http_exchange_respond(exchange, status, &headers, text);
}

static void describe(struct http_exchange *exchange)
{
	const struct http_request *request = http_exchange_request(exchange);
	const struct http_peer *peer = request->peer;
	struct buffer text = {0};

	buffer_printf(&text, "HTTP/%d %.*s %.*s ?%.*s @%.*s %zu\n", request->http_major,
		STR_ARG(request->method), STR_ARG(request->path), STR_ARG(request->query),
		STR_ARG(request->authority), request->body.length);
	if (peer->tls)
		buffer_printf(&text, "cn=%.*s\n", STR_ARG(peer->tls->common_name));
	if (peer->has_unverified_certificate)
		buffer_append(&text, STR("unverified\n"));
	for (size_t i = 0; i < request->headers.count; i++)
		buffer_printf(&text, "%.*s: %.*s\n", STR_ARG(request->headers.entries[i].name),
			STR_ARG(request->headers.entries[i].value));
	respond_text(exchange, 200, buffer_str(&text));
	buffer_fini(&text);
}

struct big {
	struct http_exchange *exchange;
	uint64_t left;
};

static void big_write(void *context)
{
	struct big *big = context;
	static char piece[8192];

	if (piece[0] == '\0')
		memset(piece, 'x', sizeof(piece));
	while (big->left > 0) {
		size_t length = big->left < sizeof(piece) ? (size_t)big->left : sizeof(piece);

		big->left -= length;
		if (!http_exchange_write(big->exchange, str_from(piece, length)) && big->left > 0)
			return;
	}
	http_exchange_end(big->exchange);
}

static void big_start(struct http_exchange *exchange)
{
	struct big *big = ARENA_NEW(http_exchange_arena(exchange), struct big);

	big->exchange = exchange;
	str_parse_u64(http_exchange_request(exchange)->query, UINT64_MAX, &big->left);
	http_exchange_set_handler(exchange, big, big_write, NULL);
	http_exchange_start(exchange, 200, NULL);
	big_write(big);
}

static void on_request(void *context, struct http_exchange *exchange)
{
	const struct http_request *request = http_exchange_request(exchange);
	struct str path = request->path;

	(void)context;
	request_count++;
	if (str_equal(path, STR("/echo"))) {
		http_exchange_respond(exchange, 200, NULL, request->body);
	} else if (str_equal(path, STR("/head"))) {
		describe(exchange);
	} else if (str_equal(path, STR("/big"))) {
		big_start(exchange);
	} else if (str_equal(path, STR("/stream"))) {
		http_exchange_start(exchange, 200, NULL);
		http_exchange_write(exchange, STR("one "));
		http_exchange_write(exchange, STR("two "));
		http_exchange_write(exchange, STR("three"));
		http_exchange_end(exchange);
	} else if (str_equal(path, STR("/abort"))) {
		http_exchange_start(exchange, 200, NULL);
		http_exchange_write(exchange, STR("one "));
		http_exchange_abort(exchange);
	} else if (str_equal(path, STR("/count"))) {
		respond_text(exchange, 200,
			arena_printf(http_exchange_arena(exchange), "%llu %zu",
				(unsigned long long)request_count,
				http_server_exchange_count(server)));
	} else if (str_equal(path, STR("/trust"))) {
		http_exchange_trust(exchange);
		respond_text(exchange, 200, STR("welcome"));
	} else if (!str_equal(path, STR("/never"))) {
		respond_text(exchange, 404, STR("404 page not found\n"));
	}
}

static int listen_on(const char *unix_path)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	socklen_t length = sizeof(in);
	int fd = socket(unix_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (unix_path) {
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", unix_path);
		unlink(unix_path);
	}
	if (fd < 0 ||
		bind(fd, unix_path ? (struct sockaddr *)&un : (struct sockaddr *)&in,
			unix_path ? sizeof(un) : sizeof(in)) < 0 ||
		listen(fd, 512) < 0) {
		perror("listen");
		exit(1);
	}
	getsockname(fd, (struct sockaddr *)&in, &length);
	if (unix_path)
		printf("%s\n", unix_path);
	else
		printf("%u\n", ntohs(in.sin_port));
	fflush(stdout);
	return fd;
}

static struct str read_file(struct arena *arena, const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = arena_allocate_text(arena, 65536);
	size_t length = file ? fread(text, 1, 65536, file) : 0;

	if (!file) {
		perror(path);
		exit(1);
	}
	fclose(file);
	return str_from(text, length);
}

static void on_drained(void *context)
{
	(void)context;
	event_loop_stop(loop);
}

static void on_terminate(void *context)
{
	(void)context;
	http_server_drain(server, on_drained, NULL);
}

int main(int argc, char **argv)
{
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct http_server_options options = {.on_request = on_request};
	struct tls_server_options tls = {.allow_http2 = true};
	const char *unix_path = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--unix") == 0 && i + 1 < argc) {
			unix_path = argv[++i];
		} else if (strcmp(argv[i], "--fast") == 0) {
			options.limits.header_timeout_ns = 300000000;
			options.limits.idle_timeout_ns = 600000000;
			options.limits.body_timeout_ns = 500000000;
			options.limits.handshake_timeout_ns = 300000000;
			options.limits.stall_timeout_ns = 500000000;
		} else if (strcmp(argv[i], "--connections") == 0 && i + 1 < argc) {
			options.limits.maximum_connections = (uint32_t)strtoul(argv[++i], NULL, 10);
		} else if (strcmp(argv[i], "--strangers") == 0 && i + 1 < argc) {
			options.limits.stranger_streams = (uint32_t)strtoul(argv[++i], NULL, 10);
			options.limits.stranger_window_bytes = 65535;
		} else if (strcmp(argv[i], "--tls") == 0 && i + 2 < argc) {
			tls.main.certificate_pem = read_file(arena, argv[++i]);
			tls.main.key_pem = read_file(arena, argv[++i]);
			if (i + 1 < argc && argv[i + 1][0] != '-')
				tls.client_ca_pem = read_file(arena, argv[++i]);
		}
	}
	if (tls.main.key_pem.length > 0 && tls_context_create(&tls, &options.tls, &err) < 0) {
		fprintf(stderr, "%.*s\n", STR_ARG(err.message));
		return 1;
	}
	options.loop = loop = event_loop_create();
	server = http_server_create(&options);

	int fd = listen_on(unix_path);
	struct event_signal *terminate = event_signal_create(loop, SIGTERM, on_terminate, NULL);

	http_server_listen(server, fd);
	event_loop_run(loop);
	event_signal_destroy(&terminate);
	http_server_destroy(&server);
	tls_context_unref(&options.tls);
	event_loop_destroy(&loop);
	arena_destroy(&arena);
	close(fd);
	return 0;
}
