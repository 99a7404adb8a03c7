/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_HTTP_SERVER_PRIVATE_H
#define TROIKA_HTTP_SERVER_PRIVATE_H

#include "buffer.h"
#include "http1_parser.h"
#include "http_bucket.h"
#include "http_connection.h"
#include "http_server.h"

/* What the files of the server share. */

struct nghttp2_session;
struct nghttp2_session_callbacks;
struct nghttp2_option;
struct server_connection;
struct server_listener;

struct http_exchange {
	struct http_request request;
	struct http_server *server;
	struct server_connection *connection;  /* NULL: it is gone */
	struct http_exchange *previous, *next; /* on its connection */
	struct http_exchange *next_pending;    /* ready to be handled, or to be closed */
	void *context;
	void (*on_writable)(void *context);
	void (*on_close)(void *context);
	/* Request */
	struct buffer body;
	size_t header_bytes;
	uint64_t body_start_ns;
	int32_t stream_id; /* 0: HTTP/1 */
	int minor_version; /* HTTP/1 */
	int refused_status;
	/* Response */
	struct http_queue output; /* body bytes that the connection has not taken yet */
	struct str head;          /* HTTP/1: not yet sent */
	size_t counted_bytes;     /* of what is queued, in the server's output_bytes */
	uint64_t progress_ns;     /* when output last moved, or last stopped being empty */
	int64_t declared_length;  /* -1: not known beforehand */
	uint64_t written_bytes;
	int status;
	bool is_whole;      /* the request has been received */
	bool is_dispatched; /* the handler has seen it */
	bool is_started, is_ended;
	bool is_bodiless; /* HEAD, 204, 304: what is written is dropped */
	bool is_chunked;
	bool is_aborted;
	bool is_closed; /* waits for on_close and its end */
	bool waits_for_writable, writable_is_due;
	bool has_authority;  /* HTTP/2 */
	bool request_is_cut; /* HTTP/2: answered before it was whole */
	int head_status;     /* HTTP/2: why its head is refused, 0: it is not */
	bool is_deferred;    /* HTTP/2: nghttp2 waits for more body */
};

enum server_protocol {
	SERVER_PROTOCOL_UNKNOWN, /* the first bytes tell */
	SERVER_PROTOCOL_HTTP1,
	SERVER_PROTOCOL_HTTP2,
};

struct server_connection {
	struct http_connection transport;
	struct http_server *server;
	struct server_connection *previous, *next;
	struct server_connection *next_ended;
	struct http_exchange *exchanges, *exchanges_last;
	size_t exchange_count;
	struct tls_context *tls;
	struct tls_identity *identity;
	struct http_peer peer;
	char address_text[64];
	char ip_text[48];
	uint64_t deadline_ns; /* of what is waited for now; UINT64_MAX: nothing */
	enum server_protocol protocol;
	bool is_counted_handshake;
	uint16_t source;            /* which of handshakes_by_source counts it */
	bool closes_after_response; /* HTTP/1 */
	bool has_had_request, is_lingering;
	/* HTTP/1 */
	struct http1_parser parser;
	struct buffer stash; /* what came while a request was under way */
	/* HTTP/2 */
	struct nghttp2_session *session;
	struct http_bucket resets, refusals, glitches;
	bool goaway_sent, is_overrun, is_failed, is_trusted;
};

#define SERVER_ARENAS_KEPT 64
/* Addresses share a slot by a keyed hash, so nobody can choose whom to share with. */
#define SERVER_SOURCE_SLOTS 1024

struct http_server {
	struct http_io io;
	struct http_server_options options;
	struct http_limits limits; /* without zeros */
	struct event_timer *sweep_timer;
	struct event_timer *accept_timer; /* after accept() ran out of descriptors */
	struct tls_context *tls;
	struct server_listener *listeners;
	struct server_connection *connections;
	struct server_connection *ended; /* to be freed */
	struct http_exchange *ready, *ready_last;
	struct http_exchange *closing, *closing_last;
	struct arena *arenas[SERVER_ARENAS_KEPT];
	size_t arena_count;
	size_t connection_count, handshake_count, exchange_count;
	uint16_t handshakes_by_source[SERVER_SOURCE_SLOTS];
	uint64_t source_seed;
	size_t body_bytes;   /* of all requests in memory */
	size_t output_bytes; /* of all responses that wait for their clients */
	uint64_t sweep_ns;
	char date[32];
	int64_t date_wall_seconds;
	struct nghttp2_session_callbacks *callbacks;
	struct nghttp2_option *option;
	void (*on_drained)(void *context);
	void *drain_context;
	bool is_draining, is_accepting;
};

/* ---- http_exchange.c ---- */

struct http_exchange *exchange_create(struct server_connection *connection, int32_t stream_id);
/* Appends to the body within the limits; false: refuse with *ret_status. */
bool exchange_append_body(struct http_exchange *exchange, struct str bytes, int *ret_status);
/* The request is whole, or refused: the handler may be called. */
void exchange_make_ready(struct http_exchange *exchange);
/* Calls the handler for all that are ready; never from inside a parser. */
void exchange_run_ready(struct http_server *server);
/* Takes it off its connection; on_close comes at the end of the turn. */
void exchange_close(struct http_exchange *exchange);
/* Calls on_close and frees. */
void exchange_destroy(struct http_exchange *exchange);
/* The protocol has taken bytes from the output: has on_writable called when it is time. */
void exchange_output_moved(struct http_exchange *exchange);

/* ---- http_server.c ---- */

/* "Mon, 02 Jan 2006 15:04:05 GMT" of now. */
struct str server_date(struct http_server *server);
struct arena *server_take_arena(struct http_server *server);
void server_return_arena(struct http_server *server, struct arena *arena);
/* Sets the connection's deadline; UINT64_MAX: none. */
void server_set_deadline(struct server_connection *connection, uint64_t delay_ns);

/* ---- http1_server.c ---- */

void http1_server_start(struct server_connection *connection);
void http1_server_receive(struct server_connection *connection, struct str bytes);
void http1_server_fill(struct server_connection *connection);
void http1_server_drain(struct server_connection *connection);
void http1_server_fini(struct server_connection *connection);
/* Builds the head; content_length < 0: not known. */
void http1_server_respond(struct http_exchange *exchange, int status,
	const struct http_headers *headers, int64_t content_length);
/* The deadline passed while a request was coming in. */
void http1_server_timeout(struct server_connection *connection);

/* ---- http2_server.c ---- */

void http2_server_init(struct http_server *server);
void http2_server_fini_server(struct http_server *server);
void http2_server_start(struct server_connection *connection);
void http2_server_receive(struct server_connection *connection, struct str bytes);
void http2_server_fill(struct server_connection *connection);
void http2_server_drain(struct server_connection *connection);
/* Gives the connection what strangers do not get. */
void http2_server_trust(struct server_connection *connection);
void http2_server_fini(struct server_connection *connection);
void http2_server_respond(struct http_exchange *exchange, int status,
	const struct http_headers *headers, int64_t content_length);
/* There is more to send, or the end. */
void http2_server_resume(struct http_exchange *exchange);
void http2_server_reset(struct http_exchange *exchange, uint32_t error_code);
/* Answers a request that is not whole yet with that status. */
void http2_server_refuse(struct http_exchange *exchange, int status);
/* Ends the connection with GOAWAY. */
void http2_server_end(struct server_connection *connection, uint32_t error_code);

#endif
