/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_options.h"

#include "buffer.h"
#include "sup_flag_value.h"

/* The texts are those of upstream, which scripts and people look for. */

#define SERVICE_RANGE_MAXIMUM_BITS 20u

struct messages {
	struct buffer text;
	size_t count;
};

__attribute__((format(printf, 2, 3))) static void complain(
	struct messages *messages, const char *format, ...)
{
	struct arena *arena = arena_create(0);
	va_list arguments;

	va_start(arguments, format);
	struct str message = arena_vprintf(arena, format, arguments);
	va_end(arguments);
	if (messages->count++ > 0)
		buffer_append(&messages->text, STR(", "));
	buffer_append(&messages->text, message);
	arena_destroy(&arena);
}

static void check_storage(const struct sup_flags *flags, struct messages *messages)
{
	struct str backend = sup_flags_text(flags, SUP_FLAG_STORAGE_BACKEND);
	bool has_servers = sup_flags_count(flags, SUP_FLAG_ETCD_SERVERS) > 0;

	if (str_equal(backend, STR("etcd3")))
		complain(messages, "this version stores in its embedded store only: leave out "
				   "--etcd-servers, and --storage-backend or set it to lmdb");
	else if (!str_equal(backend, STR("lmdb")))
		complain(messages, "--storage-backend invalid, allowed values: lmdb, etcd3");
	else if (has_servers)
		complain(messages, "--etcd-servers needs --storage-backend=etcd3");
}

static void check_service_ranges(const struct sup_flags *flags, struct messages *messages)
{
	struct str rest = sup_flags_text(flags, SUP_FLAG_SERVICE_CLUSTER_IP_RANGE);
	struct sup_cidr cidrs[2];
	size_t count = 0;

	while (!str_is_empty(rest)) {
		struct str text = str_trim(str_split(&rest, ','));

		if (count == 2) {
			complain(messages,
				"--service-cluster-ip-range must not contain more than two "
				"entries");
			return;
		}
		if (!sup_cidr_parse(text, &cidrs[count])) {
			complain(messages, "service-cluster-ip-range[%zu] is not %s", count,
				count ? "an ip net" : "a valid cidr");
			return;
		}
		if (sup_cidr_host_bits(&cidrs[count]) > SERVICE_RANGE_MAXIMUM_BITS) {
			unsigned bits = cidrs[count].base.family == AF_INET ? 32 : 128;

			complain(messages,
				"specified --service-cluster-ip-range[%zu] is too large; for %u-bit "
				"addresses, the mask must be >= %u",
				count, bits, bits - SERVICE_RANGE_MAXIMUM_BITS);
		}
		count++;
	}
	if (count == 2 && cidrs[0].base.family == cidrs[1].base.family)
		complain(messages,
			"--service-cluster-ip-range[0] and --service-cluster-ip-range[1] must "
			"be of different IP family");
}

static void check_secure_serving(const struct sup_flags *flags, struct messages *messages)
{
	int64_t port = sup_flags_integer(flags, SUP_FLAG_SECURE_PORT);
	struct str version = sup_flags_text(flags, SUP_FLAG_TLS_MIN_VERSION);
	bool has_cert = !str_is_empty(sup_flags_text(flags, SUP_FLAG_TLS_CERT_FILE));
	bool has_key = !str_is_empty(sup_flags_text(flags, SUP_FLAG_TLS_PRIVATE_KEY_FILE));

	if (port < 1 || port > 65535)
		complain(messages,
			"--secure-port %lld must be between 1 and 65535, inclusive. It cannot be turned "
			"off with 0",
			(long long)port);
	if (has_cert != has_key)
		complain(messages,
			"--tls-cert-file and --tls-private-key-file must be given together");
	if (!str_is_empty(version) && !str_equal(version, STR("VersionTLS12")) &&
		!str_equal(version, STR("VersionTLS13")))
		complain(messages, "unknown tls version \"%.*s\"", STR_ARG(version));
}

static bool is_mode(struct str mode)
{
	static const struct str modes[] = {STR_INIT("AlwaysAllow"), STR_INIT("AlwaysDeny"),
		STR_INIT("ABAC"), STR_INIT("Webhook"), STR_INIT("RBAC"), STR_INIT("Node")};

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (str_equal(mode, modes[i]))
			return true;
	}
	return false;
}

static void check_authorization(const struct sup_flags *flags, struct messages *messages)
{
	size_t count = sup_flags_count(flags, SUP_FLAG_AUTHORIZATION_MODE);

	if (count == 0)
		complain(messages, "at least one authorization-mode must be passed");
	for (size_t i = 0; i < count; i++) {
		struct str mode = sup_flags_value(flags, SUP_FLAG_AUTHORIZATION_MODE, i);

		if (!is_mode(mode))
			complain(messages, "authorization-mode \"%.*s\" is not a valid mode",
				STR_ARG(mode));
		if (str_equal(mode, STR("ABAC")))
			complain(messages,
				"authorization-mode ABAC's authorization policy file not "
				"passed");
		if (str_equal(mode, STR("Webhook")))
			complain(messages,
				"authorization-mode Webhook's authorization config file not "
				"passed");
		for (size_t j = 0; j < i; j++) {
			if (str_equal(mode, sup_flags_value(flags, SUP_FLAG_AUTHORIZATION_MODE, j)))
				complain(messages,
					"authorization-mode \"%.*s\" has mode specified more than once",
					STR_ARG(mode));
		}
	}
}

static void check_not_negative(const struct sup_flags *flags, struct messages *messages)
{
	static const enum sup_flag_id ids[] = {SUP_FLAG_MAX_REQUESTS_INFLIGHT,
		SUP_FLAG_MAX_MUTATING_REQUESTS_INFLIGHT, SUP_FLAG_REQUEST_TIMEOUT,
		SUP_FLAG_MIN_REQUEST_TIMEOUT, SUP_FLAG_SHUTDOWN_DELAY_DURATION,
		SUP_FLAG_ETCD_COMPACTION_INTERVAL, SUP_FLAG_EVENT_TTL};

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		if (str_starts_with(sup_flags_text(flags, ids[i]), STR("-")))
			complain(messages, "--%s can not be negative value",
				sup_flag_get(ids[i])->name);
	}
}

int sup_options_validate(const struct sup_flags *flags, struct error *err)
{
	struct messages messages = {0};
	int result = 0;

	check_storage(flags, &messages);
	check_service_ranges(flags, &messages);
	check_secure_serving(flags, &messages);
	check_authorization(flags, &messages);
	check_not_negative(flags, &messages);
	if (messages.count == 1)
		result = error_set(err, ERROR_INVALID, "%.*s", STR_ARG(buffer_str(&messages.text)));
	else if (messages.count > 1)
		result = error_set(
			err, ERROR_INVALID, "[%.*s]", STR_ARG(buffer_str(&messages.text)));
	buffer_fini(&messages.text);
	return result;
}
