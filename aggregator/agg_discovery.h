/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_DISCOVERY_H
#define TROIKA_AGG_DISCOVERY_H

#include "agg_request.h"

/*
 * GET /apis, merged of what every server serves. It is always what they serve now: each request
 * asks them, and an unchanged document costs them one comparison.
 */
struct agg_discovery;

/*
 * on_ready is called once, when all servers were asked for the first time; until then nothing can
 * be routed.
 */
struct agg_discovery *agg_discovery_create(
	struct agg_server *server, void (*on_ready)(struct agg_server *server));
void agg_discovery_destroy(struct agg_discovery **discovery);

/* Whether the core server has this group. */
bool agg_discovery_is_core_group(const struct agg_discovery *discovery, struct str group);
/* Asks anew, without a request: what is served has changed. */
void agg_discovery_refresh(struct agg_discovery *discovery);
/* Answers GET /apis in the form that was asked for. */
void agg_discovery_serve(struct agg_request *request);
/* Calls visit with the path of each group ("/apis/apps") and group version served. */
void agg_discovery_list_paths(struct agg_discovery *discovery, struct arena *arena,
	void (*visit)(void *context, struct str path), void *context);

#endif
