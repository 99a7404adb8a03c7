/* SPDX-License-Identifier: Apache-2.0 */
#include "storage_private.h"

#include "clock.h"
#include "event_loop.h"

/*
 * Keys whose time has come are deleted by ordinary transactions, guarded by the revision that set
 * the deadline, so that watches see them go and a key written anew in between stays.
 */

enum {
	EXPIRE_AT_ONCE = 256
};

/* The wall clock may be set; look again at least this often while something is to expire. */
static const int64_t look_again_seconds = 30;

static void arm(struct storage *storage, int64_t deadline_seconds)
{
	uint32_t microseconds;
	int64_t now = clock_wall_seconds(&microseconds);
	int64_t wait = deadline_seconds - now;
	uint64_t delay_ns = 0;

	if (wait > look_again_seconds)
		wait = look_again_seconds;
	if (wait > 0)
		delay_ns = (uint64_t)wait * 1000000000 - (uint64_t)microseconds * 1000;
	storage->expiry_at = deadline_seconds;
	event_timer_start(storage->expiry_timer, delay_ns);
}

static void expire_due(void *context);

static void expired(void *context, const struct storage_commit_result *result)
{
	struct storage *storage = context;

	(void)result;
	if (--storage->expiring == 0 && storage->expiry_timer)
		expire_due(storage);
}

static void expire_one(struct storage *storage, MDB_val key, MDB_val value)
{
	struct str rest = str_from(key.mv_data, key.mv_size);
	struct storage_operation operation = {.type = STORAGE_DELETE};

	if (rest.length < 12 || value.mv_size != sizeof(operation.expected_revision))
		storage_fatal("deadline", MDB_CORRUPTED);
	operation.prefix = storage_prefix_find_id(storage, storage_decode_u32(rest.data + 8));
	if (!operation.prefix)
		storage_fatal("deadline", MDB_CORRUPTED);
	operation.name = str_skip(rest, 12);
	memcpy(&operation.expected_revision, value.mv_data, sizeof(operation.expected_revision));
	storage->expiring++;
	storage_commit(storage,
		&(struct storage_transaction){.operations = &operation, .operation_count = 1},
		expired, storage);
}

/* Runs again when the deletes are done, so no key is asked for twice. */
static void expire_due(void *context)
{
	struct storage *storage = context;
	struct storage_snapshot *snapshot = storage_snapshot_open(storage);
	int64_t now = clock_wall_seconds(NULL), later = 0;
	MDB_cursor *cursor;
	MDB_val key, value;

	storage_require(mdb_cursor_open(snapshot->txn, storage->expiry, &cursor), "expire");
	for (int i = 0;
		i < EXPIRE_AT_ONCE &&
		storage_require_found(mdb_cursor_get(cursor, &key, &value, MDB_NEXT), "expire");
		i++) {
		int64_t deadline = (int64_t)storage_decode_u64(key.mv_data);

		if (deadline > now) {
			later = deadline;
			break;
		}
		expire_one(storage, key, value);
	}
	mdb_cursor_close(cursor);
	storage_snapshot_close(&snapshot);
	if (storage->expiring == 0 && later != 0)
		arm(storage, later);
}

void storage_expiry_note(struct storage *storage, int64_t deadline_seconds)
{
	if (storage->expiring > 0 || !storage->expiry_timer)
		return;
	if (!event_timer_is_running(storage->expiry_timer) || deadline_seconds < storage->expiry_at)
		arm(storage, deadline_seconds);
}

void storage_expiry_start(struct storage *storage)
{
	storage->expiry_timer = event_timer_create(storage->loop, expire_due, storage);
	event_timer_start(storage->expiry_timer, 0);
}

void storage_expiry_stop(struct storage *storage)
{
	event_timer_destroy(&storage->expiry_timer);
}
