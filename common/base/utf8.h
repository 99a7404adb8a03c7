/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_UTF8_H
#define TROIKA_UTF8_H

#include "str.h"

/* U+FFFD, which stands for what cannot be decoded. */
#define UTF8_REPLACEMENT STR("\xef\xbf\xbd")

/*
 * The bytes of the well-formed sequence (1 to 4) at the start of `s`, 0 when there is none: cut
 * short, overlong, a surrogate, above U+10FFFF or not a lead byte.
 */
size_t utf8_sequence_length(struct str s);
/* The length of the longest well-formed prefix: s.length when all of it is. */
size_t utf8_valid_length(struct str s);
/* The length of the prefix that is ASCII. */
size_t utf8_ascii_length(struct str s);
/* Writes the code point (not a surrogate, at most U+10FFFF) to `out`; returns its bytes. */
size_t utf8_encode(uint32_t code_point, char out[4]);

#endif
