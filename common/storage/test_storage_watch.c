/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "memory.h"
#include "storage_fixture.h"

static struct storage_fixture fixture;

static int setup(void **state)
{
	(void)state;
	storage_fixture_init(&fixture);
	storage_fixture_open(&fixture);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	storage_fixture_fini(&fixture);
	return 0;
}

static uint64_t put(struct storage_prefix *prefix, const char *name, const char *value)
{
	return storage_fixture_write(&fixture, STORAGE_PUT, prefix, name, 0, value).revision;
}

static uint64_t remove_key(const char *name, uint64_t expected_revision)
{
	return storage_fixture_write(
		&fixture, STORAGE_DELETE, fixture.pods, name, expected_revision, NULL)
		.revision;
}

static void open_watch(struct storage_fixture_watch *watch, const char *below, uint64_t after)
{
	*watch = (struct storage_fixture_watch){0};
	assert_int_equal(storage_watch_open(fixture.storage, fixture.pods, str_from_c(below), after,
				 storage_fixture_note_call, watch, &watch->watch),
		0);
	assert_int_equal(watch->calls, 0);
}

/* Queues puts of one key without waiting for each; returns the last revision. */
static uint64_t put_many(struct storage_prefix *prefix, const char *name, int count)
{
	for (int i = 1; i < count; i++) {
		struct storage_operation operation = {.type = STORAGE_PUT,
			.prefix = prefix,
			.name = str_from_c(name),
			.value = STR("v"),
			.revision_offset = 1};

		storage_commit(fixture.storage,
			&(struct storage_transaction){
				.operations = &operation, .operation_count = 1},
			NULL, NULL);
	}
	return put(prefix, name, "v");
}

static void expect_again(struct storage_fixture_watch *watch)
{
	struct storage_event *event = NULL;

	assert_int_equal(storage_watch_next(watch->watch, &event), STORAGE_AGAIN);
	assert_null(event);
}

static void expect_event(struct storage_fixture_watch *watch, enum storage_event_type type,
	uint64_t revision, const char *name, const char *value, const char *previous)
{
	struct storage_event *event = storage_fixture_next(&fixture, watch);

	assert_int_equal(event->type, type);
	assert_int_equal(event->revision, revision);
	assert_true(str_equal_c(event->name, name));
	assert_int_equal(event->value != NULL, value != NULL);
	assert_int_equal(event->previous != NULL, previous != NULL);
	assert_true(str_equal_c(blob_str(event->value), value));
	assert_true(str_equal_c(blob_str(event->previous), previous));
	assert_true(event->prefix == fixture.pods);
	storage_event_unref(&event);
	assert_null(event);
}

static void events_carry_what_was_and_what_is(void **state)
{
	(void)state;
	struct storage_fixture_watch watch;

	open_watch(&watch, "", 1);
	uint64_t created = put(fixture.pods, "a", "1");
	uint64_t updated = put(fixture.pods, "a", "2");
	uint64_t deleted = remove_key("a", updated);
	uint64_t again = put(fixture.pods, "a", "3");

	/* From memory, then the same from disk. */
	for (int round = 0; round < 2; round++) {
		expect_event(&watch, STORAGE_EVENT_PUT, created, "a", "1", NULL);
		expect_event(&watch, STORAGE_EVENT_PUT, updated, "a", "2", "1");
		assert_int_equal(storage_watch_progress(watch.watch), created);
		expect_event(&watch, STORAGE_EVENT_DELETE, deleted, "a", NULL, "2");
		expect_event(&watch, STORAGE_EVENT_PUT, again, "a", "3", NULL);
		expect_again(&watch);
		assert_int_equal(storage_watch_progress(watch.watch), again);
		storage_watch_close(&watch.watch);
		storage_fixture_reopen(&fixture);
		open_watch(&watch, "", 1);
	}
	storage_watch_close(&watch.watch);
}

