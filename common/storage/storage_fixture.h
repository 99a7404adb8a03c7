/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_STORAGE_FIXTURE_H
#define TROIKA_STORAGE_FIXTURE_H

#include "event_loop.h"
#include "storage.h"

/* What the storage tests share: a store in a directory of its own, and calls that wait. */
struct storage_fixture {
	char directory[64];
	struct event_loop *loop;
	struct storage *storage;
	struct storage_prefix *pods;
	struct storage_prefix *nodes;
	struct storage_options options;
};

void storage_fixture_init(struct storage_fixture *fixture);
void storage_fixture_fini(struct storage_fixture *fixture);
void storage_fixture_open(struct storage_fixture *fixture);
void storage_fixture_close(struct storage_fixture *fixture);
void storage_fixture_reopen(struct storage_fixture *fixture);
void storage_fixture_remove_directory(const char *directory);

/* Runs the loop until the condition holds; ends the program after 20 s. */
void storage_fixture_run_until(
	struct storage_fixture *fixture, bool (*condition)(void *context), void *context);
/* Runs the loop for one turn of deferred calls. */
void storage_fixture_run_once(struct storage_fixture *fixture);
struct storage_commit_result storage_fixture_commit(
	struct storage_fixture *fixture, const struct storage_transaction *transaction);
struct storage_commit_result storage_fixture_write(struct storage_fixture *fixture,
	enum storage_operation_type type, struct storage_prefix *prefix, const char *name,
	uint64_t expected_revision, const char *value);
void storage_fixture_compact(struct storage_fixture *fixture, uint64_t revision);

/* A watch that counts its calls. */
struct storage_fixture_watch {
	struct storage_watch *watch;
	int calls;
};
void storage_fixture_note_call(void *context);
/* The next event, waiting for it. */
struct storage_event *storage_fixture_next(
	struct storage_fixture *fixture, struct storage_fixture_watch *watch);

#endif
