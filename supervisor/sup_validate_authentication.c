/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_complaint.h"

#include "sup_feature.h"
#include "sup_file.h"
#include "sup_text.h"

/* The sections authentication and authorization. */

#define EXPIRATION_MINIMUM_NS 3600000000000
#define EXPIRATION_MAXIMUM_NS 4294967296000000000 /* 2^32 s */

static void check_oidc(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	static const enum sup_flag_id ids[] = {SUP_FLAG_OIDC_CA_FILE, SUP_FLAG_OIDC_CLIENT_ID,
		SUP_FLAG_OIDC_GROUPS_CLAIM, SUP_FLAG_OIDC_GROUPS_PREFIX, SUP_FLAG_OIDC_ISSUER_URL,
		SUP_FLAG_OIDC_REQUIRED_CLAIM, SUP_FLAG_OIDC_SIGNING_ALGS,
		SUP_FLAG_OIDC_USERNAME_CLAIM, SUP_FLAG_OIDC_USERNAME_PREFIX};
	bool is_used = false;

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		is_used |= sup_flags_is_set(flags, ids[i]);
	if (sup_flags_is_empty(flags, SUP_FLAG_OIDC_ISSUER_URL) !=
		sup_flags_is_empty(flags, SUP_FLAG_OIDC_CLIENT_ID))
		sup_complain(complaints,
			"oidc-issuer-url and oidc-client-id should be specified together");
	if (is_used && !sup_flags_is_empty(flags, SUP_FLAG_AUTHENTICATION_CONFIG))
		sup_complain(complaints,
			"authentication-config file and oidc-* flags are mutually exclusive");
}

static void check_issuers(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	const enum sup_flag_id id = SUP_FLAG_SERVICE_ACCOUNT_ISSUER;

	for (size_t i = 0; i < sup_flags_count(flags, id); i++) {
		struct str issuer = sup_flags_value(flags, id, i);
		const char *complaint;
		struct sup_url url;

		if (str_is_empty(issuer)) {
			sup_complain(
				complaints, "service-account-issuer should not be an empty string");
			continue;
		}
		if (str_find_byte(issuer, ':') < issuer.length &&
			!sup_text_parse_url(issuer, &url, &complaint)) {
			struct str quoted = sup_text_quote(complaints->arena, issuer);

			sup_complain(complaints,
				"service-account-issuer contained a ':' but was not a valid URL: "
				"parse %.*s: %s",
				STR_ARG(quoted), complaint);
		}
		for (size_t j = 0; j < i; j++) {
			if (str_equal(issuer, sup_flags_value(flags, id, j)))
				sup_complain(complaints,
					"service-account-issuer \"%.*s\" is already specified",
					STR_ARG(issuer));
		}
	}
}

/* Who asks for tokens that we sign must say with what, and as whom. */
static void check_signing(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	bool has_endpoint = !sup_flags_is_empty(flags, SUP_FLAG_SERVICE_ACCOUNT_SIGNING_ENDPOINT);
	bool has_key = !sup_flags_is_empty(flags, SUP_FLAG_SERVICE_ACCOUNT_SIGNING_KEY_FILE);
	bool has_public = sup_flags_count(flags, SUP_FLAG_SERVICE_ACCOUNT_KEY_FILE) > 0;
	bool has_issuer = sup_flags_count(flags, SUP_FLAG_SERVICE_ACCOUNT_ISSUER) > 0;
	bool has_audiences = sup_flags_count(flags, SUP_FLAG_API_AUDIENCES) > 0;

	if (has_endpoint && (has_key || has_public))
		sup_complain(complaints,
			"can't set `--service-account-signing-key-file` and/or "
			"`--service-account-key-file` with `--service-account-signing-endpoint` "
			"(They are mutually exclusive)");
	if (!has_endpoint && !has_key && !has_issuer && !has_audiences)
		return;
	if (!has_issuer || (!has_endpoint && !has_key))
		sup_complain(complaints,
			"--service-account-signing-key-file and --service-account-issuer are "
			"required flags");
	if (has_audiences && !has_issuer)
		sup_complain(complaints,
			"--service-account-signing-key-file, --service-account-issuer, and "
			"--api-audiences should be specified together");
	if (!has_endpoint && !has_public)
		sup_complain(complaints, "either `--service-account-key-file` or "
					 "`--service-account-signing-endpoint` must be set");
}

