/* SPDX-License-Identifier: Apache-2.0 */
#include "storage_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "assertion.h"
#include "event_loop.h"
#include "memory.h"

enum {
	DATABASE_COUNT = 7,
	PREFIX_IDS_MAX = 1 << 24,
};

static const uint64_t map_size_default = UINT64_C(64) << 30;
static const uint64_t map_size_least = UINT64_C(16) << 20;
static const uint64_t history_default_ns = UINT64_C(300) * 1000000000;

/* Some 90 years: sums of times stay within their type. */
static const uint64_t history_longest_ns = UINT64_C(3000000000) * 1000000000;

static int lmdb_error(struct error *err, int result, const char *directory, const char *what)
{
	return error_set(err, ERROR_STORAGE_READ, "storage %s: %s: %s", directory, what,
		mdb_strerror(result));
}

static int take_lock(struct storage *storage, const char *directory, struct error *err)
{
	int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory_fd < 0)
		return error_set_errno(err, errno, "storage %s: open", directory);
	storage->lock_fd =
		openat(directory_fd, "owner.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int os_errno = errno;

	close(directory_fd);
	if (storage->lock_fd < 0)
		return error_set_errno(err, os_errno, "storage %s: open owner.lock", directory);
	if (flock(storage->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? error_set(err, ERROR_UNAVAILABLE,
					 "storage %s: in use by another process", directory)
			       : error_set_errno(err, errno, "storage %s: flock", directory);
	return 0;
}

/* The map is address space, not memory; a limit on that must leave room for the rest. */
static uint64_t map_size_allowed(uint64_t wanted)
{
	struct rlimit limit;

	if (wanted == 0)
		wanted = map_size_default;
	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
		wanted > limit.rlim_cur / 2)
		wanted = limit.rlim_cur / 2;
	wanted &= ~(uint64_t)0xffff;
	return wanted < map_size_least ? map_size_least : wanted;
}

static int open_environment_once(struct storage *storage, const struct storage_options *options,
	uint64_t map_size, struct error *err)
{
	/* No thread owns a reader's slot: snapshots are the loop's, whatever runs it. */
	unsigned flags = MDB_NOTLS | MDB_NOMEMINIT | (options->no_sync ? MDB_NOSYNC : 0);
	int result = mdb_env_create(&storage->env);

	if (result != MDB_SUCCESS)
		return lmdb_error(err, result, options->directory, "create environment");
	mdb_env_set_maxdbs(storage->env, DATABASE_COUNT);
	mdb_env_set_mapsize(storage->env, map_size);
	result = mdb_env_open(storage->env, options->directory, flags, 0600);
	if (result == MDB_SUCCESS)
		return 0;
	mdb_env_close(storage->env);
	storage->env = NULL;
	if (result == ENOMEM)
		return ENOMEM;
	return lmdb_error(err, result, options->directory, "open environment");
}

static int open_environment(
	struct storage *storage, const struct storage_options *options, struct error *err)
{
	uint64_t map_size = map_size_allowed(options->map_size_bytes);

	for (;;) {
		int result = open_environment_once(storage, options, map_size, err);

		if (result != ENOMEM)
			return result;
		if (map_size <= map_size_least)
			return lmdb_error(err, ENOMEM, options->directory, "map the file");
		map_size /= 2;
	}
}

static int open_databases(
	struct storage *storage, MDB_txn *txn, const char *directory, struct error *err)
{
	const struct {
		const char *name;
		unsigned flags;
		MDB_dbi *dbi;
	} databases[DATABASE_COUNT] = {
		{"prefixes", 0, &storage->prefixes},
		{"current", 0, &storage->current},
		{"log", 0, &storage->log},
		{"history", MDB_DUPSORT | MDB_DUPFIXED, &storage->history},
		{"requests", 0, &storage->requests},
		{"expiry", 0, &storage->expiry},
		{NULL, 0, &storage->main},
	};

	for (size_t i = 0; i < DATABASE_COUNT; i++) {
		int result = mdb_dbi_open(
			txn, databases[i].name, databases[i].flags | MDB_CREATE, databases[i].dbi);

		if (result != MDB_SUCCESS)
			return lmdb_error(err, result, directory, "open databases");
	}
	return 0;
}

static int load_state(
	struct storage *storage, MDB_txn *txn, const char *directory, struct error *err)
{
	struct stored_state *state = &storage->writer.state;

	if (!storage_read_state(txn, storage->main, state)) {
		MDB_val key = {.mv_size = 5, .mv_data = "state"};
		MDB_val value = {.mv_size = sizeof(*state), .mv_data = state};

		*state = (struct stored_state){.format_version = STORAGE_FORMAT_VERSION,
			.revision = STORAGE_FIRST_REVISION,
			.floor = STORAGE_FIRST_REVISION};
		int result = mdb_put(txn, storage->main, &key, &value, 0);

		if (result != MDB_SUCCESS)
			return lmdb_error(err, result, directory, "write state");
	}
	if (state->format_version != STORAGE_FORMAT_VERSION)
		return error_set(err, ERROR_STORAGE_READ,
			"storage %s: format version %llu is not known, only %d is", directory,
			(unsigned long long)state->format_version, STORAGE_FORMAT_VERSION);
	storage->revision = state->revision;
	atomic_store(&storage->floor, state->floor);
	storage->writer.entries_below_floor = true;
	return 0;
}

static int load_prefixes(
	struct storage *storage, MDB_txn *txn, const char *directory, struct error *err)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int result = mdb_cursor_open(txn, storage->prefixes, &cursor);

	if (result != MDB_SUCCESS)
		return lmdb_error(err, result, directory, "read prefixes");
	while ((result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
		uint32_t id;

		if (value.mv_size != sizeof(id))
			break;
		memcpy(&id, value.mv_data, sizeof(id));
		if (id >= PREFIX_IDS_MAX || storage_prefix_find_id(storage, id))
			break;
		storage_prefix_add(storage, str_from(key.mv_data, key.mv_size), id)->on_disk = true;
	}
	mdb_cursor_close(cursor);
	if (result == MDB_NOTFOUND)
		return 0;
	return lmdb_error(
		err, result == MDB_SUCCESS ? MDB_CORRUPTED : result, directory, "read prefixes");
}

static int load(struct storage *storage, const char *directory, struct error *err)
{
	MDB_txn *txn;
	int result = mdb_txn_begin(storage->env, NULL, 0, &txn);

	if (result != MDB_SUCCESS)
		return lmdb_error(err, result, directory, "begin");
	if (open_databases(storage, txn, directory, err) < 0 ||
		load_state(storage, txn, directory, err) < 0 ||
		load_prefixes(storage, txn, directory, err) < 0) {
		mdb_txn_abort(txn);
		return ERROR_RETURN;
	}
	storage_marks_load(storage, txn);
	result = mdb_txn_commit(txn);
	if (result != MDB_SUCCESS)
		return lmdb_error(err, result, directory, "commit");
	return 0;
}

/* The names of the files just created must survive a loss of power, not only their contents. */
static int sync_directory(const char *directory, struct error *err)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set_errno(err, errno, "storage %s: open", directory);
	int result = fsync(fd), os_errno = errno;

	close(fd);
	return result < 0 ? error_set_errno(err, os_errno, "storage %s: fsync", directory) : 0;
}

