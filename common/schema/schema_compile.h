/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SCHEMA_COMPILE_H
#define TROIKA_SCHEMA_COMPILE_H

#include "field_error.h"
#include "schema.h"

/*
 * Checks the openAPIV3Schema of a CustomResourceDefinition's version (structural, defaults valid)
 * and compiles it to a schema that decodes, defaults and validates its objects. The root implies
 * apiVersion, kind and metadata. `object_meta` is the built-in schema of metav1.ObjectMeta and must
 * outlive the result; nothing else is shared with the arguments. `path` is where the schema lies
 * ("spec.versions[0].schema.openAPIV3Schema"): the problems found are added to `errors` in
 * upstream's words. Schemas nest at most SCHEMA_COMPILE_DEPTH_MAXIMUM deep.
 *
 * x-kubernetes-validations are checked for their form and kept in the rules of their node, but
 * their CEL expressions are neither compiled nor evaluated.
 *
 * Returns 0, or 1 when errors were added (*ret_schema is then untouched).
 */
#define SCHEMA_COMPILE_DEPTH_MAXIMUM 3200

int schema_compile_structural(struct arena *arena, const struct json_value *open_api_v3_schema,
	const struct schema *object_meta, struct field_errors *errors,
	const struct field_path *path, const struct schema **ret_schema) WARN_UNUSED;

#endif
