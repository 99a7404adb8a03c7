/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregated documents of several servers as one. */
#include <stdlib.h>

#include "discovery.h"
#include "discovery_private.h"

/* Of all documents together; what is beyond is left out. */
#define VERSIONS_MAXIMUM 20000

struct version_row {
	struct str group;
	struct str version;
	int64_t group_priority; /* the highest of the group's versions */
	int64_t version_priority;
	size_t position; /* among what came: the first of equals stays */
	const struct json_value *value;
};

struct rows {
	struct version_row *rows;
	size_t count;
};

static size_t count_versions(const struct json_value *documents, size_t count)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++) {
		const struct json_value *items = json_find(&documents[i], STR("items"));

		for (size_t j = 0; items && items->type == JSON_ARRAY && j < items->length; j++)
			total += json_count(json_find(json_element(items, j), STR("versions")));
	}
	return total < VERSIONS_MAXIMUM ? total : VERSIONS_MAXIMUM;
}

static void take_group(struct rows *rows, size_t maximum, const struct json_value *item,
	discovery_priority_fn priority, void *context)
{
	struct str group = json_text(json_find_path(item, "metadata", "name", NULL));
	const struct json_value *versions = json_find(item, STR("versions"));

	for (size_t i = 0; json_element(versions, i) && rows->count < maximum; i++) {
		const struct json_value *value = json_element(versions, i);
		struct str version = json_text(json_find(value, STR("version")));

		if (str_is_empty(version))
			continue;
		struct version_row *row = &rows->rows[rows->count];

		*row = (struct version_row){.group = group,
			.version = version,
			.position = rows->count,
			.value = value};
		priority(context, group, version, &row->group_priority, &row->version_priority);
		rows->count++;
	}
}

static int compare_by_group(const void *left, const void *right)
{
	const struct version_row *a = left, *b = right;
	int order = str_compare(a->group, b->group);

	return order != 0 ? order : (a->position > b->position) - (a->position < b->position);
}

static int compare_by_priority(const void *left, const void *right)
{
	const struct version_row *a = left, *b = right;
	int order =
		discovery_compare_groups(a->group_priority, a->group, b->group_priority, b->group);

	if (order == 0)
		order = discovery_compare_versions(
			a->version_priority, a->version, b->version_priority, b->version);
	return order != 0 ? order : (a->position > b->position) - (a->position < b->position);
}

/* All versions of a group get the highest priority that one of them gives the group. */
static void level_groups(struct rows *rows)
{
	qsort(rows->rows, rows->count, sizeof(rows->rows[0]), compare_by_group);
	for (size_t i = 0, end; i < rows->count; i = end) {
		int64_t highest = rows->rows[i].group_priority;

		for (end = i;
			end < rows->count && str_equal(rows->rows[end].group, rows->rows[i].group);
			end++) {
			if (rows->rows[end].group_priority > highest)
				highest = rows->rows[end].group_priority;
		}
		for (size_t j = i; j < end; j++)
			rows->rows[j].group_priority = highest;
	}
}

static struct json_value make_document(struct json_value items, struct arena *arena)
{
	struct json_value document = json_object();

	json_append_member(
		arena, &document, STR("kind"), json_string(STR("APIGroupDiscoveryList")));
	json_append_member(
		arena, &document, STR("apiVersion"), json_string(STR("apidiscovery.k8s.io/v2")));
	json_append_member(arena, &document, STR("metadata"), json_object());
	json_append_member(arena, &document, STR("items"), items);
	return document;
}

static struct json_value make_item(struct arena *arena, struct str group)
{
	struct json_value item = json_object(), metadata = json_object();

	if (!str_is_empty(group))
		json_append_member(arena, &metadata, STR("name"), json_string(group));
	json_append_member(arena, &item, STR("metadata"), metadata);
	json_append_member(arena, &item, STR("versions"), json_array());
	return item;
}

static struct json_value make_items(struct arena *arena, const struct rows *rows)
{
	struct json_value items = json_array();
	struct json_value *versions = NULL;

