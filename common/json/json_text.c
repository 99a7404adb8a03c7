/* SPDX-License-Identifier: Apache-2.0 */
#include "json_text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "assertion.h"
#include "utf8.h"

/* Digits of a number that can matter to its double, give or take one that is not there. */
#define SIGNIFICANT_MAXIMUM 40
#define EXPONENT_MAXIMUM    100000

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The value of "\uXXXX" at the start of `s`, or -1 when there is none. */
static int32_t escaped_unit(struct str s)
{
	int32_t unit = 0;

	if (s.length < 6 || s.data[0] != '\\' || s.data[1] != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		int digit = hex_digit(s.data[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* Decodes the \uXXXX, or the pair of them, at the start of `raw`; returns the bytes it took. */
static size_t unescape_unicode(struct str raw, char *out, size_t *ret_written)
{
	int32_t unit = escaped_unit(raw);
	uint32_t code_point = 0xfffd;
	size_t taken = 6;

	if (unit >= 0xd800 && unit <= 0xdbff) {
		int32_t low = escaped_unit(str_skip(raw, 6));

		if (low >= 0xdc00 && low <= 0xdfff) {
			code_point = 0x10000 + ((uint32_t)(unit - 0xd800) << 10) +
				     (uint32_t)(low - 0xdc00);
			taken = 12;
		}
	} else if (unit >= 0 && (unit < 0xdc00 || unit > 0xdfff)) {
		code_point = (uint32_t)unit;
	}
	*ret_written = utf8_encode(code_point, out);
	return taken;
}

static char unescape_letter(char letter)
{
	switch (letter) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return letter;
	}
}

struct str json_text_repair(struct arena *arena, struct str text)
{
	size_t valid = utf8_valid_length(text);

	if (valid == text.length)
		return arena_copy(arena, text);
	char *out = arena_allocate_text(arena, valid + (text.length - valid) * 3 + 1);
	size_t at = 0;

	while (!str_is_empty(text)) {
		valid = utf8_valid_length(text);
		if (valid)
			memcpy(out + at, text.data, valid);
		at += valid;
		text = str_skip(text, valid);
		if (str_is_empty(text))
			break;
		memcpy(out + at, UTF8_REPLACEMENT.data, 3);
		at += 3;
		text = str_skip(text, 1);
	}
	out[at] = '\0';
	return str_from(out, at);
}

struct str json_text_unescape(struct arena *arena, struct str raw)
{
	if (utf8_valid_length(raw) != raw.length)
		raw = json_text_repair(arena, raw);
	char *out = arena_allocate_text(arena, raw.length + 1);
	size_t at = 0;

	for (size_t i = 0; i < raw.length;) {
		if (raw.data[i] != '\\') {
			out[at++] = raw.data[i++];
			continue;
		}
		ASSERT(i + 1 < raw.length);
		if (raw.data[i + 1] == 'u') {
			size_t written;

			i += unescape_unicode(str_skip(raw, i), out + at, &written);
			at += written;
			continue;
		}
		out[at++] = unescape_letter(raw.data[i + 1]);
		i += 2;
	}
	out[at] = '\0';
	return str_from(out, at);
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* The exponent of a literal, "e+12", kept within EXPONENT_MAXIMUM. */
static int64_t parse_exponent(struct str text)
{
	int64_t exponent = 0;
	bool negative = false;
	size_t i = 1;

	if (i < text.length && (text.data[i] == '-' || text.data[i] == '+'))
		negative = text.data[i++] == '-';
	for (; i < text.length && exponent < EXPONENT_MAXIMUM; i++)
		exponent = exponent * 10 + (text.data[i] - '0');
	return negative ? -exponent : exponent;
}

/*
 * Brings a literal of any length into at most 64 characters with the same double: leading zeros
 * go, digits past the significant ones become one sticky '1', the rest is in the exponent.
 */
static void shorten_number(struct str literal, char out[80])
{
	char digits[SIGNIFICANT_MAXIMUM + 2];
	size_t count = 0;
	int64_t exponent = 0;
	bool negative = literal.data[0] == '-';
	bool in_fraction = false;
	bool sticky = false;

	for (size_t i = negative; i < literal.length; i++) {
		char byte = literal.data[i];

		if (byte == '.') {
			in_fraction = true;
			continue;
		}
		if (!is_digit(byte)) {
			exponent += parse_exponent(str_skip(literal, i));
			break;
		}
		exponent -= in_fraction;
		if (count == 0 && byte == '0')
			continue;
		if (count < SIGNIFICANT_MAXIMUM) {
			digits[count++] = byte;
		} else {
			sticky = sticky || byte != '0';
			exponent++;
		}
	}
	if (sticky) {
		digits[count++] = '1';
		exponent--;
	}
	snprintf(out, 80, "%s%.*se%lld", negative ? "-" : "", count ? (int)count : 1,
		count ? digits : "0", (long long)exponent);
}

/* Up to 15 digits and a small power of ten are exact in a double, so one rounding is right. */
static bool quick_double(struct str literal, double *ret)
{
	static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
		1e11, 1e12, 1e13, 1e14, 1e15};
	uint64_t digits = 0;
	size_t fraction = 0;
	bool in_fraction = false;
	bool negative = literal.data[0] == '-';

	if (literal.length > 16)
		return false;
	for (size_t i = negative; i < literal.length; i++) {
		char byte = literal.data[i];

		if (byte == '.') {
			in_fraction = true;
			continue;
		}
		if (!is_digit(byte))
			return false;
		digits = digits * 10 + (uint64_t)(byte - '0');
		fraction += in_fraction;
	}
	if (digits >= (uint64_t)1e15)
		return false;
	double value = (double)digits / powers[fraction];

	*ret = negative ? -value : value;
	return true;
}

bool json_text_number(struct str literal, struct json_value *ret)
{
	int64_t integer;
	double number;

	if (literal.length <= 20 && str_parse_i64(literal, &integer)) {
		*ret = json_integer(integer);
		return true;
	}
	if (!quick_double(literal, &number)) {
		char text[80];

		shorten_number(literal, text);
		number = strtod(text, NULL);
		if (isinf(number))
			return false;
	}
	*ret = json_double(number);
	return true;
}

/* ---- What is wrong with a text that is not JSON. ---- */

static int fail_at_end(struct error *err)
{
	return error_set(err, ERROR_BAD_REQUEST, "unexpected end of JSON input");
}

/* The byte as Go quotes the character of that number. */
static const char *quote_byte(unsigned char byte, char out[16])
{
	static const char escapes[256] = {['\a'] = 'a',
		['\b'] = 'b',
		['\f'] = 'f',
		['\n'] = 'n',
		['\r'] = 'r',
		['\t'] = 't',
		['\v'] = 'v',
		['\\'] = '\\',
		['\''] = '\''};

	if (escapes[byte])
		snprintf(out, 16, "'\\%c'", escapes[byte]);
	else if (byte < 0x20 || byte == 0x7f)
		snprintf(out, 16, "'\\x%02x'", byte);
	else if (byte < 0x7f)
		snprintf(out, 16, "'%c'", byte);
	else if (byte <= 0xa0 || byte == 0xad)
		snprintf(out, 16, "'\\u%04x'", byte);
	else
		snprintf(out, 16, "'%c%c'", 0xc0 | byte >> 6, 0x80 | (byte & 0x3f));
	return out;
}

static int fail_at(struct str rest, const char *context, struct error *err)
{
	char quoted[16];

	if (str_is_empty(rest))
		return fail_at_end(err);
	return error_set(err, ERROR_BAD_REQUEST, "invalid character %s %s",
		quote_byte((unsigned char)rest.data[0], quoted), context);
}

static struct str skip_blanks(struct str s)
{
	while (s.length > 0 &&
		(*s.data == ' ' || *s.data == '\t' || *s.data == '\r' || *s.data == '\n'))
		s = str_skip(s, 1);
	return s;
}

static int explain_string(struct str rest, struct error *err)
{
	for (size_t i = 1; i < rest.length; i++) {
		unsigned char byte = (unsigned char)rest.data[i];

		if (byte == '"')
			break;
		if (byte < 0x20)
			return fail_at(str_skip(rest, i), "in string literal", err);
		if (byte != '\\')
			continue;
		i++;
		if (i == rest.length)
			break;
		if (rest.data[i] != 'u') {
			if (!strchr("\"\\/bfnrt", rest.data[i]) || rest.data[i] == '\0')
				return fail_at(str_skip(rest, i), "in string escape code", err);
			continue;
		}
		for (size_t digit = 0; digit < 4; digit++) {
			i++;
			if (i == rest.length || hex_digit(rest.data[i]) < 0)
				return fail_at(str_skip(rest, i),
					"in \\u hexadecimal character escape", err);
		}
	}
	return fail_at_end(err);
}

static struct str skip_digits(struct str s)
{
	while (s.length > 0 && is_digit(s.data[0]))
		s = str_skip(s, 1);
	return s;
}

static bool starts_with_digit(struct str s)
{
	return s.length > 0 && is_digit(s.data[0]);
}

static int explain_number(struct str rest, struct error *err)
{
	if (rest.data[0] == '-')
		rest = str_skip(rest, 1);
	if (!starts_with_digit(rest))
		return fail_at(rest, "in numeric literal", err);
	rest = rest.data[0] == '0' ? str_skip(rest, 1) : skip_digits(rest);
	if (str_starts_with(rest, STR("."))) {
		rest = str_skip(rest, 1);
		if (!starts_with_digit(rest))
			return fail_at(rest, "after decimal point in numeric literal", err);
		rest = skip_digits(rest);
	}
	if (str_starts_with(rest, STR("e")) || str_starts_with(rest, STR("E")))
		rest = str_skip(rest, 1);
	if (str_starts_with(rest, STR("+")) || str_starts_with(rest, STR("-")))
		rest = str_skip(rest, 1);
	return fail_at(rest, "in exponent of numeric literal", err);
}

static int explain_word(struct str rest, struct str word, struct error *err)
{
	for (size_t i = 1; i < word.length; i++) {
		if (i >= rest.length)
			return fail_at_end(err);
		if (rest.data[i] == word.data[i])
			continue;
		char quoted[16];

		return error_set(err, ERROR_BAD_REQUEST,
			"invalid character %s in literal %.*s (expecting '%c')",
			quote_byte((unsigned char)rest.data[i], quoted), STR_ARG(word),
			word.data[i]);
	}
	return fail_at_end(err);
}

static int explain_value(struct str rest, struct error *err)
{
	if (str_is_empty(rest))
		return fail_at_end(err);
	switch (rest.data[0]) {
	case '"':
		return explain_string(rest, err);
	case 't':
		return explain_word(rest, STR("true"), err);
	case 'f':
		return explain_word(rest, STR("false"), err);
	case 'n':
		return explain_word(rest, STR("null"), err);
	default:
		if (rest.data[0] == '-' || is_digit(rest.data[0]))
			return explain_number(rest, err);
		return fail_at(rest, "looking for beginning of value", err);
	}
}

static int explain_key(struct str rest, struct error *err)
{
	if (!str_starts_with(rest, STR("\"")))
		return fail_at(rest, "looking for beginning of object key string", err);
	return explain_string(rest, err);
}

int json_text_explain(enum json_text_state state, struct str rest, struct error *err)
{
	rest = skip_blanks(rest);
	bool is_comma = str_starts_with(rest, STR(","));
	struct str next = skip_blanks(str_skip(rest, 1));

	switch (state) {
	case JSON_TEXT_START:
	case JSON_TEXT_IN_ARRAY:
		return explain_value(rest, err);
	case JSON_TEXT_IN_OBJECT:
		return explain_key(rest, err);
	case JSON_TEXT_AFTER_KEY:
		if (!str_starts_with(rest, STR(":")))
			return fail_at(rest, "after object key", err);
		return explain_value(next, err);
	case JSON_TEXT_AFTER_ELEMENT:
		if (!is_comma)
			return fail_at(rest, "after array element", err);
		return explain_value(next, err);
	case JSON_TEXT_AFTER_MEMBER:
		if (!is_comma)
			return fail_at(rest, "after object key:value pair", err);
		return explain_key(next, err);
	case JSON_TEXT_AFTER_TOP:
		break;
	}
	return fail_at(rest, "after top-level value", err);
}
