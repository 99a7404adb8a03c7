/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_FIELD_ERROR_H
#define TROIKA_FIELD_ERROR_H

#include "error.h"
#include "json_value.h"

/*
 * Validation errors by field, as upstream's field.ErrorList: collected, then made into one Invalid
 * Status with a cause each (wire form: "spec.replicas: Invalid value: -1: must be ...").
 */

/* A path to a field as a chain on the stack; nodes of one kind each. */
struct field_path {
	const struct field_path *parent; /* NULL: the root (an empty path) */
	struct str name;                 /* .name */
	int64_t index;                   /* [index] when >= 0 */
	bool is_key;                     /* [name] */
};

static inline struct field_path field_path_child(const struct field_path *parent, struct str name)
{
	return (struct field_path){.parent = parent, .name = name, .index = -1};
}

static inline struct field_path field_path_index(const struct field_path *parent, size_t index)
{
	return (struct field_path){.parent = parent, .index = (int64_t)index};
}

static inline struct field_path field_path_key(const struct field_path *parent, struct str key)
{
	return (struct field_path){.parent = parent, .name = key, .index = -1, .is_key = true};
}

/* "spec.containers[0].name", "metadata.labels[a/b]"; NULL gives "". */
struct str field_path_format(struct arena *arena, const struct field_path *path);

enum field_error_type {
	FIELD_ERROR_REQUIRED,      /* Required value */
	FIELD_ERROR_INVALID,       /* Invalid value: VALUE: detail */
	FIELD_ERROR_TYPE_INVALID,  /* the same, reason FieldValueTypeInvalid */
	FIELD_ERROR_NOT_SUPPORTED, /* Unsupported value: VALUE: detail ("supported values: ...") */
	FIELD_ERROR_DUPLICATE,
	FIELD_ERROR_NOT_FOUND,
	FIELD_ERROR_FORBIDDEN,
	FIELD_ERROR_TOO_LONG, /* Too long: detail ("may not be more than N bytes") */
	FIELD_ERROR_TOO_SHORT,
	FIELD_ERROR_TOO_MANY, /* Too many: VALUE: detail */
	FIELD_ERROR_TOO_FEW,
	FIELD_ERROR_INTERNAL,
};

struct field_error {
	struct field_error *next;
	enum field_error_type type;
	struct str field;
	struct str body; /* the text behind "FIELD: " */
};

/*
 * Collects at most 1,000 errors and 4 MiB of text; what comes later is dropped. Zero but for the
 * arena: (struct field_errors){.arena = a}.
 */
struct field_errors {
	struct arena *arena;
	struct field_error *first;
	struct field_error **end;
	size_t count;
	size_t text_bytes; /* private */
};

/*
 * Adds an error; `value` (NULL for types without one) is written as upstream writes it (numbers and
 * booleans bare, strings Go-quoted, others as compact JSON) and cut at 1 KiB.
 */
__attribute__((format(printf, 5, 6))) void field_errors_add(struct field_errors *errors,
	enum field_error_type type, const struct field_path *path, const struct json_value *value,
	const char *format, ...);
/* FIELD_ERROR_NOT_SUPPORTED with `supported values: "a", "b"`. */
void field_errors_add_unsupported(struct field_errors *errors, const struct field_path *path,
	const struct json_value *value, const struct str *supported, size_t supported_count);

/*
 * Fills err as Invalid: message `KIND.group "NAME" is invalid: AGG`, one cause for each error.
 * Returns 0 when there are none, ERROR_RETURN otherwise.
 */
int field_errors_to_error(const struct field_errors *errors, struct str group, struct str kind,
	struct str name, struct error *err) WARN_UNUSED;

#endif
