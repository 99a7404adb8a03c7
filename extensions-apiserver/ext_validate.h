/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EXT_VALIDATE_H
#define TROIKA_EXT_VALIDATE_H

#include "field_error.h"

/* What makes a CustomResourceDefinition well-formed, beyond its metadata; upstream's rules and
 * texts. */

/* `old` is the definition before the update, or NULL on create. */
void ext_validate_definition(
	const struct json_value *object, const struct json_value *old, struct field_errors *errors);
/* A write to the status subresource. */
void ext_validate_status(const struct json_value *object, struct field_errors *errors);

/* ---- Parts, one file each ---- */

/*
 * What all versions have alike: upstream moves it up to the spec before it validates, so that its
 * errors are told there, and once.
 */
struct ext_shared {
	bool schema;
	bool subresources;
	bool columns;
	bool selectable_fields;
};
struct ext_shared ext_find_shared(const struct json_value *versions);
/* spec.versions[i], without what is shared. */
void ext_validate_version(const struct json_value *version, const struct ext_shared *shared,
	const struct field_path *path, struct field_errors *errors);
/* What is shared, with the path of the spec. */
void ext_validate_shared(const struct json_value *versions, const struct ext_shared *shared,
	const struct field_path *path, struct field_errors *errors);
/* spec.conversion, which may be NULL. */
void ext_validate_conversion(const struct json_value *conversion,
	const struct json_value *old_conversion, const struct field_path *path,
	struct field_errors *errors);
/* Whether a conversion's conversionReviewVersions name one that servers know. */
bool ext_knows_review_version(const struct json_value *conversion);

/* Adds one INVALID error with the messages of the format joined by commas; true when well-formed.
 */
bool ext_validate_label(struct str text, const char *prefix, const struct field_path *path,
	struct field_errors *errors);

/*
 * Appends what a client should know of an accepted definition to ret_texts, as strings; what its
 * state before the update (or NULL) had already is not told again.
 */
void ext_find_warnings(struct arena *arena, const struct json_value *object,
	const struct json_value *old, struct json_value *ret_texts);

#endif
