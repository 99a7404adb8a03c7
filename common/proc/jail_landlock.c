/* SPDX-License-Identifier: Apache-2.0 */
#include "jail_landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The kernel's interface is spelled out here, since the headers of the oldest distribution that we
 * build on know only its first version; what the running kernel has is asked for at run time.
 */
#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH      1

#define FS_EXECUTE    (1ull << 0)
#define FS_WRITE_FILE (1ull << 1)
#define FS_READ_FILE  (1ull << 2)
#define FS_READ_DIR   (1ull << 3)
#define FS_VERSION_1  ((1ull << 13) - 1)
#define FS_REFER      (1ull << 13) /* version 2 */
#define FS_TRUNCATE   (1ull << 14) /* version 3 */
#define FS_IOCTL_DEV  (1ull << 15) /* version 5 */

#define SCOPE_ABSTRACT_UNIX_SOCKET (1ull << 0) /* version 6 */
#define SCOPE_SIGNAL               (1ull << 1)

struct ruleset_attribute {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

struct path_beneath_attribute {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

static uint64_t rights_of_version(long version)
{
	uint64_t rights = FS_VERSION_1;

	if (version >= 2)
		rights |= FS_REFER;
	if (version >= 3)
		rights |= FS_TRUNCATE;
	if (version >= 5)
		rights |= FS_IOCTL_DEV;
	return rights;
}

static int add_path(int ruleset, struct str path, uint64_t rights, struct error *err)
{
	struct path_beneath_attribute rule = {.allowed_access = rights};
	struct stat status;
	char name[PATH_MAX];
	int result = 0;

	if (path.length >= sizeof(name))
		return error_set(err, ERROR_INVALID, "path of %zu bytes", path.length);
	snprintf(name, sizeof(name), "%.*s", STR_ARG(path));
	rule.parent_fd = open(name, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT || errno == EACCES
			       ? 0
			       : error_set_errno(err, errno, "opening %s", name);
	if (fstat(rule.parent_fd, &status) == 0 && !S_ISDIR(status.st_mode))
		rule.allowed_access &= FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE;
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0)
		result = error_set_errno(err, errno, "Landlock rule for %s", name);
	close(rule.parent_fd);
	return result;
}

static int add_paths(
	int ruleset, const struct jail_options *options, uint64_t handled, struct error *err)
{
	for (size_t i = 0; i < options->writable_count; i++) {
		if (add_path(ruleset, options->writable_paths[i], handled & ~FS_EXECUTE, err) < 0)
			return ERROR_RETURN;
	}
	for (size_t i = 0; i < options->readable_count; i++) {
		if (add_path(ruleset, options->readable_paths[i], FS_READ_FILE | FS_READ_DIR, err) <
			0)
			return ERROR_RETURN;
	}
	return 0;
}

int jail_landlock_apply(const struct jail_options *options, struct error *err)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
	struct ruleset_attribute attribute = {0};
	/* Old kernels refuse a longer struct with bytes set, but take zeroes. */
	size_t size_bytes = sizeof(attribute);
	int result;

	if (version < 1)
		return JAIL_WALL_MISSING;
	attribute.handled_access_fs = rights_of_version(version);
	if (version >= 6)
		attribute.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;

	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attribute, size_bytes, 0);

	if (ruleset < 0)
		return error_set_errno(err, errno, "Landlock ruleset");
	result = add_paths(ruleset, options, attribute.handled_access_fs, err);
	if (result == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		result = error_set_errno(err, errno, "Landlock");
	close(ruleset);
	if (result == 0 && version < 6)
		return JAIL_WALL_PARTIAL;
	return result;
}
