/* SPDX-License-Identifier: Apache-2.0 */
/* Node ports of a Service that is written: which it asks for, which it is given. */
#include "core_service_private.h"

bool service_has_port(const struct json_value *service, int64_t port)
{
	const struct json_value *ports = json_find_path(service, "spec", "ports", NULL);

	for (size_t i = 0; i < json_count(ports); i++) {
		if (json_integer_or(json_find(json_element(ports, i), STR("nodePort")), 0) == port)
			return true;
	}
	return json_integer_or(json_find_path(service, "spec", "healthCheckNodePort", NULL), 0) ==
	       port;
}

/* The same number serves another protocol of this Service. */
static bool is_shared(const struct json_value *ports, size_t index)
{
	const struct json_value *port = json_element(ports, index);
	struct str protocol = json_text(json_find(port, STR("protocol")));
	int64_t number = json_integer_or(json_find(port, STR("nodePort")), 0);

	for (size_t i = 0; i < index; i++) {
		const struct json_value *before = json_element(ports, i);

		if (json_integer_or(json_find(before, STR("nodePort")), 0) == number &&
			!str_equal(json_text(json_find(before, STR("protocol"))), protocol))
			return true;
	}
	return false;
}

/* Reserves a number that was asked for, unless it is this Service's already. */
static void allocate_fixed_port(struct allocation *allocation, const struct field_path *path,
	const struct json_value *value)
{
	struct service_allocator *allocator = allocation->allocator;
	int64_t offset = value->integer - allocator->port_base;

	if (service_has_port(allocation->old, value->integer))
		return;
	if (offset < 0 || offset >= allocator->ports.size)
		field_errors_add(&allocation->errors, FIELD_ERROR_INVALID, path, value,
			"provided port is not in the valid range. The range of valid ports is %u-%u",
			allocator->port_base, allocator->port_base + allocator->ports.size - 1);
	else if (number_range_take(&allocator->ports, (uint32_t)offset))
		allocation->taken_ports[allocation->taken_port_count++] = (uint32_t)offset;
	else
		field_errors_add(&allocation->errors, FIELD_ERROR_INVALID, path, value,
			"provided port is already allocated");
}

static int take_any_port(struct allocation *allocation, int64_t *ret_number, struct error *err)
{
	struct service_allocator *allocator = allocation->allocator;
	uint32_t offset;

	if (!number_range_take_any(&allocator->ports, &offset))
		return error_set(
			err, ERROR_INTERNAL, "failed to allocate a nodePort: range is full");
	allocation->taken_ports[allocation->taken_port_count++] = offset;
	*ret_number = allocator->port_base + offset;
	return 0;
}

/* A port number that stands in the list twice, for two protocols, gets one node port. */
static int64_t find_sibling(const struct json_value *ports, size_t index)
{
	const struct json_value *port = json_element(ports, index);
	int64_t number = json_integer_or(json_find(port, STR("port")), 0);

	for (size_t i = 0; i < json_count(ports); i++) {
		const struct json_value *other = json_element(ports, i);
		int64_t node_port = json_integer_or(json_find(other, STR("nodePort")), 0);

		if (i != index && node_port != 0 &&
			json_integer_or(json_find(other, STR("port")), 0) == number &&
			!str_equal(json_text(json_find(other, STR("protocol"))),
				json_text(json_find(port, STR("protocol")))))
			return node_port;
	}
	return 0;
}

/* Gives `number` to the port at the index, or a random free one. */
static int give_port(struct allocation *allocation, size_t index, int64_t number, struct error *err)
{
	struct json_value *ports = json_find(allocation->spec, STR("ports"));

	if (number == 0 && take_any_port(allocation, &number, err) != 0)
		return ERROR_RETURN;
	json_set(allocation->context->arena, json_element(ports, index), STR("nodePort"),
		json_integer(number));
	return 0;
}

