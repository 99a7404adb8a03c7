/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Service default/kubernetes and its endpoints say where this plane listens now; what others
 * have set beside that stays.
 */
#include "assertion.h"
#include "core_bootstrap_private.h"
#include "core_service.h"
#include "log.h"

/* ---- The Service ---- */

static struct json_value describe_service(struct bootstrap *bootstrap)
{
	const struct settings *settings = bootstrap_settings(bootstrap);
	struct str ip = service_allocator_first_ip(bootstrap->arena, bootstrap->core->services);
	long long node_port = settings_integer(settings, "kubernetes-service-node-port", 0);
	struct str node_port_text =
		node_port > 0 ? arena_printf(bootstrap->arena, ",\"nodePort\":%lld", node_port)
			      : STR_EMPTY;

	return bootstrap_read(bootstrap,
		arena_printf(bootstrap->arena,
			"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
			"\"kubernetes\",\"namespace\":\"default\",\"labels\":{\"component\":"
			"\"apiserver\",\"provider\":\"kubernetes\"}},\"spec\":{\"ports\":[{\"name\":"
			"\"https\",\"protocol\":\"TCP\",\"port\":443,\"targetPort\":%lld%.*s}],"
			"\"clusterIP\":\"%.*s\",\"clusterIPs\":[\"%.*s\"],\"type\":\"%s\","
			"\"sessionAffinity\":\"None\",\"ipFamilies\":[\"IPv4\"],"
			"\"ipFamilyPolicy\":\"SingleStack\"}}",
			(long long)settings_integer(settings, "secure-port", 6443),
			STR_ARG(node_port_text), STR_ARG(ip), STR_ARG(ip),
			node_port > 0 ? "NodePort" : "ClusterIP"));
}

static void copy_or_remove(struct bootstrap *bootstrap, struct json_value *spec,
	const struct json_value *wanted, const char *name)
{
	const struct json_value *value = json_find(wanted, str_from_c(name));

	if (value)
		json_set(bootstrap->arena, spec, str_from_c(name), *value);
	else
		json_remove(spec, str_from_c(name));
}

/* What belongs to the type goes with it. */
static bool renew_service(struct bootstrap *bootstrap, struct json_value *service,
	const struct json_value *wanted_service)
{
	static const char *const names[] = {
		"type", "ports", "externalTrafficPolicy", "healthCheckNodePort"};
	struct json_value *spec = json_ensure_object(bootstrap->arena, service, STR("spec"));
	const struct json_value *wanted = json_find(wanted_service, STR("spec"));
	const struct json_value *ports = json_find(spec, STR("ports"));

	if (str_equal(json_text(json_find(spec, STR("type"))),
		    json_text(json_find(wanted, STR("type")))) &&
		ports && json_equal(ports, json_find(wanted, STR("ports"))))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		copy_or_remove(bootstrap, spec, wanted, names[i]);
	json_sort_members(spec);
	return true;
}

void bootstrap_ensure_service(struct bootstrap *bootstrap)
{
	struct json_value document = describe_service(bootstrap);
	const struct api_resource *resource = bootstrap_find_resource(bootstrap, &document);
	struct json_value object, present;
	uint64_t revision = 0;

	bootstrap_make_object(bootstrap, resource, &document, &object);
	if (bootstrap_load(bootstrap, resource, &document, &present, &revision)) {
		struct json_value renewed = json_copy(bootstrap->arena, &present, true);

		if (!renew_service(bootstrap, &renewed, &object))
			return;
		object = renewed;
	}
	if (!service_allocator_renew(
		    bootstrap->core->services, &object, revision ? &present : NULL)) {
		log_error("The node port of the service default/kubernetes is not in the range or "
			  "belongs to another service; the service stays as it is");
		return;
	}
	bootstrap_add_operation(bootstrap, resource, &object, revision);
}

/* ---- Its endpoints ---- */

static void ensure_current(
	struct bootstrap *bootstrap, struct str text, const char *const *members, size_t count)
{
	struct json_value document = bootstrap_read(bootstrap, text);
	const struct api_resource *resource = bootstrap_find_resource(bootstrap, &document);
	struct json_value present, object;
	uint64_t revision;
	bool is_current = true;

	bootstrap_make_object(bootstrap, resource, &document, &object);
	if (!bootstrap_load(bootstrap, resource, &document, &present, &revision)) {
		bootstrap_add_operation(bootstrap, resource, &object, 0);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct str name = str_from_c(members[i]);
		const struct json_value *wanted = json_find(&object, name);
		const struct json_value *found = json_find(&present, name);

		if (found && json_equal(wanted, found))
			continue;
		json_set(bootstrap->arena, &present, name, *wanted);
		is_current = false;
	}
	if (!is_current)
		bootstrap_add_operation(bootstrap, resource, &present, revision);
}

void bootstrap_ensure_endpoints(struct bootstrap *bootstrap)
{
	static const char *const endpoints_members[] = {"subsets"};
	static const char *const slice_members[] = {"endpoints", "ports"};
	const struct settings *settings = bootstrap_settings(bootstrap);
	struct str ip = settings_text(settings, "advertise-address");
	long long port = settings_integer(settings, "secure-port", 6443);

	if (str_equal(settings_text(settings, "endpoint-reconciler-type"), STR("none")))
		return;
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
		endpoints_members, 1);
	ensure_current(bootstrap,
		arena_printf(bootstrap->arena,
			"{\"kind\":\"EndpointSlice\",\"apiVersion\":\"discovery.k8s.io/v1\","
			"\"metadata\":{\"name\":\"kubernetes\",\"namespace\":\"default\",\"labels\":{"
			"\"kubernetes.io/service-name\":\"kubernetes\"}},\"addressType\":\"IPv4\","
			"\"endpoints\":[{\"addresses\":[\"%.*s\"],\"conditions\":{\"ready\":true}}],"
			"\"ports\":[{\"name\":\"https\",\"port\":%lld,\"protocol\":\"TCP\"}]}",
			STR_ARG(ip), port),
		slice_members, 2);
}
