/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_text.h"

#include "buffer.h"

#include <math.h>
#include <stdlib.h>

#define NUMBER_BYTES 72u

static struct str take(struct arena *arena, struct buffer *buffer)
{
	struct str text = arena_copy(arena, buffer_str(buffer));

	buffer_fini(buffer);
	return text;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void append_escaped(struct buffer *buffer, unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		buffer_append_byte(buffer, '\\');
		buffer_append_byte(buffer, (char)c);
		return;
	case '\n':
		buffer_append(buffer, STR("\\n"));
		return;
	case '\r':
		buffer_append(buffer, STR("\\r"));
		return;
	case '\t':
		buffer_append(buffer, STR("\\t"));
		return;
	default:
		buffer_printf(buffer, "\\x%02x", c);
	}
}

/* `is_text`: bytes from 0x80 stand for themselves. */
static struct str quote(struct arena *arena, struct str text, bool is_text)
{
	struct buffer buffer = {0};

	buffer_append_byte(&buffer, '"');
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (is_plain(c) || (is_text && c >= 0x80))
			buffer_append_byte(&buffer, (char)c);
		else
			append_escaped(&buffer, c);
	}
	buffer_append_byte(&buffer, '"');
	return take(arena, &buffer);
}

struct str sup_text_quote(struct arena *arena, struct str text)
{
	return quote(arena, text, true);
}

struct str sup_text_quote_config(struct arena *arena, struct str text)
{
	return quote(arena, text, false);
}

struct str sup_text_csv_field(struct arena *arena, struct str text)
{
	struct buffer buffer = {0};
	bool needs_quotes = str_is_empty(text) || str_find_byte(text, ',') < text.length ||
			    str_find_byte(text, '"') < text.length ||
			    str_find_byte(text, '\n') < text.length ||
			    str_find_byte(text, '\r') < text.length;

	if (!needs_quotes)
		return text;
	buffer_append_byte(&buffer, '"');
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] == '"')
			buffer_append_byte(&buffer, '"');
		buffer_append_byte(&buffer, text.data[i]);
	}
	buffer_append_byte(&buffer, '"');
	return take(arena, &buffer);
}

static bool take_quoted(struct arena *arena, struct str line, size_t *position,
	struct str *ret_field, const char **ret_complaint)
{
	char *field = arena_allocate_text(arena, line.length + 1);
	size_t length = 0, i = *position + 1;

	for (; i < line.length; i++) {
		if (line.data[i] == '"') {
			if (i + 1 >= line.length || line.data[i + 1] != '"')
				break;
			i++;
		}
		field[length++] = line.data[i];
	}
	*position = i;
	*ret_complaint = "extraneous or missing \" in quoted-field";
	if (i >= line.length || (i + 1 < line.length && line.data[i + 1] != ','))
		return false;
	*position = i + 1;
	*ret_field = str_from(field, length);
	return true;
}

bool sup_text_take_csv(struct arena *arena, struct str line, size_t *position,
	struct str *ret_field, bool *ret_has_more, const char **ret_complaint)
{
	struct str rest = str_skip(line, *position);

	if (str_starts_with(rest, STR("\""))) {
		if (!take_quoted(arena, line, position, ret_field, ret_complaint))
			return false;
	} else {
		struct str field = str_slice(rest, 0, str_find_byte(rest, ','));
		size_t bad = str_find_byte(field, '"');

		if (bad < field.length) {
			*position += bad;
			*ret_complaint = "bare \" in non-quoted field";
			return false;
		}
		*ret_field = field;
		*position += field.length;
	}
	*ret_has_more = *position < line.length;
	if (*ret_has_more)
		(*position)++;
	return true;
}

static unsigned take_base(struct str *digits)
{
	static const struct {
		struct str prefix;
		unsigned base;
	} prefixes[] = {{STR_INIT("0x"), 16}, {STR_INIT("0X"), 16}, {STR_INIT("0o"), 8},
		{STR_INIT("0O"), 8}, {STR_INIT("0b"), 2}, {STR_INIT("0B"), 2}};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		if (str_starts_with(*digits, prefixes[i].prefix)) {
			*digits = str_skip(*digits, 2);
			return prefixes[i].base;
		}
	}
	if (digits->length > 1 && digits->data[0] == '0') {
		*digits = str_skip(*digits, 1);
		return 8;
	}
	return 10;
}

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 99;
}

