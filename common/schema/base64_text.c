/* SPDX-License-Identifier: Apache-2.0 */
#include "base64_text.h"

static const char alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0 to 63, or -1. */
static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_line_break(char c)
{
	return c == '\n' || c == '\r';
}

static struct str without_line_breaks(struct arena *arena, struct str text)
{
	char *copy = arena_allocate_text(arena, text.length);
	size_t length = 0;

	for (size_t i = 0; i < text.length; i++)
		if (!is_line_break(text.data[i]))
			copy[length++] = text.data[i];
	return str_from(copy, length);
}

/* Padding may stand only at the end of the last group. */
static bool check_digits(struct str text, size_t *ret_offset)
{
	size_t digits = 0;
	size_t padding = 0;

	for (size_t i = 0; i < text.length; i++) {
		if (is_line_break(text.data[i]))
			continue;
		*ret_offset = i;
		if (text.data[i] == '=') {
			padding++;
			if ((digits + padding) % 4 < 3 && (digits + padding) % 4 != 0)
				return false;
			if (padding > 2)
				return false;
		} else if (padding > 0 || digit_value(text.data[i]) < 0) {
			return false;
		} else {
			digits++;
		}
	}
	*ret_offset = text.length;
	return (digits + padding) % 4 == 0;
}

bool base64_text_canonicalise(
	struct arena *arena, struct str text, struct str *ret_canonical, size_t *ret_offset)
{
	size_t digits;
	int last;

	if (!check_digits(text, ret_offset))
		return false;
	if (text.length > 0 &&
		(memchr(text.data, '\n', text.length) || memchr(text.data, '\r', text.length)))
		text = without_line_breaks(arena, text);
	digits = str_find_byte(text, '=');
	*ret_canonical = text;
	if (digits == text.length)
		return true;
	last = digit_value(text.data[digits - 1]);

	int kept = text.length - digits == 2 ? last & 0x30 : last & 0x3c;

	if (kept != last) {
		char *copy = arena_allocate_text(arena, text.length);

		memcpy(copy, text.data, text.length);
		copy[digits - 1] = alphabet[kept];
		*ret_canonical = str_from(copy, text.length);
	}
	return true;
}

struct str base64_text_encode(struct arena *arena, struct str bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = arena_allocate_text(arena, (bytes.length + 2) / 3 * 4);
	size_t length = 0;

	for (size_t i = 0; i < bytes.length; i += 3) {
		size_t left = bytes.length - i;
		uint32_t group = (uint32_t)(unsigned char)bytes.data[i] << 16;

		if (left > 1)
			group |= (uint32_t)(unsigned char)bytes.data[i + 1] << 8;
		if (left > 2)
			group |= (unsigned char)bytes.data[i + 2];
		out[length++] = digits[group >> 18];
		out[length++] = digits[group >> 12 & 63];
		out[length++] = left > 1 ? digits[group >> 6 & 63] : '=';
		out[length++] = left > 2 ? digits[group & 63] : '=';
	}
	return str_from(out, length);
}

struct str base64_text_decode(struct arena *arena, struct str text)
{
	char *out = arena_allocate_text(arena, text.length / 4 * 3 + 3);
	size_t length = 0;
	uint32_t bits = 0;
	unsigned bit_count = 0;

	for (size_t i = 0; i < text.length; i++) {
		int value = digit_value(text.data[i]);

		if (is_line_break(text.data[i]))
			continue;
		if (value < 0)
			break;
		bits = bits << 6 | (uint32_t)value;
		bit_count += 6;
		if (bit_count >= 8) {
			bit_count -= 8;
			out[length++] = (char)(bits >> bit_count & 255);
		}
	}
	return str_from(out, length);
}
