/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_HEALTH_H
#define TROIKA_HEALTH_H

#include "buffer.h"

/*
 * Named checks behind /healthz, /livez and /readyz, with upstream's bodies: "ok", or with ?verbose
 * or on failure one "[+]name ok" / "[-]name failed: reason withheld" line each.
 */
struct health_checks;

enum health_endpoint {
	HEALTH_HEALTHZ = 1,
	HEALTH_LIVEZ = 2,
	HEALTH_READYZ = 4,
	HEALTH_ALL = 7
};

/* NULL when well, otherwise why not (for the log). */
typedef const char *(*health_check_fn)(void *context);

struct health_checks *health_checks_create(void);
void health_checks_destroy(struct health_checks **checks);
/* Adds a check behind those that are there; a name that exists is left alone. `name` is copied. */
void health_checks_add(struct health_checks *checks, const char *name, unsigned endpoints,
	health_check_fn check, void *context);
/* A check that fails until health_checks_pass() is called with its name: post-start hooks. */
void health_checks_add_latch(struct health_checks *checks, const char *name, unsigned endpoints);
void health_checks_pass(struct health_checks *checks, const char *name);
/* The check, whatever it was, fails from now on until it is passed. */
void health_checks_fail(struct health_checks *checks, const char *name);

/*
 * For this long from now on, /livez takes post-start hooks and autoregister-completion for passed
 * (--livez-grace-period). 0: not at all.
 */
void health_checks_set_livez_grace(struct health_checks *checks, int64_t grace_ns);

/*
 * Runs the checks of an endpoint ("healthz", "livez", "readyz"). `only` (empty: all) names a single
 * check. Returns the HTTP status (200, 404 for an unknown single check, 500) with the body in out.
 */
int health_checks_run(const struct health_checks *checks, struct str endpoint, struct str only,
	bool is_verbose, const struct str *excluded, size_t excluded_count, struct buffer *out);
/* The check names of an endpoint, in order; for merging and for the list of paths. */
size_t health_checks_count(const struct health_checks *checks);
const char *health_checks_name(
	const struct health_checks *checks, size_t index, unsigned *ret_endpoints);

#endif
