/* SPDX-License-Identifier: Apache-2.0 */
#include "storage_private.h"

#include <stdio.h>

#include "assertion.h"
#include "clock.h"

/*
 * Applies one transaction within the writer's LMDB transaction. All guards are judged before the
 * first write, so a conflict leaves nothing to undo. What LMDB returns is good only until the next
 * write: the old value is copied out at once, into the blob that the event carries anyway.
 */

static bool find_current(struct storage *storage, const struct write_operation *operation,
	struct current_record *ret)
{
	struct storage_key key;
	MDB_val value;

	storage_key_name(&key, operation->prefix, operation->name);
	MDB_val key_value = storage_key_value(&key);

	if (!storage_require_found(
		    mdb_get(storage->writer.txn, storage->current, &key_value, &value), "read"))
		return false;
	*ret = storage_decode_current(value);
	return true;
}

static bool guard_holds(const struct write_operation *operation, uint64_t found_revision)
{
	switch (operation->type) {
	case STORAGE_CREATE:
		return found_revision == 0;
	case STORAGE_UPDATE:
	case STORAGE_DELETE:
		return found_revision != 0 && found_revision == operation->expected_revision;
	case STORAGE_CHECK:
		return found_revision == operation->expected_revision;
	case STORAGE_PUT:
		return true;
	}
	return false;
}

/* Fills the result; false: conflicted. Says whether any operation writes. */
static bool guards_hold(struct storage *storage, struct write *write, bool *ret_writes)
{
	*ret_writes = false;
	for (size_t i = 0; i < write->operation_count; i++) {
		const struct write_operation *operation = &write->operations[i];
		struct current_record found;
		uint64_t revision = 0;

		if (operation->type != STORAGE_CHECK)
			*ret_writes = true;
		if (find_current(storage, operation, &found))
			revision = found.header.mod_revision;
		if (!guard_holds(operation, revision)) {
			write->result.outcome = STORAGE_CONFLICTED;
			write->result.failed_operation = i;
			write->result.found_revision = revision;
			return false;
		}
	}
	return true;
}

static void persist_prefix(struct storage *storage, struct storage_prefix *prefix)
{
	MDB_val key = {.mv_size = prefix->text.length, .mv_data = (char *)prefix->text.data};
	MDB_val value = {.mv_size = sizeof(prefix->id), .mv_data = &prefix->id};

	if (prefix->on_disk)
		return;
	storage_require(
		mdb_put(storage->writer.txn, storage->prefixes, &key, &value, 0), "write prefix");
	/* A transaction that does not commit ends the process, so this cannot become untrue. */
	prefix->on_disk = true;
}

static void fill_in_revision(struct write_operation *operation, uint64_t revision)
{
	struct blob *value = operation->value;
	char digits[24];

	if (operation->revision_offset == SIZE_MAX) {
		value->length = operation->value_length;
		return;
	}
	size_t length =
		(size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)revision);
	char *hole = value->data + operation->revision_offset;

	if (length != operation->gap)
		memmove(hole + length, hole + operation->gap,
			operation->value_length - operation->revision_offset);
	memcpy(hole, digits, length);
	value->length = operation->value_length + length;
}

static void write_current(struct storage *storage, const struct write_operation *operation,
	const struct record_header *header)
{
	struct storage_key key;
	struct str bytes = blob_str(operation->value);
	MDB_val value = {.mv_size = sizeof(*header) + bytes.length};

	storage_key_name(&key, operation->prefix, operation->name);
	MDB_val key_value = storage_key_value(&key);

	storage_require(
		mdb_put(storage->writer.txn, storage->current, &key_value, &value, MDB_RESERVE),
		"write value");
	memcpy(value.mv_data, header, sizeof(*header));
	if (bytes.length > 0)
		memcpy((char *)value.mv_data + sizeof(*header), bytes.data, bytes.length);
}

static void delete_current(struct storage *storage, const struct write_operation *operation)
{
	struct storage_key key;

	storage_key_name(&key, operation->prefix, operation->name);
	MDB_val key_value = storage_key_value(&key);

	storage_require(
		mdb_del(storage->writer.txn, storage->current, &key_value, NULL), "delete value");
}

static char *append(char *at, struct str text)
{
	if (text.length > 0)
		memcpy(at, text.data, text.length);
	return at + text.length;
}

static void write_log(struct storage *storage, const struct storage_event *event,
	const struct record_header *previous, struct str request_id)
{
	struct log_header header = {
		.previous_mod_revision = previous->mod_revision,
		.previous_create_revision = previous->create_revision,
		.name_length = (uint16_t)event->name.length,
		.request_length = (uint8_t)request_id.length,
		.type = (uint8_t)event->type,
	};
	struct str old = blob_str(event->previous);
	MDB_val value = {
		.mv_size = sizeof(header) + request_id.length + event->name.length + old.length};
	struct storage_key key;

	storage_key_log(&key, event->prefix, event->position);
	MDB_val key_value = storage_key_value(&key);

	storage_require(mdb_put(storage->writer.txn, storage->log, &key_value, &value,
				MDB_RESERVE | MDB_APPEND),
		"write log");
	char *at = append(value.mv_data, str_from((const char *)&header, sizeof(header)));

	at = append(at, request_id);
	at = append(at, event->name);
	append(at, old);
	storage->writer.log_entries_added++;
}

