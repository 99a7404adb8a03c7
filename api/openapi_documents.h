/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_OPENAPI_DOCUMENTS_H
#define TROIKA_OPENAPI_DOCUMENTS_H

#include "str.h"

/*
 * The OpenAPI documents of the built-in types, made and compressed when the project is built. A
 * server links the library of its own part of the API and finds its documents here.
 */
struct openapi_encoding {
	struct str gzip;      /* the document, compressed */
	size_t content_bytes; /* its size before that */
	struct str tag;       /* SHA-512 of it in upper-case hex: what ETag holds between quotes */
};

/* OpenAPI 3 of one group version. */
struct openapi_document {
	struct str path; /* "api/v1", "apis/apps/v1": below /openapi/v3/ */
	struct openapi_encoding json;
};

/*
 * Swagger 2 of all group versions of a library, for /openapi/v2. Documents of several libraries are
 * merged by appending one to the other in the protobuf form: its messages are made so, and gzip too
 * may be appended to gzip. The JSON form has to be merged member by member ("paths" and
 * "definitions").
 */
struct openapi_swagger {
	struct openapi_encoding json;
	struct openapi_encoding protobuf; /* openapi.v2.Document */
};

/*
 * Clients ask for the first or the second; the answer always says the second: what has "@" in it is
 * no media type, and newer clients refuse it.
 */
#define OPENAPI_SWAGGER_PROTOBUF_OLD_TYPE                                                          \
	"application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
#define OPENAPI_SWAGGER_PROTOBUF_TYPE "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

/* Each server links one library of these. */
extern const struct openapi_document api_core_openapi_documents[];
extern const size_t api_core_openapi_document_count;
extern const struct openapi_swagger api_core_openapi_swagger;

extern const struct openapi_document api_extensions_openapi_documents[];
extern const size_t api_extensions_openapi_document_count;
extern const struct openapi_swagger api_extensions_openapi_swagger;

extern const struct openapi_document api_aggregation_openapi_documents[];
extern const size_t api_aggregation_openapi_document_count;
extern const struct openapi_swagger api_aggregation_openapi_swagger;

#endif
