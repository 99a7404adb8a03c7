/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SCHEMA_ENGINE_H
#define TROIKA_SCHEMA_ENGINE_H

#include "field_error.h"
#include "schema.h"

/* The walks over an object by its schema. Each is linear in the object's size and depth-bounded. */

/*
 * From a parsed document to the canonical tree: unknown fields are pruned, members come in schema
 * order (maps and custom objects sorted by key), values are brought into canonical form
 * (quantities, times, base64), empty optional fields are dropped as Go's omitempty does and fields
 * without omitempty are filled with their zero value. `input` is not changed; the result shares its
 * strings. Each unknown field's path is appended to ret_unknown (may be NULL) as a string, at most
 * 100. Built-in types: a wrong JSON type fails with ERROR_BAD_REQUEST and Go's text ("json: cannot
 * unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container").
 * Custom types: wrong types are kept for validation to name; nulls of non-nullable fields dropped.
 */
int schema_decode(struct arena *arena, const struct schema *schema, const struct json_value *input,
	struct json_value *ret_unknown, struct json_value *ret_object,
	struct error *err) WARN_UNUSED;

/*
 * Fills defaults in place: plain ones, then those of the children that are present, then
 * default_function; members stay in canonical order. False when the defaults of a custom type would
 * take more than 64 MiB: the object is then incomplete, and too large to be accepted.
 */
bool schema_apply_defaults(
	struct arena *arena, const struct schema *schema, struct json_value *object);

/*
 * Built-in types: the rules of the tables, in the words of upstream's validators; FIELD_REQUIRED is
 * not looked at (rules->required_value is), and lists are checked for duplicates only where
 * rules->unique_items says so, as upstream lets many pass. Custom types: rules, required fields,
 * list sets and maps without duplicates. `old` is the object before an update (immutable fields,
 * ratcheting for custom types), or NULL on create. `path` may be NULL.
 */
void schema_validate(const struct schema *schema, const struct json_value *object,
	const struct json_value *old, const struct field_path *path, struct field_errors *errors);

/* A canonical quantity ("1000m" -> "1", "1024Ki" -> "1Mi"); false when malformed. */
bool quantity_canonicalise(struct arena *arena, struct str text, struct str *ret_canonical);
/* Order of two well-formed quantities: <0, 0, >0. */
int quantity_compare(struct str a, struct str b);

/* ---- Patches. `document` is not changed; the result may share its parts. ---- */

/* RFC 7396. */
struct json_value patch_merge(
	struct arena *arena, const struct json_value *document, const struct json_value *patch);
/*
 * RFC 6902, at most 10,000 operations and 3 MiB of copied data. A malformed patch is
 * ERROR_BAD_REQUEST, a failed path or test ERROR_INVALID, too many operations ERROR_TOO_LARGE.
 */
int patch_json(struct arena *arena, const struct json_value *document,
	const struct json_value *patch, struct json_value *ret, struct error *err) WARN_UNUSED;
/* Strategic merge patch with all its directives. Fails with ERROR_BAD_REQUEST. */
int patch_strategic(struct arena *arena, const struct schema *schema,
	const struct json_value *document, const struct json_value *patch, struct json_value *ret,
	struct error *err) WARN_UNUSED;

#endif
