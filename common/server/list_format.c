/* SPDX-License-Identifier: Apache-2.0 */
#include "list_format.h"

#include "json_reader.h"
#include "json_writer.h"
#include "object_conversion.h"
#include "yaml_writer.h"

#define WHOLE_MAXIMUM (64 * 1024 * 1024)

int list_format_init(struct list_format *format, struct request_context *context, struct error *err)
{
	*format = (struct list_format){.context = context, .resource = context->resource};
	format->needs_whole = context->accept.format == MEDIA_FORMAT_YAML || context->accept.pretty;
	if (context->accept.transform == MEDIA_TRANSFORM_PARTIAL)
		context->accept.transform = MEDIA_TRANSFORM_PARTIAL_LIST;
	if (context->accept.transform == MEDIA_TRANSFORM_DISCOVERY)
		return error_set(err, ERROR_NOT_ACCEPTABLE,
			"only the following media types are accepted: application/json, "
			"application/yaml");
	format->item_arena = api_server_borrow_arena(context->server);
	return 0;
}

void list_format_fini(struct list_format *format)
{
	buffer_fini(&format->whole);
	if (format->item_arena)
		api_server_return_arena(format->context->server, format->item_arena);
	format->item_arena = NULL;
}

/* Pretty and YAML output is made of the whole list: everything goes there first. */
static struct buffer *target(struct list_format *format, struct buffer *out)
{
	return format->needs_whole ? &format->whole : out;
}

static void write_list_metadata(struct buffer *out, const struct list_metadata *metadata)
{
	buffer_printf(out, "\"metadata\":{\"resourceVersion\":\"%llu\"",
		(unsigned long long)metadata->resource_version);
	if (!str_is_empty(metadata->continue_token))
		buffer_printf(out, ",\"continue\":\"%.*s\"", STR_ARG(metadata->continue_token));
	if (metadata->has_remaining)
		buffer_printf(out, ",\"remainingItemCount\":%lld",
			(long long)metadata->remaining_item_count);
	buffer_append_byte(out, '}');
}

static void begin_table(
	struct list_format *format, struct buffer *out, const struct list_metadata *metadata)
{
	struct table_metadata table = {
		.resource_version = arena_printf(format->context->arena, "%llu",
			(unsigned long long)metadata->resource_version),
		.continue_token = metadata->continue_token,
		.has_remaining = metadata->has_remaining,
		.remaining_item_count = metadata->remaining_item_count,
	};

	table_write_begin(out, format->resource, format->context->accept.version, &table, true);
}

void list_format_begin(
	struct list_format *format, struct buffer *out, const struct list_metadata *metadata)
{
	const struct api_resource *resource = format->resource;
	struct str version =
		api_group_version(format->context->arena, resource->group, resource->version);

	out = target(format, out);
	switch (format->context->accept.transform) {
	case MEDIA_TRANSFORM_TABLE:
		begin_table(format, out, metadata);
		return;
	case MEDIA_TRANSFORM_PARTIAL_LIST:
		buffer_printf(out,
			"{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"meta.k8s.io/%.*s\",",
			STR_ARG(format->context->accept.version));
		write_list_metadata(out, metadata);
		break;
	default:
		if (resource->flags & RESOURCE_CUSTOM) {
			buffer_printf(out, "{\"apiVersion\":\"%.*s\",\"kind\":\"%.*s\",",
				STR_ARG(version), STR_ARG(resource->list_kind));
		} else {
			buffer_printf(out, "{\"kind\":\"%.*s\",\"apiVersion\":\"%.*s\",",
				STR_ARG(resource->list_kind), STR_ARG(version));
		}
		write_list_metadata(out, metadata);
		break;
	}
	buffer_append(out, STR(",\"items\":["));
}

/* The object's JSON in the resource's version, and its tree when `ret_object` wants it. */
static bool read_item(struct list_format *format, const struct stored_object *stored,
	struct str *ret_json, struct json_value *ret_object)
{
	struct error err = ERROR_INIT(format->item_arena);
	bool is_foreign = stored_object_type_prefix(format->resource, stored) == 0;

