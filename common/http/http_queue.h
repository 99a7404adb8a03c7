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

/*
 * Blocks that are free, for all queues of one size to share: a queue that is empty holds none, and
 * one that fills again takes memory that is warm.
 */
#define HTTP_BLOCKS_KEPT 32

struct http_blocks {
	size_t block_bytes;
	size_t limit; /* how many to keep, at most HTTP_BLOCKS_KEPT */
	struct blob *kept[HTTP_BLOCKS_KEPT];
	size_t count;
};

struct http_queue {
	struct http_chunk *first, *last;
	size_t bytes;
	/* Where blocks for small bytes come from; it outlives the queue. NULL: just what is needed.
	 */
	struct http_blocks *blocks;
};

/* Frees what is kept. */
void http_blocks_fini(struct http_blocks *blocks);

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
