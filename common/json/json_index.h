/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_JSON_INDEX_H
#define TROIKA_JSON_INDEX_H

#include "json_value.h"

/* The hash index of objects with more members than this; private to the json layer. */
#define JSON_INDEX_THRESHOLD 16

/* Builds the index of all members anew; of keys that occur twice the first is found. */
void json_index_build(struct arena *arena, struct json_value *object);
/* A copy for an object with the same keys at the same positions. */
struct json_index *json_index_copy(struct arena *arena, const struct json_index *index);
/* How many different keys the index holds. */
uint32_t json_index_count(const struct json_value *object);
/* The position of the key among the members, or UINT32_MAX. The object has an index. */
uint32_t json_index_find(const struct json_value *object, struct str key);
/* Takes in the member that was just appended. */
void json_index_append(struct arena *arena, struct json_value *object);
/* Forgets the member at `position`, which still stands there, and counts down those behind it. */
void json_index_remove(struct json_value *object, uint32_t position);
/* Fills the index again after members changed places. */
void json_index_refill(struct json_value *object);

#endif
