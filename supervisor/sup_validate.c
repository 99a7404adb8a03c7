/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_options.h"

#include "sup_complaint.h"
#include "sup_flag_value.h"
#include "sup_text.h"

#include <unistd.h>

/* The texts are those of upstream, which scripts and people look for. */

#define SERVICE_RANGE_MAXIMUM_BITS 20u
#define GOAWAY_CHANCE_MAXIMUM      0.02

static void check_cors(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	for (size_t i = 0; i < sup_flags_count(flags, SUP_FLAG_CORS_ALLOWED_ORIGINS); i++) {
		struct str origin = sup_flags_value(flags, SUP_FLAG_CORS_ALLOWED_ORIGINS, i);
		bool has_start = str_find_byte(origin, '^') < origin.length ||
				 str_find(origin, STR("//")) < origin.length;
		bool has_end = str_find_byte(origin, '$') < origin.length ||
			       str_find_byte(origin, ':') < origin.length;

		if (str_is_empty(origin))
			sup_complain(complaints,
				"empty value in --cors-allowed-origins, help: list origins such as "
				"^https://example\\.com(:|$)");
		else if (!has_start || !has_end)
			sup_complain(complaints,
				"--cors-allowed-origins has an invalid regular expression: regular "
				"expression does not pin to start/end of host in the origin header, "
				"help: write it as in ^https://example\\.com(:|$)");
	}
}

static void check_transport_security(
	const struct sup_flags *flags, struct sup_complaints *complaints)
{
	const enum sup_flag_id id = SUP_FLAG_STRICT_TRANSPORT_SECURITY_DIRECTIVES;

	for (size_t i = 0; i < sup_flags_count(flags, id); i++) {
		struct str rest = sup_flags_value(flags, id, i);
		struct str directive = rest;
		bool is_age = str_equal(str_split(&rest, '='), STR("max-age")) &&
			      str_find_byte(directive, '=') < directive.length &&
			      str_find_byte(rest, '=') == rest.length;

		if (str_is_empty(str_trim(directive)))
			sup_complain(
				complaints, "empty value in strict-transport-security-directives");
		else if (!is_age && !str_equal(directive, STR("includeSubDomains")) &&
			 !str_equal(directive, STR("preload")))
			sup_complain(complaints,
				"--strict-transport-security-directives invalid, allowed values: "
				"max-age=expireTime, includeSubDomains, preload. see "
				"https://tools.ietf.org/html/rfc6797#section-6.1 for more "
				"information");
	}
}

static void check_tls(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	static const struct str versions[] = {STR_INIT(""), STR_INIT("VersionTLS10"),
		STR_INIT("VersionTLS11"), STR_INIT("VersionTLS12"), STR_INIT("VersionTLS13")};
	struct str version = sup_flags_text(flags, SUP_FLAG_TLS_MIN_VERSION);
	struct str key_type = sup_flags_text(flags, SUP_FLAG_SELF_SIGNED_KEY_TYPE);
	bool is_known = false;

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++)
		is_known |= str_equal(version, versions[i]);
	if (sup_flags_is_empty(flags, SUP_FLAG_TLS_CERT_FILE) !=
		sup_flags_is_empty(flags, SUP_FLAG_TLS_PRIVATE_KEY_FILE))
		sup_complain(complaints,
			"--tls-cert-file and --tls-private-key-file must be given together");
	if (!is_known)
		sup_complain(complaints, "unknown tls version \"%.*s\"", STR_ARG(version));
	if (!str_equal(key_type, STR("ecdsa")) && !str_equal(key_type, STR("rsa")))
		sup_complain(complaints,
			"--self-signed-key-type \"%.*s\" invalid, allowed values: ecdsa, rsa",
			STR_ARG(key_type));
}

void sup_validate_serving(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	int64_t port = sup_flags_integer(flags, SUP_FLAG_SECURE_PORT);

	if (port < 1 || port > 65535)
		sup_complain(complaints,
			"--secure-port %lld must be between 1 and 65535, inclusive. It cannot be "
			"turned off with 0",
			(long long)port);
	check_tls(flags, complaints);
	check_cors(flags, complaints);
	check_transport_security(flags, complaints);
}

