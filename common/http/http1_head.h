/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_HTTP1_HEAD_H
#define TROIKA_HTTP1_HEAD_H

#include "http1_parser.h"

/*
 * A whole head (through the empty line, every line ending in CRLF), of which the bytes may be
 * changed (names are made lower case in place). Returns 0 or the status to refuse with.
 */
int http1_head_parse(struct arena *arena, char *text, size_t length,
	const struct http1_limits *limits, struct http1_head *head);

#endif
