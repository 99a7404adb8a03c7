/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plane starts with: namespaces, RBAC policy, priority classes, and the Service by which it
 * is found. Objects that are there are left alone, but for that Service and its endpoints, which
 * say where this plane listens now, and for the policy, which gets what it lacks.
 */
#include "api_core.h"
#include "assertion.h"
#include "core_bootstrap_private.h"
#include "json_reader.h"
#include "log.h"
#include "memory.h"
#include "object_write.h"
#include "schema_engine.h"
#include "stored_object.h"

const struct settings *bootstrap_settings(const struct bootstrap *bootstrap)
{
	return server_process_settings(bootstrap->core->process);
}

const struct api_resource *bootstrap_find_resource(
	struct bootstrap *bootstrap, const struct json_value *document)
{
	struct str api_version = json_text(json_find(document, STR("apiVersion")));
	struct str kind = json_text(json_find(document, STR("kind")));

	for (size_t i = 0; i < api_core_resource_count; i++) {
		const struct api_resource *resource = api_core_resources[i];

		if (str_equal(resource->kind, kind) && !(resource->flags & RESOURCE_VIRTUAL) &&
			str_equal(api_group_version(
					  bootstrap->arena, resource->group, resource->version),
				api_version))
			return resource;
	}
	return NULL;
}

void bootstrap_make_object(struct bootstrap *bootstrap, const struct api_resource *resource,
	const struct json_value *document, struct json_value *ret)
{
	struct error err = ERROR_INIT(bootstrap->arena);

	if (schema_decode(bootstrap->arena, resource->schema, document, NULL, ret, &err) != 0) {
		log_error("bootstrap object: %.*s", STR_ARG(err.message));
		ASSERT(!"bootstrap objects decode");
	}
	schema_apply_defaults(bootstrap->arena, resource->schema, ret);
	if (object_meta_prepare_create(bootstrap->arena, resource,
		    object_meta_text(ret, STR("namespace")), ret, &err) != 0) {
		log_error("bootstrap object: %.*s", STR_ARG(err.message));
		ASSERT(!"bootstrap objects have good metadata");
	}
}

void bootstrap_add_operation(struct bootstrap *bootstrap, const struct api_resource *resource,
	struct json_value *object, uint64_t expected_revision)
{
	struct error err = ERROR_INIT(bootstrap->arena);
	struct stored_encoding encoding;
	int outcome = stored_object_encode(bootstrap->arena, resource, object, &encoding, &err);

	ASSERT(outcome == 0);
	ASSERT(bootstrap->operation_count < BOOTSTRAP_OPERATIONS_MAXIMUM);
	bootstrap->operations[bootstrap->operation_count++] = (struct storage_operation){
		.type = expected_revision ? STORAGE_UPDATE : STORAGE_CREATE,
		.prefix = storage_prefix_intern(bootstrap->core->storage, resource->storage_prefix),
		.name = object_storage_name(bootstrap->arena, resource,
			object_meta_text(object, STR("namespace")),
			object_meta_text(object, STR("name"))),
		.expected_revision = expected_revision,
		.value = encoding.bytes,
		.revision_offset = encoding.revision_offset,
	};
}

bool bootstrap_load(struct bootstrap *bootstrap, const struct api_resource *resource,
	const struct json_value *document, struct json_value *ret, uint64_t *ret_revision)
{
	struct storage_record record;
	struct stored_object stored;
	struct error err = ERROR_INIT(bootstrap->arena);
	struct storage_prefix *prefix =
		storage_prefix_intern(bootstrap->core->storage, resource->storage_prefix);
	struct str storage_name = object_storage_name(bootstrap->arena, resource,
		object_meta_text(document, STR("namespace")),
		object_meta_text(document, STR("name")));

	if (storage_snapshot_get(bootstrap->snapshot, prefix, storage_name, 0, &record) != 0)
		return false;
	*ret_revision = record.mod_revision;
	return stored_object_parse(record.value, &stored) &&
	       json_read(bootstrap->arena, stored.json, NULL, ret, &err) == 0;
}

