/* SPDX-License-Identifier: Apache-2.0 */
#include "storage_private.h"

#include "assertion.h"
#include "event_loop.h"
#include "memory.h"

/*
 * Recent events stand in one ring for each prefix, and all of them in one list by age, by which the
 * store as a whole forgets: the oldest first, whatever prefix it is of. A watch is a position. As
 * long as that lies within its prefix' ring it reads from there; a slower one replays the log from
 * disk until it has come up to the ring again. prefix->complete_from is where the one ends and the
 * other begins, so nothing is lost or doubled between them.
 *
 * A watch that has been told STORAGE_AGAIN waits in its prefix' list; an event of another prefix
 * costs it nothing.
 */

enum {
	WAKES_PER_TURN = 64
};

struct storage_event *storage_event_create(enum storage_event_type type, uint64_t position,
	struct storage_prefix *prefix, struct str name)
{
	struct storage_event *event =
		memory_allocate_zeroed(1, sizeof(struct storage_event) + name.length);
	char *copy = (char *)(event + 1);

	if (name.length > 0)
		memcpy(copy, name.data, name.length);
	event->type = type;
	event->position = position;
	event->revision = position_revision(position);
	event->prefix = prefix;
	event->name = str_from(copy, name.length);
	event->references = 1;
	return event;
}

struct storage_event *storage_event_ref(struct storage_event *event)
{
	ASSERT(event->references > 0);
	event->references++;
	return event;
}

void storage_event_unref(struct storage_event **event)
{
	struct storage_event *gone = *event;

	*event = NULL;
	if (!gone)
		return;
	ASSERT(gone->references > 0);
	if (--gone->references > 0)
		return;
	blob_unref(&gone->value);
	blob_unref(&gone->previous);
	for (size_t i = 0; i < STORAGE_EVENT_CACHE_SLOTS; i++)
		blob_unref(&gone->cache[i]);
	memory_free(gone);
}

/* ---- Recent events ---- */

static struct storage_event *ring_at(const struct storage_prefix *prefix, size_t at)
{
	return prefix->events[at & (prefix->capacity - 1)];
}

static void ring_resize(struct storage_prefix *prefix, size_t capacity)
{
	struct storage_event **events = memory_allocate(capacity * sizeof(struct storage_event *));

	for (size_t i = prefix->head; i != prefix->tail; i++)
		events[i & (capacity - 1)] = ring_at(prefix, i);
	memory_free(prefix->events);
	prefix->events = events;
	prefix->capacity = capacity;
}

static void ring_push(struct storage_prefix *prefix, struct storage_event *event)
{
	if (prefix->tail - prefix->head == prefix->capacity)
		ring_resize(prefix, prefix->capacity ? prefix->capacity * 2 : 8);
	prefix->events[prefix->tail++ & (prefix->capacity - 1)] = event;
}

