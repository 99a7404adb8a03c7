/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_JAIL_LANDLOCK_H
#define TROIKA_JAIL_LANDLOCK_H

#include "jail.h"

/* Outcomes of the walls beside 0 (stands) and ERROR_RETURN. */
#define JAIL_WALL_MISSING 1
#define JAIL_WALL_PARTIAL 2

/*
 * Allows the file system beneath the options' paths only, and signals and abstract sockets within
 * this process only, as far as the kernel can. Needs no_new_privs or CAP_SYS_ADMIN.
 */
int jail_landlock_apply(const struct jail_options *options, struct error *err) WARN_UNUSED;

#endif
