/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_options.h"

#include "log.h"
#include "sup_complaint.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_SERVICE_RANGE      "10.0.0.0/24"
#define SERVICE_RANGE_MINIMUM_BITS 3u

static int complete_addresses(
	struct sup_flags *flags, struct sup_options *options, struct error *err)
{
	struct str bind_text = sup_flags_text(flags, SUP_FLAG_BIND_ADDRESS);
	struct str advertise_text = sup_flags_text(flags, SUP_FLAG_ADVERTISE_ADDRESS);
	struct sup_ip *advertise = &options->advertise_address;

	if (str_is_empty(bind_text))
		bind_text = STR("0.0.0.0");
	if (!sup_ip_parse(bind_text, &options->bind_address))
		return error_set(err, ERROR_INVALID, "bad bind address");
	if (!sup_ip_parse(sup_flags_text(flags, SUP_FLAG_INSECURE_BIND_ADDRESS),
		    &options->insecure_bind_address))
		return error_set(err, ERROR_INVALID, "bad insecure bind address");
	if (!sup_ip_parse(advertise_text, advertise) || sup_ip_is_unspecified(advertise)) {
		*advertise = options->bind_address;
		if ((sup_ip_is_unspecified(advertise) || sup_ip_is_loopback(advertise)) &&
			sup_network_choose_address(advertise, err) < 0) {
			struct str why = err->message;

			return error_set(err, ERROR_INVALID,
				"Unable to find suitable network address.error='%.*s'. Try to set the "
				"AdvertiseAddress directly or provide a valid BindAddress to fix this.",
				STR_ARG(why));
		}
	}
	sup_flags_replace(
		flags, SUP_FLAG_ADVERTISE_ADDRESS, sup_ip_format(options->arena, advertise));
	return 0;
}

static int complete_service_range(
	struct sup_flags *flags, struct sup_options *options, struct error *err)
{
	struct str ranges = sup_flags_text(flags, SUP_FLAG_SERVICE_CLUSTER_IP_RANGE);
	struct sup_cidr cidr;

	if (str_is_empty(ranges)) {
		log_warning(
			"No --service-cluster-ip-range is set: taking %s", DEFAULT_SERVICE_RANGE);
		sup_flags_replace(
			flags, SUP_FLAG_SERVICE_CLUSTER_IP_RANGE, STR(DEFAULT_SERVICE_RANGE));
		ranges = STR(DEFAULT_SERVICE_RANGE);
	}
	if (!sup_cidr_parse(str_trim(str_split(&ranges, ',')), &cidr))
		return error_set(
			err, ERROR_INVALID, "service-cluster-ip-range[0] is not a valid cidr");
	if (sup_cidr_host_bits(&cidr) < SERVICE_RANGE_MINIMUM_BITS)
		return error_set(err, ERROR_INVALID,
			"error determining service IP ranges: The service cluster IP range must be at "
			"least 8 IP addresses");
	options->service_ip = sup_cidr_address(&cidr, 1);
	return 0;
}

static void complete_anonymous(struct sup_flags *flags)
{
	/* The mode's default does not count when a file names the authorizers. */
	if (!sup_flags_bool(flags, SUP_FLAG_ANONYMOUS_AUTH) ||
		!sup_flags_is_empty(flags, SUP_FLAG_AUTHORIZATION_CONFIG) ||
		!sup_flags_has(flags, SUP_FLAG_AUTHORIZATION_MODE, STR("AlwaysAllow")))
		return;
	log_warning("AnonymousAuth is not allowed with the AlwaysAllow authorizer. Resetting "
		    "AnonymousAuth to false. You should use a different authorizer");
	sup_flags_replace(flags, SUP_FLAG_ANONYMOUS_AUTH, STR("false"));
}

/* Servers run in "/" and sockets have short names: every path must be absolute. */
static int complete_state_directory(
	struct sup_flags *flags, struct sup_options *options, struct error *err)
{
	struct str text = sup_flags_text(flags, SUP_FLAG_STATE_DIR);
	char current[PATH_MAX];

	if (!str_starts_with(text, STR("/"))) {
		if (!getcwd(current, sizeof(current)))
			return error_set_errno(err, errno, "finding the working directory");
		text = arena_printf(options->arena, "%s/%.*s", current, STR_ARG(text));
	}
	while (text.length > 1 && text.data[text.length - 1] == '/')
		text.length--;
	options->state_directory = arena_copy_c(options->arena, text);
	sup_flags_replace(flags, SUP_FLAG_STATE_DIR, text);
	/* Upstream keeps the pair in memory then, where we could not hand it on to a new server. */
	options->certificate_directory =
		sup_flags_is_empty(flags, SUP_FLAG_CERT_DIR)
			? arena_printf(options->arena, "%s/certificates", options->state_directory)
			: sup_flags_text(flags, SUP_FLAG_CERT_DIR);
	return 0;
}

/* Nothing below 1.2 is spoken; whoever allows it does not forbid what is. */
static void complete_tls(struct sup_flags *flags)
{
	struct str version = sup_flags_text(flags, SUP_FLAG_TLS_MIN_VERSION);

	if (!str_equal(version, STR("VersionTLS10")) && !str_equal(version, STR("VersionTLS11")))
		return;
	log_warning("--tls-min-version=%.*s is taken as VersionTLS12", STR_ARG(version));
	sup_flags_replace(flags, SUP_FLAG_TLS_MIN_VERSION, STR("VersionTLS12"));
}

