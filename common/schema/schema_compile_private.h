/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SCHEMA_COMPILE_PRIVATE_H
#define TROIKA_SCHEMA_COMPILE_PRIVATE_H

#include "schema_compile.h"

/* What the files of schema_compile share. */

enum compile_level {
	COMPILE_ROOT,
	COMPILE_ITEM,
	COMPILE_FIELD
};

/* Where in a schema a node stands. */
struct compile_place {
	const struct field_path *path;
	enum compile_level level;
	unsigned depth;
	bool nested;             /* under allOf, anyOf, oneOf or not */
	bool type_allowed;       /* nested: the int-or-string pattern */
	bool inside_meta;        /* under apiVersion, kind or metadata of a resource */
	const char *no_defaults; /* why a default may not stand here, or NULL */
};

/* Structural invariants and what OpenAPI keywords may hold, for the node and all below it. */
void compile_check(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place);
/* The rules for single keywords of one node: no children. */
void compile_check_keywords(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place);
/* Whether value validations name only what the structure has. */
void compile_check_complete(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place);

static inline const struct json_value *compile_get(const struct json_value *node, const char *key)
{
	return json_find(node, str_from_c(key));
}

static inline struct str compile_text(const struct json_value *node, const char *key)
{
	return json_text(compile_get(node, key));
}

static inline bool compile_is_true(const struct json_value *node, const char *key)
{
	return json_bool_or(compile_get(node, key), false);
}

/* The schema behind items or additionalProperties, or NULL (also for a boolean). */
static inline const struct json_value *compile_subschema(
	const struct json_value *node, const char *key)
{
	const struct json_value *found = compile_get(node, key);

	return found && found->type == JSON_OBJECT ? found : NULL;
}

/* anyOf: [{type: integer}, {type: string}], which stands for int-or-string. */
bool compile_is_int_or_string(const struct json_value *any_of);

#endif
