/* SPDX-License-Identifier: Apache-2.0 */
#include "field_set.h"

#include <stdlib.h>

#include "assertion.h"
#include "buffer.h"
#include "json_writer.h"

/* ---- Order. ---- */

static int compare_doubles(double a, double b)
{
	return a < b ? -1 : a > b;
}

static bool is_number(const struct json_value *value)
{
	return value->type == JSON_INTEGER || value->type == JSON_DOUBLE;
}

static double as_double(const struct json_value *value)
{
	return value->type == JSON_DOUBLE ? value->number : (double)value->integer;
}

/* Numbers, strings, booleans, lists, maps, null. */
static int type_rank(const struct json_value *value)
{
	switch (value->type) {
	case JSON_INTEGER:
	case JSON_DOUBLE:
		return 0;
	case JSON_STRING:
		return 1;
	case JSON_BOOL:
		return 2;
	case JSON_ARRAY:
		return 3;
	case JSON_OBJECT:
		return 4;
	default:
		return 5;
	}
}

/* Elements hold scalars; of containers, which only a bad schema makes, the text is compared. */
static int compare_containers(const struct json_value *a, const struct json_value *b)
{
	struct buffer text_a = {0};
	struct buffer text_b = {0};

	json_write(&text_a, a);
	json_write(&text_b, b);
	int order = str_compare(buffer_str(&text_a), buffer_str(&text_b));

	buffer_fini(&text_a);
	buffer_fini(&text_b);
	return order;
}

static int compare_values(const struct json_value *a, const struct json_value *b)
{
	int rank_a = type_rank(a);
	int rank_b = type_rank(b);

	if (rank_a != rank_b)
		return rank_a < rank_b ? -1 : 1;
	if (a->type == JSON_INTEGER && b->type == JSON_INTEGER)
		return a->integer < b->integer ? -1 : a->integer > b->integer;
	if (is_number(a))
		return compare_doubles(as_double(a), as_double(b));
	switch (a->type) {
	case JSON_STRING:
		return str_compare(json_text(a), json_text(b));
	case JSON_BOOL:
		return (int)a->boolean - (int)b->boolean;
	case JSON_ARRAY:
	case JSON_OBJECT:
		return compare_containers(a, b);
	default:
		return 0;
	}
}

static int compare_keys(const struct json_value *a, const struct json_value *b)
{
	for (uint32_t i = 0; i < a->length && i < b->length; i++) {
		int order = str_compare(a->members[i].key, b->members[i].key);

		if (order == 0)
			order = compare_values(&a->members[i].value, &b->members[i].value);
		if (order != 0)
			return order;
	}
	return a->length < b->length ? -1 : a->length > b->length;
}

int field_element_compare(const struct field_element *a, const struct field_element *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	switch (a->kind) {
	case FIELD_ELEMENT_NAME:
		return str_compare(a->name, b->name);
	case FIELD_ELEMENT_KEY:
		return compare_keys(&a->value, &b->value);
	default:
		return compare_values(&a->value, &b->value);
	}
}

struct field_element field_element_name(struct str name)
{
	return (struct field_element){.kind = FIELD_ELEMENT_NAME, .name = name};
}

/* ---- Making sets. ---- */

void field_set_append(struct arena *arena, struct field_set *set, struct field_element element,
	bool is_member, struct field_set children)
{
	if (!is_member && field_set_is_empty(&children))
		return;
	if (set->count == set->capacity) {
		uint32_t capacity = set->capacity ? set->capacity * 2 : 4;
		struct field_node *nodes = ARENA_ARRAY(arena, struct field_node, capacity);

		if (set->count > 0)
			memcpy(nodes, set->nodes, set->count * sizeof(*nodes));
		set->nodes = nodes;
		set->capacity = capacity;
	}
	set->nodes[set->count++] = (struct field_node){element, is_member, children};
}

static int compare_nodes(const void *a, const void *b)
{
	return field_element_compare(
		&((const struct field_node *)a)->element, &((const struct field_node *)b)->element);
}

void field_set_sort(struct arena *arena, struct field_set *set)
{
	bool sorted = true;
	uint32_t kept = 0;

	for (uint32_t i = 1; i < set->count && sorted; i++)
		sorted = compare_nodes(&set->nodes[i - 1], &set->nodes[i]) < 0;
	if (sorted)
		return;
	qsort(set->nodes, set->count, sizeof(*set->nodes), compare_nodes);
	for (uint32_t i = 1; i < set->count; i++) {
		struct field_node *last = &set->nodes[kept];
		struct field_node *node = &set->nodes[i];

		if (compare_nodes(last, node) != 0) {
			set->nodes[++kept] = *node;
			continue;
		}
		last->is_member = last->is_member || node->is_member;
		last->children = field_set_union(arena, &last->children, &node->children);
	}
	set->count = kept + 1;
}

