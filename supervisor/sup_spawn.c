/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_spawn.h"

#include "child_contract.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Descriptors are first moved up here, out of the way of the contract's numbers. */
#define HIGH_FD 100

/* The few variables that say how to run, not what to do; secrets have no place there. */
static const char *const kept_variables[] = {
	"LANG", "LC_ALL", "TZ", "PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"};
#define KEPT_COUNT (sizeof(kept_variables) / sizeof(*kept_variables))

_Noreturn static void fail(const char *what, int os_errno)
{
	dprintf(STDERR_FILENO, "%s: %s\n", what, strerror(os_errno));
	_exit(CHILD_EXIT_CONFIGURATION);
}

static void build_environment(char *storage, size_t size_bytes, char **ret_environment)
{
	size_t used = 0, count = 0;

	for (size_t i = 0; i < KEPT_COUNT; i++) {
		const char *value = getenv(kept_variables[i]);

		if (!value || used + strlen(kept_variables[i]) + strlen(value) + 2 > size_bytes)
			continue;
		ret_environment[count++] = storage + used;
		used += (size_t)snprintf(storage + used, size_bytes - used, "%s=%s",
				kept_variables[i], value) +
			1;
	}
	ret_environment[count] = NULL;
}

static void reset_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		sigaction(number, &action, NULL);
	/* A write to a peer that is gone is an error there, never an end. */
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int move_up(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);

	if (high < 0)
		fail("moving a descriptor", errno);
	return high;
}

/* dup2 leaves its result open over exec; everything else is closed. */
static void place_descriptors(const struct sup_spawn *spawn)
{
	int sources[CHILD_FD_LISTENERS + SUP_SPAWN_LISTENERS];
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int count = CHILD_FD_LISTENERS + (int)spawn->listener_count;

	sources[STDIN_FILENO] = null_fd;
	sources[STDOUT_FILENO] = spawn->output_fd;
	sources[STDERR_FILENO] = spawn->output_fd;
	sources[CHILD_FD_CONTROL] = spawn->control_fd;
	sources[CHILD_FD_SETTINGS] = spawn->settings_fd;
	for (size_t i = 0; i < spawn->listener_count; i++)
		sources[CHILD_FD_LISTENERS + i] = spawn->listeners[i];
	for (int i = 0; i < count; i++)
		sources[i] = move_up(sources[i]);
	for (int i = 0; i < count; i++) {
		if (dup2(sources[i], i) < 0)
			fail("placing a descriptor", errno);
	}
	if (close_range((unsigned)count, ~0u, 0) < 0)
		fail("closing descriptors", errno);
}

_Noreturn static void become_server(const struct sup_spawn *spawn, pid_t supervisor)
{
	const char *name = strrchr(spawn->program, '/');
	char *arguments[] = {(char *)(name ? name + 1 : spawn->program), NULL};
	char *environment[KEPT_COUNT + 1];
	char storage[4096];
	const char *what;
	int os_errno;

	build_environment(storage, sizeof(storage), environment);
	reset_signals();
	setsid();
	umask(077);
	place_descriptors(spawn);
	/* While we still have the rights to. */
	os_errno = sup_server_options_apply(spawn->options, &what);
	if (os_errno != 0)
		fail(what, os_errno);
	os_errno = sup_state_become(spawn->state, spawn->id);
	if (os_errno != 0)
		fail("changing the user", os_errno);
	/*
	 * The second belt behind the end of file on the control socket. Set after the user has
	 * changed, which clears it; a parent that died meanwhile is seen by its number.
	 */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != supervisor)
		_exit(CHILD_EXIT_FAILURE);
	if (chdir("/") < 0)
		fail("/", errno);
	execve(spawn->program, arguments, environment);
	fail(spawn->program, errno);
}

int sup_spawn_start(const struct sup_spawn *spawn, pid_t *ret_pid, struct error *err)
{
	pid_t supervisor = getpid();
	pid_t pid = fork();

	if (pid == 0)
		become_server(spawn, supervisor);
	if (pid < 0)
		return error_set_errno(err, errno, "starting %s", spawn->program);
	*ret_pid = pid;
	return 0;
}

int sup_spawn_run(char *const *arguments, struct error *err)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		reset_signals();
		execv(arguments[0], arguments);
		fail(arguments[0], errno);
	}
	if (pid < 0)
		return error_set_errno(err, errno, "starting %s", arguments[0]);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return error_set_errno(err, errno, "waiting for %s", arguments[0]);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(err, ERROR_INTERNAL, "%s failed", arguments[0]);
	return 0;
}
