/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_API_SERVER_PRIVATE_H
#define TROIKA_API_SERVER_PRIVATE_H

#include "api_server.h"
#include "event_loop.h"
#include "map.h"
#include "request_context.h"

/* What the files of this layer share and servers do not see. */

#define ARENA_POOL_SIZE 32

struct api_server {
	struct api_server_options options;
	struct http_server *http;
	struct resource_registry *registry;
	struct health_checks *health;
	struct request_context *requests;          /* all that are under way */
	struct map request_ids;                    /* of the writes among them, to their requests */
	struct arena *arena_pool[ARENA_POOL_SIZE]; /* reset and ready */
	size_t arena_pool_count;
	struct watch_stream *watches; /* all open ones */
	size_t watch_count;
	bool is_draining;
	/* Discovery documents of the registry's present generation. */
	struct discovery_cache *discovery;
};

/* The row of a peer that is not trusted to speak for others, or NULL. */
const struct api_server_peer *api_server_find_peer(
	const struct api_server *server, const struct http_peer *peer);

/* Steps; true: go on with the next. */
#define REQUEST_STEP(name) bool request_step_##name(struct request_context *context);
#include "request_steps.def"
#undef REQUEST_STEP

/* A request without an exchange, in an arena of its own; a reference for the caller. */
struct request_context *api_server_begin_request(struct api_server *server);
/* The last reference to a request is gone. */
void api_server_end_request(struct request_context *context);
/* Lets those go on that wait for the end of this request because they have its id. */
void request_ids_release(struct request_context *context);

/* Verb handlers, one file each. */
void handle_get(struct request_context *context);
void handle_list(struct request_context *context);
void handle_watch(struct request_context *context);
void handle_create(struct request_context *context);
void handle_update(struct request_context *context);
void handle_patch(struct request_context *context);
void handle_delete(struct request_context *context);
void handle_delete_collection(struct request_context *context);
void handle_scale(struct request_context *context);

/* Ends all watches cleanly; new ones are refused. */
void watch_streams_end_all(struct api_server *server);

/* Paths of discovery: true when answered. */
bool serve_discovery(struct request_context *context);
void discovery_cache_destroy(struct discovery_cache **cache);

#endif
