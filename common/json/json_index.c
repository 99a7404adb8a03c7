/* SPDX-License-Identifier: Apache-2.0 */
#include "json_index.h"

#include "assertion.h"

/* Open addressing with linear steps; at most half full. A slot holds the position plus one. */
struct index_slot {
	uint32_t hash;
	uint32_t position_plus_one; /* 0: free */
};

struct json_index {
	uint32_t mask;
	uint32_t used;
	struct index_slot slots[];
};

static uint32_t key_hash(struct str key)
{
	return (uint32_t)str_hash(key);
}

static void fill_slot(struct json_index *index, const struct json_value *object, uint32_t position)
{
	struct str key = object->members[position].key;
	uint32_t hash = key_hash(key);
	uint32_t at = hash & index->mask;

	for (; index->slots[at].position_plus_one; at = (at + 1) & index->mask) {
		const struct index_slot *slot = &index->slots[at];

		if (slot->hash == hash && slot->position_plus_one <= object->length &&
			str_equal(object->members[slot->position_plus_one - 1].key, key))
			return;
	}
	index->slots[at] = (struct index_slot){hash, position + 1};
	index->used++;
}

void json_index_refill(struct json_value *object)
{
	struct json_index *index = object->index;

	memset(index->slots, 0, sizeof(index->slots[0]) * ((size_t)index->mask + 1));
	index->used = 0;
	for (uint32_t i = 0; i < object->length; i++)
		fill_slot(index, object, i);
}

void json_index_build(struct arena *arena, struct json_value *object)
{
	size_t slots = 64;

	while (slots < (size_t)object->length * 3)
		slots *= 2;
	ASSERT(slots <= UINT32_MAX);
	struct json_index *index =
		arena_allocate(arena, sizeof(*index) + slots * sizeof(struct index_slot));

	index->mask = (uint32_t)(slots - 1);
	object->index = index;
	for (uint32_t i = 0; i < object->length; i++)
		fill_slot(index, object, i);
}

uint32_t json_index_count(const struct json_value *object)
{
	return object->index->used;
}

struct json_index *json_index_copy(struct arena *arena, const struct json_index *index)
{
	size_t bytes = sizeof(*index) + ((size_t)index->mask + 1) * sizeof(struct index_slot);

	return memcpy(arena_allocate(arena, bytes), index, bytes);
}

static uint32_t find_slot(const struct json_value *object, struct str key)
{
	const struct json_index *index = object->index;
	uint32_t hash = key_hash(key);
	uint32_t at = hash & index->mask;

	for (; index->slots[at].position_plus_one; at = (at + 1) & index->mask) {
		const struct index_slot *slot = &index->slots[at];
		uint32_t position = slot->position_plus_one - 1;

		if (slot->hash == hash && position < object->length &&
			str_equal(object->members[position].key, key))
			return at;
	}
	return UINT32_MAX;
}

uint32_t json_index_find(const struct json_value *object, struct str key)
{
	uint32_t slot = find_slot(object, key);

	return slot == UINT32_MAX ? UINT32_MAX : object->index->slots[slot].position_plus_one - 1;
}

void json_index_append(struct arena *arena, struct json_value *object)
{
	if ((object->index->used + 1) * (uint64_t)2 > object->index->mask)
		json_index_build(arena, object);
	else
		fill_slot(object->index, object, object->length - 1);
}

/* Closes the gap a removed slot leaves in its run, so that no later key of the run is lost. */
static void close_gap(struct json_index *index, uint32_t gap)
{
	uint32_t at = gap;

	for (;;) {
		at = (at + 1) & index->mask;
		const struct index_slot *slot = &index->slots[at];

		if (!slot->position_plus_one)
			break;
		uint32_t home = slot->hash & index->mask;

		if (((at - home) & index->mask) >= ((at - gap) & index->mask)) {
			index->slots[gap] = *slot;
			gap = at;
		}
	}
	index->slots[gap] = (struct index_slot){0};
	index->used--;
}

void json_index_remove(struct json_value *object, uint32_t position)
{
	struct json_index *index = object->index;
	uint32_t gone = find_slot(object, object->members[position].key);

	if (gone != UINT32_MAX)
		close_gap(index, gone);
	for (uint32_t i = 0; i <= index->mask; i++)
		if (index->slots[i].position_plus_one > position + 1)
			index->slots[i].position_plus_one--;
}
