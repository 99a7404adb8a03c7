/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects for what the servers behind us serve. They carry upstream's label that says they are
 * managed: "onstart" those that are always there, "true" those that come and go with a
 * CustomResourceDefinition. The label is how the latter are found again after a restart.
 */
#include "agg_services_private.h"
#include "assertion.h"
#include "clock.h"
#include "discovery.h"
#include "event_loop.h"
#include "json_reader.h"
#include "log.h"
#include "object_meta.h"
#include "object_write.h"
#include "schema_engine.h"
#include "stored_object.h"

#define MANAGED_LABEL      "kube-aggregator.kubernetes.io/automanaged"
#define OPERATIONS_MAXIMUM 256

struct repair {
	struct agg_services *services;
	struct arena *arena;
	struct storage_snapshot *snapshot;
	struct storage_operation operations[OPERATIONS_MAXIMUM];
	size_t count;
	bool is_cut; /* more is to be done than fits one transaction */
};

static struct str object_name(struct arena *arena, const struct agg_group_version *entry)
{
	return arena_printf(arena, "%.*s.%.*s", STR_ARG(entry->version), STR_ARG(entry->group));
}

/* ---- One object ---- */

static struct str describe(struct arena *arena, const struct agg_group_version *entry)
{
	int64_t group_priority, version_priority;

	discovery_builtin_priority(
		NULL, entry->group, entry->version, &group_priority, &version_priority);
	return arena_printf(arena,
		"{\"kind\":\"APIService\",\"apiVersion\":\"" AGG_SERVICES_GROUP "/v1\","
		"\"metadata\":{\"name\":\"%.*s.%.*s\",\"labels\":{\"" MANAGED_LABEL "\":\"%s\"}},"
		"\"spec\":{\"group\":\"%.*s\",\"version\":\"%.*s\",\"groupPriorityMinimum\":%lld,"
		"\"versionPriority\":%lld}}",
		STR_ARG(entry->version), STR_ARG(entry->group),
		entry->is_custom ? "true" : "onstart", STR_ARG(entry->group),
		STR_ARG(entry->version), (long long)group_priority, (long long)version_priority);
}

/* What serves itself is always available. */
static void set_available(struct arena *arena, struct json_value *object)
{
	char now[CLOCK_RFC3339_BYTES];
	size_t length = clock_format_rfc3339(clock_wall_seconds(NULL), now);
	struct json_value condition = json_object();
	struct json_value conditions = json_array();

	json_set(arena, &condition, STR("type"), json_string(STR("Available")));
	json_set(arena, &condition, STR("status"), json_string(STR("True")));
	json_set(arena, &condition, STR("lastTransitionTime"),
		json_string(arena_copy(arena, str_from(now, length))));
	json_set(arena, &condition, STR("reason"), json_string(STR("Local")));
	json_set(arena, &condition, STR("message"),
		json_string(STR("Local APIServices are always available")));
	json_append(arena, &conditions, condition);
	json_set_path(arena, object, conditions, "status", "conditions", NULL);
}

/* Group and version come from another server: what is no good name is not registered. */
static bool make_object(
	struct repair *repair, const struct agg_group_version *entry, struct stored_encoding *ret)
{
	const struct api_resource *resource = repair->services->resource;
	struct error err = ERROR_INIT(repair->arena);
	struct json_value document, object;

	if (json_read(repair->arena, describe(repair->arena, entry), NULL, &document, &err) != 0 ||
		schema_decode(repair->arena, resource->schema, &document, NULL, &object, &err) != 0)
		goto failed;
	schema_apply_defaults(repair->arena, resource->schema, &object);
	if (object_meta_prepare_create(repair->arena, resource, STR_EMPTY, &object, &err) != 0)
		goto failed;
	set_available(repair->arena, &object);
	if (stored_object_encode(repair->arena, resource, &object, ret, &err) == 0)
		return true;
failed:
	log_error("APIService %.*s.%.*s: %.*s", STR_ARG(entry->version), STR_ARG(entry->group),
		STR_ARG(err.message));
	return false;
}

/* ---- What is to be done ---- */

static struct storage_operation *add_operation(struct repair *repair, struct str name)
{
	struct storage_operation *operation;

	if (repair->count == OPERATIONS_MAXIMUM) {
		repair->is_cut = true;
		return NULL;
	}
	operation = &repair->operations[repair->count++];
	operation->prefix = repair->services->prefix;
	operation->name = arena_copy(repair->arena, name);
	return operation;
}