static void check_service_accounts(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	struct str keys = sup_flags_text(flags, SUP_FLAG_SERVICE_ACCOUNT_JWKS_URI);
	int64_t expiration_ns =
		sup_flags_duration_ns(flags, SUP_FLAG_SERVICE_ACCOUNT_MAX_TOKEN_EXPIRATION);
	const char *complaint;
	struct sup_url url;

	check_issuers(flags, complaints);
	check_signing(flags, complaints);
	if (!str_is_empty(keys) && !sup_text_parse_url(keys, &url, &complaint))
		sup_complain(complaints,
			"service-account-jwks-uri must be a valid URL: parse \"%.*s\": %s",
			STR_ARG(keys), complaint);
	else if (!str_is_empty(keys) && !str_equal(url.scheme, STR("https")))
		sup_complain(complaints,
			"service-account-jwks-uri requires https scheme, parsed as: %.*s",
			STR_ARG(keys));
	if (expiration_ns != 0 &&
		(expiration_ns < EXPIRATION_MINIMUM_NS || expiration_ns > EXPIRATION_MAXIMUM_NS))
		sup_complain(complaints, "the serviceaccount max expiration must be between 1 hour "
					 "to 2^32 seconds");
}

static void check_request_headers(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	static const enum sup_flag_id ids[] = {SUP_FLAG_REQUESTHEADER_USERNAME_HEADERS,
		SUP_FLAG_REQUESTHEADER_GROUP_HEADERS, SUP_FLAG_REQUESTHEADER_EXTRA_HEADERS_PREFIX,
		SUP_FLAG_REQUESTHEADER_ALLOWED_NAMES, SUP_FLAG_REQUESTHEADER_UID_HEADERS};
	const enum sup_flag_id uid_id = SUP_FLAG_REQUESTHEADER_UID_HEADERS;
	size_t uid_count = sup_flags_count(flags, uid_id);
	bool has_standard = false;

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		for (size_t j = 0; j < sup_flags_count(flags, ids[i]); j++) {
			if (str_is_empty(str_trim(sup_flags_value(flags, ids[i], j))))
				sup_complain(complaints, "empty value in \"%s\"",
					sup_flag_get(ids[i])->name);
		}
	}
	for (size_t i = 0; i < uid_count; i++)
		has_standard |= str_equal_ignore_case(
			sup_flags_value(flags, uid_id, i), STR("X-Remote-Uid"));
	if (uid_count > 0 && !sup_feature_is_on(flags, STR("RemoteRequestHeaderUID")))
		sup_complain(complaints,
			"--requestheader-uid-headers requires the \"RemoteRequestHeaderUID\" "
			"feature to be enabled");
	else if (uid_count > 0 && !has_standard)
		sup_complain(complaints,
			"--requestheader-uid-headers is set without specifying the standard "
			"X-Remote-Uid header - API aggregation will not work");
}

/* The text between BEGIN and END of the next certificate, without blanks; empty when there is none.
 */
static struct str take_certificate(struct arena *arena, struct str *rest)
{
	static const struct str begin = STR_INIT("-----BEGIN CERTIFICATE-----");
	struct str body = str_skip(*rest, str_find(*rest, begin) + begin.length);
	char *text;
	size_t length = 0;

	body = str_slice(body, 0, str_find(body, STR("-----END")));
	*rest = str_skip(*rest, str_find(*rest, begin) + begin.length + body.length);
	text = arena_allocate_text(arena, body.length + 1);
	for (size_t i = 0; i < body.length; i++) {
		if (!strchr(" \t\r\n", body.data[i]))
			text[length++] = body.data[i];
	}
	return str_from(text, length);
}

static bool have_common_certificate(struct arena *arena, struct str a, struct str b)
{
	while (!str_is_empty(a)) {
		struct str certificate = take_certificate(arena, &a);
		struct str rest = b;

		while (!str_is_empty(rest)) {
			struct str other = take_certificate(arena, &rest);

			if (!str_is_empty(certificate) && str_equal(certificate, other))
				return true;
		}
	}
	return false;
}

