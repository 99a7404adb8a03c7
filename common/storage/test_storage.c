/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "buffer.h"
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

static uint64_t must_write(
	enum storage_operation_type type, const char *name, uint64_t expected, const char *value)
{
	struct storage_commit_result result =
		storage_fixture_write(&fixture, type, fixture.pods, name, expected, value);

	assert_int_equal(result.outcome, STORAGE_COMMITTED);
	return result.revision;
}

static void assert_value(const char *name, uint64_t at, const char *value)
{
	struct storage_snapshot *snapshot = storage_snapshot_open(fixture.storage);
	struct storage_record record;
	int outcome = storage_snapshot_get(snapshot, fixture.pods, str_from_c(name), at, &record);

	if (value) {
		assert_int_equal(outcome, 0);
		assert_true(str_equal_c(record.value, value));
		assert_true(str_equal_c(record.name, name));
	} else {
		assert_int_equal(outcome, STORAGE_NOT_FOUND);
	}
	storage_snapshot_close(&snapshot);
}

static bool collect_name(void *context, const struct storage_record *record)
{
	struct buffer *names = context;

	buffer_append(names, record->name);
	buffer_append(names, STR("="));
	buffer_append(names, record->value);
	buffer_append(names, STR(" "));
	return true;
}

static void assert_list(const struct storage_range *range, const char *expected)
{
	struct storage_snapshot *snapshot = storage_snapshot_open(fixture.storage);
	struct buffer names = {0};
	uint64_t count, visited = 0;

	assert_int_equal(storage_snapshot_scan(snapshot, range, collect_name, &names), 0);
	assert_true(str_equal_c(buffer_str(&names), expected));
	for (size_t i = 0; i < names.length; i++)
		visited += names.data[i] == ' ';
	assert_int_equal(storage_snapshot_count(snapshot, range, 0, &count), 0);
	assert_int_equal(count, visited);
	assert_int_equal(storage_snapshot_count(snapshot, range, 1, &count), 0);
	assert_int_equal(count, visited > 0 ? 1 : 0);
	buffer_fini(&names);
	storage_snapshot_close(&snapshot);
}

static void a_new_store_is_empty_at_revision_1(void **state)
{
	(void)state;
	assert_int_equal(storage_revision(fixture.storage), 1);
	assert_int_equal(storage_compacted_revision(fixture.storage), 0);
	assert_value("a", 0, NULL);
	assert_value("a", 1, NULL);
	assert_list(&(struct storage_range){.prefix = fixture.pods}, "");
}

static void a_key_can_be_read_as_it_was_at_every_revision(void **state)
{
	(void)state;
	uint64_t created = must_write(STORAGE_CREATE, "a", 0, "1");
	uint64_t updated = must_write(STORAGE_UPDATE, "a", created, "2");
	uint64_t deleted = must_write(STORAGE_DELETE, "a", updated, NULL);
	uint64_t again = must_write(STORAGE_CREATE, "a", 0, "3");

	assert_int_equal(created, 2);
	assert_int_equal(again, 5);
	for (int round = 0; round < 2; round++) {
		assert_value("a", created - 1, NULL);
		assert_value("a", created, "1");
		assert_value("a", updated, "2");
		assert_value("a", deleted, NULL);
		assert_value("a", again, "3");
		assert_value("a", 0, "3");
		storage_fixture_reopen(&fixture);
	}
	struct storage_snapshot *snapshot = storage_snapshot_open(fixture.storage);
	struct storage_record record;

	assert_int_equal(
		storage_snapshot_get(snapshot, fixture.pods, STR("a"), updated, &record), 0);
	assert_int_equal(record.create_revision, created);
	assert_int_equal(record.mod_revision, updated);
	assert_int_equal(storage_snapshot_get(snapshot, fixture.pods, STR("a"), 0, &record), 0);
	assert_int_equal(record.create_revision, again);
	assert_int_equal(storage_snapshot_get(snapshot, fixture.pods, STR("a"), 6, &record),
		STORAGE_FUTURE_REVISION);
	assert_int_equal(storage_snapshot_get(snapshot, fixture.nodes, STR("a"), 0, &record),
		STORAGE_NOT_FOUND);
	storage_snapshot_close(&snapshot);
}

