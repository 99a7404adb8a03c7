/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_LIST_FORMAT_H
#define TROIKA_LIST_FORMAT_H

#include "buffer.h"
#include "request_context.h"
#include "stored_object.h"
#include "table.h"

/* How the items of a list are written: as stored, as metadata only, or as rows of a Table. */
struct list_metadata {
	uint64_t resource_version;
	struct str continue_token;
	bool has_remaining;
	int64_t remaining_item_count;
};

struct list_format {
	struct request_context *context;
	const struct api_resource *resource;
	bool needs_whole;         /* YAML, or indented JSON */
	bool is_too_large;        /* for that */
	struct arena *item_arena; /* reset for each item that has to be parsed */
	struct buffer whole;      /* these need the whole list before it can be written */
};

/* Fails with NOT_ACCEPTABLE when the form cannot be made of the resource. */
int list_format_init(
	struct list_format *format, struct request_context *context, struct error *err) WARN_UNUSED;
void list_format_fini(struct list_format *format);
void list_format_begin(
	struct list_format *format, struct buffer *out, const struct list_metadata *metadata);
/* False: the object cannot be read; nothing is written. */
bool list_format_item(struct list_format *format, struct buffer *out, bool has_items,
	const struct stored_object *stored);
/* Fails when YAML or indented JSON cannot be made of it. */
int list_format_end(struct list_format *format, struct buffer *out, struct error *err) WARN_UNUSED;

/* One object in the accepted form (plain, metadata only, or a Table of one row), as JSON. */
void list_format_single(struct request_context *context, struct buffer *out, struct str json);

#endif
