/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wire types as in the protocol buffers encoding guide. Kubernetes' own shapes: Quantity, Time,
 * IntOrString and the like are small messages; a member that is inline in JSON may be a sub-message
 * (protobuf_parent_number); a list as the value of a map is a message with repeated field 1.
 */
#include "protobuf_reader.h"

#include "base64_text.h"
#include "clock.h"
#include "json_reader.h"

#define DEPTH_MAXIMUM 64

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_BYTES = 2,
	WIRE_FIXED32 = 5
};

struct wire_field {
	uint32_t number;
	enum wire_type type;
	uint64_t integer; /* VARINT, FIXED64, FIXED32 */
	struct str bytes; /* BYTES */
};

/* ---- The wire ---- */

static int malformed(struct error *err)
{
	return error_set(err, ERROR_BAD_REQUEST, "proto: the message is malformed");
}

static bool take_varint(struct str *rest, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < rest->length && i < 10; i++) {
		unsigned char byte = (unsigned char)rest->data[i];

		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80)) {
			*ret = value;
			*rest = str_skip(*rest, i + 1);
			return true;
		}
	}
	return false;
}

static bool take_fixed(struct str *rest, size_t size, uint64_t *ret)
{
	uint64_t value = 0;

	if (rest->length < size)
		return false;
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)(unsigned char)rest->data[i] << (8 * i);
	*ret = value;
	*rest = str_skip(*rest, size);
	return true;
}

static bool take_field(struct str *rest, struct wire_field *ret)
{
	uint64_t key, length;

	*ret = (struct wire_field){0};
	if (!take_varint(rest, &key) || key >> 3 == 0 || key >> 3 > (1u << 29) - 1)
		return false;
	ret->number = (uint32_t)(key >> 3);
	ret->type = (enum wire_type)(key & 7);
	switch (ret->type) {
	case WIRE_VARINT:
		return take_varint(rest, &ret->integer);
	case WIRE_FIXED64:
		return take_fixed(rest, 8, &ret->integer);
	case WIRE_FIXED32:
		return take_fixed(rest, 4, &ret->integer);
	case WIRE_BYTES:
		if (!take_varint(rest, &length) || length > rest->length)
			return false;
		ret->bytes = str_slice(*rest, 0, (size_t)length);
		*rest = str_skip(*rest, (size_t)length);
		return true;
	}
	return false;
}

int protobuf_read_envelope(struct str bytes, struct protobuf_envelope *ret, struct error *err)
{
	struct str magic = str_from("k8s\0", 4);
	struct wire_field field;

	*ret = (struct protobuf_envelope){0};
	if (!str_starts_with(bytes, magic))
		return error_set(err, ERROR_BAD_REQUEST,
			"provided data does not appear to be a protobuf message, expected prefix "
			"[107 56 115 0]");
	bytes = str_skip(bytes, magic.length);
	while (!str_is_empty(bytes)) {
		if (!take_field(&bytes, &field))
			return malformed(err);
		if (field.number == 2 && field.type == WIRE_BYTES)
			ret->raw = field.bytes;
		if (field.number != 1 || field.type != WIRE_BYTES)
			continue;
		struct str meta = field.bytes;

		while (!str_is_empty(meta)) {
			if (!take_field(&meta, &field))
				return malformed(err);
			if (field.number == 1)
				ret->api_version = field.bytes;
			else if (field.number == 2)
				ret->kind = field.bytes;
		}
	}
	return 0;
}

/* ---- Small messages ---- */

struct small_message {
	struct wire_field fields[4]; /* by number; number 0: absent */
};

static bool read_small(struct str bytes, struct small_message *ret)
{
	struct wire_field field;

	*ret = (struct small_message){0};
	while (!str_is_empty(bytes)) {
		if (!take_field(&bytes, &field))
			return false;
		if (field.number < 4)
			ret->fields[field.number] = field;
	}
	return true;
}

static struct json_value make_time(
	struct arena *arena, const struct small_message *message, bool is_micro)
{
	char *text = arena_allocate_text(arena, CLOCK_RFC3339_BYTES);
	int64_t seconds = (int64_t)message->fields[1].integer;
	uint32_t micro = (uint32_t)(message->fields[2].integer / 1000);

	if (message->fields[1].number == 0 && message->fields[2].number == 0)
		return json_null();
	/* Years 1 to 9999, as RFC 3339 can say. */
	if (seconds < -62135596800ll || seconds > 253402300799ll)
		return json_null();
	return json_string(
		str_from(text, is_micro ? clock_format_rfc3339_micro(seconds, micro, text)
					: clock_format_rfc3339(seconds, text)));
}

