/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml_writer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "assertion.h"
#include "json_writer.h"
#include "memory.h"
#include "yaml_scalar.h"

#define INDENT_MAXIMUM (64 * 1024 * 1024)

struct yaml_frame {
	const struct json_value *value;
	const struct json_member **sorted; /* members of an object */
	uint32_t position;
};

struct yaml_writer {
	yaml_emitter_t emitter;
	struct error *err;
	size_t indent_bytes;
	struct arena *arena;
	struct yaml_frame *frames;
	size_t length;
	size_t capacity;
};

static int write_to_buffer(void *context, unsigned char *bytes, size_t size)
{
	buffer_append(context, str_from((const char *)bytes, size));
	return 1;
}

static int emit(struct yaml_writer *writer, yaml_event_t *event)
{
	if (yaml_emitter_emit(&writer->emitter, event))
		return 0;
	return error_set(writer->err, ERROR_INTERNAL, "error converting JSON to YAML: yaml: %s",
		writer->emitter.problem ? writer->emitter.problem
					: "unknown problem generating YAML content");
}

/* ---- The order of keys: letters behind all else, runs of digits by their number. ---- */

static bool is_letter(unsigned char byte)
{
	return isalpha(byte) || byte >= 0x80;
}

static size_t digits_end(struct str s, size_t from)
{
	while (from < s.length && isdigit((unsigned char)s.data[from]))
		from++;
	return from;
}

/* Compares two runs of digits that differ in their first byte. */
static int compare_digits(struct str a, struct str b)
{
	while (a.length > 0 && a.data[0] == '0')
		a = str_skip(a, 1);
	while (b.length > 0 && b.data[0] == '0')
		b = str_skip(b, 1);
	if (a.length != b.length)
		return a.length < b.length ? -1 : 1;
	return str_compare(a, b);
}

/* Whether digits before `i` make a zero at `i` count: "10" against "1x". */
static bool continues_number(struct str s, size_t i)
{
	while (i > 0 && isdigit((unsigned char)s.data[i - 1]))
		if (s.data[--i] != '0')
			return true;
	return false;
}

static int compare_runs(struct str a, struct str b, size_t i)
{
	struct str digits_a = str_slice(a, i, digits_end(a, i) - i);
	struct str digits_b = str_slice(b, i, digits_end(b, i) - i);
	bool counts = (a.data[i] == '0' || b.data[i] == '0') && continues_number(a, i);

	if (counts && digits_a.length != digits_b.length)
		return digits_a.length < digits_b.length ? -1 : 1;
	int order = compare_digits(digits_a, digits_b);

	if (order != 0)
		return order;
	if (digits_a.length != digits_b.length)
		return digits_a.length < digits_b.length ? -1 : 1;
	return (unsigned char)a.data[i] < (unsigned char)b.data[i] ? -1 : 1;
}

static int compare_keys(struct str a, struct str b)
{
	size_t i = 0;

	while (i < a.length && i < b.length && a.data[i] == b.data[i])
		i++;
	if (i == a.length || i == b.length)
		return a.length < b.length ? -1 : a.length > b.length;
	bool letter_a = is_letter((unsigned char)a.data[i]);
	bool letter_b = is_letter((unsigned char)b.data[i]);

	if (letter_a && letter_b)
		return (unsigned char)a.data[i] < (unsigned char)b.data[i] ? -1 : 1;
	if (letter_a || letter_b)
		return letter_b ? -1 : 1;
	return compare_runs(a, b, i);
}

static int compare_members(const void *a, const void *b)
{
	return compare_keys((*(const struct json_member *const *)a)->key,
		(*(const struct json_member *const *)b)->key);
}

static const struct json_member **sort_members(struct arena *arena, const struct json_value *object)
{
	const struct json_member **sorted =
		ARENA_ARRAY(arena, const struct json_member *, object->length);

	for (uint32_t i = 0; i < object->length; i++)
		sorted[i] = &object->members[i];
	qsort(sorted, object->length, sizeof(const struct json_member *), compare_members);
	return sorted;
}

/* ---- Scalars. ---- */

static int emit_scalar(struct yaml_writer *writer, struct str text, yaml_scalar_style_t style)
{
	yaml_event_t event;

	if (!yaml_scalar_event_initialize(&event, NULL, NULL,
		    (const yaml_char_t *)(text.data ? text.data : ""), (int)text.length, 1, 1,
		    style))
		return error_set(writer->err, ERROR_INTERNAL,
			"error converting JSON to YAML: yaml: a string is not UTF-8");
	return emit(writer, &event);
}

static int emit_string(struct yaml_writer *writer, struct str text)
{
	yaml_scalar_style_t style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;

	if (str_find_byte(text, '\n') != text.length)
		style = YAML_LITERAL_SCALAR_STYLE;
	else if (yaml_scalar_is_string(text))
		style = YAML_PLAIN_SCALAR_STYLE;
	return emit_scalar(writer, text, style);
}

/* Go's FormatFloat(.., 'g', -1, 64): 'e' below 1e-4 and from 1e6, the fewest digits. */
static struct str format_general(double number, char text[40])
{
	int precision = 1;