static void storage_free(struct storage *storage)
{
	storage_watches_fini(storage);
	storage_snapshots_free(storage);
	storage_prefixes_free(storage);
	memory_free(storage->writer.marks);
	if (storage->env)
		mdb_env_close(storage->env);
	if (storage->lock_fd >= 0)
		close(storage->lock_fd);
	memory_free(storage);
}

int storage_open(const struct storage_options *options, struct storage **ret, struct error *err)
{
	struct storage *storage = MEMORY_NEW(struct storage);

	storage->loop = options->loop;
	storage->lock_fd = -1;
	storage->history_ns = options->history_ns ? options->history_ns : history_default_ns;
	if (storage->history_ns > history_longest_ns)
		storage->history_ns = history_longest_ns;
	TAILQ_INIT(&storage->waking);
	write_list_init(&storage->delivering);
	if (take_lock(storage, options->directory, err) < 0 ||
		open_environment(storage, options, err) < 0 ||
		load(storage, options->directory, err) < 0 ||
		(!options->no_sync && sync_directory(options->directory, err) < 0) ||
		storage_writer_start(storage, err) < 0) {
		storage_free(storage);
		return ERROR_RETURN;
	}
	storage_expiry_start(storage);
	*ret = storage;
	return 0;
}

void storage_close(struct storage **storage)
{
	struct storage *gone = *storage;

	if (!gone)
		return;
	storage_expiry_stop(gone);
	/* Runs done functions: their owners still find the store where they keep it. */
	storage_writer_stop(gone);
	*storage = NULL;
	ASSERT(gone->open_watches == 0 && gone->open_snapshots == 0);
	storage_free(gone);
}

uint64_t storage_revision(const struct storage *storage)
{
	return storage->revision;
}

uint64_t storage_compacted_revision(const struct storage *storage)
{
	return atomic_load(&storage->floor) - 1;
}

void storage_get_statistics(struct storage *storage, struct storage_statistics *ret)
{
	struct storage_snapshot *snapshot = storage_snapshot_open(storage);
	MDB_stat current;
	MDB_envinfo info;
	MDB_stat pages;

	*ret = (struct storage_statistics){
		.revision = storage->revision,
		.compacted_revision = storage_compacted_revision(storage),
		.transactions = storage->transactions,
	};
	storage_require(mdb_stat(snapshot->txn, storage->current, &current), "statistics");
	storage_require(mdb_env_info(storage->env, &info), "statistics");
	storage_require(mdb_env_stat(storage->env, &pages), "statistics");
	ret->keys = current.ms_entries;
	ret->file_bytes = (uint64_t)(info.me_last_pgno + 1) * pages.ms_psize;
	storage_snapshot_close(&snapshot);
	pthread_mutex_lock(&storage->writer.lock);
	ret->commits = storage->writer.commits;
	pthread_mutex_unlock(&storage->writer.lock);
}
