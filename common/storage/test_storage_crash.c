/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "storage_fixture.h"

/*
 * A child writes and tells each acknowledged revision through a pipe; it is killed while it does.
 * What it told must be there when the store is opened again, under that revision.
 */

enum {
	ROUNDS = 30,
	IN_FLIGHT = 8,
	ACKNOWLEDGED_MAX = 200000
};

struct acknowledgement {
	uint64_t revision;
	uint64_t number; /* the key's */
};

static struct acknowledgement acknowledged[ACKNOWLEDGED_MAX];
static size_t acknowledged_count;

struct child {
	struct storage_fixture fixture;
	int pipe;
	uint64_t next_number;
};

struct child_write {
	struct child *child;
	uint64_t number;
};

static void child_write_next(struct child_write *write);

static void child_told(void *context, const struct storage_commit_result *result)
{
	struct child_write *done = context;
	struct acknowledgement told = {.revision = result->revision, .number = done->number};

	if (result->outcome != STORAGE_COMMITTED ||
		write(done->child->pipe, &told, sizeof(told)) != sizeof(told))
		_exit(2);
	child_write_next(done);
}

static void child_write_next(struct child_write *write)
{
	struct child *child = write->child;
	char name[32], value[32];

	write->number = child->next_number++;
	snprintf(name, sizeof(name), "key-%llu", (unsigned long long)write->number);
	snprintf(value, sizeof(value), "v%llu-", (unsigned long long)write->number);
	struct storage_operation operations[2] = {
		{.type = STORAGE_CREATE,
			.prefix = child->fixture.pods,
			.name = str_from_c(name),
			.value = str_from_c(value),
			.revision_offset = strlen(value)},
		{.type = STORAGE_PUT,
			.prefix = child->fixture.nodes,
			.name = STR("newest"),
			.value = str_from_c(name),
			.revision_offset = SIZE_MAX},
	};

	storage_commit(child->fixture.storage,
		&(struct storage_transaction){.operations = operations,
			.operation_count = 2,
			.request_id = str_from_c(name)},
		child_told, write);
}

static _Noreturn void run_child(
	const struct storage_options *options, int pipe, uint64_t first_number)
{
	static struct child child;
	static struct child_write writes[IN_FLIGHT];

	child = (struct child){.pipe = pipe, .next_number = first_number};
	child.fixture.loop = event_loop_create();
	child.fixture.options = *options;
	child.fixture.options.loop = child.fixture.loop;
	storage_fixture_open(&child.fixture);
	for (int i = 0; i < IN_FLIGHT; i++) {
		writes[i].child = &child;
		child_write_next(&writes[i]);
	}
	event_loop_run(child.fixture.loop);
	_exit(3);
}

/* Reads what was told; kills the child once enough came, and reads on to the end. */
static void kill_after(pid_t child, int pipe, size_t wanted)
{
	struct acknowledgement told;
	size_t count = 0;
	int status;

	while (read(pipe, &told, sizeof(told)) == sizeof(told)) {
		assert_true(acknowledged_count < ACKNOWLEDGED_MAX);
		acknowledged[acknowledged_count++] = told;
		if (++count == wanted)
			kill(child, SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void check_survival(struct storage_fixture *fixture)
{
	struct storage_snapshot *snapshot;
	uint64_t revision = 0;

	storage_fixture_open(fixture);
	snapshot = storage_snapshot_open(fixture->storage);
	for (size_t i = 0; i < acknowledged_count; i++) {
		const struct acknowledgement *told = &acknowledged[i];
		struct storage_remembered remembered;
		struct storage_record record;
		char name[32], value[64];

		/* In the order of acknowledgement, over all children: none is used twice. */
		assert_true(told->revision > revision);
		revision = told->revision;
		snprintf(name, sizeof(name), "key-%llu", (unsigned long long)told->number);
		snprintf(value, sizeof(value), "v%llu-%llu", (unsigned long long)told->number,
			(unsigned long long)told->revision);
		assert_int_equal(
			storage_snapshot_get(snapshot, fixture->pods, str_from_c(name), 0, &record),
			0);
		assert_true(str_equal_c(record.value, value));
		assert_int_equal(record.mod_revision, told->revision);
		assert_int_equal(
			storage_snapshot_find_request(snapshot, str_from_c(name), &remembered), 0);
		assert_int_equal(remembered.revision, told->revision);
	}
	assert_true(storage_snapshot_revision(snapshot) >= revision);
	storage_snapshot_close(&snapshot);
	storage_fixture_close(fixture);
}

static void no_acknowledged_write_is_lost_when_the_process_is_killed(void **state)
{
	(void)state;
	struct storage_fixture fixture;
	uint64_t number = 0;
	uint32_t random = 12345;

	storage_fixture_init(&fixture);
	fixture.options.no_sync = false;
	for (int round = 0; round < ROUNDS; round++) {
		int ends[2];

		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			close(ends[0]);
			run_child(&fixture.options, ends[1], number);
		}
		close(ends[1]);
		random = random * 1664525u + 1013904223u;
		kill_after(child, ends[0], 1 + (random >> 16) % 150);
		close(ends[0]);
		/* Numbers of writes that were not acknowledged are not used again. */
		number = acknowledged[acknowledged_count - 1].number + 2 * IN_FLIGHT;
		check_survival(&fixture);
	}
	assert_true(acknowledged_count > ROUNDS);
	storage_fixture_fini(&fixture);
}

/* A failed write must end the process: going on would acknowledge what is not on disk. */
static void a_write_that_fails_ends_the_process(void **state)
{
	(void)state;
	struct storage_fixture fixture;
	int ends[2], status;

	storage_fixture_init(&fixture);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct rlimit file_bytes = {.rlim_cur = 300000, .rlim_max = 300000};
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDERR_FILENO);
		signal(SIGXFSZ, SIG_IGN);
		signal(SIGABRT, SIG_DFL);
		setrlimit(RLIMIT_FSIZE, &file_bytes);
		close(ends[0]);
		run_child(&fixture.options, ends[1], 0);
	}
	close(ends[1]);
	acknowledged_count = 0;
	while (read(ends[0], &acknowledged[acknowledged_count], sizeof(acknowledged[0])) ==
		sizeof(acknowledged[0]))
		acknowledged_count++;
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_true(acknowledged_count > 0);
	check_survival(&fixture);
	storage_fixture_fini(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_acknowledged_write_is_lost_when_the_process_is_killed),
		cmocka_unit_test(a_write_that_fails_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
