/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_HTTP_QUEUE_H
#define TROIKA_HTTP_QUEUE_H

#include <sys/uio.h>

#include "blob.h"

/*
 * Bytes on their way out: small ones are copied together, large ones are held by reference. Private
 * to this layer. Zero-initialise, end with http_queue_clear().
 */
struct http_chunk;

struct http_queue {
	struct http_chunk *first, *last;
	size_t bytes;
	/* What a new block for small bytes holds; 0: just what is needed. */
	size_t block_bytes;
};

void http_queue_clear(struct http_queue *queue);
void http_queue_append(struct http_queue *queue, struct str bytes);
/* Takes one reference. */
void http_queue_append_blob(struct http_queue *queue, struct blob *blob);
/* Moves the first `count` bytes (there must be as many) to the end of another queue. */
void http_queue_move(struct http_queue *to, struct http_queue *from, size_t count);
/* Drops the first `count` bytes. */
void http_queue_consume(struct http_queue *queue, size_t count);
/* Describes the first bytes in at most `count` pieces; returns how many it filled. */
int http_queue_peek(const struct http_queue *queue, struct iovec *pieces, int count);

#endif
