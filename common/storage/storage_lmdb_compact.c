/* SPDX-License-Identifier: Apache-2.0 */
#include "storage_private.h"

#include "assertion.h"
#include "clock.h"
#include "memory.h"

/*
 * How old a revision is, is known from time marks: "at this time that revision was the newest".
 * Within a process they count by the monotonic clock; on disk they carry wall seconds, so after a
 * restart they are as old as the wall clock says (one from the future counts as new).
 *
 * When a mark is as old as history is long, its revision becomes the floor. That is one number;
 * the entries below it are deleted a few at a time with the writes that come by, and by the
 * writer's own transactions when none come. In which order they go makes no difference to reads.
 */

enum {
	MARKS_PER_HISTORY = 8
};

static const int64_t mark_interval_longest_ns = INT64_C(15000000000);

static int64_t mark_interval_ns(const struct storage *storage)
{
	uint64_t interval_ns = storage->history_ns / MARKS_PER_HISTORY;

	return interval_ns < (uint64_t)mark_interval_longest_ns ? (int64_t)interval_ns
								: mark_interval_longest_ns;
}

static void mark_key(struct storage_key *key, uint64_t revision)
{
	storage_key_begin(key);
	storage_key_add_text(key, STR("time"));
	storage_key_add_u64(key, revision);
}

static void remember_mark(struct writer *writer, uint64_t revision, int64_t at_ns)
{
	if (writer->mark_count == writer->mark_capacity) {
		writer->mark_capacity = writer->mark_capacity ? writer->mark_capacity * 2 : 32;
		writer->marks = memory_resize(
			writer->marks, writer->mark_capacity * sizeof(*writer->marks));
	}
	writer->marks[writer->mark_count++] = (struct time_mark){revision, at_ns};
	writer->last_marked_revision = revision;
}

void storage_marks_load(struct storage *storage, MDB_txn *txn)
{
	struct writer *writer = &storage->writer;
	struct storage_key first;
	MDB_cursor *cursor;
	int64_t now_ns = (int64_t)clock_now_ns(), wall_seconds = clock_wall_seconds(NULL);

	mark_key(&first, 0);
	writer->last_marked_revision = writer->state.floor;
	writer->last_mark_ns = now_ns - mark_interval_ns(storage);
	MDB_val key = storage_key_value(&first), value;

	storage_require(mdb_cursor_open(txn, storage->main, &cursor), "read marks");
	int result = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);

	while (storage_require_found(result, "read marks") && key.mv_size == first.length &&
		memcmp(key.mv_data, "time", 4) == 0 && value.mv_size == sizeof(int64_t)) {
		int64_t marked_seconds, age_seconds;
		const int64_t oldest_seconds = 1000000000;

		memcpy(&marked_seconds, value.mv_data, sizeof(marked_seconds));
		age_seconds = marked_seconds < 0 || marked_seconds > wall_seconds
				      ? 0
				      : wall_seconds - marked_seconds;
		if (age_seconds > oldest_seconds)
			age_seconds = oldest_seconds;
		remember_mark(writer, storage_decode_u64((const char *)key.mv_data + 4),
			now_ns - age_seconds * 1000000000);
		result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
}

static void write_mark(struct storage *storage, uint64_t revision, int64_t now_ns)
{
	struct writer *writer = &storage->writer;
	int64_t wall_seconds = clock_wall_seconds(NULL);
	MDB_val value = {.mv_size = sizeof(wall_seconds), .mv_data = &wall_seconds};
	struct storage_key key;

	mark_key(&key, revision);
	MDB_val key_value = storage_key_value(&key);

	storage_require(mdb_put(writer->txn, storage->main, &key_value, &value, 0), "write mark");
	remember_mark(writer, revision, now_ns);
	writer->last_mark_ns = now_ns;
	writer->is_dirty = true;
}

/* With the batch applied, so that its own revisions are covered. */
static void mark_time(struct storage *storage, int64_t now_ns)
{
	struct writer *writer = &storage->writer;

	if (writer->state.revision > writer->last_marked_revision &&
		now_ns - writer->last_mark_ns >= mark_interval_ns(storage))
		write_mark(storage, writer->state.revision, now_ns);
}

void storage_compaction_raise_floor(struct storage *storage, uint64_t revision)
{
	struct writer *writer = &storage->writer;

	if (revision > writer->state.revision)
		revision = writer->state.revision;
	if (revision <= writer->state.floor)
		return;
	writer->state.floor = revision;
	writer->entries_below_floor = true;
	writer->is_dirty = true;
}

