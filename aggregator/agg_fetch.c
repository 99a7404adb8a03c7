/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_fetch.h"

#include "clock.h"
#include "memory.h"

#define DOCUMENT_BYTES_MAXIMUM (64u * 1024 * 1024)

static const struct str identity_groups[] = {STR_INIT("system:masters")};
const struct user_info agg_identity = {
	.name = STR_INIT("system:apiserver"), .groups = identity_groups, .group_count = 1};

void agg_document_fini(struct agg_document *document)
{
	blob_unref(&document->body);
	memory_free(document->etag);
	document->etag = NULL;
}

/* ---- One fetch ---- */

static void send(struct agg_fetch *fetch);

static void clear(struct agg_fetch *fetch)
{
	buffer_fini(&fetch->body);
	memory_free(fetch->etag);
	fetch->etag = NULL;
}

static void finish(struct agg_fetch *fetch, bool is_fresh)
{
	fetch->document->is_fresh = is_fresh;
	clear(fetch);
	fetch->done(fetch->context);
}

static void on_response(void *context, int status, const struct http_headers *headers)
{
	struct agg_fetch *fetch = context;
	struct str etag = http_headers_find(headers, STR("etag"));

	clear(fetch);
	fetch->status = status;
	if (!str_is_empty(etag)) {
		fetch->etag = memory_allocate_zeroed(etag.length + 1, 1);
		memcpy(fetch->etag, etag.data, etag.length);
	}
}

static void on_data(void *context, struct str bytes)
{
	struct agg_fetch *fetch = context;

	/* Beyond the bound the document is cut, and then it is no JSON: it counts as not there. */
	if (bytes.length <= DOCUMENT_BYTES_MAXIMUM - fetch->body.length)
		buffer_append(&fetch->body, bytes);
}

static void on_end(void *context)
{
	struct agg_fetch *fetch = context;
	struct agg_document *document = fetch->document;

	fetch->call = NULL;
	if (fetch->status == 304) {
		finish(fetch, true);
		return;
	}
	/* Equal bytes without an ETag are no change either. */
	if (fetch->status != document->status || !document->body ||
		!str_equal(blob_str(document->body), buffer_str(&fetch->body))) {
		blob_unref(&document->body);
		document->body = buffer_to_blob(&fetch->body);
		document->status = fetch->status;
		document->generation++;
	}
	memory_free(document->etag);
	document->etag = fetch->etag;
	fetch->etag = NULL;
	finish(fetch, true);
}

static void on_failure(void *context, enum http_failure failure, const char *message)
{
	struct agg_fetch *fetch = context;

	(void)message;
	fetch->call = NULL;
	if (failure != HTTP_FAILURE_TIMEOUT && clock_now_ns() < fetch->deadline_ns)
		send(fetch);
	else
		finish(fetch, false);
}

static const struct http_call_handler call_handler = {
	.on_response = on_response,
	.on_data = on_data,
	.on_end = on_end,
	.on_failure = on_failure,
};

static void send(struct agg_fetch *fetch)
{
	struct arena *arena = arena_create(1024);
	struct http_headers headers = {0};
	uint64_t now = clock_now_ns();

	user_info_to_headers(arena, &agg_identity, &headers);
	http_headers_add(arena, &headers, STR("accept"), str_from_c(fetch->accept));
	if (fetch->document->etag)
		http_headers_add(
			arena, &headers, STR("if-none-match"), str_from_c(fetch->document->etag));
	fetch->call = http_client_send(fetch->upstream->client,
		&(struct http_client_request){
			.method = STR("GET"),
			.path_and_query = str_from_c(fetch->path),
			.headers = &headers,
			.timeout_ns = fetch->deadline_ns > now ? fetch->deadline_ns - now : 1,
		},
		&call_handler, fetch);
	arena_destroy(&arena);
}

void agg_fetch_start(struct agg_fetch *fetch, struct agg_upstream *upstream, const char *path,
	const char *accept, uint64_t timeout_ns)
{
	fetch->upstream = upstream;
	fetch->path = path;
	fetch->accept = accept;
	fetch->deadline_ns = clock_now_ns() + timeout_ns;
	send(fetch);
}

void agg_fetch_cancel(struct agg_fetch *fetch)
{
	if (fetch->call)
		http_call_cancel(fetch->call);
	fetch->call = NULL;
	clear(fetch);
}

/* ---- All servers ---- */

struct gathering {
	struct agg_request *request;
	struct agg_fetch fetches[AGG_UPSTREAM_COUNT];
	unsigned pending;
	void (*done)(struct agg_request *request);
};

static void on_fetched(void *context)
{
	struct gathering *gathering = context;
	struct agg_request *request = gathering->request;

	if (--gathering->pending > 0)
		return;
	request->work = NULL;
	request->on_close = NULL;
	gathering->done(request);
}

static void on_close(void *work)
{
	struct gathering *gathering = work;

	for (unsigned i = 0; i < AGG_UPSTREAM_COUNT; i++)
		agg_fetch_cancel(&gathering->fetches[i]);
}

void agg_gather(struct agg_request *request, struct agg_document *documents, const char *path,
	const char *accept, uint64_t timeout_ns, void (*done)(struct agg_request *request))
{
	struct gathering *gathering = ARENA_NEW(request->arena, struct gathering);

	gathering->request = request;
	gathering->pending = AGG_UPSTREAM_COUNT;
	gathering->done = done;
	request->work = gathering;
	request->on_close = on_close;
	for (unsigned i = 0; i < AGG_UPSTREAM_COUNT; i++) {
		struct agg_fetch *fetch = &gathering->fetches[i];

		fetch->document = &documents[i];
		fetch->done = on_fetched;
		fetch->context = gathering;
		agg_fetch_start(fetch, &request->server->upstreams[i], path, accept, timeout_ns);
	}
}
