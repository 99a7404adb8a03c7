/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_LISTEN_H
#define TROIKA_SUP_LISTEN_H

#include "sup_state.h"

/*
 * The listening sockets, open for the supervisor's whole life, so that a connection made while a
 * server is away waits in the backlog instead of being refused.
 */
struct sup_listeners {
	int secure;
	int insecure; /* -1: no plain HTTP */
	int private[SUP_SERVER_COUNT];
};

int sup_listeners_open(const struct sup_options *options, const struct sup_state *state,
	struct sup_listeners *ret, struct error *err) WARN_UNUSED;
void sup_listeners_close(struct sup_listeners *listeners);
/*
 * A listening Unix socket in the place of what lies at the path, for our own user and, when it is
 * not NULL, the group. The descriptor is the caller's, as is the path.
 */
int sup_listen_unix(
	const char *path, const gid_t *group, int *ret_fd, struct error *err) WARN_UNUSED;

#endif