bool sup_text_parse_integer(struct str text, int64_t *ret_value, bool *ret_is_out_of_range)
{
	bool is_negative = str_starts_with(text, STR("-"));
	struct str digits = str_skip(text, is_negative || str_starts_with(text, STR("+")) ? 1 : 0);
	unsigned base = take_base(&digits);
	uint64_t limit = (uint64_t)INT64_MAX + (is_negative ? 1 : 0);
	uint64_t value = 0;
	bool is_too_large = false;

	*ret_is_out_of_range = false;
	if (str_is_empty(digits))
		return false;
	for (size_t i = 0; i < digits.length; i++) {
		unsigned digit = digit_of(digits.data[i]);

		if (digit >= base)
			return false;
		if (is_too_large || value > (limit - digit) / base)
			is_too_large = true;
		else
			value = value * base + digit;
	}
	*ret_is_out_of_range = is_too_large;
	if (is_too_large)
		return false;
	*ret_value = is_negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

bool sup_text_parse_float(struct str text, double *ret_value)
{
	char number[NUMBER_BYTES];
	char *end = NULL;

	if (text.length == 0 || text.length >= sizeof(number) ||
		strchr(" \t\n\v\f\r", text.data[0]))
		return false;
	memcpy(number, text.data, text.length);
	number[text.length] = '\0';
	*ret_value = strtod(number, &end);
	return strlen(number) == text.length && *end == '\0';
}

static bool scale_of(struct str suffix, double *ret)
{
	static const struct {
		const char *suffix;
		double scale;
	} scales[] = {{"", 1}, {"n", 1e-9}, {"u", 1e-6}, {"m", 1e-3}, {"k", 1e3}, {"M", 1e6},
		{"G", 1e9}, {"T", 1e12}, {"P", 1e15}, {"E", 1e18}, {"Ki", 0x1p10}, {"Mi", 0x1p20},
		{"Gi", 0x1p30}, {"Ti", 0x1p40}, {"Pi", 0x1p50}, {"Ei", 0x1p60}};

	for (size_t i = 0; i < sizeof(scales) / sizeof(*scales); i++) {
		if (str_equal_c(suffix, scales[i].suffix)) {
			*ret = scales[i].scale;
			return true;
		}
	}
	return false;
}

bool sup_text_parse_quantity(struct str text, double *ret_value)
{
	size_t end = str_starts_with(text, STR("-")) || str_starts_with(text, STR("+")) ? 1 : 0;
	size_t first = end;
	unsigned points = 0;
	double number, scale;

	while (end < text.length &&
		((text.data[end] >= '0' && text.data[end] <= '9') || text.data[end] == '.'))
		points += text.data[end++] == '.';
	if (points > 1 || end - first <= points)
		return false;
	/* 1e3 and 1E3 are quantities too; 1E alone is an exa. */
	if (end + 1 < text.length && (text.data[end] == 'e' || text.data[end] == 'E'))
		end = text.length;
	if (!sup_text_parse_float(str_slice(text, 0, end), &number) ||
		!scale_of(str_skip(text, end), &scale) || !isfinite(number * scale))
		return false;
	*ret_value = ceil(number * scale);
	return true;
}

static bool is_scheme(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!is_letter && (i == 0 || !((c >= '0' && c <= '9') || strchr("+-.", c))))
			return false;
	}
	return text.length > 0;
}

bool sup_text_parse_url(struct str text, struct sup_url *ret, const char **ret_complaint)
{
	size_t colon = str_find_byte(text, ':');
	size_t slash = str_find_byte(text, '/');
	struct sup_url url = {0};
	struct str rest = text;

	for (size_t i = 0; i < text.length; i++) {
		if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f) {
			*ret_complaint = "net/url: invalid control character in URL";
			return false;
		}
	}
	if (colon == 0) {
		*ret_complaint = "missing protocol scheme";
		return false;
	}
	if (colon < slash && colon < text.length) {
		url.scheme = str_slice(text, 0, colon);
		rest = str_skip(text, colon + 1);
		if (!is_scheme(url.scheme)) {
			*ret_complaint = "first path segment in URL cannot contain colon";
			return false;
		}
	}
	if (str_starts_with(rest, STR("//"))) {
		rest = str_skip(rest, 2);
		url.host = str_slice(rest, 0, str_find_byte(rest, '/'));
		url.host = str_slice(url.host, 0, str_find_byte(url.host, '?'));
		url.host = str_slice(url.host, 0, str_find_byte(url.host, '#'));
		if (str_find_byte(url.host, ' ') < url.host.length) {
			*ret_complaint = "invalid character \" \" in host name";
			return false;
		}
	}
	*ret = url;
	return true;
}

bool sup_text_parse_version(struct str text, uint64_t *ret_major, uint64_t *ret_minor)
{
	struct str rest = str_skip(text, str_starts_with(text, STR("v")) ? 1 : 0);
	struct str major = str_split(&rest, '.');
	size_t end = 0;

	while (end < rest.length && rest.data[end] >= '0' && rest.data[end] <= '9')
		end++;
	return str_parse_u64(major, UINT16_MAX, ret_major) &&
	       str_parse_u64(str_slice(rest, 0, end), UINT16_MAX, ret_minor);
}
