/* SPDX-License-Identifier: Apache-2.0 */
#include "storage_private.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "assertion.h"
#include "clock.h"
#include "event_loop.h"
#include "memory.h"

/*
 * Transactions wait in one list. The writer takes all of it, applies each in order within one LMDB
 * transaction, commits that with one sync, and hands the list back; what is queued during the sync
 * goes with the next one. The loop then tells each owner and publishes the events, in order.
 */

enum {
	DELIVERIES_PER_TURN = 128,
	DELETIONS_PER_BATCH = 64,
	DELETIONS_WHEN_IDLE = 1024,
};

/* ---- Lists ---- */

void write_list_init(struct write_list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

static void list_append(struct write_list *list, struct write *write)
{
	write->next = NULL;
	*list->end = write;
	list->end = &write->next;
}

static void list_move(struct write_list *to, struct write_list *from)
{
	if (!from->first)
		return;
	*to->end = from->first;
	to->end = from->end;
	write_list_init(from);
}

static struct write *list_pop(struct write_list *list)
{
	struct write *write = list->first;

	list->first = write->next;
	if (!list->first)
		list->end = &list->first;
	return write;
}

static void write_free(struct write *write)
{
	for (size_t i = 0; i < write->operation_count; i++) {
		blob_unref(&write->operations[i].value);
		storage_event_unref(&write->operations[i].event);
	}
	memory_free(write);
}

/* ---- Queueing, on the loop ---- */

static size_t decimal_digits(uint64_t value)
{
	size_t digits = 1;

	while (value >= 10) {
		value /= 10;
		digits++;
	}
	return digits;
}

/*
 * The value with a gap for the revision as long as it will most likely be: the writer moves the
 * rest only when the number of digits has just grown.
 */
static void copy_value(
	struct storage *storage, struct write_operation *to, const struct storage_operation *from)
{
	enum {
		REVISION_DIGITS_MAX = 20
	};
	bool has_hole = from->revision_offset != SIZE_MAX;
	size_t before = has_hole ? from->revision_offset : from->value.length;

	ASSERT(before <= from->value.length);
	to->value = blob_create_uninitialised(
		from->value.length + (has_hole ? REVISION_DIGITS_MAX : 0));
	to->value_length = from->value.length;
	to->revision_offset = from->revision_offset;
	to->gap = has_hole ? decimal_digits(storage->revision + 1) : 0;
	if (before > 0)
		memcpy(to->value->data, from->value.data, before);
	if (from->value.length > before)
		memcpy(to->value->data + before + to->gap, from->value.data + before,
			from->value.length - before);
}

static struct str copy_text(char **at, struct str text)
{
	struct str copy = str_from(*at, text.length);

	if (text.length > 0)
		memcpy(*at, text.data, text.length);
	*at += text.length;
	return copy;
}

static void copy_operation(struct storage *storage, struct write_operation *to,
	const struct storage_operation *from, char **text)
{
	to->type = from->type;
	to->prefix = from->prefix;
	to->name = copy_text(text, from->name);
	to->expected_revision = from->expected_revision;
	to->ttl_seconds = from->ttl_seconds;
	if (from->type == STORAGE_CREATE || from->type == STORAGE_UPDATE ||
		from->type == STORAGE_PUT)
		copy_value(storage, to, from);
}

static void enqueue(struct storage *storage, struct write *write)
{
	struct writer *writer = &storage->writer;

	pthread_mutex_lock(&writer->lock);
	ASSERT(!writer->is_stopping);
	list_append(&writer->queued, write);
	if (writer->is_waiting) {
		writer->is_waiting = false;
		pthread_cond_signal(&writer->wake);
	}
	pthread_mutex_unlock(&writer->lock);
}

void storage_commit(struct storage *storage, const struct storage_transaction *transaction,
	storage_commit_fn done, void *context)
{
	size_t count = transaction->operation_count;
	size_t text_bytes = transaction->request_id.length;

	ASSERT(count > 0 && count <= STORAGE_OPERATIONS_MAX);
	ASSERT(transaction->request_id.length <= STORAGE_REQUEST_ID_MAX_BYTES);
	for (size_t i = 0; i < count; i++) {
		ASSERT(transaction->operations[i].name.length <= STORAGE_NAME_MAX_BYTES);
		text_bytes += transaction->operations[i].name.length;
	}
	struct write *write = memory_allocate_zeroed(
		1, sizeof(*write) + count * sizeof(write->operations[0]) + text_bytes);
	char *text = (char *)&write->operations[count];

	write->done = done;
	write->context = context;
	write->operation_count = count;
	write->request_id = copy_text(&text, transaction->request_id);
	for (size_t i = 0; i < count; i++)
		copy_operation(storage, &write->operations[i], &transaction->operations[i], &text);
	enqueue(storage, write);
}

void storage_compact(
	struct storage *storage, uint64_t revision, storage_commit_fn done, void *context)
{
	struct write *write = MEMORY_NEW(struct write);

	write->done = done;
	write->context = context;
	write->is_compaction = true;
	write->compact_revision = revision;
	enqueue(storage, write);
}

/* ---- The thread ---- */

static void save_state(struct storage *storage)
{
	struct writer *writer = &storage->writer;
	MDB_val key = {.mv_size = 5, .mv_data = "state"};
	MDB_val value = {.mv_size = sizeof(writer->state), .mv_data = &writer->state};

	storage_require(mdb_put(writer->txn, storage->main, &key, &value, 0), "write state");
}

/* One LMDB transaction; an empty list makes it one of housekeeping only. */
static bool run_batch(struct storage *storage, const struct write_list *batch)
{
	struct writer *writer = &storage->writer;

	storage_require(mdb_txn_begin(storage->env, NULL, 0, &writer->txn), "begin");
	writer->is_dirty = false;
	writer->log_entries_added = 0;
	for (struct write *write = batch->first; write; write = write->next) {
		if (write->is_compaction)
			storage_compaction_raise_floor(storage, write->compact_revision);
		else
			storage_apply(storage, write);
		write->result.revision = writer->state.revision;
	}
	/* Twice as many as were added, so that deletion cannot fall behind. */
	storage_compaction_step(
		storage, batch->first ? DELETIONS_PER_BATCH + 2 * writer->log_entries_added
				      : DELETIONS_WHEN_IDLE);
	bool was_dirty = writer->is_dirty;

	if (was_dirty) {
		save_state(storage);
		/* An error here leaves it open what is on disk: only a new start can tell. */
		storage_require(mdb_txn_commit(writer->txn), "commit");
		atomic_store(&storage->floor, writer->state.floor);
	} else {
		mdb_txn_abort(writer->txn);
	}
	writer->txn = NULL;
	return was_dirty;
}

/* Waits, under the lock, until there is something to do; false: end. */
static bool wait_for_work(struct storage *storage)
{
	struct writer *writer = &storage->writer;

	while (!writer->queued.first) {
		uint64_t due_ns = storage_compaction_due_ns(storage);

		if (writer->is_stopping)
			return false;
		if (due_ns <= clock_now_ns())
			return true;
		writer->is_waiting = true;
		if (due_ns == UINT64_MAX) {
			pthread_cond_wait(&writer->wake, &writer->lock);
		} else {
			struct timespec due = {.tv_sec = (time_t)(due_ns / 1000000000),
				.tv_nsec = (long)(due_ns % 1000000000)};

			pthread_cond_timedwait(&writer->wake, &writer->lock, &due);
		}
		writer->is_waiting = false;
	}
	return true;
}

static void hand_back(struct writer *writer, struct write_list *batch)
{
	static const uint64_t one = 1;
	bool was_empty = !writer->results.first;

	if (!batch->first)
		return;
	list_move(&writer->results, batch);
	if (was_empty && write(writer->result_fd, &one, sizeof(one)) != sizeof(one))
		ASSERT(errno == EAGAIN);
}

static void *writer_main(void *context)
{
	struct storage *storage = context;
	struct writer *writer = &storage->writer;
	struct write_list batch;

	write_list_init(&batch);
	pthread_mutex_lock(&writer->lock);
	while (wait_for_work(storage)) {
		list_move(&batch, &writer->queued);
		writer->is_busy = true;
		pthread_mutex_unlock(&writer->lock);
		bool committed = run_batch(storage, &batch);

		writer->last_batch_ns = clock_now_ns();
		pthread_mutex_lock(&writer->lock);
		writer->commits += committed;
		writer->is_busy = false;
		hand_back(writer, &batch);
		if (!writer->queued.first)
			pthread_cond_signal(&writer->idle);
	}
	pthread_mutex_unlock(&writer->lock);
	return NULL;
}

/* ---- Delivery, on the loop ---- */

static void deliver_one(struct storage *storage)
{
	struct write *write = list_pop(&storage->delivering);

	if (write->done)
		write->done(write->context, &write->result);
	if (write->is_compaction || write->result.outcome != STORAGE_COMMITTED) {
		write_free(write);
		return;
	}
	storage->transactions++;
	for (size_t i = 0; i < write->operation_count; i++) {
		struct storage_event *event = write->operations[i].event;

		write->operations[i].event = NULL;
		if (event)
			storage_publish(storage, event);
	}
	storage->revision = write->result.revision;
	if (write->earliest_deadline != 0)
		storage_expiry_note(storage, write->earliest_deadline);
	write_free(write);
}

static void deliver_some(void *context)
{
	struct storage *storage = context;

	storage->delivery_is_deferred = false;
	for (int i = 0; i < DELIVERIES_PER_TURN && storage->delivering.first; i++)
		deliver_one(storage);
	if (storage->delivering.first && !storage->delivery_is_deferred) {
		storage->delivery_is_deferred = true;
		event_loop_defer(storage->loop, deliver_some, storage);
	}
}

static void take_results(struct storage *storage)
{
	struct writer *writer = &storage->writer;
	uint64_t count;

	if (read(writer->result_fd, &count, sizeof(count)) < 0)
		ASSERT(errno == EAGAIN || errno == EINTR);
	pthread_mutex_lock(&writer->lock);
	list_move(&storage->delivering, &writer->results);
	pthread_mutex_unlock(&writer->lock);
}

static void results_are_there(void *context, bool readable, bool writable)
{
	struct storage *storage = context;

	(void)readable;
	(void)writable;
	take_results(storage);
	if (!storage->delivery_is_deferred)
		deliver_some(storage);
}

/* ---- Start and stop ---- */

static void init_conditions(struct writer *writer)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->wake, &attributes);
	pthread_cond_init(&writer->idle, NULL);
	pthread_condattr_destroy(&attributes);
}