static int read_special(struct arena *arena, const struct schema *schema, struct str bytes,
	struct json_value *ret, struct error *err)
{
	struct small_message message;

	if (!read_small(bytes, &message))
		return malformed(err);
	switch (schema->kind) {
	case SCHEMA_QUANTITY:
		*ret = json_string(message.fields[1].bytes);
		return 0;
	case SCHEMA_INT_OR_STRING:
		*ret = message.fields[1].integer == 0
			       ? json_integer((int32_t)message.fields[2].integer)
			       : json_string(message.fields[3].bytes);
		return 0;
	case SCHEMA_TIME:
	case SCHEMA_MICRO_TIME:
		*ret = make_time(arena, &message, schema->kind == SCHEMA_MICRO_TIME);
		return 0;
	case SCHEMA_DURATION:
		*ret = json_string(
			clock_format_duration(arena, (int64_t)message.fields[1].integer));
		return 0;
	default: /* SCHEMA_ANY: JSON in field 1 */
		if (str_is_empty(message.fields[1].bytes)) {
			*ret = json_null();
			return 0;
		}
		return json_read(arena, message.fields[1].bytes, NULL, ret, err);
	}
}

/* ---- By schema ---- */

struct reader {
	struct arena *arena;
	struct error *err;
};

static int read_struct(const struct reader *reader, const struct schema *schema, uint32_t parent,
	struct str bytes, struct json_value *object, unsigned depth);

static int read_value(const struct reader *reader, const struct schema *schema,
	const struct wire_field *field, struct json_value *ret, unsigned depth)
{
	if (depth > DEPTH_MAXIMUM)
		return error_set(reader->err, ERROR_BAD_REQUEST, "proto: nested too deeply");
	switch (schema->kind) {
	case SCHEMA_STRING:
		*ret = json_string(field->bytes);
		return field->type == WIRE_BYTES ? 0 : malformed(reader->err);
	case SCHEMA_BYTES:
		*ret = json_string(base64_text_encode(reader->arena, field->bytes));
		return field->type == WIRE_BYTES ? 0 : malformed(reader->err);
	case SCHEMA_INTEGER:
		*ret = json_integer(
			schema->bits == 32 ? (int32_t)field->integer : (int64_t)field->integer);
		return field->type == WIRE_VARINT ? 0 : malformed(reader->err);
	case SCHEMA_BOOLEAN:
		*ret = json_bool(field->integer != 0);
		return field->type == WIRE_VARINT ? 0 : malformed(reader->err);
	case SCHEMA_NUMBER: {
		double number;

		memcpy(&number, &field->integer, sizeof(number));
		*ret = json_double(number);
		return field->type == WIRE_FIXED64 ? 0 : malformed(reader->err);
	}
	case SCHEMA_STRUCT:
		*ret = json_object();
		if (field->type != WIRE_BYTES)
			return malformed(reader->err);
		return read_struct(reader, schema, 0, field->bytes, ret, depth + 1);
	default:
		if (field->type != WIRE_BYTES)
			return malformed(reader->err);
		return read_special(reader->arena, schema, field->bytes, ret, reader->err);
	}
}

/* A list inside a map is a message of its own: repeated field 1. */
static int read_wrapped_list(const struct reader *reader, const struct schema *schema,
	struct str bytes, struct json_value *ret, unsigned depth)
{
	struct wire_field field;
	struct json_value element;

	*ret = json_array();
	while (!str_is_empty(bytes)) {
		if (!take_field(&bytes, &field))
			return malformed(reader->err);
		if (field.number != 1)
			continue;
		if (read_value(reader, schema->element, &field, &element, depth) != 0)
			return ERROR_RETURN;
		json_append(reader->arena, ret, element);
	}
	return 0;
}

static int read_map_entry(const struct reader *reader, const struct schema *schema,
	struct str bytes, struct json_value *map, unsigned depth)
{
	struct small_message entry;
	struct json_value value;

	if (!read_small(bytes, &entry))
		return malformed(reader->err);
	struct wire_field *field = &entry.fields[2];

