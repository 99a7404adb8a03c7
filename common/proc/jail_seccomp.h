/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_JAIL_SECCOMP_H
#define TROIKA_JAIL_SECCOMP_H

#include "error.h"

/*
 * Refuses, with EPERM, the system calls that no server has a use for: new programs and processes,
 * tracing, mounts, modules, keys, BPF, io_uring (which would go past any filter), executable
 * memory. Calls of another architecture end the process. Returns 0, JAIL_WALL_MISSING or
 * ERROR_RETURN.
 */
int jail_seccomp_apply(struct error *err) WARN_UNUSED;

#endif
