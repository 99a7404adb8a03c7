/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_HTTP_SYNTAX_H
#define TROIKA_HTTP_SYNTAX_H

#include "http_message.h"

/* Rules that HTTP/1.1 and HTTP/2 share. Private to this layer. */

/* RFC 9110 token, not empty. */
bool http_syntax_is_token(struct str text);
/* A field value: no control character but tab. */
bool http_syntax_is_value(struct str text);
/* Host or :authority, may be empty. */
bool http_syntax_is_authority(struct str text);
/* A path and query: visible ASCII whose percent escapes are well-formed. */
bool http_syntax_is_target(struct str text);
/* Splits at the first '?'. */
void http_syntax_split_target(struct str target, struct str *ret_path, struct str *ret_query);
/* True when a comma list holds the (lower-case) token. */
bool http_syntax_list_has(struct str list, struct str token);
/* Digits only, 19 at most, within int64. */
bool http_syntax_parse_length(struct str text, uint64_t *ret_length);

#endif
