/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_STORAGE_PRIVATE_H
#define TROIKA_STORAGE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include <lmdb.h>

#include "blob.h"
#include "map.h"
#include "storage.h"

/*
 * The engine over LMDB. One environment with these databases; integers in keys are big-endian so
 * that LMDB's bytewise order is theirs, integers in values are the machine's own.
 *
 *   prefixes  text -> id
 *   current   id + name -> record_header, value. The newest values, clustered: a LIST is one scan.
 *   log       position + id -> log_header, request id, name, the value before this change. So each
 *             version is stored once: in `current` while it is the newest, then in the log entry
 *             of the change that superseded it. The id in the key lets a replay skip without
 *             touching values.
 *   history   id + name -> position of each change that superseded a value (sorted duplicates). A
 *             read at revision R takes the first one after R and reads what it superseded: that is
 *             the value at R if it was created by then. Creations need no entry, so a create
 *             writes a page or two less.
 *   requests  request id -> request_header, name of the first operation
 *   expiry    deadline + id + name -> mod_revision
 *   main      LMDB's unnamed database, which each commit writes anyway: "state" -> stored_state,
 *             "time" + revision -> wall seconds when it was the newest
 *
 * The floor is the oldest readable revision F: log entries at or before it may be gone, for a read
 * at R >= F needs only changes after R. (The public compacted revision is F - 1.)
 *
 * A position is a revision and an operation's index in one number.
 */

#define STORAGE_FORMAT_VERSION  1
#define STORAGE_FIRST_REVISION  1
#define POSITION_OPERATION_BITS 16
#define STORAGE_REVISION_MAX    (UINT64_C(1) << 47)

enum {
	STORAGE_RECENT_MAX_EVENTS = 4096,
	STORAGE_RECENT_MAX_BYTES = 8 << 20,
	STORAGE_KEY_MAX_BYTES = 511, /* LMDB's own bound */
	STORAGE_POOLED_SNAPSHOTS = 8,
};

static inline uint64_t position_make(uint64_t revision, uint64_t operation)
{
	return revision << POSITION_OPERATION_BITS | operation;
}

static inline uint64_t position_revision(uint64_t position)
{
	return position >> POSITION_OPERATION_BITS;
}

/* ---- On disk ---- */

struct stored_state {
	uint64_t format_version;
	uint64_t revision;
	uint64_t floor;
};

struct record_header {
	uint64_t mod_revision;
	uint64_t create_revision;
	int64_t deadline_seconds; /* wall time; 0: never */
};

struct log_header {
	uint64_t previous_mod_revision; /* 0: there was no value */
	uint64_t previous_create_revision;
	uint16_t name_length;
	uint8_t request_length;
	uint8_t type; /* enum storage_event_type */
	uint32_t reserved;
};

struct request_header {
	uint64_t revision;
	uint32_t prefix_id;
	uint32_t type; /* enum storage_operation_type */
};

/* A log entry taken apart; points into the page. */
struct log_entry {
	struct log_header header;
	struct str request_id;
	struct str name;
	struct str previous;
};

/* A record of `current` taken apart. */
struct current_record {
	struct record_header header;
	struct str value;
};

/* A key under construction. */
struct storage_key {
	size_t length;
	char bytes[STORAGE_KEY_MAX_BYTES + 1];
};

/* ---- Prefixes and their recent events ---- */

TAILQ_HEAD(watch_list, storage_watch);

struct storage_prefix {
	struct str text;
	uint32_t id;
	bool on_disk; /* the writer's */
	/* A ring of events; positions count up for ever and are masked when used. */
	struct storage_event **events;
	size_t capacity; /* power of two or 0 */
	size_t head, tail;
	/* The ring holds all of the prefix' changes at and after this position. */
	uint64_t complete_from;
	struct watch_list waiting;
};

enum watch_state {
	WATCH_READING, /* its owner is to call storage_watch_next */
	WATCH_WAITING, /* in prefix->waiting: nothing is there for it */
	WATCH_WAKING,  /* in storage->waking: on_readable is about to be called */
};

struct storage_watch {
	struct storage *storage;
	struct storage_prefix *prefix;
	struct str below;
	uint64_t next; /* the first position not yet looked at */
	enum watch_state state;
	TAILQ_ENTRY(storage_watch) link;
	storage_readable_fn on_readable;
	void *context;
	/* While it replays from disk: where that began, and whether the prefix had changes since.
	 */
	uint64_t replay_from;
	bool replay_saw_change;
};

/* ---- Transactions on their way ---- */

struct write_operation {
	enum storage_operation_type type;
	struct storage_prefix *prefix;
	struct str name;
	uint64_t expected_revision;
	struct blob *value;  /* with room for the revision */
	size_t value_length; /* without the revision */
	size_t revision_offset;
	size_t gap; /* bytes left open at revision_offset */
	int64_t ttl_seconds;
	struct storage_event *event; /* made by the writer */
};

struct write {
	struct write *next;
	storage_commit_fn done;
	void *context;
	bool is_compaction;
	uint64_t compact_revision;
	struct storage_commit_result result;
	int64_t earliest_deadline; /* wall seconds; 0: none */
	struct str request_id;
	size_t operation_count;
	struct write_operation operations[];
};

struct write_list {
	struct write *first;
	struct write **end;
};

/* At this time of this process' clock the revision was the newest one. */
struct time_mark {
	uint64_t revision;
	int64_t at_ns;
};

