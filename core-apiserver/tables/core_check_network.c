/* SPDX-License-Identifier: Apache-2.0 */
#include "core_checks.h"

#include <arpa/inet.h>
#include <string.h>

/* Services' endpoints, network policies and ingresses. */

/* ---- Addresses ---- */

static bool parse_v4(struct str text, uint32_t *ret)
{
	char copy[INET_ADDRSTRLEN] = "";
	struct in_addr address;

	if (text.length >= sizeof(copy) || str_find_byte(text, '\0') < text.length)
		return false;
	memcpy(copy, text.data, text.length);
	if (inet_pton(AF_INET, copy, &address) != 1)
		return false;
	*ret = ntohl(address.s_addr);
	return true;
}

/* Addresses that no other machine reaches are no endpoints. */
static void check_reachable(const struct check *check, const char *member)
{
	struct str text = check_text(check, member);
	uint32_t address;

	if (str_equal(text, STR("::1")) || (parse_v4(text, &address) && address >> 24 == 127))
		check_invalid(
			check, member, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
	else if (str_equal(text, STR("::")) || (parse_v4(text, &address) && address == 0))
		check_invalid(check, member, "may not be unspecified (%.*s)", STR_ARG(text));
	else if (parse_v4(text, &address) && address >> 16 == 0xa9fe)
		check_invalid(check, member,
			"may not be in the link-local range (169.254.0.0/16, fe80::/10)");
	else if (parse_v4(text, &address) && address >> 8 == 0xe00000)
		check_invalid(check, member,
			"may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
}

void core_check_endpoint_address(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	check_name(&check, "hostname", NAME_FORMAT_DNS1123_LABEL);
	check_name(&check, "nodeName", NAME_FORMAT_DNS1123_SUBDOMAIN);
	check_reachable(&check, "ip");
}

void core_check_endpoint_subset(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	const struct json_value *ports = check_member(&check, "ports");
	struct field_path list = field_path_child(path, STR("ports"));

	if (!check_has(&check, "addresses") && !check_has(&check, "notReadyAddresses"))
		check_required(&check, NULL, "must specify `addresses` or `notReadyAddresses`");
	for (size_t i = 0; i < json_count(ports); i++) {
		struct field_path item = field_path_index(&list, i);
		const struct check port = CHECK_INIT(json_element(ports, i), NULL, &item, errors);

		if (json_count(ports) > 1 && !check_has(&port, "name"))
			check_required(&port, "name", "");
		check_name(&port, "name", NAME_FORMAT_DNS1123_LABEL);
	}
}

/* ---- Network policies ---- */

void core_check_policy_port(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	const struct json_value *port = check_member(&check, "port");
	const struct json_value *end = check_member(&check, "endPort");

	if (port)
		check_port(&check, "port");
	if (!end)
		return;
	if (!port)
		check_required(&check, "port", "must be specified when endPort is specified");
	else if (port->type == JSON_STRING)
		check_invalid(&check, "endPort", "may not be specified when `port` is non-numeric");
	else if (json_integer_or(end, 0) < json_integer_or(port, 0))
		check_invalid(&check, "endPort", "must be greater than or equal to `port`");
}

void core_check_policy_peer(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	bool has_block = check_has(&check, "ipBlock");
	bool has_selector =
		check_has(&check, "podSelector") || check_has(&check, "namespaceSelector");

	if (!has_block && !has_selector)
		check_required(&check, NULL, "must specify a peer");
	else if (has_block && has_selector)
		check_forbidden(&check, NULL, "may not specify both ipBlock and another peer");
}

static bool parse_block(struct str text, uint32_t *ret_address, int64_t *ret_bits)
{
	size_t slash = str_find_byte(text, '/');

	return slash < text.length && parse_v4(str_slice(text, 0, slash), ret_address) &&
	       str_parse_i64(str_skip(text, slash + 1), ret_bits) && *ret_bits >= 0 &&
	       *ret_bits <= 32;
}

void core_check_ip_block(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct json_value *except = json_find(object, STR("except"));
	struct field_path list = field_path_child(path, STR("except"));
	uint32_t block, part;
	int64_t bits, part_bits;

	(void)old;
	if (!parse_block(json_text(json_find(object, STR("cidr"))), &block, &bits))
		return;
	for (size_t i = 0; i < json_count(except); i++) {
		const struct json_value *item = json_element(except, i);
		struct field_path child = field_path_index(&list, i);
		uint32_t mask = bits == 0 ? 0 : UINT32_MAX << (32 - bits);

		if (parse_block(json_text(item), &part, &part_bits) &&
			(part_bits <= bits || ((part ^ block) & mask) != 0))
			field_errors_add(errors, FIELD_ERROR_INVALID, &child, item,
				"must be a strict subset of `cidr`");
	}
}

void core_check_network_policy_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	if (json_count(check_member(&check, "policyTypes")) > 2)
		check_invalid(&check, "policyTypes", "may not specify more than two policyTypes");
}

/* ---- Ingresses ---- */

void core_check_ingress_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	if (!check_has(&check, "rules") && !check_has(&check, "defaultBackend")) {
		struct json_value none = json_array();

		field_errors_add(errors, FIELD_ERROR_INVALID, path, &none,
			"either `defaultBackend` or `rules` must be specified");
	}
	check_name(&check, "ingressClassName", NAME_FORMAT_DNS1123_SUBDOMAIN);
}

