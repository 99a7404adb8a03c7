/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TLS_CONTEXT_H
#define TROIKA_TLS_CONTEXT_H

#include "error.h"

/*
 * OpenSSL server contexts from PEM in memory. Immutable once made, reference-counted: a reload
 * makes a new one. Private-key operations go through this layer only.
 */
struct tls_context;

struct tls_pair {
	struct str certificate_pem; /* leaf first, then intermediates */
	struct str key_pem;
	const struct str *names; /* SNI names for this pair; empty: those of the certificate */
	size_t name_count;
};

struct tls_server_options {
	struct tls_pair main;
	const struct tls_pair *sni_pairs;
	size_t sni_pair_count;
	struct str client_ca_pem;   /* empty: client certificates are not asked for */
	struct str minimum_version; /* "VersionTLS12" (default when empty) or "VersionTLS13" */
	struct str cipher_suites;   /* comma list of Go/IANA names; empty: AEAD suites only */
	struct str groups; /* comma list of IANA numbers for the key exchange; empty: OpenSSL's */
	bool allow_http2;  /* ALPN h2 before http/1.1 */
};

int tls_context_create(const struct tls_server_options *options, struct tls_context **ret,
	struct error *err) WARN_UNUSED;
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context **context);

/* What a verified client certificate says; lives as long as its connection. */
struct tls_identity {
	struct str common_name;
	const struct str *organizations;
	size_t organization_count;
	struct str subject_uid; /* the UID attribute, 1.3.6.1.4.1.57683.2; may be empty */
	struct str sha256_hex;  /* of the DER */
	int64_t not_after_wall_seconds;
};

#endif
