/* SPDX-License-Identifier: Apache-2.0 */
#include "api_resource.h"

struct str api_resource_qualified_name(struct arena *arena, const struct api_resource *resource)
{
	if (str_is_empty(resource->group))
		return resource->resource;
	return arena_printf(
		arena, "%.*s.%.*s", STR_ARG(resource->resource), STR_ARG(resource->group));
}

struct str api_group_version(struct arena *arena, struct str group, struct str version)
{
	if (str_is_empty(group))
		return version;
	return arena_printf(arena, "%.*s/%.*s", STR_ARG(group), STR_ARG(version));
}

const struct api_resource *api_resource_find_version(
	const struct api_resource *resource, struct str version)
{
	if (str_equal(resource->version, version))
		return resource;
	for (size_t i = 0; i < resource->version_count; i++) {
		if (str_equal(resource->versions[i]->version, version))
			return resource->versions[i];
	}
	return NULL;
}

const struct api_resource *api_resource_storage(const struct api_resource *resource)
{
	const struct api_resource *storage = NULL;

	if (!str_is_empty(resource->storage_version))
		storage = api_resource_find_version(resource, resource->storage_version);
	return storage ? storage : resource;
}

const struct api_subresource *api_resource_find_subresource(
	const struct api_resource *resource, struct str name)
{
	for (size_t i = 0; i < resource->subresource_count; i++) {
		if (str_equal(resource->subresources[i].name, name))
			return &resource->subresources[i];
	}
	return NULL;
}
