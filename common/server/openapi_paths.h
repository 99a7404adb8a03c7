/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_OPENAPI_PATHS_H
#define TROIKA_OPENAPI_PATHS_H

#include "buffer.h"
#include "openapi_documents.h"
#include "request_context.h"

/*
 * Answers /openapi/v3 (the index) and /openapi/v3/PATH from documents made at build time; gzip
 * bytes go out as they are when the client takes them. ETag, If-None-Match and ?hash as upstream.
 */
void openapi_handle_v3(
	struct request_context *context, const struct openapi_document *documents, size_t count);
/* Answers /openapi/v2 as JSON, or as protobuf when Accept asks for that. */
void openapi_handle_v2(struct request_context *context, const struct openapi_swagger *swagger);
/* Whether that is what the request wants. */
bool openapi_wants_protobuf(const struct request_context *context);

/* One entry of the index: "PATH":{"serverRelativeURL":"/openapi/v3/PATH?hash=TAG"}. */
void openapi_write_index_entry(struct buffer *out, bool is_first, struct str path, struct str tag);
/* Appends the document as it was before compression; false when it is damaged. */
bool openapi_inflate(const struct openapi_encoding *encoding, struct buffer *out);
/* One document with the headers that a client caches it by. */
void openapi_respond(struct request_context *context, const char *content_type,
	const struct openapi_encoding *encoding, bool is_hashed);

#endif
