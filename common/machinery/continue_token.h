/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CONTINUE_TOKEN_H
#define TROIKA_CONTINUE_TOKEN_H

#include "error.h"

/* The continue token of a list: {"v":"meta.k8s.io/v1","rv":R,"start":"KEY\u0000"} as base64url. */
struct continue_token {
	uint64_t revision;    /* UINT64_MAX: at the newest (rv -1) */
	struct str start_key; /* relative to the listed root */
	bool start_inclusive; /* false when the key ended with NUL: go on behind it */
};

/* `last_key` is the last name of the page; the next one starts behind it. */
struct str continue_token_encode(
	struct arena *arena, uint64_t revision, struct str last_key, struct error *err);
/* Fails with ERROR_BAD_REQUEST; a start that would leave the listed root is refused. */
int continue_token_decode(struct arena *arena, struct str text, struct continue_token *ret,
	struct error *err) WARN_UNUSED;

#endif
