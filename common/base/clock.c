/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <stdio.h>
#include <time.h>

uint64_t clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int64_t clock_wall_seconds(uint32_t *ret_microseconds)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret_microseconds)
		*ret_microseconds = (uint32_t)(now.tv_nsec / 1000);
	return now.tv_sec;
}

size_t clock_format_rfc3339(int64_t wall_seconds, char *text)
{
	time_t seconds = wall_seconds;
	struct tm utc;

	gmtime_r(&seconds, &utc);
	int length = snprintf(text, CLOCK_RFC3339_BYTES, "%04d-%02d-%02dT%02d:%02d:%02dZ",
		utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
		utc.tm_sec);

	return length < 0 ? 0 : (size_t)length;
}

size_t clock_format_rfc3339_micro(int64_t wall_seconds, uint32_t microseconds, char *text)
{
	size_t length = clock_format_rfc3339(wall_seconds, text);
	int more = snprintf(text + length - 1, CLOCK_RFC3339_BYTES - length + 1, ".%06uZ",
		microseconds % 1000000);

	return length - 1 + (more < 0 ? 0 : (size_t)more);
}

static bool two_digits(struct str text, size_t at, int lowest, int highest, int *ret_value)
{
	if (at + 2 > text.length)
		return false;
	unsigned tens = (unsigned)(text.data[at] - '0'), ones = (unsigned)(text.data[at + 1] - '0');

	if (tens > 9 || ones > 9)
		return false;
	*ret_value = (int)(tens * 10 + ones);
	return *ret_value >= lowest && *ret_value <= highest;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool parse_fraction(struct str text, size_t *at, uint32_t *ret_nanoseconds)
{
	uint32_t value = 0, digits = 0;

	*ret_nanoseconds = 0;
	if (*at >= text.length || (text.data[*at] != '.' && text.data[*at] != ','))
		return true;
	for ((*at)++; *at < text.length && (unsigned)(text.data[*at] - '0') <= 9; (*at)++) {
		if (digits++ < 9)
			value = value * 10 + (uint32_t)(text.data[*at] - '0');
	}
	if (digits == 0)
		return false;
	for (; digits < 9; digits++)
		value *= 10;
	*ret_nanoseconds = value;
	return true;
}

static bool parse_zone(struct str text, size_t at, int64_t *ret_offset_seconds)
{
	int hours, minutes;

	if (at + 1 == text.length && text.data[at] == 'Z') {
		*ret_offset_seconds = 0;
		return true;
	}
	if (at + 6 != text.length || (text.data[at] != '+' && text.data[at] != '-') ||
		text.data[at + 3] != ':' || !two_digits(text, at + 1, 0, 24, &hours) ||
		!two_digits(text, at + 4, 0, 60, &minutes))
		return false;
	*ret_offset_seconds = (hours * 60 + minutes) * 60;
	if (text.data[at] == '-')
		*ret_offset_seconds = -*ret_offset_seconds;
	return true;
}

bool clock_parse_rfc3339(struct str text, int64_t *ret_wall_seconds, uint32_t *ret_nanoseconds)
{
	int century, year, month, day, hour, minute, second;
	int64_t offset;
	uint32_t nanoseconds;
	size_t at = 19;

	if (text.length < 20 || !two_digits(text, 0, 0, 99, &century) ||
		!two_digits(text, 2, 0, 99, &year) || text.data[4] != '-' ||
		!two_digits(text, 5, 1, 12, &month) || text.data[7] != '-' ||
		!two_digits(text, 8, 1, 31, &day) || text.data[10] != 'T' ||
		!two_digits(text, 11, 0, 23, &hour) || text.data[13] != ':' ||
		!two_digits(text, 14, 0, 59, &minute) || text.data[16] != ':' ||
		!two_digits(text, 17, 0, 59, &second))
		return false;
	year += century * 100;
	if (day > days_in_month(year, month) || !parse_fraction(text, &at, &nanoseconds) ||
		!parse_zone(text, at, &offset))
		return false;

	struct tm utc = {.tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = minute,
		.tm_sec = second};

	*ret_wall_seconds = (int64_t)timegm(&utc) - offset;
	if (ret_nanoseconds)
		*ret_nanoseconds = nanoseconds;
	return true;
}

static bool duration_unit(struct str *text, double *ret_ns)
{
	static const struct {
		struct str name;
		double ns;
	} units[] = {
		{STR_INIT("ns"), 1},
		{STR_INIT("us"), 1e3},
		{STR_INIT("\xc2\xb5s"), 1e3},
		{STR_INIT("\xce\xbcs"), 1e3},
		{STR_INIT("ms"), 1e6},
		{STR_INIT("s"), 1e9},
		{STR_INIT("m"), 60e9},
		{STR_INIT("h"), 3600e9},
	};
	size_t length = 0;

	while (length < text->length && text->data[length] != '.' &&
		(unsigned)(text->data[length] - '0') > 9)
		length++;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (str_equal(units[i].name, str_slice(*text, 0, length))) {
			*ret_ns = units[i].ns;
			*text = str_skip(*text, length);
			return true;
		}
	}
	return false;
}

