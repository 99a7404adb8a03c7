/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_API_ENABLEMENT_H
#define TROIKA_API_ENABLEMENT_H

#include "api_resource.h"
#include "settings.h"

/*
 * What --runtime-config leaves of the API: stable versions are on and others off, unless a key says
 * otherwise. The narrower key wins: a resource over its version, a version over "api/all",
 * "api/ga", "api/beta" and "api/alpha", of which the later one of that order wins.
 */
bool api_enablement_has_version(
	const struct settings *settings, struct str group, struct str version);
/* Whether to serve the resource; its subresources come and go with it. */
bool api_enablement_has_resource(
	const struct settings *settings, const struct api_resource *resource);
/* The same as has_version, for a path as in OpenAPI documents: "api/v1", "apis/apps/v1". */
bool api_enablement_has_path(const struct settings *settings, struct str path);

#endif
