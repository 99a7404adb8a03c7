/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TYPED_VALUE_H
#define TROIKA_TYPED_VALUE_H

#include "buffer.h"
#include "field_set.h"
#include "schema.h"

/*
 * How server-side apply sees a value: as leaves, granular maps (structs too) and associative lists.
 * Atomic structs, maps and lists are leaves; without a schema objects are granular and arrays
 * leaves. All walks treat what lies deeper than FIELD_SET_DEPTH_MAXIMUM as a leaf.
 */
enum typed_kind {
	TYPED_LEAF,
	TYPED_MAP,
	TYPED_SET,      /* a list whose items are told apart by their value */
	TYPED_LIST_MAP, /* a list whose items are told apart by key fields */
};

/* The kind of `value` (NULL and null included) at that depth. */
enum typed_kind typed_kind_of(
	const struct schema *schema, const struct json_value *value, size_t depth);
/* The schema of a member; never NULL. */
const struct schema *typed_member_schema(const struct schema *schema, struct str name);
/* The schema of a list's items; never NULL. */
const struct schema *typed_item_schema(const struct schema *schema);
/* Whether the name is a field of a struct rather than a key of a map. */
bool typed_is_field(const struct schema *schema, struct str name);
/* Absent, null or without items. */
bool typed_is_empty(const struct json_value *value);

/* An item of an associative list. */
struct typed_item {
	struct field_element element;
	const struct json_value *value;
	struct typed_item *next_repeat; /* the next item with the same element, or NULL */
	uint32_t position;              /* in the list */
	bool is_repeat;
};

/* The first item of each element: in the list's order, and the same sorted by element. */
struct typed_items {
	struct typed_item **order;
	struct typed_item **sorted;
	uint32_t count;
};

/* What tells the item apart in its list; false when nothing does (no key fields, a map in a set).
 */
bool typed_item_element(struct arena *arena, const struct schema *schema, enum typed_kind kind,
	const struct json_value *item, struct field_element *ret);

/*
 * The items of an associative list (NULL and null: none). Items without an element are left out
 * and their number is returned.
 */
size_t typed_items_of(struct arena *arena, const struct schema *schema, enum typed_kind kind,
	const struct json_value *list, struct typed_items *ret);
struct typed_item *typed_items_find(
	const struct typed_items *items, const struct field_element *element);

/* Every leaf and item of the value, as the owner of the whole value would have it. */
struct field_set typed_to_set(
	struct arena *arena, const struct schema *schema, const struct json_value *value);
/* The set with all struct fields on the way to its members as members. */
struct field_set typed_ensure_fields(
	struct arena *arena, const struct schema *schema, const struct field_set *set);

struct typed_comparison {
	struct field_set added;
	struct field_set removed;
	struct field_set modified;
};

struct typed_comparison typed_compare(struct arena *arena, const struct schema *schema,
	const struct json_value *old, const struct json_value *new_value);

/* `config` over `live`: its leaves win, maps and associative lists are united. Shares both. */
struct json_value typed_merge(struct arena *arena, const struct schema *schema,
	const struct json_value *live, const struct json_value *config);
/* The value without the members of `set`; containers that lose all they had go too. Shares it. */
struct json_value typed_remove(struct arena *arena, const struct schema *schema,
	const struct json_value *value, const struct field_set *set);

/*
 * Whether the value fits the schema: no unknown fields, no wrong types, no repeated list items.
 * Appends upstream's text of all errors (at most 20) to `out`; returns how many.
 */
size_t typed_check(struct arena *arena, const struct schema *schema, const struct json_value *value,
	struct buffer *out);

#endif
