/* SPDX-License-Identifier: Apache-2.0 */
#include "http_connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "assertion.h"
#include "clock.h"
#include "memory.h"
#include "tls_session.h"

/*
 * libevent runs an event that is activated by hand in the same turn, after those already active. So
 * flush_event collects what all callbacks of a turn have queued, and costs no system call of its
 * own.
 */

#define READ_BUFFER_BYTES    (64 * 1024)
#define TLS_RECORD_BYTES     (16 * 1024)
#define OUTPUT_BLOCK_BYTES   (16 * 1024 - 64)
#define READ_TURN_BYTES      (256 * 1024)
#define FLUSH_ROUNDS         4
#define LINGER_BYTES_MAXIMUM (4 * 1024 * 1024)
#define PIECES_MAXIMUM       64

/* ---- The shared part ---- */

static void flush(struct http_connection *connection);

static void flush_turn(evutil_socket_t fd, short what, void *context)
{
	struct http_io *io = context;
	struct http_connection *connection;

	(void)fd;
	(void)what;
	io->flush_is_due = false;
	while ((connection = io->dirty_first)) {
		io->dirty_first = connection->dirty_next;
		if (!io->dirty_first)
			io->dirty_last = NULL;
		connection->is_dirty = false;
		flush(connection);
	}
	io->after_flush(io->context);
}

void http_io_init(
	struct http_io *io, struct event_loop *loop, void (*after_flush)(void *), void *context)
{
	io->loop = loop;
	io->after_flush = after_flush;
	io->context = context;
	io->flush_event = event_new(event_loop_base(loop), -1, 0, flush_turn, io);
	io->buffer = memory_allocate(READ_BUFFER_BYTES);
	ASSERT(io->flush_event);
}

void http_io_fini(struct http_io *io)
{
	ASSERT(!io->dirty_first);
	event_free(io->flush_event);
	memory_free(io->buffer);
}

void http_io_wake(struct http_io *io)
{
	if (io->flush_is_due)
		return;
	io->flush_is_due = true;
	event_active(io->flush_event, EV_TIMEOUT, 0);
}

static void undirty(struct http_connection *connection)
{
	struct http_io *io = connection->io;
	struct http_connection *before = NULL;

	if (!connection->is_dirty)
		return;
	for (struct http_connection *at = io->dirty_first; at != connection; at = at->dirty_next)
		before = at;
	if (before)
		before->dirty_next = connection->dirty_next;
	else
		io->dirty_first = connection->dirty_next;
	if (io->dirty_last == connection)
		io->dirty_last = before;
	connection->is_dirty = false;
}

/* ---- Writing ---- */

enum write_result {
	WRITE_DONE,
	WRITE_BLOCKED,
	WRITE_FAILED
};

static ssize_t write_plain(struct http_connection *connection)
{
	struct iovec pieces[PIECES_MAXIMUM];
	struct msghdr message = {.msg_iov = pieces};
	ssize_t written;

	message.msg_iovlen = (size_t)http_queue_peek(&connection->output, pieces, PIECES_MAXIMUM);
	do
		written = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
	while (written < 0 && errno == EINTR);
	return written;
}

/* One record: of the first piece alone when it is long, else of several copied together. */
static ssize_t write_tls(struct http_connection *connection)
{
	struct iovec pieces[PIECES_MAXIMUM];
	int count = http_queue_peek(&connection->output, pieces, PIECES_MAXIMUM);
	const char *data = pieces[0].iov_base;
	size_t length = pieces[0].iov_len;

	if (count > 1 && length < TLS_RECORD_BYTES) {
		length = 0;
		for (int i = 0; i < count && length < TLS_RECORD_BYTES; i++) {
			size_t part = pieces[i].iov_len;

			if (part > TLS_RECORD_BYTES - length)
				part = TLS_RECORD_BYTES - length;
			memcpy(connection->io->buffer + length, pieces[i].iov_base, part);
			length += part;
		}
		data = connection->io->buffer;
	}
	if (length > TLS_RECORD_BYTES)
		length = TLS_RECORD_BYTES;
	ERR_clear_error();

	int written = SSL_write(connection->ssl, data, (int)length);

	if (written > 0)
		return written;

	int error = SSL_get_error(connection->ssl, written);

	errno = error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ ? EAGAIN : EPIPE;
	return -1;
}

static enum write_result write_output(struct http_connection *connection)
{
	size_t budget = READ_TURN_BYTES * 4;
	bool moved = false;

	while (connection->output.bytes > 0) {
		ssize_t written = connection->ssl ? write_tls(connection) : write_plain(connection);

		if (written < 0)
			return errno == EAGAIN ? WRITE_BLOCKED : WRITE_FAILED;
		http_queue_consume(&connection->output, (size_t)written);
		connection->written_bytes += (uint64_t)written;
		if (!moved)
			connection->progress_ns = clock_now_ns();
		moved = true;
		/* The others shall have their turn too. */
		if ((size_t)written >= budget)
			return WRITE_BLOCKED;
		budget -= (size_t)written;
	}
	return WRITE_DONE;
}

