/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TLS_PRIVATE_H
#define TROIKA_TLS_PRIVATE_H

#include <openssl/ssl.h>

#include "error.h"

/* What the files of this layer share. */

#define TLS_CHAIN_DEPTH_MAXIMUM     8
#define TLS_KEY_BITS_MAXIMUM        8192
#define TLS_CERTIFICATE_BYTES_LIMIT (64 * 1024)

/* Fills err with "WHAT: OpenSSL's oldest reason", empties OpenSSL's queue, returns ERROR_RETURN. */
int tls_error(struct error *err, const char *what);

/* All certificates of a PEM text, in order; NULL with err filled when there is none or one is bad.
 */
STACK_OF(X509) * tls_certificates_parse(struct str pem, struct error *err);
EVP_PKEY *tls_key_parse(struct str pem, struct error *err);
/* A store that trusts the certificates of a PEM text. */
X509_STORE *tls_store_create(struct str ca_pem, struct error *err);

/* Sets the TLS 1.2 suites of a comma list of Go/IANA names; the AEAD ones when it is empty. */
int tls_cipher_configure(SSL_CTX *ssl_context, struct str names, struct error *err) WARN_UNUSED;
/* Sets the key exchange groups of a comma list of IANA numbers; OpenSSL's when it is empty. */
int tls_group_configure(SSL_CTX *ssl_context, struct str numbers, struct error *err) WARN_UNUSED;

#endif