static void operations_of_one_transaction_come_in_order(void **state)
{
	(void)state;
	struct storage_operation operations[] = {
		{.type = STORAGE_PUT,
			.prefix = fixture.pods,
			.name = STR("b"),
			.value = STR("1"),
			.revision_offset = SIZE_MAX},
		{.type = STORAGE_PUT,
			.prefix = fixture.nodes,
			.name = STR("n"),
			.value = STR("2"),
			.revision_offset = SIZE_MAX},
		{.type = STORAGE_PUT,
			.prefix = fixture.pods,
			.name = STR("a"),
			.value = STR("3"),
			.revision_offset = SIZE_MAX},
	};
	struct storage_fixture_watch watch;

	open_watch(&watch, "", 1);
	storage_fixture_commit(&fixture,
		&(struct storage_transaction){.operations = operations, .operation_count = 3});
	for (int round = 0; round < 2; round++) {
		expect_event(&watch, STORAGE_EVENT_PUT, 2, "b", "1", NULL);
		/* More of the same revision may follow. */
		assert_int_equal(storage_watch_progress(watch.watch), 1);
		expect_event(&watch, STORAGE_EVENT_PUT, 2, "a", "3", NULL);
		expect_again(&watch);
		assert_int_equal(storage_watch_progress(watch.watch), 2);
		storage_watch_close(&watch.watch);
		storage_fixture_reopen(&fixture);
		open_watch(&watch, "", 1);
	}
	storage_watch_close(&watch.watch);
}

static void a_watch_is_called_once_for_what_is_for_it(void **state)
{
	(void)state;
	struct storage_fixture_watch watch;

	open_watch(&watch, "default/", 1);
	storage_fixture_run_once(&fixture);
	assert_int_equal(watch.calls, 1);
	expect_again(&watch);
	put(fixture.pods, "other/a", "1");
	put(fixture.pods, "default", "1");
	put(fixture.nodes, "default/a", "1");
	storage_fixture_run_once(&fixture);
	assert_int_equal(watch.calls, 1);
	assert_int_equal(storage_watch_progress(watch.watch), storage_revision(fixture.storage));
	uint64_t first = put(fixture.pods, "default/a", "1");
	uint64_t second = put(fixture.pods, "default/b", "1");

	storage_fixture_run_once(&fixture);
	assert_int_equal(watch.calls, 2);
	assert_int_equal(storage_watch_progress(watch.watch), first - 1);
	expect_event(&watch, STORAGE_EVENT_PUT, first, "default/a", "1", NULL);
	expect_event(&watch, STORAGE_EVENT_PUT, second, "default/b", "1", NULL);
	expect_again(&watch);
	storage_watch_close(&watch.watch);
}

enum {
	WATCHES = 700
};

static bool all_were_called(void *context)
{
	struct storage_fixture_watch *watches = context;

	for (int i = 0; i < WATCHES; i++) {
		if (watches[i].calls < 2)
			return false;
	}
	return true;
}

static void many_watches_share_one_event(void **state)
{
	(void)state;
	static struct storage_fixture_watch watches[WATCHES];
	struct storage_event *first = NULL;

	for (int i = 0; i < WATCHES; i++)
		open_watch(&watches[i], "", 1);
	for (int i = 0; i < 20; i++)
		storage_fixture_run_once(&fixture);
	for (int i = 0; i < WATCHES; i++) {
		assert_int_equal(watches[i].calls, 1);
		expect_again(&watches[i]);
	}
	put(fixture.pods, "a", "1");
	storage_fixture_run_until(&fixture, all_were_called, watches);
	for (int i = 0; i < WATCHES; i++) {
		struct storage_event *event;

		assert_int_equal(storage_watch_next(watches[i].watch, &event), 0);
		if (i == 0) {
			first = storage_event_ref(event);
			first->cache[0] = blob_create(STR("encoded once"));
		}
		assert_true(event == first);
		assert_true(str_equal(blob_str(event->cache[0]), STR("encoded once")));
		storage_event_unref(&event);
		storage_watch_close(&watches[i].watch);
	}
	storage_event_unref(&first);
}

static void a_slow_watch_comes_back_by_way_of_the_disk(void **state)
{
	(void)state;
	struct storage_fixture_watch slow, fast;
	int total = 15000, seen = 0;

	put(fixture.pods, "a", "v");
	open_watch(&slow, "", 1);
	open_watch(&fast, "", 1);
	expect_event(&slow, STORAGE_EVENT_PUT, 2, "a", "v", NULL);
	storage_watch_close(&fast.watch);
	for (int i = 0; i < 3; i++) {
		put_many(fixture.pods, "a", total / 3);
		/* Reads some on the way, while the ring moves on. */
		for (int j = 0; j < 100; j++, seen++) {
			struct storage_event *event = storage_fixture_next(&fixture, &slow);

			assert_int_equal(event->revision, 3 + seen);
			storage_event_unref(&event);
		}
	}
	for (; seen < total; seen++) {
		struct storage_event *event = storage_fixture_next(&fixture, &slow);

		assert_int_equal(event->revision, 3 + seen);
		assert_int_equal(event->create_revision, 2);
		assert_non_null(event->previous);
		storage_event_unref(&event);
	}
	expect_again(&slow);
	storage_watch_close(&slow.watch);
}

