/* SPDX-License-Identifier: Apache-2.0 */
/* The documents of one group or version each, as clients without the aggregated form ask for them.
 */
#include "discovery.h"

#include <stdlib.h>

#include "discovery_private.h"
#include "json_writer.h"

static void write_address(struct buffer *out, const struct discovery_server_address *address)
{
	buffer_append(out, STR(",\"serverAddressByClientCIDRs\":["));
	if (address) {
		buffer_append(out, STR("{\"clientCIDR\":"));
		json_write_string(out, address->client_cidr);
		buffer_append(out, STR(",\"serverAddress\":"));
		json_write_string(out, address->address);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
}

void discovery_write_core_versions(
	struct buffer *out, const struct discovery_server_address *address)
{
	buffer_append(out, STR("{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]"));
	write_address(out, address);
	buffer_append_byte(out, '}');
}

/* ---- APIResourceList ---- */

/* A resource (subresource NULL) or one of its subresources. */
struct entry {
	struct str name;
	const struct api_resource *resource;
	const struct api_subresource *subresource;
};

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	return str_compare(a->name, b->name);
}

static size_t collect_entries(struct arena *arena, struct str group, struct str version,
	const struct api_resource *const *resources, size_t count, struct entry **ret)
{
	size_t total = 0, used = 0;

	for (size_t i = 0; i < count; i++)
		total += 1 + (size_t)resources[i]->subresource_count;
	struct entry *entries = ARENA_ARRAY(arena, struct entry, total + 1);

	for (size_t i = 0; i < count; i++) {
		const struct api_resource *resource = resources[i];

		if (!str_equal(resource->group, group) || !str_equal(resource->version, version))
			continue;
		entries[used++] = (struct entry){.name = resource->resource, .resource = resource};
		for (size_t j = 0; j < resource->subresource_count; j++)
			entries[used++] = (struct entry){
				.name = arena_printf(arena, "%.*s/%.*s",
					STR_ARG(resource->resource),
					STR_ARG(resource->subresources[j].name)),
				.resource = resource,
				.subresource = &resource->subresources[j],
			};
	}
	qsort(entries, used, sizeof(entries[0]), compare_entries);
	*ret = entries;
	return used;
}

/* Group and version of the kind, where they are others than the document's. */
static void write_foreign_version(struct buffer *out, const struct entry *entry)
{
	const struct api_subresource *subresource = entry->subresource;

	if (!subresource || str_is_empty(subresource->version) ||
		(str_equal(subresource->group, entry->resource->group) &&
			str_equal(subresource->version, entry->resource->version)))
		return;
	if (!str_is_empty(subresource->group)) {
		buffer_append(out, STR(",\"group\":"));
		json_write_string(out, subresource->group);
	}
	buffer_append(out, STR(",\"version\":"));
	json_write_string(out, subresource->version);
}

static void write_entry(struct buffer *out, const struct entry *entry)
{
	const struct api_resource *resource = entry->resource;
	const struct api_subresource *subresource = entry->subresource;
	bool has_own_kind = subresource && !str_is_empty(subresource->kind);

	buffer_append(out, STR("{\"name\":"));
	json_write_string(out, entry->name);
	buffer_append(out, STR(",\"singularName\":"));
	json_write_string(out, subresource ? STR_EMPTY : resource->singular);
	buffer_append(out, resource->flags & RESOURCE_NAMESPACED ? STR(",\"namespaced\":true")
								 : STR(",\"namespaced\":false"));
	write_foreign_version(out, entry);
	buffer_append(out, STR(",\"kind\":"));
	json_write_string(out, has_own_kind ? subresource->kind : resource->kind);
	buffer_append(out, STR(",\"verbs\":"));
	discovery_write_verbs(out, subresource ? subresource->verbs : resource->verbs);
	if (!subresource) {
		discovery_write_list(
			out, "shortNames", resource->short_names, resource->short_name_count);
		discovery_write_list(
			out, "categories", resource->categories, resource->category_count);
		if (!str_is_empty(resource->storage_version_hash)) {
			buffer_append(out, STR(",\"storageVersionHash\":"));
			json_write_string(out, resource->storage_version_hash);
		}
	}
	buffer_append_byte(out, '}');
}

void discovery_write_resources(struct arena *arena, struct buffer *out, struct str group,
	struct str version, const struct api_resource *const *resources, size_t count)
{
	struct entry *entries;
	size_t entry_count = collect_entries(arena, group, version, resources, count, &entries);

	buffer_append(out, str_is_empty(group)
				   ? STR("{\"kind\":\"APIResourceList\",\"groupVersion\":")
				   : STR("{\"kind\":\"APIResourceList\",\"apiVersion\":\"v1\","
					 "\"groupVersion\":"));
	json_write_string(out, api_group_version(arena, group, version));
	buffer_append(out, STR(",\"resources\":["));
	for (size_t i = 0; i < entry_count; i++) {
		if (i > 0)
			buffer_append_byte(out, ',');
		write_entry(out, &entries[i]);
	}
	buffer_append(out, STR("]}"));
}

/* ---- APIGroup, APIGroupList ---- */

static void write_group_version(
	struct arena *arena, struct buffer *out, struct str group, struct str version)
{
	buffer_append(out, STR("{\"groupVersion\":"));
	json_write_string(out, api_group_version(arena, group, version));
	buffer_append(out, STR(",\"version\":"));
	json_write_string(out, version);
	buffer_append_byte(out, '}');
}

/* "name":...,"versions":[...],"preferredVersion":{...}} of the group whose rows begin at `start`.
 */
static void write_group_body(
	struct arena *arena, struct buffer *out, const struct discovery_rows *rows, size_t start)
{
	struct str group = rows->rows[start]->group;
	size_t end = start + discovery_group_rows(rows, start);

	buffer_append(out, STR("\"name\":"));
	json_write_string(out, group);
	buffer_append(out, STR(",\"versions\":["));
	for (size_t i = start; i < end; i += discovery_version_rows(rows, i)) {
		if (i > start)
			buffer_append_byte(out, ',');
		write_group_version(arena, out, group, rows->rows[i]->version);
	}
	buffer_append(out, STR("],\"preferredVersion\":"));
	write_group_version(arena, out, group, rows->rows[start]->version);
	buffer_append_byte(out, '}');
}

void discovery_write_group(struct arena *arena, struct buffer *out, struct str group,
	const struct api_resource *const *resources, size_t count)
{
	struct discovery_rows rows = discovery_sort(arena, resources, count);

	for (size_t i = 0; i < rows.count; i += discovery_group_rows(&rows, i)) {
		if (!str_equal(rows.rows[i]->group, group))
			continue;
		buffer_append(out, STR("{\"kind\":\"APIGroup\",\"apiVersion\":\"v1\","));
		write_group_body(arena, out, &rows, i);
		return;
	}
}

void discovery_write_groups(struct arena *arena, struct buffer *out,
	const struct api_resource *const *resources, size_t count)
{
	struct discovery_rows rows = discovery_sort(arena, resources, count);
	const char *separator = "";

	buffer_append(out, STR("{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":["));
	for (size_t i = 0; i < rows.count; i += discovery_group_rows(&rows, i)) {
		if (str_is_empty(rows.rows[i]->group))
			continue;
		buffer_printf(out, "%s{", separator);
		write_group_body(arena, out, &rows, i);
		separator = ",";
	}
	buffer_append(out, STR("]}"));
}
