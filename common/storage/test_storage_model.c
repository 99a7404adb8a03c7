/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "memory.h"
#include "storage_fixture.h"

/*
 * The store against a model that keeps the whole state of every revision: random transactions, and
 * in between, over compactions and new starts, reads, lists and watches from any revision.
 */

enum {
	KEYS = 14,
	REVISIONS_MAX = 4000,
	CHANGES_MAX = 12000
};

struct model_value {
	uint64_t mod_revision; /* 0: absent */
	uint64_t create_revision;
	uint32_t seed; /* the value is made from it */
};

struct model_change {
	uint64_t revision;
	int key;
	struct model_value before, after;
};

static struct {
	struct storage_fixture fixture;
	uint32_t random;
	uint64_t revision;
	struct model_value states[REVISIONS_MAX][KEYS];
	struct model_change changes[CHANGES_MAX];
	size_t change_count;
} model;

/* In bytewise order; the first ten are pods, the others nodes. */
static const char *const names[KEYS] = {
	"a", "a/1", "a/10", "a/2", "aa", "b/1", "b/2", "b/3", "c", "d/1", "a/1", "b", "b/1", "z"};
enum {
	PODS = 10
};

static uint32_t draw(uint32_t below)
{
	model.random = model.random * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)(model.random >> 8) * below) >> 24);
}

static struct storage_prefix *prefix_of(int key)
{
	return key < PODS ? model.fixture.pods : model.fixture.nodes;
}

/* Some are small, some longer than a page. */
static struct str make_value(uint32_t seed, char *text, size_t size)
{
	size_t length = seed % 5 == 0 ? 9000 : seed % 3 == 0 ? 2100 : seed % 50;

	assert_true(length + 16 < size);
	int head = snprintf(text, size, "%u:", seed);

	memset(text + head, 'x', length);
	return str_from(text, (size_t)head + length);
}

static void assert_seed(struct str value, uint32_t seed)
{
	static char text[16384];

	assert_true(str_equal(value, make_value(seed, text, sizeof(text))));
}

static void apply_to_model(
	const int *keys, const struct storage_operation *operations, size_t count, uint32_t seed)
{
	struct model_value *state = model.states[model.revision + 1];

	assert_true(model.revision + 2 < REVISIONS_MAX);
	memcpy(state, model.states[model.revision], sizeof(model.states[0]));
	model.revision++;
	for (size_t i = 0; i < count; i++) {
		struct model_value *value = &state[keys[i]];
		struct model_change *change = &model.changes[model.change_count++];

		assert_true(model.change_count < CHANGES_MAX);
		*change = (struct model_change){
			.revision = model.revision, .key = keys[i], .before = *value};
		if (operations[i].type == STORAGE_DELETE)
			*value = (struct model_value){0};
		else
			*value = (struct model_value){.mod_revision = model.revision,
				.create_revision = value->mod_revision ? value->create_revision
								       : model.revision,
				.seed = seed + (uint32_t)i};
		change->after = *value;
	}
}

static void write_randomly(void)
{
	static char texts[3][16384];
	static uint32_t seed;
	struct storage_operation operations[3] = {0};
	int keys[3], first = (int)draw(KEYS);
	size_t count = draw(4) == 0 ? 1 + draw(3) : 1;
	const struct model_value *state = model.states[model.revision];
	bool holds = true;

	seed += 3;
	for (size_t i = 0; i < count; i++) {
		struct storage_operation *operation = &operations[i];
		int key = keys[i] = (first + (int)i * 5) % KEYS;
		uint64_t found = state[key].mod_revision;

		operation->prefix = prefix_of(key);
		operation->name = str_from_c(names[key]);
		operation->type = found == 0     ? STORAGE_CREATE
				  : draw(3) == 0 ? STORAGE_DELETE
						 : STORAGE_UPDATE;
		if (draw(6) == 0)
			operation->type = STORAGE_PUT;
		operation->expected_revision = found;
		if (draw(12) == 0 && operation->type != STORAGE_PUT) {
			/* A guard that does not hold. */
			holds = false;
			operation->type = found == 0 ? STORAGE_UPDATE : STORAGE_CREATE;
		}
		if (operation->type != STORAGE_DELETE)
			operation->value =
				make_value(seed + (uint32_t)i, texts[i], sizeof(texts[i]));
		operation->revision_offset = SIZE_MAX;
	}
	struct storage_commit_result result = storage_fixture_commit(&model.fixture,
		&(struct storage_transaction){.operations = operations, .operation_count = count});

	assert_int_equal(result.outcome, holds ? STORAGE_COMMITTED : STORAGE_CONFLICTED);
	if (!holds)
		return;
	assert_int_equal(result.revision, model.revision + 1);
	apply_to_model(keys, operations, count, seed);
}

