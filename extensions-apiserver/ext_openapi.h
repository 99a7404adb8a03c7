/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EXT_OPENAPI_H
#define TROIKA_EXT_OPENAPI_H

#include "ext_resource.h"

/* The OpenAPI 3 document of one group version of custom resources, as a tree. */
struct ext_openapi_builder {
	struct arena *arena;
	struct json_value paths;
	struct json_value schemas;
};

/*
 * Starts a document. `meta_schemas` are the components of the document of a built-in group version:
 * what custom resources share with it is taken from there.
 */
void ext_openapi_begin(struct ext_openapi_builder *builder, struct arena *arena, struct str group,
	struct str version, const struct json_value *meta_schemas);
/* Adds a resource; `schema` is its openAPIV3Schema, or NULL. Texts are shared. */
void ext_openapi_add(struct ext_openapi_builder *builder, const struct api_resource *resource,
	const struct json_value *schema);
struct json_value ext_openapi_end(struct ext_openapi_builder *builder);

/* "#/components/schemas/com.example.v1.Widget" without the part up to the last '/'. */
struct str ext_openapi_model(
	struct arena *arena, struct str group, struct str version, struct str kind);

/* ext_openapi_paths.c: the paths of a resource. */
void ext_openapi_add_paths(
	struct ext_openapi_builder *builder, const struct api_resource *resource);
/* {"$ref": "#/components/schemas/MODEL"} */
struct json_value ext_openapi_reference(struct arena *arena, struct str model);

#endif
