/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EXT_CLEANUP_H
#define TROIKA_EXT_CLEANUP_H

#include "ext_server.h"

/*
 * Deletes the objects of definitions that are being deleted, and lets the definition go when none
 * is left. Objects are deleted as a client would: those with finalizers are waited for.
 */
struct ext_cleanup;

struct ext_cleanup *ext_cleanup_create(struct ext_server *server);
void ext_cleanup_destroy(struct ext_cleanup **cleanup);
/* Starts, from the loop; nothing happens when it is under way for that name. */
void ext_cleanup_begin(
	struct ext_cleanup *cleanup, struct str name, const struct json_value *definition);
/* The definition is gone, or no longer waits for its objects to be. */
void ext_cleanup_cancel(struct ext_cleanup *cleanup, struct str name);

#endif
