/* SPDX-License-Identifier: Apache-2.0 */
#include "jail_seccomp.h"

#include "jail_landlock.h"
#include "jail_sanitizer.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/*
 * By name, so that calls which the build machine's headers do not know are refused where the
 * library knows them, and skipped where it does not.
 */
static const char *const refused_calls[] = {"acct", "add_key", "bpf", "chroot", "clock_adjtime",
	"clock_settime", "delete_module", "execve", "execveat", "fanotify_init", "finit_module",
	"fork", "fsconfig", "fsmount", "fsopen", "fspick", "init_module", "io_uring_enter",
	"io_uring_register", "io_uring_setup", "ioperm", "iopl", "kcmp", "kexec_file_load",
	"kexec_load", "keyctl", "lookup_dcookie", "mbind", "migrate_pages", "mount",
	"mount_setattr", "move_mount", "move_pages", "name_to_handle_at", "nfsservctl",
	"open_by_handle_at", "open_tree", "perf_event_open", "personality", "pidfd_getfd",
	"pivot_root", "process_madvise", "process_vm_readv", "process_vm_writev", "quotactl",
	"quotactl_fd", "reboot", "request_key", "set_mempolicy", "setdomainname", "setfsgid",
	"setfsuid", "setgid", "setgroups", "sethostname", "setns", "setregid", "setresgid",
	"setresuid", "setreuid", "settimeofday", "setuid", "swapoff", "swapon", "syslog", "umount2",
	"unshare", "uselib", "userfaultfd", "vfork", "vhangup"};

static int refuse_by_name(scmp_filter_ctx filter, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
}

static int refuse_processes(scmp_filter_ctx filter)
{
	int result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ptrace), 0);

	if (result < 0)
		return result;
	/* clone3's flags lie in memory, out of a filter's sight: ENOSYS makes libc use clone. */
	result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (result < 0)
		return result;
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
}

static int refuse_executable_memory(scmp_filter_ctx filter)
{
	const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(pkey_mprotect)};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		int result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));

		if (result < 0)
			return result;
	}
	return 0;
}

static int fill(scmp_filter_ctx filter)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(refused_calls) / sizeof(*refused_calls); i++)
		result = refuse_by_name(filter, refused_calls[i]);
	if (result == 0 && !JAIL_UNDER_SANITIZER)
		result = refuse_processes(filter);
	if (result == 0 && !JAIL_UNDER_SANITIZER)
		result = refuse_executable_memory(filter);
	if (result == 0)
		result = seccomp_load(filter);
	return result;
}

int jail_seccomp_apply(struct error *err)
{
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		return JAIL_WALL_MISSING;

	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter)
		return error_set(err, ERROR_INTERNAL, "seccomp filter could not be made");

	int result = fill(filter);

	seccomp_release(filter);
	if (result < 0)
		return error_set_errno(err, -result, "seccomp");
	return 0;
}
