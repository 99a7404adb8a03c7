/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"
#include "schema_engine.h"

/* One object that is still to be merged; `document` is NULL or not an object when there was none.
 */
struct merge_pair {
	struct json_value *target;
	const struct json_value *document;
	const struct json_value *patch;
};

struct merge_stack {
	struct merge_pair *pairs;
	size_t count;
	size_t capacity;
};

static void push(struct merge_stack *stack, struct merge_pair pair)
{
	if (stack->count == stack->capacity) {
		stack->capacity = stack->capacity ? stack->capacity * 2 : 32;
		stack->pairs = memory_resize(stack->pairs, stack->capacity * sizeof(*stack->pairs));
	}
	stack->pairs[stack->count++] = pair;
}

static void merge_member(struct arena *arena, struct merge_stack *stack, struct json_value *target,
	struct str key, const struct json_value *old, const struct json_value *patch)
{
	if (!patch) {
		json_append_member(arena, target, key, *old);
	} else if (patch->type == JSON_OBJECT) {
		struct json_value *place = json_append_member(arena, target, key, json_object());

		push(stack, (struct merge_pair){place, old, patch});
	} else if (patch->type != JSON_NULL) {
		json_append_member(arena, target, key, *patch);
	}
}

/*
 * Builds the target anew instead of editing it: taking members out one by one would cost their
 * number squared. All its room is there from the start, so that places pushed stay where they are.
 */
static void merge_one(struct arena *arena, struct merge_stack *stack, struct merge_pair pair)
{
	bool has_old = pair.document && pair.document->type == JSON_OBJECT;
	uint32_t old_count = has_old ? pair.document->length : 0;
	struct json_value target = json_object();

	target.capacity = old_count + pair.patch->length;
	if (target.capacity > 0)
		target.members = ARENA_ARRAY(arena, struct json_member, target.capacity);
	*pair.target = target;
	for (uint32_t i = 0; i < old_count; i++) {
		const struct json_member *member = &pair.document->members[i];

		merge_member(arena, stack, pair.target, member->key, &member->value,
			json_find(pair.patch, member->key));
	}
	for (uint32_t i = 0; i < pair.patch->length; i++) {
		const struct json_member *member = &pair.patch->members[i];

		if (!has_old || !json_find(pair.document, member->key))
			merge_member(arena, stack, pair.target, member->key, NULL, &member->value);
	}
}

struct json_value patch_merge(
	struct arena *arena, const struct json_value *document, const struct json_value *patch)
{
	struct json_value result = *patch;
	struct merge_stack stack = {0};

	if (patch->type == JSON_OBJECT)
		push(&stack, (struct merge_pair){&result, document, patch});
	while (stack.count > 0) {
		struct merge_pair pair = stack.pairs[--stack.count];

		merge_one(arena, &stack, pair);
	}
	memory_free(stack.pairs);
	return result;
}
