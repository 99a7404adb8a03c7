/* SPDX-License-Identifier: Apache-2.0 */
#include "json_writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "assertion.h"
#include "json_stack.h"
#include "utf8.h"

/* Deeper levels are not indented further: a deep document must not grow by its depth squared. */
#define INDENT_MAXIMUM 100

#define BIT(byte) (UINT64_C(1) << ((byte)&63))

/*
 * The bytes that cannot stand for themselves in a string, a bit each; from 0x80 on they may not:
 * bad UTF-8, U+2028 and U+2029 are to be found.
 */
static const uint64_t special_bytes[4] = {
	0xffffffff | BIT('"') | BIT('&') | BIT('<') | BIT('>'), BIT('\\'), UINT64_MAX, UINT64_MAX};

static bool is_special(unsigned char byte)
{
	return special_bytes[byte >> 6] >> (byte & 63) & 1;
}

/* Not 0 when a byte of the word is special: eight bytes at a time, as most strings have none. */
static uint64_t special_in_word(uint64_t word)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t found = word | (word - 0x20 * ones); /* from 0x80 on; controls */

	/* A byte is zero where it is '"' or '&' (one bit apart), '<' or '>', or a backslash. */
	found |= ((word | 0x04 * ones) ^ '&' * ones) - ones;
	found |= ((word | 0x02 * ones) ^ '>' * ones) - ones;
	found |= (word ^ '\\' * ones) - ones;
	return found & 0x80 * ones;
}

/* The bytes at the start of `text` that stand for themselves, from `i` on. */
static size_t plain_end(struct str text, size_t i)
{
	for (; i + 8 <= text.length; i += 8) {
		uint64_t word;

		memcpy(&word, text.data + i, 8);
		if (special_in_word(word))
			break;
	}
	while (i < text.length && !is_special((unsigned char)text.data[i]))
		i++;
	return i;
}

static void write_escape(struct buffer *out, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	static const char letters[256] = {['"'] = '"',
		['\\'] = '\\',
		['\b'] = 'b',
		['\f'] = 'f',
		['\n'] = 'n',
		['\r'] = 'r',
		['\t'] = 't'};
	char *at = buffer_reserve(out, 6);

	at[0] = '\\';
	if (letters[byte]) {
		at[1] = letters[byte];
		out->length += 2;
		return;
	}
	memcpy(at + 1, "u00", 3);
	at[4] = digits[byte >> 4];
	at[5] = digits[byte & 15];
	out->length += 6;
}

/* Writes the sequence at the start of `text`, which is not ASCII; returns the bytes it took. */
static size_t write_sequence(struct buffer *out, struct str text)
{
	size_t length = utf8_sequence_length(text);

	if (length == 0) {
		buffer_append(out, STR("\\ufffd"));
		return 1;
	}
	if (length == 3 && memcmp(text.data, "\xe2\x80", 2) == 0 &&
		((unsigned char)text.data[2] | 1) == 0xa9)
		buffer_append(out, text.data[2] & 1 ? STR("\\u2029") : STR("\\u2028"));
	else
		buffer_append(out, str_from(text.data, length));
	return length;
}

static void write_special_string(struct buffer *out, struct str text, size_t plain)
{
	size_t i = 0;

	while (plain < text.length) {
		unsigned char byte = (unsigned char)text.data[plain];

		buffer_append(out, str_from(text.data + i, plain - i));
		i = plain + 1;
		if (byte >= 0x80)
			i = plain + write_sequence(out, str_skip(text, plain));
		else
			write_escape(out, byte);
		plain = plain_end(text, i);
	}
	buffer_append(out, str_from(text.data + i, text.length - i));
}

void json_write_string(struct buffer *out, struct str text)
{
	size_t plain = plain_end(text, 0);
	char *at = buffer_reserve(out, text.length + 2);

	*at++ = '"';
	if (plain == text.length) {
		if (plain > 0)
			memcpy(at, text.data, plain);
		at[plain] = '"';
		out->length += plain + 2;
		return;
	}
	out->length++;
	write_special_string(out, text, plain);
	buffer_append_byte(out, '"');
}

/*
 * The fewest digits that read back as `value`, as "d.ddde+XX". Normal doubles never read back from
 * 14 digits but also from 15, so 15 (with the zeros at the end cut) is where to start.
 */
static void shortest_digits(double value, char text[32])
{
	int digits = value < 0x1p-1022 ? 1 : 15;

	for (; digits < 17; digits++) {
		snprintf(text, 32, "%.*e", digits - 1, value);
		if (strtod(text, NULL) == value)
			return;
	}
	snprintf(text, 32, "%.16e", value);
}

static void write_zeros(struct buffer *out, int count)
{
	for (int i = 0; i < count; i++)
		buffer_append_byte(out, '0');
}

static void write_exponential(struct buffer *out, struct str digits, int exponent)
{
	buffer_append(out, str_slice(digits, 0, 1));
	if (digits.length > 1) {
		buffer_append_byte(out, '.');
		buffer_append(out, str_skip(digits, 1));
	}
	buffer_printf(out, exponent < 0 ? "e-%d" : "e+%d", abs(exponent));
}

