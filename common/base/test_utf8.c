/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "utf8.h"

static void sequences_are_measured_and_bad_ones_refused(void **state)
{
	(void)state;
	static const struct {
		struct str text;
		size_t valid;
	} cases[] = {
		{STR_INIT(""), 0},
		{STR_INIT("plain text of some length"), 25},
		{STR_INIT("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z"), 11},
		{STR_INIT("a\x80"), 1},
		{STR_INIT("ab\xc0\x80"), 2},
		{STR_INIT("\xe0\x80\x80"), 0},
		{STR_INIT("\xed\xa0\x80"), 0},
		{STR_INIT("\xed\x9f\xbf"), 3},
		{STR_INIT("\xf4\x90\x80\x80"), 0},
		{STR_INIT("\xf4\x8f\xbf\xbf"), 4},
		{STR_INIT("\xf5\x80\x80\x80"), 0},
		{STR_INIT("12345678\xe2\x82"), 8},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(utf8_valid_length(cases[i].text), cases[i].valid);
}

static void code_points_encode_to_what_decodes(void **state)
{
	(void)state;
	static const uint32_t points[] = {0, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff};

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		char bytes[4];
		size_t length = utf8_encode(points[i], bytes);

		assert_int_equal(utf8_sequence_length(str_from(bytes, length)), length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences_are_measured_and_bad_ones_refused),
		cmocka_unit_test(code_points_encode_to_what_decodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
