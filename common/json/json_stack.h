/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_JSON_STACK_H
#define TROIKA_JSON_STACK_H

#include "json_value.h"
#include "memory.h"

/*
 * Places in one or two trees, so that deep trees are walked without recursion. Starts on the C
 * stack and moves to the heap when a tree is deeper than most: end with json_stack_fini().
 */
#define JSON_STACK_FEW 32

struct json_frame {
	const struct json_value *source;
	struct json_value *target;
	const struct json_value *other;
	uint32_t position;
};

struct json_stack {
	struct json_frame *frames;
	size_t length;
	size_t capacity;
	struct json_frame few[JSON_STACK_FEW];
};

static inline void json_stack_init(struct json_stack *stack)
{
	stack->frames = stack->few;
	stack->length = 0;
	stack->capacity = JSON_STACK_FEW;
}

static inline void json_stack_fini(struct json_stack *stack)
{
	if (stack->frames != stack->few)
		memory_free(stack->frames);
}

static inline void json_stack_grow(struct json_stack *stack)
{
	size_t bytes = stack->capacity * 2 * sizeof(struct json_frame);

	if (stack->frames == stack->few) {
		stack->frames = memory_allocate(bytes);
		memcpy(stack->frames, stack->few, sizeof(stack->few));
	} else {
		stack->frames = memory_resize(stack->frames, bytes);
	}
	stack->capacity *= 2;
}

static inline void json_stack_push(struct json_stack *stack, struct json_frame frame)
{
	if (stack->length == stack->capacity)
		json_stack_grow(stack);
	stack->frames[stack->length++] = frame;
}

/* The newest frame or NULL; good until the next push. */
static inline struct json_frame *json_stack_top(struct json_stack *stack)
{
	return stack->length ? &stack->frames[stack->length - 1] : NULL;
}

#endif