static void wait_for_write(struct http_connection *connection, bool wait)
{
	if (connection->waits_for_write == wait)
		return;
	connection->waits_for_write = wait;
	if (wait)
		event_add(connection->write_event, NULL);
	else
		event_del(connection->write_event);
}

static void say_goodbye(struct http_connection *connection)
{
	if (connection->ssl) {
		ERR_clear_error();
		SSL_shutdown(connection->ssl);
	}
	shutdown(connection->fd, SHUT_WR);
	connection->state = HTTP_CONNECTION_LINGERING;
	http_connection_resume_reading(connection);
}

static void flush(struct http_connection *connection)
{
	if (connection->state != HTTP_CONNECTION_OPEN &&
		connection->state != HTTP_CONNECTION_FINISHING)
		return;
	for (int round = 0; round < FLUSH_ROUNDS; round++) {
		bool was_empty = connection->output.bytes == 0;

		if (connection->state == HTTP_CONNECTION_OPEN)
			connection->handler->on_fill(connection->context);
		if (connection->state == HTTP_CONNECTION_CLOSED)
			return;
		if (connection->output.bytes == 0) {
			wait_for_write(connection, false);
			if (connection->state == HTTP_CONNECTION_FINISHING)
				say_goodbye(connection);
			return;
		}
		if (was_empty)
			connection->progress_ns = clock_now_ns();

		enum write_result result = write_output(connection);

		if (result == WRITE_FAILED) {
			http_connection_close(connection);
			return;
		}
		if (result == WRITE_BLOCKED)
			break;
	}
	wait_for_write(connection, true);
}

void http_connection_flush_later(struct http_connection *connection)
{
	struct http_io *io = connection->io;

	if (connection->is_dirty || connection->state == HTTP_CONNECTION_CLOSED)
		return;
	connection->is_dirty = true;
	connection->dirty_next = NULL;
	if (io->dirty_last)
		io->dirty_last->dirty_next = connection;
	else
		io->dirty_first = connection;
	io->dirty_last = connection;
	http_io_wake(io);
}

/* ---- Reading ---- */

/* Fills the shared buffer as far as bytes are there. <0: ended; 0: nothing now. */
static ssize_t read_tls(struct http_connection *connection)
{
	char *buffer = connection->io->buffer;
	size_t length = 0;

	while (READ_BUFFER_BYTES - length >= TLS_RECORD_BYTES) {
		ERR_clear_error();
		int got = SSL_read(connection->ssl, buffer + length, TLS_RECORD_BYTES);

		if (tls_session_is_abused(connection->ssl, connection->read_bytes))
			return -1;
		if (got > 0) {
			length += (size_t)got;
			connection->read_bytes += (uint64_t)got;
			/* Asking once more would cost a system call to hear that there is none. */
			if (!SSL_has_pending(connection->ssl))
				break;
			continue;
		}
		int error = SSL_get_error(connection->ssl, got);

		if (error == SSL_ERROR_WANT_WRITE)
			wait_for_write(connection, true);
		else if (error != SSL_ERROR_WANT_READ && length == 0)
			return -1;
		break;
	}
	return (ssize_t)length;
}

static ssize_t read_plain(struct http_connection *connection)
{
	ssize_t got;

	do
		got = recv(connection->fd, connection->io->buffer, READ_BUFFER_BYTES, 0);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		return got;
	return got < 0 && errno == EAGAIN ? 0 : -1;
}

static void deliver(struct http_connection *connection, size_t length)
{
	if (connection->state == HTTP_CONNECTION_OPEN) {
		connection->handler->on_data(
			connection->context, str_from(connection->io->buffer, length));
		return;
	}
	connection->lingered_bytes += length;
	if (connection->lingered_bytes > LINGER_BYTES_MAXIMUM)
		http_connection_close(connection);
}

static void read_some(struct http_connection *connection)
{
	size_t taken = 0;

	while (connection->is_reading) {
		ssize_t got = connection->ssl ? read_tls(connection) : read_plain(connection);

		if (got < 0)
			http_connection_close(connection);
		if (got <= 0)
			return;
		deliver(connection, (size_t)got);
		if (connection->state == HTTP_CONNECTION_CLOSED)
			return;
		taken += (size_t)got;
		bool more = connection->ssl ? SSL_has_pending(connection->ssl) != 0
					    : got == READ_BUFFER_BYTES;

		if (!more)
			return;
		if (taken >= READ_TURN_BYTES) {
			/* OpenSSL holds bytes that the kernel will not announce again. */
			if (connection->ssl && connection->is_reading)
				event_active(connection->read_event, EV_READ, 0);
			return;
		}
	}
}

