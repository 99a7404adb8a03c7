/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sup_users.h"

#define MAX_OWNER_DEPTH 3

static const char *path_in(const struct sup_options *options, const char *head, const char *tail)
{
	return arena_printf(options->arena, "%s/%s%s", options->state_directory, head, tail).data;
}

static int make_directory(const char *path, mode_t mode, struct error *err)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return error_set_errno(err, errno, "creating %s", path);
	return 0;
}

static int make_parents(const struct sup_options *options, struct error *err)
{
	struct str path = str_from_c(options->state_directory);

	for (size_t i = 1; i <= path.length; i++) {
		if (i < path.length && path.data[i] != '/')
			continue;
		if (make_directory(arena_copy_c(options->arena, str_slice(path, 0, i)),
			    i < path.length ? 0755 : 0711, err) < 0)
			return ERROR_RETURN;
	}
	return 0;
}

/* Servers with users of their own pass through on the way to what is theirs, but see no names. */
static int let_pass(const char *path, struct error *err)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return error_set_errno(err, errno, "%s", path);
	if (!S_ISDIR(status.st_mode))
		return error_set(err, ERROR_INVALID, "%s is not a directory", path);
	if (status.st_uid != geteuid() || (status.st_mode & 0011) == 0011)
		return 0;
	if (chmod(path, (status.st_mode & 07777) | 0011) < 0)
		return error_set_errno(err, errno, "mode of %s", path);
	return 0;
}

static int take_lock(const struct sup_options *options, int *ret_fd, struct error *err)
{
	const char *path = path_in(options, "supervisor", ".lock");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	char text[32] = "";
	int length;

	if (fd < 0)
		return error_set_errno(err, errno, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int os_errno = errno;
		ssize_t got = read(fd, text, sizeof(text) - 1);

		close(fd);
		if (os_errno != EWOULDBLOCK)
			return error_set_errno(err, os_errno, "locking %s", path);
		return error_set(err, ERROR_ALREADY_EXISTS,
			"another kube-apiserver (process %.*s) runs on %s", got > 0 ? (int)got : 1,
			got > 0 ? text : "?", options->state_directory);
	}
	length = snprintf(text, sizeof(text), "%d", (int)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)length, 0) != length) {
		error_set_errno(err, errno, "writing %s", path);
		close(fd);
		return ERROR_RETURN;
	}
	*ret_fd = fd;
	return 0;
}

/*
 * When the user of a server changed, its files must follow. Only files in directories, no links and
 * nothing with a second name: the server could have put those there.
 */
static int give_entries(int directory_fd, const struct sup_user *user, int depth)
{
	DIR *directory = fdopendir(dup(directory_fd));
	int result = 0;

	if (!directory)
		return -1;
	for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
		struct stat status;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		int fd = openat(directory_fd, entry->d_name,
			O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

		if (fd < 0)
			continue;
		if (fstat(fd, &status) == 0 &&
			(S_ISDIR(status.st_mode) ||
				(S_ISREG(status.st_mode) && status.st_nlink == 1)) &&
			fchown(fd, user->uid, user->gid) < 0)
			result = -1;
		if (S_ISDIR(status.st_mode) && depth < MAX_OWNER_DEPTH &&
			give_entries(fd, user, depth + 1) < 0)
			result = -1;
		close(fd);
	}
	closedir(directory);
	return result;
}

static int give_directory(const struct sup_user *user, struct error *err)
{
	int fd = open(user->data_directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	int result = 0;

	if (fd < 0 || fstat(fd, &status) < 0) {
		error_set_errno(err, errno, "%s", user->data_directory);
		if (fd >= 0)
			close(fd);
		return ERROR_RETURN;
	}
	if (status.st_uid != user->uid || status.st_gid != user->gid) {
		if (give_entries(fd, user, 0) < 0 || fchown(fd, user->uid, user->gid) < 0)
			result = error_set_errno(err, errno, "owner of %s", user->data_directory);
	}
	if (result == 0 && fchmod(fd, 0700) < 0)
		result = error_set_errno(err, errno, "mode of %s", user->data_directory);
	close(fd);
	return result;
}

static int make_data_directories(
	const struct sup_options *options, struct sup_state *state, struct error *err)
{
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		const struct sup_server *server = sup_server_get((enum sup_server_id)id);
		struct sup_user *user = &state->users[id];

		user->data_directory = path_in(options, "data/", server->name);
		user->socket_path = arena_printf(
			options->arena, "%s/%s.sock", state->run_directory, server->name)
					    .data;
		if (make_directory(user->data_directory, 0700, err) < 0)
			return ERROR_RETURN;
	}
	return 0;
}

static int give_directories(const struct sup_state *state, struct error *err)
{
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		if (give_directory(&state->users[id], err) < 0)
			return ERROR_RETURN;
	}
	/* Whoever is in the group may reach the sockets; nobody else can pass. */
	if (state->has_own_users && chown(state->run_directory, geteuid(), state->socket_gid) < 0)
		return error_set_errno(err, errno, "owner of %s", state->run_directory);
	if (chmod(state->run_directory, state->has_own_users ? 0710 : 0700) < 0)
		return error_set_errno(err, errno, "mode of %s", state->run_directory);
	return 0;
}

/* Gives the directories to the servers' users and tries whether these can get at what they need. */
static int settle_users(
	const struct sup_options *options, struct sup_state *state, struct error *err)
{
	if (state->has_own_users) {
		if (give_directories(state, err) == 0 && sup_users_try(options, state, err) == 0)
			return 0;
		state->missing = arena_copy_c(options->arena, err->message);
		error_clear(err);
		sup_users_share(state);
	}
	return give_directories(state, err);
}

int sup_state_open(const struct sup_flags *flags, const struct sup_options *options,
	struct sup_state *ret, struct error *err)
{
	struct sup_state state = {.lock_fd = -1, .missing = ""};
	const char *data_directory = path_in(options, "data", "");

	state.run_directory = path_in(options, "run", "");
	if (make_parents(options, err) < 0 || let_pass(options->state_directory, err) < 0 ||
		take_lock(options, &state.lock_fd, err) < 0)
		return ERROR_RETURN;
	if (make_directory(state.run_directory, 0700, err) < 0 ||
		make_directory(data_directory, 0711, err) < 0 ||
		let_pass(data_directory, err) < 0 ||
		make_data_directories(options, &state, err) < 0 ||
		sup_users_choose(flags, options, &state, err) < 0 ||
		settle_users(options, &state, err) < 0) {
		close(state.lock_fd);
		return ERROR_RETURN;
	}
	state.has_predecessor = access(path_in(options, "run/", "addresses"), F_OK) == 0;
	*ret = state;
	return 0;
}

int sup_state_write_addresses(const struct sup_state *state, struct str text, struct error *err)
{
	char path[PATH_MAX];
	int fd, result = 0;

	snprintf(path, sizeof(path), "%s/addresses", state->run_directory);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return error_set_errno(err, errno, "%s", path);
	if (write(fd, text.data, text.length) != (ssize_t)text.length)
		result = error_set_errno(err, errno, "writing %s", path);
	close(fd);
	return result;
}

void sup_state_close(struct sup_state *state)
{
	char path[PATH_MAX];

	if (state->lock_fd < 0)
		return;
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++)
		unlink(state->users[id].socket_path);
	snprintf(path, sizeof(path), "%s/addresses", state->run_directory);
	unlink(path);
	close(state->lock_fd);
	state->lock_fd = -1;
}
