/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_STORAGE_H
#define TROIKA_STORAGE_H

#include "error.h"

/*
 * A revisioned key-value store with watches: what an API server needs of etcd, whatever lies below.
 *
 * A key is a resource prefix ("/registry/pods/") and a name below it ("default/web-0"). All
 * functions are called on the owner's event loop thread, and callbacks run there. Revisions are
 * positive, one per transaction, and never used twice.
 *
 * A value is bytes with a hole: the store writes the transaction's revision as decimal text into
 * the value at revision_offset, so that the stored bytes can be served as they are.
 */
struct storage;
struct storage_snapshot;
struct storage_watch;
struct event_loop;

/*
 * Bounds that the layer above checks before it calls; a write beyond them is a bug and ends the
 * process. Reads take any name, start or `below`: one that is too long is just not there.
 */
#define STORAGE_NAME_MAX_BYTES       480
#define STORAGE_PREFIX_MAX_BYTES     480
#define STORAGE_REQUEST_ID_MAX_BYTES 64
#define STORAGE_OPERATIONS_MAX       65535

/* Positive outcomes. */
enum {
	STORAGE_NOT_FOUND = 1,   /* no such key at that revision */
	STORAGE_COMPACTED,       /* the revision's history is gone */
	STORAGE_FUTURE_REVISION, /* the revision has not been reached */
	STORAGE_AGAIN,           /* no event now; on_readable will be called */
};

struct storage_options {
	struct event_loop *loop;
	const char *directory;   /* exists and is private to this process' user */
	uint64_t map_size_bytes; /* upper bound of the file; 0: 64 GiB (sparse) */
	uint64_t history_ns;     /* how long old revisions stay readable; 0: 5 minutes */
	bool no_sync;            /* for tests and benchmarks only: skip the sync at commit */
};

/*
 * Opens (creates, recovers) the store and takes its lock: a second owner fails. Starts the writer
 * thread. A failed sync is fatal to the process: storage never goes on after one.
 */
int storage_open(
	const struct storage_options *options, struct storage **ret, struct error *err) WARN_UNUSED;
/*
 * Finishes queued transactions (their done functions run within this call), then closes. Watches
 * and snapshots must be closed before.
 */
void storage_close(struct storage **storage);

/*
 * A resource prefix, interned: the same text gives the same pointer for the store's life, and a
 * short number on disk for ever. Cheap after the first call; a new prefix is put on disk with the
 * next transaction that uses it.
 */
struct storage_prefix;
struct storage_prefix *storage_prefix_intern(struct storage *storage, struct str text);
struct str storage_prefix_text(const struct storage_prefix *prefix);

/* The newest revision whose events have been handed to watches. A new store starts at 1. */
uint64_t storage_revision(const struct storage *storage);
/* Revisions at or below this one are compacted: exact reads and watches from them fail. */
uint64_t storage_compacted_revision(const struct storage *storage);

struct storage_statistics {
	uint64_t revision, compacted_revision, keys, file_bytes, commits, transactions;
};
void storage_get_statistics(struct storage *storage, struct storage_statistics *ret);

/* ---- Reading ---- */

struct storage_record {
	struct str name;  /* below the prefix */
	struct str value; /* with the revision filled in */
	uint64_t mod_revision;
	uint64_t create_revision;
};

/*
 * A consistent view. Cheap to open; hold it only within one callback of the loop: a snapshot held
 * long keeps old pages from being reused. What it returns points into mapped pages and is good
 * until it is closed.
 */
struct storage_snapshot *storage_snapshot_open(struct storage *storage);
void storage_snapshot_close(struct storage_snapshot **snapshot);
uint64_t storage_snapshot_revision(const struct storage_snapshot *snapshot);
/* revision 0: the snapshot's. 0, STORAGE_NOT_FOUND, STORAGE_COMPACTED or STORAGE_FUTURE_REVISION.
 */
int storage_snapshot_get(struct storage_snapshot *snapshot, struct storage_prefix *prefix,
	struct str name, uint64_t revision, struct storage_record *ret);

struct storage_range {
	struct storage_prefix *prefix;
	struct str below; /* only names that start with this ("default/"), may be empty */
	struct str
		start_after;  /* only names bytewise after this full name; empty: from the start */
	bool start_inclusive; /* names from start_after on, itself included */
	uint64_t revision;    /* 0: the snapshot's */
};
/* Return true to go on, false to stop (the record was taken). */
typedef bool (*storage_visit_fn)(void *context, const struct storage_record *record);
/*
 * Visits records in bytewise order of names as they were at the revision.
 * 0, STORAGE_COMPACTED or STORAGE_FUTURE_REVISION.
 */
int storage_snapshot_scan(struct storage_snapshot *snapshot, const struct storage_range *range,
	storage_visit_fn visit, void *context);
/* How many records storage_snapshot_scan would visit, counting at most `maximum` (0: all). */
int storage_snapshot_count(struct storage_snapshot *snapshot, const struct storage_range *range,
	uint64_t maximum, uint64_t *ret_count);

/* ---- Writing ---- */

