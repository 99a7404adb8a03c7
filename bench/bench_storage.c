/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "assertion.h"
#include "clock.h"
#include "event_loop.h"
#include "memory.h"
#include "storage.h"

/*
 * The store alone, with objects of 2 KiB, synced: `bench_storage [DIRECTORY]`. The directory must
 * be empty and on the disk that is to be measured. CPU is that of all threads.
 */

enum {
	OBJECTS = 20000,
	VALUE_BYTES = 2048,
	WATCHES = 500
};

static struct {
	struct event_loop *loop;
	struct storage *storage;
	struct storage_prefix *pods;
	char value[VALUE_BYTES];
	int pending;
	int next;
	uint64_t events;
	uint64_t bytes;
} bench;

struct stopwatch {
	uint64_t wall_ns;
	uint64_t cpu_ns;
};

static struct stopwatch stopwatch_now(void)
{
	struct timespec cpu;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	return (struct stopwatch){.wall_ns = clock_now_ns(),
		.cpu_ns = (uint64_t)cpu.tv_sec * 1000000000 + (uint64_t)cpu.tv_nsec};
}

static void report(const char *what, struct stopwatch start, uint64_t operations, uint64_t bytes)
{
	struct stopwatch end = stopwatch_now();
	double seconds = (double)(end.wall_ns - start.wall_ns) / 1e9;

	printf("%-36s %10.0f /s %9.3f us CPU each", what, (double)operations / seconds,
		(double)(end.cpu_ns - start.cpu_ns) / 1e3 / (double)operations);
	if (bytes > 0)
		printf(" %9.0f MB/s", (double)bytes / seconds / 1e6);
	printf("\n");
}

static void commit_number(enum storage_operation_type type, int number, storage_commit_fn done)
{
	char name[48];
	struct storage_operation operation = {.type = type,
		.prefix = bench.pods,
		.value = str_from(bench.value, VALUE_BYTES),
		.revision_offset = 100};

	operation.name = str_from(name,
		(size_t)snprintf(name, sizeof(name), "namespace-%d/pod-%08d", number % 10, number));
	storage_commit(bench.storage,
		&(struct storage_transaction){.operations = &operation, .operation_count = 1}, done,
		NULL);
}

static void one_done(void *context, const struct storage_commit_result *result)
{
	(void)context;
	ASSERT(result->outcome == STORAGE_COMMITTED);
	if (--bench.pending == 0)
		event_loop_stop(bench.loop);
}

/* Groups of so many are queued at once, each when the one before is on disk. */
static void bench_create(const char *what, int groups, int group)
{
	struct stopwatch start = stopwatch_now();

	for (int i = 0; i < groups; i++) {
		bench.pending = group;
		for (int j = 0; j < group; j++)
			commit_number(STORAGE_CREATE, bench.next++, one_done);
		event_loop_run(bench.loop);
	}
	report(what, start, (uint64_t)groups * (uint64_t)group, 0);
}

static void bench_get(void)
{
	const int rounds = 1000000;
	struct stopwatch start = stopwatch_now();

	for (int i = 0; i < rounds; i++) {
		struct storage_snapshot *snapshot = storage_snapshot_open(bench.storage);
		int number = (int)((uint32_t)i * 2654435761u % (uint32_t)bench.next);
		struct storage_record record;
		char name[48];
		int length =
			snprintf(name, sizeof(name), "namespace-%d/pod-%08d", number % 10, number);

		if (storage_snapshot_get(
			    snapshot, bench.pods, str_from(name, (size_t)length), 0, &record) != 0)
			abort();
		bench.bytes += record.value.length;
		storage_snapshot_close(&snapshot);
	}
	report("get, with its snapshot", start, (uint64_t)rounds, 0);
}

static bool copy_out(void *context, const struct storage_record *record)
{
	static char sink[2 * VALUE_BYTES];

	(void)context;
	memcpy(sink, record->value.data, record->value.length);
	bench.bytes += record->value.length;
	bench.events++;
	return true;
}