static void a_long_stretch_of_other_prefixes_is_skipped(void **state)
{
	(void)state;
	struct storage_fixture_watch watch;
	uint64_t first = put(fixture.pods, "a", "1");

	put_many(fixture.nodes, "n", 20000);
	uint64_t last = put(fixture.pods, "a", "2");

	for (int round = 0; round < 2; round++) {
		open_watch(&watch, "", first);
		expect_event(&watch, STORAGE_EVENT_PUT, last, "a", "2", "1");
		expect_again(&watch);
		storage_watch_close(&watch.watch);
		storage_fixture_reopen(&fixture);
	}
	/* A second watch of a stretch that was found quiet, and one that began before it. */
	for (int round = 0; round < 2; round++) {
		open_watch(&watch, "", last);
		expect_again(&watch);
		storage_watch_close(&watch.watch);
		open_watch(&watch, "", 1);
		expect_event(&watch, STORAGE_EVENT_PUT, first, "a", "1", NULL);
		expect_event(&watch, STORAGE_EVENT_PUT, last, "a", "2", "1");
		storage_watch_close(&watch.watch);
	}
}

static void compacted_history_is_refused_at_open_and_later(void **state)
{
	(void)state;
	struct storage_fixture_watch watch;
	struct storage_event *event;
	uint64_t first = put(fixture.pods, "a", "1");
	uint64_t second = put(fixture.pods, "a", "2");

	storage_fixture_reopen(&fixture);
	open_watch(&watch, "", first);
	storage_fixture_compact(&fixture, second);
	assert_int_equal(storage_watch_next(watch.watch, &event), STORAGE_COMPACTED);
	storage_watch_close(&watch.watch);
	assert_int_equal(storage_watch_open(fixture.storage, fixture.pods, STR_EMPTY, first,
				 storage_fixture_note_call, &watch, &watch.watch),
		STORAGE_COMPACTED);
	open_watch(&watch, "", second);
	expect_again(&watch);
	storage_watch_close(&watch.watch);
	assert_int_equal(storage_watch_open(fixture.storage, fixture.pods, STR_EMPTY, 0,
				 storage_fixture_note_call, &watch, &watch.watch),
		STORAGE_COMPACTED);
}

static void a_quiet_watch_outlives_the_history_of_its_neighbours(void **state)
{
	(void)state;
	struct storage_fixture_watch quiet;

	put(fixture.pods, "quiet/a", "1");
	open_watch(&quiet, "quiet/", 2);
	expect_again(&quiet);
	for (int i = 0; i < 3; i++) {
		uint64_t revision = put_many(fixture.pods, "busy/a", 5000);

		storage_fixture_compact(&fixture, revision);
		assert_int_equal(storage_watch_progress(quiet.watch), revision);
		if (i == 1)
			expect_again(&quiet);
	}
	uint64_t revision = put(fixture.pods, "quiet/a", "2");

	expect_event(&quiet, STORAGE_EVENT_PUT, revision, "quiet/a", "2", "1");
	expect_again(&quiet);
	storage_watch_close(&quiet.watch);
}

struct early_watch {
	struct storage_fixture_watch watch;
	uint64_t revision;
};

static void open_after_snapshot(void *context, const struct storage_commit_result *result)
{
	struct early_watch *early = context;
	struct storage_snapshot *snapshot = storage_snapshot_open(fixture.storage);

	assert_true(storage_snapshot_revision(snapshot) >= result->revision);
	early->revision = storage_snapshot_revision(snapshot);
	open_watch(&early->watch, "", early->revision);
	storage_snapshot_close(&snapshot);
}