/* Numbers that were asked for are reserved even where none would be given. */
static int allocate_node_ports(struct allocation *allocation, bool gives, struct error *err)
{
	struct json_value *ports = json_find(allocation->spec, STR("ports"));
	struct field_path spec = field_path_child(NULL, STR("spec"));
	struct field_path list = field_path_child(&spec, STR("ports"));

	for (size_t i = 0; i < json_count(ports); i++) {
		struct json_value *port = json_element(ports, i);
		struct json_value *node_port = json_find(port, STR("nodePort"));
		struct field_path element = field_path_index(&list, i);
		struct field_path path = field_path_child(&element, STR("nodePort"));

		if (json_integer_or(node_port, 0) != 0) {
			if (!is_shared(ports, i))
				allocate_fixed_port(allocation, &path, node_port);
		} else if (gives && give_port(allocation, i, find_sibling(ports, i), err) != 0) {
			return ERROR_RETURN;
		}
	}
	return 0;
}

static bool had_port(const struct allocation *allocation, int64_t number)
{
	const struct json_value *ports = json_find_path(allocation->old, "spec", "ports", NULL);

	for (size_t i = 0; i < json_count(ports); i++) {
		const struct json_value *port = json_element(ports, i);

		if (json_integer_or(json_find(port, STR("nodePort")), 0) == number)
			return true;
	}
	return false;
}

/* Those of before go with the type; one that is asked for anew is left, to be refused. */
static void drop_ports(struct allocation *allocation)
{
	struct json_value *ports = json_find(allocation->spec, STR("ports"));

	for (size_t i = 0; i < json_count(ports); i++) {
		struct json_value *port = json_element(ports, i);
		int64_t number = json_integer_or(json_find(port, STR("nodePort")), 0);

		if (number == 0 || had_port(allocation, number))
			json_remove(port, STR("nodePort"));
	}
}

/* ---- The health check of load balancers ---- */

static int allocate_health_port(struct allocation *allocation, struct str type, struct error *err)
{
	struct arena *arena = allocation->context->arena;
	struct str policy = json_text(json_find(allocation->spec, STR("externalTrafficPolicy")));
	const struct json_value *asked = json_find(allocation->spec, STR("healthCheckNodePort"));
	struct field_path spec = field_path_child(NULL, STR("spec"));
	struct field_path path = field_path_child(&spec, STR("healthCheckNodePort"));
	int64_t number = json_integer_or(asked, 0);

	if (!str_equal(type, STR("LoadBalancer")) || !str_equal(policy, STR("Local"))) {
		json_remove(allocation->spec, STR("healthCheckNodePort"));
		return 0;
	}
	if (number != 0) {
		allocate_fixed_port(allocation, &path, asked);
		return 0;
	}
	if (take_any_port(allocation, &number, err) != 0)
		return ERROR_RETURN;
	json_set(arena, allocation->spec, STR("healthCheckNodePort"), json_integer(number));
	return 0;
}

/* ---- All of them ---- */

static bool needs_node_ports(const struct allocation *allocation, struct str type)
{
	if (str_equal(type, STR("NodePort")))
		return true;
	return str_equal(type, STR("LoadBalancer")) &&
	       json_bool_or(
		       json_find(allocation->spec, STR("allocateLoadBalancerNodePorts")), true);
}

int service_allocate_ports(struct allocation *allocation, struct str type, struct error *err)
{
	const struct json_value *ports = json_find(allocation->spec, STR("ports"));

	/* One more for the health check. */
	allocation->taken_ports =
		ARENA_ARRAY(allocation->context->arena, uint32_t, json_count(ports) + 1);
	if (!str_equal(type, STR("NodePort")) && !str_equal(type, STR("LoadBalancer")))
		drop_ports(allocation);
	else if (allocate_node_ports(allocation, needs_node_ports(allocation, type), err) != 0)
		return ERROR_RETURN;
	return allocate_health_port(allocation, type, err);
}
