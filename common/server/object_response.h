/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_OBJECT_RESPONSE_H
#define TROIKA_OBJECT_RESPONSE_H

#include "request_context.h"

/* Answers with one object, given as its stored JSON, in the form that was accepted. */
void object_respond(struct request_context *context, int status, struct str json);

/*
 * An object stored in another version of its CRD, or under an earlier schema, brought to what the
 * resource's version has now: pruned and defaulted; `object` is changed in place. Returns its JSON
 * text, in the arena.
 */
struct str object_convert(
	struct arena *arena, const struct api_resource *resource, struct json_value *object);

/* The content type of a body in the accepted form. */
const char *object_content_type(const struct request_context *context);

#endif
