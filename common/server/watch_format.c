/* SPDX-License-Identifier: Apache-2.0 */
#include "watch_format.h"

#include "json_writer.h"
#include "object_conversion.h"
#include "status.h"
#include "table.h"

/*
 * The lines that all watches of a resource share lie in the event itself: as stored, and as
 * metadata only, one slot for each type. Tables are for people: they are made for each watch.
 */
#define TYPES_SHARED 3

int watch_format_init(
	struct watch_format *format, struct request_context *context, struct error *err)
{
	*format = (struct watch_format){.context = context,
		.resource = context->resource,
		.transform = context->accept.transform};
	if (context->accept.format == MEDIA_FORMAT_YAML ||
		format->transform == MEDIA_TRANSFORM_DISCOVERY)
		return error_set(err, ERROR_NOT_ACCEPTABLE,
			"only the following media types are accepted: application/json, "
			"application/json;stream=watch");
	if (format->transform == MEDIA_TRANSFORM_PARTIAL_LIST)
		format->transform = MEDIA_TRANSFORM_PARTIAL;
	format->event_arena = api_server_borrow_arena(context->server);
	return 0;
}

void watch_format_fini(struct watch_format *format)
{
	if (format->event_arena)
		api_server_return_arena(format->context->server, format->event_arena);
	format->event_arena = NULL;
}

/* ---- One object as an event ---- */

static void write_table(struct watch_format *format, struct buffer *out, enum watch_event_type type,
	struct str json, const struct json_value *object)
{
	struct buffer table = {0};
	struct table_metadata metadata = {.resource_version = json_text(json_find_path(
						  object, "metadata", "resourceVersion", NULL))};

	table_write_begin(&table, format->resource, format->context->accept.version, &metadata,
		!format->has_sent_table);
	table_write_row(format->event_arena, &table, format->resource,
		format->context->accept.include, false, json, object);
	table_write_end(&table);
	format->has_sent_table = true;
	watch_write_json(out, type, buffer_str(&table));
	buffer_fini(&table);
}

static void write_partial(struct watch_format *format, struct buffer *out,
	enum watch_event_type type, const struct json_value *object)
{
	struct buffer partial = {0};

	partial_metadata_write(&partial, format->context->accept.version, object);
	watch_write_json(out, type, buffer_str(&partial));
	buffer_fini(&partial);
}

/* revision 0: the object's own. False when it cannot be read. */
static bool write_object(struct watch_format *format, struct buffer *out,
	enum watch_event_type type, const struct stored_object *stored, uint64_t revision)
{
	struct arena *arena = format->event_arena;
	struct error err = ERROR_INIT(arena);
	struct json_value object;
	bool is_foreign = stored_object_type_prefix(format->resource, stored) == 0;

	if (format->transform == MEDIA_TRANSFORM_NONE && !is_foreign) {
		watch_write_stored(out, type, stored, revision);
		return true;
	}
	struct str json;
	bool is_good = object_read(format->context, arena, format->resource, stored, &object, &json,
			       &err) == 0;

	if (is_good) {
		if (revision) {
			json_set_path(arena, &object,
				json_string(
					arena_printf(arena, "%llu", (unsigned long long)revision)),
				"metadata", "resourceVersion", NULL);
			json = json_to_str(arena, &object);
		}
		if (format->transform == MEDIA_TRANSFORM_TABLE)
			write_table(format, out, type, json, &object);
		else if (format->transform == MEDIA_TRANSFORM_PARTIAL)
			write_partial(format, out, type, &object);
		else
			watch_write_json(out, type, json);
	}
	arena_reset(arena);
	return is_good;
}

bool watch_format_stored(struct watch_format *format, struct buffer *out,
	enum watch_event_type type, const struct stored_object *stored)
{
	return write_object(format, out, type, stored, 0);
}

/* Where the event's line is shared, or NULL: made for this watch alone. */
static struct blob **shared_slot(struct watch_format *format, struct storage_event *event,
	enum watch_event_type type, const struct stored_object *stored)
{
	bool is_partial = format->transform == MEDIA_TRANSFORM_PARTIAL;

	if (format->transform == MEDIA_TRANSFORM_TABLE ||
		(is_partial && !str_equal(format->context->accept.version, STR("v1"))) ||
		stored_object_type_prefix(format->resource, stored) == 0)
		return NULL;
	return &event->cache[(is_partial ? TYPES_SHARED : 0) + (size_t)type];
}

struct blob *watch_format_event(
	struct watch_format *format, struct storage_event *event, enum watch_event_type type)
{
	bool is_deleted = type == WATCH_EVENT_DELETED;
	/* What leaves a selection is shown as it last matched, with the revision of the change. */
	struct blob *value = is_deleted ? event->previous : event->value;
	struct stored_object stored;
	struct buffer out = {0};

	if (!value || !stored_object_parse(blob_str(value), &stored))
		return NULL;
	struct blob **slot = shared_slot(format, event, type, &stored);

	if (slot && *slot)
		return blob_ref(*slot);
	if (!write_object(format, &out, type, &stored, is_deleted ? event->revision : 0)) {
		buffer_fini(&out);
		return NULL;
	}
	struct blob *encoded = buffer_to_blob(&out);

	buffer_fini(&out);
	if (slot)
		*slot = blob_ref(encoded);
	return encoded;
}

/* ---- Bookmarks and errors ---- */

static void write_table_bookmark(struct watch_format *format, struct buffer *out, uint64_t revision)
{
	struct buffer table = {0};
	struct table_metadata metadata = {.resource_version = arena_printf(format->event_arena,
						  "%llu", (unsigned long long)revision)};

	table_write_begin(&table, format->resource, format->context->accept.version, &metadata,
		!format->has_sent_table);
	table_write_end(&table);
	format->has_sent_table = true;
	watch_write_json(out, WATCH_EVENT_BOOKMARK, buffer_str(&table));
	buffer_fini(&table);
	arena_reset(format->event_arena);
}

static void write_partial_bookmark(
	struct watch_format *format, struct buffer *out, uint64_t revision, bool is_initial_end)
{
	struct buffer partial = {0};

	buffer_printf(&partial,
		"{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/%.*s\",\"metadata\":{"
		"\"resourceVersion\":\"%llu\"%s}}",
		STR_ARG(format->context->accept.version), (unsigned long long)revision,
		is_initial_end ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "");
	watch_write_json(out, WATCH_EVENT_BOOKMARK, buffer_str(&partial));
	buffer_fini(&partial);
}

void watch_format_bookmark(
	struct watch_format *format, struct buffer *out, uint64_t revision, bool is_initial_end)
{
	if (format->transform == MEDIA_TRANSFORM_TABLE && !is_initial_end) {
		write_table_bookmark(format, out, revision);
		return;
	}
	if (format->transform == MEDIA_TRANSFORM_PARTIAL) {
		write_partial_bookmark(format, out, revision, is_initial_end);
		return;
	}
	watch_write_bookmark(format->event_arena, out, format->resource, revision, is_initial_end);
	arena_reset(format->event_arena);
}

void watch_format_error(struct watch_format *format, struct buffer *out, struct error *err)
{
	int http_status;

	(void)format;
	watch_write_json(out, WATCH_EVENT_ERROR, status_from_error(err->arena, err, &http_status));
}
