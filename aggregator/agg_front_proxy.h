/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_FRONT_PROXY_H
#define TROIKA_AGG_FRONT_PROXY_H

#include "settings.h"
#include "user_info.h"

/*
 * Proxies in front of us that have authenticated their clients themselves and say in header fields
 * who they are. They are believed for their certificate: by --requestheader-client-ca-file, with a
 * common name of --requestheader-allowed-names.
 */
struct agg_front_proxy;
struct tls_identity;

/* *ret is NULL without --requestheader-client-ca-file. */
int agg_front_proxy_create(const struct settings *settings, struct agg_front_proxy **ret,
	struct error *err) WARN_UNUSED;
void agg_front_proxy_destroy(struct agg_front_proxy **proxy);

/*
 * Whom a request's fields name, in the arena: false when its certificate is not that of a front
 * proxy, or no user is named.
 */
bool agg_front_proxy_read(struct agg_front_proxy *proxy, struct arena *arena,
	const struct tls_identity *identity, const struct http_headers *headers,
	struct user_info *ret);
/* Whether a certificate, which may be that of a front proxy alone, is vouched for as a client's. */
bool agg_front_proxy_is_client(struct agg_front_proxy *proxy, const struct tls_identity *identity);

#endif