static void the_revision_is_written_into_the_hole(void **state)
{
	(void)state;
	struct storage_operation operation = {.type = STORAGE_PUT,
		.prefix = fixture.pods,
		.name = STR("a"),
		.value = STR("{\"rv\":\"\",\"x\":1}"),
		.revision_offset = 7};
	struct storage_transaction transaction = {.operations = &operation, .operation_count = 1};
	char expected[64];

	/* Over the change from one digit to two and on to three, queued together too. */
	for (int i = 0; i < 120; i++) {
		if (i % 3)
			storage_commit(fixture.storage, &transaction, NULL, NULL);
		uint64_t revision = storage_fixture_commit(&fixture, &transaction).revision;

		snprintf(expected, sizeof(expected), "{\"rv\":\"%d\",\"x\":1}", (int)revision);
		assert_value("a", 0, expected);
	}
	operation.revision_offset = operation.value.length;
	storage_fixture_commit(&fixture, &transaction);
	snprintf(expected, sizeof(expected), "{\"rv\":\"\",\"x\":1}%d",
		(int)storage_revision(fixture.storage));
	assert_value("a", 0, expected);
}

static void lists_follow_the_order_of_names_and_their_bounds(void **state)
{
	(void)state;
	static const char *const names[] = {"b/2", "a/1", "a", "b/1", "a/2", "a0", "c/1"};
	struct storage_range range = {.prefix = fixture.pods};

	for (size_t i = 0; i < 7; i++)
		must_write(STORAGE_CREATE, names[i], 0, "x");
	storage_fixture_write(&fixture, STORAGE_CREATE, fixture.nodes, "a/9", 0, "x");
	for (int round = 0; round < 2; round++) {
		range.below = range.start_after = STR_EMPTY;
		assert_list(&range, "a=x a/1=x a/2=x a0=x b/1=x b/2=x c/1=x ");
		range.below = STR("a/");
		assert_list(&range, "a/1=x a/2=x ");
		range.start_after = STR("a/1");
		assert_list(&range, "a/2=x ");
		range.start_inclusive = true;
		assert_list(&range, "a/1=x a/2=x ");
		range.start_inclusive = false;
		range.start_after = STR("a/2");
		assert_list(&range, "");
		range.start_after = STR("b");
		assert_list(&range, "");
		range.start_after = STR("A");
		assert_list(&range, "a/1=x a/2=x ");
		range.below = STR_EMPTY;
		range.start_after = STR("b/1");
		assert_list(&range, "b/2=x c/1=x ");
		/* The same by the exact path. */
		range.revision = storage_revision(fixture.storage);
		storage_fixture_write(&fixture, STORAGE_PUT, fixture.pods, "b/0", 0, "y");
		must_write(STORAGE_PUT, "zzz", 0, "y");
		must_write(STORAGE_PUT, "a/1", 0, "y");
	}
}

static void names_longer_than_any_key_are_just_not_there(void **state)
{
	(void)state;
	char name[2000];
	struct storage_snapshot *snapshot;
	struct storage_record record;

	memset(name, 'a', sizeof(name));
	struct str longest = str_from(name, STORAGE_NAME_MAX_BYTES);
	struct storage_operation operation = {.type = STORAGE_CREATE,
		.prefix = fixture.pods,
		.name = longest,
		.value = STR("x"),
		.revision_offset = SIZE_MAX};

	storage_fixture_commit(&fixture,
		&(struct storage_transaction){.operations = &operation, .operation_count = 1});
	snapshot = storage_snapshot_open(fixture.storage);
	assert_int_equal(storage_snapshot_get(snapshot, fixture.pods, longest, 0, &record), 0);
	assert_int_equal(storage_snapshot_get(
				 snapshot, fixture.pods, str_from(name, sizeof(name)), 0, &record),
		STORAGE_NOT_FOUND);
	storage_snapshot_close(&snapshot);
	assert_list(&(struct storage_range){.prefix = fixture.pods,
			    .below = str_from(name, sizeof(name))},
		"");
	assert_list(&(struct storage_range){.prefix = fixture.pods,
			    .start_after = str_from(name, sizeof(name)),
			    .start_inclusive = true},
		"");
}