/* The first event at or after the position, or tail. */
static size_t ring_find(const struct storage_prefix *prefix, uint64_t position)
{
	size_t low = prefix->head, high = prefix->tail;

	/* Mostly a reader is up to date. */
	if (low == high || ring_at(prefix, high - 1)->position < position)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ring_at(prefix, middle)->position < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What it holds in memory beyond other owners' shares; encodings made later are not counted. */
static size_t event_bytes(const struct storage_event *event)
{
	return sizeof(*event) + event->name.length + blob_str(event->value).length +
	       blob_str(event->previous).length;
}

static void forget_oldest(struct storage *storage)
{
	struct storage_event *event = storage->recent_first;
	struct storage_prefix *prefix = event->prefix;

	ASSERT(prefix->head != prefix->tail && ring_at(prefix, prefix->head) == event);
	prefix->head++;
	prefix->complete_from = event->position + 1;
	storage->recent_first = event->next_recent;
	event->next_recent = NULL;
	if (!storage->recent_first)
		storage->recent_last = NULL;
	storage->recent_count--;
	storage->recent_bytes -= event_bytes(event);
	storage_event_unref(&event);
}

static void remember(struct storage *storage, struct storage_event *event)
{
	ring_push(event->prefix, event);
	if (storage->recent_last)
		storage->recent_last->next_recent = event;
	else
		storage->recent_first = event;
	storage->recent_last = event;
	storage->recent_count++;
	storage->recent_bytes += event_bytes(event);
	while (storage->recent_count > STORAGE_RECENT_MAX_EVENTS ||
		(storage->recent_bytes > STORAGE_RECENT_MAX_BYTES &&
			storage->recent_first != event))
		forget_oldest(storage);
}

/* ---- Waking ---- */

static void wake_some(void *context);

static void defer_wake(struct storage *storage)
{
	if (storage->wake_is_deferred)
		return;
	storage->wake_is_deferred = true;
	event_loop_defer(storage->loop, wake_some, storage);
}

/* At most so many in one turn of the loop, for they may do much; who is added meanwhile waits. */
static void wake_some(void *context)
{
	struct storage *storage = context;
	struct storage_watch *last = TAILQ_LAST(&storage->waking, watch_list);

	storage->wake_is_deferred = false;
	for (int i = 0; i < WAKES_PER_TURN && !TAILQ_EMPTY(&storage->waking); i++) {
		struct storage_watch *watch = TAILQ_FIRST(&storage->waking);
		bool is_last = watch == last;

		TAILQ_REMOVE(&storage->waking, watch, link);
		watch->state = WATCH_READING;
		watch->on_readable(watch->context);
		if (is_last)
			break;
	}
	if (!TAILQ_EMPTY(&storage->waking))
		defer_wake(storage);
}

/* Puts a watch that is in no list among those to be woken. */
static void wake_later(struct storage_watch *watch)
{
	watch->state = WATCH_WAKING;
	TAILQ_INSERT_TAIL(&watch->storage->waking, watch, link);
	defer_wake(watch->storage);
}

static void leave_list(struct storage_watch *watch)
{
	if (watch->state == WATCH_WAITING)
		TAILQ_REMOVE(&watch->prefix->waiting, watch, link);
	else if (watch->state == WATCH_WAKING)
		TAILQ_REMOVE(&watch->storage->waking, watch, link);
	watch->state = WATCH_READING;
}

void storage_publish(struct storage *storage, struct storage_event *event)
{
	struct storage_watch *watch = TAILQ_FIRST(&event->prefix->waiting);

	while (watch) {
		struct storage_watch *following = TAILQ_NEXT(watch, link);

		if (event->position >= watch->next && str_starts_with(event->name, watch->below)) {
			leave_list(watch);
			/* Nothing before it was for this watch, else it would not have waited. */
			watch->next = event->position;
			wake_later(watch);
		}
		watch = following;
	}
	remember(storage, event);
}

void storage_watches_fini(struct storage *storage)
{
	event_loop_cancel_deferred(storage->loop, wake_some, storage);
	while (storage->recent_first)
		forget_oldest(storage);
}

/* ---- Watches ---- */

int storage_watch_open(struct storage *storage, struct storage_prefix *prefix, struct str below,
	uint64_t after_revision, storage_readable_fn on_readable, void *context,
	struct storage_watch **ret)
{
	uint64_t floor = atomic_load(&storage->floor);
	struct storage_watch *watch;

	/* Nothing was written at the first revision, so all is still there "after 0". */
	if (after_revision < floor && floor > STORAGE_FIRST_REVISION)
		return STORAGE_COMPACTED;
	if (after_revision > STORAGE_REVISION_MAX - 1)
		after_revision = STORAGE_REVISION_MAX - 1;
	watch = memory_allocate_zeroed(1, sizeof(*watch) + below.length);
	if (below.length > 0)
		memcpy(watch + 1, below.data, below.length);
	watch->below = str_from((const char *)(watch + 1), below.length);
	watch->storage = storage;
	watch->prefix = prefix;
	watch->next = position_make(after_revision + 1, 0);
	watch->on_readable = on_readable;
	watch->context = context;
	watch->replay_from = UINT64_MAX;
	storage->open_watches++;
	wake_later(watch);
	*ret = watch;
	return 0;
}

static bool next_from_memory(struct storage_watch *watch, struct storage_event **ret)
{
	struct storage_prefix *prefix = watch->prefix;

	for (size_t at = ring_find(prefix, watch->next); at != prefix->tail; at++) {
		struct storage_event *event = ring_at(prefix, at);

		watch->next = event->position + 1;
		if (str_starts_with(event->name, watch->below)) {
			*ret = storage_event_ref(event);
			return true;
		}
	}
	return false;
}

int storage_watch_next(struct storage_watch *watch, struct storage_event **ret)
{
	uint64_t delivered = position_make(watch->storage->revision + 1, 0);

	/* Even when the ring has moved on over events that were not for it. */
	if (watch->state == WATCH_WAITING && watch->next < delivered)
		watch->next = delivered;
	leave_list(watch);
	if (watch->next < watch->prefix->complete_from) {
		switch (storage_watch_replay(watch, ret)) {
		case REPLAY_EVENT:
			return 0;
		case REPLAY_COMPACTED:
			return STORAGE_COMPACTED;
		case REPLAY_PAUSED:
			wake_later(watch);
			return STORAGE_AGAIN;
		case REPLAY_CAUGHT_UP:
			break;
		}
	}
	/* Here a replay has ended, also when another one has shown the stretch to be quiet. */
	watch->replay_from = UINT64_MAX;
	if (next_from_memory(watch, ret))
		return 0;
	watch->state = WATCH_WAITING;
	TAILQ_INSERT_TAIL(&watch->prefix->waiting, watch, link);
	return STORAGE_AGAIN;
}

uint64_t storage_watch_progress(const struct storage_watch *watch)
{
	uint64_t passed = position_revision(watch->next) - 1;

	if (watch->state == WATCH_WAITING && watch->storage->revision > passed)
		return watch->storage->revision;
	return passed;
}

void storage_watch_close(struct storage_watch **watch)
{
	struct storage_watch *gone = *watch;

	*watch = NULL;
	if (!gone)
		return;
	leave_list(gone);
	ASSERT(gone->storage->open_watches > 0);
	gone->storage->open_watches--;
	memory_free(gone);
}
