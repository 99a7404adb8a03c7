/* SPDX-License-Identifier: Apache-2.0 */
#include "typed_value.h"

#include <stdlib.h>

static const struct schema any_schema = {.kind = SCHEMA_ANY};

enum typed_kind typed_kind_of(
	const struct schema *schema, const struct json_value *value, size_t depth)
{
	bool is_null = !value || value->type == JSON_NULL;

	if (depth >= FIELD_SET_DEPTH_MAXIMUM || schema->flags & SCHEMA_ATOMIC)
		return TYPED_LEAF;
	switch (schema->kind) {
	case SCHEMA_ANY:
		return !is_null && value->type == JSON_OBJECT ? TYPED_MAP : TYPED_LEAF;
	case SCHEMA_STRUCT:
	case SCHEMA_MAP:
		return is_null || value->type == JSON_OBJECT ? TYPED_MAP : TYPED_LEAF;
	case SCHEMA_LIST:
		if (schema->list_type == SCHEMA_LIST_ATOMIC ||
			!(is_null || value->type == JSON_ARRAY))
			return TYPED_LEAF;
		return schema->list_type == SCHEMA_LIST_SET ? TYPED_SET : TYPED_LIST_MAP;
	default:
		return TYPED_LEAF;
	}
}

const struct schema *typed_member_schema(const struct schema *schema, struct str name)
{
	if (schema->kind == SCHEMA_STRUCT) {
		const struct schema_field *field = schema_find_field(schema, name);

		return field && field->schema ? field->schema : &any_schema;
	}
	return schema->kind == SCHEMA_MAP && schema->element ? schema->element : &any_schema;
}

const struct schema *typed_item_schema(const struct schema *schema)
{
	return schema->kind == SCHEMA_LIST && schema->element ? schema->element : &any_schema;
}

bool typed_is_field(const struct schema *schema, struct str name)
{
	return schema->kind == SCHEMA_STRUCT && schema_find_field(schema, name);
}

bool typed_is_empty(const struct json_value *value)
{
	return !value || value->type == JSON_NULL || json_count(value) == 0;
}

/* The key fields an item has, or would have by default; false when it has none of them. */
static bool key_element(struct arena *arena, const struct schema *schema,
	const struct json_value *item, struct field_element *ret)
{
	const struct schema *item_schema = typed_item_schema(schema);
	struct json_value key = json_object();

	if (item->type != JSON_OBJECT)
		return false;
	for (uint16_t i = 0; i < schema->map_key_count; i++) {
		struct str name = schema->map_keys[i];
		const struct json_value *value = json_find(item, name);
		const struct schema_field *field = item_schema->kind == SCHEMA_STRUCT
							   ? schema_find_field(item_schema, name)
							   : NULL;

		if (!value && field)
			value = field->default_value ? field->default_value
						     : field->schema->default_value;
		if (value)
			json_append_member(arena, &key, name, *value);
	}
	json_sort_members(&key);
	*ret = (struct field_element){.kind = FIELD_ELEMENT_KEY, .value = key};
	return key.length > 0;
}

bool typed_item_element(struct arena *arena, const struct schema *schema, enum typed_kind kind,
	const struct json_value *item, struct field_element *ret)
{
	if (kind == TYPED_LIST_MAP)
		return key_element(arena, schema, item, ret);
	if (item->type == JSON_ARRAY || item->type == JSON_OBJECT || item->type == JSON_NULL)
		return false;
	*ret = (struct field_element){.kind = FIELD_ELEMENT_VALUE, .value = *item};
	return true;
}

static int compare_items(const void *a, const void *b)
{
	const struct typed_item *item_a = *(struct typed_item *const *)a;
	const struct typed_item *item_b = *(struct typed_item *const *)b;
	int order = field_element_compare(&item_a->element, &item_b->element);

	if (order != 0)
		return order;
	return item_a->position < item_b->position ? -1 : item_a->position > item_b->position;
}

/* Chains equal items, which stand together in the sorted list, and keeps the first of them there.
 */
static void chain_repeats(struct typed_items *items, uint32_t total)
{
	struct typed_item *last = NULL;

	items->count = 0;
	for (uint32_t i = 0; i < total; i++) {
		struct typed_item *item = items->sorted[i];

		if (last && field_element_compare(&last->element, &item->element) == 0) {
			last->next_repeat = item;
			item->is_repeat = true;
		} else {
			items->sorted[items->count++] = item;
		}
		last = item;
	}
}

size_t typed_items_of(struct arena *arena, const struct schema *schema, enum typed_kind kind,
	const struct json_value *list, struct typed_items *ret)
{
	size_t total = json_count(list);
	struct typed_items items = {0};
	uint32_t good = 0;
	uint32_t unique = 0;

	*ret = items;
	if (total == 0 || list->type != JSON_ARRAY)
		return 0;
	struct typed_item *all = ARENA_ARRAY(arena, struct typed_item, total);

	items.order = ARENA_ARRAY(arena, struct typed_item *, total);
	items.sorted = ARENA_ARRAY(arena, struct typed_item *, total);
	for (size_t i = 0; i < total; i++) {
		struct typed_item *item = &all[good];

		if (!typed_item_element(arena, schema, kind, &list->elements[i], &item->element))
			continue;
		item->value = &list->elements[i];
		item->position = (uint32_t)i;
		items.sorted[good++] = item;
	}
	qsort(items.sorted, good, sizeof(items.sorted[0]), compare_items);
	chain_repeats(&items, good);
	for (uint32_t i = 0; i < good; i++)
		if (!all[i].is_repeat)
			items.order[unique++] = &all[i];
	*ret = items;
	return total - good;
}

struct typed_item *typed_items_find(
	const struct typed_items *items, const struct field_element *element)
{
	uint32_t low = 0;
	uint32_t high = items->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = field_element_compare(&items->sorted[middle]->element, element);

		if (order == 0)
			return items->sorted[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
