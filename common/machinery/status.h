/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_STATUS_H
#define TROIKA_STATUS_H

#include "api_resource.h"

/*
 * Errors as Kubernetes Status objects, and the errors that upstream's apimachinery builds
 * (k8s.io/apimachinery/pkg/api/errors), with its texts. Builders return ERROR_RETURN.
 */

/* The Status of an error as JSON, in the arena; *ret_http_status is its code. */
struct str status_from_error(struct arena *arena, const struct error *err, int *ret_http_status);
/* {"status":"Success"} with details of what was dealt with; empty parts are left out. */
struct str status_success(struct arena *arena, struct str name, struct str group,
	struct str kind_plural, struct str uid);
int status_http_code(enum error_code code);

int error_not_found(struct error *err, const struct api_resource *resource, struct str name);
int error_already_exists(struct error *err, const struct api_resource *resource, struct str name);
/* All tries of a generateName collided. */
int error_generate_name_conflict(
	struct error *err, const struct api_resource *resource, struct str name);
/* `Operation cannot be fulfilled on RES "NAME": CAUSE` */
__attribute__((format(printf, 4, 5))) int error_conflict(struct error *err,
	const struct api_resource *resource, struct str name, const char *format, ...);
/* The same with the resource given as text ("pods/binding"). */
__attribute__((format(printf, 4, 5))) int error_conflict_on(
	struct error *err, struct str resource, struct str name, const char *format, ...);
/* `RES "NAME" is forbidden: CAUSE`, without the name when it is empty. */
__attribute__((format(printf, 4, 5))) int error_forbidden(struct error *err,
	const struct api_resource *resource, struct str name, const char *format, ...);
/* `Timeout: Too large resource version: N, current: M`, retry after 1 s. */
int error_too_large_resource_version(struct error *err, uint64_t wanted, uint64_t current);

#endif
