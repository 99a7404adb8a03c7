/* SPDX-License-Identifier: Apache-2.0 */
#include "storage_private.h"

#include "assertion.h"
#include "memory.h"

struct storage_prefix *storage_prefix_add(struct storage *storage, struct str text, uint32_t id)
{
	struct storage_prefix *prefix = MEMORY_NEW(struct storage_prefix);
	char *copy = memory_allocate(text.length + 1);

	ASSERT(text.length > 0 && text.length <= STORAGE_PREFIX_MAX_BYTES);
	memcpy(copy, text.data, text.length);
	prefix->text = str_from(copy, text.length);
	prefix->id = id;
	prefix->complete_from = position_make(storage->revision + 1, 0);
	TAILQ_INIT(&prefix->waiting);
	if (id >= storage->prefix_capacity) {
		size_t capacity = storage->prefix_capacity ? storage->prefix_capacity : 64;

		while (capacity <= id)
			capacity *= 2;
		storage->prefix_by_id = memory_resize(
			storage->prefix_by_id, capacity * sizeof(*storage->prefix_by_id));
		memset(storage->prefix_by_id + storage->prefix_capacity, 0,
			(capacity - storage->prefix_capacity) * sizeof(*storage->prefix_by_id));
		storage->prefix_capacity = capacity;
	}
	ASSERT(!storage->prefix_by_id[id]);
	storage->prefix_by_id[id] = prefix;
	if (id >= storage->prefix_count)
		storage->prefix_count = id + 1;
	map_set(&storage->prefix_by_text, prefix->text, prefix);
	return prefix;
}

struct storage_prefix *storage_prefix_find_id(const struct storage *storage, uint32_t id)
{
	return id < storage->prefix_count ? storage->prefix_by_id[id] : NULL;
}

struct storage_prefix *storage_prefix_intern(struct storage *storage, struct str text)
{
	struct storage_prefix *prefix = map_find(&storage->prefix_by_text, text);

	if (!prefix) {
		ASSERT(storage->prefix_count < UINT32_MAX);
		prefix = storage_prefix_add(storage, text, (uint32_t)storage->prefix_count);
		/* Never used: whatever will change has yet to be published. */
		prefix->complete_from = 0;
	}
	return prefix;
}

struct str storage_prefix_text(const struct storage_prefix *prefix)
{
	return prefix->text;
}

void storage_prefixes_free(struct storage *storage)
{
	for (size_t i = 0; i < storage->prefix_count; i++) {
		struct storage_prefix *prefix = storage->prefix_by_id[i];

		if (!prefix)
			continue;
		ASSERT(prefix->head == prefix->tail && TAILQ_EMPTY(&prefix->waiting));
		memory_free(prefix->events);
		memory_free((char *)prefix->text.data);
		memory_free(prefix);
	}
	memory_free(storage->prefix_by_id);
	map_fini(&storage->prefix_by_text);
}
