/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CORE_SERVICE_PRIVATE_H
#define TROIKA_CORE_SERVICE_PRIVATE_H

#include "core_service.h"
#include "field_error.h"
#include "ip_range.h"
#include "resource_strategy.h"

/* What the files of the Service strategy share. */

struct service_allocator {
	struct core_server *core;
	uint32_t ip_base;
	char *cidr;
	struct number_range ips; /* offset from ip_base; 0 (network) and the last are never given */
	uint32_t port_base;
	struct number_range ports; /* one bit each; a number serves both protocols of one Service */
};

/* One write of a Service that takes what it needs. */
struct allocation {
	const struct strategy_context *context;
	struct service_allocator *allocator;
	struct json_value *spec;
	const struct json_value *old;
	struct field_errors errors;
	/* What this write has taken, to be given back when it fails half-way. */
	uint32_t *taken_ports;
	size_t taken_port_count;
	uint32_t taken_ip; /* 0: none */
};

/*
 * Ports are compared with each other, so their number is bounded: far above what a node can serve,
 * far below what would hold up the loop.
 */
#define SERVICE_PORTS_MAXIMUM 1000

/* Whether one of its node ports, or that of its health check, is this one. `service` may be NULL.
 */
bool service_has_port(const struct json_value *service, int64_t port);
/* Node ports and the health check's, as the type needs them; problems go into allocation->errors.
 */
int service_allocate_ports(
	struct allocation *allocation, struct str type, struct error *err) WARN_UNUSED;

#endif