static void write_history(struct storage *storage, const struct storage_event *event)
{
	struct storage_key key, position;

	storage_key_name(&key, event->prefix, event->name);
	storage_key_begin(&position);
	storage_key_add_u64(&position, event->position);
	MDB_val key_value = storage_key_value(&key), value = storage_key_value(&position);

	storage_require(mdb_put(storage->writer.txn, storage->history, &key_value, &value, 0),
		"write history");
}

static void write_request(struct storage *storage, const struct write *write, uint64_t revision)
{
	const struct write_operation *first = &write->operations[0];
	struct request_header header = {
		.revision = revision, .prefix_id = first->prefix->id, .type = first->type};
	MDB_val key = {
		.mv_size = write->request_id.length, .mv_data = (char *)write->request_id.data};
	MDB_val value = {.mv_size = sizeof(header) + first->name.length};

	/* Read back by id: a check may be all that this prefix was ever used for. */
	persist_prefix(storage, first->prefix);
	storage_require(mdb_put(storage->writer.txn, storage->requests, &key, &value, MDB_RESERVE),
		"write request");
	append(append(value.mv_data, str_from((const char *)&header, sizeof(header))), first->name);
}

/* The key's old deadline goes, a new one comes. Returns the new one, 0 for none. */
static int64_t replace_deadline(struct storage *storage, const struct write_operation *operation,
	int64_t old_deadline, uint64_t revision)
{
	MDB_val value = {.mv_size = sizeof(revision), .mv_data = &revision};
	struct storage_key key;
	MDB_val key_value;

	if (old_deadline != 0) {
		storage_key_expiry(&key, old_deadline, operation->prefix, operation->name);
		key_value = storage_key_value(&key);
		storage_require(mdb_del(storage->writer.txn, storage->expiry, &key_value, NULL),
			"delete deadline");
	}
	if (operation->type == STORAGE_DELETE || operation->ttl_seconds <= 0)
		return 0;
	/* Whole seconds, rounded up: never before its time. */
	int64_t now = clock_wall_seconds(NULL) + 1;
	int64_t deadline =
		operation->ttl_seconds > INT64_MAX - now ? INT64_MAX : now + operation->ttl_seconds;

	storage_key_expiry(&key, deadline, operation->prefix, operation->name);
	key_value = storage_key_value(&key);
	storage_require(mdb_put(storage->writer.txn, storage->expiry, &key_value, &value, 0),
		"write deadline");
	return deadline;
}

static void apply_operation(
	struct storage *storage, struct write *write, size_t index, struct str request_id)
{
	struct write_operation *operation = &write->operations[index];
	uint64_t revision = storage->writer.state.revision;
	bool deletes = operation->type == STORAGE_DELETE;
	struct current_record old = {0};
	bool exists = find_current(storage, operation, &old);

	ASSERT(exists || !deletes);
	struct storage_event *event =
		storage_event_create(deletes ? STORAGE_EVENT_DELETE : STORAGE_EVENT_PUT,
			position_make(revision, index), operation->prefix, operation->name);

	operation->event = event;
	event->create_revision = exists ? old.header.create_revision : revision;
	if (exists)
		event->previous = blob_create(old.value);
	persist_prefix(storage, operation->prefix);
	int64_t deadline =
		replace_deadline(storage, operation, old.header.deadline_seconds, revision);

	if (deletes) {
		delete_current(storage, operation);
	} else {
		fill_in_revision(operation, revision);
		write_current(storage, operation,
			&(struct record_header){.mod_revision = revision,
				.create_revision = event->create_revision,
				.deadline_seconds = deadline});
		event->value = operation->value;
		operation->value = NULL;
	}
	if (deadline != 0 && (write->earliest_deadline == 0 || deadline < write->earliest_deadline))
		write->earliest_deadline = deadline;
	write_log(storage, event, &old.header, request_id);
	if (exists)
		write_history(storage, event);
}

void storage_apply(struct storage *storage, struct write *write)
{
	struct writer *writer = &storage->writer;
	struct str request_id = write->request_id;
	bool writes;

	if (!guards_hold(storage, write, &writes))
		return;
	write->result.outcome = STORAGE_COMMITTED;
	if (!writes)
		return;
	ASSERT(writer->state.revision < STORAGE_REVISION_MAX - 1);
	writer->state.revision++;
	writer->is_dirty = true;
	if (request_id.length > 0)
		write_request(storage, write, writer->state.revision);
	for (size_t i = 0; i < write->operation_count; i++) {
		if (write->operations[i].type == STORAGE_CHECK)
			continue;
		apply_operation(storage, write, i, request_id);
		/* The first log entry carries it, so that compaction finds what to forget. */
		request_id = STR_EMPTY;
	}
}
