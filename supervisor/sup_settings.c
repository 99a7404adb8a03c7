/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_settings.h"

#include "buffer.h"
#include "sup_file.h"
#include "sup_flag_value.h"
#include "sup_server_options.h"

#include <unistd.h>

/* What libraries in the servers look up at run time: names, zones, authorities. */
static const char *const readable_paths[] = {"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf",
	"/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/localtime", "/etc/ssl",
	"/usr/lib/ssl", "/usr/share/ca-certificates", "/usr/share/zoneinfo", "/dev/urandom",
	"/dev/null", "/proc/self", "/proc/stat", "/proc/meminfo", "/proc/sys/net/core/somaxconn"};

static int add_contents(
	struct settings *settings, struct str name, struct str path, struct error *err)
{
	struct arena *arena = arena_create(0);
	struct buffer buffer = {0};
	int result = sup_file_read(arena_copy_c(arena, path), &buffer, err);

	if (result == 0)
		settings_add(settings, name, buffer_str(&buffer));
	if (buffer.data)
		explicit_bzero(buffer.data, buffer.capacity);
	buffer_fini(&buffer);
	arena_destroy(&arena);
	return result;
}

/* Three values for each pair: certificate, key, names with commas between. */
static int add_named_pair(
	struct settings *settings, struct str name, struct str item, struct error *err)
{
	struct sup_named_cert_key parts;

	if (!sup_named_cert_key_split(item, &parts))
		return 0;
	if (add_contents(settings, name, parts.certificate, err) < 0 ||
		add_contents(settings, name, parts.key, err) < 0)
		return ERROR_RETURN;
	settings_add(settings, name, parts.names);
	return 0;
}

/* What upstream says when it cannot read the file. */
static const struct {
	enum sup_flag_id id;
	const char *text;
} complaints[] = {
	{SUP_FLAG_ADMISSION_CONTROL_CONFIG_FILE, "failed to read plugin config"},
	{SUP_FLAG_AUDIT_POLICY_FILE, "loading audit policy file"},
	{SUP_FLAG_AUDIT_WEBHOOK_CONFIG_FILE, "initializing audit webhook"},
	{SUP_FLAG_AUTHENTICATION_CONFIG, "invalid authentication config"},
	{SUP_FLAG_AUTHENTICATION_TOKEN_WEBHOOK_CONFIG_FILE, "invalid authentication config"},
	{SUP_FLAG_AUTHORIZATION_CONFIG, "invalid authorization config"},
	{SUP_FLAG_AUTHORIZATION_POLICY_FILE, "invalid authorization config"},
	{SUP_FLAG_AUTHORIZATION_WEBHOOK_CONFIG_FILE, "invalid authorization config"},
	{SUP_FLAG_BASIC_AUTH_FILE, "invalid authentication config"},
	{SUP_FLAG_CLIENT_CA_FILE, "unable to load client CA file"},
	{SUP_FLAG_EGRESS_SELECTOR_CONFIG_FILE, "failed to read egress selector config"},
	{SUP_FLAG_OIDC_CA_FILE, "invalid authentication config"},
	{SUP_FLAG_REQUESTHEADER_CLIENT_CA_FILE, "unable to load request-header-client-ca-file"},
	{SUP_FLAG_SERVICE_ACCOUNT_KEY_FILE, "invalid authentication config"},
	{SUP_FLAG_SERVICE_ACCOUNT_SIGNING_KEY_FILE,
		"failed to parse service-account-issuer-key-file"},
	{SUP_FLAG_TLS_CERT_FILE, "unable to load server certificate"},
	{SUP_FLAG_TLS_PRIVATE_KEY_FILE, "unable to load server certificate"},
	{SUP_FLAG_TLS_SNI_CERT_KEY, "failed to load SNI cert and key"},
	{SUP_FLAG_TOKEN_AUTH_FILE, "invalid authentication config"},
	{SUP_FLAG_TRACING_CONFIG_FILE, "failed to read tracing config"},
};

static int complain_of_file(const struct sup_flag *flag, struct error *err)
{
	error_wrap(err, "--%s", flag->name);
	for (size_t i = 0; i < sizeof(complaints) / sizeof(*complaints); i++) {
		if (complaints[i].id == sup_flag_id(flag))
			return error_wrap(err, "%s", complaints[i].text);
	}
	return ERROR_RETURN;
}

static int add_flag_contents(const struct sup_flags *flags, enum sup_flag_id id,
	struct arena *arena, struct settings *settings, struct error *err)
{
	const struct sup_flag *flag = sup_flag_get(id);
	struct str name = arena_printf(arena, "content.%s", flag->name);
	bool is_pair = flag->type == SUP_FLAG_TYPE_NAMED_CERT_KEY;

	if (!is_pair && flag->type != SUP_FLAG_TYPE_FILE && flag->type != SUP_FLAG_TYPE_FILE_ARRAY)
		return 0;
	for (size_t i = 0; i < sup_flags_count(flags, id); i++) {
		struct str value = sup_flags_value(flags, id, i);

		if (str_is_empty(value))
			continue;
		if ((is_pair ? add_named_pair : add_contents)(settings, name, value, err) < 0)
			return complain_of_file(flag, err);
	}
	return 0;
}

