/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a request without anything that has to do with Kubernetes: TLS and HTTP/2 in front,
 * the private hop, a handler that answers 2 KB, and back. bench_http hop PATH                 the
 * inner server bench_http front PATH CERT KEY      the front; prints its port Then: h2load -n
 * 200000 -c 1 -m 10 https://127.0.0.1:PORT/, and compare both processes' CPU time.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "event_loop.h"
#include "http_client.h"
#include "http_server.h"
#include "tls_context.h"

#define BODY_BYTES 2048

static struct event_loop *loop;
static struct http_client *client;
static struct blob *body;
static unsigned long request_count;

static void answer(void *context, struct http_exchange *exchange)
{
	struct http_headers headers = {0};

	(void)context;
	request_count++;
	http_headers_add(http_exchange_arena(exchange), &headers, STR("content-type"),
		STR("application/json"));
	http_exchange_respond_blob(exchange, 200, &headers, body);
}

struct passed {
	struct http_exchange *exchange;
	struct http_call *call;
	struct http_headers headers;
};

static void on_response(void *context, int status, const struct http_headers *headers)
{
	struct passed *passed = context;
	struct arena *arena = http_exchange_arena(passed->exchange);

	for (size_t i = 0; i < headers->count; i++)
		http_headers_add(arena, &passed->headers,
			arena_copy(arena, headers->entries[i].name),
			arena_copy(arena, headers->entries[i].value));
	http_exchange_start(passed->exchange, status, &passed->headers);
}

static void on_data(void *context, struct str bytes)
{
	struct passed *passed = context;

	if (!http_exchange_write(passed->exchange, bytes))
		http_call_pause(passed->call);
}

static void on_end(void *context)
{
	struct passed *passed = context;

	passed->call = NULL;
	http_exchange_end(passed->exchange);
}

static void on_failure(void *context, enum http_failure failure, const char *message)
{
	struct passed *passed = context;

	(void)failure;
	(void)message;
	passed->call = NULL;
	if (http_exchange_is_started(passed->exchange))
		http_exchange_abort(passed->exchange);
	else
		http_exchange_respond(passed->exchange, 503, NULL, STR_EMPTY);
}

static const struct http_call_handler passing = {on_response, on_data, on_end, on_failure};

static void on_writable(void *context)
{
	struct passed *passed = context;

	if (passed->call)
		http_call_resume(passed->call);
}

static void on_close(void *context)
{
	struct passed *passed = context;

	if (passed->call)
		http_call_cancel(passed->call);
}

static void pass_on(void *context, struct http_exchange *exchange)
{
	const struct http_request *request = http_exchange_request(exchange);
	struct passed *passed = ARENA_NEW(http_exchange_arena(exchange), struct passed);
	const struct http_client_request onward = {
		.method = request->method,
		.path_and_query = request->path,
		.headers = &request->headers,
		.body = request->body,
		.timeout_ns = UINT64_C(60000000000),
	};

	(void)context;
	request_count++;
	passed->exchange = exchange;
	http_exchange_set_handler(exchange, passed, on_writable, on_close);
	passed->call = http_client_send(client, &onward, &passing, passed);
}

static struct str read_file(struct arena *arena, const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = arena_allocate_text(arena, 65536);

	if (!file) {
		perror(path);
		exit(1);
	}
	size_t length = fread(text, 1, 65536, file);

	fclose(file);
	return str_from(text, length);
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
	if (bind(fd, unix_path ? (struct sockaddr *)&un : (struct sockaddr *)&in,
		    unix_path ? sizeof(un) : sizeof(in)) < 0 ||
		listen(fd, 512) < 0) {
		perror("listen");
		exit(1);
	}
	getsockname(fd, (struct sockaddr *)&in, &length);
	printf("%u\n", unix_path ? 0u : ntohs(in.sin_port));
	fflush(stdout);
	return fd;
}

static void on_terminate(void *context)
{
	struct rusage usage;

	(void)context;
	getrusage(RUSAGE_SELF, &usage);
	double microseconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
			      (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);

	fprintf(stderr, "%lu requests, %.2f us of CPU each, %ld KiB at most\n", request_count,
		microseconds / (double)(request_count ? request_count : 1), usage.ru_maxrss);
	event_loop_stop(loop);
}

int main(int argc, char **argv)
{
	bool is_front = argc == 5 && strcmp(argv[1], "front") == 0;
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct http_server_options options = {.on_request = is_front ? pass_on : answer};

	if (!is_front && argc != 3) {
		fprintf(stderr, "usage: bench_http hop PATH | front PATH CERT KEY\n");
		return 2;
	}
	if (is_front) {
		const struct tls_server_options tls = {
			.main = {.certificate_pem = read_file(arena, argv[3]),
				.key_pem = read_file(arena, argv[4])},
			.allow_http2 = true,
		};

		if (tls_context_create(&tls, &options.tls, &err) < 0) {
			fprintf(stderr, "%.*s\n", STR_ARG(err.message));
			return 1;
		}
	}
	options.loop = loop = event_loop_create();
	options.limits.concurrent_streams = is_front ? 0 : 10000;
	body = blob_create_uninitialised(BODY_BYTES);
	memset(body->data, 'x', BODY_BYTES);
	if (is_front)
		client = http_client_create(
			&(struct http_client_options){.loop = loop, .unix_path = argv[2]});

	struct http_server *server = http_server_create(&options);
	int fd = listen_on(is_front ? NULL : argv[2]);
	struct event_signal *terminate = event_signal_create(loop, SIGTERM, on_terminate, NULL);

	http_server_listen(server, fd);
	event_loop_run(loop);
	event_signal_destroy(&terminate);
	http_server_destroy(&server);
	http_client_destroy(&client);
	tls_context_unref(&options.tls);
	blob_unref(&body);
	event_loop_destroy(&loop);
	arena_destroy(&arena);
	close(fd);
	return 0;
}
