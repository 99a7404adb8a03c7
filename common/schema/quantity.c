/* SPDX-License-Identifier: Apache-2.0 */
#include "quantity.h"

#include <stdio.h>

#include "assertion.h"
#include "schema_engine.h"

/*
 * A quantity is a decimal integer, one digit a byte, times a power of ten. Binary suffixes are
 * multiplied in, ten bits at a time, so that nothing is ever rounded but on purpose.
 */
#define DIGITS_FRONT   24 /* room for the digits that 2^60 and a carry add */
#define DIGITS_BYTES   (DIGITS_FRONT + QUANTITY_TEXT_MAXIMUM + 8)
#define EXPONENT_BOUND 1000000000

enum quantity_format {
	FORMAT_DECIMAL_SI,
	FORMAT_BINARY_SI,
	FORMAT_DECIMAL_EXPONENT
};

struct quantity {
	uint8_t digits[DIGITS_BYTES]; /* digits[first..end), most significant first */
	size_t first;
	size_t end;
	int64_t exponent; /* of ten */
	bool negative;
	bool as_written; /* upstream keeps the text as it stands */
	enum quantity_format format;
};

struct quantity_parts {
	struct str integer; /* without leading zeros */
	struct str fraction;
	struct str suffix;
	bool negative;
};

static const char *const reason_format = "quantities must match the regular expression "
					 "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
static const char *const reason_suffix = "unable to parse quantity's suffix";

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct str take_digits(struct str *text)
{
	size_t length = 0;

	while (length < text->length && is_digit(text->data[length]))
		length++;

	struct str digits = str_slice(*text, 0, length);

	*text = str_skip(*text, length);
	return digits;
}

static bool split_parts(struct str text, struct quantity_parts *ret_parts)
{
	*ret_parts = (struct quantity_parts){0};
	if (text.length > 0 && (text.data[0] == '-' || text.data[0] == '+')) {
		ret_parts->negative = text.data[0] == '-';
		text = str_skip(text, 1);
	}
	ret_parts->integer = take_digits(&text);
	while (ret_parts->integer.length > 0 && ret_parts->integer.data[0] == '0')
		ret_parts->integer = str_skip(ret_parts->integer, 1);
	if (text.length > 0 && text.data[0] == '.') {
		text = str_skip(text, 1);
		ret_parts->fraction = take_digits(&text);
	}
	ret_parts->suffix = text;
	while (text.length > 0 && memchr("eEinumkKMGTP", text.data[0], 12))
		text = str_skip(text, 1);
	if (text.length > 0 && (text.data[0] == '-' || text.data[0] == '+'))
		text = str_skip(text, 1);
	take_digits(&text);
	return str_is_empty(text);
}

static const struct {
	char text[3];
	uint8_t format;
	int8_t exponent;
} suffixes[] = {
	{"n", FORMAT_DECIMAL_SI, -9},
	{"u", FORMAT_DECIMAL_SI, -6},
	{"m", FORMAT_DECIMAL_SI, -3},
	{"", FORMAT_DECIMAL_SI, 0},
	{"k", FORMAT_DECIMAL_SI, 3},
	{"M", FORMAT_DECIMAL_SI, 6},
	{"G", FORMAT_DECIMAL_SI, 9},
	{"T", FORMAT_DECIMAL_SI, 12},
	{"P", FORMAT_DECIMAL_SI, 15},
	{"E", FORMAT_DECIMAL_SI, 18},
	{"Ki", FORMAT_BINARY_SI, 10},
	{"Mi", FORMAT_BINARY_SI, 20},
	{"Gi", FORMAT_BINARY_SI, 30},
	{"Ti", FORMAT_BINARY_SI, 40},
	{"Pi", FORMAT_BINARY_SI, 50},
	{"Ei", FORMAT_BINARY_SI, 60},
};

#define SUFFIX_COUNT (sizeof(suffixes) / sizeof(suffixes[0]))

static bool parse_suffix(struct str text, enum quantity_format *ret_format, int64_t *ret_exponent)
{
	for (size_t i = 0; i < SUFFIX_COUNT; i++) {
		if (str_equal_c(text, suffixes[i].text)) {
			*ret_format = suffixes[i].format;
			*ret_exponent = suffixes[i].exponent;
			return true;
		}
	}
	if (text.length < 2 || (text.data[0] != 'e' && text.data[0] != 'E'))
		return false;
	text = str_skip(text, 1);
	if (text.data[0] == '+')
		text = str_skip(text, 1);
	*ret_format = FORMAT_DECIMAL_EXPONENT;
	return str_parse_i64(text, ret_exponent) && *ret_exponent > -EXPONENT_BOUND &&
	       *ret_exponent < EXPONENT_BOUND;
}

static void append_digits(struct quantity *quantity, struct str digits)
{
	for (size_t i = 0; i < digits.length; i++)
		quantity->digits[quantity->end++] = (uint8_t)(digits.data[i] - '0');
}

