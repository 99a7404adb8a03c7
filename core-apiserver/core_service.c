/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A write of a Service reserves what it needs before it is validated and committed; what was
 * reserved is noted until the outcome is known, then kept or given back.
 */
#include "core_service_private.h"

#include "core_strategies.h"
#include "json_reader.h"
#include "memory.h"
#include "object_meta.h"
#include "stored_object.h"

static struct service_allocator *allocator_of(const struct strategy_context *context)
{
	return ((struct core_server *)api_server_context(context->server))->services;
}

struct str service_allocator_first_ip(
	struct arena *arena, const struct service_allocator *allocator)
{
	return ip_format_v4(arena, allocator->ip_base + 1);
}

/* ---- What a stored Service holds ---- */

static void hold_ip(struct service_allocator *allocator, struct str text, bool hold)
{
	uint32_t address;

	if (!ip_parse_v4(text, &address) || address <= allocator->ip_base ||
		address - allocator->ip_base >= allocator->ips.size)
		return;
	if (hold)
		number_range_take(&allocator->ips, address - allocator->ip_base);
	else
		number_range_release(&allocator->ips, address - allocator->ip_base);
}

static void hold_port(struct service_allocator *allocator, int64_t port, bool hold)
{
	int64_t offset = port - allocator->port_base;

	if (offset < 0 || offset >= allocator->ports.size)
		return;
	if (hold)
		number_range_take(&allocator->ports, (uint32_t)offset);
	else
		number_range_release(&allocator->ports, (uint32_t)offset);
}

/* Takes or gives back all that `service` has and `except` (may be NULL) has not. */
static void hold_difference(struct service_allocator *allocator, const struct json_value *service,
	const struct json_value *except, bool hold)
{
	struct str ip = json_text(json_find_path(service, "spec", "clusterIP", NULL));
	const struct json_value *ports = json_find_path(service, "spec", "ports", NULL);
	int64_t health =
		json_integer_or(json_find_path(service, "spec", "healthCheckNodePort", NULL), 0);

	if (!str_equal(ip, json_text(json_find_path(except, "spec", "clusterIP", NULL))))
		hold_ip(allocator, ip, hold);
	for (size_t i = 0; i < json_count(ports); i++) {
		int64_t port =
			json_integer_or(json_find(json_element(ports, i), STR("nodePort")), 0);

		if (port > 0 && !service_has_port(except, port))
			hold_port(allocator, port, hold);
	}
	if (health > 0 && !service_has_port(except, health))
		hold_port(allocator, health, hold);
}

bool service_allocator_renew(struct service_allocator *allocator, const struct json_value *service,
	const struct json_value *old)
{
	const struct json_value *ports = json_find_path(service, "spec", "ports", NULL);

	for (size_t i = 0; i < json_count(ports); i++) {
		int64_t port =
			json_integer_or(json_find(json_element(ports, i), STR("nodePort")), 0);
		int64_t offset = port - allocator->port_base;

		if (port == 0 || service_has_port(old, port))
			continue;
		if (offset < 0 || offset >= allocator->ports.size ||
			!number_range_take(&allocator->ports, (uint32_t)offset))
			return false;
	}
	hold_difference(allocator, old, service, false);
	hold_difference(allocator, service, old, true);
	return true;
}

static bool hold_stored(void *opaque, const struct storage_record *record)
{
	struct service_allocator *allocator = opaque;
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct stored_object stored;
	struct json_value service;

	if (stored_object_parse(record->value, &stored) &&
		json_read(arena, stored.json, NULL, &service, &err) == 0)
		hold_difference(allocator, &service, NULL, true);
	arena_destroy(&arena);
	return true;
}

/* ---- Allocation for one write ---- */

static struct str spec_text(const struct allocation *allocation, const char *name)
{
	return json_text(json_find(allocation->spec, str_from_c(name)));
}

static void set_text(struct allocation *allocation, const char *name, struct str value)
{
	json_set(
		allocation->context->arena, allocation->spec, str_from_c(name), json_string(value));
}

static void set_single(struct allocation *allocation, const char *name, struct str value)
{
	struct json_value list = json_array();

	json_append(allocation->context->arena, &list, json_string(value));
	json_set(allocation->context->arena, allocation->spec, str_from_c(name), list);
}

static void refuse_ip(struct allocation *allocation, struct str ip, struct str why)
{
	struct field_path spec = field_path_child(NULL, STR("spec"));
	struct field_path path = field_path_child(&spec, STR("clusterIPs"));
	struct json_value list = json_array();

	json_append(allocation->context->arena, &list, json_string(ip));
	field_errors_add(
		&allocation->errors, FIELD_ERROR_INVALID, &path, &list, "%.*s", STR_ARG(why));
}