static void guards_refuse_and_say_what_they_found(void **state)
{
	(void)state;
	struct storage_commit_result result;
	uint64_t revision = must_write(STORAGE_CREATE, "a", 0, "1");

	result = storage_fixture_write(&fixture, STORAGE_CREATE, fixture.pods, "a", 0, "2");
	assert_int_equal(result.outcome, STORAGE_CONFLICTED);
	assert_int_equal(result.found_revision, revision);
	result = storage_fixture_write(&fixture, STORAGE_UPDATE, fixture.pods, "a", 77, "2");
	assert_int_equal(result.outcome, STORAGE_CONFLICTED);
	assert_int_equal(result.found_revision, revision);
	result = storage_fixture_write(&fixture, STORAGE_DELETE, fixture.pods, "a", 77, NULL);
	assert_int_equal(result.outcome, STORAGE_CONFLICTED);
	result = storage_fixture_write(&fixture, STORAGE_UPDATE, fixture.pods, "none", 0, "2");
	assert_int_equal(result.outcome, STORAGE_CONFLICTED);
	assert_int_equal(result.found_revision, 0);
	result = storage_fixture_write(&fixture, STORAGE_DELETE, fixture.pods, "none", 0, NULL);
	assert_int_equal(result.outcome, STORAGE_CONFLICTED);
	assert_int_equal(storage_revision(fixture.storage), revision);
	assert_value("a", 0, "1");
}

static void a_transaction_is_all_or_nothing_at_one_revision(void **state)
{
	(void)state;
	uint64_t a = must_write(STORAGE_CREATE, "a", 0, "1");
	struct storage_operation operations[] = {
		{.type = STORAGE_CREATE,
			.prefix = fixture.pods,
			.name = STR("b"),
			.value = STR("2"),
			.revision_offset = SIZE_MAX},
		{.type = STORAGE_CHECK, .prefix = fixture.nodes, .name = STR("n")},
		{.type = STORAGE_UPDATE,
			.prefix = fixture.pods,
			.name = STR("a"),
			.expected_revision = a + 1,
			.value = STR("3"),
			.revision_offset = SIZE_MAX},
	};
	struct storage_transaction transaction = {.operations = operations, .operation_count = 3};
	struct storage_commit_result result = storage_fixture_commit(&fixture, &transaction);

	assert_int_equal(result.outcome, STORAGE_CONFLICTED);
	assert_int_equal(result.failed_operation, 2);
	assert_int_equal(result.found_revision, a);
	assert_value("b", 0, NULL);
	operations[2].expected_revision = a;
	result = storage_fixture_commit(&fixture, &transaction);
	assert_int_equal(result.outcome, STORAGE_COMMITTED);
	assert_int_equal(result.revision, a + 1);
	assert_list(&(struct storage_range){.prefix = fixture.pods}, "a=3 b=2 ");
	assert_list(&(struct storage_range){.prefix = fixture.pods, .revision = a}, "a=1 ");
}

static void checks_alone_make_no_revision(void **state)
{
	(void)state;
	uint64_t revision = must_write(STORAGE_CREATE, "a", 0, "1");
	struct storage_commit_result result =
		storage_fixture_write(&fixture, STORAGE_CHECK, fixture.pods, "a", revision, NULL);

	assert_int_equal(result.outcome, STORAGE_COMMITTED);
	assert_int_equal(result.revision, revision);
	result = storage_fixture_write(&fixture, STORAGE_CHECK, fixture.pods, "a", 0, NULL);
	assert_int_equal(result.outcome, STORAGE_CONFLICTED);
	assert_int_equal(must_write(STORAGE_PUT, "a", 0, "2"), revision + 1);
}

struct gathering {
	int done;
	uint64_t last_revision;
	bool in_order;
};

static void gathered(void *context, const struct storage_commit_result *result)
{
	struct gathering *gathering = context;

	gathering->done++;
	gathering->in_order = gathering->in_order && result->outcome == STORAGE_COMMITTED &&
			      result->revision == gathering->last_revision + 1;
	gathering->last_revision = result->revision;
	/* A snapshot opened now sees the write. */
	struct storage_snapshot *snapshot = storage_snapshot_open(fixture.storage);

	assert_true(storage_snapshot_revision(snapshot) >= result->revision);
	assert_true(storage_revision(fixture.storage) < result->revision);
	storage_snapshot_close(&snapshot);
}

static bool all_gathered(void *context)
{
	return ((struct gathering *)context)->done == 1000;
}

static void a_thousand_queued_transactions_share_few_commits(void **state)
{
	(void)state;
	struct gathering gathering = {.in_order = true, .last_revision = 1};
	struct storage_statistics before, after;

	storage_get_statistics(fixture.storage, &before);
	for (int i = 0; i < 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "pod-%d", i);
		struct storage_operation operation = {.type = STORAGE_CREATE,
			.prefix = fixture.pods,
			.name = str_from_c(name),
			.value = STR("value"),
			.revision_offset = 5};

		storage_commit(fixture.storage,
			&(struct storage_transaction){
				.operations = &operation, .operation_count = 1},
			gathered, &gathering);
	}
	storage_fixture_run_until(&fixture, all_gathered, &gathering);
	assert_true(gathering.in_order);
	storage_get_statistics(fixture.storage, &after);
	assert_int_equal(after.transactions - before.transactions, 1000);
	assert_int_equal(after.keys - before.keys, 1000);
	assert_int_equal(after.revision, 1001);
	assert_true(after.commits - before.commits < 900);
	assert_true(after.file_bytes > 0);
}

