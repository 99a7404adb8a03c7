/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_paths.h"

#include <zlib.h>

#include "json_writer.h"
#include "memory.h"

#define GZIP_WINDOW_BITS (15 + 16)
/* Old clients ask for "...v2@v1.0...", which is no media type that they can read in an answer. */
#define SWAGGER_PROTOBUF_ANSWER "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

/* ---- One document ---- */

/* A client that takes no gzip gets the document inflated; that is rare. */
bool openapi_inflate(const struct openapi_encoding *encoding, struct buffer *out)
{
	z_stream stream = {0};
	bool is_whole;

	if (inflateInit2(&stream, GZIP_WINDOW_BITS) != Z_OK)
		return false;
	stream.next_in = (Bytef *)(uintptr_t)encoding->gzip.data;
	stream.avail_in = (uInt)encoding->gzip.length;
	stream.next_out = (Bytef *)buffer_reserve(out, encoding->content_bytes);
	stream.avail_out = (uInt)encoding->content_bytes;
	is_whole = inflate(&stream, Z_FINISH) == Z_STREAM_END;
	out->length += encoding->content_bytes - stream.avail_out;
	inflateEnd(&stream);
	return is_whole;
}

static bool has_document(const struct request_context *context, struct str tag)
{
	struct str known = http_headers_find(context->headers, STR("if-none-match"));

	return known.length == tag.length + 2 && str_equal(str_slice(known, 1, tag.length), tag);
}

void openapi_respond(struct request_context *context, const char *content_type,
	const struct openapi_encoding *encoding, bool is_hashed)
{
	struct arena *arena = context->arena;
	struct http_headers headers = {0};
	struct buffer whole = {0};

	http_headers_add(arena, &headers, STR("content-type"), str_from_c(content_type));
	http_headers_add(arena, &headers, STR("etag"),
		arena_printf(arena, "\"%.*s\"", STR_ARG(encoding->tag)));
	http_headers_add(arena, &headers, STR("vary"), STR("Accept"));
	http_headers_add(arena, &headers, STR("cache-control"),
		is_hashed ? STR("public, immutable") : STR("no-cache, private"));
	context->is_answered = true;
	if (!context->exchange)
		return;
	if (has_document(context, encoding->tag)) {
		http_exchange_respond(context->exchange, 304, &headers, STR_EMPTY);
	} else if (http_accepts_gzip(context->headers)) {
		http_headers_add(arena, &headers, STR("content-encoding"), STR("gzip"));
		http_exchange_respond(context->exchange, 200, &headers, encoding->gzip);
	} else if (openapi_inflate(encoding, &whole)) {
		http_exchange_respond(context->exchange, 200, &headers, buffer_str(&whole));
	} else {
		http_exchange_respond(context->exchange, 500, &headers, STR_EMPTY);
	}
	buffer_fini(&whole);
}

/* ---- Version 3 ---- */

void openapi_write_index_entry(struct buffer *out, bool is_first, struct str path, struct str tag)
{
	if (!is_first)
		buffer_append_byte(out, ',');
	json_write_string(out, path);
	buffer_printf(out, ":{\"serverRelativeURL\":\"/openapi/v3/%.*s?hash=%.*s\"}", STR_ARG(path),
		STR_ARG(tag));
}

static void respond_index(
	struct request_context *context, const struct openapi_document *documents, size_t count)
{
	struct buffer out = {0};

	buffer_append(&out, STR("{\"paths\":{"));
	for (size_t i = 0; i < count; i++)
		openapi_write_index_entry(&out, i == 0, documents[i].path, documents[i].json.tag);
	buffer_append(&out, STR("}}"));
	request_context_respond(context, 200, "application/json", buffer_str(&out));
	buffer_fini(&out);
}

static void respond_document(
	struct request_context *context, const struct openapi_document *document)
{
	struct str hash = http_query_find(context->query, STR("hash"), NULL);
	struct http_headers headers = {0};

	if (str_is_empty(hash) || str_equal(hash, document->json.tag)) {
		openapi_respond(context, "application/json", &document->json, !str_is_empty(hash));
		return;
	}
	http_headers_add(context->arena, &headers, STR("location"),
		arena_printf(context->arena, "/openapi/v3/%.*s?hash=%.*s", STR_ARG(document->path),
			STR_ARG(document->json.tag)));
	context->is_answered = true;
	if (context->exchange)
		http_exchange_respond(context->exchange, 301, &headers, STR_EMPTY);
}

void openapi_handle_v3(
	struct request_context *context, const struct openapi_document *documents, size_t count)
{
	struct str path = str_skip(context->path, sizeof("/openapi/v3") - 1);

	path = str_skip(path, 1);
	if (str_is_empty(path)) {
		respond_index(context, documents, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (str_equal(documents[i].path, path)) {
			respond_document(context, &documents[i]);
			return;
		}
	}
	request_context_not_found(context);
}

/* ---- Version 2 ---- */

bool openapi_wants_protobuf(const struct request_context *context)
{
	struct str accept = http_headers_find(context->headers, STR("accept"));

	return str_find(accept, STR("com.github.proto-openapi.spec.v2")) < accept.length;
}

void openapi_handle_v2(struct request_context *context, const struct openapi_swagger *swagger)
{
	if (openapi_wants_protobuf(context))
		openapi_respond(context, SWAGGER_PROTOBUF_ANSWER, &swagger->protobuf, false);
	else
		openapi_respond(context, "application/json", &swagger->json, false);
}