static void create_missing(struct repair *repair)
{
	struct agg_services *services = repair->services;
	const struct map_entry *entry;
	size_t position = 0;

	while ((entry = map_next(&services->wanted, &position))) {
		struct storage_record record;
		struct storage_operation *operation;
		struct stored_encoding encoding;

		if (storage_snapshot_get(
			    repair->snapshot, services->prefix, entry->key, 0, &record) == 0 ||
			!make_object(repair, entry->value, &encoding))
			continue;
		operation = add_operation(repair, entry->key);
		if (!operation)
			return;
		operation->type = STORAGE_CREATE;
		operation->value = encoding.bytes;
		operation->revision_offset = encoding.revision_offset;
	}
}

static bool visit_stored(void *context, const struct storage_record *record)
{
	struct repair *repair = context;
	struct stored_object stored;
	struct storage_operation *operation;
	struct str label;

	if (map_find(&repair->services->wanted, record->name) ||
		!stored_object_parse(record->value, &stored) ||
		!stored_object_label(&stored, STR(MANAGED_LABEL), &label))
		return true;
	if (!(repair->services->has_all_custom && str_equal(label, STR("true"))) &&
		!(repair->services->has_all_builtin && str_equal(label, STR("onstart"))))
		return true;
	operation = add_operation(repair, record->name);
	if (!operation)
		return false;
	operation->type = STORAGE_DELETE;
	operation->expected_revision = record->mod_revision;
	return true;
}

static void remove_orphaned(struct repair *repair)
{
	struct storage_range range = {.prefix = repair->services->prefix};

	if (repair->services->has_all_builtin || repair->services->has_all_custom)
		storage_snapshot_scan(repair->snapshot, &range, visit_stored, repair);
}

/* ---- Doing it ---- */

static void on_committed(void *context, const struct storage_commit_result *result)
{
	struct agg_services *services = context;

	services->is_writing = false;
	/* Somebody else wrote one of them meanwhile: their event has us look again. */
	if (result->outcome == STORAGE_COMMITTED)
		services->is_registered = true;
	if (services->must_repair && !services->is_closing)
		agg_services_repair(services);
}

void agg_services_repair_now(void *context)
{
	struct agg_services *services = context;
	struct repair repair = {.services = services};

	services->is_repair_due = false;
	if (services->is_writing) {
		services->must_repair = true;
		return;
	}
	repair.arena = arena_create(0);
	repair.snapshot = storage_snapshot_open(services->storage);
	create_missing(&repair);
	remove_orphaned(&repair);
	storage_snapshot_close(&repair.snapshot);
	services->must_repair = repair.is_cut;
	if (repair.count > 0) {
		struct storage_transaction transaction = {
			.operations = repair.operations, .operation_count = repair.count};

		services->is_writing = true;
		storage_commit(services->storage, &transaction, on_committed, services);
	} else if (services->wanted.count > 0) {
		services->is_registered = true;
	}
	arena_destroy(&repair.arena);
}

void agg_services_repair(struct agg_services *services)
{
	if (services->is_repair_due)
		return;
	services->is_repair_due = true;
	event_loop_defer(services->server->loop, agg_services_repair_now, services);
}

static void want(struct agg_services *services, const struct agg_group_version *entry)
{
	struct agg_group_version *copy = ARENA_NEW(services->arena, struct agg_group_version);

	copy->group = arena_copy(services->arena, entry->group);
	copy->version = arena_copy(services->arena, entry->version);
	copy->is_custom = entry->is_custom;
	map_set(&services->wanted, object_name(services->arena, copy), copy);
}

void agg_services_register(struct agg_services *services, const struct agg_group_version *list,
	size_t count, bool has_all_builtin, bool has_all_custom)
{
	static const struct agg_group_version own = {
		STR_INIT(AGG_SERVICES_GROUP), STR_INIT("v1"), false};

	map_fini(&services->wanted);
	services->wanted = (struct map){0};
	arena_reset(services->arena);
	if (services->is_served)
		want(services, &own);
	for (size_t i = 0; i < count; i++)
		want(services, &list[i]);
	services->has_all_builtin = has_all_builtin;
	services->has_all_custom = has_all_custom;
	agg_services_repair(services);
}

bool agg_services_are_registered(const struct agg_services *services)
{
	return services->is_registered;
}
