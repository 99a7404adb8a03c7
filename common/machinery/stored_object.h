/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_STORED_OBJECT_H
#define TROIKA_STORED_OBJECT_H

#include "api_resource.h"

/*
 * The bytes of one object in the store: a header with what selectors need, then the object's
 * canonical JSON as it is served. The JSON's metadata.resourceVersion is the hole that the store
 * fills. A trailing newline is not part of it.
 *
 *   u32 magic/format, u32 header bytes, u32 hole offset, u16 label count, u16 selectable count,
 *   then for each label: u16 key length, u16 value length, key, value (sorted by key);
 *   for each selectable field of the resource: u16 length, value.
 */
struct stored_encoding {
	struct str bytes;       /* in the arena, with an empty hole */
	size_t revision_offset; /* where the decimal revision goes */
};

/*
 * Encodes an object whose tree is canonical; its resourceVersion, if any, is left out.
 * Fails with ERROR_TOO_LARGE above the stored-object limit of 1.5 MiB.
 */
int stored_object_encode(struct arena *arena, const struct api_resource *resource,
	const struct json_value *object, struct stored_encoding *ret,
	struct error *err) WARN_UNUSED;

/* A view of stored bytes; nothing is copied. */
struct stored_object {
	struct str json;
	struct str before_revision; /* json up to the revision's digits */
	struct str revision;        /* the digits */
	struct str after_revision;
	struct str header; /* labels and selectable values, encoded */
	uint16_t label_count;
	uint16_t selectable_count;
};
/* False when the bytes are not a stored object (corrupt). */
bool stored_object_parse(struct str bytes, struct stored_object *ret);
/* The value of a label; false when absent. */
bool stored_object_label(const struct stored_object *stored, struct str key, struct str *ret_value);
/* The selectable value `index` (as in the resource's table), or the empty view. */
struct str stored_object_selectable(const struct stored_object *stored, size_t index);
/*
 * The length of the constant text that opens every object of this resource's version:
 * {"kind":"Pod","apiVersion":"v1", — 0 when the stored JSON was written in another version, or
 * under another schema of it, and has to be converted. For built-ins a list item is "{" and what
 * follows.
 */
size_t stored_object_type_prefix(
	const struct api_resource *resource, const struct stored_object *stored);

#endif