struct writer {
	pthread_t thread;
	/* Under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_cond_t idle;
	struct write_list queued;
	struct write_list results;
	bool is_waiting;
	bool is_busy;
	bool is_stopping;
	uint64_t commits;
	int result_fd;

	/* The thread's own, and storage_open()'s before it runs. */
	MDB_txn *txn;
	bool is_dirty;
	size_t log_entries_added;
	struct stored_state state;
	struct time_mark *marks; /* oldest first */
	size_t mark_count, mark_capacity;
	uint64_t last_batch_ns;
	int64_t last_mark_ns;
	uint64_t last_marked_revision;
	bool entries_below_floor; /* there may be some left to delete */
};

struct storage {
	struct event_loop *loop;
	MDB_env *env;
	int lock_fd;
	uint64_t history_ns;
	MDB_dbi prefixes, current, log, history, requests, expiry, main;

	struct map prefix_by_text;
	struct storage_prefix **prefix_by_id;
	size_t prefix_count, prefix_capacity;

	uint64_t revision;      /* handed to watches */
	_Atomic uint64_t floor; /* committed by the writer */
	uint64_t transactions;

	struct storage_snapshot *pooled[STORAGE_POOLED_SNAPSHOTS];
	size_t pooled_count;
	size_t open_snapshots;

	size_t open_watches;
	struct watch_list waking;
	bool wake_is_deferred;
	struct storage_event *recent_first, *recent_last;
	size_t recent_count, recent_bytes;

	struct event_descriptor *result_descriptor;
	struct write_list delivering;
	bool delivery_is_deferred;

	struct event_timer *expiry_timer;
	int64_t expiry_at; /* wall seconds the timer runs for */
	size_t expiring;   /* deletes on their way */

	struct writer writer;
};

struct storage_snapshot {
	struct storage *storage;
	MDB_txn *txn;
	struct stored_state state;
};

/* ---- storage_lmdb.c: keys, records, errors ---- */

/* Says why and ends the process: the store never goes on after such a failure. */
_Noreturn void storage_fatal(const char *what, int lmdb_result);
/* Fatal unless it is MDB_SUCCESS. */
void storage_require(int lmdb_result, const char *what);
/* As storage_require; false for MDB_NOTFOUND. */
bool storage_require_found(int lmdb_result, const char *what);
void storage_key_begin(struct storage_key *key);
void storage_key_add_u64(struct storage_key *key, uint64_t value);
void storage_key_add_u32(struct storage_key *key, uint32_t value);
void storage_key_add_text(struct storage_key *key, struct str text);
MDB_val storage_key_value(struct storage_key *key);
/* The key of `current` and `history`. */
void storage_key_name(
	struct storage_key *key, const struct storage_prefix *prefix, struct str name);
void storage_key_log(
	struct storage_key *key, const struct storage_prefix *prefix, uint64_t position);
void storage_key_expiry(struct storage_key *key, int64_t deadline_seconds,
	const struct storage_prefix *prefix, struct str name);
uint64_t storage_decode_u64(const void *bytes);
uint32_t storage_decode_u32(const void *bytes);
struct log_entry storage_decode_log(MDB_val value);
struct current_record storage_decode_current(MDB_val value);
/* False when there is none. */
bool storage_read_state(MDB_txn *txn, MDB_dbi main, struct stored_state *ret);

/* ---- storage_lmdb_prefix.c ---- */

/* Adds one with a given id (as read from disk). */
struct storage_prefix *storage_prefix_add(struct storage *storage, struct str text, uint32_t id);
struct storage_prefix *storage_prefix_find_id(const struct storage *storage, uint32_t id);
void storage_prefixes_free(struct storage *storage);

/* ---- storage_lmdb_write.c: the queue and the thread ---- */

int storage_writer_start(struct storage *storage, struct error *err) WARN_UNUSED;
/* Finishes what is queued, delivers it, ends the thread. */
void storage_writer_stop(struct storage *storage);
void write_list_init(struct write_list *list);

/* ---- storage_lmdb_apply.c: one transaction, in the writer ---- */

void storage_apply(struct storage *storage, struct write *write);

/* ---- storage_lmdb_compact.c: in the writer ---- */

void storage_marks_load(struct storage *storage, MDB_txn *txn);
/* Part of each batch: notes the time, moves the floor, deletes at most `maximum` log entries. */
void storage_compaction_step(struct storage *storage, size_t maximum);
void storage_compaction_raise_floor(struct storage *storage, uint64_t revision);
/* When the idle writer has a step to do, by clock_now_ns(); UINT64_MAX: never. */
uint64_t storage_compaction_due_ns(const struct storage *storage);

/* ---- storage_lmdb_read.c ---- */

void storage_snapshots_free(struct storage *storage);
/* The first value of the key that was superseded after the position; false: none was. */
bool storage_snapshot_find_superseded(struct storage_snapshot *snapshot,
	const struct storage_prefix *prefix, struct str name, uint64_t after_position,
	struct log_entry *ret);

/* ---- storage_lmdb_watch.c ---- */

struct storage_event *storage_event_create(enum storage_event_type type, uint64_t position,
	struct storage_prefix *prefix, struct str name);
/* Takes the event (a reference). Calls nobody: wake-ups are deferred. */
void storage_publish(struct storage *storage, struct storage_event *event);
/* Forgets recent events and deferred wake-ups. */
void storage_watches_fini(struct storage *storage);

/* ---- storage_lmdb_replay.c ---- */

enum replay_outcome {
	REPLAY_EVENT,
	REPLAY_CAUGHT_UP, /* the rest is in memory */
	REPLAY_PAUSED,    /* much was skipped: go on in the loop's next turn */
	REPLAY_COMPACTED,
};
enum replay_outcome storage_watch_replay(struct storage_watch *watch, struct storage_event **ret);

/* ---- storage_lmdb_expire.c ---- */

void storage_expiry_start(struct storage *storage);
/* A key with this deadline was written. */
void storage_expiry_note(struct storage *storage, int64_t deadline_seconds);
void storage_expiry_stop(struct storage *storage);

#endif
