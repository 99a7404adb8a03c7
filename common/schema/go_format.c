/* SPDX-License-Identifier: Apache-2.0 */
#include "go_format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_writer.h"
#include "utf8.h"

/* The code point at text[0] and its length in bytes; length 1 and U+FFFD when malformed. */
static uint32_t decode_character(struct str text, size_t *ret_length)
{
	static const uint8_t lead_masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	size_t length = utf8_sequence_length(text);
	uint32_t point = (unsigned char)text.data[0] & lead_masks[length];

	*ret_length = length ? length : 1;
	if (length == 0)
		return 0xfffd;
	for (size_t i = 1; i < length; i++)
		point = point << 6 | ((unsigned char)text.data[i] & 0x3f);
	return point;
}

/* The controls, blanks, format and private characters that Go's IsPrint refuses. */
static bool is_printing(uint32_t point)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{0x7f, 0xa0},
		{0xad, 0xad},
		{0x600, 0x605},
		{0x61c, 0x61c},
		{0x1680, 0x1680},
		{0x180e, 0x180e},
		{0x2000, 0x200f},
		{0x2028, 0x202f},
		{0x205f, 0x206f},
		{0x3000, 0x3000},
		{0xd800, 0xf8ff},
		{0xfeff, 0xfeff},
		{0xfff0, 0xfffb},
		{0xfffe, 0xffff},
		{0xe0000, 0x10ffff},
	};

	if (point < 0x20)
		return false;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (point >= hidden[i].first && point <= hidden[i].last)
			return false;
	return true;
}

static void quote_character(struct buffer *out, uint32_t point, struct str bytes)
{
	static const char names[] = "abtnvfr"; /* U+0007 to U+000D */

	if (point == '"' || point == '\\')
		buffer_printf(out, "\\%c", (char)point);
	else if (point == 0xfffd && bytes.length == 1)
		buffer_printf(out, "\\x%02x", (unsigned char)bytes.data[0]);
	else if (is_printing(point))
		buffer_append(out, bytes);
	else if (point >= 7 && point <= 13)
		buffer_printf(out, "\\%c", names[point - 7]);
	else if (point < 0x20 || point == 0x7f)
		buffer_printf(out, "\\x%02x", point);
	else if (point < 0x10000)
		buffer_printf(out, "\\u%04x", point);
	else
		buffer_printf(out, "\\U%08x", point);
}

void go_quote(struct buffer *out, struct str text)
{
	buffer_append_byte(out, '"');
	while (text.length > 0) {
		size_t length;
		uint32_t point = decode_character(text, &length);

		quote_character(out, point, str_slice(text, 0, length));
		text = str_skip(text, length);
	}
	buffer_append_byte(out, '"');
}

struct str go_quoted(struct arena *arena, struct str text)
{
	struct buffer out = {0};

	go_quote(&out, text);

	struct str quoted = arena_copy(arena, buffer_str(&out));

	buffer_fini(&out);
	return quoted;
}

void go_format_double(struct buffer *out, double value)
{
	char text[40];
	int precision = 0;

	if (!isfinite(value)) {
		buffer_append(out, isnan(value) ? STR("NaN")
				   : value > 0  ? STR("+Inf")
						: STR("-Inf"));
		return;
	}
	for (; precision < 17; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, value);
		if (strtod(text, NULL) == value)
			break;
	}

	int exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);

	if (exponent >= -4 && exponent < 6)
		snprintf(text, sizeof(text), "%.*f",
			precision > exponent ? precision - exponent : 0, value);
	buffer_append(out, str_from_c(text));
}

static void write_bounded(struct buffer *out, const struct json_value *value, size_t end)
{
	if (out->length >= end)
		return;
	if (value->type == JSON_STRING) {
		json_write_string(out, str_slice(json_text(value), 0, end - out->length));
	} else if (value->type == JSON_ARRAY) {
		buffer_append_byte(out, '[');
		for (uint32_t i = 0; i < value->length && out->length < end; i++) {
			if (i > 0)
				buffer_append_byte(out, ',');
			write_bounded(out, &value->elements[i], end);
		}
		buffer_append_byte(out, ']');
	} else if (value->type == JSON_OBJECT) {
		buffer_append_byte(out, '{');
		for (uint32_t i = 0; i < value->length && out->length < end; i++) {
			if (i > 0)
				buffer_append_byte(out, ',');
			json_write_string(
				out, str_slice(value->members[i].key, 0, end - out->length));
			buffer_append_byte(out, ':');
			write_bounded(out, &value->members[i].value, end);
		}
		buffer_append_byte(out, '}');
	} else {
		json_write(out, value);
	}
}

/* The depth is bounded too: each level writes at least one byte. */
void go_write_bounded(struct buffer *out, const struct json_value *value, size_t maximum)
{
	write_bounded(out, value, out->length + maximum);
}
