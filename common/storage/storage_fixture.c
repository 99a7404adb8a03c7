/* SPDX-License-Identifier: Apache-2.0 */
#include "storage_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "assertion.h"
#include "clock.h"

static const uint64_t patience_ns = UINT64_C(20000000000);

void storage_fixture_remove_directory(const char *directory)
{
	DIR *entries = opendir(directory);
	struct dirent *entry;

	ASSERT(entries);
	while ((entry = readdir(entries)) != NULL) {
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(entries), entry->d_name, 0);
	}
	closedir(entries);
	rmdir(directory);
}

void storage_fixture_init(struct storage_fixture *fixture)
{
	*fixture = (struct storage_fixture){.loop = event_loop_create()};
	snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/test-storage-XXXXXX");
	ASSERT(mkdtemp(fixture->directory));
	fixture->options = (struct storage_options){
		.loop = fixture->loop, .directory = fixture->directory, .no_sync = true};
}

void storage_fixture_fini(struct storage_fixture *fixture)
{
	storage_close(&fixture->storage);
	event_loop_destroy(&fixture->loop);
	storage_fixture_remove_directory(fixture->directory);
}

void storage_fixture_open(struct storage_fixture *fixture)
{
	struct error err = ERROR_INIT(NULL);

	if (storage_open(&fixture->options, &fixture->storage, &err) < 0) {
		fprintf(stderr, "%.*s\n", STR_ARG(err.message));
		abort();
	}
	fixture->pods = storage_prefix_intern(fixture->storage, STR("/registry/pods/"));
	fixture->nodes = storage_prefix_intern(fixture->storage, STR("/registry/minions/"));
}

void storage_fixture_close(struct storage_fixture *fixture)
{
	storage_close(&fixture->storage);
}

void storage_fixture_reopen(struct storage_fixture *fixture)
{
	storage_fixture_close(fixture);
	storage_fixture_open(fixture);
}

struct waiting {
	struct event_loop *loop;
	struct event_timer *timer;
	uint64_t deadline_ns;
	bool (*condition)(void *context);
	void *context;
};

static void look_again(void *context)
{
	struct waiting *waiting = context;

	ASSERT(clock_now_ns() < waiting->deadline_ns);
	event_loop_stop(waiting->loop);
}

void storage_fixture_run_until(
	struct storage_fixture *fixture, bool (*condition)(void *context), void *context)
{
	struct waiting waiting = {.loop = fixture->loop,
		.deadline_ns = clock_now_ns() + patience_ns,
		.condition = condition,
		.context = context};

	waiting.timer = event_timer_create(fixture->loop, look_again, &waiting);
	while (!condition(context)) {
		event_timer_start(waiting.timer, 200000);
		event_loop_run(fixture->loop);
	}
	event_timer_destroy(&waiting.timer);
}

static void stop_loop(void *context)
{
	event_loop_stop(context);
}

void storage_fixture_run_once(struct storage_fixture *fixture)
{
	event_loop_defer(fixture->loop, stop_loop, fixture->loop);
	event_loop_run(fixture->loop);
}

struct committing {
	struct storage_fixture *fixture;
	struct storage_commit_result result;
	bool done;
};

static void committed(void *context, const struct storage_commit_result *result)
{
	struct committing *committing = context;

	committing->result = *result;
	committing->done = true;
	event_loop_stop(committing->fixture->loop);
}

struct storage_commit_result storage_fixture_commit(
	struct storage_fixture *fixture, const struct storage_transaction *transaction)
{
	struct committing committing = {.fixture = fixture};

	storage_commit(fixture->storage, transaction, committed, &committing);
	while (!committing.done)
		event_loop_run(fixture->loop);
	return committing.result;
}

struct storage_commit_result storage_fixture_write(struct storage_fixture *fixture,
	enum storage_operation_type type, struct storage_prefix *prefix, const char *name,
	uint64_t expected_revision, const char *value)
{
	struct storage_operation operation = {.type = type,
		.prefix = prefix,
		.name = str_from_c(name),
		.expected_revision = expected_revision,
		.value = str_from_c(value),
		.revision_offset = SIZE_MAX};

	return storage_fixture_commit(fixture,
		&(struct storage_transaction){.operations = &operation, .operation_count = 1});
}

void storage_fixture_compact(struct storage_fixture *fixture, uint64_t revision)
{
	struct committing committing = {.fixture = fixture};

	storage_compact(fixture->storage, revision, committed, &committing);
	while (!committing.done)
		event_loop_run(fixture->loop);
}

void storage_fixture_note_call(void *context)
{
	struct storage_fixture_watch *watch = context;

	watch->calls++;
}

struct next_waiting {
	struct storage_fixture_watch *watch;
	struct storage_event *event;
};

static bool next_is_there(void *context)
{
	struct next_waiting *waiting = context;
	int outcome = storage_watch_next(waiting->watch->watch, &waiting->event);

	ASSERT(outcome == 0 || outcome == STORAGE_AGAIN);
	return outcome == 0;
}

struct storage_event *storage_fixture_next(
	struct storage_fixture *fixture, struct storage_fixture_watch *watch)
{
	struct next_waiting waiting = {.watch = watch};

	storage_fixture_run_until(fixture, next_is_there, &waiting);
	return waiting.event;
}
