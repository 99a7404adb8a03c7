/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_SERVER_H
#define TROIKA_SUP_SERVER_H

#include <sys/types.h>

#include "sup_flag.h"

/* The servers that the supervisor runs: one row each, and nothing elsewhere depends on their
 * number. */
enum sup_server_id {
	SUP_FRONT,
	SUP_CORE,
	SUP_EXTENSIONS,
	SUP_SERVER_COUNT
};

struct sup_server {
	const char *name;      /* in logs, socket and directory names, settings */
	const char *program;   /* file name below the libexec directory */
	unsigned flag_mask;    /* SUP_SERVER_*: which flags it gets */
	bool has_secure;       /* whether it gets the listeners for clients */
	const char *user_name; /* looked up in the password file */
	uid_t fallback_uid;    /* when there is no such user */
};

const struct sup_server *sup_server_get(enum sup_server_id id);

/* The group whose members may connect to the private sockets, and its number when it has none. */
#define SUP_SOCKET_GROUP_NAME   "troika"
#define SUP_SOCKET_FALLBACK_GID 60800

#endif