struct field_set field_set_of_path(struct arena *arena, const char *const *path)
{
	struct field_set set = {0};

	if (!*path)
		return set;
	field_set_append(arena, &set, field_element_name(str_from_c(*path)), !path[1],
		field_set_of_path(arena, path + 1));
	return set;
}

/* ---- Reading sets. ---- */

const struct field_node *field_set_find(
	const struct field_set *set, const struct field_element *element)
{
	uint32_t low = 0;
	uint32_t high = set->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = field_element_compare(&set->nodes[middle].element, element);

		if (order == 0)
			return &set->nodes[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool field_set_equal(const struct field_set *a, const struct field_set *b)
{
	if (a->count != b->count)
		return false;
	if (a->nodes == b->nodes)
		return true;
	for (uint32_t i = 0; i < a->count; i++)
		if (compare_nodes(&a->nodes[i], &b->nodes[i]) != 0 ||
			a->nodes[i].is_member != b->nodes[i].is_member ||
			!field_set_equal(&a->nodes[i].children, &b->nodes[i].children))
			return false;
	return true;
}

/* ---- Set algebra: each a walk over two sorted lists of nodes. ---- */

typedef void (*pair_fn)(struct arena *arena, struct field_set *out, const struct field_node *a,
	const struct field_node *b);

static void unite(struct arena *arena, struct field_set *out, const struct field_node *a,
	const struct field_node *b);

/* Calls `visit` for each element of both sets, with NULL for the side that has it not. */
static struct field_set walk_pairs(
	struct arena *arena, const struct field_set *a, const struct field_set *b, pair_fn visit)
{
	struct field_set out = {0};
	uint32_t i = 0;
	uint32_t j = 0;

	/* A small set beside a large one: looking up is less than walking, if b alone does not
	 * count. */
	if (a->count < b->count / 8 && visit != unite) {
		for (; i < a->count; i++)
			visit(arena, &out, &a->nodes[i], field_set_find(b, &a->nodes[i].element));
		return out;
	}
	while (i < a->count || j < b->count) {
		int order = i == a->count   ? 1
			    : j == b->count ? -1
					    : compare_nodes(&a->nodes[i], &b->nodes[j]);

		visit(arena, &out, order <= 0 ? &a->nodes[i] : NULL,
			order >= 0 ? &b->nodes[j] : NULL);
		i += order <= 0;
		j += order >= 0;
	}
	return out;
}

static void unite(struct arena *arena, struct field_set *out, const struct field_node *a,
	const struct field_node *b)
{
	const struct field_node *one = a ? a : b;

	if (a && b)
		field_set_append(arena, out, a->element, a->is_member || b->is_member,
			field_set_union(arena, &a->children, &b->children));
	else
		field_set_append(arena, out, one->element, one->is_member, one->children);
}

struct field_set field_set_union(
	struct arena *arena, const struct field_set *a, const struct field_set *b)
{
	if (a->count == 0 || a->nodes == b->nodes)
		return *b;
	if (b->count == 0)
		return *a;
	return walk_pairs(arena, a, b, unite);
}

static void intersect(struct arena *arena, struct field_set *out, const struct field_node *a,
	const struct field_node *b)
{
	if (a && b)
		field_set_append(arena, out, a->element, a->is_member && b->is_member,
			field_set_intersection(arena, &a->children, &b->children));
}

struct field_set field_set_intersection(
	struct arena *arena, const struct field_set *a, const struct field_set *b)
{
	if (a->count == 0 || b->count == 0)
		return (struct field_set){0};
	return walk_pairs(arena, a, b, intersect);
}

static void subtract(struct arena *arena, struct field_set *out, const struct field_node *a,
	const struct field_node *b)
{
	if (a && b)
		field_set_append(arena, out, a->element, a->is_member && !b->is_member,
			field_set_difference(arena, &a->children, &b->children));
	else if (a)
		field_set_append(arena, out, a->element, a->is_member, a->children);
}

struct field_set field_set_difference(
	struct arena *arena, const struct field_set *a, const struct field_set *b)
{
	if (a->count == 0 || b->count == 0)
		return *a;
	return walk_pairs(arena, a, b, subtract);
}

static void subtract_below(struct arena *arena, struct field_set *out, const struct field_node *a,
	const struct field_node *b)
{
	if (!a || (b && b->is_member))
		return;
	if (b)
		field_set_append(arena, out, a->element, a->is_member,
			field_set_difference_below(arena, &a->children, &b->children));
	else
		field_set_append(arena, out, a->element, a->is_member, a->children);
}

struct field_set field_set_difference_below(
	struct arena *arena, const struct field_set *a, const struct field_set *b)
{
	if (a->count == 0 || b->count == 0)
		return *a;
	return walk_pairs(arena, a, b, subtract_below);
}
