/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static void *checked(void *memory, size_t size_bytes)
{
	if (!memory) {
		log_at(LOG_SEVERITY_FATAL, __FILE__, __LINE__, "out of memory: %zu bytes",
			size_bytes);
		abort();
	}
	return memory;
}

void *memory_allocate(size_t size_bytes)
{
	return checked(malloc(size_bytes ? size_bytes : 1), size_bytes);
}

void *memory_allocate_zeroed(size_t count, size_t size_bytes)
{
	return checked(calloc(count ? count : 1, size_bytes ? size_bytes : 1), count * size_bytes);
}

void *memory_resize(void *memory, size_t size_bytes)
{
	return checked(realloc(memory, size_bytes ? size_bytes : 1), size_bytes);
}

char *memory_copy_text(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(memory_allocate(size), text, size);
}

void memory_free(void *memory)
{
	free(memory);
}

void memory_keep_freed(size_t bytes)
{
	/* Advice: an allocator that does not know it goes on as before. */
	mallopt(M_TRIM_THRESHOLD, (int)bytes);
	mallopt(M_MMAP_THRESHOLD, (int)bytes);
}