static void check_authorities(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	struct buffer clients = {0}, proxies = {0};
	struct str client_path = sup_flags_text(flags, SUP_FLAG_CLIENT_CA_FILE);
	struct str proxy_path = sup_flags_text(flags, SUP_FLAG_REQUESTHEADER_CLIENT_CA_FILE);

	if (str_is_empty(client_path) || str_is_empty(proxy_path) ||
		sup_flags_count(flags, SUP_FLAG_REQUESTHEADER_ALLOWED_NAMES) > 0)
		return;
	/* A file that cannot be read is told later, by who needs it. */
	if (sup_file_read(client_path.data, &clients, NULL) == 0 &&
		sup_file_read(proxy_path.data, &proxies, NULL) == 0 &&
		have_common_certificate(
			complaints->arena, buffer_str(&clients), buffer_str(&proxies)))
		sup_complain(complaints,
			"--requestheader-client-ca-file and --client-ca-file contain overlapping "
			"certificates; --requestheader-allowed-names must be specified to ensure "
			"regular client certificates cannot set authenticating proxy headers for "
			"arbitrary users");
	buffer_fini(&clients);
	buffer_fini(&proxies);
}

void sup_validate_authentication(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	check_oidc(flags, complaints);
	check_service_accounts(flags, complaints);
	check_request_headers(flags, complaints);
	check_authorities(flags, complaints);
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

static void check_modes(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	const enum sup_flag_id id = SUP_FLAG_AUTHORIZATION_MODE;
	bool is_repeated = false;

	if (sup_flags_count(flags, id) == 0)
		sup_complain(complaints, "at least one authorization-mode must be passed");
	for (size_t i = 0; i < sup_flags_count(flags, id); i++) {
		struct str mode = sup_flags_value(flags, id, i);

		if (!is_mode(mode))
			sup_complain(complaints, "authorization-mode \"%.*s\" is not a valid mode",
				STR_ARG(mode));
		if (str_equal(mode, STR("ABAC")) &&
			sup_flags_is_empty(flags, SUP_FLAG_AUTHORIZATION_POLICY_FILE))
			sup_complain(complaints, "authorization-mode ABAC's authorization policy "
						 "file not passed");
		if (str_equal(mode, STR("Webhook")) &&
			sup_flags_is_empty(flags, SUP_FLAG_AUTHORIZATION_WEBHOOK_CONFIG_FILE))
			sup_complain(complaints, "authorization-mode Webhook's authorization "
						 "config file not passed");
		for (size_t j = 0; j < i; j++)
			is_repeated |= str_equal(mode, sup_flags_value(flags, id, j));
	}
	if (!sup_flags_is_empty(flags, SUP_FLAG_AUTHORIZATION_POLICY_FILE) &&
		!sup_flags_has(flags, id, STR("ABAC")))
		sup_complain(
			complaints, "cannot specify --authorization-policy-file without mode ABAC");
	if (!sup_flags_is_empty(flags, SUP_FLAG_AUTHORIZATION_WEBHOOK_CONFIG_FILE) &&
		!sup_flags_has(flags, id, STR("Webhook")))
		sup_complain(complaints, "cannot specify --authorization-webhook-config-file "
					 "without mode Webhook");
	if (is_repeated) {
		struct str list = sup_flags_quoted_list(flags, id, complaints->arena);

		sup_complain(complaints,
			"authorization-mode %.*s has mode specified more than once", STR_ARG(list));
	}
}

void sup_validate_authorization(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	static const enum sup_flag_id excluded[] = {SUP_FLAG_AUTHORIZATION_MODE,
		SUP_FLAG_AUTHORIZATION_WEBHOOK_CACHE_AUTHORIZED_TTL,
		SUP_FLAG_AUTHORIZATION_WEBHOOK_CACHE_UNAUTHORIZED_TTL,
		SUP_FLAG_AUTHORIZATION_WEBHOOK_CONFIG_FILE, SUP_FLAG_AUTHORIZATION_WEBHOOK_VERSION};

	if (sup_flags_is_empty(flags, SUP_FLAG_AUTHORIZATION_CONFIG)) {
		check_modes(flags, complaints);
		return;
	}
	for (size_t i = 0; i < sizeof(excluded) / sizeof(*excluded); i++) {
		if (sup_flags_is_set(flags, excluded[i]))
			sup_complain(complaints,
				"--authorization-config can not be specified when "
				"--authorization-mode or --authorization-webhook-* flags are "
				"defined");
	}
}
