/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_FIELD_SET_H
#define TROIKA_FIELD_SET_H

#include "buffer.h"
#include "error.h"
#include "json_value.h"

/*
 * Sets of paths into an object: who owns which fields (FieldsV1 of structured-merge-diff). A set is
 * a trie whose nodes are sorted at each level; sets are immutable once made and share subtrees. All
 * operations are linear in the sets and recurse at most FIELD_SET_DEPTH_MAXIMUM levels: what lies
 * deeper in an object counts as one value.
 */
#define FIELD_SET_DEPTH_MAXIMUM 256

enum field_element_kind {
	FIELD_ELEMENT_NAME,  /* f:NAME, a field or the key of a map */
	FIELD_ELEMENT_KEY,   /* k:{"name":"x"}, an item of an associative list */
	FIELD_ELEMENT_VALUE, /* v:"x", an item of a set */
	FIELD_ELEMENT_INDEX, /* i:3 */
};

struct field_element {
	enum field_element_kind kind;
	struct str name; /* of NAME */
	struct json_value
		value; /* KEY: an object sorted by name; VALUE: a scalar; INDEX: an integer */
};

struct field_node;

struct field_set {
	struct field_node *nodes;
	uint32_t count;
	uint32_t capacity;
};

/* A node is a member itself or has members below it, or both. */
struct field_node {
	struct field_element element;
	bool is_member;
	struct field_set children;
};

/* Names before keys before values before indexes; within them upstream's order of values. */
int field_element_compare(const struct field_element *a, const struct field_element *b);
struct field_element field_element_name(struct str name);

/* Adds a node behind the others; nodes that are no member and have no children are left out. */
void field_set_append(struct arena *arena, struct field_set *set, struct field_element element,
	bool is_member, struct field_set children);
/* Sorts what was appended and unites nodes of the same element. */
void field_set_sort(struct arena *arena, struct field_set *set);
/* The path of C strings that ends with NULL, as one member. */
struct field_set field_set_of_path(struct arena *arena, const char *const *path);

static inline bool field_set_is_empty(const struct field_set *set)
{
	return set->count == 0;
}

/* The node of that element or NULL. */
const struct field_node *field_set_find(
	const struct field_set *set, const struct field_element *element);
bool field_set_equal(const struct field_set *a, const struct field_set *b);
struct field_set field_set_union(
	struct arena *arena, const struct field_set *a, const struct field_set *b);
struct field_set field_set_intersection(
	struct arena *arena, const struct field_set *a, const struct field_set *b);
/* Members of a that are not members of b; a member of b does not take those below it. */
struct field_set field_set_difference(
	struct arena *arena, const struct field_set *a, const struct field_set *b);
/* The same, but a member of b takes all below it. */
struct field_set field_set_difference_below(
	struct arena *arena, const struct field_set *a, const struct field_set *b);

/* ".spec", `[name="x"]`: the element as it stands in paths for people. */
void field_element_format(struct buffer *out, const struct field_element *element);
/* Members in upstream's order (those of a level before those below); `path` is ".spec.ports[..]".
 */
void field_set_each(
	const struct field_set *set, void (*visit)(void *context, struct str path), void *context);

/* FieldsV1, as JSON. Fails with ERROR_BAD_REQUEST. */
int field_set_parse(struct arena *arena, const struct json_value *fields, struct field_set *ret,
	struct error *err) WARN_UNUSED;
struct json_value field_set_to_json(struct arena *arena, const struct field_set *set);

#endif
