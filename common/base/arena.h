/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_ARENA_H
#define TROIKA_ARENA_H

#include <stdarg.h>

#include "blob.h"
#include "str.h"

/*
 * Memory of one request (or one event, one start-up step): grows by blocks, nothing is freed
 * singly, everything comes zeroed. A function that allocates takes the arena as its first argument;
 * that argument says how long the result lives. Not shared between threads.
 */
struct arena;

/* Owned by the caller; blocks start at `block_bytes` (0: a default of 8 KiB) and double to 1 MiB.
 */
struct arena *arena_create(size_t block_bytes);
/* Frees all of it and drops the blobs it holds. Accepts NULL, stores NULL. */
void arena_destroy(struct arena **arena);
/* Forgets all allocations, keeps the first block for the next request, drops held blobs. */
void arena_reset(struct arena *arena);

/*
 * A place to go back to, for work that is done again and again within one request: rewinding
 * forgets what was allocated since the mark and drops what was held since. Marks nest; one that was
 * rewound to stays good.
 */
struct arena_mark {
	/* private */
	void *block;
	void *release;
	size_t used, used_bytes;
};
struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, const struct arena_mark *mark);

/* Zeroed, aligned to 16 bytes, never NULL. */
void *arena_allocate(struct arena *arena, size_t size_bytes);
/* As arena_allocate without zeroing, aligned to 1 byte: for text that is written at once. */
char *arena_allocate_text(struct arena *arena, size_t size_bytes);
/* Total bytes handed out since creation or reset. */
size_t arena_used_bytes(const struct arena *arena);

#define ARENA_NEW(arena, type)          ((type *)arena_allocate((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_allocate((arena), sizeof(type) * (count)))

/* A copy; NUL-terminated one byte past its length. */
struct str arena_copy(struct arena *arena, struct str s);
/* The same as a C string (bytes after an embedded NUL are invisible to C). */
const char *arena_copy_c(struct arena *arena, struct str s);
/* The parts one behind the other; NUL-terminated one byte past its length. */
struct str arena_join(struct arena *arena, const struct str *parts, size_t count);
__attribute__((format(printf, 2, 3))) struct str arena_printf(
	struct arena *arena, const char *format, ...);
struct str arena_vprintf(struct arena *arena, const char *format, va_list arguments);
/* The arena takes one reference of its own and drops it when reset or destroyed. */
void arena_hold_blob(struct arena *arena, struct blob *blob);
/* Calls function(context) when the arena is reset or destroyed, newest first. */
void arena_on_release(struct arena *arena, void (*function)(void *context), void *context);

#endif
