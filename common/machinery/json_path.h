/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_JSON_PATH_H
#define TROIKA_JSON_PATH_H

#include "json_value.h"

/*
 * The JSONPath that printer columns and selectable fields use (k8s.io/client-go/util/jsonpath with
 * missing keys allowed): .name, ['name'], ..: none, [0], [-1], [*], [0:2], [-1:], [0,2], ['a','b'],
 * [?(@.a.b=="x")] with ==, !=, <, <=, > and >= on strings, numbers and booleans, and [?(@.a)] for
 * what has an a. Without braces; a leading '.' or '$' may be there.
 */

/* The first value the path gives, or NULL: nothing found, or the path is malformed. */
const struct json_value *json_path_first(
	struct arena *arena, const struct json_value *root, struct str path);
/* All values in order, at most `maximum`; returns how many were put into ret. */
size_t json_path_all(struct arena *arena, const struct json_value *root, struct str path,
	const struct json_value **ret, size_t maximum);
/* Whether the path can be parsed. */
bool json_path_is_valid(struct str path);

#endif