static void assert_record(const struct storage_record *record, const struct model_value *value)
{
	assert_int_equal(record->mod_revision, value->mod_revision);
	assert_int_equal(record->create_revision, value->create_revision);
	assert_seed(record->value, value->seed);
}

static void check_gets(struct storage_snapshot *snapshot, uint64_t revision)
{
	for (int key = 0; key < KEYS; key++) {
		const struct model_value *value = &model.states[revision][key];
		struct storage_record record;
		int outcome = storage_snapshot_get(
			snapshot, prefix_of(key), str_from_c(names[key]), revision, &record);

		assert_int_equal(outcome, value->mod_revision ? 0 : STORAGE_NOT_FOUND);
		if (outcome == 0)
			assert_record(&record, value);
	}
}

struct listing {
	const struct storage_range *range;
	uint64_t revision;
	int key; /* the next to come */
	int end;
	uint64_t count, limit;
};

static bool is_in_range(const struct storage_range *range, struct str name)
{
	int order = str_compare(name, range->start_after);

	return str_starts_with(name, range->below) &&
	       (str_is_empty(range->start_after) || order > 0 ||
		       (order == 0 && range->start_inclusive));
}

static void skip_absent(struct listing *listing)
{
	while (listing->key < listing->end &&
		(model.states[listing->revision][listing->key].mod_revision == 0 ||
			!is_in_range(listing->range, str_from_c(names[listing->key]))))
		listing->key++;
}

static bool check_listed(void *context, const struct storage_record *record)
{
	struct listing *listing = context;

	skip_absent(listing);
	assert_true(listing->key < listing->end);
	assert_true(str_equal_c(record->name, names[listing->key]));
	assert_record(record, &model.states[listing->revision][listing->key]);
	listing->key++;
	return ++listing->count != listing->limit;
}

static void check_list(struct storage_snapshot *snapshot, uint64_t revision)
{
	static const char *const bounds[] = {"", "a", "a/", "a/1", "b/", "b/2", "c", "zz", "0"};
	bool pods = draw(3) != 0;
	struct storage_range range = {.prefix = pods ? model.fixture.pods : model.fixture.nodes,
		.below = str_from_c(bounds[draw(3) ? 0 : draw(9)]),
		.start_after = str_from_c(bounds[draw(2) ? 0 : draw(9)]),
		.start_inclusive = draw(2) == 0,
		.revision = revision == model.revision && draw(2) ? 0 : revision};
	struct listing listing = {.range = &range,
		.revision = revision,
		.key = pods ? 0 : PODS,
		.end = pods ? PODS : KEYS,
		.limit = draw(4) ? 0 : 1 + draw(3)};
	uint64_t count;

	assert_int_equal(storage_snapshot_scan(snapshot, &range, check_listed, &listing), 0);
	skip_absent(&listing);
	if (listing.limit == 0 || listing.count < listing.limit)
		assert_int_equal(listing.key, listing.end);
	assert_int_equal(storage_snapshot_count(snapshot, &range, listing.limit, &count), 0);
	assert_int_equal(count, listing.count);
}

