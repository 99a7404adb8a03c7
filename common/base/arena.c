/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#include <stdio.h>

#include "assertion.h"
#include "memory.h"

#define BLOCK_DEFAULT_BYTES 8192
#define BLOCK_MAXIMUM_BYTES (1024 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	char data[] __attribute__((aligned(16)));
};

struct arena_release {
	struct arena_release *next;
	void (*function)(void *context);
	void *context;
};

struct arena {
	struct arena_block *blocks; /* newest first; the first block is the last of the list */
	struct arena_release *releases;
	size_t next_block_bytes;
	size_t used_bytes;
};

static struct arena_block *block_create(struct arena *arena, size_t at_least)
{
	size_t size = arena->next_block_bytes;

	if (size < at_least)
		size = at_least;
	else if (arena->next_block_bytes < BLOCK_MAXIMUM_BYTES)
		arena->next_block_bytes *= 2;

	struct arena_block *block = memory_allocate(sizeof(*block) + size);

	block->next = arena->blocks;
	block->size = size;
	block->used = 0;
	arena->blocks = block;
	return block;
}

struct arena *arena_create(size_t block_bytes)
{
	struct arena *arena = MEMORY_NEW(struct arena);

	arena->next_block_bytes = block_bytes ? block_bytes : BLOCK_DEFAULT_BYTES;
	block_create(arena, 0);
	return arena;
}

static void run_releases(struct arena *arena, const struct arena_release *until)
{
	while (arena->releases != until) {
		struct arena_release *release = arena->releases;

		ASSERT(release);
		arena->releases = release->next;
		release->function(release->context);
	}
}

static void pop_block(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	ASSERT(block->next);
	arena->blocks = block->next;
	memory_free(block);
}

void arena_reset(struct arena *arena)
{
	run_releases(arena, NULL);
	while (arena->blocks->next)
		pop_block(arena);
	arena->blocks->used = 0;
	arena->used_bytes = 0;
}

struct arena_mark arena_mark(const struct arena *arena)
{
	return (struct arena_mark){
		.block = arena->blocks,
		.release = arena->releases,
		.used = arena->blocks->used,
		.used_bytes = arena->used_bytes,
	};
}

void arena_rewind(struct arena *arena, const struct arena_mark *mark)
{
	run_releases(arena, mark->release);
	while (arena->blocks != mark->block)
		pop_block(arena);
	ASSERT(arena->blocks->used >= mark->used);
	arena->blocks->used = mark->used;
	arena->used_bytes = mark->used_bytes;
}

void arena_destroy(struct arena **arena)
{
	struct arena *gone = *arena;

	*arena = NULL;
	if (!gone)
		return;
	arena_reset(gone);
	memory_free(gone->blocks);
	memory_free(gone);
}

static char *take(struct arena *arena, size_t size_bytes, size_t alignment)
{
	ASSERT(size_bytes < SIZE_MAX / 2);
	struct arena_block *block = arena->blocks;
	size_t start = (block->used + alignment - 1) & ~(alignment - 1);

	if (start > block->size || block->size - start < size_bytes) {
		block = block_create(arena, size_bytes);
		start = 0;
	}
	block->used = start + size_bytes;
	arena->used_bytes += size_bytes;
	return block->data + start;
}

void *arena_allocate(struct arena *arena, size_t size_bytes)
{
	return memset(take(arena, size_bytes, 16), 0, size_bytes);
}

char *arena_allocate_text(struct arena *arena, size_t size_bytes)
{
	return take(arena, size_bytes, 1);
}

size_t arena_used_bytes(const struct arena *arena)
{
	return arena->used_bytes;
}

struct str arena_copy(struct arena *arena, struct str s)
{
	char *copy = take(arena, s.length + 1, 1);

	if (s.length > 0)
		memcpy(copy, s.data, s.length);
	copy[s.length] = '\0';
	return str_from(copy, s.length);
}

const char *arena_copy_c(struct arena *arena, struct str s)
{
	return arena_copy(arena, s).data;
}

struct str arena_join(struct arena *arena, const struct str *parts, size_t count)
{
	size_t length = 0, at = 0;

	for (size_t i = 0; i < count; i++)
		length += parts[i].length;
	char *text = take(arena, length + 1, 1);

	for (size_t i = 0; i < count; i++) {
		if (parts[i].length > 0)
			memcpy(text + at, parts[i].data, parts[i].length);
		at += parts[i].length;
	}
	text[length] = '\0';
	return str_from(text, length);
}

struct str arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
	char small[256];
	va_list again;

	va_copy(again, arguments);
	int length = vsnprintf(small, sizeof(small), format, arguments);

	ASSERT(length >= 0);
	char *text = take(arena, (size_t)length + 1, 1);

	if ((size_t)length < sizeof(small))
		memcpy(text, small, (size_t)length + 1);
	else
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return str_from(text, (size_t)length);
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	struct str text = arena_vprintf(arena, format, arguments);

	va_end(arguments);
	return text;
}

void arena_on_release(struct arena *arena, void (*function)(void *context), void *context)
{
	struct arena_release *release = ARENA_NEW(arena, struct arena_release);

	release->function = function;
	release->context = context;
	release->next = arena->releases;
	arena->releases = release;
}

static void release_blob(void *context)
{
	struct blob *blob = context;

	blob_unref(&blob);
}

void arena_hold_blob(struct arena *arena, struct blob *blob)
{
	if (blob)
		arena_on_release(arena, release_blob, blob_ref(blob));
}