static void answer_plain_http(struct http_connection *connection)
{
	static const char text[] = "HTTP/1.0 400 Bad Request\r\n\r\n"
				   "Client sent an HTTP request to an HTTPS server.\n";

	if (send(connection->fd, text, sizeof(text) - 1, MSG_NOSIGNAL) > 0) {
		SSL_free(connection->ssl);
		connection->ssl = NULL;
		say_goodbye(connection);
	}
}

static void shake_hands(struct http_connection *connection)
{
	ERR_clear_error();
	int result = SSL_do_handshake(connection->ssl);

	if (result == 1) {
		wait_for_write(connection, false);
		connection->state = HTTP_CONNECTION_OPEN;
		connection->handler->on_open(connection->context);
		if (connection->state == HTTP_CONNECTION_OPEN && SSL_has_pending(connection->ssl))
			read_some(connection);
		return;
	}
	int error = SSL_get_error(connection->ssl, result);

	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		wait_for_write(connection, error == SSL_ERROR_WANT_WRITE);
		return;
	}
	if (tls_session_saw_plain_http())
		answer_plain_http(connection);
	ERR_clear_error();
	if (connection->state == HTTP_CONNECTION_HANDSHAKE)
		http_connection_close(connection);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct http_connection *connection = context;

	(void)fd;
	(void)what;
	if (connection->state == HTTP_CONNECTION_HANDSHAKE)
		shake_hands(connection);
	else if (connection->state != HTTP_CONNECTION_CLOSED)
		read_some(connection);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct http_connection *connection = context;

	(void)fd;
	(void)what;
	if (connection->state == HTTP_CONNECTION_HANDSHAKE)
		shake_hands(connection);
	else
		http_connection_flush_later(connection);
}

/* ---- Life ---- */

void http_connection_start(struct http_connection *connection, struct http_io *io, int fd,
	struct ssl_st *ssl, const struct http_connection_handler *handler, void *context)
{
	struct event_base *base = event_loop_base(io->loop);

	connection->io = io;
	connection->fd = fd;
	connection->ssl = ssl;
	connection->handler = handler;
	connection->context = context;
	connection->output.block_bytes = OUTPUT_BLOCK_BYTES;
	connection->state = ssl ? HTTP_CONNECTION_HANDSHAKE : HTTP_CONNECTION_OPEN;
	connection->read_event = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, connection);
	connection->write_event =
		event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, connection);
	ASSERT(connection->read_event && connection->write_event);
	connection->is_reading = true;
	event_add(connection->read_event, NULL);
	if (!ssl)
		handler->on_open(context);
}

void http_connection_pause_reading(struct http_connection *connection)
{
	if (!connection->is_reading)
		return;
	connection->is_reading = false;
	event_del(connection->read_event);
}

void http_connection_resume_reading(struct http_connection *connection)
{
	if (connection->is_reading || connection->state == HTTP_CONNECTION_CLOSED)
		return;
	connection->is_reading = true;
	event_add(connection->read_event, NULL);
	if (connection->ssl && SSL_has_pending(connection->ssl))
		event_active(connection->read_event, EV_READ, 0);
}

void http_connection_finish(struct http_connection *connection)
{
	if (connection->state == HTTP_CONNECTION_HANDSHAKE)
		http_connection_close(connection);
	if (connection->state != HTTP_CONNECTION_OPEN)
		return;
	connection->state = HTTP_CONNECTION_FINISHING;
	http_connection_flush_later(connection);
}

static void release(struct http_connection *connection)
{
	undirty(connection);
	if (connection->read_event)
		event_free(connection->read_event);
	if (connection->write_event)
		event_free(connection->write_event);
	connection->read_event = NULL;
	connection->write_event = NULL;
	connection->is_reading = false;
	connection->waits_for_write = false;
	SSL_free(connection->ssl);
	connection->ssl = NULL;
	ERR_clear_error();
	if (connection->fd >= 0)
		close(connection->fd);
	connection->fd = -1;
	http_queue_clear(&connection->output);
}

void http_connection_close(struct http_connection *connection)
{
	if (connection->state == HTTP_CONNECTION_CLOSED)
		return;
	if (connection->ssl && connection->state != HTTP_CONNECTION_HANDSHAKE) {
		ERR_clear_error();
		SSL_shutdown(connection->ssl);
	}
	connection->state = HTTP_CONNECTION_CLOSED;
	release(connection);
	connection->handler->on_end(connection->context);
}

void http_connection_reset(struct http_connection *connection)
{
	static const struct linger reset = {.l_onoff = 1};

	if (connection->state == HTTP_CONNECTION_CLOSED)
		return;
	setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	SSL_free(connection->ssl);
	connection->ssl = NULL;
	http_connection_close(connection);
}

void http_connection_fini(struct http_connection *connection)
{
	connection->state = HTTP_CONNECTION_CLOSED;
	release(connection);
}
