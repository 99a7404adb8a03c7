/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_OBJECT_META_H
#define TROIKA_OBJECT_META_H

#include "api_resource.h"

/* metadata: access, the system's fields, and validation (apimachinery/pkg/api/validation). */

/* A text member of the object's metadata, or the empty view. */
struct str object_meta_text(const struct json_value *object, struct str name);
/* An integer member, or 0. */
int64_t object_meta_integer(const struct json_value *object, struct str name);
/* Sets a member of metadata in its canonical place; the metadata is made when it is not there. */
void object_meta_set(struct arena *arena, const struct api_resource *resource,
	struct json_value *object, struct str name, struct json_value value);
void object_meta_remove(struct json_value *object, struct str name);
/* Sets finalizers, or takes them out when the array is empty. */
void object_meta_set_finalizers(struct arena *arena, const struct api_resource *resource,
	struct json_value *object, const struct json_value *finalizers);
/* Whether anything holds the object back from deletion (Namespaces: spec.finalizers too). */
bool object_meta_has_finalizers(
	const struct api_resource *resource, const struct json_value *object);
/* A terminating object that nothing holds back any more, its grace over: an update removes it. */
bool object_meta_is_finished(const struct api_resource *resource, const struct json_value *object);

/*
 * Name and namespace of a body against the URL's; the namespace is filled in when absent, the name
 * when the URL has one. Fails with ERROR_BAD_REQUEST and upstream's text.
 */
int object_meta_check_url(const struct api_resource *resource, struct json_value *document,
	struct str namespace, struct str name, struct error *err) WARN_UNUSED;

/*
 * What the server fills in on create: uid, creationTimestamp, generated name, generation; clears
 * what clients may not set, and the status where it is the server's. Fails for a body with a
 * resourceVersion.
 */
int object_meta_prepare_create(struct arena *arena, const struct api_resource *resource,
	struct str namespace, struct json_value *object, struct error *err) WARN_UNUSED;
/*
 * On update: system fields come from the live object, as do the parts that a write to this
 * subresource does not own (status on the main resource, all else on status).
 */
void object_meta_prepare_update(struct arena *arena, const struct api_resource *resource,
	struct str subresource, struct json_value *object, const struct json_value *live);
/* generation of the live object, one more when what it counts has changed. */
void object_meta_update_generation(struct arena *arena, const struct api_resource *resource,
	struct json_value *object, const struct json_value *live);

/* Names, labels, annotations, finalizers, owner references; `old` is NULL on create. */
void object_meta_validate(const struct api_resource *resource, const struct json_value *object,
	const struct json_value *old, struct field_errors *errors);

/* A random UUID (version 4) as text. */
struct str object_meta_make_uid(struct arena *arena);

#endif
