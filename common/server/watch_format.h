/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_WATCH_FORMAT_H
#define TROIKA_WATCH_FORMAT_H

#include "request_context.h"
#include "stored_object.h"
#include "watch_framing.h"

/* How a watch's events are written: as stored, as metadata only, or as Tables of one row. */
struct watch_format {
	struct request_context *context;
	const struct api_resource *resource;
	enum media_transform transform;
	struct arena *event_arena;
	bool has_sent_table; /* column definitions come with the first Table only */
};

int watch_format_init(struct watch_format *format, struct request_context *context,
	struct error *err) WARN_UNUSED;
void watch_format_fini(struct watch_format *format);
/*
 * The event's line, made once for all watches of this form; a reference for the caller. NULL when
 * the stored bytes cannot be read.
 */
struct blob *watch_format_event(
	struct watch_format *format, struct storage_event *event, enum watch_event_type type);
/* Appends the line of an object that is there; false when it cannot be read. */
bool watch_format_stored(struct watch_format *format, struct buffer *out,
	enum watch_event_type type, const struct stored_object *stored);
void watch_format_bookmark(
	struct watch_format *format, struct buffer *out, uint64_t revision, bool is_initial_end);
void watch_format_error(struct watch_format *format, struct buffer *out, struct error *err);

#endif
