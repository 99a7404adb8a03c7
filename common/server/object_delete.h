/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_OBJECT_DELETE_H
#define TROIKA_OBJECT_DELETE_H

#include "list_options.h"
#include "object_write.h"

/*
 * Deletes one object as upstream does: preconditions, grace, finalizers from the propagation
 * policy; what still has finalizers is marked with a deletionTimestamp instead.
 */
struct object_delete {
	struct request_context *context;
	const struct api_resource *resource;
	struct storage_prefix *prefix;
	struct str namespace;
	struct str name;
	const struct delete_options *options;
	struct str request_id; /* empty: not remembered */
	/*
	 * Over: is_gone says whether the object left the store or was only marked; `json` is its
	 * last state. On failure context->err is filled and json is empty.
	 */
	void (*done)(struct object_delete *delete_, bool is_ok, bool is_gone, struct str json);
	void *done_context;
	/* private */
	struct arena_mark mark; /* to which an attempt that lost goes back */
	struct json_value live;
	struct json_value object;
	struct str live_json;
	uint64_t live_revision;
	struct str before_revision, after_revision;
	struct strategy_context strategy;
	bool is_gone;
	unsigned attempts;
};

void object_delete_run(struct object_delete *delete_);

#endif
