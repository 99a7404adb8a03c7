/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "child_channel.h"
#include "jail.h"
#include "jail_sanitizer.h"
#include "peer_credentials.h"

static void make_pair(int pair[2])
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
}

static size_t count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static void a_message_arrives_with_its_descriptor(void **state)
{
	(void)state;
	struct child_message message;
	struct error err = {0};
	int pair[2], fd = -1;

	make_pair(pair);
	assert_int_equal(child_channel_receive(pair[1], &message, &fd, &err), CHILD_CHANNEL_EMPTY);
	assert_int_equal(
		child_channel_send(pair[0], CHILD_MESSAGE_RELOAD, pair[0], &err, "a\n%d", 7), 0);
	assert_int_equal(child_channel_receive(pair[1], &message, &fd, &err), 0);
	assert_int_equal(message.type, CHILD_MESSAGE_RELOAD);
	assert_string_equal(message.text, "a 7");
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(child_channel_send(pair[0], CHILD_MESSAGE_STOP, -1, &err, "%s", ""), 0);
	assert_int_equal(child_channel_receive(pair[1], &message, &fd, &err), 0);
	assert_int_equal(fd, -1);
	close(pair[0]);
	assert_int_equal(child_channel_receive(pair[1], &message, &fd, &err), CHILD_CHANNEL_CLOSED);
	close(pair[1]);
}

static void a_long_text_is_cut(void **state)
{
	(void)state;
	struct child_message message;
	char text[2000];
	int pair[2], fd = -1;

	make_pair(pair);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(
		child_channel_send(pair[0], CHILD_MESSAGE_STATUS, -1, NULL, "%s", text), 0);
	assert_int_equal(child_channel_receive(pair[1], &message, &fd, NULL), 0);
	assert_int_equal(strlen(message.text), sizeof(message.text) - 1);
	close(pair[0]);
	close(pair[1]);
}

static void packets_of_another_size_or_version_are_refused(void **state)
{
	(void)state;
	struct child_message message = {.version = CHILD_CONTRACT_VERSION + 1};
	char large[sizeof(message) + 1] = {CHILD_CONTRACT_VERSION};
	int pair[2], fd = -1;

	make_pair(pair);
	assert_true(send(pair[0], &message, sizeof(message), 0) > 0);
	assert_int_equal(child_channel_receive(pair[1], &message, &fd, NULL), ERROR_RETURN);
	assert_true(send(pair[0], large, sizeof(large), 0) > 0);
	assert_int_equal(child_channel_receive(pair[1], &message, &fd, NULL), ERROR_RETURN);
	for (size_t length = 1; length < sizeof(message); length++) {
		assert_true(send(pair[0], large, length, 0) > 0);
		assert_int_equal(child_channel_receive(pair[1], &message, &fd, NULL), ERROR_RETURN);
	}
	assert_int_equal(fd, -1);
	close(pair[0]);
	close(pair[1]);
}

static void surplus_descriptors_are_closed(void **state)
{
	(void)state;
	struct child_message message = {.version = CHILD_CONTRACT_VERSION};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 20)];
	} control = {0};
	struct iovec iov = {&message, sizeof(message)};
	struct msghdr header = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
	int pair[2], fds[20], fd = -1;

	make_pair(pair);
	for (size_t i = 0; i < 20; i++)
		fds[i] = pair[0];
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(cmsg), fds, sizeof(fds));

	size_t before = count_descriptors();

	assert_true(sendmsg(pair[0], &header, 0) > 0);
	assert_int_equal(child_channel_receive(pair[1], &message, &fd, NULL), ERROR_RETURN);
	assert_int_equal(fd, -1);
	assert_int_equal(count_descriptors(), before);
	close(pair[0]);
	close(pair[1]);
}

static void an_accepted_peer_is_known_by_its_user(void **state)
{
	(void)state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length = sizeof(address);
	struct peer_credentials peer;
	int server = socket(AF_UNIX, SOCK_STREAM, 0);
	int client = socket(AF_UNIX, SOCK_STREAM, 0);
	int other;

	/* Autobind gives an abstract name of the kernel's choice. */
	assert_int_equal(bind(server, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(server, 1), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&address, &length), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, length), 0);
	other = accept(server, NULL, NULL);
	assert_int_equal(peer_credentials_get(other, &peer, NULL), 0);
	assert_int_equal(peer.uid, geteuid());
	assert_int_equal(peer.pid, getpid());
	close(other);
	close(client);
	close(server);
	assert_int_equal(peer_credentials_get(other, &peer, NULL), ERROR_RETURN);
}

