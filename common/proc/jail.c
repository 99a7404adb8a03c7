/* SPDX-License-Identifier: Apache-2.0 */
#include "jail.h"

#include "buffer.h"
#include "jail_landlock.h"
#include "jail_sanitizer.h"
#include "jail_seccomp.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void add_missing(struct buffer *missing, const char *wall)
{
	if (missing->length > 0)
		buffer_append(missing, STR(", "));
	buffer_append(missing, str_from_c(wall));
}

static int set_limits(uint64_t max_open_files, struct error *err)
{
	struct rlimit limit = {0, 0};

	if (setrlimit(RLIMIT_CORE, &limit) < 0)
		return error_set_errno(err, errno, "RLIMIT_CORE");
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return error_set_errno(err, errno, "RLIMIT_NOFILE");
	if (max_open_files > 0 && max_open_files < limit.rlim_max)
		limit.rlim_max = max_open_files;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return error_set_errno(err, errno, "RLIMIT_NOFILE");
	return 0;
}

static int drop_capabilities(struct error *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	/* The bounding set can only be cut with CAP_SETPCAP; without it there is nothing to regain.
	 */
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &header, data) < 0)
		return error_set_errno(err, errno, "dropping capabilities");
	return 0;
}

static int enter(const struct jail_options *options, struct buffer *missing, struct error *err)
{
	int result;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set_errno(err, errno, "no_new_privs");
	if (set_limits(options->max_open_files, err) < 0 || drop_capabilities(err) < 0)
		return ERROR_RETURN;
	if (!JAIL_UNDER_SANITIZER && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set_errno(err, errno, "PR_SET_DUMPABLE");
	if (geteuid() == 0)
		add_missing(missing, "a user of its own (runs as root)");

	result = jail_landlock_apply(options, err);
	if (result < 0)
		return ERROR_RETURN;
	if (result == JAIL_WALL_MISSING)
		add_missing(missing, "Landlock (not in this kernel)");
	if (result == JAIL_WALL_PARTIAL)
		add_missing(missing, "Landlock scoping of signals (kernel older than 6.12)");

	result = jail_seccomp_apply(err);
	if (result < 0)
		return ERROR_RETURN;
	if (result == JAIL_WALL_MISSING)
		add_missing(missing, "seccomp (not in this kernel)");
	if (JAIL_UNDER_SANITIZER)
		add_missing(missing, "what a sanitizer needs (ptrace, clone)");
	return 0;
}

int jail_enter(const struct jail_options *options, struct arena *arena, struct str *ret_missing,
	struct error *err)
{
	struct buffer missing = {0};
	int result = enter(options, &missing, err);

	if (result == 0)
		*ret_missing = arena_copy(arena, buffer_str(&missing));
	buffer_fini(&missing);
	return result;
}
