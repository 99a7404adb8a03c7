/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_REQUEST_CONTEXT_H
#define TROIKA_REQUEST_CONTEXT_H

#include "api_server.h"
#include "list_options.h"
#include "media_type.h"
#include "request_info.h"
#include "resource_strategy.h"

/*
 * One request on its way through the steps. It has an arena of its own, because a write that is
 * under way goes on when its client has left. Counted: the exchange holds it, and so does
 * everything that waits for something on its behalf.
 */
struct request_context {
	struct api_server *server;      /* NULL once that is gone: nothing is left to be done */
	struct http_exchange *exchange; /* NULL once the client is gone */
	struct arena *arena;
	struct str method;
	struct str path;
	const struct http_query *query;
	struct str body;
	const struct http_headers *headers; /* of the exchange; empty once the client is gone */
	struct str user_agent;
	struct str request_id; /* names a write across repeats; may be empty */
	struct user_info user;
	const struct api_server_peer *peer; /* NULL unless another server asks for itself */
	struct request_info info;
	struct resource_entry *entry; /* counted; NULL for other paths */
	const struct api_resource *resource;
	const struct api_subresource *subresource;
	struct media_type accept;
	enum field_validation field_validation;
	struct error err;
	struct str warnings[32]; /* texts of Warning headers */
	size_t warning_count;
	/* Of a response that comes in pieces (list, watch). */
	void *stream;
	void (*on_writable)(struct request_context *context);
	void (*on_close)(struct request_context *context);
	/* What a webhook has converted for it (object_conversion.h); NULL: nothing. */
	struct object_conversions *conversions;
	/* The write that is under way, for what waits on its behalf. */
	struct object_write *write;
	/*
	 * Of a create: the namespace as it was found to live. The create is carried out only while
	 * that is still its revision; prefix NULL: not guarded.
	 */
	struct {
		struct storage_prefix *prefix;
		struct str name;
		uint64_t revision;
	} namespace_guard;
	/* private */
	int references;
	int step;
	bool is_answered;
	bool holds_request_id;           /* it is the one that carries this request id out */
	struct request_context *waiting; /* with the same request id */
	struct request_context *next;    /* all of the server */
	struct request_context **previous_link;
};

struct request_context *request_context_ref(struct request_context *context);
void request_context_unref(struct request_context **context);

/* Goes on with the next step; a step that waited calls it when it is done. */
void request_context_continue(struct request_context *context);

/* Adds a Warning header to the answer; duplicates and what is over the limit are dropped. */
void request_context_warn(struct request_context *context, struct str text);

/* ---- Answers; each is the last word on the request. They do nothing when the client is gone. ----
 */

/* context->err as a Status, in the accepted media type (JSON or YAML). */
void request_context_fail(struct request_context *context);
void request_context_respond(
	struct request_context *context, int status, const char *content_type, struct str body);
/* Any object of the API given as JSON text; as YAML when that was accepted. */
void request_context_respond_json(struct request_context *context, int status, struct str json);
void request_context_respond_value(
	struct request_context *context, int status, const struct json_value *value);
/* What is no resource: a Status below the groups of built-ins, else "404 page not found" in text.
 */
void request_context_not_found(struct request_context *context);

/*
 * Starts a response in pieces with the content type of the accepted form. is_gzip: they are made by
 * a gzip_writer.
 */
void request_context_start(
	struct request_context *context, int status, const char *content_type, bool is_gzip);

/*
 * Whether the user may do `verb` to what the request names: 0, or ERROR_RETURN with Forbidden.
 * Reads that select one object by name are judged by that name.
 */
int request_context_authorize(
	struct request_context *context, struct str verb, struct error *err) WARN_UNUSED;

/* The dry-run, field manager and field validation parameters of a write. */
struct strategy_context request_context_strategy(
	struct request_context *context, struct str name, bool is_dry_run);

#endif
