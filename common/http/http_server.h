/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_HTTP_SERVER_H
#define TROIKA_HTTP_SERVER_H

#include "http_message.h"

/*
 * HTTP/1.1 and HTTP/2 on listening sockets that somebody else opened: over TLS (ALPN chooses), or
 * plain, where a client that starts with the HTTP/2 preface gets HTTP/2. Framing is checked
 * strictly; what is malformed never reaches a handler.
 */
struct event_loop;
struct tls_context;
struct http_server;
struct http_exchange;

/* Called with each whole request. The handler answers now or later, through the exchange. */
typedef void (*http_request_fn)(void *context, struct http_exchange *exchange);
/* Unix sockets: called before a byte is read; false closes the connection. */
typedef bool (*http_peer_check_fn)(void *context, const struct http_peer *peer);

struct http_limits {
	size_t header_bytes;              /* 0: 65,536; over it 431 */
	size_t header_count;              /* 0: 256 */
	size_t uri_bytes;                 /* 0: 16,384 */
	size_t body_bytes;                /* 0: 3,145,728; over it the handler below answers 413 */
	uint32_t concurrent_streams;      /* 0: 100 per connection; the private hop uses more */
	uint32_t stream_window_bytes;     /* 0: 262,144 */
	uint32_t connection_window_bytes; /* 0: 1 MiB */
	/*
	 * What an HTTP/2 connection gets instead of the two above until http_exchange_trust(), or
	 * from the start with a verified certificate. 0: what all get.
	 */
	uint32_t stranger_streams;
	uint32_t stranger_window_bytes;
	/*
	 * 0: 10,000, or three quarters of the descriptors that the process may have if that is
	 * less. A quarter of it may still be before the end of their handshake, half of these from
	 * one address (one /64).
	 */
	uint32_t maximum_connections;
	uint64_t header_timeout_ns;       /* 0: 10 s to the first whole header */
	uint64_t idle_timeout_ns;         /* 0: 90 s; UINT64_MAX: never */
	uint64_t pressed_idle_timeout_ns; /* 0: 5 s; while 3/4 of the connections are there */
	uint64_t body_timeout_ns;         /* 0: 60 s */
	uint64_t handshake_timeout_ns;    /* 0: 5 s */
	/* After this many bytes queued towards a client, http_exchange_write says: wait. 0:
	 * 262,144. */
	size_t write_high_water_bytes;
	/* A client that takes nothing of what is queued for it for so long is cut off. 0: 30 s. */
	uint64_t stall_timeout_ns;
};

struct http_server_options {
	struct event_loop *loop;
	struct tls_context *tls; /* NULL: plain. Replaced with http_server_set_tls */
	struct http_limits limits;
	http_request_fn on_request;
	http_peer_check_fn check_peer; /* may be NULL */
	/*
	 * Answers a request that framing or limits refuse, before the connection goes: e.g. 413 as
	 * a Kubernetes Status. NULL: a plain text answer. Only status and exchange may be used.
	 */
	void (*on_refused)(void *context, struct http_exchange *exchange, int status);
	void *context;
};

struct http_server *http_server_create(const struct http_server_options *options);
/* Accepts on fd (not owned; non-blocking, listening) from now on. May be called for several. */
void http_server_listen(struct http_server *server, int fd);
/* New connections use the new context; the server takes a reference of its own. */
void http_server_set_tls(struct http_server *server, struct tls_context *tls);
/*
 * No new requests: stops accepting, sends GOAWAY, answers HTTP/1.1 with Connection: close, closes
 * idle connections. Exchanges under way go on. on_drained is called once when none are left.
 */
void http_server_drain(
	struct http_server *server, void (*on_drained)(void *context), void *context);
size_t http_server_exchange_count(const struct http_server *server);
/* Closes everything at once. May be called from on_drained, else not from inside a callback. */
void http_server_destroy(struct http_server **server);

/* ---- One exchange ---- */

const struct http_request *http_exchange_request(const struct http_exchange *exchange);
/* The arena of request and response; freed after on_close. */
struct arena *http_exchange_arena(struct http_exchange *exchange);

/*
 * on_close is called exactly once, whether the response was finished, the client left or the
 * connection broke; the exchange is gone when it returns. on_writable is called when the queue has
 * fallen below half the high-water mark after http_exchange_write said to wait. Either may be NULL.
 */
void http_exchange_set_handler(struct http_exchange *exchange, void *context,
	void (*on_writable)(void *context), void (*on_close)(void *context));
void *http_exchange_context(const struct http_exchange *exchange);

/*
 * The whole response at once; content-length is added, and the body left out for HEAD. Bytes are
 * copied. Header names must be lower case; date is added by the server.
 */
void http_exchange_respond(struct http_exchange *exchange, int status,
	const struct http_headers *headers, struct str body);
/* The same with a shared body: not copied, one reference is taken. */
void http_exchange_respond_blob(struct http_exchange *exchange, int status,
	const struct http_headers *headers, struct blob *body);
/*
 * Before the response: has the client bring its further requests over another connection. HTTP/1.1
 * says so with Connection: close, HTTP/2 with GOAWAY; what is under way on this one goes on.
 */
void http_exchange_close_connection(struct http_exchange *exchange);
/*
 * The client has shown who it is: its HTTP/2 connection gets all streams and the whole window from
 * now on (limits.stranger_streams).
 */
void http_exchange_trust(struct http_exchange *exchange);
/*
 * Starts a response whose body comes in pieces (chunked in HTTP/1.1). A content-length among the
 * headers is passed on; a body that turns out longer or shorter is then cut as by abort.
 */
void http_exchange_start(
	struct http_exchange *exchange, int status, const struct http_headers *headers);
bool http_exchange_is_started(const struct http_exchange *exchange);
/* Queues bytes (copied). True: go on; false: over the high-water mark, wait for on_writable. */
bool http_exchange_write(struct http_exchange *exchange, struct str bytes);
bool http_exchange_write_blob(struct http_exchange *exchange, struct blob *bytes);
/* Bytes queued and not yet handed to the kernel. */
size_t http_exchange_queued_bytes(const struct http_exchange *exchange);
void http_exchange_end(struct http_exchange *exchange);
/* Ends it so that the client sees the body was cut: RST_STREAM, or the connection closed. */
void http_exchange_abort(struct http_exchange *exchange);

#endif
