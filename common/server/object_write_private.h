/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_OBJECT_WRITE_PRIVATE_H
#define TROIKA_OBJECT_WRITE_PRIVATE_H

#include "managed_fields.h"
#include "object_write.h"

/* What the files of a write share: running it, its steps, and what a create needs besides. */

/* Begins an attempt, on the fresh object. */
void object_write_attempt(struct object_write *write);
/* Ends the write with context->err. */
void object_write_fail(struct object_write *write);

/*
 * From the client's wish to the object that is to be stored, in write->object. What was allocated
 * on the way stays noted in write->has_allocated also on failure.
 */
int object_write_run_steps(struct object_write *write, struct error *err) WARN_UNUSED;
/* How this write's fields are tracked: manager, subresource, and what is not its to set. */
struct managed_fields_request object_write_managed_fields(const struct object_write *write);

/*
 * A create needs a namespace that lives and, where it comes as an update, the right to create.
 * True: it may go on now. False: it failed, or begins its next attempt when that is known.
 */
bool object_create_may_begin(struct object_write *write);
/* The resource takes new objects: it may have begun to end while the request waited. */
int object_create_check_resource(struct object_write *write, struct error *err) WARN_UNUSED;

#endif
