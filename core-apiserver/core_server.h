/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CORE_SERVER_H
#define TROIKA_CORE_SERVER_H

#include "api_server.h"
#include "openapi_documents.h"
#include "server_process.h"

/* The core server's own context: what its files share. One per process, made in core_main.c. */
struct core_server {
	struct server_process *process;
	struct storage *storage;
	struct rbac *rbac;
	struct rbac_feed *rbac_feed;
	struct authorizer *authorizer;
	struct api_server *api;
	struct api_resource *resources; /* the tables' rows with their strategies */
	struct service_allocator *services;
	uid_t trusted_uids[8];
	size_t trusted_uid_count;
	struct api_server_peer peers[1];
	size_t peer_count;
	bool is_bootstrapped;
	struct arena *openapi_arena;    /* of `openapi`; NULL: it is not made yet */
	struct openapi_swagger openapi; /* what --runtime-config leaves of it */
	char external_address[300];     /* "HOST:PORT"; empty when it is not known */
};

/* core_namespace.c: the state of a namespace, from the store. */
void core_check_namespace(void *context, struct request_context *request, struct str namespace,
	namespace_checked_fn done);

/* core_namespace.c: gives a new Namespace its finalizer, its phase and the label of its name. */
void core_namespace_prepare(
	struct arena *arena, const struct api_resource *resource, struct json_value *object);

/* core_rbac_feed.c: keeps the rules in step with the stored objects. */
struct rbac_feed;
int rbac_feed_create(
	struct core_server *core, struct rbac_feed **ret, struct error *err) WARN_UNUSED;
void rbac_feed_destroy(struct rbac_feed **feed);

/*
 * core_bootstrap.c: writes the objects a plane starts with where they are absent, in one
 * transaction; `done` is called once when they are there.
 */
void core_bootstrap(struct core_server *core, void (*done)(struct core_server *core));

/* core_bootstrap.c: whether RBAC is among the modes; without it no policy is written. */
bool core_has_rbac(const struct core_server *core);

/* core_paths.c: the paths outside the API groups; ends with a NULL path. */
extern const struct api_server_path core_paths[];

#endif
