/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_users.h"

#include "sup_server_options.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The files are read directly: a look-up through the name service switch would load code of others
 * into the one process that may be root.
 */
static bool find_user(struct str name, uid_t *ret_uid, gid_t *ret_gid)
{
	FILE *file = fopen("/etc/passwd", "re");
	bool found = false;

	if (!file)
		return false;
	for (struct passwd *entry = fgetpwent(file); entry && !found; entry = fgetpwent(file)) {
		if (str_equal_c(name, entry->pw_name)) {
			*ret_uid = entry->pw_uid;
			*ret_gid = entry->pw_gid;
			found = true;
		}
	}
	fclose(file);
	return found;
}

static bool find_group(struct str name, gid_t *ret_gid)
{
	FILE *file = fopen("/etc/group", "re");
	bool found = false;

	if (!file)
		return false;
	for (struct group *entry = fgetgrent(file); entry && !found; entry = fgetgrent(file)) {
		if (str_equal_c(name, entry->gr_name)) {
			*ret_gid = entry->gr_gid;
			found = true;
		}
	}
	fclose(file);
	return found;
}

static gid_t find_socket_group(void)
{
	gid_t gid = SUP_SOCKET_FALLBACK_GID;

	find_group(STR(SUP_SOCKET_GROUP_NAME), &gid);
	return gid;
}

void sup_users_share(struct sup_state *state)
{
	state->has_own_users = false;
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		state->users[id].uid = geteuid();
		state->users[id].gid = getegid();
	}
}

int sup_users_choose(const struct sup_flags *flags, const struct sup_options *options,
	struct sup_state *state, struct error *err)
{
	(void)options;
	if (geteuid() != 0) {
		state->missing = "not started by root";
		sup_users_share(state);
		return 0;
	}
	state->has_own_users = true;
	state->socket_gid = find_socket_group();
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		const struct sup_server *server = sup_server_get((enum sup_server_id)id);
		struct sup_user *user = &state->users[id];
		struct str name = sup_server_options_value(
			flags, SUP_FLAG_SERVER_USERS, (enum sup_server_id)id);

		if (!str_is_empty(name) && !find_user(name, &user->uid, &user->gid))
			return error_set(err, ERROR_INVALID,
				"--server-users: there is no user \"%.*s\"", STR_ARG(name));
		if (str_is_empty(name) &&
			!find_user(str_from_c(server->user_name), &user->uid, &user->gid)) {
			user->uid = server->fallback_uid;
			user->gid = (gid_t)server->fallback_uid;
		}
		name = sup_server_options_value(
			flags, SUP_FLAG_SERVER_GROUPS, (enum sup_server_id)id);
		if (!str_is_empty(name) && !find_group(name, &user->gid))
			return error_set(err, ERROR_INVALID,
				"--server-groups: there is no group \"%.*s\"", STR_ARG(name));
	}
	return 0;
}

int sup_state_become(const struct sup_state *state, enum sup_server_id id)
{
	const struct sup_user *user = &state->users[id];

	if (!state->has_own_users)
		return 0;
	/* Needs a right that goes with the user; what stays can then never be had again. */
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return errno;
	}
	if (setgroups(1, &state->socket_gid) < 0 ||
		setresgid(user->gid, user->gid, user->gid) < 0 ||
		setresuid(user->uid, user->uid, user->uid) < 0)
		return errno;
	return 0;
}

/* Exit codes of the trial. */
enum {
	TRIAL_GOOD,
	TRIAL_NO_USER,
	TRIAL_NO_DATA,
	TRIAL_NO_PROGRAM
};

static int trial(const struct sup_state *state, enum sup_server_id id, const char *program)
{
	const char *directory = state->users[id].data_directory;

	if (sup_state_become(state, id) != 0)
		return TRIAL_NO_USER;
	if (access(directory, R_OK | W_OK | X_OK) < 0)
		return TRIAL_NO_DATA;
	/* A program that does not exist is not a matter of users: starting it says so. */
	if (access(program, X_OK) < 0 && errno == EACCES)
		return TRIAL_NO_PROGRAM;
	return TRIAL_GOOD;
}

int sup_users_try(const struct sup_options *options, struct sup_state *state, struct error *err)
{
	for (unsigned i = 0; i < SUP_SERVER_COUNT; i++) {
		enum sup_server_id id = (enum sup_server_id)i;
		const struct sup_server *server = sup_server_get(id);
		const char *program = sup_options_program(options, server->program);
		int status = 0;
		pid_t pid = fork();

		if (pid == 0)
			_exit(trial(state, id, program));
		if (pid < 0 || waitpid(pid, &status, 0) < 0)
			return error_set_errno(
				err, errno, "trying user %u", (unsigned)state->users[id].uid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) == TRIAL_NO_USER)
			return error_set(err, ERROR_INVALID, "the system does not allow user %u",
				(unsigned)state->users[id].uid);
		if (WEXITSTATUS(status) != TRIAL_GOOD)
			return error_set(err, ERROR_INVALID, "user %u cannot reach %s",
				(unsigned)state->users[id].uid,
				WEXITSTATUS(status) == TRIAL_NO_DATA
					? state->users[id].data_directory
					: program);
	}
	return 0;
}