static void closing_finishes_what_is_queued(void **state)
{
	(void)state;
	struct storage_operation operation = {.type = STORAGE_PUT,
		.prefix = fixture.pods,
		.name = STR("a"),
		.value = STR("last"),
		.revision_offset = SIZE_MAX};
	struct gathering gathering = {.in_order = true, .last_revision = 1};

	for (int i = 0; i < 100; i++)
		storage_commit(fixture.storage,
			&(struct storage_transaction){
				.operations = &operation, .operation_count = 1},
			gathered, &gathering);
	storage_fixture_close(&fixture);
	assert_int_equal(gathering.done, 100);
	storage_fixture_open(&fixture);
	assert_value("a", 0, "last");
	assert_int_equal(storage_revision(fixture.storage), 101);
}

static void a_second_owner_is_refused(void **state)
{
	(void)state;
	struct storage *second = NULL;
	struct error err = ERROR_INIT(NULL);
	struct stat status;
	char path[128];

	assert_int_equal(storage_open(&fixture.options, &second, &err), ERROR_RETURN);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_null(second);
	snprintf(path, sizeof(path), "%s/data.mdb", fixture.directory);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	error_clear(&err);
	fixture.options.directory = "/nonexistent/directory";
	assert_int_equal(storage_open(&fixture.options, &second, &err), ERROR_RETURN);
	assert_true(err.message.length > 0);
}

static void a_remembered_request_is_found_until_its_history_goes(void **state)
{
	(void)state;
	struct storage_operation operation = {.type = STORAGE_CREATE,
		.prefix = fixture.pods,
		.name = STR("default/web"),
		.value = STR("v"),
		.revision_offset = SIZE_MAX};
	struct storage_transaction transaction = {
		.operations = &operation, .operation_count = 1, .request_id = STR("request-1")};
	uint64_t revision = storage_fixture_commit(&fixture, &transaction).revision;
	struct storage_remembered remembered;
	struct storage_snapshot *snapshot;

	/* A conflict is not remembered. */
	transaction.request_id = STR("request-2");
	storage_fixture_commit(&fixture, &transaction);
	storage_fixture_reopen(&fixture);
	snapshot = storage_snapshot_open(fixture.storage);
	assert_int_equal(storage_snapshot_find_request(snapshot, STR("request-1"), &remembered), 0);
	assert_int_equal(remembered.revision, revision);
	assert_int_equal(remembered.type, STORAGE_CREATE);
	assert_true(str_equal(remembered.prefix_text, STR("/registry/pods/")));
	assert_true(str_equal(remembered.name, STR("default/web")));
	assert_int_equal(storage_snapshot_find_request(snapshot, STR("request-2"), &remembered),
		STORAGE_NOT_FOUND);
	assert_int_equal(
		storage_snapshot_find_request(snapshot, STR_EMPTY, &remembered), STORAGE_NOT_FOUND);
	storage_snapshot_close(&snapshot);
	storage_fixture_compact(&fixture, revision);
	snapshot = storage_snapshot_open(fixture.storage);
	assert_int_equal(storage_snapshot_find_request(snapshot, STR("request-1"), &remembered),
		STORAGE_NOT_FOUND);
	storage_snapshot_close(&snapshot);
}

static void compaction_keeps_the_revisions_from_its_own_on(void **state)
{
	(void)state;
	uint64_t first = must_write(STORAGE_CREATE, "a", 0, "1");
	uint64_t second = must_write(STORAGE_PUT, "a", 0, "2");
	uint64_t third = must_write(STORAGE_PUT, "a", 0, "3");
	struct storage_snapshot *snapshot;
	struct storage_record record;

	storage_fixture_compact(&fixture, second);
	assert_int_equal(storage_compacted_revision(fixture.storage), first);
	for (int round = 0; round < 2; round++) {
		snapshot = storage_snapshot_open(fixture.storage);
		assert_int_equal(
			storage_snapshot_get(snapshot, fixture.pods, STR("a"), first, &record),
			STORAGE_COMPACTED);
		storage_snapshot_close(&snapshot);
		assert_value("a", second, "2");
		assert_value("a", third, "3");
		storage_fixture_reopen(&fixture);
	}
	/* The newest revision stays readable even when all history goes. */
	storage_fixture_compact(&fixture, UINT64_MAX);
	assert_int_equal(storage_compacted_revision(fixture.storage), third - 1);
	assert_value("a", third, "3");
}

