/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_REQUEST_H
#define TROIKA_AGG_REQUEST_H

#include "agg_server.h"
#include "request_info.h"

/* Through which door it came. */
enum agg_origin {
	AGG_ORIGIN_SECURE,
	AGG_ORIGIN_INSECURE, /* plain HTTP: everyone is the administrator */
	AGG_ORIGIN_PRIVATE,  /* another server's, not from the network */
};

/*
 * One request on its way through agg_request_steps.def. It lives in its exchange's arena and ends
 * with the exchange: whatever works on it is told so by on_close, and does not touch it afterwards.
 */
struct agg_request {
	struct agg_server *server;
	struct http_exchange *exchange;
	const struct http_request *http;
	struct arena *arena;
	const struct http_query *query;
	struct request_info info;
	struct user_info user;
	struct error err;
	uint64_t received_ns;
	uint64_t deadline_ns; /* UINT64_MAX for long-running ones */
	struct str audit_id;
	enum agg_origin origin;
	struct str allowed_page; /* the Origin of a page that may see the answer; or empty */
	bool is_long_running;
	int status;                /* of the answer; 0: none yet */
	struct agg_inflight *slot; /* what it is counted in; NULL: nowhere */
	/* Whoever works on the answer. */
	void *work;
	void (*on_writable)(void *work);
	void (*on_close)(void *work);
	/* Ends a long-running one cleanly; NULL: it is not among them. */
	void (*on_drain)(struct agg_request *request);
	struct agg_request *next_long_running, **long_running_link;
	/* private */
	unsigned step;
};

/* The exchange's handlers of the HTTP servers; context is the struct agg_server. */
void agg_request_receive_secure(void *context, struct http_exchange *exchange);
void agg_request_receive_insecure(void *context, struct http_exchange *exchange);
void agg_request_receive_private(void *context, struct http_exchange *exchange);
/* Answers what framing or limits refuse. */
void agg_request_refuse(void *context, struct http_exchange *exchange, int status);

/* Goes on with the next step; a step that waited calls it when it is done. */
void agg_request_continue(struct agg_request *request);
/* Enters it among those that are ended when we drain. */
void agg_request_enlist(struct agg_request *request, void (*on_drain)(struct agg_request *request));
/* Ends as many of them, or all there are. */
void agg_request_drain(struct agg_server *server, size_t count);
/*
 * Somebody else answers from here on (api_server_serve): gives back what the request holds; its
 * exchange's handler is free to be replaced.
 */
void agg_request_release(struct agg_request *request);

/* ---- Answers: each is the last word ---- */

/* The fields of every answer of ours. */
void agg_request_common_headers(struct agg_request *request, struct http_headers *headers);
/* content_type NULL: there is no body. */
void agg_request_respond(
	struct agg_request *request, int status, const char *content_type, struct str body);
/* A whole document under its ETag; 304 when the client has it. */
void agg_request_respond_tagged(
	struct agg_request *request, const char *content_type, const char *etag, struct blob *body);
/* request->err as a Status. */
void agg_request_fail(struct agg_request *request);

/* May the user do this to a path? If not, the request is answered. */
bool agg_request_authorize_path(struct agg_request *request);

#endif
