/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_JAIL_H
#define TROIKA_JAIL_H

#include "error.h"

/*
 * Takes from this process, for good, what it will not need: new privileges, capabilities, core
 * dumps, other programs, dangerous system calls, and the file system outside some places.
 * Descriptors that are open stay open; Unix sockets stay connectable (Landlock has no say there:
 * directory modes are the wall).
 *
 * What this means for code that runs inside: threads may be started, but no library can be loaded
 * (pthread_exit and pthread_cancel load one: return from the thread instead), no process started
 * and no memory made executable; /proc/self/fd cannot be listed by a user other than root.
 */
struct jail_options {
	const struct str *writable_paths; /* with everything beneath them */
	size_t writable_count;
	const struct str
		*readable_paths; /* files or directories; those that do not exist are skipped */
	size_t readable_count;
	uint64_t max_open_files; /* 0: the hard limit as inherited */
};

/*
 * Call once, before threads are started and before a byte from outside is read. *ret_missing says
 * in the arena, comma-separated, which walls this kernel or user could not give ("" when all
 * stand). An error means that the process is in an unknown state and must end.
 */
int jail_enter(const struct jail_options *options, struct arena *arena, struct str *ret_missing,
	struct error *err) WARN_UNUSED;

#endif
