/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_GZIP_WRITER_H
#define TROIKA_GZIP_WRITER_H

#include "buffer.h"

/*
 * Bodies that go out compressed, for clients that take it: gzip at the level that costs the least,
 * as upstream does for what is longer than GZIP_THRESHOLD_BYTES (feature gate
 * APIResponseCompression). Watches never are.
 */
#define GZIP_THRESHOLD_BYTES (128 * 1024)

struct request_context;
struct http_headers;

/* Whether the client takes it and the server gives it. */
bool gzip_is_wanted(const struct request_context *context);
/* content-encoding, and that it depends on what the client takes. */
void gzip_add_headers(struct request_context *context, struct http_headers *headers);

struct gzip_writer;
/* The caller's, to be destroyed. */
struct gzip_writer *gzip_writer_create(void);
/* Appends what comes of the bytes to out, which may be nothing yet; all of it at the last. */
void gzip_writer_add(
	struct gzip_writer *writer, struct str bytes, bool is_last, struct buffer *out);
void gzip_writer_destroy(struct gzip_writer **writer);
/* The text compressed; the reference is the caller's. */
struct blob *gzip_compress(struct str text);

#endif