void bootstrap_ensure(struct bootstrap *bootstrap, const struct json_value *document)
{
	const struct api_resource *resource = bootstrap_find_resource(bootstrap, document);
	struct json_value object, present;
	uint64_t revision;

	ASSERT(resource);
	if (bootstrap_load(bootstrap, resource, document, &present, &revision))
		return;
	bootstrap_make_object(bootstrap, resource, document, &object);
	if (str_equal(resource->kind, STR("Namespace")))
		core_namespace_prepare(bootstrap->arena, resource, &object);
	bootstrap_add_operation(bootstrap, resource, &object, 0);
}

struct json_value bootstrap_read(struct bootstrap *bootstrap, struct str text)
{
	struct json_value document;
	struct error err = ERROR_INIT(bootstrap->arena);
	int outcome = json_read(bootstrap->arena, text, NULL, &document, &err);

	ASSERT(outcome == 0);
	return document;
}

static void ensure_text(struct bootstrap *bootstrap, struct str text)
{
	struct json_value document = bootstrap_read(bootstrap, text);

	bootstrap_ensure(bootstrap, &document);
}

/* ---- The objects ---- */

static void ensure_namespaces(struct bootstrap *bootstrap)
{
	static const char *const names[] = {
		"default", "kube-system", "kube-public", "kube-node-lease"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ensure_text(bootstrap,
			arena_printf(bootstrap->arena,
				"{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{"
				"\"name\":\"%s\"}}",
				names[i]));
}

static void ensure_policy(struct bootstrap *bootstrap)
{
	struct json_value policy = bootstrap_policy(bootstrap->arena);

	for (size_t i = 0; i < json_count(&policy); i++)
		bootstrap_ensure_policy(bootstrap, json_element(&policy, i));
}

static void ensure_priority_classes(struct bootstrap *bootstrap)
{
	static const struct {
		const char *name;
		long value;
		const char *description;
	} classes[] = {
		{"system-cluster-critical", 2000000000,
			"Used for system critical pods that must run in the cluster, but can be moved "
			"to another node if necessary."},
		{"system-node-critical", 2000001000,
			"Used for system critical pods that must not be moved from their current "
			"node."},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		ensure_text(bootstrap,
			arena_printf(bootstrap->arena,
				"{\"kind\":\"PriorityClass\",\"apiVersion\":\"scheduling.k8s.io/v1\","
				"\"metadata\":{\"name\":\"%s\"},\"value\":%ld,\"description\":\"%s\"}",
				classes[i].name, classes[i].value, classes[i].description));
}

bool core_has_rbac(const struct core_server *core)
{
	const struct settings *settings = server_process_settings(core->process);
	struct str name = STR("authorization-mode");

	for (size_t i = 0; i < settings_count(settings, name); i++) {
		if (str_equal(settings_value(settings, name, i), STR("RBAC")))
			return true;
	}
	return false;
}

/* ---- The run ---- */

static void finish(struct bootstrap *bootstrap)
{
	if (bootstrap->core->api)
		bootstrap->done(bootstrap->core);
	arena_destroy(&bootstrap->arena);
	memory_free(bootstrap);
}

static void on_committed(void *opaque, const struct storage_commit_result *result)
{
	struct bootstrap *bootstrap = opaque;

	/* Nobody else writes before the listener is open; but we may be told to end before. */
	ASSERT(result->outcome == STORAGE_COMMITTED || !bootstrap->core->api);
	finish(bootstrap);
}

void core_bootstrap(struct core_server *core, void (*done)(struct core_server *core))
{
	struct bootstrap *bootstrap = MEMORY_NEW(struct bootstrap);

	bootstrap->core = core;
	bootstrap->done = done;
	bootstrap->arena = arena_create(256 * 1024);
	bootstrap->snapshot = storage_snapshot_open(core->storage);
	ensure_namespaces(bootstrap);
	bootstrap_ensure_authentication(bootstrap);
	if (core_has_rbac(core))
		ensure_policy(bootstrap);
	ensure_priority_classes(bootstrap);
	bootstrap_ensure_service(bootstrap);
	bootstrap_ensure_endpoints(bootstrap);
	storage_snapshot_close(&bootstrap->snapshot);
	if (bootstrap->operation_count == 0) {
		finish(bootstrap);
		return;
	}
	struct storage_transaction transaction = {
		.operations = bootstrap->operations,
		.operation_count = bootstrap->operation_count,
	};

	storage_commit(core->storage, &transaction, on_committed, bootstrap);
}