static void drop_first_mark(struct storage *storage)
{
	struct writer *writer = &storage->writer;
	struct storage_key key;

	mark_key(&key, writer->marks[0].revision);
	MDB_val key_value = storage_key_value(&key);

	storage_require_found(mdb_del(writer->txn, storage->main, &key_value, NULL), "delete mark");
	writer->mark_count--;
	memmove(writer->marks, writer->marks + 1, writer->mark_count * sizeof(*writer->marks));
	writer->is_dirty = true;
}

static void move_floor(struct storage *storage, int64_t now_ns)
{
	struct writer *writer = &storage->writer;

	while (writer->mark_count > 0 &&
		(writer->marks[0].revision <= writer->state.floor ||
			now_ns - writer->marks[0].at_ns >= (int64_t)storage->history_ns)) {
		storage_compaction_raise_floor(storage, writer->marks[0].revision);
		drop_first_mark(storage);
	}
}

/* The request may have been written again since, under a later revision. */
static void forget_request(struct storage *storage, struct str request_id, uint64_t revision)
{
	MDB_val key = {.mv_size = request_id.length, .mv_data = (char *)request_id.data}, value;
	struct request_header header;

	if (!storage_require_found(
		    mdb_get(storage->writer.txn, storage->requests, &key, &value), "read request"))
		return;
	if (value.mv_size < sizeof(header))
		storage_fatal("request", MDB_CORRUPTED);
	memcpy(&header, value.mv_data, sizeof(header));
	if (header.revision == revision)
		storage_require(mdb_del(storage->writer.txn, storage->requests, &key, NULL),
			"delete request");
}

/* Deletes the first log entry when it is below the floor; false: it is not. */
static bool delete_first_entry(struct storage *storage, MDB_cursor *cursor)
{
	MDB_txn *txn = storage->writer.txn;
	struct storage_key name_key, position_key;
	char request_id[UINT8_MAX];
	MDB_val key, value;

	if (!storage_require_found(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), "read log"))
		return false;
	if (key.mv_size != sizeof(uint64_t) + sizeof(uint32_t))
		storage_fatal("log", MDB_CORRUPTED);
	uint64_t position = storage_decode_u64(key.mv_data);

	if (position_revision(position) > storage->writer.state.floor)
		return false;
	struct log_entry entry = storage_decode_log(value);
	size_t request_length = entry.request_id.length;
	bool is_in_history = entry.header.previous_mod_revision != 0;

	storage_key_begin(&name_key);
	storage_key_add_text(&name_key, str_from((const char *)key.mv_data + sizeof(uint64_t), 4));
	storage_key_add_text(&name_key, entry.name);
	storage_key_begin(&position_key);
	storage_key_add_u64(&position_key, position);
	if (request_length > 0)
		memcpy(request_id, entry.request_id.data, request_length);
	storage_require(mdb_cursor_del(cursor, 0), "delete log");
	key = storage_key_value(&name_key);
	value = storage_key_value(&position_key);
	if (is_in_history)
		storage_require(mdb_del(txn, storage->history, &key, &value), "delete history");
	if (request_length > 0)
		forget_request(
			storage, str_from(request_id, request_length), position_revision(position));
	return true;
}

static void delete_entries(struct storage *storage, size_t maximum)
{
	MDB_cursor *cursor;

	storage_require(mdb_cursor_open(storage->writer.txn, storage->log, &cursor), "compact");
	for (size_t i = 0; i < maximum && storage->writer.entries_below_floor; i++) {
		if (delete_first_entry(storage, cursor))
			storage->writer.is_dirty = true;
		else
			storage->writer.entries_below_floor = false;
	}
	mdb_cursor_close(cursor);
}

void storage_compaction_step(struct storage *storage, size_t maximum)
{
	int64_t now_ns = (int64_t)clock_now_ns();

	mark_time(storage, now_ns);
	move_floor(storage, now_ns);
	if (storage->writer.entries_below_floor)
		delete_entries(storage, maximum);
}

uint64_t storage_compaction_due_ns(const struct storage *storage)
{
	const struct writer *writer = &storage->writer;
	int64_t due_ns = INT64_MAX, mark_ns;

	if (writer->entries_below_floor)
		return 0;
	if (writer->mark_count > 0)
		due_ns = writer->marks[0].at_ns + (int64_t)storage->history_ns;
	if (writer->state.revision > writer->last_marked_revision) {
		/* Not right behind a lone write: that would be a second sync for each. */
		mark_ns = (int64_t)writer->last_batch_ns + mark_interval_ns(storage);
		if (mark_ns < due_ns)
			due_ns = mark_ns;
	}
	return due_ns == INT64_MAX ? UINT64_MAX : due_ns < 0 ? 0 : (uint64_t)due_ns;
}