static void bench_scan(const char *what, uint64_t revision)
{
	struct stopwatch start = stopwatch_now();

	bench.bytes = bench.events = 0;
	for (int i = 0; i < 10; i++) {
		struct storage_snapshot *snapshot = storage_snapshot_open(bench.storage);
		struct storage_range range = {.prefix = bench.pods, .revision = revision};

		if (storage_snapshot_scan(snapshot, &range, copy_out, NULL) != 0)
			abort();
		storage_snapshot_close(&snapshot);
	}
	report(what, start, bench.events, bench.bytes);
}

static struct storage_watch *watches[WATCHES];

static void take_events(void *context)
{
	struct storage_watch *watch = *(struct storage_watch **)context;
	struct storage_event *event;

	while (storage_watch_next(watch, &event) == 0) {
		bench.events++;
		storage_event_unref(&event);
	}
	if (bench.pending == 0 && bench.events >= 1000 * WATCHES)
		event_loop_stop(bench.loop);
}

static void put_next(void *context, const struct storage_commit_result *result)
{
	(void)context;
	(void)result;
	if (--bench.pending > 0)
		commit_number(STORAGE_PUT, bench.pending, put_next);
}

static void bench_watch(void)
{
	bench.events = 0;
	for (int i = 0; i < WATCHES; i++) {
		if (storage_watch_open(bench.storage, bench.pods, STR_EMPTY,
			    storage_revision(bench.storage), take_events, &watches[i],
			    &watches[i]) != 0)
			abort();
	}
	struct stopwatch start = stopwatch_now();

	bench.pending = 1000;
	commit_number(STORAGE_PUT, 0, put_next);
	event_loop_run(bench.loop);
	report("event to one of 500 watches", start, bench.events, 0);
	for (int i = 0; i < WATCHES; i++)
		storage_watch_close(&watches[i]);
}

static void bench_replay(uint64_t after_revision)
{
	struct stopwatch start = stopwatch_now();

	bench.events = 0;
	if (storage_watch_open(bench.storage, bench.pods, STR_EMPTY, after_revision, take_events,
		    &watches[0], &watches[0]) != 0)
		abort();
	take_events(&watches[0]);
	report("event replayed from disk", start, bench.events, 0);
	storage_watch_close(&watches[0]);
}

static void open_store(const char *directory)
{
	struct storage_options options = {.loop = bench.loop, .directory = directory};
	struct error err = ERROR_INIT(NULL);
	struct stopwatch start = stopwatch_now();

	if (storage_open(&options, &bench.storage, &err) < 0) {
		fprintf(stderr, "%.*s\n", STR_ARG(err.message));
		exit(1);
	}
	bench.pods = storage_prefix_intern(bench.storage, STR("/registry/pods/"));
	report("open", start, 1, 0);
}

int main(int argc, char **argv)
{
	char temporary[] = "/tmp/bench-storage-XXXXXX";
	const char *directory = argc > 1 ? argv[1] : mkdtemp(temporary);
	struct storage_statistics statistics;

	bench.loop = event_loop_create();
	memset(bench.value, 'x', sizeof(bench.value));
	printf("%s\n", directory);
	open_store(directory);
	bench_create("create, one at a time", 1000, 1);
	bench_create("create, groups of 10", 200, 10);
	bench_create("create, groups of 100", (OBJECTS - 3000) / 100, 100);
	bench_get();
	bench_scan("list, newest", 0);
	bench_scan("list, exact", storage_revision(bench.storage) - 1);
	bench_watch();
	uint64_t compacted = storage_compacted_revision(bench.storage);

	bench_replay(compacted);
	storage_close(&bench.storage);
	open_store(directory);
	storage_get_statistics(bench.storage, &statistics);
	printf("%llu keys, %.1f MB on disk for %.1f MB of values\n",
		(unsigned long long)statistics.keys, (double)statistics.file_bytes / 1e6,
		(double)(statistics.keys * VALUE_BYTES) / 1e6);
	bench_replay(compacted);
	storage_close(&bench.storage);
	event_loop_destroy(&bench.loop);
	return 0;
}
