/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_plane.h"

#include "clock.h"
#include "log.h"
#include "sup_notify.h"
#include "sup_settings.h"
#include "sup_sink.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Messages taken from one server before the others have their turn. */
#define MESSAGES_AT_A_TIME 32
/* Signals, and of each server its messages and its output. */
#define FIXED_POLL_SIZE (1 + 2 * SUP_SERVER_COUNT)

static int open_signals(int *ret_fd, struct error *err)
{
	static const int numbers[] = {SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaddset(&set, numbers[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return error_set_errno(err, errno, "blocking signals");
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*ret_fd < 0)
		return error_set_errno(err, errno, "signalfd");
	/* Log lines may go to a pipe whose reader ends before us. */
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static void close_all(int *fds)
{
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		if (fds[id] >= 0)
			close(fds[id]);
	}
}

static int make_settings(const struct sup_plane *plane, int *ret_fds, struct error *err)
{
	int fds[SUP_SERVER_COUNT];

	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++)
		fds[id] = -1;
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		if (sup_settings_make(plane->flags, &plane->options, &plane->state,
			    (enum sup_server_id)id, &fds[id], err) < 0) {
			close_all(fds);
			return ERROR_RETURN;
		}
	}
	memcpy(ret_fds, fds, sizeof(fds));
	return 0;
}

/* Validation has told. */
static void ignore_complaint(void *context, struct str message)
{
	(void)context;
	(void)message;
}

int sup_plane_init(struct sup_plane *plane, struct error *err)
{
	int settings[SUP_SERVER_COUNT];

	plane->started_ns = clock_now_ns();
	if (open_signals(&plane->signal_fd, err) < 0)
		return ERROR_RETURN;
	if (sup_control_open(&plane->control, &plane->options, &plane->state, err) < 0 ||
		make_settings(plane, settings, err) < 0) {
		sup_control_close(&plane->control);
		close(plane->signal_fd);
		return ERROR_RETURN;
	}
	for (unsigned i = 0; i < SUP_SERVER_COUNT; i++) {
		enum sup_server_id id = (enum sup_server_id)i;
		const char *program = sup_server_get(id)->program;

		sup_service_init(&plane->services[id], id,
			sup_options_program(&plane->options, program), settings[id]);
		sup_server_options_read(
			plane->flags, id, &plane->services[id].options, ignore_complaint, NULL);
	}
	return 0;
}

void sup_plane_fini(struct sup_plane *plane)
{
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++)
		sup_service_fini(&plane->services[id]);
	sup_control_close(&plane->control);
	close(plane->signal_fd);
}

int sup_plane_reload(struct sup_plane *plane, struct error *err)
{
	int settings[SUP_SERVER_COUNT];

	if (plane->shutdown.has_begun)
		return error_set(err, ERROR_INVALID, "the plane is stopping");
	sup_sink_reopen();
	if (make_settings(plane, settings, err) < 0) {
		log_error("Nothing is reloaded: %.*s", STR_ARG(err->message));
		return ERROR_RETURN;
	}
	log_info("Reloading");
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		struct sup_service *service = &plane->services[id];

		close(service->settings_fd);
		service->settings_fd = settings[id];
		sup_service_tell(service, CHILD_MESSAGE_RELOAD, service->settings_fd);
	}
	return 0;
}

static void kill_all(struct sup_plane *plane)
{
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++)
		sup_service_kill(&plane->services[id]);
}

static void say_ready(struct sup_plane *plane)
{
	struct sup_options *options = &plane->options;

	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		if (plane->services[id].state != SUP_SERVICE_READY)
			return;
	}
	if (plane->has_said_ready || plane->shutdown.has_begun)
		return;
	plane->has_said_ready = true;

	struct str address =
		sup_ip_format_port(options->arena, &options->bind_address, options->secure_port);

	if (options->insecure_port != 0) {
		struct str insecure = sup_ip_format_port(
			options->arena, &options->insecure_bind_address, options->insecure_port);

		log_info("Serving insecurely on %.*s", STR_ARG(insecure));
		log_warning("Whoever reaches %.*s is an administrator: there are neither "
			    "authentication, nor authorization, nor encryption. Leave out "
			    "--insecure-port to turn it off",
			STR_ARG(insecure));
	}
	log_info("Serving securely on %.*s", STR_ARG(address));
	sup_notify("READY=1\nSTATUS=Serving securely on %.*s", STR_ARG(address));
}

