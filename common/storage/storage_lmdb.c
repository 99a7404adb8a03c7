/* SPDX-License-Identifier: Apache-2.0 */
#include "storage_private.h"

#include <endian.h>
#include <stdlib.h>

#include "assertion.h"
#include "log.h"

_Noreturn void storage_fatal(const char *what, int lmdb_result)
{
	if (lmdb_result == MDB_MAP_FULL)
		log_error("storage: %s: the store has grown to the bound of its file; it must be "
			  "opened with a larger one",
			what);
	else
		log_error("storage: %s: %s", what, mdb_strerror(lmdb_result));
	abort();
}

void storage_require(int lmdb_result, const char *what)
{
	if (lmdb_result != MDB_SUCCESS)
		storage_fatal(what, lmdb_result);
}

bool storage_require_found(int lmdb_result, const char *what)
{
	if (lmdb_result == MDB_NOTFOUND)
		return false;
	storage_require(lmdb_result, what);
	return true;
}

void storage_key_begin(struct storage_key *key)
{
	key->length = 0;
}

static void key_add(struct storage_key *key, const void *bytes, size_t length)
{
	ASSERT(length <= STORAGE_KEY_MAX_BYTES - key->length);
	if (length > 0)
		memcpy(key->bytes + key->length, bytes, length);
	key->length += length;
}

void storage_key_add_u64(struct storage_key *key, uint64_t value)
{
	uint64_t big = htobe64(value);

	key_add(key, &big, sizeof(big));
}

void storage_key_add_u32(struct storage_key *key, uint32_t value)
{
	uint32_t big = htobe32(value);

	key_add(key, &big, sizeof(big));
}

void storage_key_add_text(struct storage_key *key, struct str text)
{
	key_add(key, text.data, text.length);
}

MDB_val storage_key_value(struct storage_key *key)
{
	return (MDB_val){.mv_size = key->length, .mv_data = key->bytes};
}

void storage_key_name(struct storage_key *key, const struct storage_prefix *prefix, struct str name)
{
	storage_key_begin(key);
	storage_key_add_u32(key, prefix->id);
	storage_key_add_text(key, name);
}

void storage_key_log(
	struct storage_key *key, const struct storage_prefix *prefix, uint64_t position)
{
	storage_key_begin(key);
	storage_key_add_u64(key, position);
	storage_key_add_u32(key, prefix->id);
}

void storage_key_expiry(struct storage_key *key, int64_t deadline_seconds,
	const struct storage_prefix *prefix, struct str name)
{
	storage_key_begin(key);
	storage_key_add_u64(key, (uint64_t)deadline_seconds);
	storage_key_add_u32(key, prefix->id);
	storage_key_add_text(key, name);
}

uint64_t storage_decode_u64(const void *bytes)
{
	uint64_t big;

	memcpy(&big, bytes, sizeof(big));
	return be64toh(big);
}

uint32_t storage_decode_u32(const void *bytes)
{
	uint32_t big;

	memcpy(&big, bytes, sizeof(big));
	return be32toh(big);
}

struct log_entry storage_decode_log(MDB_val value)
{
	struct log_entry entry;
	struct str rest = str_from(value.mv_data, value.mv_size);

	if (rest.length < sizeof(entry.header))
		storage_fatal("log entry", MDB_CORRUPTED);
	memcpy(&entry.header, rest.data, sizeof(entry.header));
	rest = str_skip(rest, sizeof(entry.header));
	if (rest.length < (size_t)entry.header.request_length + entry.header.name_length)
		storage_fatal("log entry", MDB_CORRUPTED);
	entry.request_id = str_from(rest.data, entry.header.request_length);
	rest = str_skip(rest, entry.header.request_length);
	entry.name = str_from(rest.data, entry.header.name_length);
	entry.previous = str_skip(rest, entry.header.name_length);
	return entry;
}

struct current_record storage_decode_current(MDB_val value)
{
	struct current_record record;
	struct str rest = str_from(value.mv_data, value.mv_size);

	if (rest.length < sizeof(record.header))
		storage_fatal("record", MDB_CORRUPTED);
	memcpy(&record.header, rest.data, sizeof(record.header));
	record.value = str_skip(rest, sizeof(record.header));
	return record;
}

bool storage_read_state(MDB_txn *txn, MDB_dbi main, struct stored_state *ret)
{
	MDB_val key = {.mv_size = 5, .mv_data = "state"}, value;

	if (!storage_require_found(mdb_get(txn, main, &key, &value), "read state"))
		return false;
	if (value.mv_size != sizeof(*ret))
		storage_fatal("state", MDB_CORRUPTED);
	memcpy(ret, value.mv_data, sizeof(*ret));
	return true;
}
