/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_DRAIN_H
#define TROIKA_AGG_DRAIN_H

#include "agg_server.h"

/*
 * The end of serving clients: watches end, little by little when a grace period is set; requests
 * under way go on; new ones are not taken, or are told to come back, as the flags
 * --shutdown-send-retry-after and --shutdown-watch-termination-grace-period say. The private socket
 * goes on all the while: the other servers may still need us to finish.
 */
struct agg_drain;

struct agg_drain *agg_drain_create(struct agg_server *server, const struct settings *settings);
void agg_drain_destroy(struct agg_drain **drain);

/* Begins (once); the supervisor is told when no request of a client is under way any more. */
void agg_drain_begin(struct agg_drain *drain);
/* Whether new requests are to be told to come back; false without a drain. */
bool agg_drain_refuses(const struct agg_drain *drain);
/* The last request that was counted under way has ended; may be called at any time. */
void agg_drain_idle(struct agg_drain *drain);

#endif
