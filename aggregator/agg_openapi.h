/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_OPENAPI_H
#define TROIKA_AGG_OPENAPI_H

#include "agg_request.h"
#include "buffer.h"

/* The OpenAPI documents that all servers have a part in; those of one group version are proxied. */
struct agg_openapi;

struct agg_openapi *agg_openapi_create(void);
void agg_openapi_destroy(struct agg_openapi **openapi);
/* The index of version 3. */
void agg_openapi_serve_v3(struct agg_request *request);
/* Version 2, as JSON or as protobuf. */
void agg_openapi_serve_v2(struct agg_request *request);

/*
 * Appends one JSON object made of several, given as text: the first one's members, but objects
 * among them that `merged_keys` (ends with NULL) names have the members of all. Of members with the
 * same key the first stays. Texts that are no JSON object are left out; false when all are.
 */
bool agg_openapi_merge_json(
	struct buffer *out, const struct str *texts, size_t count, const char *const *merged_keys);

#endif
