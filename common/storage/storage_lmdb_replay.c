/* SPDX-License-Identifier: Apache-2.0 */
#include "storage_private.h"

/*
 * Replay of the log for a watch that memory no longer covers. One call makes at most one event, so
 * a slow reader holds nothing; it looks at a bounded number of entries of other prefixes, of which
 * only keys are touched. The value a change wrote is what the key's next change superseded, or the
 * newest one.
 */

enum {
	ENTRIES_PER_CALL = 8192
};

static struct blob *value_after(struct storage_snapshot *snapshot,
	const struct storage_prefix *prefix, struct str name, uint64_t position)
{
	struct storage_key key;
	struct log_entry entry;
	MDB_val value;

	if (storage_snapshot_find_superseded(snapshot, prefix, name, position, &entry))
		return blob_create(entry.previous);
	storage_key_name(&key, prefix, name);
	MDB_val key_value = storage_key_value(&key);

	storage_require(mdb_get(snapshot->txn, snapshot->storage->current, &key_value, &value),
		"replay value");
	return blob_create(storage_decode_current(value).value);
}

static struct storage_event *make_event(struct storage_snapshot *snapshot,
	struct storage_prefix *prefix, uint64_t position, const struct log_entry *entry)
{
	struct storage_event *event = storage_event_create(
		(enum storage_event_type)entry->header.type, position, prefix, entry->name);
	bool had_value = entry->header.previous_mod_revision != 0;

	event->create_revision =
		had_value ? entry->header.previous_create_revision : event->revision;
	if (had_value)
		event->previous = blob_create(entry->previous);
	if (event->type == STORAGE_EVENT_PUT)
		event->value = value_after(snapshot, prefix, entry->name, position);
	return event;
}

/* With no change on disk since the replay began, the ring is complete from there on. */
static void note_quiet_stretch(struct storage_watch *watch)
{
	if (!watch->replay_saw_change && watch->replay_from < watch->prefix->complete_from)
		watch->prefix->complete_from = watch->replay_from;
	watch->replay_from = UINT64_MAX;
}

static enum replay_outcome replay(struct storage_watch *watch, struct storage_snapshot *snapshot,
	MDB_cursor *cursor, struct storage_event **ret)
{
	struct storage_prefix *prefix = watch->prefix;
	struct storage_key start;
	MDB_val value;

	storage_key_begin(&start);
	storage_key_add_u64(&start, watch->next);
	MDB_val key = storage_key_value(&start);
	int result = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);

	for (int i = 0; storage_require_found(result, "replay"); i++) {
		uint64_t position = storage_decode_u64(key.mv_data);

		if (position >= prefix->complete_from)
			break;
		if (i == ENTRIES_PER_CALL)
			return REPLAY_PAUSED;
		watch->next = position + 1;
		if (storage_decode_u32((const char *)key.mv_data + sizeof(position)) ==
			prefix->id) {
			struct log_entry entry = storage_decode_log(value);

			watch->replay_saw_change = true;
			if (str_starts_with(entry.name, watch->below)) {
				*ret = make_event(snapshot, prefix, position, &entry);
				return REPLAY_EVENT;
			}
		}
		result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	watch->next = prefix->complete_from;
	note_quiet_stretch(watch);
	return REPLAY_CAUGHT_UP;
}

enum replay_outcome storage_watch_replay(struct storage_watch *watch, struct storage_event **ret)
{
	struct storage_snapshot *snapshot = storage_snapshot_open(watch->storage);
	uint64_t floor = snapshot->state.floor;
	enum replay_outcome outcome = REPLAY_COMPACTED;
	MDB_cursor *cursor;

	if (watch->replay_from == UINT64_MAX) {
		watch->replay_from = watch->next;
		watch->replay_saw_change = false;
	}
	if (position_revision(watch->next) > floor || floor == STORAGE_FIRST_REVISION) {
		storage_require(
			mdb_cursor_open(snapshot->txn, watch->storage->log, &cursor), "replay");
		outcome = replay(watch, snapshot, cursor, ret);
		mdb_cursor_close(cursor);
	}
	storage_snapshot_close(&snapshot);
	return outcome;
}
