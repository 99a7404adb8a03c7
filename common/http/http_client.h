/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_HTTP_CLIENT_H
#define TROIKA_HTTP_CLIENT_H

#include "http_message.h"

/*
 * The client side of the private hop: HTTP/2 with prior knowledge over a Unix socket, many calls on
 * few connections. Connects when first needed and again after a loss. A server that is away leaves
 * calls waiting in its listener's backlog; nothing here retries a call that was lost.
 */
struct event_loop;
struct http_client;
struct http_call;

struct http_client_options {
	struct event_loop *loop;
	const char *unix_path;
	unsigned connections;         /* 0: 1 */
	uint32_t stream_window_bytes; /* 0: 4 MiB */
};

struct http_client *http_client_create(const struct http_client_options *options);
/* Calls under way fail. */
void http_client_destroy(struct http_client **client);

enum http_failure {
	HTTP_FAILURE_UNSENT,  /* the server never took it up: safe to send again */
	HTTP_FAILURE_LOST,    /* the connection broke: it may have been carried out */
	HTTP_FAILURE_TIMEOUT, /* timeout_ns passed */
};

/* Exactly one of on_end and on_failure is called, unless the call is cancelled. */
struct http_call_handler {
	/* The head; copy what must outlive the callback. */
	void (*on_response)(void *context, int status, const struct http_headers *headers);
	/* A piece of the body; while paused no more come than the stream's window. */
	void (*on_data)(void *context, struct str bytes);
	void (*on_end)(void *context);
	void (*on_failure)(void *context, enum http_failure failure, const char *message);
};

struct http_client_request {
	struct str method;
	struct str path_and_query;
	const struct http_headers *headers; /* lower-case names, without pseudo fields */
	struct str body;                    /* copied */
	uint64_t timeout_ns;                /* to the end of the response; 0: none */
};

/* Sends; the call is gone after on_end or on_failure or cancel. `handler` must outlive it. */
struct http_call *http_client_send(struct http_client *client,
	const struct http_client_request *request, const struct http_call_handler *handler,
	void *context);
/* No callback comes after this; the server sees RST_STREAM. */
void http_call_cancel(struct http_call *call);
/* While paused the window is not given back, so the server stops sending. */
void http_call_pause(struct http_call *call);
void http_call_resume(struct http_call *call);

#endif