static void handle_ready(struct sup_plane *plane, struct sup_service *service)
{
	if (service->state != SUP_SERVICE_STARTING)
		return;
	service->state = SUP_SERVICE_READY;
	service->ready_ns = clock_now_ns();
	log_info("%s is ready (process %d, %llu ms)", sup_service_name(service), (int)service->pid,
		(unsigned long long)((service->ready_ns - service->started_ns) / 1000000));
	/* Started anew while the others already refuse: it has to know. */
	if (plane->shutdown.has_begun)
		sup_service_tell(service, CHILD_MESSAGE_NOT_READY, -1);
	say_ready(plane);
}

static void handle_message(
	struct sup_plane *plane, struct sup_service *service, const struct child_message *message)
{
	const char *name = sup_service_name(service);

	switch (message->type) {
	case CHILD_MESSAGE_READY:
		handle_ready(plane, service);
		return;
	case CHILD_MESSAGE_STATUS:
		log_info("%s: %s", name, message->text);
		return;
	case CHILD_MESSAGE_HOOK:
		log_info("[pre-shutdown hook] %s: %s", name, message->text);
		return;
	case CHILD_MESSAGE_DRAINED:
		service->has_drained = true;
		return;
	case CHILD_MESSAGE_RELOADED:
		if (message->text[0] == '\0')
			log_info("%s has reloaded", name);
		else
			log_error("%s keeps its old settings: %s", name, message->text);
		return;
	case CHILD_MESSAGE_REVISION:
		service->is_asked_for_revision = false;
		str_parse_u64(str_from_c(message->text), UINT64_MAX, &service->store_revision);
		return;
	default:
		log_warning("%s sent an unknown message (%u)", name, message->type);
	}
}

static void read_messages(struct sup_plane *plane, struct sup_service *service)
{
	for (int i = 0; i < MESSAGES_AT_A_TIME && service->control_fd >= 0; i++) {
		struct child_message message;
		struct error err = {0};
		int fd = -1;
		int result = child_channel_receive(service->control_fd, &message, &fd, &err);

		if (fd >= 0)
			close(fd);
		if (result == CHILD_CHANNEL_EMPTY)
			return;
		if (result == 0) {
			handle_message(plane, service, &message);
			continue;
		}
		/* At the end of file the process ends or has ended; otherwise it is broken. */
		close(service->control_fd);
		service->control_fd = -1;
		if (result < 0) {
			log_error("%s: %.*s: killing it", sup_service_name(service),
				STR_ARG(err.message));
			sup_service_kill(service);
		}
	}
}

static void handle_end(struct sup_plane *plane, pid_t pid, int wait_status)
{
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		struct sup_service *service = &plane->services[id];

		if (service->pid != pid)
			continue;
		/* What it said before it died still counts. */
		read_messages(plane, service);
		sup_service_ended(service, wait_status);
		service->was_killed = false;
		if (service->state == SUP_SERVICE_FAILED)
			sup_shutdown_begin(plane, SUP_EXIT_CONFIGURATION, true);
		else if (service->state == SUP_SERVICE_GIVEN_UP)
			sup_shutdown_begin(plane, SUP_EXIT_FAILURE, true);
		return;
	}
	/* As process 1 we also inherit strangers; they need no more than this. */
	log_v(2, "Process %d, not one of ours, has ended", (int)pid);
}

static void reap(struct sup_plane *plane)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		handle_end(plane, pid, status);
}

static void reload(struct sup_plane *plane)
{
	struct error err = {0};

	if (sup_plane_reload(plane, &err) < 0)
		log_v(1, "Going on with what was read before");
}

