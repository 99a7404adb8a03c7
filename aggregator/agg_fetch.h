/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_FETCH_H
#define TROIKA_AGG_FETCH_H

#include "agg_request.h"
#include "buffer.h"

/*
 * Our own GETs of documents that the servers behind have: discovery, OpenAPI, health. What came
 * last is kept with its ETag, so that an unchanged document costs one short round trip.
 */
struct agg_document {
	struct blob *body;   /* NULL: none has come yet */
	int status;          /* of that body */
	char *etag;          /* NULL: it had none */
	uint64_t generation; /* grows with every change */
	bool is_fresh;       /* the last fetch was answered */
};

void agg_document_fini(struct agg_document *document);

/* One GET; zero-initialise. It is the caller's memory until `done` was called, or it is cancelled.
 */
struct agg_fetch {
	struct agg_document *document;
	void (*done)(void *context);
	void *context;
	/* private */
	struct agg_upstream *upstream;
	struct http_call *call;
	const char *path;
	const char *accept;
	uint64_t deadline_ns;
	int status;
	char *etag;
	struct buffer body;
};

/*
 * Brings `document` up to date, trying again until timeout_ns is over; then calls done, with
 * document->is_fresh saying whether that worked. path and accept must outlive the fetch.
 */
void agg_fetch_start(struct agg_fetch *fetch, struct agg_upstream *upstream, const char *path,
	const char *accept, uint64_t timeout_ns);
void agg_fetch_cancel(struct agg_fetch *fetch);

/*
 * The same document of all servers, for a request: documents[AGG_UPSTREAM_COUNT]; done is called
 * once all are there. The request must not be answered before.
 */
void agg_gather(struct agg_request *request, struct agg_document *documents, const char *path,
	const char *accept, uint64_t timeout_ns, void (*done)(struct agg_request *request));

#endif
