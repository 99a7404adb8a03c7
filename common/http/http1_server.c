/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "clock.h"
#include "http_server_private.h"
#include "http_syntax.h"

/*
 * One request at a time: what a client pipelines waits in the stash until its turn, so that
 * requests take effect in the order they were sent.
 */

#define STASH_BYTES_MAXIMUM  (64 * 1024)
#define OUTPUT_BYTES_MAXIMUM (256 * 1024)

void http1_server_start(struct server_connection *connection)
{
	const struct http_limits *limits = &connection->server->limits;

	connection->protocol = SERVER_PROTOCOL_HTTP1;
	connection->parser.limits = (struct http1_limits){
		.header_bytes = limits->header_bytes,
		.header_count = limits->header_count,
		.uri_bytes = limits->uri_bytes,
		.body_bytes = limits->body_bytes,
	};
}

void http1_server_fini(struct server_connection *connection)
{
	http1_parser_fini(&connection->parser);
	buffer_fini(&connection->stash);
}

/* ---- Requests ---- */

static void make_ready(struct server_connection *connection)
{
	connection->exchanges->is_whole = true;
	connection->has_had_request = true;
	server_set_deadline(connection, UINT64_MAX);
	exchange_make_ready(connection->exchanges);
}

static void refuse(struct server_connection *connection, int status)
{
	connection->exchanges->refused_status = status;
	connection->closes_after_response = true;
	make_ready(connection);
}

static void take_head(struct server_connection *connection, const struct http1_head *head)
{
	struct http_exchange *exchange = connection->exchanges;
	struct http_request *request = &exchange->request;

	request->method = head->method;
	request->path = head->path;
	request->query = head->query;
	request->authority = head->authority;
	request->headers = head->headers;
	exchange->minor_version = head->minor_version;
	exchange->body_start_ns = clock_now_ns();
	if (!head->keeps_connection || connection->server->is_draining)
		connection->closes_after_response = true;
	if (head->has_body)
		server_set_deadline(connection, connection->server->limits.body_timeout_ns);
	if (head->expects_continue) {
		http_queue_append(
			&connection->transport.output, STR("HTTP/1.1 100 Continue\r\n\r\n"));
		http_connection_flush_later(&connection->transport);
	}
}

/* Parses until a request is whole or the bytes are used up; returns what is left. */
static struct str parse(struct server_connection *connection, struct str input)
{
	struct http1_parser *parser = &connection->parser;
	struct http_exchange *exchange = connection->exchanges;
	struct http1_head head;
	struct str piece;
	int status;

	for (;;) {
		switch (http1_parser_next(parser, exchange->request.arena, &input, &head, &piece)) {
		case HTTP1_MORE:
			return input;
		case HTTP1_HEAD:
			take_head(connection, &head);
			break;
		case HTTP1_BODY:
			if (!exchange_append_body(exchange, piece, &status)) {
				refuse(connection, status);
				return STR_EMPTY;
			}
			break;
		case HTTP1_DONE:
			make_ready(connection);
			return input;
		case HTTP1_REFUSED:
			refuse(connection, http1_parser_status(parser));
			return STR_EMPTY;
		}
	}
}

static void begin_request(struct server_connection *connection)
{
	exchange_create(connection, 0);
	connection->exchanges->body_start_ns = clock_now_ns();
	/* The time to the first head runs from the connection's start. */
	if (connection->has_had_request)
		server_set_deadline(connection, connection->server->limits.header_timeout_ns);
}

void http1_server_receive(struct server_connection *connection, struct str bytes)
{
	struct http_exchange *exchange = connection->exchanges;

	if (!exchange || !exchange->is_whole) {
		if (str_is_empty(bytes))
			return;
		if (!exchange)
			begin_request(connection);
		bytes = parse(connection, bytes);
	}
	/* Behind a request that is the last one, nothing counts. */
	if (str_is_empty(bytes) || connection->closes_after_response)
		return;
	buffer_append(&connection->stash, bytes);
	if (connection->stash.length > STASH_BYTES_MAXIMUM)
		http_connection_pause_reading(&connection->transport);
}

void http1_server_timeout(struct server_connection *connection)
{
	if (!connection->exchanges)
		http_connection_finish(&connection->transport);
	else if (!connection->exchanges->is_whole)
		refuse(connection, 408);
}

void http1_server_drain(struct server_connection *connection)
{
	connection->closes_after_response = true;
	if (!connection->exchanges)
		http_connection_finish(&connection->transport);
}

/* ---- Responses ---- */

static bool is_ours(struct str name)
{
	return str_equal(name, STR("content-length")) || str_equal(name, STR("connection")) ||
	       str_equal(name, STR("transfer-encoding")) || str_equal(name, STR("date")) ||
	       str_equal(name, STR("keep-alive"));
}

