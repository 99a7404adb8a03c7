/* SPDX-License-Identifier: Apache-2.0 */
#include "typed_value.h"

static struct field_set set_below(struct arena *arena, const struct schema *schema,
	const struct json_value *value, enum typed_kind kind, size_t depth);

/* Adds what lies under `element`; items and keys of maps are members beside what is below them. */
static void add_child(struct arena *arena, struct field_set *set, struct field_element element,
	const struct schema *schema, const struct json_value *value, size_t depth, bool is_item)
{
	enum typed_kind kind = typed_kind_of(schema, value, depth);
	bool is_empty_map = value->type == JSON_NULL || (kind == TYPED_MAP && value->length == 0);

	if (kind == TYPED_LEAF)
		field_set_append(arena, set, element, true, (struct field_set){0});
	else
		field_set_append(arena, set, element, is_item || is_empty_map,
			set_below(arena, schema, value, kind, depth));
}

static struct field_set set_below(struct arena *arena, const struct schema *schema,
	const struct json_value *value, enum typed_kind kind, size_t depth)
{
	struct field_set set = {0};

	if (typed_is_empty(value))
		return set;
	if (kind == TYPED_MAP) {
		for (uint32_t i = 0; i < value->length; i++) {
			struct str name = value->members[i].key;

			add_child(arena, &set, field_element_name(name),
				typed_member_schema(schema, name), &value->members[i].value,
				depth + 1, !typed_is_field(schema, name));
		}
	} else {
		struct typed_items items;

		typed_items_of(arena, schema, kind, value, &items);
		for (uint32_t i = 0; i < items.count; i++)
			add_child(arena, &set, items.order[i]->element, typed_item_schema(schema),
				items.order[i]->value, depth + 1, true);
	}
	field_set_sort(arena, &set);
	return set;
}

struct field_set typed_to_set(
	struct arena *arena, const struct schema *schema, const struct json_value *value)
{
	enum typed_kind kind = typed_kind_of(schema, value, 0);

	if (kind == TYPED_LEAF)
		return (struct field_set){0};
	return set_below(arena, schema, value, kind, 0);
}

static const struct schema *element_schema(
	const struct schema *schema, const struct field_element *element)
{
	return element->kind == FIELD_ELEMENT_NAME ? typed_member_schema(schema, element->name)
						   : typed_item_schema(schema);
}

struct field_set typed_ensure_fields(
	struct arena *arena, const struct schema *schema, const struct field_set *set)
{
	struct field_set out = {0};

	for (uint32_t i = 0; i < set->count; i++) {
		const struct field_node *node = &set->nodes[i];
		bool is_field = node->element.kind == FIELD_ELEMENT_NAME &&
				typed_is_field(schema, node->element.name);

		field_set_append(arena, &out, node->element, node->is_member || is_field,
			typed_ensure_fields(
				arena, element_schema(schema, &node->element), &node->children));
	}
	return out;
}

/* ---- Comparison. ---- */

static struct field_set all_below(struct arena *arena, const struct schema *schema,
	const struct json_value *value, size_t depth);

static void add_all(struct arena *arena, struct field_set *set, struct field_element element,
	const struct schema *schema, const struct json_value *value, size_t depth)
{
	field_set_append(arena, set, element, true, all_below(arena, schema, value, depth));
}

/* All there is below: containers, items and leaves, each as a member. */
static struct field_set all_below(struct arena *arena, const struct schema *schema,
	const struct json_value *value, size_t depth)
{
	enum typed_kind kind = typed_kind_of(schema, value, depth);
	struct field_set set = {0};

	if (kind == TYPED_LEAF || typed_is_empty(value))
		return set;
	if (kind == TYPED_MAP) {
		for (uint32_t i = 0; i < value->length; i++)
			add_all(arena, &set, field_element_name(value->members[i].key),
				typed_member_schema(schema, value->members[i].key),
				&value->members[i].value, depth + 1);
	} else {
		struct typed_items items;

		typed_items_of(arena, schema, kind, value, &items);
		for (uint32_t i = 0; i < items.count; i++)
			add_all(arena, &set, items.order[i]->element, typed_item_schema(schema),
				items.order[i]->value, depth + 1);
	}
	field_set_sort(arena, &set);
	return set;
}

static struct typed_comparison compare_below(struct arena *arena, const struct schema *schema,
	const struct json_value *old, const struct json_value *new_value, enum typed_kind kind,
	size_t depth);

