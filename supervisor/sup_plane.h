/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_PLANE_H
#define TROIKA_SUP_PLANE_H

#include "sup_control.h"
#include "sup_service.h"
#include "sup_shutdown.h"

/*
 * The control plane: the servers, and the loop that watches them. Nothing is allocated once it runs
 * (a reload excepted), and nothing is read but signals, fixed-size messages and log lines.
 */
#define SUP_EXIT_OK            0
#define SUP_EXIT_FAILURE       1
#define SUP_EXIT_CONFIGURATION 3 /* a server ended with a configuration error */

struct sup_plane {
	struct sup_flags *flags;
	struct sup_options options;
	struct sup_state state;
	struct sup_listeners listeners;
	struct sup_service services[SUP_SERVER_COUNT];
	struct sup_shutdown shutdown;
	struct sup_control control;
	uint64_t started_ns;
	int signal_fd;
	bool has_said_ready;
	int exit_status;
};

/* Blocks the signals that the loop takes and makes the settings of all servers. */
int sup_plane_init(struct sup_plane *plane, struct error *err) WARN_UNUSED;
void sup_plane_fini(struct sup_plane *plane);
/* Starts the servers and runs until they have all ended in order; returns the exit status. */
int sup_plane_run(struct sup_plane *plane);
/* Reads all files anew and gives the servers new settings; on any error all keep the old ones. */
int sup_plane_reload(struct sup_plane *plane, struct error *err) WARN_UNUSED;

#endif
