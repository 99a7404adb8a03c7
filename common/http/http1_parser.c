/* SPDX-License-Identifier: Apache-2.0 */
#include "http1_parser.h"

#include "assertion.h"
#include "http1_head.h"
#include "http_syntax.h"

#define HEAD_PIECE_BYTES        2048
#define EXTENSION_BYTES_MAXIMUM 256
#define OVERHEAD_BYTES_FREE     (16 * 1024)
#define TRAILER_BYTES_MAXIMUM   (8 * 1024)

void http1_parser_fini(struct http1_parser *parser)
{
	buffer_fini(&parser->pending);
}

void http1_parser_reset(struct http1_parser *parser)
{
	struct http1_limits limits = parser->limits;

	buffer_fini(&parser->pending);
	*parser = (struct http1_parser){.limits = limits};
}

bool http1_parser_is_idle(const struct http1_parser *parser)
{
	return parser->phase == HTTP1_PHASE_HEAD && parser->pending.length == 0;
}

int http1_parser_status(const struct http1_parser *parser)
{
	return parser->status;
}

static enum http1_event refuse(struct http1_parser *parser, int status)
{
	parser->phase = HTTP1_PHASE_REFUSED;
	parser->status = status;
	return HTTP1_REFUSED;
}

/* ---- The head ---- */

enum scan_result {
	SCAN_MORE,
	SCAN_WHOLE,
	SCAN_MALFORMED
};

/*
 * Looks for the empty line among the bytes not yet looked at; every LF must follow a CR. On
 * SCAN_WHOLE `scanned` is the length of the head.
 */
static enum scan_result scan_head(struct http1_parser *parser)
{
	const char *data = parser->pending.data;
	size_t length = parser->pending.length;

	while (parser->scanned < length) {
		const char *found = memchr(data + parser->scanned, '\n', length - parser->scanned);

		if (!found) {
			parser->scanned = length;
			return SCAN_MORE;
		}
		size_t at = (size_t)(found - data);

		if (at == 0 || data[at - 1] != '\r')
			return SCAN_MALFORMED;
		parser->scanned = at + 1;
		if (at == 1) {
			/* One empty line before a request is left over from an old client. */
			if (parser->skipped_empty_line)
				return SCAN_MALFORMED;
			parser->skipped_empty_line = true;
			buffer_consume(&parser->pending, 2);
			length = parser->pending.length;
			parser->scanned = 0;
		} else if (at >= 3 && data[at - 2] == '\n') {
			return SCAN_WHOLE;
		}
	}
	return SCAN_MORE;
}

static enum http1_event finish_head(
	struct http1_parser *parser, struct arena *arena, struct http1_head *head)
{
	size_t length = parser->scanned;
	char *text = arena_allocate_text(arena, length);

	memcpy(text, parser->pending.data, length);
	buffer_fini(&parser->pending);

	int status = http1_head_parse(arena, text, length, &parser->limits, head);

	if (status != 0)
		return refuse(parser, status);
	parser->remaining = head->content_length;
	if (head->is_chunked)
		parser->phase = HTTP1_PHASE_CHUNK_SIZE;
	else
		parser->phase = parser->remaining > 0 ? HTTP1_PHASE_BODY : HTTP1_PHASE_DONE;
	return HTTP1_HEAD;
}

/* 414 when the first line alone is too long, as the client can shorten nothing else. */
static int too_long_status(const struct http1_parser *parser)
{
	const struct buffer *pending = &parser->pending;

	return str_find_byte(buffer_str(pending), '\n') == pending->length ? 414 : 431;
}

static enum http1_event read_head(struct http1_parser *parser, struct arena *arena,
	struct str *input, struct http1_head *head)
{
	while (!str_is_empty(*input)) {
		/* At most one byte past the limit, so that the outcome is the same however it is
		 * cut. */
		size_t room = parser->limits.header_bytes + 1 - parser->pending.length;
		struct str piece =
			str_slice(*input, 0, room < HEAD_PIECE_BYTES ? room : HEAD_PIECE_BYTES);

		buffer_append(&parser->pending, piece);
		/* Not str_skip(): what is taken too much is given back below. */
		*input = str_from(input->data + piece.length, input->length - piece.length);

		enum scan_result result = scan_head(parser);

		if (result == SCAN_MALFORMED)
			return refuse(parser, 400);
		if (result == SCAN_WHOLE) {
			size_t excess = parser->pending.length - parser->scanned;

			*input = str_from(input->data - excess, input->length + excess);
			if (parser->scanned > parser->limits.header_bytes)
				return refuse(parser, too_long_status(parser));
			return finish_head(parser, arena, head);
		}
		if (parser->pending.length > parser->limits.header_bytes)
			return refuse(parser, too_long_status(parser));
	}
	return HTTP1_MORE;
}

