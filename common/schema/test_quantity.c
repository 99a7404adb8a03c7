/* SPDX-License-Identifier: Apache-2.0 */
#include "test_schema_support.h"

#include "quantity.h"
#include "schema_engine.h"

static const struct {
	const char *text;
	const char *canonical; /* NULL: malformed */
} cases[] = {
	{"0", "0"},
	{"00", "0"},
	{"0Ki", "0"},
	{"-0", "0"},
	{"1", "1"},
	{"1000m", "1"},
	{"0.5", "500m"},
	{"0.1", "100m"},
	{"1.5", "1500m"},
	{"1500m", "1500m"},
	{"100m", "100m"},
	{"1024Ki", "1Mi"},
	{"1024Mi", "1Gi"},
	{"128Mi", "128Mi"},
	{"100Mi", "100Mi"},
	{"1.5Gi", "1536Mi"},
	{"0.5Gi", "512Mi"},
	{"1Ki", "1Ki"},
	{"0.001Ki", "1024m"},
	{"1e3", "1e3"},
	{"1e2", "100"},
	{"12e6", "12e6"},
	{"1E3", "1E3"},
	{"1000e3", "1e6"},
	{"1k", "1k"},
	{"1000k", "1M"},
	{"1000000", "1M"},
	{"1000000000", "1G"},
	{"1E", "1E"},
	{"1n", "1n"},
	{"0.1n", "1n"},
	{"1.0000000001", "1000000001n"},
	{"5u", "5u"},
	{"-100m", "-100m"},
	{"-0.1n", "-1n"},
	{"+5", "+5"},
	{"1.", "1."},
	{"9223372036854775807", "9223372036854775807"},
	{"9223372036854775808", "9223372036854775808"},
	{"8Ei", "9223372036854775807"},
	{"100Ei", "9223372036854775807"},
	{"-8Ei", "-9223372036854775807"},
	{"123456789012345678901234567890", "123456789012345678901234567890"},
	{"", NULL},
	{"abc", NULL},
	{"1x", NULL},
	{"1 ", NULL},
	{" 1", NULL},
	{"1mm", NULL},
	{"1e", NULL},
	{"1Zi", NULL},
	{"1.2.3", NULL},
	{"0x10", NULL},
	{"--1", NULL},
	{"1e99999999999999999999", NULL},
};

static void quantities_come_in_canonical_form(void **state)
{
	struct arena *arena = arena_create(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str canonical = STR("none");
		bool valid = quantity_canonicalise(arena, str_from_c(cases[i].text), &canonical);

		if (valid != (cases[i].canonical != NULL))
			fail_msg("%s: valid %d", cases[i].text, valid);
		if (valid && !str_equal_c(canonical, cases[i].canonical))
			fail_msg("%s: %.*s, not %s", cases[i].text, STR_ARG(canonical),
				cases[i].canonical);
	}
	arena_destroy(&arena);
}

static void resource_lists_are_rounded_up_to_milli(void **state)
{
	static const struct {
		const char *text;
		const char *canonical;
	} rounded[] = {{"1u", "1m"}, {"1.0001", "1001m"}, {"-1u", "-1m"}, {"250m", "250m"},
		{"0.0005", "1m"}, {"1Gi", "1Gi"}, {"999999n", "1m"}};
	struct arena *arena = arena_create(0);

	(void)state;
	for (size_t i = 0; i < sizeof(rounded) / sizeof(rounded[0]); i++) {
		struct str canonical;

		assert_true(quantity_canonicalise_rounded(arena, str_from_c(rounded[i].text),
			QUANTITY_SCALE_MILLI, &canonical, NULL));
		if (!str_equal_c(canonical, rounded[i].canonical))
			fail_msg("%s: %.*s", rounded[i].text, STR_ARG(canonical));
	}
	arena_destroy(&arena);
}

static void quantities_have_an_order(void **state)
{
	static const char *const ascending[] = {"-1Gi", "-1", "-1m", "0", "1n", "1m", "999m", "1",
		"1001m", "1k", "1Ki", "1M", "1Mi", "1e9", "1Gi", "8Ei", "10E", "1e40"};
	size_t count = sizeof(ascending) / sizeof(ascending[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			int order = quantity_compare(
				str_from_c(ascending[i]), str_from_c(ascending[j]));

			if ((order > 0) - (order < 0) != (i > j) - (i < j))
				fail_msg("%s and %s: %d", ascending[i], ascending[j], order);
		}
	}
	assert_int_equal(quantity_compare(STR("1024Mi"), STR("1Gi")), 0);
	assert_int_equal(quantity_compare(STR("1000m"), STR("1")), 0);
}

static void long_texts_are_refused_and_cost_nothing(void **state)
{
	struct arena *arena = arena_create(0);
	char digits[QUANTITY_TEXT_MAXIMUM + 1];
	struct str canonical;

	(void)state;
	memset(digits, '9', sizeof(digits));
	assert_false(quantity_canonicalise(arena, str_from(digits, sizeof(digits)), &canonical));
	assert_true(
		quantity_canonicalise(arena, str_from(digits, QUANTITY_TEXT_MAXIMUM), &canonical));
	memcpy(digits + QUANTITY_TEXT_MAXIMUM - 2, "Ei", 2);
	assert_true(
		quantity_canonicalise(arena, str_from(digits, QUANTITY_TEXT_MAXIMUM), &canonical));
	assert_true(str_equal_c(canonical, "9223372036854775807"));
	assert_true(quantity_canonicalise(arena, STR("1e-999999999"), &canonical));
	assert_true(str_equal_c(canonical, "1e-9"));
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantities_come_in_canonical_form),
		cmocka_unit_test(resource_lists_are_rounded_up_to_milli),
		cmocka_unit_test(quantities_have_an_order),
		cmocka_unit_test(long_texts_are_refused_and_cost_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
