/* SPDX-License-Identifier: Apache-2.0 */
#include "json_duplicates.h"

#include "buffer.h"
#include "json_index.h"
#include "json_stack.h"

#define DUPLICATES_MAXIMUM 100
#define PATH_MAXIMUM       4096

static void report(struct arena *arena, const struct json_place *place, struct str key,
	struct json_value *duplicates)
{
	struct buffer path = {0};

	for (size_t i = 1; i < place->open_count && path.length < PATH_MAXIMUM; i++) {
		const struct json_open *outer = &place->open[i - 1];

		if (outer->is_object) {
			if (path.length > 0)
				buffer_append_byte(&path, '.');
			buffer_append(&path, place->open[i].key);
		} else {
			buffer_printf(
				&path, "[%zu]", place->open[i].first_item - outer->first_item);
		}
	}
	if (path.length > 0)
		buffer_append_byte(&path, '.');
	buffer_append(&path, key);
	json_append(arena, duplicates, json_string(arena_copy(arena, buffer_str(&path))));
	buffer_fini(&path);
}

/* Adds room for `more` members at once, so that pointers to members stay good meanwhile. */
static void reserve_members(struct arena *arena, struct json_value *object, uint32_t more)
{
	uint32_t needed = object->length + more;

	if (object->capacity >= needed)
		return;
	if (needed < object->length * 2)
		needed = object->length * 2;
	struct json_member *members = ARENA_ARRAY(arena, struct json_member, needed);

	if (object->length > 0)
		memcpy(members, object->members, object->length * sizeof(*members));
	object->members = members;
	object->capacity = needed;
}

/*
 * Lays the members of the smaller object over the larger one and leaves the result in *older. That
 * each member moves at most log n times however the objects nest keeps the whole reading linear.
 * Pairs of objects under one key are pushed to be merged in their turn.
 */
static void merge_pair(struct arena *arena, struct json_stack *stack, struct json_value *older,
	const struct json_value *newer)
{
	bool newer_is_larger = newer->length > older->length;
	struct json_value target = newer_is_larger ? *newer : *older;
	struct json_value moved = newer_is_larger ? *older : *newer;

	reserve_members(arena, &target, moved.length);
	for (uint32_t i = 0; i < moved.length; i++) {
		struct json_value *found = json_find(&target, moved.members[i].key);
		struct json_value *value = &moved.members[i].value;

		if (!found) {
			json_append_member(arena, &target, moved.members[i].key, *value);
			continue;
		}
		struct json_value *newest = newer_is_larger ? found : value;

		if (found->type == JSON_OBJECT && value->type == JSON_OBJECT) {
			struct json_value *copy = ARENA_NEW(arena, struct json_value);

			*copy = *newest;
			*found = newer_is_larger ? *value : *found;
			json_stack_push(
				stack, (struct json_frame){.target = found, .source = copy});
		} else {
			*found = *newest;
		}
	}
	*older = target;
}

static void merge_objects(
	struct arena *arena, struct json_value *older, const struct json_value *newer)
{
	struct json_stack stack;

	json_stack_init(&stack);
	json_stack_push(&stack, (struct json_frame){.target = older, .source = newer});
	while (stack.length > 0) {
		struct json_frame frame = stack.frames[--stack.length];

		merge_pair(arena, &stack, frame.target, frame.source);
	}
	json_stack_fini(&stack);
}

static bool has_duplicates(const struct json_value *object)
{
	if (object->index)
		return json_index_count(object) != object->length;
	for (uint32_t i = 1; i < object->length; i++)
		for (uint32_t j = 0; j < i; j++)
			if (str_equal(object->members[j].key, object->members[i].key))
				return true;
	return false;
}

void json_merge_duplicates(struct arena *arena, struct json_value *object,
	const struct json_place *place, struct json_value *duplicates)
{
	if (!has_duplicates(object))
		return;
	struct json_value unique = json_object();
	struct json_value reported = json_object();

	for (uint32_t i = 0; i < object->length; i++) {
		struct json_member *member = &object->members[i];
		struct json_value *found = json_find(&unique, member->key);

		if (!found) {
			json_append_member(arena, &unique, member->key, member->value);
			continue;
		}
		if (found->type == JSON_OBJECT && member->value.type == JSON_OBJECT)
			merge_objects(arena, found, &member->value);
		else
			*found = member->value;
		if (!duplicates || duplicates->length >= DUPLICATES_MAXIMUM ||
			json_find(&reported, member->key))
			continue;
		json_append_member(arena, &reported, member->key, json_null());
		report(arena, place, member->key, duplicates);
	}
	*object = unique;
}
