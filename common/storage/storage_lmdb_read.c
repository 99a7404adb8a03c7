/* SPDX-License-Identifier: Apache-2.0 */
#include "storage_private.h"

#include "assertion.h"
#include "memory.h"

/*
 * A snapshot is an LMDB read transaction; they are reset and renewed, which costs no system call.
 * The newest state is `current` alone. A state at an older revision R is `current` merged in the
 * order of names with the keys of `history`: what was first superseded after R, or else is the
 * newest value, is the value at R, unless it was created after R.
 */

static struct storage_snapshot *snapshot_take(struct storage *storage)
{
	struct storage_snapshot *snapshot;

	if (storage->pooled_count > 0) {
		snapshot = storage->pooled[--storage->pooled_count];
		storage_require(mdb_txn_renew(snapshot->txn), "renew snapshot");
		return snapshot;
	}
	snapshot = MEMORY_NEW(struct storage_snapshot);
	snapshot->storage = storage;
	storage_require(
		mdb_txn_begin(storage->env, NULL, MDB_RDONLY, &snapshot->txn), "open snapshot");
	return snapshot;
}

struct storage_snapshot *storage_snapshot_open(struct storage *storage)
{
	struct storage_snapshot *snapshot = snapshot_take(storage);

	if (!storage_read_state(snapshot->txn, storage->main, &snapshot->state))
		storage_fatal("state", MDB_CORRUPTED);
	storage->open_snapshots++;
	return snapshot;
}

static void snapshot_free(struct storage_snapshot *snapshot)
{
	mdb_txn_abort(snapshot->txn);
	memory_free(snapshot);
}

void storage_snapshot_close(struct storage_snapshot **snapshot)
{
	struct storage_snapshot *gone = *snapshot;

	*snapshot = NULL;
	if (!gone)
		return;
	struct storage *storage = gone->storage;

	storage->open_snapshots--;
	if (storage->pooled_count == STORAGE_POOLED_SNAPSHOTS) {
		snapshot_free(gone);
		return;
	}
	mdb_txn_reset(gone->txn);
	storage->pooled[storage->pooled_count++] = gone;
}

void storage_snapshots_free(struct storage *storage)
{
	while (storage->pooled_count > 0)
		snapshot_free(storage->pooled[--storage->pooled_count]);
}

uint64_t storage_snapshot_revision(const struct storage_snapshot *snapshot)
{
	return snapshot->state.revision;
}

static int check_revision(const struct storage_snapshot *snapshot, uint64_t revision)
{
	if (revision == 0)
		return 0;
	if (revision > snapshot->state.revision)
		return STORAGE_FUTURE_REVISION;
	return revision < snapshot->state.floor ? STORAGE_COMPACTED : 0;
}

static bool is_latest(const struct storage_snapshot *snapshot, uint64_t revision)
{
	return revision == 0 || revision == snapshot->state.revision;
}

static void fill_from_current(MDB_val value, struct str name, struct storage_record *ret)
{
	struct current_record record = storage_decode_current(value);

	*ret = (struct storage_record){.name = name,
		.value = record.value,
		.mod_revision = record.header.mod_revision,
		.create_revision = record.header.create_revision};
}

static void fill_from_log(const struct log_entry *entry, struct storage_record *ret)
{
	*ret = (struct storage_record){.name = entry->name,
		.value = entry->previous,
		.mod_revision = entry->header.previous_mod_revision,
		.create_revision = entry->header.previous_create_revision};
}

static bool find_change_after(struct storage_snapshot *snapshot, MDB_val key,
	uint64_t after_position, uint64_t *ret_position)
{
	struct storage_key position;
	MDB_cursor *cursor;

	storage_key_begin(&position);
	storage_key_add_u64(&position, after_position + 1);
	MDB_val value = storage_key_value(&position);

	storage_require(mdb_cursor_open(snapshot->txn, snapshot->storage->history, &cursor),
		"read history");
	bool found = storage_require_found(
		mdb_cursor_get(cursor, &key, &value, MDB_GET_BOTH_RANGE), "read history");

	if (found)
		*ret_position = storage_decode_u64(value.mv_data);
	mdb_cursor_close(cursor);
	return found;
}

bool storage_snapshot_find_superseded(struct storage_snapshot *snapshot,
	const struct storage_prefix *prefix, struct str name, uint64_t after_position,
	struct log_entry *ret)
{
	struct storage_key key;
	uint64_t position;

	storage_key_name(&key, prefix, name);
	if (!find_change_after(snapshot, storage_key_value(&key), after_position, &position))
		return false;
	storage_key_log(&key, prefix, position);
	MDB_val key_value = storage_key_value(&key), value;

