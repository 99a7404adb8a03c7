/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CORE_SERVICE_H
#define TROIKA_CORE_SERVICE_H

#include "core_server.h"

/*
 * Cluster IPs and node ports of Services: which are taken, kept in memory and made anew from the
 * stored Services at start (this server is the only writer of its store).
 */
struct service_allocator;

int service_allocator_create(struct core_server *core, const struct settings *settings,
	struct service_allocator **ret, struct error *err) WARN_UNUSED;
void service_allocator_destroy(struct service_allocator **allocator);

/* The first address of the service range ("10.0.0.1"): that of default/kubernetes. */
struct str service_allocator_first_ip(
	struct arena *arena, const struct service_allocator *allocator);

/*
 * Takes what `service` needs and gives back what it no longer needs of what `old` (may be NULL)
 * held, for a write that passes the strategy by. False, with nothing changed, when a port of it is
 * out of the range or taken.
 */
bool service_allocator_renew(struct service_allocator *allocator, const struct json_value *service,
	const struct json_value *old) WARN_UNUSED;

#endif
