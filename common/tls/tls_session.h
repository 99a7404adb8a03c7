/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TLS_SESSION_H
#define TROIKA_TLS_SESSION_H

#include "tls_context.h"

/* For the HTTP layer, which drives OpenSSL on its own descriptors. */
struct ssl_st;

/*
 * A server's session on fd (not owned), waiting for a client; NULL when it cannot be made. The
 * context must outlive the handshake: hold a reference as long as the session. SSL_free() ends it.
 */
struct ssl_st *tls_session_create(struct tls_context *context, int fd);
/* After the handshake: HTTP/2 was agreed on. */
bool tls_session_is_http2(struct ssl_st *ssl);
/*
 * True when the peer changes its key more often than the bytes it has sent could call for: each
 * change costs us work and carries nothing.
 */
bool tls_session_is_abused(struct ssl_st *ssl, uint64_t received_bytes);
/* After a failed handshake, before OpenSSL's queue is emptied: the client spoke plain HTTP. */
bool tls_session_saw_plain_http(void);

#endif
