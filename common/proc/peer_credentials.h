/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_PEER_CREDENTIALS_H
#define TROIKA_PEER_CREDENTIALS_H

#include <sys/types.h>

#include "error.h"

/*
 * Who connected to a Unix socket, as the kernel recorded it at connect(). Of use only for sockets
 * got from accept(): on a socketpair the kernel names its maker.
 */
struct peer_credentials {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

int peer_credentials_get(int fd, struct peer_credentials *ret, struct error *err) WARN_UNUSED;

#endif
