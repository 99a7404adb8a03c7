/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_WATCH_FRAMING_H
#define TROIKA_WATCH_FRAMING_H

#include "buffer.h"
#include "stored_object.h"

/* Lines of a JSON watch stream: {"type":"ADDED","object":{...}} and a newline. */
enum watch_event_type {
	WATCH_EVENT_ADDED,
	WATCH_EVENT_MODIFIED,
	WATCH_EVENT_DELETED,
	WATCH_EVENT_BOOKMARK,
	WATCH_EVENT_ERROR,
};

const char *watch_event_name(enum watch_event_type type);
/* An object given as JSON text. */
void watch_write_json(struct buffer *out, enum watch_event_type type, struct str json);
/* An object as stored, with another revision in place of its own (0: its own). */
void watch_write_stored(struct buffer *out, enum watch_event_type type,
	const struct stored_object *stored, uint64_t revision);
/* A bookmark; the one that ends the initial events says so in an annotation. */
void watch_write_bookmark(struct arena *arena, struct buffer *out,
	const struct api_resource *resource, uint64_t revision, bool is_initial_end);

#endif
