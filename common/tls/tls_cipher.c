/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_private.h"

#include <openssl/err.h>

#include "buffer.h"

static const char default_suites[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
				     "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
				     "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

/*
 * Names that --tls-cipher-suites takes. Those of TLS 1.3 cannot be chosen (all are always on), and
 * OpenSSL may be built without the oldest; both are accepted and left out.
 */
static const struct {
	struct str name;
	const char *openssl_name; /* NULL: accepted, without effect */
} suites[] = {
	{STR_INIT("TLS_AES_128_GCM_SHA256"), NULL},
	{STR_INIT("TLS_AES_256_GCM_SHA384"), NULL},
	{STR_INIT("TLS_CHACHA20_POLY1305_SHA256"), NULL},
	{STR_INIT("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"), "ECDHE-ECDSA-AES128-GCM-SHA256"},
	{STR_INIT("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), "ECDHE-ECDSA-AES256-GCM-SHA384"},
	{STR_INIT("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305"), "ECDHE-ECDSA-CHACHA20-POLY1305"},
	{STR_INIT("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
		"ECDHE-ECDSA-CHACHA20-POLY1305"},
	{STR_INIT("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), "ECDHE-RSA-AES128-GCM-SHA256"},
	{STR_INIT("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"), "ECDHE-RSA-AES256-GCM-SHA384"},
	{STR_INIT("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305"), "ECDHE-RSA-CHACHA20-POLY1305"},
	{STR_INIT("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"), "ECDHE-RSA-CHACHA20-POLY1305"},
	{STR_INIT("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"), "ECDHE-ECDSA-AES128-SHA"},
	{STR_INIT("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"), "ECDHE-ECDSA-AES256-SHA"},
	{STR_INIT("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"), "ECDHE-RSA-AES128-SHA"},
	{STR_INIT("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"), "ECDHE-RSA-AES256-SHA"},
	{STR_INIT("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"), "ECDHE-ECDSA-AES128-SHA256"},
	{STR_INIT("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"), "ECDHE-RSA-AES128-SHA256"},
	{STR_INIT("TLS_RSA_WITH_AES_128_GCM_SHA256"), "AES128-GCM-SHA256"},
	{STR_INIT("TLS_RSA_WITH_AES_256_GCM_SHA384"), "AES256-GCM-SHA384"},
	{STR_INIT("TLS_RSA_WITH_AES_128_CBC_SHA"), "AES128-SHA"},
	{STR_INIT("TLS_RSA_WITH_AES_256_CBC_SHA"), "AES256-SHA"},
	{STR_INIT("TLS_RSA_WITH_AES_128_CBC_SHA256"), "AES128-SHA256"},
	{STR_INIT("TLS_RSA_WITH_3DES_EDE_CBC_SHA"), NULL},
	{STR_INIT("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"), NULL},
	{STR_INIT("TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"), NULL},
	{STR_INIT("TLS_ECDHE_RSA_WITH_RC4_128_SHA"), NULL},
	{STR_INIT("TLS_RSA_WITH_RC4_128_SHA"), NULL},
};

static int append_suite(struct buffer *list, struct str name, struct error *err)
{
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (!str_equal(suites[i].name, name))
			continue;
		if (suites[i].openssl_name) {
			if (list->length > 0)
				buffer_append_byte(list, ':');
			buffer_append(list, str_from_c(suites[i].openssl_name));
		}
		return 0;
	}
	return error_set(err, ERROR_BAD_REQUEST, "Cipher suite %.*s not supported or doesn't exist",
		STR_ARG(name));
}

int tls_cipher_configure(SSL_CTX *ssl_context, struct str names, struct error *err)
{
	struct buffer list = {0};
	int result = 0;

	while (result == 0 && !str_is_empty(names)) {
		struct str name = str_trim(str_split(&names, ','));

		if (!str_is_empty(name))
			result = append_suite(&list, name, err);
	}
	if (result == 0) {
		buffer_append_byte(&list, '\0');
		const char *text = list.length > 1 ? list.data : default_suites;

		if (SSL_CTX_set_cipher_list(ssl_context, text) != 1)
			result = tls_error(err, "cipher suites");
	}
	buffer_fini(&list);
	return result;
}
