/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_service.h"

#include "assertion.h"
#include "clock.h"
#include "log.h"
#include "sup_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

const char *sup_service_name(const struct sup_service *service)
{
	return sup_server_get(service->id)->name;
}

bool sup_service_is_running(const struct sup_service *service)
{
	return service->pid != 0;
}

void sup_service_init(
	struct sup_service *service, enum sup_server_id id, const char *program, int settings_fd)
{
	*service = (struct sup_service){.id = id,
		.program = program,
		.control_fd = -1,
		.settings_fd = settings_fd,
		.output = {.fd = -1}};
}

static void close_control(struct sup_service *service)
{
	if (service->control_fd >= 0)
		close(service->control_fd);
	service->control_fd = -1;
}

void sup_service_fini(struct sup_service *service)
{
	ASSERT(service->pid == 0);
	close_control(service);
	sup_output_close(&service->output);
	if (service->settings_fd >= 0)
		close(service->settings_fd);
	service->settings_fd = -1;
}

int sup_service_start(struct sup_service *service, const struct sup_state *state,
	const struct sup_listeners *listeners, struct error *err)
{
	struct sup_spawn spawn = {
		.program = service->program,
		.state = state,
		.id = service->id,
		.settings_fd = service->settings_fd,
		.options = &service->options,
	};
	int control[2] = {-1, -1}, output[2] = {-1, -1};

	ASSERT(!sup_service_is_running(service));
	if (sup_server_get(service->id)->has_secure)
		spawn.listeners[spawn.listener_count++] = listeners->secure;
	if (sup_server_get(service->id)->has_secure && listeners->insecure >= 0)
		spawn.listeners[spawn.listener_count++] = listeners->insecure;
	spawn.listeners[spawn.listener_count++] = listeners->private[service->id];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, control) < 0 ||
		pipe2(output, O_CLOEXEC) < 0 || fcntl(output[0], F_SETFL, O_NONBLOCK) < 0) {
		error_set_errno(err, errno, "channel to %s", sup_service_name(service));
		goto failed;
	}
	spawn.control_fd = control[1];
	spawn.output_fd = output[1];
	if (sup_spawn_start(&spawn, &service->pid, err) < 0)
		goto failed;
	close(control[1]);
	close(output[1]);
	service->control_fd = control[0];
	sup_output_open(&service->output, sup_service_name(service), output[0]);
	service->state = SUP_SERVICE_STARTING;
	service->started_ns = clock_now_ns();
	service->ready_ns = 0;
	service->has_drained = false;
	service->is_to_restart = false;
	service->starts++;
	log_v(1, "Started %s (process %d)", sup_service_name(service), (int)service->pid);
	return 0;
failed:
	for (int i = 0; i < 2; i++) {
		if (control[i] >= 0)
			close(control[i]);
		if (output[i] >= 0)
			close(output[i]);
	}
	return ERROR_RETURN;
}

void sup_service_tell(struct sup_service *service, enum child_message_type type, int fd)
{
	struct error err = {0};

	if (service->control_fd < 0)
		return;
	if (child_channel_send(service->control_fd, type, fd, &err, "%s", "") < 0)
		log_warning("%s takes no message: %.*s", sup_service_name(service),
			STR_ARG(err.message));
}

void sup_service_kill(struct sup_service *service)
{
	if (!sup_service_is_running(service))
		return;
	service->was_killed = true;
	kill(service->pid, SIGKILL);
}

static void log_end(const struct sup_service *service, int wait_status)
{
	const char *name = sup_service_name(service);
	int pid = (int)service->pid;

	if (WIFSIGNALED(wait_status))
		log_error("%s (process %d) was ended by signal %d (%s)%s", name, pid,
			WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)),
			service->was_killed ? ", which we sent" : "");
	else if (WEXITSTATUS(wait_status) == CHILD_EXIT_CONFIGURATION)
		log_error("%s (process %d) ended with a configuration error", name, pid);
	else if (WEXITSTATUS(wait_status) != 0)
		log_error("%s (process %d) ended with status %d", name, pid,
			WEXITSTATUS(wait_status));
	else
		log_info("%s (process %d) ended", name, pid);
}

static bool is_to_be_restarted(const struct sup_service *service, int wait_status)
{
	if (service->is_to_restart)
		return true;
	switch (service->options.restart) {
	case SUP_RESTART_ALWAYS:
		return true;
	case SUP_RESTART_ON_FAILURE:
		return !WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0;
	case SUP_RESTART_NEVER:
		break;
	}
	return false;
}

void sup_service_ended(struct sup_service *service, int wait_status)
{
	uint64_t now_ns = clock_now_ns();
	uint64_t wait_ns;

	sup_output_close(&service->output);
	close_control(service);
	log_end(service, wait_status);
	service->pid = 0;
	if (service->state == SUP_SERVICE_STOPPING) {
		service->state = SUP_SERVICE_DOWN;
		return;
	}
	if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == CHILD_EXIT_CONFIGURATION) {
		service->state = SUP_SERVICE_FAILED;
		return;
	}
	if (!is_to_be_restarted(service, wait_status)) {
		log_error("%s is not to be started again", sup_service_name(service));
		service->state = SUP_SERVICE_GIVEN_UP;
		return;
	}
	wait_ns = sup_backoff_next_ns(
		&service->backoff, service->ready_ns ? now_ns - service->ready_ns : 0);
	service->state = SUP_SERVICE_BACKOFF;
	service->restart_at_ns = now_ns + wait_ns;
	log_info("Starting %s again in %llu ms", sup_service_name(service),
		(unsigned long long)(wait_ns / 1000000));
}
