/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_ROUTE_H
#define TROIKA_AGG_ROUTE_H

#include "agg_request.h"

enum agg_route {
	AGG_ROUTE_NONE, /* 404 */
	AGG_ROUTE_CORE,
	AGG_ROUTE_EXTENSIONS,
	AGG_ROUTE_SERVICES,    /* APIServices: ours */
	AGG_ROUTE_UNAVAILABLE, /* an APIService that names a service */
};

/* Who has this path. */
enum agg_route agg_route_find(const struct agg_server *server, struct str path);
/* Sends the request where it belongs. */
void agg_route(struct agg_request *request);

#endif
