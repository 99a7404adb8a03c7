/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that only keeps the contract with the supervisor, for tests. Its folder holds
 * NAME.behaviour (words, see below) and `events`, to which it adds a line for everything that
 * happens to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child_process.h"

struct fake {
	struct child_process *child;
	struct str name;
	char behaviour[256];
	int events_fd;
	int directory_fd;
};

__attribute__((format(printf, 2, 3))) static void note(struct fake *fake, const char *format, ...)
{
	char text[256];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = snprintf(text, sizeof(text), "%.*s %d ", STR_ARG(fake->name), (int)getpid());
	length += vsnprintf(text + length, sizeof(text) - (size_t)length - 1, format, arguments);
	va_end(arguments);
	text[length++] = '\n';
	if (write(fake->events_fd, text, (size_t)length) < 0)
		abort();
}

static bool does(const struct fake *fake, const char *word)
{
	return strstr(fake->behaviour, word) != NULL;
}

/* "exit=N": ends at once. "exit-once=N": only the first time. */
static void maybe_exit(struct fake *fake)
{
	const char *once = strstr(fake->behaviour, "exit-once=");
	const char *always = strstr(fake->behaviour, "exit=");
	char marker[300];

	snprintf(marker, sizeof(marker), "%.*s.was-here", STR_ARG(fake->name));
	if (once) {
		int fd = openat(fake->directory_fd, marker, O_CREAT | O_EXCL | O_WRONLY, 0600);

		if (fd >= 0)
			_exit((int)strtol(once + strlen("exit-once="), NULL, 10));
	}
	if (always)
		_exit((int)strtol(always + strlen("exit="), NULL, 10));
}

static void open_folder(struct fake *fake)
{
	char path[PATH_MAX], name[300];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	int fd;

	if (length < 0)
		abort();
	path[length] = '\0';
	*strrchr(path, '/') = '\0';
	fake->directory_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fake->events_fd = openat(fake->directory_fd, "events", O_WRONLY | O_APPEND | O_CLOEXEC);
	snprintf(name, sizeof(name), "%.*s.behaviour", STR_ARG(fake->name));
	fd = openat(fake->directory_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, fake->behaviour, sizeof(fake->behaviour) - 1) < 0)
			abort();
		close(fd);
	}
	if (fake->events_fd < 0)
		abort();
}

/* Says who it is to whoever connects. */
static void serve(struct fake *fake, int listener)
{
	char text[64];
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	int length = snprintf(text, sizeof(text), "%.*s %d\n", STR_ARG(fake->name), (int)getpid());

	if (fd < 0)
		return;
	if (write(fd, text, (size_t)length) < 0)
		note(fake, "write failed");
	close(fd);
}

static void answer(struct fake *fake, const struct child_message *message)
{
	struct str content;

	switch (message->type) {
	case CHILD_MESSAGE_NOT_READY:
		note(fake, "NOT_READY");
		return;
	case CHILD_MESSAGE_PRE_SHUTDOWN:
		note(fake, "PRE_SHUTDOWN");
		if (does(fake, "hang-hooks"))
			return;
		child_process_send(fake->child, CHILD_MESSAGE_HOOK, "fake-hook-of-%.*s ok",
			STR_ARG(fake->name));
		child_process_send(fake->child, CHILD_MESSAGE_DRAINED, "%s", "");
		return;
	case CHILD_MESSAGE_DRAIN:
		note(fake, "DRAIN");
		if (!does(fake, "hang-drain"))
			child_process_send(fake->child, CHILD_MESSAGE_DRAINED, "%s", "");
		return;
	case CHILD_MESSAGE_RELOAD:
		content = settings_text(
			child_process_next_settings(fake->child), "content.client-ca-file");
		note(fake, "RELOAD %.*s", STR_ARG(content));
		child_process_finish_reload(
			fake->child, !does(fake, "refuse-reload"), STR("as it was told"));
		return;
	case CHILD_MESSAGE_TELL_REVISION:
		if (!does(fake, "hang-revision"))
			child_process_send(fake->child, CHILD_MESSAGE_REVISION, "%s", "42");
		return;
	case CHILD_MESSAGE_STOP:
		note(fake, "STOP");
		if (!does(fake, "hang-stop"))
			_exit(CHILD_EXIT_OK);
		return;
	}
}

static void receive(struct fake *fake)
{
	struct child_message message;
	struct error err = {0};
	int result = child_process_receive(fake->child, &message, &err);

	if (result == 0) {
		answer(fake, &message);
	} else if (result == CHILD_CHANNEL_CLOSED) {
		note(fake, "EOF");
		_exit(CHILD_EXIT_FAILURE);
	} else if (result < 0) {
		note(fake, "%.*s", STR_ARG(err.message));
		_exit(CHILD_EXIT_FAILURE);
	}
}

static int open_term(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

_Noreturn static void run(struct fake *fake, int term_fd)
{
	struct pollfd fds[4] = {
		{CHILD_FD_CONTROL, POLLIN, 0},
		{term_fd, POLLIN, 0},
		{child_process_listener(fake->child, STR("secure")), POLLIN, 0},
		{child_process_listener(fake->child, STR("private")), POLLIN, 0},
	};

	for (;;) {
		if (poll(fds, 4, -1) < 0 && errno != EINTR)
			abort();
		if (fds[0].revents)
			receive(fake);
		if (fds[1].revents) {
			note(fake, "TERM");
			_exit(CHILD_EXIT_OK);
		}
		if (fds[2].revents)
			serve(fake, fds[2].fd);
		if (fds[3].revents)
			serve(fake, fds[3].fd);
	}
}

int main(void)
{
	struct fake fake = {0};
	struct error err = {0};
	int term_fd;

	if (child_process_open(&fake.child, &err) < 0) {
		fprintf(stderr, "%.*s\n", STR_ARG(err.message));
		return CHILD_EXIT_CONFIGURATION;
	}
	term_fd = open_term();
	fake.name = settings_text(child_process_settings(fake.child), "internal.server");
	open_folder(&fake);
	note(&fake, "start uid=%u", (unsigned)getuid());
	maybe_exit(&fake);
	if (child_process_enter_jail(fake.child, &err) < 0) {
		fprintf(stderr, "%.*s\n", STR_ARG(err.message));
		return CHILD_EXIT_CONFIGURATION;
	}
	if (does(&fake, "print"))
		fprintf(stderr,
			"a plain line\nI0102 03:04:05.000006       7 fake.c:1] a log line\n");
	if (!does(&fake, "never-ready"))
		child_process_send(fake.child, CHILD_MESSAGE_READY, "%s", "");
	run(&fake, term_fd);
}
