/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_PKI_CERTIFICATE_H
#define TROIKA_PKI_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "error.h"

enum pki_key_type {
	PKI_KEY_ECDSA, /* P-256 */
	PKI_KEY_RSA,   /* 2048 bits */
};

/* A certificate and its key. Zero-initialise, end with pki_pair_fini(). */
struct pki_pair {
	X509 *certificate;
	EVP_PKEY *key;
};

enum pki_purpose {
	PKI_AUTHORITY,
	PKI_SERVING,
	PKI_CLIENT
};

struct pki_request {
	enum pki_purpose purpose;
	enum pki_key_type key_type;
	const char *common_name;
	const char *organization; /* NULL: none */
	const char *names;        /* "DNS:a,IP:b"; NULL: none */
	int valid_days;           /* from an hour ago */
};

void pki_pair_fini(struct pki_pair *pair);
/* Makes a key and a certificate for it, signed by the issuer or, when that is NULL, by itself. */
int pki_pair_make(const struct pki_request *request, const struct pki_pair *issuer,
	struct pki_pair *ret, struct error *err) WARN_UNUSED;
/* In the arena. */
struct str pki_certificate_to_pem(struct arena *arena, X509 *certificate);
struct str pki_key_to_pem(struct arena *arena, EVP_PKEY *key);
/* The first certificate of the text, and the key; fails too when they do not belong together. */
int pki_pair_from_pem(struct str certificate, struct str key, struct pki_pair *ret,
	struct error *err) WARN_UNUSED;
/* Whether it will still be valid in a day, was issued by `issuer` and (unless NULL) covers the
 * address. */
bool pki_certificate_is_good(X509 *certificate, X509 *issuer, const char *address);

#endif
