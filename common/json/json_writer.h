/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_JSON_WRITER_H
#define TROIKA_JSON_WRITER_H

#include "buffer.h"
#include "json_value.h"

/*
 * Writes as Go's encoding/json does: no blanks, < > & U+2028 U+2029 escaped as \u003c and so on,
 * control characters \b \f \n \r \t or \u00XX, doubles in the shortest form that reads back
 * ('e' notation below 1e-6 and from 1e21). No trailing newline.
 */
void json_write(struct buffer *out, const struct json_value *value);
/* With two blanks of indent per level, as json.Indent(.., "", "  "); at most 100 levels are
 * indented. */
void json_write_indented(struct buffer *out, const struct json_value *value);
/* Re-indents compact JSON text without building a tree; the text must be valid JSON. */
void json_indent_text(struct buffer *out, struct str text);
/* A quoted, escaped string. */
void json_write_string(struct buffer *out, struct str text);
void json_write_double(struct buffer *out, double value);
/* json_write into the arena. */
struct str json_to_str(struct arena *arena, const struct json_value *value);

#endif
