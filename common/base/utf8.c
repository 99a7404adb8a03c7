/* SPDX-License-Identifier: Apache-2.0 */
#include "utf8.h"

#include "assertion.h"

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* Where the second byte must lie: excludes overlong forms, surrogates and what is above 10FFFF. */
static bool second_fits(unsigned char lead, unsigned char second)
{
	switch (lead) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return is_continuation(second);
	}
}

size_t utf8_sequence_length(struct str s)
{
	const unsigned char *bytes = (const unsigned char *)s.data;
	size_t length;

	if (s.length == 0)
		return 0;
	if (bytes[0] < 0x80)
		return 1;
	if (bytes[0] < 0xc2 || bytes[0] > 0xf4)
		return 0;
	length = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
	if (s.length < length || !second_fits(bytes[0], bytes[1]))
		return 0;
	for (size_t i = 2; i < length; i++)
		if (!is_continuation(bytes[i]))
			return 0;
	return length;
}

size_t utf8_ascii_length(struct str s)
{
	size_t i = 0;

	for (; i + 8 <= s.length; i += 8) {
		uint64_t word;

		memcpy(&word, s.data + i, 8);
		if (word & 0x8080808080808080u)
			break;
	}
	while (i < s.length && (unsigned char)s.data[i] < 0x80)
		i++;
	return i;
}

size_t utf8_valid_length(struct str s)
{
	size_t i = utf8_ascii_length(s);

	while (i < s.length) {
		size_t length = utf8_sequence_length(str_skip(s, i));

		if (length == 0)
			break;
		i += length;
		if (length == 1)
			i += utf8_ascii_length(str_skip(s, i));
	}
	return i;
}

size_t utf8_encode(uint32_t code_point, char out[4])
{
	ASSERT(code_point <= 0x10ffff && (code_point < 0xd800 || code_point > 0xdfff));
	if (code_point < 0x80) {
		out[0] = (char)code_point;
		return 1;
	}
	if (code_point < 0x800) {
		out[0] = (char)(0xc0 | code_point >> 6);
		out[1] = (char)(0x80 | (code_point & 0x3f));
		return 2;
	}
	if (code_point < 0x10000) {
		out[0] = (char)(0xe0 | code_point >> 12);
		out[1] = (char)(0x80 | (code_point >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code_point & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code_point >> 18);
	out[1] = (char)(0x80 | (code_point >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code_point >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code_point & 0x3f));
	return 4;
}
