/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_IDENTIFIER_H
#define TROIKA_AGG_IDENTIFIER_H

#include "arena.h"

/* Identifiers that nobody can guess or repeat, from the kernel's random numbers. */

/* A random UUID (version 4), for Audit-Id. */
struct str agg_identifier_uuid(struct arena *arena);
/* 128 bits as 32 hexadecimal digits, for x-troika-request-id. */
struct str agg_identifier_hex(struct arena *arena);
/* True with this probability (0 to 1). */
bool agg_identifier_draw(double chance);

#endif
