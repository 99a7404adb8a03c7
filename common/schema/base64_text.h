/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_BASE64_TEXT_H
#define TROIKA_BASE64_TEXT_H

#include "arena.h"

/*
 * Checks padded standard base64 as Go does (line breaks are skipped, stray bits of the last group
 * forgotten) and returns its canonical form, which shares `text` when that is canonical already.
 * On failure *ret_offset is the byte at fault.
 */
bool base64_text_canonicalise(
	struct arena *arena, struct str text, struct str *ret_canonical, size_t *ret_offset);

/* The bytes of well-formed text; of other text what stands before the first fault. */
struct str base64_text_decode(struct arena *arena, struct str text);
/* Bytes as padded standard base64. */
struct str base64_text_encode(struct arena *arena, struct str bytes);

#endif