static void fini_conditions(struct writer *writer)
{
	pthread_cond_destroy(&writer->idle);
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->lock);
}

int storage_writer_start(struct storage *storage, struct error *err)
{
	struct writer *writer = &storage->writer;
	sigset_t all, before;

	writer->result_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (writer->result_fd < 0)
		return error_set_errno(err, errno, "storage: eventfd");
	write_list_init(&writer->queued);
	write_list_init(&writer->results);
	writer->last_batch_ns = clock_now_ns();
	init_conditions(writer);
	/* Signals are the loop's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int result = pthread_create(&writer->thread, NULL, writer_main, storage);

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result != 0) {
		fini_conditions(writer);
		close(writer->result_fd);
		return error_set_errno(err, result, "storage: start the writer");
	}
	pthread_setname_np(writer->thread, "storage-writer");
	storage->result_descriptor = event_descriptor_create(
		storage->loop, writer->result_fd, results_are_there, storage);
	event_descriptor_want(storage->result_descriptor, true, false);
	return 0;
}

void storage_writer_stop(struct storage *storage)
{
	struct writer *writer = &storage->writer;

	/* What a done function queues is finished as well. */
	do {
		pthread_mutex_lock(&writer->lock);
		while (writer->queued.first || writer->is_busy)
			pthread_cond_wait(&writer->idle, &writer->lock);
		pthread_mutex_unlock(&writer->lock);
		take_results(storage);
		if (!storage->delivering.first)
			break;
		while (storage->delivering.first)
			deliver_one(storage);
	} while (true);
	pthread_mutex_lock(&writer->lock);
	writer->is_stopping = true;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
	event_loop_cancel_deferred(storage->loop, deliver_some, storage);
	event_descriptor_destroy(&storage->result_descriptor);
	close(writer->result_fd);
	fini_conditions(writer);
}
