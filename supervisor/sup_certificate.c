/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_certificate.h"

#include "log.h"
#include "sup_spawn.h"

#include <unistd.h>

static int generate(const struct sup_options *options, const char *directory,
	const char *certificate, const char *key, struct error *err)
{
	struct arena *arena = options->arena;
	char *arguments[] = {
		(char *)sup_options_program(options, "troika-pki"),
		(char *)"self-signed",
		(char *)"--directory",
		(char *)directory,
		(char *)"--advertise",
		(char *)sup_ip_format(arena, &options->advertise_address).data,
		(char *)"--bind",
		(char *)sup_ip_format(arena, &options->bind_address).data,
		(char *)"--service-ip",
		(char *)sup_ip_format(arena, &options->service_ip).data,
		(char *)"--key-type",
		(char *)options->self_signed_key_type,
		NULL,
	};

	if (sup_spawn_run(arguments, err) < 0)
		return error_wrap(err, "error creating self-signed certificates");
	log_info("Generated self-signed cert (%s, %s)", certificate, key);
	return 0;
}

int sup_certificate_complete(
	struct sup_flags *flags, const struct sup_options *options, struct error *err)
{
	struct str directory = options->certificate_directory;
	const char *certificate, *key;
	bool has_certificate, has_key;

	if (!str_is_empty(sup_flags_text(flags, SUP_FLAG_TLS_CERT_FILE)))
		return 0;
	certificate = arena_printf(options->arena, "%.*s/apiserver.crt", STR_ARG(directory)).data;
	key = arena_printf(options->arena, "%.*s/apiserver.key", STR_ARG(directory)).data;
	has_certificate = access(certificate, R_OK) == 0;
	has_key = access(key, R_OK) == 0;
	if (has_certificate != has_key)
		return error_set(err, ERROR_INVALID,
			"error creating self-signed certificates: error reading %s, certificate and key "
			"must be supplied as a pair",
			has_key ? certificate : key);
	if (!has_certificate && generate(options, directory.data, certificate, key, err) < 0)
		return ERROR_RETURN;
	sup_flags_replace(flags, SUP_FLAG_TLS_CERT_FILE, str_from_c(certificate));
	sup_flags_replace(flags, SUP_FLAG_TLS_PRIVATE_KEY_FILE, str_from_c(key));
	return 0;
}
