/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_REVISION_WAIT_H
#define TROIKA_REVISION_WAIT_H

#include "request_context.h"

/*
 * A client may have seen a newer revision than we have, from another server. Such a read waits a
 * little before it is told so.
 */

/*
 * Calls go_on when the store has reached the revision (at once when it has) or the time is over:
 * it has to look again. Never when the client leaves before. Takes the context's stream until then.
 */
void revision_wait(struct request_context *context, uint64_t revision,
	void (*go_on)(struct request_context *context));

#endif
