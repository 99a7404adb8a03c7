/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_MEMORY_H
#define TROIKA_MEMORY_H

#include <stddef.h>

/*
 * The only door to the heap outside base. An allocation that fails ends the process: the supervisor
 * starts it anew, and request-sized memory is bounded before it is asked for.
 */

/* Uninitialised memory, never NULL; freed with memory_free(). */
void *memory_allocate(size_t size_bytes);
/* Zeroed memory, never NULL. */
void *memory_allocate_zeroed(size_t count, size_t size_bytes);
/* Grows or shrinks, keeps the contents, never NULL. */
void *memory_resize(void *memory, size_t size_bytes);
/* A NUL-terminated copy on the heap. */
char *memory_copy_text(const char *text);
void memory_free(void *memory);

/*
 * Keeps up to `bytes` of freed memory at hand, and takes blocks below that size from it, instead of
 * giving pages back to the kernel and asking for them again. For processes that move much through
 * buffers; call once, at start.
 */
void memory_keep_freed(size_t bytes);

/* A zeroed `struct type` on the heap. */
#define MEMORY_NEW(type) ((type *)memory_allocate_zeroed(1, sizeof(type)))

#endif