static void check_insecure_port(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	int64_t port = sup_flags_integer(flags, SUP_FLAG_INSECURE_PORT);

	/* The odd limit is upstream's. */
	if (port < 0 || port > 65335)
		sup_complain(complaints,
			"insecure port %lld must be between 0 and 65335, inclusive. 0 for turning "
			"off insecure (HTTP) port",
			(long long)port);
}

static size_t check_ranges(
	const struct sup_flags *flags, struct sup_cidr *cidrs, struct sup_complaints *complaints)
{
	struct str rest = sup_flags_text(flags, SUP_FLAG_SERVICE_CLUSTER_IP_RANGE);
	size_t count = 0;

	for (; !str_is_empty(rest); count++) {
		struct str text = str_trim(str_split(&rest, ','));

		if (count == 2) {
			sup_complain(complaints,
				"--service-cluster-ip-range must not contain more than two "
				"entries");
			return count;
		}
		if (!sup_cidr_parse(text, &cidrs[count])) {
			sup_complain(complaints, "service-cluster-ip-range[%zu] is not %s", count,
				count ? "an ip net" : "a valid cidr");
			return count;
		}
		if (sup_cidr_host_bits(&cidrs[count]) > SERVICE_RANGE_MAXIMUM_BITS) {
			unsigned bits = cidrs[count].base.family == AF_INET ? 32 : 128;

			sup_complain(complaints,
				"specified --service-cluster-ip-range[%zu] is too large; for %u-bit "
				"addresses, the mask must be >= %u",
				count, bits, bits - SERVICE_RANGE_MAXIMUM_BITS);
		}
	}
	if (count == 0)
		sup_complain(complaints,
			"--service-cluster-ip-range must contain at least one valid cidr");
	if (count == 2 && cidrs[0].base.family == cidrs[1].base.family)
		sup_complain(complaints,
			"--service-cluster-ip-range[0] and --service-cluster-ip-range[1] must "
			"be of different IP family");
	return count;
}

static void check_families(const struct sup_flags *flags, const struct sup_cidr *cidr,
	struct sup_complaints *complaints)
{
	struct str range = sup_flags_text(flags, SUP_FLAG_SERVICE_CLUSTER_IP_RANGE);
	struct str advertise = sup_flags_text(flags, SUP_FLAG_ADVERTISE_ADDRESS);
	struct sup_ip ip;

	if (str_equal(sup_flags_text(flags, SUP_FLAG_ENDPOINT_RECONCILER_TYPE), STR("none")) ||
		!sup_ip_parse(advertise, &ip) || ip.family == cidr->base.family)
		return;
	range = str_split(&range, ',');
	sup_complain(complaints,
		"service IP family \"%.*s\" must match public address family \"%.*s\"",
		STR_ARG(range), STR_ARG(advertise));
}

static void check_node_port(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	int64_t port = sup_flags_integer(flags, SUP_FLAG_KUBERNETES_SERVICE_NODE_PORT);
	struct str range = sup_flags_text(flags, SUP_FLAG_SERVICE_NODE_PORT_RANGE);
	unsigned first = 0, last = 0;

	if (port < 0 || port > 65535)
		sup_complain(complaints,
			"--kubernetes-service-node-port %lld must be between 0 and 65535, "
			"inclusive. If 0, the Kubernetes master service will be of type ClusterIP",
			(long long)port);
	sup_port_range_split(range, &first, &last);
	if (port > 0 && (port < first || port > last))
		sup_complain(complaints, "kubernetes service port range %.*s doesn't contain %lld",
			STR_ARG(range), (long long)port);
}

static void check_reconciler(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	static const struct str types[] = {
		STR_INIT("lease"), STR_INIT("master-count"), STR_INIT("none")};
	struct str type = sup_flags_text(flags, SUP_FLAG_ENDPOINT_RECONCILER_TYPE);

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (str_equal(type, types[i]))
			return;
	}
	sup_complain(complaints, "unknown endpoint reconciler type: %.*s", STR_ARG(type));
}

