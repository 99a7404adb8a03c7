/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SCHEMA_SCALAR_H
#define TROIKA_SCHEMA_SCALAR_H

#include "error.h"
#include "schema.h"

/* Single values of built-in types as Go decodes them; private to the schema engine. */

enum schema_scalar_result {
	SCHEMA_SCALAR_OK,
	SCHEMA_SCALAR_WRONG_TYPE,  /* the JSON type does not fit */
	SCHEMA_SCALAR_WRONG_VALUE, /* a number that the integer type cannot hold */
	SCHEMA_SCALAR_MALFORMED,   /* err says why, as the type's own decoder does */
};

/*
 * The canonical form of a non-null value. `milli` rounds quantities up to 10^-3. Texts that are
 * canonical already are shared with the input.
 */
enum schema_scalar_result schema_scalar_decode(struct arena *arena, const struct schema *schema,
	const struct json_value *input, bool milli, struct json_value *ret, struct error *err);
/* Whether Go's omitempty leaves the value out of a field that is no pointer. */
bool schema_scalar_is_empty(const struct schema *schema, const struct json_value *value);
/* What Go writes for the zero value of the type; structs hold their members without omitempty. */
struct json_value schema_zero_value(struct arena *arena, const struct schema *schema);
/* The Go type as messages name it: "[]v1.Container", "map[string]string", "int32". */
struct str schema_go_type(struct arena *arena, const struct schema *schema);
/* "string", "number", "bool", "array", "object" or "null". */
const char *schema_go_value_kind(const struct json_value *value);
/* A number as it stands behind "number " in messages. */
struct str schema_number_text(struct arena *arena, const struct json_value *value);

#endif
