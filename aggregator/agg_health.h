/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_HEALTH_H
#define TROIKA_AGG_HEALTH_H

#include "agg_request.h"
#include "health.h"

/* /healthz, /livez and /readyz: our own checks and, behind them, those of the other servers. */
struct agg_health;

struct agg_health *agg_health_create(struct agg_server *server);
void agg_health_destroy(struct agg_health **health);
/* Shutdown has begun: /readyz fails from now on. */
void agg_health_fail_ready(struct agg_health *health);
void agg_health_serve(struct agg_request *request);
/* The path of each check that is known. */
void agg_health_list_paths(struct agg_health *health, struct arena *arena,
	void (*visit)(void *context, struct str path), void *context);

/*
 * Adds the checks of a verbose answer ("[+]NAME ok" and "[-]NAME failed: ..." lines) to `merged`;
 * names that are there already stay as they are. Names are copied.
 */
void agg_health_merge(struct health_checks *merged, struct str verbose);

#endif