static char *put(char *at, struct str text)
{
	if (text.length > 0)
		memcpy(at, text.data, text.length);
	return at + text.length;
}

/* "content-type" as "Content-Type", which is how HTTP/1.1 clients and people know it. */
static char *put_name(char *at, struct str name)
{
	bool starts_word = true;

	for (size_t i = 0; i < name.length; i++) {
		char c = name.data[i];

		*at++ = starts_word && c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
		starts_word = c == '-';
	}
	return at;
}

static struct str framing_fields(struct http_exchange *exchange, int status, int64_t content_length)
{
	struct server_connection *connection = exchange->connection;
	struct arena *arena = exchange->request.arena;
	const char *persistence = "";

	exchange->is_chunked = false;
	if (content_length < 0 && !exchange->is_bodiless) {
		exchange->is_chunked = exchange->minor_version == 1;
		/* To an HTTP/1.0 client only the end of the connection tells. */
		connection->closes_after_response |= !exchange->is_chunked;
	}
	if (connection->closes_after_response)
		persistence = "Connection: close\r\n";
	else if (exchange->minor_version == 0)
		persistence = "Connection: keep-alive\r\n";
	if (exchange->is_chunked)
		return arena_printf(arena, "%sTransfer-Encoding: chunked\r\n", persistence);
	if (content_length < 0 || status == 204 || status == 304)
		return arena_printf(arena, "%s", persistence);
	return arena_printf(
		arena, "%sContent-Length: %lld\r\n", persistence, (long long)content_length);
}

void http1_server_respond(struct http_exchange *exchange, int status,
	const struct http_headers *headers, int64_t content_length)
{
	struct arena *arena = exchange->request.arena;
	struct str framing = framing_fields(exchange, status, content_length);
	struct str first = arena_printf(arena, "HTTP/1.1 %d %s\r\nDate: %.*s\r\n", status,
		http_status_text(status), STR_ARG(server_date(exchange->server)));
	size_t length = first.length + framing.length + 2;

	for (size_t i = 0; i < headers->count; i++)
		length += headers->entries[i].name.length + headers->entries[i].value.length + 4;

	char *text = arena_allocate_text(arena, length);
	char *at = put(text, first);

	for (size_t i = 0; i < headers->count; i++) {
		if (is_ours(headers->entries[i].name))
			continue;
		at = put(put_name(at, headers->entries[i].name), STR(": "));
		at = put(put(at, headers->entries[i].value), STR("\r\n"));
	}
	at = put(put(at, framing), STR("\r\n"));
	exchange->head = str_from(text, (size_t)(at - text));
}

static void next_request(struct server_connection *connection)
{
	struct buffer stash = connection->stash;

	http1_parser_reset(&connection->parser);
	server_set_deadline(connection, connection->server->limits.idle_timeout_ns);
	connection->stash = (struct buffer){0};
	http_connection_resume_reading(&connection->transport);
	http1_server_receive(connection, buffer_str(&stash));
	buffer_fini(&stash);
}

static void finish_response(struct server_connection *connection)
{
	struct http_exchange *exchange = connection->exchanges;

	if (exchange->is_chunked)
		http_queue_append(&connection->transport.output, STR("0\r\n\r\n"));
	exchange_close(exchange);
	if (connection->closes_after_response)
		http_connection_finish(&connection->transport);
	else
		next_request(connection);
}

void http1_server_fill(struct server_connection *connection)
{
	struct http_exchange *exchange = connection->exchanges;
	struct http_queue *output = &connection->transport.output;

	if (!exchange)
		return;
	if (exchange->is_aborted) {
		http_connection_reset(&connection->transport);
		return;
	}
	if (!exchange->is_started)
		return;
	if (exchange->head.length > 0) {
		http_queue_append(output, exchange->head);
		exchange->head = STR_EMPTY;
	}
	if (exchange->output.bytes > 0 && output->bytes < OUTPUT_BYTES_MAXIMUM) {
		size_t length = exchange->output.bytes;
		char size[24];

		if (length > OUTPUT_BYTES_MAXIMUM)
			length = OUTPUT_BYTES_MAXIMUM;
		if (exchange->is_chunked) {
			int digits = snprintf(size, sizeof(size), "%zx\r\n", length);

			http_queue_append(output, str_from(size, (size_t)digits));
		}
		http_queue_move(output, &exchange->output, length);
		if (exchange->is_chunked)
			http_queue_append(output, STR("\r\n"));
	}
	exchange_output_moved(exchange);
	if (exchange->is_ended && exchange->output.bytes == 0)
		finish_response(connection);
}