static void allocate_fixed_ip(struct allocation *allocation, struct str ip)
{
	struct service_allocator *allocator = allocation->allocator;
	struct arena *arena = allocation->context->arena;
	uint32_t address;

	if (!ip_parse_v4(ip, &address)) {
		refuse_ip(allocation, ip, STR("must be a valid IP address, (e.g. 10.9.8.7)"));
		return;
	}
	if (address <= allocator->ip_base ||
		address - allocator->ip_base >= allocator->ips.size - 1) {
		refuse_ip(allocation, ip,
			arena_printf(arena,
				"failed to allocate IP %.*s: the provided IP (%.*s) is not in the "
				"valid range. The range of valid IPs is %.*s",
				STR_ARG(ip), STR_ARG(ip), STR_ARG(str_from_c(allocator->cidr))));
		return;
	}
	if (number_range_take(&allocator->ips, address - allocator->ip_base))
		allocation->taken_ip = address - allocator->ip_base;
	else
		refuse_ip(allocation, ip,
			arena_printf(arena,
				"failed to allocate IP %.*s: provided IP is already allocated",
				STR_ARG(ip)));
}

static int allocate_ip(struct allocation *allocation, struct error *err)
{
	struct service_allocator *allocator = allocation->allocator;
	struct str ip = spec_text(allocation, "clusterIP");
	struct str old_ip = json_text(json_find_path(allocation->old, "spec", "clusterIP", NULL));
	uint32_t offset;

	if (str_is_empty(ip))
		ip = json_text(json_element(json_find(allocation->spec, STR("clusterIPs")), 0));
	if (str_equal(ip, STR("None"))) {
		/* Headless: nothing to take. */
	} else if (str_is_empty(ip)) {
		if (!number_range_take_any(&allocator->ips, &offset))
			return error_set(err, ERROR_INTERNAL,
				"failed to allocate a serviceIP: range is full");
		allocation->taken_ip = offset;
		ip = ip_format_v4(allocation->context->arena, allocator->ip_base + offset);
	} else if (!str_equal(ip, old_ip)) {
		allocate_fixed_ip(allocation, ip);
	}
	set_text(allocation, "clusterIP", ip);
	set_single(allocation, "clusterIPs", ip);
	if (json_count(json_find(allocation->spec, STR("ipFamilies"))) == 0)
		set_single(allocation, "ipFamilies", STR("IPv4"));
	if (str_is_empty(spec_text(allocation, "ipFamilyPolicy")))
		set_text(allocation, "ipFamilyPolicy", STR("SingleStack"));
	return 0;
}

