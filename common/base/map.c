/* SPDX-License-Identifier: Apache-2.0 */
#include "map.h"

#include "assertion.h"
#include "memory.h"

/* Linear probing; removal shifts the cluster back, so there are no tombstones. */

void map_fini(struct map *map)
{
	for (size_t i = 0; i < map->capacity; i++) {
		if (map->entries[i].value)
			memory_free((char *)map->entries[i].key.data);
	}
	memory_free(map->entries);
	*map = (struct map){0};
}

static size_t find_slot(const struct map *map, struct str key, uint64_t hash)
{
	size_t mask = map->capacity - 1, at = hash & mask;

	while (map->entries[at].value &&
		(map->entries[at].hash != hash || !str_equal(map->entries[at].key, key)))
		at = (at + 1) & mask;
	return at;
}

void *map_find(const struct map *map, struct str key)
{
	return map->count ? map->entries[find_slot(map, key, str_hash(key))].value : NULL;
}

static void grow(struct map *map)
{
	struct map bigger = {
		.capacity = map->capacity ? map->capacity * 2 : 16, .count = map->count};

	bigger.entries = memory_allocate_zeroed(bigger.capacity, sizeof(*bigger.entries));
	for (size_t i = 0; i < map->capacity; i++) {
		struct map_entry *entry = &map->entries[i];

		if (entry->value)
			bigger.entries[find_slot(&bigger, entry->key, entry->hash)] = *entry;
	}
	memory_free(map->entries);
	*map = bigger;
}

void *map_set(struct map *map, struct str key, void *value)
{
	ASSERT(value);
	if ((map->count + 1) * 4 > map->capacity * 3)
		grow(map);
	uint64_t hash = str_hash(key);
	struct map_entry *entry = &map->entries[find_slot(map, key, hash)];
	void *before = entry->value;

	if (!before) {
		char *copy = memory_allocate(key.length);

		if (key.length > 0)
			memcpy(copy, key.data, key.length);
		entry->key = str_from(copy, key.length);
		entry->hash = hash;
		map->count++;
	}
	entry->value = value;
	return before;
}

void *map_remove(struct map *map, struct str key)
{
	if (map->count == 0)
		return NULL;
	size_t mask = map->capacity - 1, hole = find_slot(map, key, str_hash(key));
	void *value = map->entries[hole].value;

	if (!value)
		return NULL;
	memory_free((char *)map->entries[hole].key.data);
	map->count--;
	for (size_t at = (hole + 1) & mask; map->entries[at].value; at = (at + 1) & mask) {
		size_t home = map->entries[at].hash & mask;

		if (((at - home) & mask) >= ((at - hole) & mask)) {
			map->entries[hole] = map->entries[at];
			hole = at;
		}
	}
	map->entries[hole] = (struct map_entry){0};
	return value;
}

const struct map_entry *map_next(const struct map *map, size_t *position)
{
	while (*position < map->capacity) {
		const struct map_entry *entry = &map->entries[(*position)++];

		if (entry->value)
			return entry;
	}
	return NULL;
}
