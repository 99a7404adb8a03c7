/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>

#include "assertion.h"
#include "memory.h"

void buffer_fini(struct buffer *buffer)
{
	memory_free(buffer->data);
	*buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
	buffer->length = 0;
}

char *buffer_reserve(struct buffer *buffer, size_t more)
{
	ASSERT(more < SIZE_MAX / 4);
	size_t needed = buffer->length + more;

	if (needed > buffer->capacity) {
		size_t capacity = buffer->capacity ? buffer->capacity * 2 : 256;

		if (capacity < needed)
			capacity = needed;
		buffer->data = memory_resize(buffer->data, capacity);
		buffer->capacity = capacity;
	}
	return buffer->data + buffer->length;
}

void buffer_append(struct buffer *buffer, struct str bytes)
{
	if (bytes.length == 0)
		return;
	memcpy(buffer_reserve(buffer, bytes.length), bytes.data, bytes.length);
	buffer->length += bytes.length;
}

void buffer_append_byte(struct buffer *buffer, char byte)
{
	*buffer_reserve(buffer, 1) = byte;
	buffer->length++;
}

void buffer_append_u64(struct buffer *buffer, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	buffer_append(buffer, str_from(digits + at, sizeof(digits) - at));
}

void buffer_append_i64(struct buffer *buffer, int64_t value)
{
	if (value < 0) {
		buffer_append_byte(buffer, '-');
		buffer_append_u64(buffer, 0 - (uint64_t)value);
		return;
	}
	buffer_append_u64(buffer, (uint64_t)value);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);

	va_end(arguments);
	ASSERT(length >= 0);
	char *at = buffer_reserve(buffer, (size_t)length + 1);

	va_start(arguments, format);
	vsnprintf(at, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buffer->length += (size_t)length;
}

void buffer_consume(struct buffer *buffer, size_t count)
{
	ASSERT(count <= buffer->length);
	buffer->length -= count;
	if (buffer->length > 0)
		memmove(buffer->data, buffer->data + count, buffer->length);
}

struct blob *buffer_to_blob(struct buffer *buffer)
{
	struct blob *blob = blob_create(buffer_str(buffer));

	buffer_clear(buffer);
	return blob;
}