static void drop_addresses(struct allocation *allocation)
{
	static const char *const names[] = {
		"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_remove(allocation->spec, str_from_c(names[i]));
}

static void give_back(struct allocation *allocation)
{
	struct service_allocator *allocator = allocation->allocator;

	if (allocation->taken_ip > 0)
		number_range_release(&allocator->ips, allocation->taken_ip);
	for (size_t i = 0; i < allocation->taken_port_count; i++)
		number_range_release(&allocator->ports, allocation->taken_ports[i]);
}

static int check_port_count(struct allocation *allocation, struct error *err)
{
	size_t count = json_count(json_find(allocation->spec, STR("ports")));
	struct field_path spec = field_path_child(NULL, STR("spec"));
	struct field_path path = field_path_child(&spec, STR("ports"));
	struct json_value value = json_integer((int64_t)count);

	if (count <= SERVICE_PORTS_MAXIMUM)
		return 0;
	field_errors_add(&allocation->errors, FIELD_ERROR_TOO_MANY, &path, &value,
		"must have at most %d items", SERVICE_PORTS_MAXIMUM);
	return field_errors_to_error(
		&allocation->errors, STR_EMPTY, STR("Service"), allocation->context->name, err);
}

static int allocate(const struct strategy_context *context, struct json_value *object,
	const struct json_value *old, struct error *err)
{
	struct allocation allocation = {
		.context = context,
		.allocator = allocator_of(context),
		.spec = json_ensure_object(context->arena, object, STR("spec")),
		.old = old,
		.errors = {.arena = context->arena},
	};
	struct str type = spec_text(&allocation, "type");
	int outcome = check_port_count(&allocation, err);

	if (outcome != 0)
		return outcome;
	if (str_equal(type, STR("ExternalName")))
		drop_addresses(&allocation);
	else
		outcome = allocate_ip(&allocation, err);
	if (outcome == 0)
		outcome = service_allocate_ports(&allocation, type, err);
	if (outcome == 0)
		outcome = field_errors_to_error(&allocation.errors, STR_EMPTY, STR("Service"),
			object_meta_text(object, STR("name")), err);
	if (outcome != 0)
		give_back(&allocation);
	return outcome;
}

static void settle(const struct strategy_context *context, const struct json_value *object,
	const struct json_value *old, bool is_committed)
{
	struct service_allocator *allocator = allocator_of(context);

	if (!is_committed) {
		hold_difference(allocator, object, old, false);
		return;
	}
	/* What the old one had and the new one has no more is free again. */
	if (old)
		hold_difference(allocator, old, object, false);
}

/* ---- Update: what the client left out is kept ---- */

static void keep(const struct strategy_context *context, struct json_value *spec,
	const struct json_value *old_spec, const char *name)
{
	const struct json_value *before = json_find(old_spec, str_from_c(name));
	const struct json_value *now = json_find(spec, str_from_c(name));
	bool is_absent = !now || (now->type == JSON_STRING && now->length == 0) ||
			 (now->type == JSON_ARRAY && now->length == 0) ||
			 (now->type == JSON_INTEGER && now->integer == 0);

	if (before && is_absent)
		json_set(context->arena, spec, str_from_c(name),
			json_copy(context->arena, before, false));
}

static void keep_node_ports(const struct strategy_context *context, struct json_value *spec,
	const struct json_value *old_spec)
{
	struct json_value *ports = json_find(spec, STR("ports"));
	const struct json_value *old_ports = json_find(old_spec, STR("ports"));

	if (json_count(ports) > SERVICE_PORTS_MAXIMUM)
		return; /* to be refused */
	for (size_t i = 0; i < json_count(ports); i++) {
		struct json_value *port = json_element(ports, i);

		if (json_integer_or(json_find(port, STR("nodePort")), 0) != 0)
			continue;
		for (size_t j = 0; j < json_count(old_ports); j++) {
			const struct json_value *before = json_element(old_ports, j);
			const struct json_value *number = json_find(before, STR("nodePort"));

			if (number &&
				json_integer_or(json_find(before, STR("port")), 0) ==
					json_integer_or(json_find(port, STR("port")), -1) &&
				str_equal(json_text(json_find(before, STR("protocol"))),
					json_text(json_find(port, STR("protocol")))))
				json_set(context->arena, port, STR("nodePort"), *number);
		}
	}
}

static bool is_external(const struct json_value *spec)
{
	struct str type = json_text(json_find(spec, STR("type")));

	return str_equal(type, STR("NodePort")) || str_equal(type, STR("LoadBalancer")) ||
	       (str_equal(type, STR("ClusterIP")) &&
		       json_count(json_find(spec, STR("externalIPs"))) > 0);
}

static void drop_unchanged(
	struct json_value *spec, const struct json_value *old_spec, const char *name)
{
	const struct json_value *now = json_find(spec, str_from_c(name));
	const struct json_value *before = json_find(old_spec, str_from_c(name));

	if (now && before && json_equal(now, before))
		json_remove(spec, str_from_c(name));
}

/* What only the type of before could have goes with it, unless it was changed. */
static void drop_of_old_type(struct json_value *spec, const struct json_value *old_spec)
{
	static const struct str balancer = STR_INIT("LoadBalancer");
	bool was_balanced = str_equal(json_text(json_find(old_spec, STR("type"))), balancer);

	if (is_external(old_spec) && !is_external(spec))
		drop_unchanged(spec, old_spec, "externalTrafficPolicy");
	if (was_balanced && !str_equal(json_text(json_find(spec, STR("type"))), balancer)) {
		drop_unchanged(spec, old_spec, "allocateLoadBalancerNodePorts");
		drop_unchanged(spec, old_spec, "loadBalancerClass");
	}
}

static void prepare_update(const struct strategy_context *context, struct json_value *object,
	const struct json_value *old)
{
	struct json_value *spec = json_ensure_object(context->arena, object, STR("spec"));
	const struct json_value *old_spec = json_find(old, STR("spec"));
	struct str type = json_text(json_find(spec, STR("type")));
	bool was_external =
		str_equal(json_text(json_find(old_spec, STR("type"))), STR("ExternalName"));

	drop_of_old_type(spec, old_spec);
	if (str_equal(type, STR("ExternalName")) || was_external)
		return;
	keep(context, spec, old_spec, "clusterIP");
	keep(context, spec, old_spec, "clusterIPs");
	keep(context, spec, old_spec, "ipFamilies");
	keep(context, spec, old_spec, "ipFamilyPolicy");
	if (!str_equal(type, STR("ClusterIP")))
		keep_node_ports(context, spec, old_spec);
}

static void validate(const struct strategy_context *context, const struct json_value *object,
	const struct json_value *old, struct field_errors *errors)
{
	const struct json_value *spec = json_find(object, STR("spec"));
	struct str type = json_text(json_find(spec, STR("type")));
	struct str ip = json_text(json_find(spec, STR("clusterIP")));
	struct str old_ip = json_text(json_find_path(old, "spec", "clusterIP", NULL));
	struct field_path parent = field_path_child(NULL, STR("spec"));
	struct field_path ports = field_path_child(&parent, STR("ports"));
	struct field_path ips = field_path_child(&parent, STR("clusterIPs"));
	bool is_external = str_equal(type, STR("ExternalName"));

	(void)context;
	if (!is_external && json_count(json_find(spec, STR("ports"))) == 0 &&
		!str_equal(ip, STR("None")))
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &ports, NULL, "%s", "");
	if (!str_is_empty(old_ip) && !is_external && !str_equal(ip, old_ip)) {
		struct field_path path = field_path_index(&ips, 0);
		struct json_value value = json_string(ip);

		field_errors_add(
			errors, FIELD_ERROR_INVALID, &path, &value, "may not change once set");
	}
}

