/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_PATCH_STRATEGIC_PRIVATE_H
#define TROIKA_PATCH_STRATEGIC_PRIVATE_H

#include "error.h"
#include "schema.h"

/* What patch_strategic.c and patch_strategic_list.c share. */

/* Patches nest no deeper; only schemas within CustomResourceDefinitions come near. */
#define PATCH_DEPTH_MAXIMUM 1000

struct strategic {
	struct arena *arena;
	struct error *err;
};

/* Where a value lies: how lists merge there. Zero for what no schema knows. */
struct strategic_target {
	const struct schema *schema; /* of the value; NULL: unknown */
	uint16_t flags;              /* enum schema_field_flags */
	struct str merge_key;
};

/* Merges the object `patch` into the object `original`. */
int strategic_merge_map(struct strategic *context, const struct schema *schema,
	const struct json_value *original, const struct json_value *patch, unsigned depth,
	struct json_value *ret);
/* The patch's value where there is nothing to merge with: without nulls and directives. */
int strategic_clean(struct strategic *context, const struct json_value *value, unsigned depth,
	struct json_value *ret);
/* Whether it is an object with a $patch directive. */
bool strategic_has_directive(const struct json_value *value);
int strategic_unknown_directive(struct strategic *context, const struct json_value *map);

/* Merges, or for other strategies replaces, a list. */
int strategic_merge_list(struct strategic *context, const struct strategic_target *target,
	const struct json_value *original, const struct json_value *patch, unsigned depth,
	struct json_value *ret);
/* $deleteFromPrimitiveList: the original without the scalars named. */
int strategic_delete_from_list(struct strategic *context, const struct json_value *original,
	const struct json_value *values, struct json_value *ret);
/*
 * $setElementOrder: merges patch (may be NULL) into original (may be NULL) and brings the result
 * into the relative order of `order`.
 */
int strategic_order_list(struct strategic *context, const struct strategic_target *target,
	const struct json_value *original, const struct json_value *patch,
	const struct json_value *order, unsigned depth, struct json_value *ret);

#endif
