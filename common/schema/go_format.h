/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_GO_FORMAT_H
#define TROIKA_GO_FORMAT_H

#include "buffer.h"
#include "json_value.h"

/* Values in messages as Go's fmt package writes them. */

/* strconv.Quote (%q): in double quotes, escaped, non-printing characters as \u.... */
void go_quote(struct buffer *out, struct str text);
/* The same in the arena. */
struct str go_quoted(struct arena *arena, struct str text);
/* %v of a float64: the shortest form that reads back, 'e' notation below 1e-4 and from 1e6. */
void go_format_double(struct buffer *out, double value);
/* Compact JSON, cut at about `maximum` bytes. */
void go_write_bounded(struct buffer *out, const struct json_value *value, size_t maximum);

#endif