static void a_watch_does_not_repeat_what_its_snapshot_had(void **state)
{
	(void)state;
	struct early_watch early[50];

	for (int i = 0; i < 50; i++) {
		struct storage_operation operation = {.type = STORAGE_PUT,
			.prefix = fixture.pods,
			.name = STR("a"),
			.revision_offset = SIZE_MAX};

		storage_commit(fixture.storage,
			&(struct storage_transaction){
				.operations = &operation, .operation_count = 1},
			open_after_snapshot, &early[i]);
	}
	uint64_t last = put(fixture.pods, "a", "");

	storage_fixture_run_once(&fixture);
	for (int i = 0; i < 50; i++) {
		assert_true(storage_watch_progress(early[i].watch.watch) >= early[i].revision);
		for (uint64_t revision = early[i].revision + 1; revision <= last; revision++)
			expect_event(&early[i].watch, STORAGE_EVENT_PUT, revision, "a", "", "");
		expect_again(&early[i].watch);
		storage_watch_close(&early[i].watch.watch);
	}
}

/* On disk it is already, yet it must not come before its owner has been told. */
static void take_all_before_delivery(void *context, const struct storage_commit_result *result)
{
	struct storage_fixture_watch *watch = context;
	struct storage_event *event;

	assert_true(result->revision > storage_revision(fixture.storage));
	while (storage_watch_next(watch->watch, &event) == 0) {
		assert_true(event->revision <= storage_revision(fixture.storage));
		storage_event_unref(&event);
	}
	watch->calls = 1000;
}

static bool was_taken(void *context)
{
	return ((struct storage_fixture_watch *)context)->calls >= 1000;
}

static void a_replay_does_not_run_ahead_of_delivery(void **state)
{
	(void)state;
	struct storage_fixture_watch watch;
	struct storage_operation operation = {.type = STORAGE_PUT,
		.prefix = fixture.pods,
		.name = STR("a"),
		.revision_offset = SIZE_MAX};

	put(fixture.pods, "a", "");
	storage_fixture_reopen(&fixture);
	operation.prefix = fixture.pods;
	open_watch(&watch, "", 1);
	storage_commit(fixture.storage,
		&(struct storage_transaction){.operations = &operation, .operation_count = 1},
		take_all_before_delivery, &watch);
	storage_fixture_run_until(&fixture, was_taken, &watch);
	expect_event(&watch, STORAGE_EVENT_PUT, 3, "a", "", "");
	storage_watch_close(&watch.watch);
}

static struct storage_watch *victims[10];

static void close_all(void *context)
{
	(void)context;
	for (size_t i = 0; i < 10; i++)
		storage_watch_close(&victims[i]);
}

static void a_watch_may_close_others_and_itself_when_called(void **state)
{
	(void)state;
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(storage_watch_open(fixture.storage, fixture.pods, STR_EMPTY, 1,
					 close_all, NULL, &victims[i]),
			0);
	put(fixture.pods, "a", "1");
	storage_fixture_run_once(&fixture);
	for (size_t i = 0; i < 10; i++)
		assert_null(victims[i]);
}

static void a_watch_from_a_revision_to_come_waits_for_it(void **state)
{
	(void)state;
	struct storage_fixture_watch watch, never;

	open_watch(&watch, "", 4);
	open_watch(&never, "", UINT64_MAX);
	expect_again(&watch);
	for (int i = 2; i < 5; i++)
		put(fixture.pods, "a", "1");
	expect_again(&watch);
	put(fixture.pods, "b", "1");
	expect_event(&watch, STORAGE_EVENT_PUT, 5, "b", "1", NULL);
	expect_again(&never);
	storage_watch_close(&watch.watch);
	storage_watch_close(&never.watch);
}

#define STORAGE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORAGE_TEST(events_carry_what_was_and_what_is),
		STORAGE_TEST(operations_of_one_transaction_come_in_order),
		STORAGE_TEST(a_watch_is_called_once_for_what_is_for_it),
		STORAGE_TEST(many_watches_share_one_event),
		STORAGE_TEST(a_slow_watch_comes_back_by_way_of_the_disk),
		STORAGE_TEST(a_long_stretch_of_other_prefixes_is_skipped),
		STORAGE_TEST(compacted_history_is_refused_at_open_and_later),
		STORAGE_TEST(a_quiet_watch_outlives_the_history_of_its_neighbours),
		STORAGE_TEST(a_watch_does_not_repeat_what_its_snapshot_had),
		STORAGE_TEST(a_replay_does_not_run_ahead_of_delivery),
		STORAGE_TEST(a_watch_may_close_others_and_itself_when_called),
		STORAGE_TEST(a_watch_from_a_revision_to_come_waits_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
