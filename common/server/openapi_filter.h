/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_OPENAPI_FILTER_H
#define TROIKA_OPENAPI_FILTER_H

#include "api_enablement.h"
#include "openapi_documents.h"

/* What --runtime-config leaves of a server's Swagger 2, which is made of all group versions. */
struct openapi_filter {
	const struct settings *settings;
	const struct openapi_document *documents; /* of all group versions of the server */
	size_t count;
};

/* Whether any group version is off. */
bool openapi_filter_is_needed(const struct openapi_filter *filter);
/* Whether the path of an operation ("/apis/apps/v1/deployments") is served; others are. */
bool openapi_filter_keeps(const struct openapi_filter *filter, struct str path);
/*
 * The document without paths that are off; definitions stay, for others may refer to them. It lies
 * in the arena. False when the document is damaged; *ret is then as it was.
 */
bool openapi_filter_swagger(struct arena *arena, const struct openapi_filter *filter,
	const struct openapi_swagger *whole, struct openapi_swagger *ret);

#endif
