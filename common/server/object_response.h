/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_OBJECT_RESPONSE_H
#define TROIKA_OBJECT_RESPONSE_H

#include "request_context.h"

/* Answers with one object, given as its stored JSON, in the form that was accepted. */
void object_respond(struct request_context *context, int status, struct str json);

/* The content type of a body in the accepted form. */
const char *object_content_type(const struct request_context *context);

#endif
