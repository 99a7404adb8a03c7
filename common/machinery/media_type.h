/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_MEDIA_TYPE_H
#define TROIKA_MEDIA_TYPE_H

#include "http_message.h"

/* Content negotiation (apiserver/pkg/endpoints/handlers/negotiation). */

enum media_format {
	MEDIA_FORMAT_JSON,
	MEDIA_FORMAT_YAML
};

enum media_transform {
	MEDIA_TRANSFORM_NONE,
	MEDIA_TRANSFORM_TABLE,
	MEDIA_TRANSFORM_PARTIAL,      /* PartialObjectMetadata */
	MEDIA_TRANSFORM_PARTIAL_LIST, /* PartialObjectMetadataList */
	MEDIA_TRANSFORM_DISCOVERY,    /* APIGroupDiscoveryList */
};

enum table_include {
	TABLE_INCLUDE_METADATA,
	TABLE_INCLUDE_NONE,
	TABLE_INCLUDE_OBJECT
};

struct media_type {
	enum media_format format;
	enum media_transform transform;
	struct str version; /* of the transform: "v1", "v1beta1", "v2" */
	bool pretty;
	enum table_include include; /* ?includeObject */
};

/*
 * Picks the first clause of Accept that can be honoured, by q and then order. Without one fails
 * with ERROR_NOT_ACCEPTABLE. Pretty is on by ?pretty, or for curl, Wget and browsers.
 */
int media_type_negotiate(struct arena *arena, struct str accept, const struct http_query *query,
	struct str user_agent, struct media_type *ret, struct error *err) WARN_UNUSED;
/* Stored JSON can be sent as it is. */
bool media_type_is_plain_json(const struct media_type *type);

#endif
