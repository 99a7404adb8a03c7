/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authorizer's rules follow the stored roles and bindings: one scan at start, then a watch from
 * its revision, so that a change holds from the moment it is acknowledged.
 */
#include "core_server.h"
#include "json_reader.h"
#include "log.h"
#include "memory.h"
#include "stored_object.h"

static const struct {
	enum rbac_kind kind;
	struct str prefix;
	bool is_namespaced;
} sources[] = {
	{RBAC_ROLE, STR_INIT("/registry/roles/"), true},
	{RBAC_ROLE_BINDING, STR_INIT("/registry/rolebindings/"), true},
	{RBAC_CLUSTER_ROLE, STR_INIT("/registry/clusterroles/"), false},
	{RBAC_CLUSTER_ROLE_BINDING, STR_INIT("/registry/clusterrolebindings/"), false},
};
#define SOURCE_COUNT (sizeof(sources) / sizeof(sources[0]))

struct rbac_source {
	struct rbac_feed *feed;
	size_t index;
	struct storage_watch *watch;
};

struct rbac_feed {
	struct core_server *core;
	struct arena *arena; /* reset after each object */
	struct rbac_source sources[SOURCE_COUNT];
};

static void take(struct rbac_source *source, struct str name, struct str value)
{
	struct rbac_feed *feed = source->feed;
	struct str namespace = STR_EMPTY;
	struct stored_object stored;
	struct json_value object;
	const struct json_value *rule = NULL; /* one that cannot be read grants nothing */
	struct error err = ERROR_INIT(feed->arena);

	if (sources[source->index].is_namespaced)
	namespace = str_split(&name, '/');
	if (value.length > 0) {
		if (stored_object_parse(value, &stored) &&
			json_read(feed->arena, stored.json, NULL, &object, &err) == 0)
			rule = &object;
		else
			log_error("rbac: stored object %.*s%.*s cannot be read",
				STR_ARG(sources[source->index].prefix), STR_ARG(name));
	}
	rbac_set_object(feed->core->rbac, sources[source->index].kind, namespace, name, rule);
	arena_reset(feed->arena);
}

static bool take_record(void *opaque, const struct storage_record *record)
{
	take(opaque, record->name, record->value);
	return true;
}

static int follow(struct rbac_source *source);

static void on_readable(void *opaque)
{
	struct rbac_source *source = opaque;
	struct storage_event *event = NULL;
	int outcome;

	while ((outcome = storage_watch_next(source->watch, &event)) == 0) {
		take(source, event->name, blob_str(event->value));
		storage_event_unref(&event);
	}
	if (outcome == STORAGE_COMPACTED) {
		storage_watch_close(&source->watch);
		follow(source);
	}
}

static int follow(struct rbac_source *source)
{
	struct storage *storage = source->feed->core->storage;
	struct storage_snapshot *snapshot = storage_snapshot_open(storage);
	struct storage_range range = {
		.prefix = storage_prefix_intern(storage, sources[source->index].prefix)};
	uint64_t revision = storage_snapshot_revision(snapshot);

	storage_snapshot_scan(snapshot, &range, take_record, source);
	storage_snapshot_close(&snapshot);
	return storage_watch_open(
		storage, range.prefix, STR_EMPTY, revision, on_readable, source, &source->watch);
}

int rbac_feed_create(struct core_server *core, struct rbac_feed **ret, struct error *err)
{
	struct rbac_feed *feed = MEMORY_NEW(struct rbac_feed);

	feed->core = core;
	feed->arena = arena_create(0);
	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		feed->sources[i] = (struct rbac_source){.feed = feed, .index = i};
		if (follow(&feed->sources[i]) != 0) {
			rbac_feed_destroy(&feed);
			return error_set(err, ERROR_INTERNAL, "cannot watch %.*s",
				STR_ARG(sources[i].prefix));
		}
	}
	*ret = feed;
	return 0;
}

void rbac_feed_destroy(struct rbac_feed **feed)
{
	struct rbac_feed *gone = *feed;

	*feed = NULL;
	if (!gone)
		return;
	for (size_t i = 0; i < SOURCE_COUNT; i++)
		storage_watch_close(&gone->sources[i].watch);
	arena_destroy(&gone->arena);
	memory_free(gone);
}
