/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_CONTROL_H
#define TROIKA_SUP_CONTROL_H

#include <poll.h>

#include "sup_state.h"

/*
 * The door for troikactl: STATE/run/control.sock, for root and our own user only. A client sends
 * one line and gets lines back, the last being "ok" or "error TEXT", then the connection ends:
 *
 *   status         "supervisor PID UPTIME_MS ready|not-ready VERSION",
 *                  "address ADDRESS:PORT", "directory PATH",
 *                  "server NAME PROGRAM PID STATE UPTIME_MS RESTARTS REVISION" each, the revision
 *                  being that of its store, or 0 when it does not tell in time
 *   restart NAME   the server drains, ends and is started again
 *   drain          as SIGTERM: stops in order
 *   reload         as SIGHUP, with the error if there is one
 *   logs           the last lines of the log
 *   logs follow    these and, until the client goes, all further ones
 */
#define SUP_CONTROL_CLIENTS   8
#define SUP_CONTROL_POLL_SIZE (1 + SUP_CONTROL_CLIENTS)
#define SUP_CONTROL_SOCKET    "control.sock"

struct sup_plane;

struct sup_control_client {
	int fd; /* -1: none */
	bool follows;
	uint64_t status_due_ns; /* it waits for the status until then at most; 0: it does not */
	size_t used;
	char line[128];
};

struct sup_control {
	int listener; /* -1: none */
	const char *path;
	struct sup_control_client clients[SUP_CONTROL_CLIENTS];
};

/* No socket at all; may be polled and closed. */
void sup_control_init(struct sup_control *control);
int sup_control_open(struct sup_control *control, const struct sup_options *options,
	const struct sup_state *state, struct error *err) WARN_UNUSED;
void sup_control_close(struct sup_control *control);
/* Fills SUP_CONTROL_POLL_SIZE entries. */
void sup_control_poll(const struct sup_control *control, struct pollfd *fds);
/* When sup_control_handle has something to do at the latest; UINT64_MAX: never by itself. */
uint64_t sup_control_deadline(const struct sup_control *control);
/* Does what the polled entries have become ready for. Never waits. */
void sup_control_handle(struct sup_plane *plane, const struct pollfd *fds);

#endif
