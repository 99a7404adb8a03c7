/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_USERS_H
#define TROIKA_SUP_USERS_H

#include "sup_state.h"

/*
 * Started by root, every server gets a user of its own: the one that --server-users names, else
 * one of a fixed name if the password file has it, else a fixed number. Otherwise, or where the
 * system does not let us, all run as who we are, and state->missing says why.
 */
int sup_users_choose(const struct sup_flags *flags, const struct sup_options *options,
	struct sup_state *state, struct error *err) WARN_UNUSED;
/* Tries, in a child for each, to become the user, open its data directory and reach its program. */
int sup_users_try(
	const struct sup_options *options, struct sup_state *state, struct error *err) WARN_UNUSED;
/* Lets all servers run as who we are. */
void sup_users_share(struct sup_state *state);

#endif