void sup_validate_services(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	struct sup_cidr cidrs[2];

	if (check_ranges(flags, cidrs, complaints) > 0)
		check_families(flags, &cidrs[0], complaints);
	check_node_port(flags, complaints);
	check_reconciler(flags, complaints);
}

static bool is_negative(const struct sup_flags *flags, enum sup_flag_id id)
{
	return str_starts_with(sup_flags_text(flags, id), STR("-"));
}

static void check_row(const struct sup_flags *flags, const struct sup_flag *flag,
	struct sup_complaints *complaints)
{
	enum sup_flag_id id = sup_flag_id(flag);
	struct str text = sup_flags_text(flags, id);
	double chance = 0;

	switch (flag->check) {
	case SUP_CHECK_NONE:
		return;
	case SUP_CHECK_NOT_NEGATIVE:
		if (is_negative(flags, id))
			sup_complain(complaints, "--%s can not be negative value", flag->name);
		return;
	case SUP_CHECK_LIVEZ_GRACE_PERIOD:
		if (is_negative(flags, id))
			sup_complain(complaints, "--%s can not be a negative value", flag->name);
		return;
	case SUP_CHECK_WATCH_GRACE_PERIOD:
		if (is_negative(flags, id))
			sup_complain(complaints, "%s, if provided, can not be a negative value",
				flag->name);
		return;
	case SUP_CHECK_POSITIVE:
		if (sup_flags_integer(flags, id) <= 0)
			sup_complain(complaints,
				"--%s should be a positive number, but value '%.*s' provided",
				flag->name, STR_ARG(text));
		return;
	case SUP_CHECK_GOAWAY_CHANCE:
		if (sup_text_parse_float(text, &chance) &&
			!(chance >= 0 && chance <= GOAWAY_CHANCE_MAXIMUM))
			sup_complain(complaints, "--%s can not be less than 0 or greater than 0.02",
				flag->name);
		return;
	case SUP_CHECK_FILE_EXISTS:
		if (!str_is_empty(text) && access(text.data, F_OK) < 0)
			sup_complain(
				complaints, "%s %.*s does not exist", flag->name, STR_ARG(text));
		return;
	}
}

static void check_leadership(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	int64_t lease =
		sup_flags_duration_ns(flags, SUP_FLAG_COORDINATED_LEADERSHIP_LEASE_DURATION);
	int64_t renew =
		sup_flags_duration_ns(flags, SUP_FLAG_COORDINATED_LEADERSHIP_RENEW_DEADLINE);
	int64_t retry = sup_flags_duration_ns(flags, SUP_FLAG_COORDINATED_LEADERSHIP_RETRY_PERIOD);

	if (lease <= renew)
		sup_complain(complaints,
			"--coordinated-leadership-lease-duration must be greater than "
			"--coordinated-leadership-renew-deadline");
	if (renew <= retry)
		sup_complain(complaints,
			"--coordinated-leadership-renew-deadline must be greater than "
			"--coordinated-leadership-retry-period");
}

static void check_logging(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	struct str format = sup_flags_text(flags, SUP_FLAG_LOGGING_FORMAT);

	if (!str_equal(format, STR("text")) && !str_equal(format, STR("json")))
		sup_complain(complaints, "unsupported log format: %.*s", STR_ARG(format));
}

int sup_options_validate(const struct sup_flags *flags, struct error *err)
{
	struct sup_complaints complaints = {.arena = arena_create(0)};
	int result;

	sup_validate_storage(flags, &complaints);
	sup_validate_services(flags, &complaints);
	sup_validate_serving(flags, &complaints);
	sup_validate_authentication(flags, &complaints);
	sup_validate_authorization(flags, &complaints);
	sup_validate_audit(flags, &complaints);
	sup_validate_admission(flags, &complaints);
	check_insecure_port(flags, &complaints);
	for (unsigned i = 0; i < SUP_FLAG_COUNT; i++)
		check_row(flags, sup_flag_get((enum sup_flag_id)i), &complaints);
	sup_validate_enablement(flags, &complaints);
	check_leadership(flags, &complaints);
	check_logging(flags, &complaints);
	sup_validate_servers(flags, &complaints);
	result = sup_complaints_to_error(&complaints, err);
	arena_destroy(&complaints.arena);
	return result;
}
