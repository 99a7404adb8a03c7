/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_openapi.h"

#include <stdio.h>

#include "agg_fetch.h"
#include "agg_services.h"
#include "discovery.h"
#include "memory.h"
#include "openapi_paths.h"

#define FETCH_TIMEOUT_NS UINT64_C(10000000000)
#define PART_COUNT       (AGG_UPSTREAM_COUNT + 1)

enum kind {
	KIND_V3_INDEX,
	KIND_V2_JSON,
	KIND_V2_PROTOBUF,
	KIND_COUNT
};

static const struct {
	const char *path;
	const char *accept;
	const char *content_type;
} kinds[KIND_COUNT] = {
	[KIND_V3_INDEX] = {"/openapi/v3", "application/json", "application/json"},
	[KIND_V2_JSON] = {"/openapi/v2", "application/json", "application/json"},
	[KIND_V2_PROTOBUF] = {"/openapi/v2", OPENAPI_SWAGGER_PROTOBUF_TYPE,
		OPENAPI_SWAGGER_PROTOBUF_TYPE},
};

struct merged {
	struct agg_document parts[AGG_UPSTREAM_COUNT];
	uint64_t generations[AGG_UPSTREAM_COUNT];
	struct blob *body; /* NULL: not made yet */
	char etag[160];
};

struct agg_openapi {
	struct merged kinds[KIND_COUNT];
};

/* ---- Our own part ---- */

static void write_own_index(struct buffer *out)
{
	buffer_append(out, STR("{\"paths\":{"));
	for (size_t i = 0; i < api_aggregation_openapi_document_count; i++)
		openapi_write_index_entry(out, i == 0, api_aggregation_openapi_documents[i].path,
			api_aggregation_openapi_documents[i].json.tag);
	buffer_append(out, STR("}}"));
}

static void write_own(enum kind kind, struct buffer *out)
{
	switch (kind) {
	case KIND_V3_INDEX:
		write_own_index(out);
		break;
	case KIND_V2_JSON:
		if (!openapi_inflate(&api_aggregation_openapi_swagger.json, out))
			buffer_clear(out);
		break;
	case KIND_V2_PROTOBUF:
		if (!openapi_inflate(&api_aggregation_openapi_swagger.protobuf, out))
			buffer_clear(out);
		break;
	case KIND_COUNT:
		break;
	}
}

/* ---- Merging ---- */

static bool is_current(const struct merged *merged)
{
	for (unsigned i = 0; i < AGG_UPSTREAM_COUNT; i++) {
		if (merged->generations[i] != merged->parts[i].generation)
			return false;
	}
	return merged->body != NULL;
}

static void merge(enum kind kind, const struct str *parts, struct buffer *out)
{
	static const char *const merged_keys[] = {"paths", "definitions", NULL};

	if (kind != KIND_V2_PROTOBUF) {
		agg_openapi_merge_json(out, parts, PART_COUNT, merged_keys);
		return;
	}
	/* Protobuf messages are merged by writing one behind the other. */
	for (unsigned i = 0; i < PART_COUNT; i++)
		buffer_append(out, parts[i]);
}

static void bring_up_to_date(enum kind kind, struct merged *merged, bool has_own_part)
{
	struct str parts[PART_COUNT];
	struct buffer own = {0}, out = {0};
	struct arena *arena;
	struct str etag;

	if (is_current(merged))
		return;
	for (unsigned i = 0; i < AGG_UPSTREAM_COUNT; i++) {
		merged->generations[i] = merged->parts[i].generation;
		parts[i] = merged->parts[i].status == 200 ? blob_str(merged->parts[i].body)
							  : STR_EMPTY;
	}
	if (has_own_part)
		write_own(kind, &own);
	parts[AGG_UPSTREAM_COUNT] = buffer_str(&own);
	merge(kind, parts, &out);
	arena = arena_create(0);
	etag = discovery_etag(arena, buffer_str(&out));
	snprintf(merged->etag, sizeof(merged->etag), "%.*s", STR_ARG(etag));
	arena_destroy(&arena);
	blob_unref(&merged->body);
	merged->body = buffer_to_blob(&out);
	buffer_fini(&own);
	buffer_fini(&out);
}

/* ---- Serving ---- */

static enum kind wanted_kind(const struct agg_request *request)
{
	struct str accept = http_headers_find(&request->http->headers, STR("accept"));

	if (str_equal(request->info.path, STR("/openapi/v3")))
		return KIND_V3_INDEX;
	return str_find(accept, STR("com.github.proto-openapi.spec.v2")) < accept.length
		       ? KIND_V2_PROTOBUF
		       : KIND_V2_JSON;
}

static void on_gathered(struct agg_request *request)
{
	enum kind kind = wanted_kind(request);
	struct merged *merged = &request->server->openapi->kinds[kind];

	bring_up_to_date(kind, merged, agg_services_are_served(request->server->services));
	agg_request_respond_tagged(request, kinds[kind].content_type, merged->etag, merged->body);
}

static void serve(struct agg_request *request)
{
	enum kind kind = wanted_kind(request);

	agg_gather(request, request->server->openapi->kinds[kind].parts, kinds[kind].path,
		kinds[kind].accept, FETCH_TIMEOUT_NS, on_gathered);
}

void agg_openapi_serve_v3(struct agg_request *request)
{
	serve(request);
}

void agg_openapi_serve_v2(struct agg_request *request)
{
	serve(request);
}

/* ---- Life ---- */

struct agg_openapi *agg_openapi_create(void)
{
	return MEMORY_NEW(struct agg_openapi);
}

void agg_openapi_destroy(struct agg_openapi **openapi)
{
	struct agg_openapi *gone = *openapi;

	*openapi = NULL;
	if (!gone)
		return;
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		for (unsigned j = 0; j < AGG_UPSTREAM_COUNT; j++)
			agg_document_fini(&gone->kinds[i].parts[j]);
		blob_unref(&gone->kinds[i].body);
	}
	memory_free(gone);
}
