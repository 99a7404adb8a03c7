/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_SERVICE_H
#define TROIKA_SUP_SERVICE_H

#include "child_channel.h"
#include "sup_backoff.h"
#include "sup_listen.h"
#include "sup_output.h"
#include "sup_server_options.h"

/* One server as a process: how it is started, and what is known of it. */

enum sup_service_state {
	SUP_SERVICE_DOWN,     /* not started, or ended and not to be started */
	SUP_SERVICE_STARTING, /* runs, has not said READY */
	SUP_SERVICE_READY,
	SUP_SERVICE_STOPPING, /* was told to stop */
	SUP_SERVICE_BACKOFF,  /* ended, starts again at restart_at_ns */
	SUP_SERVICE_FAILED,   /* ended with a configuration error */
	SUP_SERVICE_GIVEN_UP, /* ended, and is not to be started again */
};

struct sup_service {
	enum sup_server_id id;
	enum sup_service_state state;
	const char *program;
	pid_t pid;       /* 0: no process */
	int control_fd;  /* -1: none */
	int settings_fd; /* what it gets when started */
	struct sup_server_options options;
	uint64_t started_ns;
	uint64_t ready_ns; /* 0: never in this life */
	uint64_t restart_at_ns;
	struct sup_backoff backoff;
	bool has_drained;   /* answered the last DRAIN or PRE_SHUTDOWN */
	bool is_to_restart; /* whoever asked for its end wants it back */
	unsigned starts;
	uint64_t store_revision;    /* as it said when last asked */
	bool is_asked_for_revision; /* and has not answered */
	bool was_killed;            /* by us, after its time to stop was over */
	struct sup_output output;
};

const char *sup_service_name(const struct sup_service *service);
bool sup_service_is_running(const struct sup_service *service);

/* `settings_fd` becomes the service's. */
void sup_service_init(
	struct sup_service *service, enum sup_server_id id, const char *program, int settings_fd);
/* Closes everything; the process must be gone. */
void sup_service_fini(struct sup_service *service);
/*
 * Starts the process with the contract's descriptors, as its user. An error is one of ours (out of
 * processes or descriptors); a program that cannot be run exits with CHILD_EXIT_CONFIGURATION.
 */
int sup_service_start(struct sup_service *service, const struct sup_state *state,
	const struct sup_listeners *listeners, struct error *err) WARN_UNUSED;
/* Sends a message, with no text; a service that does not run or cannot take it is left alone. */
void sup_service_tell(struct sup_service *service, enum child_message_type type, int fd);
void sup_service_kill(struct sup_service *service);
/*
 * Takes note of the process' end: logs why it ended, forwards its last output, and chooses between
 * BACKOFF, FAILED, GIVEN_UP and, when it was to stop, DOWN.
 */
void sup_service_ended(struct sup_service *service, int wait_status);

#endif
