/* SPDX-License-Identifier: Apache-2.0 */
#include "server_process.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "log.h"
#include "memory.h"

#define FREED_BYTES_KEPT (4u * 1024 * 1024)

struct server_process {
	const struct server_process_handlers *handlers;
	struct child_process *child;
	struct event_loop *loop;
	struct event_descriptor *control;
	struct event_descriptor *signals;
	int signal_fd;
	int exit_status;
	bool is_ready;
	bool exits_when_drained; /* SIGTERM to this server alone */
};

struct event_loop *server_process_loop(struct server_process *process)
{
	return process->loop;
}

const struct settings *server_process_settings(struct server_process *process)
{
	return child_process_settings(process->child);
}

int server_process_listener(struct server_process *process, const char *name)
{
	return child_process_listener(process->child, str_from_c(name));
}

void server_process_ready(struct server_process *process)
{
	if (process->is_ready)
		return;
	process->is_ready = true;
	child_process_send(process->child, CHILD_MESSAGE_READY, "%s", "");
}

void server_process_hook_done(struct server_process *process, const char *name, const char *problem)
{
	if (problem)
		child_process_send(
			process->child, CHILD_MESSAGE_HOOK, "%s failed: %s", name, problem);
	else
		child_process_send(process->child, CHILD_MESSAGE_HOOK, "%s ok", name);
}

static void end(struct server_process *process, int exit_status)
{
	process->exit_status = exit_status;
	event_loop_stop(process->loop);
}

void server_process_drained(struct server_process *process)
{
	if (process->exits_when_drained) {
		end(process, CHILD_EXIT_OK);
		return;
	}
	child_process_send(process->child, CHILD_MESSAGE_DRAINED, "%s", "");
}

static void reload(struct server_process *process)
{
	const struct server_process_handlers *handlers = process->handlers;
	const struct settings *next = child_process_next_settings(process->child);
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	bool is_accepted =
		!handlers->reload || handlers->reload(handlers->context, next, &err) == 0;

	if (!is_accepted)
		log_error("reload refused, the old settings stay: %.*s", STR_ARG(err.message));
	child_process_finish_reload(process->child, is_accepted, err.message);
	arena_destroy(&arena);
}

static void pre_shutdown(struct server_process *process)
{
	if (process->handlers->pre_shutdown)
		process->handlers->pre_shutdown(process->handlers->context);
	else
		server_process_drained(process);
}

static void tell_revision(struct server_process *process)
{
	const struct server_process_handlers *handlers = process->handlers;
	uint64_t revision =
		handlers->store_revision ? handlers->store_revision(handlers->context) : 0;

	child_process_send(process->child, CHILD_MESSAGE_REVISION, "%" PRIu64, revision);
}

static void handle_message(struct server_process *process, const struct child_message *message)
{
	const struct server_process_handlers *handlers = process->handlers;

	switch (message->type) {
	case CHILD_MESSAGE_RELOAD:
		reload(process);
		break;
	case CHILD_MESSAGE_NOT_READY:
		if (handlers->not_ready)
			handlers->not_ready(handlers->context);
		break;
	case CHILD_MESSAGE_PRE_SHUTDOWN:
		pre_shutdown(process);
		break;
	case CHILD_MESSAGE_DRAIN:
		handlers->drain(handlers->context);
		break;
	case CHILD_MESSAGE_STOP:
		end(process, CHILD_EXIT_OK);
		break;
	case CHILD_MESSAGE_TELL_REVISION:
		tell_revision(process);
		break;
	default:
		log_warning("supervisor sent an unknown message: %u", message->type);
		break;
	}
}

static void on_control(void *opaque, bool readable, bool writable)
{
	struct server_process *process = opaque;
	struct child_message message;
	struct error err = ERROR_INIT(NULL);

	(void)readable;
	(void)writable;
	for (;;) {
		int outcome = child_process_receive(process->child, &message, &err);

		if (outcome == CHILD_CHANNEL_EMPTY)
			return;
		if (outcome == 0) {
			handle_message(process, &message);
			continue;
		}
		if (outcome == ERROR_RETURN)
			log_error("control channel: %.*s", STR_ARG(err.message));
		/* Nobody is left to answer to. Acknowledged writes are on disk: end at once. */
		_exit(CHILD_EXIT_FAILURE);
	}
}

static void on_signal(void *opaque, bool readable, bool writable)
{
	struct server_process *process = opaque;
	struct signalfd_siginfo info;

	(void)readable;
	(void)writable;
	if (read(process->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (process->exits_when_drained) {
		end(process, CHILD_EXIT_FAILURE);
		return;
	}
	log_info("SIGTERM: finishing what is under way, then leaving");
	process->exits_when_drained = true;
	process->handlers->drain(process->handlers->context);
}

static int watch_signals(struct server_process *process, struct error *err)
{
	sigset_t set;

	/* Ctrl-C in a terminal reaches the whole group: the supervisor decides what comes of it. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	process->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (process->signal_fd < 0)
		return error_set_errno(err, errno, "signalfd");
	process->signals =
		event_descriptor_create(process->loop, process->signal_fd, on_signal, process);
	event_descriptor_want(process->signals, true, false);
	return 0;
}

static int start(struct server_process *process, struct error *err)
{
	const struct server_process_handlers *handlers = process->handlers;

	if (child_process_open(&process->child, err) != 0 ||
		child_process_enter_jail(process->child, err) != 0)
		return ERROR_RETURN;
	process->loop = event_loop_create();
	if (watch_signals(process, err) != 0)
		return ERROR_RETURN;
	process->control =
		event_descriptor_create(process->loop, CHILD_FD_CONTROL, on_control, process);
	event_descriptor_want(process->control, true, false);
	return handlers->start(handlers->context, process, err);
}

int server_process_run(const struct server_process_handlers *handlers)
{
	struct server_process process = {.handlers = handlers, .signal_fd = -1};
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);

	str_hash_seed_init();
	memory_keep_freed(FREED_BYTES_KEPT);
	if (start(&process, &err) != 0) {
		log_error("cannot start: %.*s", STR_ARG(err.message));
		/* Half-built, there is nothing to take down in order; the status must not be lost.
		 */
		_exit(err.code == ERROR_INVALID || err.code == ERROR_BAD_REQUEST || !process.child
				? CHILD_EXIT_CONFIGURATION
				: CHILD_EXIT_FAILURE);
	}
	arena_destroy(&arena);
	event_loop_run(process.loop);
	handlers->stop(handlers->context);
	event_descriptor_destroy(&process.control);
	event_descriptor_destroy(&process.signals);
	event_loop_destroy(&process.loop);
	child_process_close(&process.child);
	close(process.signal_fd);
	return process.exit_status;
}
