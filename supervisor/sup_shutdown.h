/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_SHUTDOWN_H
#define TROIKA_SUP_SHUTDOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sup_plane;
struct sup_service;

/*
 * The ordered stop, a table of steps (sup_shutdown.c) that the loop walks: each step is entered
 * once, and left when it is done or its time is over.
 */
struct sup_shutdown {
	bool has_begun;
	size_t step;
	bool has_entered;
	uint64_t begun_ns;
	uint64_t deadline_ns; /* of the step; UINT64_MAX: none */
	bool is_over_time;    /* the step's deadline has passed */
	bool skips_delay;
};

/* Begins (once): all servers fail their /readyz, hooks run. */
void sup_shutdown_begin(struct sup_plane *plane, int exit_status, bool skips_delay);
/* Goes on as far as it can; true when the last step is over. */
bool sup_shutdown_advance(struct sup_plane *plane, uint64_t now_ns);
/* Whether a server that ended is still to be started again. */
bool sup_shutdown_allows_restart(const struct sup_plane *plane, const struct sup_service *service);

#endif
