/* SPDX-License-Identifier: Apache-2.0 */
#include "core_checks.h"

/* Services, but for what depends on the ranges they take addresses and ports from. */

void core_check_service_port(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	if (check_member(&check, "targetPort"))
		check_port(&check, "targetPort");
	check_name(&check, "appProtocol", NAME_FORMAT_QUALIFIED);
}

static struct str port_key(struct arena *arena, const struct json_value *port)
{
	return arena_printf(arena, "%.*s/%lld",
		STR_ARG(json_text(json_find(port, STR("protocol")))),
		(long long)json_integer_or(json_find(port, STR("port")), 0));
}

/* Several ports need names, and no two may have the same one, or be the same port. */
static void check_ports(const struct check *service)
{
	const struct json_value *ports = check_member(service, "ports");
	struct field_path list = field_path_child(service->path, STR("ports"));
	struct json_value names = json_object(), numbers = json_object();
	struct arena *arena = service->errors->arena;

	for (size_t i = 0; i < json_count(ports); i++) {
		const struct json_value *port = json_element(ports, i);
		const struct json_value *name = json_find(port, STR("name"));
		struct field_path item = field_path_index(&list, i);
		struct field_path child = field_path_child(&item, STR("name"));
		struct str key = port_key(arena, port);

		if (str_is_empty(json_text(name)) && json_count(ports) > 1)
			field_errors_add(
				service->errors, FIELD_ERROR_REQUIRED, &child, NULL, "%s", "");
		else if (json_find(&names, json_text(name)))
			field_errors_add(
				service->errors, FIELD_ERROR_DUPLICATE, &child, name, "%s", "");
		json_set(arena, &names, json_text(name), json_null());
		if (json_find(&numbers, key))
			field_errors_add(
				service->errors, FIELD_ERROR_DUPLICATE, &item, port, "%s", "");
		json_set(arena, &numbers, key, json_null());
	}
}

static void check_no_node_ports(const struct check *service)
{
	const struct json_value *ports = check_member(service, "ports");
	struct field_path list = field_path_child(service->path, STR("ports"));

	for (size_t i = 0; i < json_count(ports); i++) {
		struct field_path item = field_path_index(&list, i);
		const struct check port =
			CHECK_INIT(json_element(ports, i), NULL, &item, service->errors);

		if (json_integer_or(check_member(&port, "nodePort"), 0) != 0)
			check_forbidden(
				&port, "nodePort", "may not be used when `type` is 'ClusterIP'");
	}
}

static void check_external_name(const struct check *check)
{
	struct str name = check_text(check, "externalName");
	struct json_value trimmed = json_string(
		str_ends_with(name, STR(".")) ? str_slice(name, 0, name.length - 1) : name);
	struct field_path child = field_path_child(check->path, STR("externalName"));
	const struct check inner = CHECK_INIT(&trimmed, NULL, &child, check->errors);

	if (str_is_empty(name))
		check_required(check, "externalName", "");
	else
		check_name(&inner, NULL, NAME_FORMAT_DNS1123_SUBDOMAIN);
}

void core_check_service_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	struct str type = check_text(&check, "type");
	bool is_balanced = str_equal(type, STR("LoadBalancer"));
	bool is_local = str_equal(check_text(&check, "externalTrafficPolicy"), STR("Local"));
	bool is_external = is_balanced || str_equal(type, STR("NodePort")) ||
			   (str_equal(type, STR("ClusterIP")) && check_has(&check, "externalIPs"));

	check_ports(&check);
	if (str_equal(type, STR("ClusterIP")))
		check_no_node_ports(&check);
	if (str_equal(type, STR("ExternalName")))
		check_external_name(&check);
	if (check_has(&check, "loadBalancerSourceRanges") && !is_balanced)
		check_forbidden(&check, "loadBalancerSourceRanges",
			"may only be used when `type` is 'LoadBalancer'");
	if (check_has(&check, "externalTrafficPolicy") && !is_external)
		check_invalid(&check, "externalTrafficPolicy",
			"may only be set for externally-accessible services");
	if (json_integer_or(check_member(&check, "healthCheckNodePort"), 0) != 0 &&
		!(is_balanced && is_local))
		check_invalid(&check, "healthCheckNodePort",
			"may only be set when `type` is 'LoadBalancer' and "
			"`externalTrafficPolicy` is 'Local'");
}
