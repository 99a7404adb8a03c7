/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_BUFFER_H
#define TROIKA_BUFFER_H

#include "blob.h"
#include "str.h"

/* Bytes that grow on the heap. Zero-initialise (struct buffer b = {0}), end with buffer_fini(). */
struct buffer {
	char *data;
	size_t length;
	size_t capacity;
};

void buffer_fini(struct buffer *buffer);
/* Keeps the memory, forgets the contents. */
void buffer_clear(struct buffer *buffer);
/* Room for `more` bytes behind the contents; returns where they go (then add to length). */
char *buffer_reserve(struct buffer *buffer, size_t more);
void buffer_append(struct buffer *buffer, struct str bytes);
void buffer_append_byte(struct buffer *buffer, char byte);
void buffer_append_u64(struct buffer *buffer, uint64_t value);
void buffer_append_i64(struct buffer *buffer, int64_t value);
__attribute__((format(printf, 2, 3))) void buffer_printf(
	struct buffer *buffer, const char *format, ...);
/* Drops the first `count` bytes. */
void buffer_consume(struct buffer *buffer, size_t count);
/* A blob with a copy of the contents; the buffer is left empty. */
struct blob *buffer_to_blob(struct buffer *buffer);

static inline struct str buffer_str(const struct buffer *buffer)
{
	return str_from(buffer->data, buffer->length);
}

#endif
