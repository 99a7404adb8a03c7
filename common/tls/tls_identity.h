/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TLS_IDENTITY_H
#define TROIKA_TLS_IDENTITY_H

#include "tls_context.h"

/*
 * Reads the client certificate of a finished handshake. *ret_identity is NULL when none was
 * presented or the one presented does not verify against client_ca_pem; *ret_has_unverified tells
 * the two apart. The identity is the caller's.
 */
struct ssl_st;
void tls_identity_read(
	struct ssl_st *ssl, struct tls_identity **ret_identity, bool *ret_has_unverified);
void tls_identity_destroy(struct tls_identity **identity);

/*
 * A CA bundle on its own. client_ca_pem of a context may join several (those of clients and those
 * of front proxies); this says by which of them a certificate is vouched for. Immutable.
 */
struct tls_trust;
int tls_trust_create(struct str ca_pem, struct tls_trust **ret, struct error *err) WARN_UNUSED;
void tls_trust_destroy(struct tls_trust **trust);
/* True when the certificate, as presented, verifies against this bundle now, for use by a client.
 */
bool tls_trust_verifies(const struct tls_trust *trust, const struct tls_identity *identity);

#endif
