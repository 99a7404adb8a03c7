/* SPDX-License-Identifier: Apache-2.0 */
/* All groups with all their resources in one document (apidiscovery.k8s.io/v2). */
#include "discovery.h"
#include "discovery_private.h"
#include "json_writer.h"

/* Group and version are empty where they are those of the place in the document. */
static void write_kind(struct buffer *out, struct str group, struct str version, struct str kind)
{
	buffer_append(out, STR("\"responseKind\":{\"group\":"));
	json_write_string(out, group);
	buffer_append(out, STR(",\"version\":"));
	json_write_string(out, version);
	buffer_append(out, STR(",\"kind\":"));
	json_write_string(out, kind);
	buffer_append_byte(out, '}');
}

static void write_subresource(struct buffer *out, const struct api_resource *resource,
	const struct api_subresource *subresource)
{
	bool has_own_kind = !str_is_empty(subresource->kind);
	bool is_foreign = !str_is_empty(subresource->version) &&
			  (!str_equal(subresource->group, resource->group) ||
				  !str_equal(subresource->version, resource->version));

	buffer_append(out, STR("{\"subresource\":"));
	json_write_string(out, subresource->name);
	buffer_append_byte(out, ',');
	write_kind(out, is_foreign ? subresource->group : STR_EMPTY,
		is_foreign ? subresource->version : STR_EMPTY,
		has_own_kind ? subresource->kind : resource->kind);
	buffer_append(out, STR(",\"verbs\":"));
	discovery_write_verbs(out, subresource->verbs);
	buffer_append_byte(out, '}');
}

static void write_resource(
	struct arena *arena, struct buffer *out, const struct api_resource *resource)
{
	const struct api_subresource **sorted = discovery_sort_subresources(arena, resource);

	buffer_append(out, STR("{\"resource\":"));
	json_write_string(out, resource->resource);
	buffer_append_byte(out, ',');
	write_kind(out, STR_EMPTY, STR_EMPTY, resource->kind);
	buffer_append(out, resource->flags & RESOURCE_NAMESPACED
				   ? STR(",\"scope\":\"Namespaced\",\"singularResource\":")
				   : STR(",\"scope\":\"Cluster\",\"singularResource\":"));
	json_write_string(out, resource->singular);
	buffer_append(out, STR(",\"verbs\":"));
	discovery_write_verbs(out, resource->verbs);
	discovery_write_list(out, "shortNames", resource->short_names, resource->short_name_count);
	discovery_write_list(out, "categories", resource->categories, resource->category_count);
	if (resource->subresource_count > 0)
		buffer_append(out, STR(",\"subresources\":["));
	for (size_t i = 0; i < resource->subresource_count; i++) {
		if (i > 0)
			buffer_append_byte(out, ',');
		write_subresource(out, resource, sorted[i]);
	}
	if (resource->subresource_count > 0)
		buffer_append_byte(out, ']');
	buffer_append_byte(out, '}');
}

static void write_version(
	struct arena *arena, struct buffer *out, const struct discovery_rows *rows, size_t start)
{
	size_t end = start + discovery_version_rows(rows, start);

	buffer_append(out, STR("{\"version\":"));
	json_write_string(out, rows->rows[start]->version);
	buffer_append(out, STR(",\"resources\":["));
	for (size_t i = start; i < end; i++) {
		if (i > start)
			buffer_append_byte(out, ',');
		write_resource(arena, out, rows->rows[i]);
	}
	buffer_append(out, STR("],\"freshness\":\"Current\"}"));
}

static void write_group(
	struct arena *arena, struct buffer *out, const struct discovery_rows *rows, size_t start)
{
	size_t end = start + discovery_group_rows(rows, start);

	buffer_append(out, STR("{\"metadata\":{"));
	if (!str_is_empty(rows->rows[start]->group)) {
		buffer_append(out, STR("\"name\":"));
		json_write_string(out, rows->rows[start]->group);
	}
	buffer_append(out, STR("},\"versions\":["));
	for (size_t i = start; i < end; i += discovery_version_rows(rows, i)) {
		if (i > start)
			buffer_append_byte(out, ',');
		write_version(arena, out, rows, i);
	}
	buffer_append(out, STR("]}"));
}

void discovery_write_aggregated(struct arena *arena, struct buffer *out, bool is_core,
	const struct api_resource *const *resources, size_t count)
{
	struct discovery_rows rows = discovery_sort(arena, resources, count);
	const char *separator = "";

	buffer_append(out, STR("{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":"
			       "\"apidiscovery.k8s.io/v2\",\"metadata\":{},\"items\":["));
	for (size_t i = 0; i < rows.count; i += discovery_group_rows(&rows, i)) {
		if (str_is_empty(rows.rows[i]->group) != is_core)
			continue;
		buffer_append(out, str_from_c(separator));
		write_group(arena, out, &rows, i);
		separator = ",";
	}
	buffer_append(out, STR("]}"));
}