/* Returns false when all is to end at once. */
static bool handle_signals(struct sup_plane *plane)
{
	struct signalfd_siginfo info;

	while (read(plane->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			reap(plane);
			break;
		case SIGHUP:
			reload(plane);
			break;
		case SIGQUIT:
			log_warning("Received SIGQUIT: ending at once");
			return false;
		default:
			if (plane->shutdown.has_begun) {
				log_warning("Received a second signal: ending at once");
				return false;
			}
			log_info("Received signal %u (%s)", info.ssi_signo,
				strsignal((int)info.ssi_signo));
			sup_shutdown_begin(plane, SUP_EXIT_OK, false);
		}
	}
	return true;
}

static void start_due(struct sup_plane *plane, uint64_t now_ns)
{
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		struct sup_service *service = &plane->services[id];
		struct error err = {0};

		if (service->state != SUP_SERVICE_BACKOFF || now_ns < service->restart_at_ns)
			continue;
		if (!sup_shutdown_allows_restart(plane, service)) {
			service->state = SUP_SERVICE_DOWN;
			continue;
		}
		if (sup_service_start(service, &plane->state, &plane->listeners, &err) < 0) {
			log_error("%.*s", STR_ARG(err.message));
			service->restart_at_ns = now_ns + sup_backoff_next_ns(&service->backoff, 0);
		}
	}
}

static uint64_t next_deadline(const struct sup_plane *plane)
{
	uint64_t deadline_ns = sup_control_deadline(&plane->control);

	if (plane->shutdown.has_begun && plane->shutdown.deadline_ns < deadline_ns)
		deadline_ns = plane->shutdown.deadline_ns;
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		const struct sup_service *service = &plane->services[id];

		if (service->state == SUP_SERVICE_BACKOFF && service->restart_at_ns < deadline_ns)
			deadline_ns = service->restart_at_ns;
	}
	return deadline_ns;
}

static void wait_for_events(struct sup_plane *plane, struct pollfd *fds, size_t count)
{
	uint64_t deadline_ns = next_deadline(plane);
	uint64_t now_ns = clock_now_ns();
	uint64_t wait_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
	struct timespec timeout = {(time_t)(wait_ns / 1000000000), (long)(wait_ns % 1000000000)};

	if (ppoll(fds, count, deadline_ns == UINT64_MAX ? NULL : &timeout, NULL) < 0) {
		/* The flags in fds are then of no use; the next round asks again. */
		for (size_t i = 0; i < count; i++)
			fds[i].revents = 0;
	}
}

/* Returns false when all is to end at once. */
static bool turn(struct sup_plane *plane)
{
	struct pollfd fds[FIXED_POLL_SIZE + SUP_CONTROL_POLL_SIZE] = {
		{plane->signal_fd, POLLIN, 0}};

	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		fds[1 + 2 * id] = (struct pollfd){plane->services[id].control_fd, POLLIN, 0};
		fds[2 + 2 * id] = (struct pollfd){plane->services[id].output.fd, POLLIN, 0};
	}
	sup_control_poll(&plane->control, fds + FIXED_POLL_SIZE);
	wait_for_events(plane, fds, sizeof(fds) / sizeof(*fds));
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		if (fds[1 + 2 * id].revents)
			read_messages(plane, &plane->services[id]);
		if (fds[2 + 2 * id].revents)
			sup_output_read(&plane->services[id].output);
	}
	sup_control_handle(plane, fds + FIXED_POLL_SIZE);
	return !fds[0].revents || handle_signals(plane);
}

int sup_plane_run(struct sup_plane *plane)
{
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++)
		plane->services[id].state = SUP_SERVICE_BACKOFF;
	for (;;) {
		uint64_t now_ns = clock_now_ns();

		start_due(plane, now_ns);
		if (sup_shutdown_advance(plane, now_ns))
			break;
		if (!turn(plane)) {
			kill_all(plane);
			plane->exit_status = SUP_EXIT_FAILURE;
			break;
		}
	}
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		int status;

		if (sup_service_is_running(&plane->services[id]) &&
			waitpid(plane->services[id].pid, &status, 0) > 0)
			plane->services[id].pid = 0;
	}
	log_info("Stopped, exit status %d", plane->exit_status);
	return plane->exit_status;
}
