/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EXT_SERVER_H
#define TROIKA_EXT_SERVER_H

#include "api_server.h"
#include "http_client.h"

struct rbac_informer;

/* The extensions server's own context: what its files share. One per process. */
struct ext_server {
	struct event_loop *loop;
	struct storage *storage;
	struct rbac *rbac;
	struct authorizer *authorizer;
	struct api_server *api;
	struct http_client *core;  /* the server that has namespaces and RBAC objects */
	struct user_info identity; /* who we are to it */
	struct rbac_informer *rbac_informer;
	struct ext_namespaces *namespaces;
	struct ext_registry *registry;
	struct ext_cleanup *cleanup;
	struct ext_openapi *openapi;
	struct http_caller *caller; /* to conversion webhooks; NULL until one is needed */
	bool is_disabled; /* set before ext_server_init: no definitions, so no custom resources */
	struct api_resource *resources; /* the built-in rows with their strategies */
};

/*
 * Makes the server over the store, loop and authorizer of the options (its paths and context are
 * set here): all stored definitions are served when it returns.
 */
void ext_server_init(struct ext_server *server, const struct api_server_options *options);
/* What ext_server_init made; the store stays open. Does nothing when it was not called. */
void ext_server_fini(struct ext_server *server);

#define EXT_GROUP   "apiextensions.k8s.io"
#define EXT_PLURAL  "customresourcedefinitions"
#define EXT_VERSION "v1"

/* ---- ext_namespaces.c: whether a namespace lives. ---- */

struct ext_namespaces;
struct ext_namespaces *ext_namespaces_create(struct ext_server *server);
void ext_namespaces_destroy(struct ext_namespaces **namespaces);
/* For api_server_options; its context is the struct ext_server. */
void ext_check_namespace(void *context, struct request_context *request, struct str namespace,
	namespace_checked_fn done);

/* ---- ext_openapi.c ---- */

struct ext_openapi;
void ext_openapi_destroy(struct ext_openapi **openapi);
/* The paths outside the API groups; ends with a NULL path. */
extern const struct api_server_path ext_paths[];

#endif