/* Each attempt returns true when it was possible. */
static bool can_read_passwd(const char *directory)
{
	(void)directory;
	return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool can_write_elsewhere(const char *directory)
{
	(void)directory;
	return open("/tmp/troika-test-jail-elsewhere", O_CREAT | O_WRONLY, 0600) >= 0;
}

static bool can_write_inside(const char *directory)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/file", directory);
	return open(path, O_CREAT | O_RDWR, 0600) >= 0;
}

static bool can_exec(const char *directory)
{
	(void)directory;
	char *const arguments[] = {(char *)"true", NULL};

	execv("/bin/true", arguments);
	return errno != EPERM;
}

static bool can_fork(const char *directory)
{
	(void)directory;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool can_map_code(const char *directory)
{
	(void)directory;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED;
}

static bool can_trace(const char *directory)
{
	(void)directory;
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool can_use_io_uring(const char *directory)
{
	(void)directory;
	return syscall(SYS_io_uring_setup, 1, NULL) >= 0 || errno != EPERM;
}

static bool can_dump_core(const char *directory)
{
	(void)directory;
	struct rlimit limit;

	return getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_max > 0;
}

static bool can_change_owner(const char *directory)
{
	return chown(directory, 4711, 4711) == 0;
}

static void *set_flag(void *flag)
{
	*(bool *)flag = true;
	return NULL;
}

static bool can_start_a_thread(const char *directory)
{
	(void)directory;
	bool flag = false;
	pthread_t thread;

	return pthread_create(&thread, NULL, set_flag, &flag) == 0 &&
	       pthread_join(thread, NULL) == 0 && flag;
}

static bool can_connect(const char *directory)
{
	(void)directory;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
	return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 &&
	       errno == ENOENT;
}

/* In a process of its own: 0 impossible, 1 possible, 2 the jail failed, 3 no Landlock here. */
static int try_in_jail(bool (*attempt)(const char *), const char *directory, bool needs_landlock)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct str writable = str_from_c(directory);
		struct jail_options options = {.writable_paths = &writable, .writable_count = 1};
		struct arena *arena = arena_create(0);
		struct str missing = STR_EMPTY;

		if (jail_enter(&options, arena, &missing, NULL) < 0)
			_exit(2);
		if (needs_landlock && str_find(missing, STR("Landlock (")) < missing.length)
			_exit(3);
		_exit(attempt(directory) ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_jail_leaves_what_a_server_needs_and_no_way_out(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool (*attempt)(const char *);
		bool needs_landlock, open_to_sanitizers;
	} rows[] = {
		{"read /etc/passwd", can_read_passwd, true, false},
		{"write elsewhere", can_write_elsewhere, true, false},
		{"execve", can_exec, false, false},
		{"fork", can_fork, false, true},
		{"map executable memory", can_map_code, false, true},
		{"ptrace", can_trace, false, true},
		{"io_uring", can_use_io_uring, false, false},
		{"dump core", can_dump_core, false, false},
		{"chown", can_change_owner, false, false},
	};
	char directory[] = "/tmp/troika-test-jail-XXXXXX";

	assert_non_null(mkdtemp(directory));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (JAIL_UNDER_SANITIZER && rows[i].open_to_sanitizers)
			continue;
		int result = try_in_jail(rows[i].attempt, directory, rows[i].needs_landlock);

		if (result != 0 && result != 3)
			fail_msg("%s: %d", rows[i].name, result);
	}
	assert_int_equal(try_in_jail(can_write_inside, directory, false), 1);
	assert_int_equal(try_in_jail(can_start_a_thread, directory, false), 1);
	assert_int_equal(try_in_jail(can_connect, directory, false), 1);

	char file[256];

	snprintf(file, sizeof(file), "%s/file", directory);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_arrives_with_its_descriptor),
		cmocka_unit_test(a_long_text_is_cut),
		cmocka_unit_test(packets_of_another_size_or_version_are_refused),
		cmocka_unit_test(surplus_descriptors_are_closed),
		cmocka_unit_test(an_accepted_peer_is_known_by_its_user),
		cmocka_unit_test(the_jail_leaves_what_a_server_needs_and_no_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
