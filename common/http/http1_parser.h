/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_HTTP1_PARSER_H
#define TROIKA_HTTP1_PARSER_H

#include "buffer.h"
#include "http_message.h"

/*
 * Requests of HTTP/1.x, piece by piece and strictly (RFC 9112): what two parsers could read in two
 * ways is refused. Private to this layer.
 */
struct http1_limits {
	size_t header_bytes;
	size_t header_count;
	size_t uri_bytes;
	size_t body_bytes;
};

/* The head of a request; the texts lie in the arena it was parsed into. */
struct http1_head {
	struct str method;
	struct str target; /* as sent */
	struct str path;   /* of the target, without query; "*" for OPTIONS * */
	struct str query;
	struct str authority; /* the Host field */
	struct http_headers headers;
	int minor_version;     /* of HTTP/1 */
	bool keeps_connection; /* what the client asks for, or its version's default */
	bool expects_continue;
	bool has_body;
	bool is_chunked;
	uint64_t content_length; /* when not chunked */
};

enum http1_phase {
	HTTP1_PHASE_HEAD,
	HTTP1_PHASE_BODY,
	HTTP1_PHASE_CHUNK_SIZE,
	HTTP1_PHASE_CHUNK_EXTENSION,
	HTTP1_PHASE_CHUNK_SIZE_LF,
	HTTP1_PHASE_CHUNK_DATA,
	HTTP1_PHASE_CHUNK_CR,
	HTTP1_PHASE_CHUNK_LF,
	HTTP1_PHASE_TRAILER_START,
	HTTP1_PHASE_TRAILER_NAME,
	HTTP1_PHASE_TRAILER_VALUE,
	HTTP1_PHASE_TRAILER_LF,
	HTTP1_PHASE_END_LF,
	HTTP1_PHASE_DONE,
	HTTP1_PHASE_REFUSED,
};

/* Zero-initialise and set limits; end with http1_parser_fini(). */
struct http1_parser {
	struct http1_limits limits;
	/* private */
	enum http1_phase phase;
	struct buffer pending; /* a head that is not whole yet */
	size_t scanned;        /* how much of it has been looked at */
	bool skipped_empty_line;
	uint64_t remaining; /* of the body, or of the chunk */
	uint64_t received;  /* body bytes */
	uint64_t overhead;  /* chunk lines */
	unsigned digits;    /* of this chunk's size */
	unsigned extension_bytes;
	size_t trailer_bytes;
	int status;
};

enum http1_event {
	HTTP1_MORE,    /* all input is taken: bring more */
	HTTP1_HEAD,    /* *head is filled */
	HTTP1_BODY,    /* *ret_body is the next piece of the body, a view into the input */
	HTTP1_DONE,    /* the request is whole; the rest of the input belongs to the next */
	HTTP1_REFUSED, /* answer http1_parser_status() and close */
};

void http1_parser_fini(struct http1_parser *parser);
/* Ready for the next request. */
void http1_parser_reset(struct http1_parser *parser);
/* Takes from the front of *input until there is something to tell. */
enum http1_event http1_parser_next(struct http1_parser *parser, struct arena *arena,
	struct str *input, struct http1_head *head, struct str *ret_body);
/* True when nothing of a request has come yet. */
bool http1_parser_is_idle(const struct http1_parser *parser);
/* The HTTP status that says why the request was refused. */
int http1_parser_status(const struct http1_parser *parser);

#endif