	for (; precision < 17; precision++) {
		snprintf(text, 40, "%.*e", precision - 1, number);
		if (strtod(text, NULL) == number)
			break;
	}
	snprintf(text, 40, "%.*e", precision - 1, number);
	int exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);

	if (exponent >= -4 && exponent < 6)
		snprintf(text, 40, "%.*f",
			precision - 1 - exponent > 0 ? precision - 1 - exponent : 0, number);
	return str_from_c(text);
}

/* A double passes through JSON on its way: one that looks like an integer there is one. */
static int emit_double(struct yaml_writer *writer, double number)
{
	struct buffer json = {0};
	char general[40];
	uint64_t ignored;

	json_write_double(&json, number);
	struct str text = buffer_str(&json);
	struct str digits = str_skip(text, text.data[0] == '-');

	if (!str_parse_u64(digits, UINT64_MAX, &ignored))
		text = format_general(number, general);
	int result = emit_scalar(writer, text, YAML_PLAIN_SCALAR_STYLE);

	buffer_fini(&json);
	return result;
}

static int emit_leaf(struct yaml_writer *writer, const struct json_value *value)
{
	char digits[24];

	switch (value->type) {
	case JSON_STRING:
		return emit_string(writer, json_text(value));
	case JSON_BOOL:
		return emit_scalar(writer, value->boolean ? STR("true") : STR("false"),
			YAML_PLAIN_SCALAR_STYLE);
	case JSON_INTEGER:
		snprintf(digits, sizeof(digits), "%lld", (long long)value->integer);
		return emit_scalar(writer, str_from_c(digits), YAML_PLAIN_SCALAR_STYLE);
	case JSON_DOUBLE:
		return emit_double(writer, value->number);
	default:
		return emit_scalar(writer, STR("null"), YAML_PLAIN_SCALAR_STYLE);
	}
}

/* ---- Collections. ---- */

static int open_collection(struct yaml_writer *writer, const struct json_value *value)
{
	yaml_event_t event;
	struct yaml_frame frame = {.value = value};

	if (value->type == JSON_OBJECT) {
		frame.sorted = sort_members(writer->arena, value);
		yaml_mapping_start_event_initialize(
			&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
	} else {
		yaml_sequence_start_event_initialize(
			&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE);
	}
	if (writer->length == writer->capacity) {
		writer->capacity = writer->capacity ? writer->capacity * 2 : 32;
		writer->frames =
			memory_resize(writer->frames, writer->capacity * sizeof(*writer->frames));
	}
	writer->frames[writer->length++] = frame;
	return emit(writer, &event);
}

static int close_collection(struct yaml_writer *writer)
{
	yaml_event_t event;

	if (writer->frames[--writer->length].value->type == JSON_OBJECT)
		yaml_mapping_end_event_initialize(&event);
	else
		yaml_sequence_end_event_initialize(&event);
	return emit(writer, &event);
}

static int write_value(struct yaml_writer *writer, const struct json_value *value)
{
	writer->indent_bytes += 2 * writer->length;
	if (writer->indent_bytes > INDENT_MAXIMUM)
		return error_set(writer->err, ERROR_TOO_LARGE,
			"the object is nested too deep to be written as YAML");
	if (value->type == JSON_ARRAY || value->type == JSON_OBJECT)
		return open_collection(writer, value);
	return emit_leaf(writer, value);
}

/* Writes the next item of the innermost collection, or its end. */
static int write_next(struct yaml_writer *writer)
{
	struct yaml_frame *frame = &writer->frames[writer->length - 1];

	if (frame->position == frame->value->length)
		return close_collection(writer);
	uint32_t i = frame->position++;

	if (frame->value->type == JSON_ARRAY)
		return write_value(writer, &frame->value->elements[i]);
	const struct json_member *member = frame->sorted[i];

	if (emit_string(writer, member->key) != 0)
		return ERROR_RETURN;
	return write_value(writer, &member->value);
}

static int write_document(struct yaml_writer *writer, const struct json_value *value)
{
	yaml_event_t event;

	yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
	if (emit(writer, &event) != 0)
		return ERROR_RETURN;
	yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
	if (emit(writer, &event) != 0 || write_value(writer, value) != 0)
		return ERROR_RETURN;
	while (writer->length > 0)
		if (write_next(writer) != 0)
			return ERROR_RETURN;
	yaml_document_end_event_initialize(&event, 1);
	if (emit(writer, &event) != 0)
		return ERROR_RETURN;
	/* Without this libyaml marks the end after a block that keeps its line breaks with "...".
	 */
	writer->emitter.open_ended = 0;
	yaml_stream_end_event_initialize(&event);
	return emit(writer, &event);
}

int yaml_write(struct buffer *out, const struct json_value *value, struct error *err)
{
	struct yaml_writer writer = {.err = err};

	if (!yaml_emitter_initialize(&writer.emitter))
		return error_set(err, ERROR_INTERNAL, "out of memory");
	writer.arena = arena_create(0);
	yaml_emitter_set_output(&writer.emitter, write_to_buffer, out);
	yaml_emitter_set_unicode(&writer.emitter, 1);
	int result = write_document(&writer, value);

	yaml_emitter_delete(&writer.emitter);
	arena_destroy(&writer.arena);
	memory_free(writer.frames);
	return result;
}
