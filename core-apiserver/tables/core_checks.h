/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CORE_CHECKS_H
#define TROIKA_CORE_CHECKS_H

#include "api_core.h"
#include "field_error.h"
#include "name_validation.h"

/*
 * What the check functions of the built-in types share. The functions themselves (schema_check_fn)
 * are declared in api_core.h. A name of NULL stands for the object itself.
 */
struct check {
	const struct json_value *object;
	const struct json_value *old; /* or NULL */
	const struct field_path *path;
	struct field_errors *errors;
};

#define CHECK_INIT(object, old, path, errors)                                                      \
	{                                                                                          \
		(object), (old), (path), (errors)                                                  \
	}

/* The member, of the object itself when the name is NULL; borrowed, NULL when absent. */
const struct json_value *check_member(const struct check *check, const char *name);
/* Its text, empty when it is no string. */
struct str check_text(const struct check *check, const char *name);
/* Present and neither null, nor an empty string or list. */
bool check_has(const struct check *check, const char *name);

/* `member` refused, with its value shown ("" when it is absent). */
__attribute__((format(printf, 3, 4))) void check_invalid(
	const struct check *check, const char *member, const char *format, ...);
/* The same without the value, as something that may not be there. */
__attribute__((format(printf, 3, 4))) void check_forbidden(
	const struct check *check, const char *member, const char *format, ...);
/* "Required value", with the text behind it when it is not empty. */
void check_required(const struct check *check, const char *member, const char *text);
/* `member` has none of the values that it may have, which are listed. */
void check_unsupported(
	const struct check *check, const char *member, const char *const *supported, size_t count);
/* A string member, when it is not empty, must have the format. */
void check_name(const struct check *check, const char *member, enum name_format format);
/* A port: a number of 1 to 65535, or a name. */
void check_port(const struct check *check, const char *member);
/* A count that is not negative, or a percentage. */
void check_count_or_percent(const struct check *check, const char *member);
/* The percentage ("30%"), or the number as it is; -1 when it is neither. */
int64_t check_percent_of(const struct json_value *value, bool *ret_is_percent);

/*
 * Of the members named, at most one may be present: the later ones are forbidden with
 * "may not specify more than 1 KIND". Returns how many there were.
 */
size_t check_at_most_one(
	const struct check *check, const char *const *names, size_t count, const char *kind);
/* Whether the update changed the member. */
bool check_changed(const struct check *check, const char *name);
/* Quantities of a resource list may not be negative. */
void check_quantities(const struct check *check, const char *member);
/* A path below something: not absolute, and without "..". */
void check_local_path(const struct check *check, const char *member);
/* A path without "..", which may be absolute. */
void check_no_backsteps(const struct check *check, const char *member);

/*
 * What the containers of a pod's spec (NULL: none) mount must be among its volumes. Not for the
 * template of a StatefulSet: its claims become volumes later.
 */
void check_pod_mounts(
	const struct json_value *spec, const struct field_path *path, struct field_errors *errors);

#define CHECK_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