	if (field->number == 0)
		field->type = schema->element->kind == SCHEMA_INTEGER ||
					      schema->element->kind == SCHEMA_BOOLEAN
				      ? WIRE_VARINT
				      : WIRE_BYTES;
	if (schema->element->kind == SCHEMA_LIST) {
		if (read_wrapped_list(reader, schema->element, field->bytes, &value, depth) != 0)
			return ERROR_RETURN;
	} else if (read_value(reader, schema->element, field, &value, depth) != 0) {
		return ERROR_RETURN;
	}
	json_set(reader->arena, map, entry.fields[1].bytes, value);
	return 0;
}

static struct json_value *ensure(
	const struct reader *reader, struct json_value *object, struct str name, bool is_list)
{
	struct json_value *present = json_find(object, name);

	if (present)
		return present;
	return json_append_member(
		reader->arena, object, name, is_list ? json_array() : json_object());
}

/* Numbers may be packed into one field. */
static int read_packed(const struct reader *reader, const struct schema *element, struct str bytes,
	struct json_value *list)
{
	struct wire_field field = {.type = WIRE_VARINT};
	struct json_value value;

	while (!str_is_empty(bytes)) {
		if (!take_varint(&bytes, &field.integer))
			return malformed(reader->err);
		if (read_value(reader, element, &field, &value, 0) != 0)
			return ERROR_RETURN;
		json_append(reader->arena, list, value);
	}
	return 0;
}

static int read_list_element(const struct reader *reader, const struct schema *schema,
	const struct wire_field *field, struct json_value *list, unsigned depth)
{
	struct json_value value;

	if (field->type == WIRE_BYTES && (schema->element->kind == SCHEMA_INTEGER ||
						 schema->element->kind == SCHEMA_BOOLEAN))
		return read_packed(reader, schema->element, field->bytes, list);
	if (read_value(reader, schema->element, field, &value, depth) != 0)
		return ERROR_RETURN;
	json_append(reader->arena, list, value);
	return 0;
}

static int read_field(const struct reader *reader, const struct schema_field *known,
	const struct wire_field *field, struct json_value *object, unsigned depth)
{
	struct json_value value;

	switch (known->schema->kind) {
	case SCHEMA_LIST:
		return read_list_element(reader, known->schema, field,
			ensure(reader, object, known->name, true), depth);
	case SCHEMA_MAP:
		if (field->type != WIRE_BYTES)
			return malformed(reader->err);
		return read_map_entry(reader, known->schema, field->bytes,
			ensure(reader, object, known->name, false), depth);
	default:
		if (read_value(reader, known->schema, field, &value, depth) != 0)
			return ERROR_RETURN;
		json_set(reader->arena, object, known->name, value);
		return 0;
	}
}

/*
 * The field of that number within the sub-message `parent` (0: none; the outermost number in the
 * low byte, the next one above it). When there is none, *ret_inner is the sub-message that the
 * number opens, or 0.
 */
static const struct schema_field *find_number(
	const struct schema *schema, uint32_t parent, uint32_t number, uint32_t *ret_inner)
{
	uint32_t inner = parent == 0 ? number : parent | number << 8;

	*ret_inner = 0;
	for (uint16_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *field = &schema->fields[i];

		if (field->protobuf_parent_number == parent && field->protobuf_number == number)
			return field;
		if (field->protobuf_parent_number == inner ||
			(parent == 0 && field->protobuf_parent_number != 0 &&
				(field->protobuf_parent_number & 0xffu) == inner))
			*ret_inner = inner;
	}
	return NULL;
}

static int read_struct(const struct reader *reader, const struct schema *schema, uint32_t parent,
	struct str bytes, struct json_value *object, unsigned depth)
{
	struct wire_field field;
	uint32_t inner;

	if (depth > DEPTH_MAXIMUM)
		return error_set(reader->err, ERROR_BAD_REQUEST, "proto: nested too deeply");
	while (!str_is_empty(bytes)) {
		if (!take_field(&bytes, &field))
			return malformed(reader->err);
		const struct schema_field *known =
			find_number(schema, parent, field.number, &inner);

		if (known && read_field(reader, known, &field, object, depth) != 0)
			return ERROR_RETURN;
		if (!known && inner != 0 && field.type == WIRE_BYTES &&
			read_struct(reader, schema, inner, field.bytes, object, depth + 1) != 0)
			return ERROR_RETURN;
	}
	return 0;
}

int protobuf_read_message(struct arena *arena, const struct schema *schema, struct str bytes,
	struct json_value *ret, struct error *err)
{
	struct reader reader = {.arena = arena, .err = err};

	*ret = json_object();
	return read_struct(&reader, schema, 0, bytes, ret, 0);
}
