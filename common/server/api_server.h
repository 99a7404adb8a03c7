/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_API_SERVER_H
#define TROIKA_API_SERVER_H

#include "authorizer.h"
#include "http_server.h"
#include "resource_registry.h"
#include "storage.h"

/*
 * What every server that stores objects is made of: a store, the resources it serves, and the steps
 * a request goes through (request_steps.def). The servers differ only in what they put into it.
 */
struct api_server;
struct request_context;
struct health_checks;

enum namespace_state {
	NAMESPACE_ACTIVE,
	NAMESPACE_MISSING,
	NAMESPACE_TERMINATING,
	NAMESPACE_UNKNOWN, /* it cannot be told now; the request's err says why */
};
typedef void (*objects_converted_fn)(
	void *done_context, const struct json_value *list, struct str failure);
typedef void (*namespace_checked_fn)(struct request_context *context, enum namespace_state state);

/* A path outside the API groups ("/openapi/v3"): exact, or with everything below when it ends in
 * '/'. */
struct api_server_path {
	const char *path;
	void (*handle)(struct request_context *context);
	bool skip_authorization; /* health: must answer while RBAC is not there */
};

/*
 * Another server that is a client of this one. It is known by the user that its process runs as,
 * not by what it says, and may only read (get, list, watch) the resources that are named.
 */
struct api_server_peer {
	uid_t uid;
	const char *user_name;
	const char *const
		*readable; /* "namespaces", "roles.rbac.authorization.k8s.io"; ends with NULL */
};

struct api_server_options {
	struct event_loop *loop;
	struct storage *storage;
	struct authorizer *authorizer; /* borrowed */
	struct http_limits limits;
	/* Users whose X-Remote-* headers are believed. */
	const uid_t *trusted_uids;
	size_t trusted_uid_count;
	const struct api_server_peer *peers; /* those that are trusted need no row */
	size_t peer_count;
	const struct api_server_path *paths; /* ends with a NULL path; may be NULL */
	/*
	 * Says what state a namespace is in, now or later, by calling `done` once. NULL: namespaces
	 * are not checked.
	 */
	void (*check_namespace)(void *context, struct request_context *request,
		struct str namespace, namespace_checked_fn done);
	/*
	 * Has a resource's webhook bring objects into its version, and calls done(done_context)
	 * with as many in the same order, or with NULL and why not. `list` is good during the call
	 * only. NULL: there are no such resources.
	 */
	void (*convert_objects)(void *context, const struct api_resource *target,
		const struct json_value *objects, objects_converted_fn done, void *done_context);
	bool enable_garbage_collector;
	int64_t minimum_watch_seconds; /* --min-request-timeout; 0: 1800 */
	uint64_t revision_wait_ns;     /* for a revision that has not come yet; 0: 3 s */
	bool compresses_answers;       /* large ones, for clients that take gzip */
	struct str external_address;   /* "HOST:PORT" to tell clients at /api; empty: none */
	void *context;                 /* of the callbacks above */
};

/* Options are copied; strings and arrays they point to must outlive the server. */
struct api_server *api_server_create(const struct api_server_options *options);
void api_server_destroy(struct api_server **server);

void api_server_listen(struct api_server *server, int fd);
/* Serves one exchange that came in on a listener of somebody else, for an already known user. */
void api_server_serve(
	struct api_server *server, struct http_exchange *exchange, const struct user_info *user);

void *api_server_context(const struct api_server *server);
struct event_loop *api_server_loop(const struct api_server *server);
struct storage *api_server_storage(const struct api_server *server);
struct resource_registry *api_server_registry(const struct api_server *server);
struct health_checks *api_server_health(const struct api_server *server);
struct authorizer *api_server_authorizer(const struct api_server *server);

/* An empty arena from the server's pool, to be returned: scratch memory of lists and watches. */
struct arena *api_server_borrow_arena(struct api_server *server);
void api_server_return_arena(struct api_server *server, struct arena *arena);

/*
 * A request that nobody sent: for writes of the server itself to one object (object_write.h,
 * object_delete.h), as the user system:apiserver of the group system:masters. Its answer goes
 * nowhere. A reference for the caller.
 */
struct request_context *api_server_begin_own_request(struct api_server *server,
	struct resource_entry *entry, struct str namespace, struct str name);

/* Adds a static resource. */
struct resource_entry *api_server_add_resource(
	struct api_server *server, const struct api_resource *resource);

/* Watches end cleanly, new requests are refused by the http server; on_drained once none is left.
 */
void api_server_drain(struct api_server *server, void (*on_drained)(void *context), void *context);

#endif