/* Without zeros in front; zero itself has no digits. */
static void strip_front(struct quantity *quantity)
{
	while (quantity->first < quantity->end && quantity->digits[quantity->first] == 0)
		quantity->first++;
	if (quantity->first == quantity->end)
		quantity->negative = false;
}

static void strip_back(struct quantity *quantity)
{
	while (quantity->first < quantity->end && quantity->digits[quantity->end - 1] == 0) {
		quantity->end--;
		quantity->exponent++;
	}
}

static void multiply_1024(struct quantity *quantity)
{
	unsigned carry = 0;

	for (size_t i = quantity->end; i-- > quantity->first;) {
		unsigned value = quantity->digits[i] * 1024u + carry;

		quantity->digits[i] = (uint8_t)(value % 10);
		carry = value / 10;
	}
	while (carry > 0) {
		ASSERT(quantity->first > 0);
		quantity->digits[--quantity->first] = (uint8_t)(carry % 10);
		carry /= 10;
	}
}

static void add_one(struct quantity *quantity)
{
	for (size_t i = quantity->end; i-- > quantity->first;) {
		if (++quantity->digits[i] < 10)
			return;
		quantity->digits[i] = 0;
	}
	ASSERT(quantity->first > 0);
	quantity->digits[--quantity->first] = 1;
}

/* Away from zero to a multiple of 10^scale. */
static void round_up(struct quantity *quantity, int scale)
{
	bool rest = false;

	if (quantity->exponent >= scale || quantity->first == quantity->end)
		return;

	int64_t drop = scale - quantity->exponent;

	for (; drop > 0 && quantity->end > quantity->first; drop--)
		rest |= quantity->digits[--quantity->end] != 0;
	quantity->exponent = scale;
	if (rest)
		add_one(quantity);
}

static void set_integer(struct quantity *quantity, uint64_t value)
{
	quantity->first = quantity->end = DIGITS_BYTES;
	for (; value > 0; value /= 10)
		quantity->digits[--quantity->first] = (uint8_t)(value % 10);
	quantity->exponent = 0;
}

/* The absolute value when it is an integer below 2^64; false otherwise. */
static bool as_integer(const struct quantity *quantity, uint64_t *ret_value)
{
	uint64_t value = 0;
	struct quantity copy = *quantity;

	strip_back(&copy);
	if (copy.first == copy.end) {
		*ret_value = 0;
		return true;
	}
	if (copy.exponent < 0 || (int64_t)(copy.end - copy.first) + copy.exponent > 20)
		return false;
	for (size_t i = copy.first; i < copy.end; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, copy.digits[i], &value))
			return false;
	for (int64_t i = 0; i < copy.exponent; i++)
		if (__builtin_mul_overflow(value, 10, &value))
			return false;
	*ret_value = value;
	return true;
}

/* Where upstream's fast path keeps the text: canonical by its measure. */
static bool is_as_written(
	const struct quantity_parts *parts, enum quantity_format format, int64_t suffix_exponent)
{
	size_t length =
		(parts->integer.length ? parts->integer.length : 1) + parts->fraction.length;
	int64_t scale = suffix_exponent - (int64_t)parts->fraction.length;

	if (parts->integer.length == 0)
		return false;
	if (format == FORMAT_BINARY_SI) {
		uint64_t value;

		if (parts->fraction.length > 0 ||
			15 - (int64_t)length - suffix_exponent * 3 / 10 - 1 < 0)
			return false;
		return str_parse_u64(parts->integer, UINT64_MAX, &value) && (value & 7) != 0;
	}
	if (length > 18 || scale < QUANTITY_SCALE_NANO || scale % 3 != 0)
		return false;

	size_t zeros = 0;

	for (size_t i = 0; i < 3 && i < length; i++) {
		struct str part = i < parts->fraction.length ? parts->fraction : parts->integer;
		size_t back = i < parts->fraction.length ? i : i - parts->fraction.length;

		zeros += part.data[part.length - 1 - back] == '0';
	}
	return length < 3 || zeros < 3;
}

/* Brings the binary suffix in, rounds below nano, caps as upstream does. */
static void settle(struct quantity *quantity, int64_t suffix_exponent)
{
	static const struct str maximum_digits = STR_INIT("9223372036854775807");
	uint64_t value;

	if (quantity->format == FORMAT_BINARY_SI)
		for (int64_t i = 0; i < suffix_exponent; i += 10)
			multiply_1024(quantity);
	else
		quantity->exponent += suffix_exponent;
	strip_front(quantity);
	round_up(quantity, QUANTITY_SCALE_NANO);
	if (quantity->format != FORMAT_BINARY_SI)
		return;

	int64_t integer_digits = (int64_t)(quantity->end - quantity->first) + quantity->exponent;

	if (integer_digits > (int64_t)maximum_digits.length ||
		(as_integer(quantity, &value) && value > INT64_MAX))
		set_integer(quantity, INT64_MAX);
	else if (integer_digits <= 0)
		quantity->format = FORMAT_DECIMAL_SI;
}