static void complete_storage(struct sup_flags *flags)
{
	if (!sup_flags_is_empty(flags, SUP_FLAG_STORAGE_BACKEND)) {
		if (sup_flags_count(flags, SUP_FLAG_ETCD_SERVERS) > 0 &&
			str_equal(sup_flags_text(flags, SUP_FLAG_STORAGE_BACKEND), STR("lmdb")))
			log_warning("--etcd-servers is not used with --storage-backend=lmdb");
		return;
	}
	sup_flags_replace(flags, SUP_FLAG_STORAGE_BACKEND,
		sup_flags_count(flags, SUP_FLAG_ETCD_SERVERS) > 0 ? STR("etcd3") : STR("lmdb"));
}

static void complete_host(struct sup_flags *flags)
{
	struct str host = sup_flags_text(flags, SUP_FLAG_ADVERTISE_ADDRESS);

	if (!sup_flags_is_empty(flags, SUP_FLAG_EXTERNAL_HOSTNAME))
		return;
	log_info("external host was not specified, using %.*s", STR_ARG(host));
	sup_flags_replace(flags, SUP_FLAG_EXTERNAL_HOSTNAME, host);
}

/* The key under which upstream knows it; empty for one that means nothing any more. */
static struct str runtime_config_key(struct str key)
{
	if (str_equal(key, STR("api/legacy")))
		return STR_EMPTY;
	if (str_equal(key, STR("v1")) || str_equal(key, STR("api/v1")) ||
		str_starts_with(key, STR("v1/")) || str_starts_with(key, STR("api/v1/")))
		return STR("/v1");
	return key;
}

static void complete_runtime_config(struct sup_flags *flags, struct arena *arena)
{
	const struct sup_flag *flag = sup_flag_get(SUP_FLAG_RUNTIME_CONFIG);
	size_t count = sup_flags_count(flags, SUP_FLAG_RUNTIME_CONFIG);
	struct str *pairs = ARENA_ARRAY(arena, struct str, count + 1);

	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++)
		pairs[i] = sup_flags_value(flags, SUP_FLAG_RUNTIME_CONFIG, i);
	sup_flags_clear(flags, flag, SUP_SOURCE_COMMAND_LINE);
	for (size_t i = 0; i < count; i++) {
		struct str value = pairs[i];
		struct str key = runtime_config_key(str_split(&value, '='));
		struct str pair = arena_printf(arena, "%.*s=%.*s", STR_ARG(key), STR_ARG(value));

		/* Cannot fail: there are no more than there were. */
		if (!str_is_empty(key) &&
			sup_flags_add_item(flags, flag, SUP_SOURCE_COMMAND_LINE, pair, NULL) < 0)
			return;
	}
}

/* Who names no key for tokens of service accounts gets them checked by the key for HTTPS. */
static void complete_service_accounts(struct sup_flags *flags, struct sup_options *options)
{
	options->has_tls_key_for_tokens =
		sup_flags_count(flags, SUP_FLAG_SERVICE_ACCOUNT_KEY_FILE) == 0 &&
		sup_flags_is_empty(flags, SUP_FLAG_SERVICE_ACCOUNT_SIGNING_ENDPOINT);
	if (sup_flags_count(flags, SUP_FLAG_API_AUDIENCES) == 0 &&
		sup_flags_count(flags, SUP_FLAG_SERVICE_ACCOUNT_ISSUER) > 0) {
		const struct sup_flag *flag = sup_flag_get(SUP_FLAG_API_AUDIENCES);

		for (size_t i = 0; i < sup_flags_count(flags, SUP_FLAG_SERVICE_ACCOUNT_ISSUER);
			i++) {
			struct str issuer =
				sup_flags_value(flags, SUP_FLAG_SERVICE_ACCOUNT_ISSUER, i);

			if (sup_flags_add_item(flags, flag, SUP_SOURCE_DEFAULT, issuer, NULL) < 0)
				return;
		}
	}
}

int sup_options_complete(
	struct sup_flags *flags, struct arena *arena, struct sup_options *ret, struct error *err)
{
	struct sup_options options = {.arena = arena, .libexec_directory = TROIKA_LIBEXEC_DIR};
	const char *override = secure_getenv("TROIKA_LIBEXEC_DIR");

	if (override && override[0] != '\0')
		options.libexec_directory = override;
	options.secure_port = (unsigned)sup_flags_integer(flags, SUP_FLAG_SECURE_PORT);
	options.insecure_port = (unsigned)sup_flags_integer(flags, SUP_FLAG_INSECURE_PORT);
	options.shares_port = sup_flags_bool(flags, SUP_FLAG_PERMIT_PORT_SHARING);
	options.request_timeout_ns = sup_flags_duration_ns(flags, SUP_FLAG_REQUEST_TIMEOUT);
	options.shutdown_delay_ns = sup_flags_duration_ns(flags, SUP_FLAG_SHUTDOWN_DELAY_DURATION);
	options.shutdown_watch_grace_ns =
		sup_flags_duration_ns(flags, SUP_FLAG_SHUTDOWN_WATCH_TERMINATION_GRACE_PERIOD);
	options.self_signed_key_type =
		arena_copy_c(arena, sup_flags_text(flags, SUP_FLAG_SELF_SIGNED_KEY_TYPE));
	if (complete_addresses(flags, &options, err) < 0 ||
		complete_service_range(flags, &options, err) < 0 ||
		complete_state_directory(flags, &options, err) < 0)
		return ERROR_RETURN;
	complete_host(flags);
	complete_anonymous(flags);
	complete_tls(flags);
	complete_storage(flags);
	complete_service_accounts(flags, &options);
	complete_runtime_config(flags, arena);
	*ret = options;
	return 0;
}

const char *sup_options_program(const struct sup_options *options, const char *name)
{
	return arena_printf(options->arena, "%s/%s", options->libexec_directory, name).data;
}
