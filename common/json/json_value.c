/* SPDX-License-Identifier: Apache-2.0 */
#include "json_value.h"

#include <stdarg.h>
#include <stdlib.h>

#include "assertion.h"
#include "json_index.h"
#include "json_stack.h"

#define FIRST_CAPACITY 4

struct str json_text(const struct json_value *value)
{
	if (!value || value->type != JSON_STRING)
		return STR_EMPTY;
	return str_from(value->string, value->length);
}

int64_t json_integer_or(const struct json_value *value, int64_t otherwise)
{
	return value && value->type == JSON_INTEGER ? value->integer : otherwise;
}

bool json_bool_or(const struct json_value *value, bool otherwise)
{
	return value && value->type == JSON_BOOL ? value->boolean : otherwise;
}

static uint32_t find_position(const struct json_value *object, struct str key)
{
	if (object->index)
		return json_index_find(object, key);
	for (uint32_t i = 0; i < object->length; i++)
		if (str_equal(object->members[i].key, key))
			return i;
	return UINT32_MAX;
}

struct json_value *json_find(const struct json_value *object, struct str key)
{
	if (!object || object->type != JSON_OBJECT)
		return NULL;
	uint32_t position = find_position(object, key);

	return position == UINT32_MAX ? NULL : &object->members[position].value;
}

struct json_value *json_find_path(const struct json_value *object, const char *key, ...)
{
	struct json_value *found = NULL;
	va_list keys;

	va_start(keys, key);
	for (; key; key = va_arg(keys, const char *)) {
		found = json_find(object, str_from_c(key));
		object = found;
	}
	va_end(keys);
	return found;
}

struct json_value *json_element(const struct json_value *array, size_t index)
{
	if (!array || array->type != JSON_ARRAY || index >= array->length)
		return NULL;
	return &array->elements[index];
}

size_t json_count(const struct json_value *value)
{
	if (!value || (value->type != JSON_ARRAY && value->type != JSON_OBJECT))
		return 0;
	return value->length;
}

/* Room for one more element or member of `item_bytes`. */
static void grow(struct arena *arena, struct json_value *container, size_t item_bytes)
{
	if (container->length < container->capacity)
		return;
	ASSERT(container->capacity < UINT32_MAX / 2);
	uint32_t capacity = container->capacity ? container->capacity * 2 : FIRST_CAPACITY;
	void *items = arena_allocate(arena, capacity * item_bytes);

	if (container->length > 0)
		memcpy(items, container->elements, container->length * item_bytes);
	container->elements = items;
	container->capacity = capacity;
}

struct json_value *json_append_member(
	struct arena *arena, struct json_value *object, struct str key, struct json_value value)
{
	ASSERT(object->type == JSON_OBJECT);
	grow(arena, object, sizeof(struct json_member));
	struct json_member *member = &object->members[object->length++];

	*member = (struct json_member){key, value};
	if (object->index)
		json_index_append(arena, object);
	else if (object->length > JSON_INDEX_THRESHOLD)
		json_index_build(arena, object);
	return &member->value;
}

struct json_value *json_set(
	struct arena *arena, struct json_value *object, struct str key, struct json_value value)
{
	struct json_value *found = json_find(object, key);

	if (!found)
		return json_append_member(arena, object, key, value);
	*found = value;
	return found;
}

struct json_value *json_ensure_object(
	struct arena *arena, struct json_value *object, struct str key)
{
	struct json_value *found = json_find(object, key);

	if (!found)
		return json_append_member(arena, object, key, json_object());
	if (found->type != JSON_OBJECT)
		*found = json_object();
	return found;
}

struct json_value *json_set_path(struct arena *arena, struct json_value *object,
	struct json_value value, const char *key, ...)
{
	va_list keys;

	ASSERT(key);
	va_start(keys, key);
	for (;;) {
		const char *next = va_arg(keys, const char *);

		if (!next)
			break;
		object = json_ensure_object(arena, object, str_from_c(key));
		key = next;
	}
	va_end(keys);
	return json_set(arena, object, str_from_c(key), value);
}

bool json_remove(struct json_value *object, struct str key)
{
	if (!json_find(object, key))
		return false;
	uint32_t position = find_position(object, key);

	if (object->index)
		json_index_remove(object, position);
	memmove(&object->members[position], &object->members[position + 1],
		(object->length - position - 1) * sizeof(struct json_member));
	object->length--;
	return true;
}

struct json_value *json_append(
	struct arena *arena, struct json_value *array, struct json_value value)
{
	ASSERT(array->type == JSON_ARRAY);
	grow(arena, array, sizeof(struct json_value));
	struct json_value *element = &array->elements[array->length++];

	*element = value;
	return element;
}

void json_insert(
	struct arena *arena, struct json_value *array, size_t index, struct json_value value)
{
	ASSERT(array->type == JSON_ARRAY && index <= array->length);
	grow(arena, array, sizeof(struct json_value));
	memmove(&array->elements[index + 1], &array->elements[index],
		(array->length - index) * sizeof(struct json_value));
	array->elements[index] = value;
	array->length++;
}

void json_remove_element(struct json_value *array, size_t index)
{
	ASSERT(array->type == JSON_ARRAY && index < array->length);
	memmove(&array->elements[index], &array->elements[index + 1],
		(array->length - index - 1) * sizeof(struct json_value));
	array->length--;
}

static int compare_members(const void *a, const void *b)
{
	return str_compare(
		((const struct json_member *)a)->key, ((const struct json_member *)b)->key);
}

