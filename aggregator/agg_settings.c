/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_server.h"

#include <stdlib.h>

#include "server_setup.h"
#include "tls_context.h"
#include "token_file.h"

#define STREAMS_PER_CONNECTION 250
#define SECOND_NS              INT64_C(1000000000)
#define WRITE_TIMEOUT_NS       UINT64_C(34000000000)

/* ---- TLS ---- */

static struct str join(struct arena *arena, const struct settings *settings, struct str name)
{
	struct str all = STR_EMPTY;

	for (size_t i = 0; i < settings_count(settings, name); i++)
		all = arena_printf(arena, "%.*s%s%.*s", STR_ARG(all), all.length > 0 ? "," : "",
			STR_ARG(settings_value(settings, name, i)));
	return all;
}

static void read_names(struct arena *arena, struct str list, struct tls_pair *pair)
{
	size_t count = 1;
	struct str *names;

	if (str_is_empty(list))
		return;
	for (size_t i = 0; i < list.length; i++)
		count += list.data[i] == ',';
	names = ARENA_ARRAY(arena, struct str, count);
	for (size_t i = 0; i < count; i++)
		names[i] = str_trim(str_split(&list, ','));
	pair->names = names;
	pair->name_count = count;
}

/* Three values for each pair: certificate, key, names. */
static const struct tls_pair *read_named_pairs(
	struct arena *arena, const struct settings *settings, size_t *ret_count)
{
	struct str name = STR("content.tls-sni-cert-key");
	size_t count = settings_count(settings, name) / 3;
	struct tls_pair *pairs = ARENA_ARRAY(arena, struct tls_pair, count + 1);

	for (size_t i = 0; i < count; i++) {
		pairs[i].certificate_pem = settings_value(settings, name, i * 3);
		pairs[i].key_pem = settings_value(settings, name, i * 3 + 1);
		read_names(arena, settings_value(settings, name, i * 3 + 2), &pairs[i]);
	}
	*ret_count = count;
	return pairs;
}

/* Of clients and of front proxies; which it was is asked for with each request. */
static struct str join_authorities(struct arena *arena, const struct settings *settings)
{
	struct str clients = settings_text(settings, "content.client-ca-file");
	struct str proxies = settings_text(settings, "content.requestheader-client-ca-file");

	if (str_is_empty(proxies) || str_is_empty(clients))
		return str_is_empty(proxies) ? clients : proxies;
	return arena_printf(arena, "%.*s\n%.*s", STR_ARG(clients), STR_ARG(proxies));
}

int agg_settings_tls(const struct settings *settings, struct tls_context **ret, struct error *err)
{
	struct arena *arena = arena_create(0);
	struct tls_server_options options = {
		.main.certificate_pem = settings_text(settings, "content.tls-cert-file"),
		.main.key_pem = settings_text(settings, "content.tls-private-key-file"),
		.client_ca_pem = join_authorities(arena, settings),
		.minimum_version = settings_text(settings, "tls-min-version"),
		.cipher_suites = join(arena, settings, STR("tls-cipher-suites")),
		.groups = join(arena, settings, STR("tls-curve-preferences")),
		.allow_http2 = !settings_bool(settings, "disable-http2-serving", false),
	};
	int outcome;

	options.sni_pairs = read_named_pairs(arena, settings, &options.sni_pair_count);
	outcome = tls_context_create(&options, ret, err);
	arena_destroy(&arena);
	return outcome;
}

/* ---- Tokens, authorization, limits ---- */

int agg_settings_tokens(const struct settings *settings, struct token_file **ret, struct error *err)
{
	struct str name = STR("content.token-auth-file");

	*ret = NULL;
	if (settings_count(settings, name) == 0)
		return 0;
	if (token_file_parse(settings_value(settings, name, 0), ret, err) == 0)
		return 0;
	return error_wrap(err, "--token-auth-file");
}

int agg_settings_authorizer(
	struct agg_server *server, const struct settings *settings, struct error *err)
{
	struct str name = STR("authorization-mode");
	struct arena *arena = arena_create(0);
	size_t count = settings_count(settings, name);
	struct str *modes = ARENA_ARRAY(arena, struct str, count + 1);
	int outcome;

	for (size_t i = 0; i < count; i++)
		modes[i] = settings_value(settings, name, i);
	server->rules = rbac_create();
	outcome = authorizer_create(modes, count, server->rules, &server->authorizer, err);
	arena_destroy(&arena);
	return outcome;
}

static size_t read_limit(const struct settings *settings, const char *name, int64_t otherwise)
{
	int64_t limit = settings_integer(settings, name, otherwise);

	return limit > 0 ? (size_t)limit : 0;
}

static double read_chance(const struct settings *settings, const char *name)
{
	struct str text = settings_text(settings, name);
	char copy[32] = "";

	if (text.length > 0 && text.length < sizeof(copy))
		memcpy(copy, text.data, text.length);
	return strtod(copy, NULL);
}

void agg_settings_limits(struct agg_server *server, const struct settings *settings)
{
	int64_t timeout = settings_duration_ns(settings, "request-timeout", 60 * SECOND_NS);

	server->request_timeout_ns = timeout > 0 ? (uint64_t)timeout : 60 * SECOND_NS;
	server->write_timeout_ns = WRITE_TIMEOUT_NS;
	server->moves_strangers_on =
		server_setup_beta_feature(settings, STR("UnauthenticatedHTTP2DOSMitigation"));
	server->reading.limit = read_limit(settings, "max-requests-inflight", 400);
	server->mutating.limit = read_limit(settings, "max-mutating-requests-inflight", 200);
	server->allows_anonymous = settings_bool(settings, "anonymous-auth", true);
	server->goaway_chance = read_chance(settings, "goaway-chance");
	server->streams_per_connection =
		(uint32_t)read_limit(settings, "http2-max-streams-per-connection", 0);
	if (server->streams_per_connection == 0)
		server->streams_per_connection = STREAMS_PER_CONNECTION;
	server->trusted_uid_count = server_setup_trusted_uids(settings, server->trusted_uids,
		sizeof(server->trusted_uids) / sizeof(server->trusted_uids[0]));
}
