/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_RESOURCE_STRATEGY_H
#define TROIKA_RESOURCE_STRATEGY_H

#include "api_resource.h"
#include "user_info.h"

/*
 * What the tables cannot say about a resource: called by the generic handlers at the points where
 * upstream calls a registry strategy. Every function may be NULL.
 */
struct api_server;
struct request_context;

struct strategy_context {
	struct arena *arena;
	struct api_server *server;
	const struct user_info *user;
	const struct api_resource *resource;
	struct str namespace;
	struct str name;
	struct str subresource;
	bool is_dry_run;
	uint64_t revision; /* of the write; in after_commit only */
};

/* Answers a request to a subresource (or a virtual resource) by itself; see request_context.h. */
typedef void (*resource_handler_fn)(struct request_context *context);

struct resource_subresource_handler {
	const char *name; /* "binding"; "" for the resource itself when it is virtual */
	resource_handler_fn handle;
};

struct resource_strategy {
	/* After defaults, before validation; `object` is changed in place. */
	void (*prepare_create)(const struct strategy_context *context, struct json_value *object);
	void (*prepare_update)(const struct strategy_context *context, struct json_value *object,
		const struct json_value *old);
	/* `old` is NULL on create. */
	void (*validate)(const struct strategy_context *context, const struct json_value *object,
		const struct json_value *old, struct field_errors *errors);
	/* Appends what the client of an accepted write is to be warned of, as strings. */
	void (*find_warnings)(const struct strategy_context *context,
		const struct json_value *object, const struct json_value *old,
		struct json_value *ret_texts);
	/*
	 * Reserves what the object needs from outside itself (cluster IPs, node ports), changing
	 * the object; before validation. settle() is called once after each successful allocate,
	 * when the outcome of the write is known, to keep or give back; with object NULL after a
	 * delete.
	 */
	int (*allocate)(const struct strategy_context *context, struct json_value *object,
		const struct json_value *old, struct error *err);
	void (*settle)(const struct strategy_context *context, const struct json_value *object,
		const struct json_value *old, bool is_committed);
	/* Refuses a delete. */
	int (*check_delete)(const struct strategy_context *context, const struct json_value *object,
		struct error *err);
	/* A delete begins: changes made here are stored with the deletionTimestamp (Namespace
	 * phase). */
	void (*prepare_delete)(const struct strategy_context *context, struct json_value *object);
	/* Seconds of grace for a graceful delete; 0 deletes at once. requested < 0: not given. */
	int64_t (*grace_seconds)(const struct json_value *object, int64_t requested);
	/* After a committed create or update (old NULL on create) or delete (object NULL). */
	void (*after_commit)(const struct strategy_context *context,
		const struct json_value *object, const struct json_value *old);
	/* Ends with an entry whose name is NULL. */
	const struct resource_subresource_handler *handlers;
};

#endif
