/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_HTTP_CALLER_H
#define TROIKA_HTTP_CALLER_H

#include "arena.h"
#include "event_loop.h"

/*
 * Calls out of the house: POST of JSON over TLS to webhooks, any number at a time, none of which
 * holds up the loop. No redirect is followed and no proxy is used: whoever may name the URL must
 * not be able to send us elsewhere, or to read what is elsewhere.
 */
struct http_caller;

/* The caller's, to be destroyed before the loop. */
struct http_caller *http_caller_create(struct event_loop *loop);
/* Calls under way fail. */
void http_caller_destroy(struct http_caller **caller);

struct http_outcall {
	struct str url;        /* https:// */
	struct str connect_to; /* "HOST:PORT" to connect to instead of the URL's, or empty */
	struct str ca_pem;     /* empty: the system's authorities */
	struct str body;
	uint64_t timeout_ms;
	size_t answer_maximum_bytes;
};
/* status 0: `problem` says why no answer came. The texts are good during the call only. */
typedef void (*http_outcall_fn)(void *context, int status, struct str body, struct str problem);

/* What the outcall points to is copied. `done` is never called before this returns. */
void http_caller_post(struct http_caller *caller, const struct http_outcall *outcall,
	http_outcall_fn done, void *context);

#endif