	storage_require(
		mdb_get(snapshot->txn, snapshot->storage->log, &key_value, &value), "read log");
	*ret = storage_decode_log(value);
	return true;
}

static uint64_t end_of_revision(uint64_t revision)
{
	return position_make(revision + 1, 0) - 1;
}

/*
 * Turns the newest record (if the key is there now) into that at the revision; false: there was
 * none.
 */
static bool record_as_of(struct storage_snapshot *snapshot, const struct storage_prefix *prefix,
	struct str name, uint64_t revision, bool is_there_now, struct storage_record *record)
{
	struct log_entry entry;

	if (is_there_now && record->mod_revision <= revision)
		return true;
	if (storage_snapshot_find_superseded(
		    snapshot, prefix, name, end_of_revision(revision), &entry))
		fill_from_log(&entry, record);
	else if (!is_there_now)
		return false;
	return record->create_revision <= revision;
}

int storage_snapshot_get(struct storage_snapshot *snapshot, struct storage_prefix *prefix,
	struct str name, uint64_t revision, struct storage_record *ret)
{
	int outcome = check_revision(snapshot, revision);
	struct storage_record record = {0};
	struct storage_key key;

	if (outcome != 0)
		return outcome;
	if (name.length > STORAGE_NAME_MAX_BYTES)
		return STORAGE_NOT_FOUND;
	storage_key_name(&key, prefix, name);
	MDB_val key_value = storage_key_value(&key), value;
	bool found = storage_require_found(
		mdb_get(snapshot->txn, snapshot->storage->current, &key_value, &value), "read");

	if (found)
		fill_from_current(value, name, &record);
	if (!is_latest(snapshot, revision))
		found = record_as_of(snapshot, prefix, name, revision, found, &record);
	if (!found)
		return STORAGE_NOT_FOUND;
	record.name = name;
	*ret = record;
	return 0;
}

/* ---- Scans ---- */

/* A cursor over the keys of a range, of `current` or of `history`. */
struct walk {
	MDB_cursor *cursor;
	MDB_cursor_op step;
	MDB_val key, value;
	bool at_end;
};

struct scan {
	struct storage_snapshot *snapshot;
	const struct storage_range *range;
	struct storage_key start;
	bool skip_start;
	struct storage_key common; /* what all keys of the range start with */
	storage_visit_fn visit;
	void *context;
};

static void check_in_range(struct walk *walk, const struct scan *scan, int result)
{
	struct str key;

	if (!storage_require_found(result, "scan")) {
		walk->at_end = true;
		return;
	}
	key = str_from(walk->key.mv_data, walk->key.mv_size);
	walk->at_end = !str_starts_with(key, str_from(scan->common.bytes, scan->common.length));
}

static void walk_next(struct walk *walk, const struct scan *scan)
{
	check_in_range(
		walk, scan, mdb_cursor_get(walk->cursor, &walk->key, &walk->value, walk->step));
}

static void walk_open(struct walk *walk, struct scan *scan, MDB_dbi dbi, MDB_cursor_op step)
{
	struct str start = str_from(scan->start.bytes, scan->start.length);

	storage_require(mdb_cursor_open(scan->snapshot->txn, dbi, &walk->cursor), "scan");
	walk->step = step;
	walk->key = storage_key_value(&scan->start);
	check_in_range(
		walk, scan, mdb_cursor_get(walk->cursor, &walk->key, &walk->value, MDB_SET_RANGE));
	if (!walk->at_end && scan->skip_start &&
		str_equal(str_from(walk->key.mv_data, walk->key.mv_size), start))
		walk_next(walk, scan);
}

static void walk_close(struct walk *walk)
{
	mdb_cursor_close(walk->cursor);
}

static struct str walk_name(const struct walk *walk)
{
	return str_skip(str_from(walk->key.mv_data, walk->key.mv_size), sizeof(uint32_t));
}

/* False when no name can be in the range. Cuts what is longer than any name can be. */
static bool scan_prepare(struct scan *scan)
{
	const struct storage_range *range = scan->range;
	struct str start = range->start_after;

	if (range->below.length > STORAGE_NAME_MAX_BYTES)
		return false;
	storage_key_name(&scan->common, range->prefix, range->below);
	scan->skip_start = !str_is_empty(start) && !range->start_inclusive;
	if (start.length > STORAGE_NAME_MAX_BYTES) {
		start.length = STORAGE_NAME_MAX_BYTES;
		scan->skip_start = true;
	}
	if (str_compare(start, range->below) < 0) {
		start = range->below;
		scan->skip_start = false;
	}
	storage_key_name(&scan->start, range->prefix, start);
	return true;
}

