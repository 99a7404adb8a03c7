/* SPDX-License-Identifier: Apache-2.0 */
#include "stored_object.h"

#include "json_path.h"
#include "json_writer.h"

#define MAGIC                0x3153b54fu
#define FIXED_BYTES          16u
#define OBJECT_MAXIMUM_BYTES (1536u * 1024u)

/* ---- Little-endian numbers ---- */

static void put_u16(struct buffer *out, uint16_t value)
{
	char bytes[2] = {(char)(value & 255), (char)(value >> 8)};

	buffer_append(out, str_from(bytes, 2));
}

static void put_u32(struct buffer *out, uint32_t value)
{
	put_u16(out, (uint16_t)value);
	put_u16(out, (uint16_t)(value >> 16));
}

static uint16_t get_u16(const char *at)
{
	return (uint16_t)((unsigned char)at[0] | (unsigned char)at[1] << 8);
}

static uint32_t get_u32(const char *at)
{
	return get_u16(at) | (uint32_t)get_u16(at + 2) << 16;
}

/* ---- Encode ---- */

/* False when there are more or longer ones than the header can say: a selector would miss them. */
static bool put_labels(struct buffer *out, const struct json_value *object, uint16_t *ret_count)
{
	const struct json_value *labels = json_find_path(object, "metadata", "labels", NULL);
	uint16_t count = 0;

	for (size_t i = 0; labels && labels->type == JSON_OBJECT && i < labels->length; i++) {
		struct str key = labels->members[i].key;
		struct str value = json_text(&labels->members[i].value);

		if (key.length > UINT16_MAX || value.length > UINT16_MAX || count == UINT16_MAX)
			return false;
		put_u16(out, (uint16_t)key.length);
		put_u16(out, (uint16_t)value.length);
		buffer_append(out, key);
		buffer_append(out, value);
		count++;
	}
	*ret_count = count;
	return true;
}

static struct str selectable_text(struct arena *arena, const struct json_value *value)
{
	if (!value)
		return STR_EMPTY;
	if (value->type == JSON_STRING)
		return json_text(value);
	if (value->type == JSON_NULL)
		return STR_EMPTY;
	return json_to_str(arena, value);
}

static void put_selectable(struct arena *arena, struct buffer *out,
	const struct api_resource *resource, const struct json_value *object)
{
	for (size_t i = 0; i < resource->selectable_field_count; i++) {
		struct str text = selectable_text(
			arena, json_path_first(arena, object, resource->selectable_fields[i].path));

		if (text.length > UINT16_MAX)
			text.length = UINT16_MAX;
		put_u16(out, (uint16_t)text.length);
		buffer_append(out, text);
	}
}

/*
 * Upstream's order: built-ins have resourceVersion behind uid (or what stands before it), custom
 * objects have all keys sorted.
 */
static bool goes_before_revision(bool is_custom, struct str key)
{
	static const char *const before[] = {
		"name", "generateName", "namespace", "selfLink", "uid"};

	if (is_custom)
		return str_compare(key, STR("resourceVersion")) < 0;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		if (str_equal_c(key, before[i]))
			return true;
	}
	return false;
}

static void write_member(struct buffer *out, bool *has_members, const struct json_member *member)
{
	if (*has_members)
		buffer_append_byte(out, ',');
	*has_members = true;
	json_write_string(out, member->key);
	buffer_append_byte(out, ':');
	json_write(out, &member->value);
}

/* Returns where the revision's digits go. */
static size_t write_metadata(struct buffer *out, bool is_custom, const struct json_value *metadata)
{
	bool has_members = false;

	buffer_append_byte(out, '{');
	for (size_t i = 0; i < json_count(metadata); i++) {
		if (goes_before_revision(is_custom, metadata->members[i].key))
			write_member(out, &has_members, &metadata->members[i]);
	}
	buffer_append(
		out, has_members ? STR(",\"resourceVersion\":\"") : STR("\"resourceVersion\":\""));
	has_members = true;
	size_t hole = out->length;

	buffer_append_byte(out, '"');
	for (size_t i = 0; i < json_count(metadata); i++) {
		struct str key = metadata->members[i].key;

		if (!goes_before_revision(is_custom, key) &&
			!str_equal(key, STR("resourceVersion")))
			write_member(out, &has_members, &metadata->members[i]);
	}
	buffer_append_byte(out, '}');
	return hole;
}

static size_t write_object(struct buffer *out, bool is_custom, const struct json_value *object)
{
	size_t hole = 0;
	bool has_members = false;

	buffer_append_byte(out, '{');
	for (size_t i = 0; i < json_count(object); i++) {
		const struct json_member *member = &object->members[i];

		if (!str_equal(member->key, STR("metadata"))) {
			write_member(out, &has_members, member);
			continue;
		}
		buffer_append(out, has_members ? STR(",\"metadata\":") : STR("\"metadata\":"));
		has_members = true;
		hole = write_metadata(out, is_custom, &member->value);
	}
	buffer_append_byte(out, '}');
	return hole;
}

static void set_u32(struct buffer *out, size_t at, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		out->data[at + i] = (char)(value >> (8 * i) & 255);
}