static bool is_compacted_up_to_newest(void *context)
{
	(void)context;
	return storage_compacted_revision(fixture.storage) == storage_revision(fixture.storage) - 1;
}

static void old_history_goes_by_itself_when_nothing_is_written(void **state)
{
	(void)state;
	storage_fixture_close(&fixture);
	fixture.options.history_ns = 20000000;
	storage_fixture_open(&fixture);
	for (int i = 0; i < 50; i++)
		must_write(STORAGE_PUT, "a", 0, "1");
	storage_fixture_run_until(&fixture, is_compacted_up_to_newest, NULL);
	assert_value("a", 0, "1");
}

static void old_history_goes_after_a_restart(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++)
		must_write(STORAGE_PUT, "a", 0, "1");
	assert_int_equal(storage_compacted_revision(fixture.storage), 0);
	storage_fixture_close(&fixture);
	fixture.options.history_ns = 1000000;
	storage_fixture_open(&fixture);
	storage_fixture_run_until(&fixture, is_compacted_up_to_newest, NULL);
}

static bool is_gone(void *context)
{
	struct storage_snapshot *snapshot = storage_snapshot_open(fixture.storage);
	struct storage_record record;
	int outcome = storage_snapshot_get(snapshot, fixture.pods, str_from_c(context), 0, &record);

	storage_snapshot_close(&snapshot);
	return outcome == STORAGE_NOT_FOUND;
}

static void put_with_ttl(const char *name, int64_t ttl_seconds)
{
	struct storage_operation operation = {.type = STORAGE_PUT,
		.prefix = fixture.pods,
		.name = str_from_c(name),
		.value = STR("v"),
		.revision_offset = SIZE_MAX,
		.ttl_seconds = ttl_seconds};

	storage_fixture_commit(&fixture,
		&(struct storage_transaction){.operations = &operation, .operation_count = 1});
}

static void keys_expire_with_an_event_also_after_a_restart(void **state)
{
	(void)state;
	struct storage_fixture_watch watch = {0};
	struct storage_event *event;

	put_with_ttl("long", 3600);
	put_with_ttl("renewed", 1);
	put_with_ttl("kept", 1);
	put_with_ttl("short", 1);
	put_with_ttl("renewed", 3600);
	put_with_ttl("kept", 0);
	assert_int_equal(storage_watch_open(fixture.storage, fixture.pods, STR("short"),
				 storage_revision(fixture.storage), storage_fixture_note_call,
				 &watch, &watch.watch),
		0);
	event = storage_fixture_next(&fixture, &watch);
	assert_int_equal(event->type, STORAGE_EVENT_DELETE);
	assert_true(str_equal(blob_str(event->previous), STR("v")));
	storage_event_unref(&event);
	storage_watch_close(&watch.watch);
	put_with_ttl("across", 1);
	storage_fixture_reopen(&fixture);
	storage_fixture_run_until(&fixture, is_gone, "across");
	assert_list(&(struct storage_range){.prefix = fixture.pods}, "kept=v long=v renewed=v ");
}

#define STORAGE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORAGE_TEST(a_new_store_is_empty_at_revision_1),
		STORAGE_TEST(a_key_can_be_read_as_it_was_at_every_revision),
		STORAGE_TEST(the_revision_is_written_into_the_hole),
		STORAGE_TEST(lists_follow_the_order_of_names_and_their_bounds),
		STORAGE_TEST(names_longer_than_any_key_are_just_not_there),
		STORAGE_TEST(guards_refuse_and_say_what_they_found),
		STORAGE_TEST(a_transaction_is_all_or_nothing_at_one_revision),
		STORAGE_TEST(checks_alone_make_no_revision),
		STORAGE_TEST(a_thousand_queued_transactions_share_few_commits),
		STORAGE_TEST(closing_finishes_what_is_queued),
		STORAGE_TEST(a_second_owner_is_refused),
		STORAGE_TEST(a_remembered_request_is_found_until_its_history_goes),
		STORAGE_TEST(compaction_keeps_the_revisions_from_its_own_on),
		STORAGE_TEST(old_history_goes_by_itself_when_nothing_is_written),
		STORAGE_TEST(old_history_goes_after_a_restart),
		STORAGE_TEST(keys_expire_with_an_event_also_after_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