void core_check_ingress_rule(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	struct str host = check_text(&check, "host");
	uint32_t address;

	if (parse_v4(host, &address) || str_find_byte(host, ':') < host.length)
		check_invalid(&check, "host", "must be a DNS name, not an IP address");
	else
		check_name(&check, "host",
			str_find_byte(host, '*') < host.length ? NAME_FORMAT_WILDCARD_SUBDOMAIN
							       : NAME_FORMAT_DNS1123_SUBDOMAIN);
}

void core_check_ingress_path(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const char *const bad[] = {"//", "/./", "/../", "%2f", "%2F"};
	static const char *const bad_ends[] = {"/..", "/."};
	const struct check check = CHECK_INIT(object, old, path, errors);
	struct str type = check_text(&check, "pathType");
	struct str text = check_text(&check, "path");
	bool is_exact = str_equal(type, STR("Exact")) || str_equal(type, STR("Prefix"));

	if ((is_exact || text.length > 0) && !str_starts_with(text, STR("/"))) {
		check_invalid(&check, "path", "must be an absolute path");
		return;
	}
	for (size_t i = 0; is_exact && i < CHECK_COUNT(bad); i++)
		if (str_find(text, str_from_c(bad[i])) < text.length)
			check_invalid(&check, "path", "must not contain '%s'", bad[i]);
	for (size_t i = 0; is_exact && i < CHECK_COUNT(bad_ends); i++)
		if (str_ends_with(text, str_from_c(bad_ends[i])))
			check_invalid(&check, "path", "cannot end with '%s'", bad_ends[i]);
}

void core_check_ingress_backend(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct json_value *service = json_find(object, STR("service"));
	struct json_value empty = json_string(STR(""));
	struct field_path service_path = field_path_child(path, STR("service"));
	const struct check check = CHECK_INIT(service, NULL, &service_path, errors);
	int64_t number = json_integer_or(json_find_path(service, "port", "number", NULL), 0);
	struct str name = json_text(json_find_path(service, "port", "name", NULL));
	const char *fault = NULL;

	(void)old;
	if (service && json_find(object, STR("resource")))
		fault = "cannot set both resource and service backends";
	else if (!service && !json_find(object, STR("resource")))
		fault = "resource or service backend is required";
	else if (service && number != 0 && name.length > 0)
		fault = "cannot set both port name & port number";
	if (fault)
		field_errors_add(errors, FIELD_ERROR_INVALID, path, &empty, "%s", fault);
	else if (service && number == 0 && name.length == 0)
		field_errors_add(errors, FIELD_ERROR_REQUIRED, path, NULL,
			"port name or number is required");
	if (service)
		check_name(&check, "name", NAME_FORMAT_DNS1035_LABEL);
}

void core_check_ingress_tls(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	const struct json_value *hosts = check_member(&check, "hosts");
	struct field_path list = field_path_child(path, STR("hosts"));

	check_name(&check, "secretName", NAME_FORMAT_DNS1123_SUBDOMAIN);
	for (size_t i = 0; i < json_count(hosts); i++) {
		struct field_path item = field_path_index(&list, i);
		const struct check host = CHECK_INIT(json_element(hosts, i), NULL, &item, errors);
		struct str text = json_text(host.object);

		check_name(&host, NULL,
			str_find_byte(text, '*') < text.length ? NAME_FORMAT_WILDCARD_SUBDOMAIN
							       : NAME_FORMAT_DNS1123_SUBDOMAIN);
	}
}

void core_check_ingress_class_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	struct str text = check_text(&check, "controller");
	size_t slash = str_find_byte(text, '/');

	if (text.length > 250)
		check_invalid(&check, "controller", "must be no more than 250 characters");
	if (text.length > 0 && (slash == 0 || slash + 1 >= text.length))
		check_invalid(&check, "controller",
			"must be a domain-prefixed path (such as \"acme.io/foo\")");
	else if (text.length > 0 &&
		 !name_is_valid(NAME_FORMAT_DNS1123_SUBDOMAIN, str_slice(text, 0, slash)))
		check_invalid(
			&check, "controller", "the prefix must be a lowercase RFC 1123 subdomain");
}