int stored_object_encode(struct arena *arena, const struct api_resource *resource,
	const struct json_value *object, struct stored_encoding *ret, struct error *err)
{
	struct buffer out = {0};
	const struct json_value *metadata = json_find(object, STR("metadata"));

	if (!metadata || metadata->type != JSON_OBJECT)
		return error_set(err, ERROR_INTERNAL, "object without metadata cannot be stored");
	put_u32(&out, MAGIC);
	put_u32(&out, 0); /* header bytes */
	put_u32(&out, 0); /* hole offset */
	put_u16(&out, 0); /* labels */
	put_u16(&out, resource->selectable_field_count);
	uint16_t labels;

	if (!put_labels(&out, object, &labels)) {
		buffer_fini(&out);
		return error_set(err, ERROR_TOO_LARGE,
			"Request entity too large: the object has too many labels");
	}
	put_selectable(arena, &out, resource, object);
	size_t header = out.length;
	size_t hole = write_object(&out, resource->flags & RESOURCE_CUSTOM, object);

	set_u32(&out, 4, (uint32_t)header);
	set_u32(&out, 8, (uint32_t)hole);
	out.data[12] = (char)(labels & 255);
	out.data[13] = (char)(labels >> 8);
	if (out.length - header > OBJECT_MAXIMUM_BYTES) {
		buffer_fini(&out);
		return error_set(err, ERROR_TOO_LARGE,
			"Request entity too large: the stored object would have more than %u bytes",
			OBJECT_MAXIMUM_BYTES);
	}
	ret->bytes = arena_copy(arena, buffer_str(&out));
	ret->revision_offset = hole;
	buffer_fini(&out);
	return 0;
}

/* ---- Parse ---- */

bool stored_object_parse(struct str bytes, struct stored_object *ret)
{
	if (bytes.length < FIXED_BYTES || get_u32(bytes.data) != MAGIC)
		return false;
	uint32_t header = get_u32(bytes.data + 4), hole = get_u32(bytes.data + 8);

	if (header < FIXED_BYTES || header > bytes.length || hole <= header || hole >= bytes.length)
		return false;
	size_t end = hole;

	while (end < bytes.length && (unsigned)(bytes.data[end] - '0') <= 9)
		end++;
	*ret = (struct stored_object){
		.json = str_skip(bytes, header),
		.before_revision = str_slice(bytes, header, hole - header),
		.revision = str_slice(bytes, hole, end - hole),
		.after_revision = str_skip(bytes, end),
		.header = str_slice(bytes, FIXED_BYTES, header - FIXED_BYTES),
		.label_count = get_u16(bytes.data + 12),
		.selectable_count = get_u16(bytes.data + 14),
	};
	return true;
}

/* The label at *at, which moves behind it; false when the header ends too early. */
static bool next_label(struct str header, size_t *at, struct str *ret_key, struct str *ret_value)
{
	if (header.length - *at < 4)
		return false;
	size_t key = get_u16(header.data + *at), value = get_u16(header.data + *at + 2);

	if (header.length - *at - 4 < key + value)
		return false;
	*ret_key = str_from(header.data + *at + 4, key);
	*ret_value = str_from(header.data + *at + 4 + key, value);
	*at += 4 + key + value;
	return true;
}

bool stored_object_label(const struct stored_object *stored, struct str key, struct str *ret_value)
{
	size_t at = 0;
	struct str found;

	for (uint16_t i = 0; i < stored->label_count; i++) {
		if (!next_label(stored->header, &at, &found, ret_value))
			return false;
		if (str_equal(found, key))
			return true;
	}
	return false;
}

struct str stored_object_selectable(const struct stored_object *stored, size_t index)
{
	struct str key, value;
	size_t at = 0;

	for (uint16_t i = 0; i < stored->label_count; i++) {
		if (!next_label(stored->header, &at, &key, &value))
			return STR_EMPTY;
	}
	for (size_t i = 0; i < stored->selectable_count; i++) {
		if (stored->header.length - at < 2)
			return STR_EMPTY;
		size_t length = get_u16(stored->header.data + at);

		if (stored->header.length - at - 2 < length)
			return STR_EMPTY;
		if (i == index)
			return str_from(stored->header.data + at + 2, length);
		at += 2 + length;
	}
	return STR_EMPTY;
}

/* Written under the schema that is in force. */
static bool is_current(const struct api_resource *resource, const struct stored_object *stored)
{
	uint64_t revision;

	return resource->schema_revision == 0 ||
	       (str_parse_u64(stored->revision, UINT64_MAX, &revision) &&
		       revision >= resource->schema_revision);
}

/* Takes `expected` off the front of *rest. */
static bool take(struct str *rest, struct str expected)
{
	if (!str_starts_with(*rest, expected))
		return false;
	*rest = str_skip(*rest, expected.length);
	return true;
}

static bool take_version(struct str *rest, const struct api_resource *resource)
{
	return (str_is_empty(resource->group) ||
		       (take(rest, resource->group) && take(rest, STR("/")))) &&
	       take(rest, resource->version);
}

/* Piece by piece: this runs for every item of every list. */
size_t stored_object_type_prefix(
	const struct api_resource *resource, const struct stored_object *stored)
{
	struct str rest = stored->json;
	bool is_same;

	if (!is_current(resource, stored))
		return 0;
	if (resource->flags & RESOURCE_CUSTOM)
		is_same = take(&rest, STR("{\"apiVersion\":\"")) && take_version(&rest, resource) &&
			  take(&rest, STR("\",\"kind\":\"")) && take(&rest, resource->kind);
	else
		is_same = take(&rest, STR("{\"kind\":\"")) && take(&rest, resource->kind) &&
			  take(&rest, STR("\",\"apiVersion\":\"")) && take_version(&rest, resource);
	return is_same && take(&rest, STR("\",")) ? stored->json.length - rest.length : 0;
}
