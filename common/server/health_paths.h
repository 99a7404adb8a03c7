/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_HEALTH_PATHS_H
#define TROIKA_HEALTH_PATHS_H

struct request_context;

/* Answers /healthz, /livez, /readyz and their checks' own paths from the server's health checks. */
void health_handle(struct request_context *context);

#endif
