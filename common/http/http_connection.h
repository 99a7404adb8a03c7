/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_HTTP_CONNECTION_H
#define TROIKA_HTTP_CONNECTION_H

#include "event_loop.h"
#include "http_queue.h"

/*
 * A stream socket, plain or TLS, registered in the loop. Private to this layer. What is queued
 * during one turn of the loop goes out at its end, together. Nothing here is freed inside a
 * callback: the owner frees a connection from its after_flush.
 */
struct event;
struct http_connection;
struct ssl_st;

/* What the connections of one server or client share: buffers, and the flush at the turn's end. */
struct http_io {
	struct event_loop *loop;
	/* Called after each flush, to free what ended and to start what is ready. */
	void (*after_flush)(void *context);
	void *context;
	/* private */
	struct event *flush_event;
	struct http_connection *dirty_first, *dirty_last;
	char *buffer;
	bool flush_is_due;
};

void http_io_init(
	struct http_io *io, struct event_loop *loop, void (*after_flush)(void *), void *context);
void http_io_fini(struct http_io *io);
/* Sees to it that after_flush runs at the end of this turn. */
void http_io_wake(struct http_io *io);

struct http_connection_handler {
	/* The handshake is done; at once (from http_connection_start) without TLS. */
	void (*on_open)(void *context);
	/* All of the bytes are to be taken. */
	void (*on_data)(void *context, struct str bytes);
	/* The output is about to be written: add what is ready. */
	void (*on_fill)(void *context);
	/* Closed, by whichever side, called once; the descriptor is gone. */
	void (*on_end)(void *context);
};

enum http_connection_state {
	HTTP_CONNECTION_HANDSHAKE,
	HTTP_CONNECTION_OPEN,
	HTTP_CONNECTION_FINISHING, /* writes what is queued, then says goodbye */
	HTTP_CONNECTION_LINGERING, /* reads until the other side has closed, so that it sees all */
	HTTP_CONNECTION_CLOSED,
};

struct http_connection {
	struct http_io *io;
	const struct http_connection_handler *handler;
	void *context;
	struct http_queue output;
	enum http_connection_state state;
	uint64_t written_bytes; /* to the kernel, since the start */
	uint64_t progress_ns;   /* when output last moved, or last stopped being empty */
	int fd;
	/* private */
	struct ssl_st *ssl;
	struct event *read_event, *write_event;
	struct http_connection *dirty_next;
	size_t lingered_bytes;
	uint64_t read_bytes; /* TLS only */
	bool is_dirty;
	bool is_reading;
	bool waits_for_write;
};

/* Takes over fd and ssl (NULL: plain). Zero-initialised before. */
void http_connection_start(struct http_connection *connection, struct http_io *io, int fd,
	struct ssl_st *ssl, const struct http_connection_handler *handler, void *context);
/* Frees what is left; for a closed connection, or one whose owner goes away (no on_end then). */
void http_connection_fini(struct http_connection *connection);
/* Has on_fill called and the output written at the end of this turn. */
void http_connection_flush_later(struct http_connection *connection);
void http_connection_pause_reading(struct http_connection *connection);
void http_connection_resume_reading(struct http_connection *connection);
/* Writes what is queued, ends our direction and reads on until the other side ends its own. */
void http_connection_finish(struct http_connection *connection);
/* At once; on_end is called before this returns, unless it is closed already. */
void http_connection_close(struct http_connection *connection);
/* The same so that the other side sees a reset, not an end. */
void http_connection_reset(struct http_connection *connection);

#endif