void json_sort_members(struct json_value *object)
{
	bool sorted = true;

	ASSERT(object->type == JSON_OBJECT);
	for (uint32_t i = 1; i < object->length && sorted; i++)
		sorted = str_compare(object->members[i - 1].key, object->members[i].key) <= 0;
	if (sorted)
		return;
	qsort(object->members, object->length, sizeof(struct json_member), compare_members);
	if (object->index)
		json_index_refill(object);
}

/* `value` with room of its own for its items, which still hold the source's children. */
static struct json_value copy_one(
	struct arena *arena, const struct json_value *value, bool copy_strings)
{
	struct json_value copy = *value;

	if (value->type == JSON_STRING && copy_strings)
		copy.string = arena_copy(arena, json_text(value)).data;
	if (value->type != JSON_ARRAY && value->type != JSON_OBJECT)
		return copy;
	copy.index = NULL;
	copy.capacity = copy.length;
	copy.elements = NULL;
	if (value->length == 0)
		return copy;
	if (value->type == JSON_ARRAY) {
		copy.elements = ARENA_ARRAY(arena, struct json_value, value->length);
		return copy;
	}
	copy.members = ARENA_ARRAY(arena, struct json_member, value->length);
	for (uint32_t i = 0; i < value->length; i++) {
		struct str key = value->members[i].key;

		copy.members[i].key = copy_strings ? arena_copy(arena, key) : key;
	}
	if (value->index)
		copy.index = json_index_copy(arena, value->index);
	return copy;
}

static bool has_items(const struct json_value *value)
{
	return (value->type == JSON_ARRAY || value->type == JSON_OBJECT) && value->length > 0;
}

struct json_value json_copy(struct arena *arena, const struct json_value *value, bool copy_strings)
{
	struct json_value root = copy_one(arena, value, copy_strings);
	struct json_stack stack;
	struct json_frame *frame;

	if (!has_items(value))
		return root;
	json_stack_init(&stack);
	json_stack_push(&stack, (struct json_frame){.source = value, .target = &root});
	while ((frame = json_stack_top(&stack))) {
		if (frame->position == frame->source->length) {
			stack.length--;
			continue;
		}
		bool is_array = frame->source->type == JSON_ARRAY;
		uint32_t i = frame->position++;
		const struct json_value *source =
			is_array ? &frame->source->elements[i] : &frame->source->members[i].value;
		struct json_value *target =
			is_array ? &frame->target->elements[i] : &frame->target->members[i].value;

		*target = copy_one(arena, source, copy_strings);
		if (has_items(source))
			json_stack_push(
				&stack, (struct json_frame){.source = source, .target = target});
	}
	json_stack_fini(&stack);
	return root;
}

static bool numbers_equal(const struct json_value *a, const struct json_value *b)
{
	if (a->type == JSON_INTEGER && b->type == JSON_INTEGER)
		return a->integer == b->integer;
	if (a->type == JSON_DOUBLE && b->type == JSON_DOUBLE)
		return a->number == b->number;
	double number = a->type == JSON_DOUBLE ? a->number : b->number;
	int64_t integer = a->type == JSON_DOUBLE ? b->integer : a->integer;

	/* Both ways, as an integer above 2^53 may round to a double that is not it. */
	return number >= -0x1p63 && number < 0x1p63 && (int64_t)number == integer &&
	       (double)integer == number;
}

static bool is_number(const struct json_value *value)
{
	return value->type == JSON_INTEGER || value->type == JSON_DOUBLE;
}

/* Equality without looking at the items of containers. */
static bool equal_shallow(const struct json_value *a, const struct json_value *b)
{
	if (is_number(a) && is_number(b))
		return numbers_equal(a, b);
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case JSON_BOOL:
		return a->boolean == b->boolean;
	case JSON_STRING:
		return str_equal(json_text(a), json_text(b));
	case JSON_ARRAY:
	case JSON_OBJECT:
		return a->length == b->length;
	default:
		return true;
	}
}

/* The pair of item `i`; *ret_b is NULL when b has no such member. */
static void item_pair(const struct json_frame *frame, uint32_t i, const struct json_value **ret_a,
	const struct json_value **ret_b)
{
	const struct json_value *a = frame->source;
	const struct json_value *b = frame->other;

	if (a->type == JSON_ARRAY) {
		*ret_a = &a->elements[i];
		*ret_b = &b->elements[i];
		return;
	}
	*ret_a = &a->members[i].value;
	/* Members mostly stand in the same order. */
	if (str_equal(a->members[i].key, b->members[i].key))
		*ret_b = &b->members[i].value;
	else
		*ret_b = json_find(b, a->members[i].key);
}

bool json_equal(const struct json_value *a, const struct json_value *b)
{
	struct json_stack stack;
	bool equal = equal_shallow(a, b);

	json_stack_init(&stack);
	if (equal && has_items(a))
		json_stack_push(&stack, (struct json_frame){.source = a, .other = b});
	for (struct json_frame *frame; equal && (frame = json_stack_top(&stack));) {
		const struct json_value *item_a;
		const struct json_value *item_b;

		if (frame->position == frame->source->length) {
			stack.length--;
			continue;
		}
		item_pair(frame, frame->position++, &item_a, &item_b);
		equal = item_b && equal_shallow(item_a, item_b);
		if (equal && has_items(item_a))
			json_stack_push(
				&stack, (struct json_frame){.source = item_a, .other = item_b});
	}
	json_stack_fini(&stack);
	return equal;
}
