/* SPDX-License-Identifier: Apache-2.0 */
#include "http_queue.h"

#include "assertion.h"
#include "memory.h"

/* From here on a reference is cheaper than a copy. */
#define REFERENCE_FROM_BYTES 4096
#define SMALLEST_BLOCK_BYTES 512

struct http_chunk {
	struct http_chunk *next;
	struct blob *blob;
	size_t offset;
	size_t length;
	bool is_block; /* ours alone: what lies behind the contents may still be filled */
};

static void drop_first(struct http_queue *queue)
{
	struct http_chunk *gone = queue->first;

	queue->first = gone->next;
	if (!queue->first)
		queue->last = NULL;
	blob_unref(&gone->blob);
	memory_free(gone);
}

void http_queue_clear(struct http_queue *queue)
{
	while (queue->first)
		drop_first(queue);
	queue->bytes = 0;
}

static void append_chunk(struct http_queue *queue, struct http_chunk chunk)
{
	struct http_chunk *copy = memory_allocate(sizeof(*copy));

	*copy = chunk;
	copy->next = NULL;
	if (queue->last)
		queue->last->next = copy;
	else
		queue->first = copy;
	queue->last = copy;
	queue->bytes += chunk.length;
}

static size_t room_behind(const struct http_chunk *chunk)
{
	return chunk && chunk->is_block ? chunk->blob->length - chunk->offset - chunk->length : 0;
}

void http_queue_append(struct http_queue *queue, struct str bytes)
{
	size_t room = room_behind(queue->last);
	size_t fits = bytes.length < room ? bytes.length : room;

	if (fits > 0) {
		struct http_chunk *chunk = queue->last;

		memcpy(chunk->blob->data + chunk->offset + chunk->length, bytes.data, fits);
		chunk->length += fits;
		queue->bytes += fits;
		bytes = str_skip(bytes, fits);
	}
	if (str_is_empty(bytes))
		return;

	size_t size = queue->block_bytes ? queue->block_bytes : SMALLEST_BLOCK_BYTES;

	if (size < bytes.length)
		size = bytes.length;
	struct blob *blob = blob_create_uninitialised(size);

	memcpy(blob->data, bytes.data, bytes.length);
	append_chunk(
		queue, (struct http_chunk){.blob = blob, .length = bytes.length, .is_block = true});
}

void http_queue_append_blob(struct http_queue *queue, struct blob *blob)
{
	if (blob->length > 0)
		append_chunk(
			queue, (struct http_chunk){.blob = blob_ref(blob), .length = blob->length});
}

void http_queue_move(struct http_queue *to, struct http_queue *from, size_t count)
{
	ASSERT(count <= from->bytes);
	while (count > 0) {
		const struct http_chunk *chunk = from->first;
		size_t length = chunk->length < count ? chunk->length : count;

		if (length >= REFERENCE_FROM_BYTES)
			append_chunk(to, (struct http_chunk){.blob = blob_ref(chunk->blob),
						 .offset = chunk->offset,
						 .length = length});
		else
			http_queue_append(to, str_from(chunk->blob->data + chunk->offset, length));
		http_queue_consume(from, length);
		count -= length;
	}
}

void http_queue_consume(struct http_queue *queue, size_t count)
{
	ASSERT(count <= queue->bytes);
	queue->bytes -= count;
	while (count > 0) {
		struct http_chunk *chunk = queue->first;

		if (count < chunk->length) {
			chunk->offset += count;
			chunk->length -= count;
			return;
		}
		count -= chunk->length;
		drop_first(queue);
	}
}

int http_queue_peek(const struct http_queue *queue, struct iovec *pieces, int count)
{
	int filled = 0;

	for (const struct http_chunk *chunk = queue->first; chunk && filled < count;
		chunk = chunk->next) {
		pieces[filled].iov_base = chunk->blob->data + chunk->offset;
		pieces[filled].iov_len = chunk->length;
		filled++;
	}
	return filled;
}
