/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_OBJECT_CONVERSION_H
#define TROIKA_OBJECT_CONVERSION_H

#include "request_context.h"
#include "stored_object.h"

/*
 * Objects of a CRD lie in the store in the version that was the storage version when they were
 * written, and under the schema of that time; requests may want another. Without a webhook the
 * versions differ in nothing but their name and schema. With one (RESOURCE_WEBHOOK_CONVERSION) only
 * it can tell, and it takes its time: what a request needs is noted, had converted at once, and
 * kept with the request, which is then carried out anew.
 */

/*
 * A stored object in the resource's version: pruned and defaulted by the version in which it lies,
 * then pruned by the resource's. *ret_json (may be NULL) is its text; all in the arena. What a
 * webhook has to convert first is noted in the context, and ERROR_RETURN: the caller then asks
 * object_conversions_run. Its failures are ERROR_RETURN, too.
 */
int object_read(struct request_context *context, struct arena *arena,
	const struct api_resource *resource, const struct stored_object *stored,
	struct json_value *ret_object, struct str *ret_json, struct error *err) WARN_UNUSED;

/* Whether the object is noted now: it has to be converted by the webhook, and is not yet. */
bool object_conversions_want(struct request_context *context, const struct api_resource *resource,
	const struct stored_object *stored);
/* The same for the first `maximum` objects of a range (0: all): whether any is. */
bool object_conversions_want_range(struct request_context *context,
	const struct api_resource *resource, struct storage_snapshot *snapshot,
	const struct storage_range *range, int64_t maximum);
/*
 * Has converted what was noted, and then calls again(again_context), where what could not be
 * converted is an error: true. False when nothing was noted. The context is held meanwhile.
 */
bool object_conversions_run(
	struct request_context *context, void (*again)(void *context), void *again_context);
/* 0, or ERROR_RETURN when the webhook has failed for what this context wanted. */
int object_conversions_outcome(
	const struct request_context *context, struct error *err) WARN_UNUSED;
/* What was converted is not needed any more. */
void object_conversions_forget(struct request_context *context);
/* For the end of the context. */
void object_conversions_destroy(struct object_conversions **conversions);

/* Whether an object of the resource has to go through object_convert_for_store to be stored. */
bool object_is_stored_by_webhook(const struct api_resource *resource);
/* `stored` is in the context's arena; NULL: context->err says why not. */
typedef void (*object_stored_form_fn)(void *context, const struct json_value *stored);
void object_convert_for_store(struct request_context *context, const struct api_resource *resource,
	const struct json_value *object, object_stored_form_fn done, void *done_context);

/*
 * Encodes an object of the resource's version as it goes into the store: in the storage version,
 * pruned by its schema. `stored` is what a webhook made of it, or NULL. *ret_before and *ret_after
 * are the JSON around the revision's digits as the resource's version has it, for the answer: what
 * is read back of what was stored.
 */
int object_encode(struct arena *arena, const struct api_resource *resource,
	const struct json_value *object, const struct json_value *stored,
	struct stored_encoding *ret, struct str *ret_before, struct str *ret_after,
	struct error *err) WARN_UNUSED;

/* Prunes and defaults what came from outside in the resource's version, in place. */
void object_settle(
	struct arena *arena, const struct api_resource *resource, struct json_value *object);

#endif
