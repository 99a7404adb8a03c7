/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_OBJECT_CONVERSION_H
#define TROIKA_OBJECT_CONVERSION_H

#include "request_context.h"
#include "stored_object.h"

/*
 * An object stored in another version of its CRD, or under an earlier schema, brought to what the
 * resource's version has now: pruned and defaulted by the version it lies in, then pruned by the
 * resource's; `object` is changed in place. Returns its JSON text, in the arena.
 */
struct str object_convert(
	struct arena *arena, const struct api_resource *resource, struct json_value *object);

/*
 * Encodes an object of the resource's version as it goes into the store: in the storage version,
 * pruned by its schema. *ret_before and *ret_after are the JSON around the revision's digits as
 * the resource's version has it, for the answer: what is read back of what was stored.
 */
int object_encode(struct arena *arena, const struct api_resource *resource,
	const struct json_value *object, struct stored_encoding *ret, struct str *ret_before,
	struct str *ret_after, struct error *err) WARN_UNUSED;

/*
 * Whether object_convert can do it: versions with RESOURCE_WEBHOOK_CONVERSION can be converted by
 * their webhook alone, and none is called. Otherwise fills err as upstream does for a webhook that
 * fails, and returns ERROR_RETURN.
 */
int object_check_conversion(const struct api_resource *resource, const struct stored_object *stored,
	struct error *err) WARN_UNUSED;
/* The same for all objects of a range; at once when the resource needs no webhook. */
int object_check_range(const struct api_resource *resource, struct storage_snapshot *snapshot,
	const struct storage_range *range, struct error *err) WARN_UNUSED;

#endif