	*ret_json = stored->json;
	if (!ret_object && !is_foreign)
		return true;
	struct json_value object;

	if (object_read(format->context, format->item_arena, format->resource, stored, &object,
		    ret_json, &err) != 0)
		return false;
	if (ret_object)
		*ret_object = object;
	return true;
}

static bool write_plain(struct list_format *format, struct buffer *out, bool has_items,
	const struct stored_object *stored)
{
	size_t prefix = stored_object_type_prefix(format->resource, stored);
	struct str json;

	if (prefix > 0 && !(format->resource->flags & RESOURCE_CUSTOM)) {
		/* Items of built-in lists carry no kind and apiVersion. */
		buffer_append(out, has_items ? STR(",{") : STR("{"));
		buffer_append(out, str_skip(stored->json, prefix));
		return true;
	}
	if (!read_item(format, stored, &json, NULL))
		return false;
	if (has_items)
		buffer_append_byte(out, ',');
	buffer_append(out, json);
	return true;
}

static bool write_item(struct list_format *format, struct buffer *out, bool has_items,
	const struct stored_object *stored)
{
	struct request_context *context = format->context;
	struct json_value object;
	struct str json;

	if (context->accept.transform != MEDIA_TRANSFORM_TABLE &&
		context->accept.transform != MEDIA_TRANSFORM_PARTIAL_LIST)
		return write_plain(format, out, has_items, stored);
	if (!read_item(format, stored, &json, &object))
		return false;
	if (context->accept.transform == MEDIA_TRANSFORM_TABLE) {
		table_write_row(format->item_arena, out, format->resource, context->accept.include,
			has_items, json, &object);
		return true;
	}
	if (has_items)
		buffer_append_byte(out, ',');
	partial_metadata_write(out, context->accept.version, &object);
	return true;
}

bool list_format_item(struct list_format *format, struct buffer *out, bool has_items,
	const struct stored_object *stored)
{
	bool is_readable;

	out = target(format, out);
	if (out == &format->whole && out->length > WHOLE_MAXIMUM) {
		format->is_too_large = true;
		return true;
	}
	is_readable = write_item(format, out, has_items, stored);
	arena_reset(format->item_arena);
	return is_readable;
}

int list_format_end(struct list_format *format, struct buffer *out, struct error *err)
{
	struct buffer *whole = target(format, out);
	struct json_value value;

	buffer_append(whole, STR("]}"));
	if (!format->needs_whole) {
		buffer_append_byte(out, '\n');
		return 0;
	}
	if (format->is_too_large)
		return error_set(err, ERROR_TOO_LARGE,
			"the list is too large to be indented or written as YAML: ask for pages");
	if (format->context->accept.format == MEDIA_FORMAT_JSON) {
		json_indent_text(out, buffer_str(whole));
		buffer_append_byte(out, '\n');
		return 0;
	}
	if (json_read(format->item_arena, buffer_str(whole), NULL, &value, err) != 0)
		return ERROR_RETURN;
	return yaml_write(out, &value, err);
}

void list_format_single(struct request_context *context, struct buffer *out, struct str json)
{
	struct json_value object;
	struct error err = ERROR_INIT(context->arena);
	struct table_metadata metadata = {0};

	if (context->accept.transform == MEDIA_TRANSFORM_NONE ||
		json_read(context->arena, json, NULL, &object, &err) != 0) {
		buffer_append(out, json);
		return;
	}
	if (context->accept.transform != MEDIA_TRANSFORM_TABLE) {
		partial_metadata_write(out, context->accept.version, &object);
		return;
	}
	metadata.resource_version =
		json_text(json_find_path(&object, "metadata", "resourceVersion", NULL));
	table_write_begin(out, context->resource, context->accept.version, &metadata, true);
	table_write_row(context->arena, out, context->resource, context->accept.include, false,
		json, &object);
	table_write_end(out);
}