static void write_plain(struct buffer *out, struct str digits, int exponent)
{
	int whole = exponent + 1; /* digits before the point */

	if (whole <= 0) {
		buffer_append(out, STR("0."));
		write_zeros(out, -whole);
		buffer_append(out, digits);
		return;
	}
	buffer_append(out, str_slice(digits, 0, (size_t)whole));
	if (digits.length > (size_t)whole) {
		buffer_append_byte(out, '.');
		buffer_append(out, str_skip(digits, (size_t)whole));
	} else {
		write_zeros(out, whole - (int)digits.length);
	}
}

void json_write_double(struct buffer *out, double value)
{
	char text[32];
	char digits[20];
	size_t count = 0;

	ASSERT(isfinite(value));
	if (signbit(value)) {
		buffer_append_byte(out, '-');
		value = -value;
	}
	if (value < 1e15 && value == (double)(uint64_t)value) {
		buffer_append_u64(out, (uint64_t)value);
		return;
	}
	shortest_digits(value, text);
	const char *at = text;

	for (; *at != 'e'; at++)
		if (*at != '.')
			digits[count++] = *at;
	while (count > 1 && digits[count - 1] == '0')
		count--;
	int exponent = (int)strtol(at + 1, NULL, 10);

	if (value < 1e-6 || value >= 1e21)
		write_exponential(out, str_from(digits, count), exponent);
	else
		write_plain(out, str_from(digits, count), exponent);
}

/* Writes a scalar or an empty container; false when there are items to come. */
static bool write_leaf(struct buffer *out, const struct json_value *value)
{
	switch (value->type) {
	case JSON_NULL:
		buffer_append(out, STR("null"));
		return true;
	case JSON_BOOL:
		buffer_append(out, value->boolean ? STR("true") : STR("false"));
		return true;
	case JSON_INTEGER:
		buffer_append_i64(out, value->integer);
		return true;
	case JSON_DOUBLE:
		json_write_double(out, value->number);
		return true;
	case JSON_STRING:
		json_write_string(out, json_text(value));
		return true;
	case JSON_ARRAY:
		if (value->length == 0)
			buffer_append(out, STR("[]"));
		return value->length == 0;
	case JSON_OBJECT:
		if (value->length == 0)
			buffer_append(out, STR("{}"));
		return value->length == 0;
	}
	return true;
}

/* The item at the frame's position, its comma and key written. */
static const struct json_value *next_item(struct buffer *out, struct json_frame *frame)
{
	uint32_t i = frame->position++;

	if (i > 0)
		buffer_append_byte(out, ',');
	if (frame->source->type == JSON_ARRAY)
		return &frame->source->elements[i];
	json_write_string(out, frame->source->members[i].key);
	buffer_append_byte(out, ':');
	return &frame->source->members[i].value;
}

void json_write(struct buffer *out, const struct json_value *value)
{
	struct json_stack stack;

	json_stack_init(&stack);
	for (;;) {
		struct json_frame *frame;

		if (!write_leaf(out, value)) {
			buffer_append_byte(out, value->type == JSON_ARRAY ? '[' : '{');
			json_stack_push(&stack, (struct json_frame){.source = value});
		}
		while ((frame = json_stack_top(&stack)) &&
			frame->position == frame->source->length) {
			buffer_append_byte(out, frame->source->type == JSON_ARRAY ? ']' : '}');
			stack.length--;
		}
		if (!frame)
			break;
		value = next_item(out, frame);
	}
	json_stack_fini(&stack);
}

static void write_line_start(struct buffer *out, size_t depth)
{
	if (depth > INDENT_MAXIMUM)
		depth = INDENT_MAXIMUM;
	char *at = buffer_reserve(out, 2 * depth + 1);

	*at = '\n';
	memset(at + 1, ' ', 2 * depth);
	out->length += 2 * depth + 1;
}

/* The bytes of the string literal at the start of `text`, quotes included. */
static size_t literal_length(struct str text)
{
	size_t i = 1;

	while (i < text.length && text.data[i] != '"')
		i += text.data[i] == '\\' ? 2 : 1;
	return i < text.length ? i + 1 : text.length;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

void json_indent_text(struct buffer *out, struct str text)
{
	size_t depth = 0;
	bool opened =
		false; /* the last token opened a container: its line comes with its first item */

	for (size_t i = 0; i < text.length; i++) {
		char byte = text.data[i];

		if (is_blank(byte))
			continue;
		bool closes = byte == ']' || byte == '}';

		if (closes && depth > 0)
			depth--;
		if (opened != closes)
			write_line_start(out, depth);
		opened = byte == '[' || byte == '{';
		if (byte == '"') {
			size_t length = literal_length(str_skip(text, i));

			buffer_append(out, str_slice(text, i, length));
			i += length - 1;
			continue;
		}
		buffer_append_byte(out, byte);
		if (opened)
			depth++;
		else if (byte == ',')
			write_line_start(out, depth);
		else if (byte == ':')
			buffer_append_byte(out, ' ');
	}
}

void json_write_indented(struct buffer *out, const struct json_value *value)
{
	struct buffer compact = {0};

	json_write(&compact, value);
	json_indent_text(out, buffer_str(&compact));
	buffer_fini(&compact);
}

struct str json_to_str(struct arena *arena, const struct json_value *value)
{
	struct buffer out = {0};

	json_write(&out, value);
	struct str text = arena_copy(arena, buffer_str(&out));

	buffer_fini(&out);
	return text;
}
