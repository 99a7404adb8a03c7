/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_DISCOVERY_PRIVATE_H
#define TROIKA_DISCOVERY_PRIVATE_H

#include "discovery.h"

/* What the makers of discovery documents share. */

/* Rows in the order of documents: groups and versions by preference, resources by name. */
struct discovery_rows {
	const struct api_resource **rows;
	size_t count;
};

struct discovery_rows discovery_sort(
	struct arena *arena, const struct api_resource *const *resources, size_t count);
/* How many rows from `start` on are of the same group, or of the same group and version. */
size_t discovery_group_rows(const struct discovery_rows *rows, size_t start);
size_t discovery_version_rows(const struct discovery_rows *rows, size_t start);
/* The row's subresources by name. */
const struct api_subresource **discovery_sort_subresources(
	struct arena *arena, const struct api_resource *resource);

/* ["create","get"], sorted as upstream has them. */
void discovery_write_verbs(struct buffer *out, uint16_t verbs);
/* ,"NAME":["a","b"] unless there are none. */
void discovery_write_list(
	struct buffer *out, const char *name, const struct str *texts, size_t count);

/* Whether (group a, priority) goes before b: <0, 0, >0. */
int discovery_compare_groups(
	int64_t priority_a, struct str group_a, int64_t priority_b, struct str group_b);
int discovery_compare_versions(
	int64_t priority_a, struct str version_a, int64_t priority_b, struct str version_b);

#endif
