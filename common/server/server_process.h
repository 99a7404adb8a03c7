/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SERVER_PROCESS_H
#define TROIKA_SERVER_PROCESS_H

#include "child_process.h"
#include "event_loop.h"

/*
 * The life of a server that the supervisor started: descriptors and settings, the jail, the loop,
 * and the supervisor's messages. A server's main() is one call of server_process_run().
 */
struct server_process;

struct server_process_handlers {
	/* Builds the server; an error ends the process (configuration: without being started anew).
	 */
	int (*start)(void *context, struct server_process *process, struct error *err);
	/* Takes up new settings; on an error the old ones stay. May be NULL. */
	int (*reload)(void *context, const struct settings *settings, struct error *err);
	/* Shutdown has begun: /readyz fails from now on. May be NULL. */
	void (*not_ready)(void *context);
	/* Runs pre-shutdown hooks; calls server_process_hook_done for each, then _drained. May be
	 * NULL. */
	void (*pre_shutdown)(void *context);
	/* No new requests; calls server_process_drained when none is under way. */
	void (*drain)(void *context);
	/* The newest revision of the server's store. May be NULL: it has none. */
	uint64_t (*store_revision)(void *context);
	/* Flushes and frees everything; the process exits when it returns. */
	void (*stop)(void *context);
	void *context;
};

/* Runs to the end and returns the exit status of the process. */
int server_process_run(const struct server_process_handlers *handlers);

struct event_loop *server_process_loop(struct server_process *process);
const struct settings *server_process_settings(struct server_process *process);
/* The listening socket of that name, or -1. */
int server_process_listener(struct server_process *process, const char *name);
/* Serving: told to the supervisor once. */
void server_process_ready(struct server_process *process);
void server_process_hook_done(
	struct server_process *process, const char *name, const char *problem);
void server_process_drained(struct server_process *process);

#endif
