/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_JSON_DUPLICATES_H
#define TROIKA_JSON_DUPLICATES_H

#include "json_value.h"

/* Keys that occur twice in one object; private to the json layer. */

/* A container whose end has not been read yet. */
struct json_open {
	struct str key;    /* in the object around it; empty in an array */
	size_t first_item; /* its items start here among the pending ones */
	bool is_object;
};

/* Where the reader stands: the innermost open container is last. */
struct json_place {
	const struct json_open *open;
	size_t open_count;
};

/*
 * Makes the object's keys unique: the last value wins, two objects are merged. Each key with
 * duplicates is reported once, by its path, into `duplicates` when that is not NULL.
 */
void json_merge_duplicates(struct arena *arena, struct json_value *object,
	const struct json_place *place, struct json_value *duplicates);

#endif
