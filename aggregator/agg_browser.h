/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_BROWSER_H
#define TROIKA_AGG_BROWSER_H

#include "agg_request.h"

/*
 * What browsers are told: which pages of others may use what is answered (CORS, by
 * --cors-allowed-origins), and that only HTTPS is to be used
 * (--strict-transport-security-directives).
 */
struct agg_browser;

/* Fails with ERROR_INVALID when a pattern of an origin is malformed. */
int agg_browser_create(
	const struct settings *settings, struct agg_browser **ret, struct error *err) WARN_UNUSED;
void agg_browser_destroy(struct agg_browser **browser);

/* True when a page of that origin may send requests; never for the empty one, or without flags. */
bool agg_browser_allows(const struct agg_browser *browser, struct str origin);
/* Adds the fields of an answer to this request. */
void agg_browser_add_headers(const struct agg_request *request, struct http_headers *headers);

#endif
