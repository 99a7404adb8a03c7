/* SPDX-License-Identifier: Apache-2.0 */
#include "api_core.h"

enum {
	CLIENT_IP_TIMEOUT_SECONDS = 10800
};

void core_default_service_port(struct arena *arena, struct json_value *object)
{
	const struct json_value *target = json_find(object, STR("targetPort"));
	bool is_unset = !target || (target->type == JSON_INTEGER && target->integer == 0) ||
			(target->type == JSON_STRING && target->length == 0);
	const struct json_value *port = json_find(object, STR("port"));
	if (is_unset && port)
		json_set(arena, object, STR("targetPort"), *port);
}

static void default_session_affinity(struct arena *arena, struct json_value *spec)
{
	struct str affinity = json_text(json_find(spec, STR("sessionAffinity")));
	if (str_equal(affinity, STR("None"))) {
		json_remove(spec, STR("sessionAffinityConfig"));
		return;
	}
	if (!str_equal(affinity, STR("ClientIP")))
		return;
	if (json_find_path(spec, "sessionAffinityConfig", "clientIP", "timeoutSeconds", NULL))
		return;
	json_set_path(arena, spec, json_integer(CLIENT_IP_TIMEOUT_SECONDS), "sessionAffinityConfig",
		"clientIP", "timeoutSeconds", NULL);
}

static void default_ingress_mode(struct arena *arena, const struct json_value *service)
{
	struct json_value *ingress =
		json_find_path(service, "status", "loadBalancer", "ingress", NULL);
	for (size_t i = 0; i < json_count(ingress); i++) {
		struct json_value *point = json_element(ingress, i);
		if (json_find(point, STR("ip")) && !json_find(point, STR("ipMode")))
			json_set(arena, point, STR("ipMode"), json_string(STR("VIP")));
	}
}

static void set_if_absent(
	struct arena *arena, struct json_value *object, struct str key, struct json_value value)
{
	if (!json_find(object, key))
		json_set(arena, object, key, value);
}

void core_default_service(struct arena *arena, struct json_value *object)
{
	struct json_value *spec = json_find(object, STR("spec"));
	if (!spec)
		return;
	default_session_affinity(arena, spec);
	struct str type = json_text(json_find(spec, STR("type")));
	bool is_cluster_ip = str_equal(type, STR("ClusterIP"));
	bool is_balanced = str_equal(type, STR("LoadBalancer"));
	bool is_node_port = str_equal(type, STR("NodePort"));
	bool is_external = is_balanced || is_node_port ||
			   (is_cluster_ip && json_count(json_find(spec, STR("externalIPs"))) > 0);
	if (is_external)
		set_if_absent(
			arena, spec, STR("externalTrafficPolicy"), json_string(STR("Cluster")));
	if (is_cluster_ip || is_balanced || is_node_port)
		set_if_absent(
			arena, spec, STR("internalTrafficPolicy"), json_string(STR("Cluster")));
	if (is_balanced) {
		set_if_absent(arena, spec, STR("allocateLoadBalancerNodePorts"), json_bool(true));
		default_ingress_mode(arena, object);
	}
}
