/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EXT_SCHEMA_H
#define TROIKA_EXT_SCHEMA_H

#include "field_error.h"
#include "schema.h"

/* An openAPIV3Schema of a definition: whether it may be used, and what the engine makes of it. */

/*
 * All that is wrong with it: keywords that are not supported, then what keeps it from being
 * structural. With a status subresource only some keywords may stand at the root.
 */
void ext_schema_validate(const struct json_value *schema, bool has_status,
	const struct field_path *path, struct field_errors *errors);

/* Compiled into the arena; texts are copied. ERROR_RETURN for a schema that is not structural. */
int ext_schema_compile(struct arena *arena, const struct json_value *schema,
	const struct schema **ret, struct error *err) WARN_UNUSED;

/* The schema of the property that a path (".spec.mode", ".spec['a.b']") names, or NULL. */
const struct json_value *ext_schema_find_path(const struct json_value *schema, struct str path);

#endif
