/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_MAP_H
#define TROIKA_MAP_H

#include "str.h"

/*
 * Heap map from string to pointer, for long-lived indexes. Keys are copied; values belong to the
 * caller. Zero-initialise, end with map_fini().
 */
struct map_entry {
	struct str key; /* owned by the map */
	void *value;    /* NULL: free slot */
	uint64_t hash;
};

struct map {
	struct map_entry *entries;
	size_t capacity; /* power of two or 0 */
	size_t count;
};

void map_fini(struct map *map);
/* NULL when absent. */
void *map_find(const struct map *map, struct str key);
/* Sets key to value (not NULL); returns the value that stood there before, or NULL. */
void *map_set(struct map *map, struct str key, void *value);
/* Takes the key out; returns its value, or NULL. */
void *map_remove(struct map *map, struct str key);
/* Iterates in no order: start with *position = 0; returns NULL at the end. No changes meanwhile. */
const struct map_entry *map_next(const struct map *map, size_t *position);

#endif
