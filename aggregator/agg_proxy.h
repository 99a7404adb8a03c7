/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_PROXY_H
#define TROIKA_AGG_PROXY_H

#include "agg_request.h"

/*
 * Sends the request to a server behind the private hop and its answer to the client. While that
 * server is away the request waits; what was lost before a byte of the answer went out is sent
 * again. Answers 503 when the server stays away.
 */
void agg_proxy(struct agg_request *request, struct agg_upstream *upstream);

#endif