static void assert_event(const struct storage_event *event, const struct model_change *change)
{
	bool deleted = change->after.mod_revision == 0;

	assert_int_equal(event->revision, change->revision);
	assert_true(event->prefix == prefix_of(change->key));
	assert_true(str_equal_c(event->name, names[change->key]));
	assert_int_equal(event->type, deleted ? STORAGE_EVENT_DELETE : STORAGE_EVENT_PUT);
	assert_int_equal(event->create_revision,
		deleted ? change->before.create_revision : change->after.create_revision);
	assert_int_equal(event->previous != NULL, change->before.mod_revision != 0);
	if (event->previous)
		assert_seed(blob_str(event->previous), change->before.seed);
	assert_int_equal(event->value != NULL, !deleted);
	if (event->value)
		assert_seed(blob_str(event->value), change->after.seed);
}

static void check_watch(uint64_t after_revision)
{
	static const char *const bounds[] = {"", "a/", "b/1"};
	bool pods = draw(3) != 0;
	struct str below = str_from_c(bounds[draw(3)]);
	struct storage_fixture_watch watch = {0};
	struct storage_event *event;

	assert_int_equal(storage_watch_open(model.fixture.storage,
				 pods ? model.fixture.pods : model.fixture.nodes, below,
				 after_revision, storage_fixture_note_call, &watch, &watch.watch),
		0);
	for (size_t i = 0; i < model.change_count; i++) {
		const struct model_change *change = &model.changes[i];

		if (change->revision <= after_revision || (change->key < PODS) != pods ||
			!str_starts_with(str_from_c(names[change->key]), below))
			continue;
		event = storage_fixture_next(&model.fixture, &watch);
		assert_event(event, change);
		storage_event_unref(&event);
	}
	assert_int_equal(storage_watch_next(watch.watch, &event), STORAGE_AGAIN);
	assert_int_equal(storage_watch_progress(watch.watch), model.revision);
	storage_watch_close(&watch.watch);
}

static void check_everything(void)
{
	uint64_t oldest = storage_compacted_revision(model.fixture.storage) + 1;
	struct storage_snapshot *snapshot = storage_snapshot_open(model.fixture.storage);
	struct storage_record record;

	assert_int_equal(storage_snapshot_revision(snapshot), model.revision);
	for (uint64_t revision = oldest; revision <= model.revision; revision++) {
		if (model.revision - revision > 10 && draw(20) != 0)
			continue;
		check_gets(snapshot, revision);
		for (int i = 0; i < 8; i++)
			check_list(snapshot, revision);
	}
	if (oldest > 1)
		assert_int_equal(storage_snapshot_get(snapshot, model.fixture.pods, STR("a"),
					 oldest - 1, &record),
			STORAGE_COMPACTED);
	storage_snapshot_close(&snapshot);
	for (int i = 0; i < 6; i++)
		check_watch(oldest + draw((uint32_t)(model.revision - oldest + 1)));
	check_watch(oldest);
}

static void run_model(uint32_t random, int rounds)
{
	memset(model.states, 0, sizeof(model.states));
	model.change_count = 0;
	model.random = random;
	model.revision = 1;
	storage_fixture_init(&model.fixture);
	storage_fixture_open(&model.fixture);
	for (int round = 0; round < rounds; round++) {
		uint32_t writes = draw(60);

		for (uint32_t i = 0; i < writes; i++)
			write_randomly();
		if (draw(3) == 0)
			storage_fixture_reopen(&model.fixture);
		if (draw(4) == 0)
			storage_fixture_compact(&model.fixture, 1 + draw((uint32_t)model.revision));
		check_everything();
	}
	storage_fixture_fini(&model.fixture);
}

static void the_store_does_what_the_model_does(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 6; seed++)
		run_model(seed * 7919, 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_store_does_what_the_model_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