const struct resource_strategy core_service_strategy = {
	.prepare_update = prepare_update,
	.validate = validate,
	.allocate = allocate,
	.settle = settle,
};

/* ---- Start ---- */

/* As upstream: fewer leave nothing to give. */
#define IP_RANGE_MINIMUM 8

static bool parse_port_range(struct str text, uint32_t *ret_first, uint32_t *ret_count)
{
	struct str first = str_split(&text, '-');
	uint64_t low, high;

	if (!str_parse_u64(first, 65535, &low) || !str_parse_u64(text, 65535, &high) || high < low)
		return false;
	*ret_first = (uint32_t)low;
	*ret_count = (uint32_t)(high - low + 1);
	return true;
}

static uint32_t band(uint32_t size, uint32_t divisor, uint32_t maximum)
{
	uint32_t value = size / divisor;

	if (value < 16)
		value = 16;
	return value > maximum ? maximum : value;
}

int service_allocator_create(struct core_server *core, const struct settings *settings,
	struct service_allocator **ret, struct error *err)
{
	struct service_allocator *allocator = MEMORY_NEW(struct service_allocator);
	struct str cidr = settings_value(settings, STR("service-cluster-ip-range"), 0);
	struct str ports = settings_text(settings, "service-node-port-range");
	uint32_t size, count;

	if (str_is_empty(cidr))
		cidr = STR("10.0.0.0/24");
	if (str_is_empty(ports))
		ports = STR("30000-32767");
	if (!ip_range_parse(cidr, &allocator->ip_base, &size) || size < IP_RANGE_MINIMUM ||
		!parse_port_range(ports, &allocator->port_base, &count)) {
		memory_free(allocator);
		return error_set(err, ERROR_INVALID,
			"service range %.*s or node port range %.*s cannot be used", STR_ARG(cidr),
			STR_ARG(ports));
	}
	allocator->core = core;
	allocator->cidr = memory_copy_text(arena_copy_c(err->arena, cidr));
	number_range_init(&allocator->ips, size, band(size, 16, 256));
	number_range_init(&allocator->ports, count, band(count, 32, 128));
	/* The network address, the broadcast address, and that of default/kubernetes. */
	number_range_take(&allocator->ips, 0);
	number_range_take(&allocator->ips, size - 1);
	number_range_take(&allocator->ips, 1);

	struct storage_snapshot *snapshot = storage_snapshot_open(core->storage);
	struct storage_range range = {
		.prefix = storage_prefix_intern(core->storage, STR("/registry/services/specs/"))};

	storage_snapshot_scan(snapshot, &range, hold_stored, allocator);
	storage_snapshot_close(&snapshot);
	*ret = allocator;
	return 0;
}

void service_allocator_destroy(struct service_allocator **allocator)
{
	struct service_allocator *gone = *allocator;

	*allocator = NULL;
	if (!gone)
		return;
	number_range_fini(&gone->ips);
	number_range_fini(&gone->ports);
	memory_free(gone->cidr);
	memory_free(gone);
}
