/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_HTTP_MESSAGE_H
#define TROIKA_HTTP_MESSAGE_H

#include <sys/types.h>

#include "error.h"

/* Header fields in order; names are lower case. Zero-initialise. */
struct http_header {
	struct str name;
	struct str value;
};

struct http_headers {
	struct http_header *entries;
	size_t count;
	size_t capacity;
};

/* Appends; bytes are not copied and must live as long as the arena. */
void http_headers_add(
	struct arena *arena, struct http_headers *headers, struct str name, struct str value);
/* The first value of that (lower-case) name, or the empty view. */
struct str http_headers_find(const struct http_headers *headers, struct str name);
/* Takes out every field of that name. */
void http_headers_remove(struct http_headers *headers, struct str name);

/* Who is at the other end of a connection; lives as long as the connection. */
struct tls_identity;
struct http_peer {
	bool is_unix;
	uid_t uid; /* Unix sockets: from SO_PEERCRED */
	gid_t gid;
	pid_t pid;
	struct str address;             /* "192.0.2.1:4711", "@" for Unix sockets */
	struct str ip;                  /* "192.0.2.1" */
	const struct tls_identity *tls; /* NULL: no client certificate, or none verified */
	bool is_tls;
	/* A client certificate was presented and does not verify: to be answered with 401. */
	bool has_unverified_certificate;
};

/* A whole request: the body has been received. Lives in its arena, as the exchange does. */
struct http_request {
	struct arena *arena;
	struct str method;    /* "GET" */
	struct str path;      /* as sent, without the query, starts with '/' */
	struct str query;     /* as sent, without '?' */
	struct str authority; /* Host or :authority */
	struct http_headers headers;
	struct str body;
	const struct http_peer *peer;
	int http_major; /* 1 or 2 */
};

/* Percent-decodes (and '+' to blank when plus_is_blank); false on a malformed escape. */
bool http_percent_decode(
	struct arena *arena, struct str text, bool plus_is_blank, struct str *ret_decoded);
/* Percent-encodes all but unreserved characters and those in `keep`. */
struct str http_percent_encode(struct arena *arena, struct str text, const char *keep);

struct http_query {
	struct http_query *next;
	struct str name;
	struct str value;
};
/* The decoded parameters in order; malformed ones are left out, as Go's url.Query() does. */
struct http_query *http_query_parse(struct arena *arena, struct str query);
/* The first value of that name or the empty view. *ret_present (may be NULL) says whether it is
 * there. */
struct str http_query_find(const struct http_query *query, struct str name, bool *ret_present);

/*
 * An identifier of one message: HTTP/2 compression must not remember it, which would cost memory on
 * both sides and drive out what does come again.
 */
bool http_header_is_new_each_time(struct str name);

/* Whether Accept-Encoding names gzip and does not forbid it. */
bool http_accepts_gzip(const struct http_headers *headers);

/* "OK" for 200 and so on; "" for a status without a name. */
const char *http_status_text(int status);

#endif