static void compare_child(struct arena *arena, struct typed_comparison *out,
	struct field_element element, const struct schema *schema, const struct json_value *old,
	const struct json_value *new_value, size_t depth)
{
	if (!old) {
		add_all(arena, &out->added, element, schema, new_value, depth);
		return;
	}
	if (!new_value) {
		add_all(arena, &out->removed, element, schema, old, depth);
		return;
	}
	enum typed_kind kind = typed_kind_of(schema, old, depth);
	enum typed_kind new_kind = typed_kind_of(schema, new_value, depth);
	bool are_empty = typed_is_empty(old) && typed_is_empty(new_value);
	struct typed_comparison below = {0};
	bool is_modified = false;

	if (kind != new_kind) {
		is_modified = true;
		below.removed = all_below(arena, schema, old, depth);
		below.added = all_below(arena, schema, new_value, depth);
	} else if (kind == TYPED_LEAF || are_empty) {
		is_modified = !json_equal(old, new_value);
	} else {
		below = compare_below(arena, schema, old, new_value, kind, depth);
	}
	field_set_append(arena, &out->added, element, false, below.added);
	field_set_append(arena, &out->removed, element, false, below.removed);
	field_set_append(arena, &out->modified, element, is_modified, below.modified);
}

static void compare_maps(struct arena *arena, const struct schema *schema,
	const struct json_value *old, const struct json_value *new_value, size_t depth,
	struct typed_comparison *out)
{
	for (size_t i = 0; i < json_count(old); i++) {
		struct str name = old->members[i].key;

		compare_child(arena, out, field_element_name(name),
			typed_member_schema(schema, name), &old->members[i].value,
			json_find(new_value, name), depth + 1);
	}
	for (size_t i = 0; i < json_count(new_value); i++) {
		struct str name = new_value->members[i].key;

		if (!json_find(old, name))
			compare_child(arena, out, field_element_name(name),
				typed_member_schema(schema, name), NULL,
				&new_value->members[i].value, depth + 1);
	}
}

/* Whether the items that repeat these, which a valid list has none of, are the same too. */
static bool same_repeats(const struct typed_item *a, const struct typed_item *b)
{
	for (a = a->next_repeat, b = b->next_repeat; a && b; a = a->next_repeat, b = b->next_repeat)
		if (!json_equal(a->value, b->value))
			return false;
	return !a && !b;
}

/* The order of an associative list says nothing. */
static void compare_lists(struct arena *arena, const struct schema *schema, enum typed_kind kind,
	const struct json_value *old, const struct json_value *new_value, size_t depth,
	struct typed_comparison *out)
{
	const struct schema *item_schema = typed_item_schema(schema);
	struct typed_items old_items;
	struct typed_items new_items;

	typed_items_of(arena, schema, kind, old, &old_items);
	typed_items_of(arena, schema, kind, new_value, &new_items);
	for (uint32_t i = 0; i < old_items.count; i++) {
		const struct typed_item *item = old_items.order[i];
		const struct typed_item *other = typed_items_find(&new_items, &item->element);

		compare_child(arena, out, item->element, item_schema, item->value,
			other ? other->value : NULL, depth + 1);
		if (other && !same_repeats(item, other))
			field_set_append(
				arena, &out->modified, item->element, true, (struct field_set){0});
	}
	for (uint32_t i = 0; i < new_items.count; i++) {
		const struct typed_item *item = new_items.order[i];

		if (!typed_items_find(&old_items, &item->element))
			compare_child(arena, out, item->element, item_schema, NULL, item->value,
				depth + 1);
	}
}

static struct typed_comparison compare_below(struct arena *arena, const struct schema *schema,
	const struct json_value *old, const struct json_value *new_value, enum typed_kind kind,
	size_t depth)
{
	struct typed_comparison out = {0};

	if (kind == TYPED_MAP)
		compare_maps(arena, schema, old, new_value, depth, &out);
	else
		compare_lists(arena, schema, kind, old, new_value, depth, &out);
	field_set_sort(arena, &out.added);
	field_set_sort(arena, &out.removed);
	field_set_sort(arena, &out.modified);
	return out;
}

struct typed_comparison typed_compare(struct arena *arena, const struct schema *schema,
	const struct json_value *old, const struct json_value *new_value)
{
	return compare_below(arena, schema, old, new_value, TYPED_MAP, 0);
}
