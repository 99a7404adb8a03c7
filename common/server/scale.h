/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SCALE_H
#define TROIKA_SCALE_H

#include "request_context.h"

/* Answers with the Scale of a parent given as its stored JSON. */
void scale_respond(struct request_context *context, int status, struct str parent_json);

#endif