static bool quantity_parse(struct str text, struct quantity *ret, const char **ret_reason)
{
	struct quantity_parts parts;
	int64_t suffix_exponent;

	*ret_reason = reason_format;
	if (text.length == 0 || text.length > QUANTITY_TEXT_MAXIMUM || !split_parts(text, &parts))
		return false;
	*ret_reason = reason_suffix;
	if (!parse_suffix(parts.suffix, &ret->format, &suffix_exponent))
		return false;
	ret->first = ret->end = DIGITS_FRONT;
	ret->negative = parts.negative;
	append_digits(ret, parts.integer);
	append_digits(ret, parts.fraction);
	ret->exponent = -(int64_t)parts.fraction.length;
	ret->as_written = is_as_written(&parts, ret->format, suffix_exponent);
	settle(ret, suffix_exponent);
	return true;
}

static struct str format_binary(struct arena *arena, bool negative, uint64_t value)
{
	size_t suffix = SUFFIX_COUNT - 7; /* one before "Ki" */

	for (; value % 1024 == 0 && suffix < SUFFIX_COUNT - 1; suffix++)
		value /= 1024;
	return arena_printf(arena, "%s%llu%s", negative ? "-" : "", (unsigned long long)value,
		suffix == SUFFIX_COUNT - 7 ? "" : suffixes[suffix].text);
}

static struct str format_decimal(struct arena *arena, struct quantity *quantity)
{
	char text[DIGITS_BYTES + 32];
	size_t length = 0;
	int64_t exponent;

	strip_back(quantity);
	exponent = quantity->exponent - ((quantity->exponent % 3) + 3) % 3;
	if (quantity->format == FORMAT_DECIMAL_SI && exponent > 18)
		exponent = 18;
	if (quantity->exponent - exponent > QUANTITY_TEXT_MAXIMUM)
		exponent = quantity->exponent; /* no suffix goes so far: let 10^x say it */
	if (quantity->negative)
		text[length++] = '-';
	for (size_t i = quantity->first; i < quantity->end; i++)
		text[length++] = (char)('0' + quantity->digits[i]);

	struct str number = arena_printf(
		arena, "%.*s%0*d", (int)length, text, (int)(quantity->exponent - exponent), 0);

	if (quantity->exponent == exponent)
		number.length = length; /* "%0*d" writes one digit for a width of zero */
	if (exponent == 0)
		return number;
	if (quantity->format == FORMAT_DECIMAL_SI && exponent <= 18)
		return arena_printf(
			arena, "%.*s%s", STR_ARG(number), suffixes[exponent / 3 + 3].text);
	return arena_printf(arena, "%.*se%lld", STR_ARG(number), (long long)exponent);
}

bool quantity_canonicalise_rounded(struct arena *arena, struct str text, int scale,
	struct str *ret_canonical, const char **ret_reason)
{
	struct quantity quantity;
	const char *reason;
	uint64_t value;

	if (!quantity_parse(text, &quantity, &reason)) {
		if (ret_reason)
			*ret_reason = reason;
		return false;
	}
	if (quantity.as_written && quantity.exponent >= scale) {
		*ret_canonical = text;
		return true;
	}
	round_up(&quantity, scale);
	strip_front(&quantity);
	if (quantity.first == quantity.end) {
		*ret_canonical = STR("0");
		return true;
	}
	if (quantity.format == FORMAT_BINARY_SI) {
		if (as_integer(&quantity, &value) && value >= 1024) {
			*ret_canonical = format_binary(arena, quantity.negative, value);
			return true;
		}
		quantity.format = FORMAT_DECIMAL_SI;
	}
	*ret_canonical = format_decimal(arena, &quantity);
	return true;
}

bool quantity_canonicalise(struct arena *arena, struct str text, struct str *ret_canonical)
{
	return quantity_canonicalise_rounded(arena, text, QUANTITY_SCALE_NANO, ret_canonical, NULL);
}

static int compare_magnitude(struct quantity *a, struct quantity *b)
{
	size_t a_count = a->end - a->first;
	size_t b_count = b->end - b->first;
	int64_t a_size = (int64_t)a_count + a->exponent;
	int64_t b_size = (int64_t)b_count + b->exponent;

	if (a_count == 0 || b_count == 0)
		return (a_count > 0) - (b_count > 0);
	if (a_size != b_size)
		return a_size < b_size ? -1 : 1;

	size_t common = a_count < b_count ? a_count : b_count;
	int order = memcmp(a->digits + a->first, b->digits + b->first, common);

	return order ? order : (a_count > b_count) - (a_count < b_count);
}

int quantity_compare(struct str a, struct str b)
{
	struct quantity left;
	struct quantity right;
	const char *reason;

	if (!quantity_parse(a, &left, &reason))
		quantity_parse(STR("0"), &left, &reason);
	if (!quantity_parse(b, &right, &reason))
		quantity_parse(STR("0"), &right, &reason);
	strip_back(&left);
	strip_back(&right);
	if (left.negative != right.negative)
		return left.negative ? -1 : 1;
	return left.negative ? -compare_magnitude(&left, &right) : compare_magnitude(&left, &right);
}
