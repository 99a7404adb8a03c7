/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CHILD_PROCESS_H
#define TROIKA_CHILD_PROCESS_H

#include "child_channel.h"
#include "settings.h"

/*
 * The server's side of child_contract.h: what a server that the supervisor exec'd was given, and
 * how it talks back. No event loop in here: the server watches CHILD_FD_CONTROL with its own.
 */
struct child_process;

/*
 * Takes over the contract's descriptors: checks that they are all there, of the right kind, and
 * that no other is open; makes them close-on-exec and the sockets non-blocking; reads the settings,
 * closes their memfd and sets verbosity and format of the log. On failure the server exits with
 * CHILD_EXIT_CONFIGURATION.
 */
int child_process_open(struct child_process **ret, struct error *err) WARN_UNUSED;
void child_process_close(struct child_process **child);

/* Valid until the next child_process_reload. */
const struct settings *child_process_settings(const struct child_process *child);
/* The listening socket of that name ("secure", "private"), or -1. Stays open for the process' life.
 */
int child_process_listener(const struct child_process *child, struct str name);

/*
 * Enters the jail (jail.h) that the settings internal.jail.writable, .readable and .open-files
 * describe, and tells the supervisor in a STATUS line which walls are missing. Call once, before
 * threads are started and before anything is accepted.
 */
int child_process_enter_jail(struct child_process *child, struct error *err) WARN_UNUSED;

/*
 * Says something to the supervisor (READY, STATUS, DRAINED, HOOK, RELOADED). Failure is not told:
 * a supervisor that is gone is seen by the next receive.
 */
__attribute__((format(printf, 3, 4))) void child_process_send(
	struct child_process *child, enum child_message_type type, const char *format, ...);
/*
 * The next message from the supervisor: 0, CHILD_CHANNEL_EMPTY (watch on), CHILD_CHANNEL_CLOSED
 * (the supervisor is gone: end at once) or ERROR_RETURN (end as well: the contract is broken). With
 * RELOAD the new settings have been read and are what child_process_next_settings returns.
 */
int child_process_receive(struct child_process *child, struct child_message *ret_message,
	struct error *err) WARN_UNUSED;
/* The settings that came with the last RELOAD, or NULL. */
const struct settings *child_process_next_settings(const struct child_process *child);
/*
 * Ends a reload: `accepted` makes the next settings the current ones (the old are freed), otherwise
 * they are dropped. Tells the supervisor, with `why` (may be empty) when not accepted.
 */
void child_process_finish_reload(struct child_process *child, bool accepted, struct str why);

#endif