static int add_flags(const struct sup_flags *flags, unsigned mask, struct arena *arena,
	struct settings *settings, struct error *err)
{
	for (unsigned i = 0; i < SUP_FLAG_COUNT; i++) {
		enum sup_flag_id id = (enum sup_flag_id)i;
		const struct sup_flag *flag = sup_flag_get(id);

		if (!(flag->servers & mask))
			continue;
		for (size_t n = 0; n < sup_flags_count(flags, id); n++)
			settings_add(
				settings, str_from_c(flag->name), sup_flags_value(flags, id, n));
		if (add_flag_contents(flags, id, arena, settings, err) < 0)
			return ERROR_RETURN;
	}
	return 0;
}

/* One value a range, where the flag has one text. */
static void split_service_ranges(struct settings *settings)
{
	struct arena *arena = arena_create(0);
	struct str name = STR("service-cluster-ip-range");
	struct str rest = arena_copy(arena, settings_value(settings, name, 0));

	if (str_find_byte(rest, ',') < rest.length) {
		settings_set(settings, name, str_trim(str_split(&rest, ',')));
		while (!str_is_empty(rest))
			settings_add(settings, name, str_trim(str_split(&rest, ',')));
	}
	arena_destroy(&arena);
}

/* Only the front: it has the key for HTTPS anyway. */
static int add_token_key(const struct sup_flags *flags, const struct sup_options *options,
	struct settings *settings, struct error *err)
{
	struct str path = sup_flags_text(flags, SUP_FLAG_TLS_PRIVATE_KEY_FILE);

	if (!options->has_tls_key_for_tokens || str_is_empty(path))
		return 0;
	return add_contents(settings, STR("content.service-account-key-file"), path, err);
}

static void add_users(const struct sup_state *state, enum sup_server_id id, struct arena *arena,
	struct settings *settings)
{
	const uid_t trusted[] = {state->users[SUP_FRONT].uid, 0, geteuid(), state->users[id].uid};

	for (unsigned i = 0; i < SUP_SERVER_COUNT; i++) {
		const char *name = sup_server_get((enum sup_server_id)i)->name;

		settings_set(settings, arena_printf(arena, "internal.uid.%s", name),
			arena_printf(arena, "%u", (unsigned)state->users[i].uid));
		settings_set(settings, arena_printf(arena, "internal.socket.%s", name),
			str_from_c(state->users[i].socket_path));
	}
	for (size_t i = 0; i < sizeof(trusted) / sizeof(*trusted); i++) {
		bool is_known = false;

		for (size_t j = 0; j < i; j++)
			is_known |= trusted[j] == trusted[i];
		if (!is_known)
			settings_add(settings, STR("internal.trusted-uids"),
				arena_printf(arena, "%u", (unsigned)trusted[i]));
	}
}

static void add_internal(const struct sup_options *options, const struct sup_state *state,
	enum sup_server_id id, struct arena *arena, struct settings *settings)
{
	const struct sup_server *server = sup_server_get(id);
	struct str directory = str_from_c(state->users[id].data_directory);

	settings_set(settings, STR("internal.server"), str_from_c(server->name));
	if (server->has_secure)
		settings_add(settings, STR("internal.listeners"), STR("secure"));
	if (server->has_secure && options->insecure_port != 0)
		settings_add(settings, STR("internal.listeners"), STR("insecure"));
	settings_add(settings, STR("internal.listeners"), STR("private"));
	settings_set(settings, STR("internal.data-directory"), directory);
	settings_set(
		settings, STR("internal.service-ip"), sup_ip_format(arena, &options->service_ip));
	add_users(state, id, arena, settings);
	settings_add(settings, STR("internal.jail.writable"), directory);
	for (size_t i = 0; i < sizeof(readable_paths) / sizeof(*readable_paths); i++)
		settings_add(
			settings, STR("internal.jail.readable"), str_from_c(readable_paths[i]));
}

/* Validation has told. */
static void ignore_complaint(void *context, struct str message)
{
	(void)context;
	(void)message;
}

int sup_settings_make(const struct sup_flags *flags, const struct sup_options *options,
	const struct sup_state *state, enum sup_server_id id, int *ret_fd, struct error *err)
{
	struct settings *settings = settings_create();
	struct arena *arena = arena_create(0);
	int result = add_flags(flags, sup_server_get(id)->flag_mask, arena, settings, err);

	if (result == 0 && id == SUP_FRONT)
		result = add_token_key(flags, options, settings, err);
	if (result == 0) {
		struct sup_server_options server;

		split_service_ranges(settings);
		sup_server_options_read(flags, id, &server, ignore_complaint, NULL);
		if (server.worker_loops)
			settings_set(settings, STR("internal.worker-loops"),
				arena_printf(arena, "%u", server.worker_loops));
		add_internal(options, state, id, arena, settings);
		result = settings_to_memfd(settings, ret_fd, err);
	}
	arena_destroy(&arena);
	settings_destroy(&settings);
	return result;
}

int sup_settings_try(const struct sup_flags *flags, struct error *err)
{
	struct settings *settings = settings_create();
	struct arena *arena = arena_create(0);
	int result = 0;

	for (unsigned id = 0; result == 0 && id < SUP_SERVER_COUNT; id++)
		result = add_flags(flags, sup_server_get((enum sup_server_id)id)->flag_mask, arena,
			settings, err);
	arena_destroy(&arena);
	settings_destroy(&settings);
	return result;
}
