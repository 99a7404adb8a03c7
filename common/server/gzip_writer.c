/* SPDX-License-Identifier: Apache-2.0 */
#include "gzip_writer.h"

#include <zlib.h>

#include "api_server_private.h"
#include "assertion.h"
#include "memory.h"

#define LEVEL            1
#define WINDOW_BITS      15
#define GZIP_FRAMING     16
#define MEMORY_LEVEL     8
#define OUTPUT_STEP      (16 * 1024)
#define INPUT_STEP_BYTES (1024u * 1024 * 1024) /* what zlib can count is less than a size_t */

struct gzip_writer {
	z_stream stream;
};

bool gzip_is_wanted(const struct request_context *context)
{
	return context->server && context->server->options.compresses_answers &&
	       http_accepts_gzip(context->headers);
}

void gzip_add_headers(struct request_context *context, struct http_headers *headers)
{
	http_headers_add(context->arena, headers, STR("content-encoding"), STR("gzip"));
	http_headers_add(context->arena, headers, STR("vary"), STR("Accept-Encoding"));
}

struct gzip_writer *gzip_writer_create(void)
{
	struct gzip_writer *writer = MEMORY_NEW(struct gzip_writer);
	int outcome = deflateInit2(&writer->stream, LEVEL, Z_DEFLATED, WINDOW_BITS + GZIP_FRAMING,
		MEMORY_LEVEL, Z_DEFAULT_STRATEGY);

	ASSERT(outcome == Z_OK);
	return writer;
}

static void add_step(struct gzip_writer *writer, struct str bytes, bool is_last, struct buffer *out)
{
	z_stream *stream = &writer->stream;
	char step[OUTPUT_STEP];
	int outcome;

	stream->next_in = (Bytef *)(uintptr_t)bytes.data;
	stream->avail_in = (uInt)bytes.length;
	do {
		stream->next_out = (Bytef *)step;
		stream->avail_out = sizeof(step);
		outcome = deflate(stream, is_last ? Z_FINISH : Z_NO_FLUSH);
		/* Z_BUF_ERROR: nothing was left to do. */
		ASSERT(outcome == Z_OK || outcome == Z_STREAM_END || outcome == Z_BUF_ERROR);
		buffer_append(out, str_from(step, sizeof(step) - stream->avail_out));
	} while (stream->avail_out == 0);
	ASSERT(stream->avail_in == 0 && (!is_last || outcome == Z_STREAM_END));
}

void gzip_writer_add(struct gzip_writer *writer, struct str bytes, bool is_last, struct buffer *out)
{
	for (; bytes.length > INPUT_STEP_BYTES; bytes = str_skip(bytes, INPUT_STEP_BYTES))
		add_step(writer, str_slice(bytes, 0, INPUT_STEP_BYTES), false, out);
	add_step(writer, bytes, is_last, out);
}

void gzip_writer_destroy(struct gzip_writer **writer)
{
	struct gzip_writer *gone = *writer;

	*writer = NULL;
	if (!gone)
		return;
	deflateEnd(&gone->stream);
	memory_free(gone);
}

struct blob *gzip_compress(struct str text)
{
	struct gzip_writer *writer = gzip_writer_create();
	struct buffer out = {0};
	struct blob *blob;

	gzip_writer_add(writer, text, true, &out);
	gzip_writer_destroy(&writer);
	blob = buffer_to_blob(&out);
	buffer_fini(&out);
	return blob;
}