	for (size_t i = 0; i < rows->count; i++) {
		const struct version_row *row = &rows->rows[i];
		const struct version_row *before = i > 0 ? row - 1 : NULL;
		bool is_same_group = before && str_equal(before->group, row->group);

		if (is_same_group && str_equal(before->version, row->version))
			continue;
		if (!is_same_group)
			versions =
				json_find(json_append(arena, &items, make_item(arena, row->group)),
					STR("versions"));
		json_append(arena, versions, json_copy(arena, row->value, false));
	}
	return items;
}

struct json_value discovery_merge(struct arena *arena, const struct json_value *documents,
	size_t count, discovery_priority_fn priority, void *context)
{
	size_t maximum = count_versions(documents, count);
	struct rows rows = {.rows = ARENA_ARRAY(arena, struct version_row, maximum + 1)};

	for (size_t i = 0; i < count; i++) {
		const struct json_value *items = json_find(&documents[i], STR("items"));

		for (size_t j = 0; json_element(items, j); j++)
			take_group(&rows, maximum, json_element(items, j),
				priority ? priority : discovery_builtin_priority, context);
	}
	level_groups(&rows);
	qsort(rows.rows, rows.count, sizeof(rows.rows[0]), compare_by_priority);
	return make_document(make_items(arena, &rows), arena);
}

void discovery_mark_stale(struct arena *arena, struct json_value *document)
{
	struct json_value *items = json_find(document, STR("items"));

	for (size_t i = 0; json_element(items, i); i++) {
		struct json_value *versions = json_find(json_element(items, i), STR("versions"));

		for (size_t j = 0; json_element(versions, j); j++) {
			struct json_value *version = json_element(versions, j);

			if (version->type == JSON_OBJECT)
				json_set(arena, version, STR("freshness"),
					json_string(STR("Stale")));
		}
	}
}

/* ---- The older documents made of a merged one ---- */

static struct json_value make_group_version(
	struct arena *arena, struct str group, struct str version)
{
	struct json_value entry = json_object();

	json_append_member(arena, &entry, STR("groupVersion"),
		json_string(api_group_version(arena, group, version)));
	json_append_member(arena, &entry, STR("version"), json_string(version));
	return entry;
}

static void add_group_members(
	struct arena *arena, struct json_value *group, const struct json_value *item)
{
	struct str name = json_text(json_find_path(item, "metadata", "name", NULL));
	const struct json_value *versions = json_find(item, STR("versions"));
	struct json_value list = json_array();

	for (size_t i = 0; json_element(versions, i); i++)
		json_append(arena, &list,
			make_group_version(arena, name,
				json_text(json_find(json_element(versions, i), STR("version")))));
	json_append_member(arena, group, STR("name"), json_string(name));
	json_append_member(arena, group, STR("versions"), list);
	if (list.length > 0)
		json_append_member(arena, group, STR("preferredVersion"),
			json_copy(arena, json_element(&list, 0), false));
}

static struct json_value make_typed(struct arena *arena, struct str kind)
{
	struct json_value value = json_object();

	json_append_member(arena, &value, STR("kind"), json_string(kind));
	json_append_member(arena, &value, STR("apiVersion"), json_string(STR("v1")));
	return value;
}

struct json_value discovery_groups_of(struct arena *arena, const struct json_value *merged)
{
	struct json_value list = make_typed(arena, STR("APIGroupList"));
	struct json_value groups = json_array();
	const struct json_value *items = json_find(merged, STR("items"));

	for (size_t i = 0; json_element(items, i); i++) {
		const struct json_value *item = json_element(items, i);
		struct json_value group = json_object();

		if (str_is_empty(json_text(json_find_path(item, "metadata", "name", NULL))))
			continue;
		add_group_members(arena, &group, item);
		json_append(arena, &groups, group);
	}
	json_append_member(arena, &list, STR("groups"), groups);
	return list;
}

struct json_value discovery_group_of(
	struct arena *arena, const struct json_value *merged, struct str group)
{
	const struct json_value *items = json_find(merged, STR("items"));

	for (size_t i = 0; json_element(items, i); i++) {
		const struct json_value *item = json_element(items, i);
		struct json_value found = make_typed(arena, STR("APIGroup"));

		if (!str_equal(json_text(json_find_path(item, "metadata", "name", NULL)), group))
			continue;
		add_group_members(arena, &found, item);
		return found;
	}
	return json_null();
}
