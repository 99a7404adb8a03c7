/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_filter.h"

#include "discovery.h"
#include "gzip_writer.h"
#include "json_reader.h"
#include "json_writer.h"
#include "openapi_paths.h"

/* Field numbers of openapi.v2.Document, Paths and NamedPathItem. */
#define DOCUMENT_PATHS 8
#define PATHS_PATH     2
#define NAMED_NAME     1
#define WIRE_BYTES     2

bool openapi_filter_is_needed(const struct openapi_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++) {
		if (!api_enablement_has_path(filter->settings, filter->documents[i].path))
			return true;
	}
	return false;
}

bool openapi_filter_keeps(const struct openapi_filter *filter, struct str path)
{
	path = str_skip(path, 1);
	for (size_t i = 0; i < filter->count; i++) {
		struct str document = filter->documents[i].path;

		if (str_starts_with(path, document) &&
			(path.length == document.length || path.data[document.length] == '/'))
			return api_enablement_has_path(filter->settings, document);
	}
	return true;
}

/* ---- JSON ---- */

static bool filter_json(struct arena *arena, const struct openapi_filter *filter, struct str text,
	struct buffer *out)
{
	const struct json_read_options options = {.share_text = true};
	struct json_value document, kept = json_object();
	struct error err = ERROR_INIT(arena);
	const struct json_value *paths;

	if (json_read(arena, text, &options, &document, &err) != 0)
		return false;
	paths = json_find(&document, STR("paths"));
	for (size_t i = 0; paths && paths->type == JSON_OBJECT && i < paths->length; i++) {
		if (openapi_filter_keeps(filter, paths->members[i].key))
			json_append_member(
				arena, &kept, paths->members[i].key, paths->members[i].value);
	}
	json_set(arena, &document, STR("paths"), kept);
	json_write(out, &document);
	return true;
}

/* ---- Protobuf ---- */

static bool take_varint(struct str *rest, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && rest->length > 0; shift += 7) {
		unsigned char byte = (unsigned char)rest->data[0];

		*rest = str_skip(*rest, 1);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* A field with its head as it stands, and its content. All fields up here are of bytes. */
struct bytes_field {
	uint64_t number;
	struct str whole;
	struct str content;
};

static bool take_field(struct str *rest, struct bytes_field *ret)
{
	struct str start = *rest;
	uint64_t tag, length;

	if (!take_varint(rest, &tag) || (tag & 7) != WIRE_BYTES || !take_varint(rest, &length) ||
		length > rest->length)
		return false;
	ret->number = tag >> 3;
	ret->content = str_slice(*rest, 0, (size_t)length);
	*rest = str_skip(*rest, (size_t)length);
	ret->whole = str_slice(start, 0, start.length - rest->length);
	return true;
}

static bool keeps_item(const struct openapi_filter *filter, struct str item)
{
	struct bytes_field field;

	while (!str_is_empty(item) && take_field(&item, &field)) {
		if (field.number == NAMED_NAME)
			return openapi_filter_keeps(filter, field.content);
	}
	return true;
}

static void append_varint(struct buffer *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buffer_append_byte(out, (char)(value | 0x80));
	buffer_append_byte(out, (char)value);
}

static bool filter_paths(const struct openapi_filter *filter, struct str paths, struct buffer *out)
{
	struct buffer kept = {0};
	struct bytes_field field;
	bool is_whole = true;

	while (is_whole && !str_is_empty(paths)) {
		is_whole = take_field(&paths, &field);
		if (is_whole && (field.number != PATHS_PATH || keeps_item(filter, field.content)))
			buffer_append(&kept, field.whole);
	}
	append_varint(out, DOCUMENT_PATHS << 3 | WIRE_BYTES);
	append_varint(out, kept.length);
	buffer_append(out, buffer_str(&kept));
	buffer_fini(&kept);
	return is_whole;
}

static bool filter_protobuf(
	const struct openapi_filter *filter, struct str document, struct buffer *out)
{
	struct bytes_field field;

	while (!str_is_empty(document)) {
		if (!take_field(&document, &field))
			return false;
		if (field.number != DOCUMENT_PATHS)
			buffer_append(out, field.whole);
		else if (!filter_paths(filter, field.content, out))
			return false;
	}
	return true;
}

/* ---- Both ---- */

static void encode(struct arena *arena, struct str document, struct openapi_encoding *ret)
{
	struct str etag = discovery_etag(arena, document);
	struct blob *blob = gzip_compress(document);

	*ret = (struct openapi_encoding){
		.gzip = arena_copy(arena, blob_str(blob)),
		.content_bytes = document.length,
		.tag = str_slice(etag, 1, etag.length - 2),
	};
	blob_unref(&blob);
}

bool openapi_filter_swagger(struct arena *arena, const struct openapi_filter *filter,
	const struct openapi_swagger *whole, struct openapi_swagger *ret)
{
	struct arena *work = arena_create(0);
	struct buffer text = {0}, json = {0}, protobuf = {0};
	bool is_good = openapi_inflate(&whole->json, &text) &&
		       filter_json(work, filter, buffer_str(&text), &json);

	buffer_clear(&text);
	is_good = is_good && openapi_inflate(&whole->protobuf, &text) &&
		  filter_protobuf(filter, buffer_str(&text), &protobuf);
	if (is_good) {
		encode(arena, buffer_str(&json), &ret->json);
		encode(arena, buffer_str(&protobuf), &ret->protobuf);
	}
	buffer_fini(&text);
	buffer_fini(&json);
	buffer_fini(&protobuf);
	arena_destroy(&work);
	return is_good;
}
