/* SPDX-License-Identifier: Apache-2.0 */
#include "core_cells.h"

#include <stdlib.h>

enum {
	SHOWN_MAXIMUM = 3
};

/* A list of which the first few are shown: "a,b,c + 2 more...". */
struct short_list {
	struct buffer text;
	size_t count;
};

static void short_list_add(struct short_list *list, struct str item)
{
	if (list->count++ < SHOWN_MAXIMUM)
		cell_join(&list->text, ",", item);
}

static struct json_value short_list_take(
	const struct table_cell_context *context, struct short_list *list, struct str otherwise)
{
	if (list->count > SHOWN_MAXIMUM)
		buffer_printf(&list->text, " + %zu more...", list->count - SHOWN_MAXIMUM);
	return cell_take(context, &list->text, otherwise);
}

/* ---- Services */

struct json_value core_cell_service_cluster_ip(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *first =
		json_element(json_find_path(object, "spec", "clusterIPs", NULL), 0);
	if (!first)
		first = json_find_path(object, "spec", "clusterIP", NULL);
	return cell_text_or(context, first, STR("<none>"));
}

static int compare_texts(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* The addresses of a load balancer, sorted, each once. */
static void join_ingress_points(const struct table_cell_context *context, struct buffer *text,
	const struct json_value *object)
{
	const struct json_value *points =
		json_find_path(object, "status", "loadBalancer", "ingress", NULL);
	size_t count = json_count(points);
	struct str *addresses = ARENA_ARRAY(context->arena, struct str, count);
	for (size_t i = 0; i < count; i++) {
		const struct json_value *point = json_element(points, i);
		addresses[i] = json_text(json_find(point, STR("ip")));
		if (str_is_empty(addresses[i]))
			addresses[i] = json_text(json_find(point, STR("hostname")));
	}
	if (count > 1)
		qsort(addresses, count, sizeof(*addresses), compare_texts);
	for (size_t i = 0; i < count; i++)
		if (!str_is_empty(addresses[i]) &&
			(i == 0 || !str_equal(addresses[i], addresses[i - 1])))
			cell_join(text, ",", addresses[i]);
}

struct json_value core_cell_service_external_ip(
	const struct table_cell_context *context, const struct json_value *object)
{
	struct str type = json_text(json_find_path(object, "spec", "type", NULL));
	const struct json_value *external = json_find_path(object, "spec", "externalIPs", NULL);
	struct buffer text = {0};
	if (str_equal(type, STR("ExternalName")))
		return cell_text_or(
			context, json_find_path(object, "spec", "externalName", NULL), STR_EMPTY);
	bool is_balanced = str_equal(type, STR("LoadBalancer"));
	if (is_balanced)
		join_ingress_points(context, &text, object);
	cell_join_all(&text, ",", external);
	return cell_take(context, &text, is_balanced ? STR("<pending>") : STR("<none>"));
}

struct json_value core_cell_service_ports(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *ports = json_find_path(object, "spec", "ports", NULL);
	struct buffer text = {0};
	for (size_t i = 0; i < json_count(ports); i++) {
		const struct json_value *port = json_element(ports, i);
		int64_t node_port = json_integer_or(json_find(port, STR("nodePort")), 0);
		cell_join(&text, ",", STR_EMPTY);
		buffer_append_i64(&text, json_integer_or(json_find(port, STR("port")), 0));
		if (node_port > 0) {
			buffer_append_byte(&text, ':');
			buffer_append_i64(&text, node_port);
		}
		buffer_append_byte(&text, '/');
		buffer_append(&text, json_text(json_find(port, STR("protocol"))));
	}
	return cell_take(context, &text, STR("<none>"));
}

/* ---- Endpoints */

/* "10.0.0.1:80"; IPv6 addresses in brackets. */
static struct str host_and_port(
	const struct table_cell_context *context, struct str host, const struct json_value *port)
{
	bool is_v6 = str_find_byte(host, ':') < host.length;
	return arena_printf(context->arena, is_v6 ? "[%.*s]:%lld" : "%.*s:%lld", STR_ARG(host),
		(long long)json_integer_or(json_find(port, STR("port")), 0));
}

static void add_subset(const struct table_cell_context *context, struct short_list *list,
	const struct json_value *addresses, const struct json_value *port)
{
	for (size_t i = 0; i < json_count(addresses); i++) {
		struct str ip = json_text(json_find(json_element(addresses, i), STR("ip")));
		/* Past the shown ones only the number counts. */
		bool is_shown = list->count < SHOWN_MAXIMUM;
		short_list_add(list, port && is_shown ? host_and_port(context, ip, port) : ip);
	}
}

struct json_value core_cell_endpoints(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *subsets = json_find(object, STR("subsets"));
	struct short_list list = {0};
	for (size_t i = 0; i < json_count(subsets); i++) {
		const struct json_value *subset = json_element(subsets, i);
		const struct json_value *addresses = json_find(subset, STR("addresses"));
		const struct json_value *ports = json_find(subset, STR("ports"));
		if (json_count(ports) == 0)
			add_subset(context, &list, addresses, NULL);
		for (size_t port = 0; port < json_count(ports); port++)
			add_subset(context, &list, addresses, json_element(ports, port));
	}
	return short_list_take(context, &list, json_count(subsets) ? STR_EMPTY : STR("<none>"));
}

struct json_value core_cell_slice_ports(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *ports = json_find(object, STR("ports"));
	struct short_list list = {0};
	for (size_t i = 0; i < json_count(ports); i++) {
		struct json_value number = cell_text_or(
			context, json_find(json_element(ports, i), STR("port")), STR("*"));
		short_list_add(&list, json_text(&number));
	}
	return short_list_take(context, &list, STR("<unset>"));
}

struct json_value core_cell_slice_endpoints(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *endpoints = json_find(object, STR("endpoints"));
	struct short_list list = {0};
	for (size_t i = 0; i < json_count(endpoints); i++) {
		const struct json_value *addresses =
			json_find(json_element(endpoints, i), STR("addresses"));
		for (size_t address = 0; address < json_count(addresses); address++)
			short_list_add(&list, json_text(json_element(addresses, address)));
	}
	return short_list_take(context, &list, STR("<unset>"));
}

/* ---- Ingresses */

TEXT_CELL(core_cell_ingress_class, "<none>", "spec", "ingressClassName")

struct json_value core_cell_ingress_hosts(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *rules = json_find_path(object, "spec", "rules", NULL);
	struct short_list list = {0};
	for (size_t i = 0; i < json_count(rules); i++) {
		struct str host = json_text(json_find(json_element(rules, i), STR("host")));
		if (!str_is_empty(host))
			short_list_add(&list, host);
	}
	return short_list_take(context, &list, STR("*"));
}

struct json_value core_cell_ingress_address(
	const struct table_cell_context *context, const struct json_value *object)
{
	struct buffer text = {0};
	join_ingress_points(context, &text, object);
	return cell_take(context, &text, STR_EMPTY);
}

struct json_value core_cell_ingress_ports(
	const struct table_cell_context *context, const struct json_value *object)
{
	(void)context;
	bool has_tls = json_count(json_find_path(object, "spec", "tls", NULL)) > 0;
	return json_string(has_tls ? STR("80, 443") : STR("80"));
}

struct json_value core_cell_ingress_parameters(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *parameters = json_find_path(object, "spec", "parameters", NULL);
	struct str group = json_text(json_find(parameters, STR("apiGroup")));
	if (!parameters)
		return json_string(STR("<none>"));
	return cell_printf(context, "%.*s%s%.*s/%.*s",
		STR_ARG(json_text(json_find(parameters, STR("kind")))),
		str_is_empty(group) ? "" : ".", STR_ARG(group),
		STR_ARG(json_text(json_find(parameters, STR("name")))));
}

/* ---- NetworkPolicies, IPAddresses, ServiceCIDRs */

struct json_value core_cell_policy_pod_selector(
	const struct table_cell_context *context, const struct json_value *object)
{
	return cell_selector(context, json_find_path(object, "spec", "podSelector", NULL));
}

struct json_value core_cell_parent_reference(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *parent = json_find_path(object, "spec", "parentRef", NULL);
	struct buffer text = {0};
	if (!parent)
		return json_string(STR("<none>"));
	struct str group = json_text(json_find(parent, STR("group")));
	struct str namespace = json_text(json_find(parent, STR("namespace")));
	buffer_append(&text, json_text(json_find(parent, STR("resource"))));
	if (!str_is_empty(group))
		cell_join(&text, ".", group);
	if (!str_is_empty(namespace))
		cell_join(&text, "/", namespace);
	cell_join(&text, "/", json_text(json_find(parent, STR("name"))));
	return cell_take(context, &text, STR("<none>"));
}

struct json_value core_cell_service_cidrs(
	const struct table_cell_context *context, const struct json_value *object)
{
	struct buffer text = {0};
	cell_join_all(&text, ",", json_find_path(object, "spec", "cidrs", NULL));
	return cell_take(context, &text, STR_EMPTY);
}
