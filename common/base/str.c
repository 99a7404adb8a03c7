/* SPDX-License-Identifier: Apache-2.0 */
#include "str.h"

#include <sys/random.h>

/* One seed per process, set before anything is hashed: not a state that changes. */
static uint64_t hash_seed = 0x9e3779b97f4a7c15u;

int str_compare(struct str a, struct str b)
{
	size_t shorter = a.length < b.length ? a.length : b.length;
	int order = shorter ? memcmp(a.data, b.data, shorter) : 0;

	if (order != 0)
		return order;
	return (a.length > b.length) - (a.length < b.length);
}

static unsigned char lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + 32) : (unsigned char)byte;
}

bool str_equal_ignore_case(struct str a, struct str b)
{
	if (a.length != b.length)
		return false;
	for (size_t i = 0; i < a.length; i++) {
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	}
	return true;
}

bool str_starts_with(struct str s, struct str prefix)
{
	return s.length >= prefix.length &&
	       (prefix.length == 0 || memcmp(s.data, prefix.data, prefix.length) == 0);
}

bool str_ends_with(struct str s, struct str suffix)
{
	return s.length >= suffix.length &&
	       (suffix.length == 0 ||
		       memcmp(s.data + s.length - suffix.length, suffix.data, suffix.length) == 0);
}

size_t str_find_byte(struct str s, char byte)
{
	const char *hit = s.length ? memchr(s.data, byte, s.length) : NULL;

	return hit ? (size_t)(hit - s.data) : s.length;
}

size_t str_find(struct str s, struct str needle)
{
	if (needle.length == 0)
		return 0;
	if (s.length < needle.length)
		return s.length;
	const char *hit = memmem(s.data, s.length, needle.data, needle.length);

	return hit ? (size_t)(hit - s.data) : s.length;
}

struct str str_skip(struct str s, size_t offset)
{
	if (offset >= s.length)
		return STR_EMPTY;
	return str_from(s.data + offset, s.length - offset);
}

struct str str_slice(struct str s, size_t offset, size_t length)
{
	struct str tail = str_skip(s, offset);

	if (tail.length > length)
		tail.length = length;
	return tail;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

struct str str_trim(struct str s)
{
	while (s.length > 0 && is_blank(s.data[0])) {
		s.data++;
		s.length--;
	}
	while (s.length > 0 && is_blank(s.data[s.length - 1]))
		s.length--;
	return s;
}

struct str str_split(struct str *rest, char separator)
{
	size_t at = str_find_byte(*rest, separator);
	struct str head = str_from(rest->data, at);

	*rest = str_skip(*rest, at + 1);
	return head;
}

static uint64_t mix(uint64_t value)
{
	value ^= value >> 32;
	value *= 0xd6e8feb86659fd93u;
	value ^= value >> 29;
	value *= 0xa0761d6478bd642fu;
	return value ^ (value >> 32);
}

uint64_t str_hash(struct str s)
{
	uint64_t state = hash_seed ^ (s.length * 0xe7037ed1a0b428dbu);
	size_t i = 0;

	for (; i + 8 <= s.length; i += 8) {
		uint64_t word;

		memcpy(&word, s.data + i, 8);
		state = mix(state ^ word) + hash_seed;
	}
	if (i < s.length) {
		uint64_t word = 0;

		memcpy(&word, s.data + i, s.length - i);
		state = mix(state ^ word) + hash_seed;
	}
	return mix(state);
}

void str_hash_seed_init(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed))
		hash_seed = seed | 1;
}

bool str_parse_u64(struct str s, uint64_t maximum, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (s.length == 0 || s.length > 20)
		return false;
	for (size_t i = 0; i < s.length; i++) {
		unsigned digit = (unsigned)(s.data[i] - '0');

		if (digit > 9 || __builtin_mul_overflow(value, (uint64_t)10, &value) ||
			__builtin_add_overflow(value, (uint64_t)digit, &value))
			return false;
	}
	if (value > maximum)
		return false;
	*ret_value = value;
	return true;
}

bool str_parse_i64(struct str s, int64_t *ret_value)
{
	bool negative = s.length > 0 && s.data[0] == '-';
	uint64_t magnitude;

	if (!str_parse_u64(negative ? str_skip(s, 1) : s,
		    negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX, &magnitude))
		return false;
	*ret_value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return true;
}

bool str_parse_bool(struct str s, bool *ret_value)
{
	static const char *const truths[] = {"1", "t", "T", "TRUE", "true", "True"};
	static const char *const lies[] = {"0", "f", "F", "FALSE", "false", "False"};

	for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++) {
		if (str_equal_c(s, truths[i])) {
			*ret_value = true;
			return true;
		}
		if (str_equal_c(s, lies[i])) {
			*ret_value = false;
			return true;
		}
	}
	return false;
}
