/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_SPAWN_H
#define TROIKA_SUP_SPAWN_H

#include "sup_server_options.h"
#include "sup_state.h"

#define SUP_SPAWN_LISTENERS 3

/* What a server is exec'd with; the descriptors stay the caller's. */
struct sup_spawn {
	const char *program;
	const struct sup_state *state;
	enum sup_server_id id;
	const struct sup_server_options *options;
	int control_fd;
	int output_fd;
	int settings_fd;
	int listeners[SUP_SPAWN_LISTENERS];
	size_t listener_count;
};

/* Forks and execs. The child is in a session of its own, so that Ctrl-C reaches only us. */
int sup_spawn_start(const struct sup_spawn *spawn, pid_t *ret_pid, struct error *err) WARN_UNUSED;
/* Runs a program of ours to its end, with our standard error. Returns 0 when it exits with 0. */
int sup_spawn_run(char *const *arguments, struct error *err) WARN_UNUSED;

#endif
