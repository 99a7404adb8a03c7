/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_JSON_POINTER_H
#define TROIKA_JSON_POINTER_H

#include "error.h"
#include "json_value.h"

/* RFC 6901: "/spec/containers/0" as its unescaped steps; no steps: the whole document. */
struct json_pointer {
	const struct str *steps;
	size_t count;
};

/* Fails with ERROR_BAD_REQUEST when `text` is neither empty nor starts with '/'. */
int json_pointer_parse(struct arena *arena, struct str text, struct json_pointer *ret,
	struct error *err) WARN_UNUSED;
/* The place `pointer` names or NULL; an array's steps are indexes without leading zeros. */
struct json_value *json_pointer_find(
	const struct json_value *document, struct json_pointer pointer);
/* The pointer without its last step, which there must be. */
struct json_pointer json_pointer_parent(struct json_pointer pointer);
/* An array index as RFC 6901 writes it: digits without leading zeros, at most `maximum`. */
bool json_pointer_index(struct str step, size_t maximum, size_t *ret);

#endif
