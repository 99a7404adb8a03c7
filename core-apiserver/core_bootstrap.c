/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plane starts with: namespaces, RBAC policy, priority classes, and the Service by which it
 * is found. Objects that are there are left alone, but for the endpoints, which say where this
 * plane listens now.
 */
#include "api_core.h"
#include "assertion.h"
#include "core_server.h"
#include "core_service.h"
#include "json_reader.h"
#include "log.h"
#include "memory.h"
#include "object_meta.h"
#include "object_write.h"
#include "schema_engine.h"
#include "stored_object.h"

#define OPERATIONS_MAXIMUM 512

struct bootstrap {
	struct core_server *core;
	struct arena *arena;
	struct storage_snapshot *snapshot;
	struct storage_operation operations[OPERATIONS_MAXIMUM];
	size_t operation_count;
	void (*done)(struct core_server *core);
};

static const struct api_resource *find_resource(
	struct bootstrap *bootstrap, struct str api_version, struct str kind)
{
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

/* Through the same decoding and defaults as a request; a fault in here is ours. */
static void make_object(struct bootstrap *bootstrap, const struct api_resource *resource,
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

static void add_operation(struct bootstrap *bootstrap, const struct api_resource *resource,
	struct json_value *object, uint64_t expected_revision)
{
	struct error err = ERROR_INIT(bootstrap->arena);
	struct stored_encoding encoding;
	int outcome = stored_object_encode(bootstrap->arena, resource, object, &encoding, &err);

	ASSERT(outcome == 0);
	ASSERT(bootstrap->operation_count < OPERATIONS_MAXIMUM);
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

/* The stored object's tree, or false when there is none. */
static bool load(struct bootstrap *bootstrap, const struct api_resource *resource,
	struct str namespace, struct str name, struct json_value *ret, uint64_t *ret_revision)
{
	struct storage_record record;
	struct stored_object stored;
	struct error err = ERROR_INIT(bootstrap->arena);
	struct storage_prefix *prefix =
		storage_prefix_intern(bootstrap->core->storage, resource->storage_prefix);
	struct str storage_name = object_storage_name(bootstrap->arena, resource, namespace, name);

	if (storage_snapshot_get(bootstrap->snapshot, prefix, storage_name, 0, &record) != 0)
		return false;
	*ret_revision = record.mod_revision;
	return stored_object_parse(record.value, &stored) &&
	       json_read(bootstrap->arena, stored.json, NULL, ret, &err) == 0;
}

static void ensure(struct bootstrap *bootstrap, const struct json_value *document)
{
	const struct api_resource *resource =
		find_resource(bootstrap, json_text(json_find(document, STR("apiVersion"))),
			json_text(json_find(document, STR("kind"))));
	struct json_value object, present;
	uint64_t revision;

	ASSERT(resource);
	if (load(bootstrap, resource, object_meta_text(document, STR("namespace")),
		    object_meta_text(document, STR("name")), &present, &revision))
		return;
	make_object(bootstrap, resource, document, &object);
	if (str_equal(resource->kind, STR("Namespace")))
		core_namespace_prepare(bootstrap->arena, resource, &object);
	add_operation(bootstrap, resource, &object, 0);
}

static void ensure_text(struct bootstrap *bootstrap, struct str text)
{
	struct json_value document;
	struct error err = ERROR_INIT(bootstrap->arena);
	int outcome = json_read(bootstrap->arena, text, NULL, &document, &err);

	ASSERT(outcome == 0);
	ensure(bootstrap, &document);
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
		ensure(bootstrap, json_element(&policy, i));
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

static const struct settings *settings_of(struct bootstrap *bootstrap)
{
	return server_process_settings(bootstrap->core->process);
}

static void ensure_service(struct bootstrap *bootstrap)
{
	struct str ip = service_allocator_first_ip(bootstrap->arena, bootstrap->core->services);

	ensure_text(bootstrap,
		arena_printf(bootstrap->arena,
			"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
			"\"kubernetes\",\"namespace\":\"default\",\"labels\":{\"component\":"
			"\"apiserver\",\"provider\":\"kubernetes\"}},\"spec\":{\"ports\":[{\"name\":"
			"\"https\",\"protocol\":\"TCP\",\"port\":443,\"targetPort\":%lld}],"
			"\"clusterIP\":\"%.*s\",\"clusterIPs\":[\"%.*s\"],\"type\":\"ClusterIP\","
			"\"sessionAffinity\":\"None\",\"ipFamilies\":[\"IPv4\"],"
			"\"ipFamilyPolicy\":\"SingleStack\"}}",
			(long long)settings_integer(settings_of(bootstrap), "secure-port", 6443),
			STR_ARG(ip), STR_ARG(ip)));
}

/* Endpoints and their slice always say where this plane is now. */
static void ensure_current(struct bootstrap *bootstrap, struct str text, const char *member)
{
	struct json_value document, present, object;
	struct error err = ERROR_INIT(bootstrap->arena);
	uint64_t revision;
	int outcome = json_read(bootstrap->arena, text, NULL, &document, &err);

	ASSERT(outcome == 0);
	const struct api_resource *resource =
		find_resource(bootstrap, json_text(json_find(&document, STR("apiVersion"))),
			json_text(json_find(&document, STR("kind"))));

	make_object(bootstrap, resource, &document, &object);
	if (!load(bootstrap, resource, STR("default"), STR("kubernetes"), &present, &revision)) {
		add_operation(bootstrap, resource, &object, 0);
		return;
	}
	const struct json_value *wanted = json_find(&object, str_from_c(member));
	const struct json_value *found = json_find(&present, str_from_c(member));

	if (found && json_equal(wanted, found))
		return;
	json_set(bootstrap->arena, &present, str_from_c(member), *wanted);
	add_operation(bootstrap, resource, &present, revision);
}

static void ensure_endpoints(struct bootstrap *bootstrap)
{
	struct str ip = settings_text(settings_of(bootstrap), "advertise-address");
	long long port = settings_integer(settings_of(bootstrap), "secure-port", 6443);

	if (str_is_empty(ip) || str_starts_with(ip, STR("127.")))
		return; /* loopback is not an address for Endpoints */
	ensure_current(bootstrap,
		arena_printf(bootstrap->arena,
			"{\"kind\":\"Endpoints\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
			"\"kubernetes\",\"namespace\":\"default\",\"labels\":{"
			"\"endpointslice.kubernetes.io/skip-mirror\":\"true\"}},\"subsets\":[{"
			"\"addresses\":[{\"ip\":\"%.*s\"}],\"ports\":[{\"name\":\"https\",\"port\":"
			"%lld,\"protocol\":\"TCP\"}]}]}",
			STR_ARG(ip), port),
		"subsets");
	ensure_current(bootstrap,
		arena_printf(bootstrap->arena,
			"{\"kind\":\"EndpointSlice\",\"apiVersion\":\"discovery.k8s.io/v1\","
			"\"metadata\":{\"name\":\"kubernetes\",\"namespace\":\"default\",\"labels\":{"
			"\"kubernetes.io/service-name\":\"kubernetes\"}},\"addressType\":\"IPv4\","
			"\"endpoints\":[{\"addresses\":[\"%.*s\"],\"conditions\":{\"ready\":true}}],"
			"\"ports\":[{\"name\":\"https\",\"port\":%lld,\"protocol\":\"TCP\"}]}",
			STR_ARG(ip), port),
		"endpoints");
}

/* ---- The run ---- */

static void finish(struct bootstrap *bootstrap)
{
	bootstrap->done(bootstrap->core);
	arena_destroy(&bootstrap->arena);
	memory_free(bootstrap);
}

static void on_committed(void *opaque, const struct storage_commit_result *result)
{
	/* Nobody else writes before the listener is open. */
	ASSERT(result->outcome == STORAGE_COMMITTED);
	finish(opaque);
}

void core_bootstrap(struct core_server *core, void (*done)(struct core_server *core))
{
	struct bootstrap *bootstrap = MEMORY_NEW(struct bootstrap);

	bootstrap->core = core;
	bootstrap->done = done;
	bootstrap->arena = arena_create(256 * 1024);
	bootstrap->snapshot = storage_snapshot_open(core->storage);
	ensure_namespaces(bootstrap);
	ensure_policy(bootstrap);
	ensure_priority_classes(bootstrap);
	ensure_service(bootstrap);
	ensure_endpoints(bootstrap);
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
