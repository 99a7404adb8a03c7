/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_STATE_H
#define TROIKA_SUP_STATE_H

#include "sup_options.h"
#include "sup_server.h"

/*
 * The state directory:
 *
 *   STATE/supervisor.lock   held while a supervisor lives
 *   STATE/data/NAME/        of the server of that name, readable by its user only
 *   STATE/run/NAME.sock     its private socket
 *   STATE/run/addresses     where we listen, one "NAME ADDRESS" a line
 */
struct sup_user {
	uid_t uid;
	gid_t gid;
	const char *data_directory;
	const char *socket_path;
};

struct sup_state {
	int lock_fd;
	bool has_predecessor; /* a supervisor ended here without cleaning up */
	bool has_own_users;   /* each server has a user of its own */
	gid_t socket_gid;     /* with own users: who may connect to private sockets */
	const char *run_directory;
	const char *missing; /* why there are no own users; "" if there are */
	struct sup_user users[SUP_SERVER_COUNT];
};

/*
 * Makes what is missing, takes the lock (an error names the process that has it), chooses the users
 * and gives each its data directory. Texts live in the options' arena.
 */
int sup_state_open(const struct sup_flags *flags, const struct sup_options *options,
	struct sup_state *ret, struct error *err) WARN_UNUSED;
/* Removes the sockets and the list of addresses, and gives up the lock. */
void sup_state_close(struct sup_state *state);

/* Writes STATE/run/addresses. */
int sup_state_write_addresses(
	const struct sup_state *state, struct str text, struct error *err) WARN_UNUSED;

/* Becomes the user, for good; in the child before exec. Returns 0 or an errno value. */
int sup_state_become(const struct sup_state *state, enum sup_server_id id);

#endif
