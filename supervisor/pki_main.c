/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_bootstrap.h"
#include "pki_certificate.h"
#include "pki_file.h"

#include <getopt.h>
#include <stdio.h>
#include <time.h>

#define SELF_SIGNED_DAYS 365

struct arguments {
	const char *directory;
	const char *advertise;
	const char *bind;
	const char *service_ip;
	const char *server;
	enum pki_key_type key_type;
	unsigned port;
};

static const char usage[] =
	"Usage: troika-pki self-signed --directory DIR --advertise IP --bind IP --service-ip IP\n"
	"                  [--key-type ecdsa|rsa]\n"
	"       troika-pki bootstrap DIR [--advertise IP] [--port N] [--server HOST]"
	" [--service-ip IP]\n";

static bool is_unspecified(const char *address)
{
	return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

static int self_signed(const struct arguments *arguments, struct arena *arena, struct error *err)
{
	long long now = (long long)time(NULL);
	const char *advertise = arguments->advertise;
	bool is_any = is_unspecified(arguments->bind);
	struct str names = arena_printf(arena,
		"IP:%s,IP:%s,DNS:kubernetes.default.svc,DNS:kubernetes.default,DNS:kubernetes,%s%s",
		advertise, arguments->service_ip,
		is_any ? "DNS:localhost" : "IP:", is_any ? "" : arguments->bind);
	const struct pki_request authority_request = {.purpose = PKI_AUTHORITY,
		.key_type = arguments->key_type,
		.common_name = arena_printf(arena, "%s-ca@%lld", advertise, now).data,
		.valid_days = SELF_SIGNED_DAYS};
	const struct pki_request request = {.purpose = PKI_SERVING,
		.key_type = arguments->key_type,
		.common_name = arena_printf(arena, "%s@%lld", advertise, now).data,
		.names = names.data,
		.valid_days = SELF_SIGNED_DAYS};
	const char *certificate_path =
		arena_printf(arena, "%s/apiserver.crt", arguments->directory).data;
	const char *key_path = arena_printf(arena, "%s/apiserver.key", arguments->directory).data;
	struct pki_pair authority = {0}, pair = {0};
	int result = pki_pair_make(&authority_request, NULL, &authority, err);

	if (result == 0)
		result = pki_pair_make(&request, &authority, &pair, err);
	if (result == 0)
		result = pki_file_make_directory(arena, arguments->directory, 0755, err);
	if (result == 0)
		result =
			pki_file_write(arena, key_path, pki_key_to_pem(arena, pair.key), 0600, err);
	if (result == 0) {
		struct str leaf = pki_certificate_to_pem(arena, pair.certificate);
		struct str issuer = pki_certificate_to_pem(arena, authority.certificate);

		result = pki_file_write(arena, certificate_path,
			arena_printf(arena, "%.*s%.*s", STR_ARG(leaf), STR_ARG(issuer)), 0644, err);
	}
	pki_pair_fini(&authority);
	pki_pair_fini(&pair);
	return result;
}

static bool parse_arguments(int argc, char **argv, struct arguments *ret)
{
	static const struct option options[] = {
		{"directory", required_argument, NULL, 'd'},
		{"advertise", required_argument, NULL, 'a'},
		{"bind", required_argument, NULL, 'b'},
		{"service-ip", required_argument, NULL, 'i'},
		{"server", required_argument, NULL, 's'},
		{"port", required_argument, NULL, 'p'},
		{"key-type", required_argument, NULL, 'k'},
		{NULL, 0, NULL, 0},
	};
	uint64_t port;
	int option;

	*ret = (struct arguments){
		.service_ip = "10.0.0.1", .server = "127.0.0.1", .port = 6443, .bind = "0.0.0.0"};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			ret->directory = optarg;
			break;
		case 'a':
			ret->advertise = optarg;
			break;
		case 'b':
			ret->bind = optarg;
			break;
		case 'i':
			ret->service_ip = optarg;
			break;
		case 's':
			ret->server = optarg;
			break;
		case 'k':
			if (strcmp(optarg, "ecdsa") != 0 && strcmp(optarg, "rsa") != 0)
				return false;
			ret->key_type = optarg[0] == 'r' ? PKI_KEY_RSA : PKI_KEY_ECDSA;
			break;
		case 'p':
			if (!str_parse_u64(str_from_c(optarg), 65535, &port) || port == 0)
				return false;
			ret->port = (unsigned)port;
			break;
		default:
			return false;
		}
	}
	return true;
}

static int run(int argc, char **argv, struct arena *arena, struct error *err)
{
	struct arguments arguments;

	if (!parse_arguments(argc, argv, &arguments) || optind >= argc)
		return error_set(err, ERROR_INVALID, "bad arguments\n%s", usage);
	if (strcmp(argv[optind], "self-signed") == 0 && optind + 1 == argc && arguments.directory &&
		arguments.advertise)
		return self_signed(&arguments, arena, err);
	if (strcmp(argv[optind], "bootstrap") == 0 && optind + 2 == argc) {
		struct pki_bootstrap bootstrap = {
			.directory = argv[optind + 1],
			.advertise = arguments.advertise,
			.server = arguments.server,
			.service_ip = arguments.service_ip,
			.port = arguments.port,
		};

		return pki_bootstrap(&bootstrap, arena, err);
	}
	return error_set(err, ERROR_INVALID, "bad arguments\n%s", usage);
}

int main(int argc, char **argv)
{
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	int result = run(argc, argv, arena, &err);

	if (result < 0)
		fprintf(stderr, "troika-pki: %.*s\n", STR_ARG(err.message));
	arena_destroy(&arena);
	return result < 0 ? 1 : 0;
}
