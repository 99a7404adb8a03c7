/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CHILD_CONTRACT_H
#define TROIKA_CHILD_CONTRACT_H

#include <stdint.h>

/*
 * What the supervisor and the servers it starts agree on: the one place for descriptor numbers,
 * messages, exit codes and time limits.
 *
 * A server is exec'd with these descriptors, and no others:
 *   0 /dev/null, 1 and 2 the pipe that the supervisor reads log lines from,
 *   CHILD_FD_CONTROL   a SOCK_SEQPACKET socket to the supervisor,
 *   CHILD_FD_SETTINGS  a sealed memfd with its settings (common/conf/settings.h),
 *   CHILD_FD_LISTENERS and up: listening sockets, as many and in the order that the setting
 *                      "internal.listeners" names them ("secure", "insecure", "private").
 * End of file on the control socket means that the supervisor is gone: the server ends at once.
 */
#define CHILD_CONTRACT_VERSION 1u
#define CHILD_FD_CONTROL       3
#define CHILD_FD_SETTINGS      4
#define CHILD_FD_LISTENERS     5

/* One message is one packet of this struct, with at most one descriptor beside it. */
struct child_message {
	uint32_t version; /* CHILD_CONTRACT_VERSION */
	uint32_t type;    /* enum child_message_type */
	char text[504];   /* NUL-terminated; meaning by type */
};

enum child_message_type {
	/* child to supervisor */
	CHILD_MESSAGE_READY = 1, /* serving; once per start */
	CHILD_MESSAGE_STATUS,    /* text: one line for people */
	CHILD_MESSAGE_DRAINED,   /* answer to DRAIN: no request under way */
	CHILD_MESSAGE_HOOK,     /* text: "NAME ok" or "NAME failed: ...": a pre-shutdown hook ran */
	CHILD_MESSAGE_RELOADED, /* text: "" or why the old settings were kept */
	CHILD_MESSAGE_REVISION, /* answer to TELL_REVISION; text: decimal, "0" without a store */
	/* supervisor to child */
	CHILD_MESSAGE_RELOAD = 101,  /* descriptor: new settings memfd */
	CHILD_MESSAGE_NOT_READY,     /* shutdown has begun: fail /readyz, go on serving */
	CHILD_MESSAGE_PRE_SHUTDOWN,  /* run pre-shutdown hooks, answer with HOOK each, then DRAINED
				      */
	CHILD_MESSAGE_DRAIN,         /* take no new requests, end watches, finish the rest */
	CHILD_MESSAGE_STOP,          /* flush and exit 0 */
	CHILD_MESSAGE_TELL_REVISION, /* answer with the newest revision of the store */
};

/* Exit codes of a server. */
#define CHILD_EXIT_OK            0
#define CHILD_EXIT_FAILURE       1
#define CHILD_EXIT_CONFIGURATION 78 /* EX_CONFIG: starting again would not help */

/* Sent to a server directly, SIGTERM means: drain and exit; the supervisor starts it anew. */

#define CHILD_STOP_TIMEOUT_MS 5000 /* after STOP, then SIGKILL */

#endif
