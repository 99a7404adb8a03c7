/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml_scalar.h"

#include <math.h>
#include <stdlib.h>

/* Numbers longer than this are strings; a number's text is copied to be NUL-terminated. */
#define NUMBER_MAXIMUM 512

static const struct {
	struct str text;
	struct json_value value;
} words[] = {
	{STR_INIT(""), {JSON_NULL}},
	{STR_INIT("~"), {JSON_NULL}},
	{STR_INIT("null"), {JSON_NULL}},
	{STR_INIT("Null"), {JSON_NULL}},
	{STR_INIT("NULL"), {JSON_NULL}},
#define TRUE(word)                                                                                 \
	{                                                                                          \
		STR_INIT(word),                                                                    \
		{                                                                                  \
			JSON_BOOL, .boolean = true                                                 \
		}                                                                                  \
	}
#define FALSE(word)                                                                                \
	{                                                                                          \
		STR_INIT(word),                                                                    \
		{                                                                                  \
			JSON_BOOL, .boolean = false                                                \
		}                                                                                  \
	}
	TRUE("y"),
	TRUE("Y"),
	TRUE("yes"),
	TRUE("Yes"),
	TRUE("YES"),
	TRUE("true"),
	TRUE("True"),
	TRUE("TRUE"),
	TRUE("on"),
	TRUE("On"),
	TRUE("ON"),
	FALSE("n"),
	FALSE("N"),
	FALSE("no"),
	FALSE("No"),
	FALSE("NO"),
	FALSE("false"),
	FALSE("False"),
	FALSE("FALSE"),
	FALSE("off"),
	FALSE("Off"),
	FALSE("OFF"),
#undef TRUE
#undef FALSE
#define NUMBER(word, value)                                                                        \
	{                                                                                          \
		STR_INIT(word),                                                                    \
		{                                                                                  \
			JSON_DOUBLE, .number = value                                               \
		}                                                                                  \
	}
	NUMBER(".nan", NAN),
	NUMBER(".NaN", NAN),
	NUMBER(".NAN", NAN),
	NUMBER(".inf", INFINITY),
	NUMBER(".Inf", INFINITY),
	NUMBER(".INF", INFINITY),
	NUMBER("+.inf", INFINITY),
	NUMBER("+.Inf", INFINITY),
	NUMBER("+.INF", INFINITY),
	NUMBER("-.inf", -INFINITY),
	NUMBER("-.Inf", -INFINITY),
	NUMBER("-.INF", -INFINITY),
#undef NUMBER
};

static bool find_word(struct str text, struct json_value *ret)
{
	if (text.length > 5)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_equal(words[i].text, text)) {
			*ret = words[i].value;
			return true;
		}
	}
	return false;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Without underscores; false when it is too long to be a number. */
static bool strip_underscores(struct str text, char out[NUMBER_MAXIMUM], struct str *ret)
{
	size_t length = 0;

	if (text.length >= NUMBER_MAXIMUM)
		return false;
	for (size_t i = 0; i < text.length; i++)
		if (text.data[i] != '_')
			out[length++] = text.data[i];
	out[length] = '\0';
	*ret = str_from(out, length);
	return true;
}

static int digit_value(char byte)
{
	if (is_digit(byte))
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : 16;
}

/* Takes 0x, 0o, 0b or a leading 0 off the digits; returns the base. */
static int take_base(struct str *digits)
{
	char letter;

	if (digits->length < 2 || digits->data[0] != '0')
		return 10;
	letter = (char)(digits->data[1] | 0x20);
	if (letter == 'x' || letter == 'o' || letter == 'b') {
		*digits = str_skip(*digits, 2);
		return letter == 'x' ? 16 : letter == 'o' ? 8 : 2;
	}
	*digits = str_skip(*digits, 1);
	return 8;
}

static struct json_value number_value(double number)
{
	if (number >= -0x1p63 && number < 0x1p63 && number == (double)(int64_t)number)
		return json_integer((int64_t)number);
	return json_double(number);
}

