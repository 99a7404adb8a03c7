/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SCHEMA_VALIDATE_PRIVATE_H
#define TROIKA_SCHEMA_VALIDATE_PRIVATE_H

#include "field_error.h"
#include "schema.h"

/* What the files of schema_validate share. */

/* Compiled schemas are no deeper; built-in types with rules do not nest. */
#define VALIDATE_DEPTH_MAXIMUM 3300
/* Nodes visited: many times what any real object and schema need. */
#define VALIDATE_STEPS_MAXIMUM 10000000

struct validation {
	struct arena *arena;
	struct field_errors *errors; /* NULL: failures are only counted */
	size_t failures;
	size_t matches;  /* upstream's MatchCount: which branch of a junctor came closest */
	uint64_t *steps; /* shared by all validations of one call */
};

/* The whole walk over a built-in, and over a custom value. `old` may be NULL. */
void validate_builtin(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct json_value *old, const struct field_path *path,
	unsigned depth);
void validate_custom(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct json_value *old, const struct field_path *path,
	unsigned depth);

/* Counts a step; false when there were too many, which is reported once. */
bool validate_step(struct validation *validation, uint64_t steps);
/* One failure, as field_errors_add. */
__attribute__((format(printf, 5, 6))) void validate_fail(struct validation *validation,
	enum field_error_type type, const struct field_path *path, const struct json_value *value,
	const char *format, ...);
/* The same with "PATH in body " in front of the detail, as OpenAPI validation words it. */
__attribute__((format(printf, 5, 6))) void validate_fail_in_body(struct validation *validation,
	enum field_error_type type, const struct field_path *path, const struct json_value *value,
	const char *format, ...);
void validate_fail_unsupported(struct validation *validation, const struct field_path *path,
	const struct json_value *value, const struct schema_rules *rules);

/* Bounds, lengths, patterns, formats and counts of a custom value's own; not of its children. */
void validate_custom_rules(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct field_path *path);
void validate_custom_enum(struct validation *validation, const struct schema_rules *rules,
	const struct json_value *value, const struct field_path *path);
/* allOf, anyOf, oneOf and not. */
void validate_custom_junctors(struct validation *validation, const struct schema_rules *rules,
	const struct json_value *value, const struct field_path *path, unsigned depth);
/* Sets without equal items, maps without equal keys. */
void validate_list_unique(struct validation *validation, const struct schema *schema,
	const struct json_value *list, const struct field_path *path);
/* An item's keys in a list of type map, as one text; items without a key give one too. */
struct str validate_list_map_key(
	struct arena *arena, const struct schema *schema, const struct json_value *item);
/* Characters in UTF-8 text. */
int64_t validate_character_count(struct str text);

#endif