/* ---- Chunks, byte by byte except for the data ---- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool chunk_size_byte(struct http1_parser *parser, char c)
{
	int value = hex_value(c);

	if (value >= 0) {
		if (parser->digits++ >= 16)
			return false;
		parser->remaining = parser->remaining << 4 | (unsigned)value;
		return true;
	}
	if (parser->digits == 0)
		return false;
	if (c == ';') {
		parser->extension_bytes = 0;
		parser->phase = HTTP1_PHASE_CHUNK_EXTENSION;
		return true;
	}
	parser->phase = HTTP1_PHASE_CHUNK_SIZE_LF;
	return c == '\r';
}

static bool chunk_extension_byte(struct http1_parser *parser, char c)
{
	if (c == '\r') {
		parser->phase = HTTP1_PHASE_CHUNK_SIZE_LF;
		return true;
	}
	return http_syntax_is_value(str_from(&c, 1)) &&
	       ++parser->extension_bytes <= EXTENSION_BYTES_MAXIMUM;
}

static bool trailer_byte(struct http1_parser *parser, char c)
{
	if (++parser->trailer_bytes > TRAILER_BYTES_MAXIMUM)
		return false;
	switch (parser->phase) {
	case HTTP1_PHASE_TRAILER_START:
		parser->phase = c == '\r' ? HTTP1_PHASE_END_LF : HTTP1_PHASE_TRAILER_NAME;
		return c == '\r' || http_syntax_is_token(str_from(&c, 1));
	case HTTP1_PHASE_TRAILER_NAME:
		if (c == ':')
			parser->phase = HTTP1_PHASE_TRAILER_VALUE;
		return c == ':' || http_syntax_is_token(str_from(&c, 1));
	case HTTP1_PHASE_TRAILER_VALUE:
		if (c == '\r')
			parser->phase = HTTP1_PHASE_TRAILER_LF;
		return c == '\r' || http_syntax_is_value(str_from(&c, 1));
	case HTTP1_PHASE_TRAILER_LF:
		parser->phase = HTTP1_PHASE_TRAILER_START;
		return c == '\n';
	default:
		parser->phase = HTTP1_PHASE_DONE;
		return c == '\n';
	}
}

/* One byte of the lines around the data; false: malformed. */
static bool framing_byte(struct http1_parser *parser, char c)
{
	/* Lines may be a few times as long as what they carry, never more: many tiny chunks. */
	if (++parser->overhead > OVERHEAD_BYTES_FREE + 2 * parser->received)
		return false;
	switch (parser->phase) {
	case HTTP1_PHASE_CHUNK_SIZE:
		return chunk_size_byte(parser, c);
	case HTTP1_PHASE_CHUNK_EXTENSION:
		return chunk_extension_byte(parser, c);
	case HTTP1_PHASE_CHUNK_SIZE_LF:
		parser->phase =
			parser->remaining > 0 ? HTTP1_PHASE_CHUNK_DATA : HTTP1_PHASE_TRAILER_START;
		return c == '\n';
	case HTTP1_PHASE_CHUNK_CR:
		parser->phase = HTTP1_PHASE_CHUNK_LF;
		return c == '\r';
	case HTTP1_PHASE_CHUNK_LF:
		parser->phase = HTTP1_PHASE_CHUNK_SIZE;
		parser->digits = 0;
		return c == '\n';
	default:
		return trailer_byte(parser, c);
	}
}

static enum http1_event take_data(
	struct http1_parser *parser, struct str *input, struct str *ret_body)
{
	size_t length =
		input->length < parser->remaining ? input->length : (size_t)parser->remaining;

	*ret_body = str_slice(*input, 0, length);
	*input = str_skip(*input, length);
	parser->received += length;
	parser->remaining -= length;
	if (parser->remaining == 0)
		parser->phase =
			parser->phase == HTTP1_PHASE_BODY ? HTTP1_PHASE_DONE : HTTP1_PHASE_CHUNK_CR;
	return HTTP1_BODY;
}

static enum http1_event read_chunked(
	struct http1_parser *parser, struct str *input, struct str *ret_body)
{
	while (!str_is_empty(*input)) {
		if (parser->phase == HTTP1_PHASE_CHUNK_DATA) {
			if (parser->remaining > parser->limits.body_bytes - parser->received)
				return refuse(parser, 413);
			return take_data(parser, input, ret_body);
		}
		char c = input->data[0];

		*input = str_skip(*input, 1);
		if (!framing_byte(parser, c))
			return refuse(parser, 400);
		if (parser->phase == HTTP1_PHASE_DONE)
			return HTTP1_DONE;
	}
	return HTTP1_MORE;
}

enum http1_event http1_parser_next(struct http1_parser *parser, struct arena *arena,
	struct str *input, struct http1_head *head, struct str *ret_body)
{
	switch (parser->phase) {
	case HTTP1_PHASE_HEAD:
		return read_head(parser, arena, input, head);
	case HTTP1_PHASE_BODY:
		return str_is_empty(*input) ? HTTP1_MORE : take_data(parser, input, ret_body);
	case HTTP1_PHASE_DONE:
		return HTTP1_DONE;
	case HTTP1_PHASE_REFUSED:
		return HTTP1_REFUSED;
	default:
		return read_chunked(parser, input, ret_body);
	}
}
