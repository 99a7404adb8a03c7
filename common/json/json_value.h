/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_JSON_VALUE_H
#define TROIKA_JSON_VALUE_H

#include "arena.h"

/*
 * A JSON value as a tree in an arena. Values lie in their parents' arrays by value: a pointer to an
 * element or member value is good until something is added to or removed from that parent.
 * Objects keep the order of insertion. Strings are UTF-8 and may hold NUL bytes. Integers that fit
 * int64 are JSON_INTEGER, all other numbers JSON_DOUBLE.
 */
enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_INTEGER,
	JSON_DOUBLE,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json_member;
struct json_index; /* hash index of a large object; private to json_value.c */

struct json_value {
	enum json_type type;
	uint32_t length;   /* bytes of a string, elements of an array, members of an object */
	uint32_t capacity; /* of elements or members */
	union {
		bool boolean;
		int64_t integer;
		double number;
		const char *string;
		struct json_value *elements;
		struct json_member *members;
	};
	struct json_index *index; /* private */
};

struct json_member {
	struct str key;
	struct json_value value;
};

static inline struct json_value json_null(void)
{
	return (struct json_value){.type = JSON_NULL};
}

static inline struct json_value json_bool(bool value)
{
	return (struct json_value){.type = JSON_BOOL, .boolean = value};
}

static inline struct json_value json_integer(int64_t value)
{
	return (struct json_value){.type = JSON_INTEGER, .integer = value};
}

static inline struct json_value json_double(double value)
{
	return (struct json_value){.type = JSON_DOUBLE, .number = value};
}

/* The bytes are not copied: they must live as long as the tree. */
static inline struct json_value json_string(struct str value)
{
	return (struct json_value){
		.type = JSON_STRING, .length = (uint32_t)value.length, .string = value.data};
}

static inline struct json_value json_array(void)
{
	return (struct json_value){.type = JSON_ARRAY};
}

static inline struct json_value json_object(void)
{
	return (struct json_value){.type = JSON_OBJECT};
}

/* The text of a string value; the empty view for NULL and for other types. */
struct str json_text(const struct json_value *value);
/* The number of an integer value; `otherwise` for NULL and for other types. */
int64_t json_integer_or(const struct json_value *value, int64_t otherwise);
bool json_bool_or(const struct json_value *value, bool otherwise);

/*
 * The member's value or NULL; also NULL when `object` is NULL or not an object, so that lookups
 * chain. Constant or logarithmic time also for large objects.
 */
struct json_value *json_find(const struct json_value *object, struct str key);
/* The same along a path of C strings that ends with NULL. */
__attribute__((sentinel)) struct json_value *json_find_path(
	const struct json_value *object, const char *key, ...);
/* Element `index` or NULL (also for NULL and non-arrays). */
struct json_value *json_element(const struct json_value *array, size_t index);
/* Elements of an array or members of an object; 0 for NULL and other types. */
size_t json_count(const struct json_value *value);

/* Sets or adds a member; key bytes are not copied; returns where the value now lies. */
struct json_value *json_set(
	struct arena *arena, struct json_value *object, struct str key, struct json_value value);
/* json_set for a C string path, making objects on the way (a non-object on the way is replaced). */
__attribute__((sentinel)) struct json_value *json_set_path(struct arena *arena,
	struct json_value *object, struct json_value value, const char *key, ...);
/* The member as an object, added as an empty one when absent or not an object. */
struct json_value *json_ensure_object(
	struct arena *arena, struct json_value *object, struct str key);
/* Adds a member without looking for the key: the caller knows it is new. */
struct json_value *json_append_member(
	struct arena *arena, struct json_value *object, struct str key, struct json_value value);
/* Removes a member, keeping the others' order; true when it was there. */
bool json_remove(struct json_value *object, struct str key);
/* Appends an element; returns where it now lies. */
struct json_value *json_append(
	struct arena *arena, struct json_value *array, struct json_value value);
/* Inserts before `index` (<= length). */
void json_insert(
	struct arena *arena, struct json_value *array, size_t index, struct json_value value);
void json_remove_element(struct json_value *array, size_t index);
/* Sorts the members bytewise by key. */
void json_sort_members(struct json_value *object);

/* A deep copy of containers in `arena`; string bytes are shared unless copy_strings. */
struct json_value json_copy(struct arena *arena, const struct json_value *value, bool copy_strings);
/* Deep equality; objects without regard to order, 1 equals 1.0. */
bool json_equal(const struct json_value *a, const struct json_value *b);

#endif
