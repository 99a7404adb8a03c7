/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_memory.h"

#include <malloc.h>
#include <stdbool.h>

#include <openssl/crypto.h>

#include "memory.h"

/* A record of 16 KiB with its head, padding and tag, for reading as for writing. */
#define SMALLEST_BYTES (16u * 1024)
#define BUFFER_BYTES   (17u * 1024)
/* What malloc may have rounded up to. */
#define LARGEST_BYTES (BUFFER_BYTES + 64)
#define BUFFERS_KEPT  4

static _Thread_local bool keeps_buffers;
static void *kept[BUFFERS_KEPT]; /* of the thread that keeps buffers */
static unsigned kept_count;

static bool is_buffer_size(size_t size)
{
	return size > SMALLEST_BYTES && size <= BUFFER_BYTES;
}

static void *allocate(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size == 0)
		return NULL;
	if (!is_buffer_size(size))
		return memory_allocate(size);
	if (keeps_buffers && kept_count > 0)
		return kept[--kept_count];
	return memory_allocate(BUFFER_BYTES);
}

static void *resize(void *memory, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size > 0)
		return memory_resize(memory, size);
	memory_free(memory);
	return NULL;
}

static void release(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	if (memory && keeps_buffers && kept_count < BUFFERS_KEPT) {
		size_t size = malloc_usable_size(memory);

		if (size >= BUFFER_BYTES && size <= LARGEST_BYTES) {
			kept[kept_count++] = memory;
			return;
		}
	}
	memory_free(memory);
}

void tls_memory_keep_buffers(void)
{
	if (CRYPTO_set_mem_functions(allocate, resize, release) == 1)
		keeps_buffers = true;
}
