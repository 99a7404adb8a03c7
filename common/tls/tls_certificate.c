/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_private.h"

#include <openssl/err.h>
#include <openssl/pem.h>

int tls_error(struct error *err, const char *what)
{
	unsigned long code = ERR_get_error();
	const char *reason = ERR_reason_error_string(code);

	ERR_clear_error();
	return error_set(err, ERROR_BAD_REQUEST, "%s: %s", what, reason ? reason : "unknown error");
}

/* No key of ours has a passphrase, and a server must never ask a terminal for one. */
static int no_passphrase(char *text, int size, int writing, void *context)
{
	(void)text;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static BIO *open_text(struct str pem)
{
	return pem.length > 0 && pem.length < INT32_MAX ? BIO_new_mem_buf(pem.data, (int)pem.length)
							: NULL;
}

/* The end of the text is an error to OpenSSL too; true when it was only that. */
static bool was_end_of_text(void)
{
	unsigned long code = ERR_peek_last_error();

	return code == 0 ||
	       (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE);
}

STACK_OF(X509) * tls_certificates_parse(struct str pem, struct error *err)
{
	BIO *text = open_text(pem);
	STACK_OF(X509) *list = sk_X509_new_null();
	X509 *certificate;

	ERR_clear_error();
	while (text && (certificate = PEM_read_bio_X509(text, NULL, no_passphrase, NULL)))
		sk_X509_push(list, certificate);
	BIO_free(text);
	if (sk_X509_num(list) > 0 && was_end_of_text()) {
		ERR_clear_error();
		return list;
	}
	if (was_end_of_text())
		error_set(err, ERROR_BAD_REQUEST, "no certificate found in PEM data");
	else
		tls_error(err, "malformed certificate");
	ERR_clear_error();
	sk_X509_pop_free(list, X509_free);
	return NULL;
}

EVP_PKEY *tls_key_parse(struct str pem, struct error *err)
{
	BIO *text = open_text(pem);
	EVP_PKEY *key = text ? PEM_read_bio_PrivateKey(text, NULL, no_passphrase, NULL) : NULL;

	BIO_free(text);
	if (!key)
		tls_error(err, "malformed private key");
	return key;
}

X509_STORE *tls_store_create(struct str ca_pem, struct error *err)
{
	STACK_OF(X509) *list = tls_certificates_parse(ca_pem, err);

	if (!list)
		return NULL;

	X509_STORE *store = X509_STORE_new();

	for (int i = 0; i < sk_X509_num(list); i++)
		X509_STORE_add_cert(store, sk_X509_value(list, i));
	/* As Go does: any certificate of the bundle is an anchor, self-signed or not. */
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	sk_X509_pop_free(list, X509_free);
	ERR_clear_error();
	return store;
}
