/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_MANAGED_FIELDS_H
#define TROIKA_MANAGED_FIELDS_H

#include "error.h"
#include "schema.h"

/*
 * Server-side apply and the tracking of field managers (structured-merge-diff). managedFields lie
 * in the object's metadata as upstream writes them.
 */
struct managed_fields_request {
	const struct schema *schema;
	struct str api_version; /* "apps/v1" */
	struct str manager;     /* field manager, at most 128 characters */
	struct str subresource; /* "", "status", "scale" */
	/* Paths this (sub)resource resets, NULL-terminated: {"status", NULL} or {"spec", NULL}. */
	const char *const *reset_paths;
	int64_t now_wall_seconds;
};

/*
 * A create, update or patch: gives what changed between live (NULL on create) and `object` to the
 * manager, in object's metadata.managedFields. An object whose managedFields are [{}] is cleared.
 * managedFields in the object's body replace the stored ones first, as upstream does.
 */
int managed_fields_update(struct arena *arena, const struct managed_fields_request *request,
	const struct json_value *live, struct json_value *object, struct error *err) WARN_UNUSED;

/*
 * An apply: merges `configuration` into live (NULL: create) and returns the object with new
 * managedFields. Conflicts fail with ERROR_CONFLICT and a FieldManagerConflict cause each, unless
 * forced. `configuration` is the parsed apply body; unknown fields fail as upstream's typed parse.
 */
int managed_fields_apply(struct arena *arena, const struct managed_fields_request *request,
	const struct json_value *live, const struct json_value *configuration, bool force,
	struct json_value *ret_object, struct error *err) WARN_UNUSED;

/* Whether two objects are equal but for the times in managedFields: such a write is no write. */
bool managed_fields_equal_but_times(const struct json_value *a, const struct json_value *b);

#endif