enum storage_operation_type {
	STORAGE_CREATE, /* the key must be absent */
	STORAGE_UPDATE, /* the key must exist and its mod_revision equal expected_revision */
	STORAGE_DELETE, /* the same */
	STORAGE_PUT,    /* whatever stands there */
	STORAGE_CHECK,  /* writes nothing; mod_revision must equal expected_revision (0: absent) */
};

struct storage_operation {
	enum storage_operation_type type;
	struct storage_prefix *prefix;
	struct str name; /* at most STORAGE_NAME_MAX_BYTES */
	uint64_t expected_revision;
	struct str value;       /* CREATE, UPDATE, PUT: without the revision */
	size_t revision_offset; /* where the decimal revision is inserted; SIZE_MAX: nowhere */
	int64_t ttl_seconds;    /* > 0: the store deletes the key that long after; 0: never */
};

enum storage_commit_outcome {
	STORAGE_COMMITTED,  /* with nothing but checks no revision is made: the newest is told */
	STORAGE_CONFLICTED, /* nothing was written: operation `failed_operation` found another state
			     */
};

struct storage_commit_result {
	enum storage_commit_outcome outcome;
	uint64_t revision;       /* COMMITTED */
	size_t failed_operation; /* CONFLICTED */
	uint64_t found_revision; /* CONFLICTED: that key's mod_revision, 0 when absent */
};

/* Called once, after the transaction is on disk and before its events reach any watch. */
typedef void (*storage_commit_fn)(void *context, const struct storage_commit_result *result);

/*
 * All guards are judged by the state before the transaction, then the operations are applied in
 * order, all at one revision. A key may be written by one operation of a transaction only.
 */
struct storage_transaction {
	const struct storage_operation *operations;
	size_t operation_count;
	/*
	 * Names this write across crashes: the store remembers it with the write, in the same
	 * transaction, for history_ns at least. Empty: not remembered.
	 */
	struct str request_id; /* at most STORAGE_REQUEST_ID_MAX_BYTES */
};

/*
 * Queues an all-or-nothing transaction; its bytes are copied before the call returns. Transactions
 * are applied in the order of calls; those that gathered share one commit and one sync.
 */
/* done may be NULL. */
void storage_commit(struct storage *storage, const struct storage_transaction *transaction,
	storage_commit_fn done, void *context);

/*
 * Drops history before the revision (at most the newest), sooner than history_ns would. Queued like
 * a transaction; done (may be NULL) is called when it is on disk.
 */
void storage_compact(
	struct storage *storage, uint64_t revision, storage_commit_fn done, void *context);

/* A remembered write: its revision and its first operation. */
struct storage_remembered {
	uint64_t revision;
	enum storage_operation_type type;
	struct str prefix_text;
	struct str name;
};
/* 0 or STORAGE_NOT_FOUND. The texts are good until the snapshot is closed. */
int storage_snapshot_find_request(
	struct storage_snapshot *snapshot, struct str request_id, struct storage_remembered *ret);

/* ---- Watching ---- */

enum storage_event_type {
	STORAGE_EVENT_PUT,
	STORAGE_EVENT_DELETE
};

#define STORAGE_EVENT_CACHE_SLOTS 6

/*
 * One change of one key; immutable but for the cache, reference-counted, shared by all watches.
 * `previous` lets a selector see objects that stop matching; for a DELETE it is the last state.
 */
struct storage_event {
	enum storage_event_type type;
	uint64_t revision;
	uint64_t create_revision;
	struct storage_prefix *prefix;
	struct str name;       /* lives as long as the event */
	struct blob *value;    /* PUT: the new value; DELETE: NULL */
	struct blob *previous; /* NULL when the key was created by this change */
	/* Encodings made by the layer above when first asked for; dropped with the event. */
	struct blob *cache[STORAGE_EVENT_CACHE_SLOTS];
	/* private */
	int references;
	uint64_t position;                 /* revision and operation index */
	struct storage_event *next_recent; /* the store's recent events, oldest first */
};
struct storage_event *storage_event_ref(struct storage_event *event);
void storage_event_unref(struct storage_event **event);

/* Called when events may be waiting: take them with storage_watch_next until STORAGE_AGAIN. */
typedef void (*storage_readable_fn)(void *context);
/*
 * A cursor over changes of keys under prefix + below, after the revision. Recent events come from
 * memory, older ones from disk: a slow reader holds no memory. The first on_readable comes from the
 * loop, never from within this call. 0 or STORAGE_COMPACTED.
 */
int storage_watch_open(struct storage *storage, struct storage_prefix *prefix, struct str below,
	uint64_t after_revision, storage_readable_fn on_readable, void *context,
	struct storage_watch **ret);
/* 0 with a reference for the caller, STORAGE_AGAIN, or STORAGE_COMPACTED (fell behind history). */
int storage_watch_next(struct storage_watch *watch, struct storage_event **ret);
/* All events up to this revision have been returned by storage_watch_next: for bookmarks. */
uint64_t storage_watch_progress(const struct storage_watch *watch);
void storage_watch_close(struct storage_watch **watch);

#endif
