/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "discovery_private.h"
#include "json_writer.h"
#include "version_order.h"

#define CUSTOM_GROUP_PRIORITY   1000
#define CUSTOM_VERSION_PRIORITY 100

static const struct {
	struct str group;
	int64_t group_priority;
	int64_t version_priority;
} priorities[] = {
#define GROUP_PRIORITY(group, group_priority, version_priority)                                    \
	{STR_INIT(group), group_priority, version_priority},
#include "group_priority.def"
#undef GROUP_PRIORITY
};

static bool contains(struct str text, struct str part)
{
	return str_find(text, part) < text.length;
}

void discovery_builtin_priority(void *context, struct str group, struct str version,
	int64_t *ret_group_priority, int64_t *ret_version_priority)
{
	(void)context;
	*ret_group_priority = CUSTOM_GROUP_PRIORITY;
	*ret_version_priority = CUSTOM_VERSION_PRIORITY;
	for (size_t i = 0; i < sizeof(priorities) / sizeof(priorities[0]); i++) {
		if (!str_equal(priorities[i].group, group))
			continue;
		*ret_group_priority = priorities[i].group_priority;
		*ret_version_priority = priorities[i].version_priority;
		if (contains(version, STR("alpha")))
			*ret_version_priority = 1;
		else if (contains(version, STR("beta")))
			*ret_version_priority = 9;
		else if (str_equal(group, STR("autoscaling")) && str_equal(version, STR("v2")))
			*ret_version_priority = 30;
		return;
	}
}

int discovery_compare_groups(
	int64_t priority_a, struct str group_a, int64_t priority_b, struct str group_b)
{
	if (priority_a != priority_b)
		return priority_a > priority_b ? -1 : 1;
	return str_compare(group_a, group_b);
}

int discovery_compare_versions(
	int64_t priority_a, struct str version_a, int64_t priority_b, struct str version_b)
{
	if (priority_a != priority_b)
		return priority_a > priority_b ? -1 : 1;
	return version_order_compare(version_a, version_b);
}

/* Priorities are looked up once for each row rather than once for each comparison. */
struct ranked_row {
	const struct api_resource *row;
	int64_t group_priority, version_priority;
};

static int compare_rows(const void *left, const void *right)
{
	const struct ranked_row *a = left, *b = right;
	int order = discovery_compare_groups(
		a->group_priority, a->row->group, b->group_priority, b->row->group);

	if (order == 0)
		order = discovery_compare_versions(
			a->version_priority, a->row->version, b->version_priority, b->row->version);
	return order != 0 ? order : str_compare(a->row->resource, b->row->resource);
}

struct discovery_rows discovery_sort(
	struct arena *arena, const struct api_resource *const *resources, size_t count)
{
	struct discovery_rows rows = {
		.rows = ARENA_ARRAY(arena, const struct api_resource *, count + 1),
		.count = count,
	};
	struct ranked_row *ranked = ARENA_ARRAY(arena, struct ranked_row, count + 1);

	for (size_t i = 0; i < count; i++) {
		ranked[i].row = resources[i];
		discovery_builtin_priority(NULL, resources[i]->group, resources[i]->version,
			&ranked[i].group_priority, &ranked[i].version_priority);
	}
	qsort(ranked, count, sizeof(ranked[0]), compare_rows);
	for (size_t i = 0; i < count; i++)
		rows.rows[i] = ranked[i].row;
	return rows;
}

size_t discovery_group_rows(const struct discovery_rows *rows, size_t start)
{
	size_t end = start;

	while (end < rows->count && str_equal(rows->rows[end]->group, rows->rows[start]->group))
		end++;
	return end - start;
}

size_t discovery_version_rows(const struct discovery_rows *rows, size_t start)
{
	size_t end = start;

	while (end < rows->count && str_equal(rows->rows[end]->group, rows->rows[start]->group) &&
		str_equal(rows->rows[end]->version, rows->rows[start]->version))
		end++;
	return end - start;
}

static int compare_subresources(const void *left, const void *right)
{
	const struct api_subresource *a = *(const struct api_subresource *const *)left;
	const struct api_subresource *b = *(const struct api_subresource *const *)right;

	return str_compare(a->name, b->name);
}

const struct api_subresource **discovery_sort_subresources(
	struct arena *arena, const struct api_resource *resource)
{
	size_t count = resource->subresource_count;
	const struct api_subresource **sorted =
		ARENA_ARRAY(arena, const struct api_subresource *, count + 1);

	for (size_t i = 0; i < count; i++)
		sorted[i] = &resource->subresources[i];
	qsort(sorted, count, sizeof(sorted[0]), compare_subresources);
	return sorted;
}

void discovery_write_verbs(struct buffer *out, uint16_t verbs)
{
	static const struct {
		const char *name;
		enum api_verb bit;
	} names[] = {
		{"create", API_VERB_CREATE},
		{"delete", API_VERB_DELETE},
		{"deletecollection", API_VERB_DELETECOLLECTION},
		{"get", API_VERB_GET},
		{"list", API_VERB_LIST},
		{"patch", API_VERB_PATCH},
		{"update", API_VERB_UPDATE},
		{"watch", API_VERB_WATCH},
	};
	const char *separator = "";

	buffer_append_byte(out, '[');
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(verbs & names[i].bit))
			continue;
		buffer_printf(out, "%s\"%s\"", separator, names[i].name);
		separator = ",";
	}
	buffer_append_byte(out, ']');
}

void discovery_write_list(
	struct buffer *out, const char *name, const struct str *texts, size_t count)
{
	if (count == 0)
		return;
	buffer_printf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_byte(out, ',');
		json_write_string(out, texts[i]);
	}
	buffer_append_byte(out, ']');
}
