/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_HTTP_CLIENT_PRIVATE_H
#define TROIKA_HTTP_CLIENT_PRIVATE_H

#include "http_client.h"
#include "http_connection.h"

/* What the files of the client share. */
struct client_link;
struct nghttp2_session;
struct nghttp2_session_callbacks;
struct nghttp2_option;

struct http_call {
	struct http_client *client;
	struct client_link *link;          /* NULL: waits for a connection */
	struct http_call *previous, *next; /* of its link, or of those that wait */
	struct http_call_handler handler;
	void *context;
	struct arena *arena;                /* the call lives in it */
	struct http_client_request request; /* texts and headers copied */
	struct http_headers request_headers;
	struct http_queue body;
	struct http_headers response_headers;
	size_t response_header_bytes;
	uint64_t deadline_ns;   /* UINT64_MAX: none */
	uint64_t sent_at_bytes; /* where its HEADERS end in the link's output */
	size_t held_bytes;      /* received while paused, not given back */
	int32_t stream_id;
	int status;
	bool is_sent;     /* its HEADERS are in the link's output */
	bool is_answered; /* on_response was called */
	bool is_paused;
	bool is_complete; /* the whole response is there */
	bool is_closed;   /* its stream is gone */
};

struct call_list {
	struct http_call *first, *last;
	size_t count;
};

/* One connection; calls are on it from submission to their end. */
struct client_link {
	struct http_connection transport;
	struct http_client *client;
	struct client_link *next;
	struct nghttp2_session *session;
	struct call_list calls;
	bool is_leaving; /* takes no more calls */
	bool is_ended;
};

#define CLIENT_ARENAS_KEPT 32

struct http_client {
	struct http_io io;
	char *unix_path;
	unsigned connections;
	uint32_t stream_window_bytes;
	struct client_link *links;
	struct call_list waiting;
	struct event_timer *retry_timer;
	uint64_t retry_delay_ns;
	struct event_timer *deadline_timer;
	uint64_t deadline_ns; /* for which the timer runs */
	struct arena *arenas[CLIENT_ARENAS_KEPT];
	size_t arena_count;
	struct nghttp2_session_callbacks *callbacks;
	struct nghttp2_option *option;
	unsigned in_callbacks;
	int connect_errno; /* why those that wait cannot be sent at all; 0: they can */
	bool is_destroyed;
};

/* ---- http_client.c ---- */

void call_list_append(struct call_list *list, struct http_call *call);
void call_list_remove(struct call_list *list, struct http_call *call);
/* Takes the call off its list, calls back and frees it. */
void call_end(struct http_call *call);
void call_fail(struct http_call *call, enum http_failure failure, const char *message);
/* Puts what waits on links, connecting as needed. */
void client_send_waiting(struct http_client *client);

/* ---- client_link.c ---- */

void client_links_init(struct http_client *client);
void client_links_fini(struct http_client *client);
/* A connected link, or NULL with errno set. */
struct client_link *client_link_open(struct http_client *client);
void client_link_free(struct client_link *link);
void client_link_submit(struct client_link *link, struct http_call *call);
/* The stream is of no interest any more. */
void client_link_forget(struct http_call *call);
/* Gives back the window for bytes that were held. */
void client_link_consume(struct http_call *call, size_t bytes);

#endif