static void scan_latest(struct scan *scan)
{
	struct walk walk;
	struct storage_record record;
	bool go_on = true;

	walk_open(&walk, scan, scan->snapshot->storage->current, MDB_NEXT);
	while (!walk.at_end && go_on) {
		fill_from_current(walk.value, walk_name(&walk), &record);
		go_on = scan->visit(scan->context, &record);
		if (go_on)
			walk_next(&walk, scan);
	}
	walk_close(&walk);
}

/* One name of the merge; moves past it. False: the visitor has had enough. */
static bool visit_merged(struct scan *scan, struct walk *current, struct walk *history)
{
	uint64_t revision = scan->range->revision;
	struct storage_record record = {0};
	bool present = false;
	int order = current->at_end   ? 1
		    : history->at_end ? -1
				      : str_compare(walk_name(current), walk_name(history));

	if (order <= 0)
		fill_from_current(current->value, walk_name(current), &record);
	if (order < 0)
		present = record.mod_revision <= revision;
	else
		present = record_as_of(scan->snapshot, scan->range->prefix, walk_name(history),
			revision, order == 0, &record);
	if (present && !scan->visit(scan->context, &record))
		return false;
	if (order <= 0)
		walk_next(current, scan);
	if (order >= 0)
		walk_next(history, scan);
	return true;
}

static void scan_exact(struct scan *scan)
{
	struct storage *storage = scan->snapshot->storage;
	struct walk current, history;

	walk_open(&current, scan, storage->current, MDB_NEXT);
	walk_open(&history, scan, storage->history, MDB_NEXT_NODUP);
	while (!(current.at_end && history.at_end) && visit_merged(scan, &current, &history))
		continue;
	walk_close(&history);
	walk_close(&current);
}

int storage_snapshot_scan(struct storage_snapshot *snapshot, const struct storage_range *range,
	storage_visit_fn visit, void *context)
{
	struct scan scan = {
		.snapshot = snapshot, .range = range, .visit = visit, .context = context};
	int outcome = check_revision(snapshot, range->revision);

	if (outcome != 0 || !scan_prepare(&scan))
		return outcome;
	if (is_latest(snapshot, range->revision))
		scan_latest(&scan);
	else
		scan_exact(&scan);
	return 0;
}

struct counting {
	uint64_t count;
	uint64_t maximum;
};

static bool count_one(void *context, const struct storage_record *record)
{
	struct counting *counting = context;

	(void)record;
	return ++counting->count != counting->maximum;
}

/* Of the newest state only keys are looked at, values stay untouched. */
static void count_latest(struct scan *scan, struct counting *counting)
{
	struct walk walk;

	walk_open(&walk, scan, scan->snapshot->storage->current, MDB_NEXT);
	while (!walk.at_end && count_one(counting, NULL))
		walk_next(&walk, scan);
	walk_close(&walk);
}

int storage_snapshot_count(struct storage_snapshot *snapshot, const struct storage_range *range,
	uint64_t maximum, uint64_t *ret_count)
{
	struct counting counting = {.maximum = maximum};
	struct scan scan = {
		.snapshot = snapshot, .range = range, .visit = count_one, .context = &counting};
	int outcome = check_revision(snapshot, range->revision);

	if (outcome != 0)
		return outcome;
	if (scan_prepare(&scan)) {
		if (is_latest(snapshot, range->revision))
			count_latest(&scan, &counting);
		else
			scan_exact(&scan);
	}
	*ret_count = counting.count;
	return 0;
}

int storage_snapshot_find_request(
	struct storage_snapshot *snapshot, struct str request_id, struct storage_remembered *ret)
{
	struct storage *storage = snapshot->storage;
	MDB_val key = {.mv_size = request_id.length, .mv_data = (char *)request_id.data}, value;
	struct request_header header;

	if (str_is_empty(request_id) || request_id.length > STORAGE_REQUEST_ID_MAX_BYTES ||
		!storage_require_found(
			mdb_get(snapshot->txn, storage->requests, &key, &value), "read request"))
		return STORAGE_NOT_FOUND;
	if (value.mv_size < sizeof(header))
		storage_fatal("request", MDB_CORRUPTED);
	memcpy(&header, value.mv_data, sizeof(header));
	struct storage_prefix *prefix = storage_prefix_find_id(storage, header.prefix_id);

	if (!prefix)
		storage_fatal("request", MDB_CORRUPTED);
	*ret = (struct storage_remembered){
		.revision = header.revision,
		.type = (enum storage_operation_type)header.type,
		.prefix_text = prefix->text,
		.name = str_skip(str_from(value.mv_data, value.mv_size), sizeof(header)),
	};
	return 0;
}