bool clock_parse_duration(struct str text, int64_t *ret_ns)
{
	bool negative = text.length > 0 && text.data[0] == '-';
	double total = 0;

	if (negative || (text.length > 0 && text.data[0] == '+'))
		text = str_skip(text, 1);
	if (text.length == 0 || text.length > 64)
		return false;
	if (str_equal(text, STR("0"))) {
		*ret_ns = 0;
		return true;
	}
	while (text.length > 0) {
		double value = 0, scale = 1, unit;
		bool any = false, fraction = false;

		for (; text.length > 0; text = str_skip(text, 1)) {
			char c = text.data[0];

			if (c == '.' && !fraction) {
				fraction = true;
			} else if ((unsigned)(c - '0') <= 9) {
				any = true;
				value = value * 10 + (c - '0');
				if (fraction)
					scale *= 10;
			} else {
				break;
			}
		}
		if (!any || !duration_unit(&text, &unit))
			return false;
		total += value / scale * unit;
	}
	if (total > 9.2233720368547e18)
		return false;
	*ret_ns = (int64_t)(total + 0.5);
	if (negative)
		*ret_ns = -*ret_ns;
	return true;
}

/* "1.5" for 1500000 in units of 1e6: the fraction without trailing zeros. */
static struct str format_fraction(struct arena *arena, uint64_t ns, uint64_t unit, const char *name)
{
	char digits[24];
	uint64_t rest = ns % unit;
	int width = 0;

	for (uint64_t u = unit; u > 1; u /= 10)
		width++;
	if (rest == 0)
		return arena_printf(arena, "%llu%s", (unsigned long long)(ns / unit), name);
	int length = snprintf(digits, sizeof(digits), "%0*llu", width, (unsigned long long)rest);

	while (length > 0 && digits[length - 1] == '0')
		length--;
	return arena_printf(
		arena, "%llu.%.*s%s", (unsigned long long)(ns / unit), length, digits, name);
}

struct str clock_format_duration(struct arena *arena, int64_t ns)
{
	uint64_t magnitude = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	const char *sign = ns < 0 ? "-" : "";

	if (magnitude == 0)
		return STR("0s");
	if (magnitude < 1000000000u) {
		uint64_t unit = magnitude < 1000 ? 1 : magnitude < 1000000 ? 1000 : 1000000;
		const char *name = unit == 1 ? "ns" : unit == 1000 ? "\xc2\xb5s" : "ms";

		return arena_printf(arena, "%s%.*s", sign,
			STR_ARG(format_fraction(arena, magnitude, unit, name)));
	}
	uint64_t minutes = magnitude / 60000000000u;
	struct str seconds = format_fraction(arena, magnitude % 60000000000u, 1000000000u, "s");

	if (minutes >= 60)
		return arena_printf(arena, "%s%lluh%llum%.*s", sign,
			(unsigned long long)(minutes / 60), (unsigned long long)(minutes % 60),
			STR_ARG(seconds));
	if (minutes > 0)
		return arena_printf(
			arena, "%s%llum%.*s", sign, (unsigned long long)minutes, STR_ARG(seconds));
	return arena_printf(arena, "%s%.*s", sign, STR_ARG(seconds));
}