/* Go's ParseInt with base 0; what is past 64 bits becomes a double. */
static bool parse_integer(struct str text, struct json_value *ret)
{
	bool negative = text.length > 0 && text.data[0] == '-';
	struct str digits = text;
	uint64_t value = 0;
	double large = 0;
	bool overflow = false;

	if (text.length > 0 && (text.data[0] == '-' || text.data[0] == '+'))
		digits = str_skip(digits, 1);
	int base = take_base(&digits);

	if (str_is_empty(digits))
		return false;
	for (size_t i = 0; i < digits.length; i++) {
		int digit = digit_value(digits.data[i]);

		if (digit >= base)
			return false;
		large = large * base + digit;
		overflow = overflow || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
			   __builtin_add_overflow(value, (uint64_t)digit, &value);
	}
	if (!overflow && value <= (uint64_t)INT64_MAX + negative) {
		*ret = json_integer(negative ? (int64_t)(0 - value) : (int64_t)value);
		return true;
	}
	if (isinf(large))
		return false;
	/* A decimal is better converted as a whole: that rounds once. */
	if (base == 10)
		large = fabs(strtod(text.data, NULL));
	*ret = json_double(negative ? -large : large);
	return true;
}

static size_t count_digits(struct str text, size_t from)
{
	size_t i = from;

	while (i < text.length && is_digit(text.data[i]))
		i++;
	return i - from;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool has_float_form(struct str text)
{
	size_t i = text.length > 0 && (text.data[0] == '-' || text.data[0] == '+');
	size_t whole = count_digits(text, i);
	size_t fraction = 0;

	i += whole;
	if (i < text.length && text.data[i] == '.') {
		fraction = count_digits(text, i + 1);
		i += 1 + fraction;
	}
	if (whole == 0 && fraction == 0)
		return false;
	if (i < text.length && (text.data[i] | 0x20) == 'e') {
		i++;
		if (i < text.length && (text.data[i] == '-' || text.data[i] == '+'))
			i++;
		size_t exponent = count_digits(text, i);

		if (exponent == 0)
			return false;
		i += exponent;
	}
	return i == text.length;
}

static bool parse_float(struct str text, struct json_value *ret)
{
	if (!has_float_form(text))
		return false;
	double number = strtod(text.data, NULL);

	if (isinf(number))
		return false;
	*ret = number_value(number);
	return true;
}

static bool parse_number(struct str text, struct json_value *ret)
{
	char first = str_is_empty(text) ? '\0' : text.data[0];
	char plain[NUMBER_MAXIMUM];
	struct str number;

	if (!is_digit(first) && first != '-' && first != '+' && first != '.')
		return false;
	if (!strip_underscores(text, plain, &number))
		return false;
	if (first == '.')
		return number.length == text.length && parse_float(number, ret);
	return parse_integer(number, ret) || parse_float(number, ret);
}

struct json_value yaml_scalar_resolve(struct str text)
{
	struct json_value value;

	if (find_word(text, &value) || parse_number(text, &value))
		return value;
	return json_string(text);
}

static bool is_date(struct str text)
{
	return text.length >= 8 && count_digits(text, 0) == 4 && text.data[4] == '-' &&
	       is_digit(text.data[5]);
}

/* Sexagesimal numbers of YAML 1.1, which other readers know: [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+... */
static bool is_base_60(struct str text)
{
	size_t i = text.data[0] == '-' || text.data[0] == '+';
	bool has_colon = false;

	if (i >= text.length || !is_digit(text.data[i]))
		return false;
	for (; i < text.length; i++) {
		has_colon = has_colon || text.data[i] == ':';
		if (!is_digit(text.data[i]) && !strchr(":_.", text.data[i]))
			return false;
	}
	return has_colon && is_digit(text.data[text.length - 1]);
}

bool yaml_scalar_is_string(struct str text)
{
	if (str_is_empty(text))
		return false;
	return yaml_scalar_resolve(text).type == JSON_STRING && !is_date(text) &&
	       !is_base_60(text) && !str_equal(text, STR("<<"));
}
