/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_aggregation.h"
#include "json_reader.h"

static void assert_cells(const char *text, const char *service, const char *available)
{
	struct arena *arena = arena_create(0);
	struct table_cell_context context = {.arena = arena};
	struct json_value object;
	struct error err = ERROR_INIT(arena);
	assert_int_equal(json_read(arena, str_from_c(text), NULL, &object, &err), 0);
	struct json_value cell = agg_cell_service(&context, &object);
	assert_true(str_equal_c(json_text(&cell), service));
	cell = agg_cell_available(&context, &object);
	assert_true(str_equal_c(json_text(&cell), available));
	arena_destroy(&arena);
}

static void api_services_show_where_they_are_and_whether_they_answer(void **state)
{
	(void)state;
	assert_cells("{}", "Local", "Unknown");
	assert_cells("{\"spec\":{\"service\":{\"namespace\":\"n\",\"name\":\"s\"}},\"status\":{"
		     "\"conditions\":[{\"type\":\"Available\",\"status\":\"False\","
		     "\"reason\":\"MissingEndpoints\"}]}}",
		"n/s", "False (MissingEndpoints)");
	assert_cells("{\"status\":{\"conditions\":[{\"type\":\"Available\",\"status\":\"True\","
		     "\"reason\":\"Local\"}]}}",
		"Local", "True");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(api_services_show_where_they_are_and_whether_they_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
