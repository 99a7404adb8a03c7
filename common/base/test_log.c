/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "log.h"
#include "str.h"

static char last[65536];
static size_t last_length;
static enum log_severity last_severity;

static void keep(enum log_severity severity, const char *line, size_t length)
{
	assert_true(length < sizeof(last));
	memcpy(last, line, length);
	last_length = length;
	last_severity = severity;
}

static struct str logged(void)
{
	return str_from(last, last_length);
}

static int set_up(void **state)
{
	(void)state;
	log_set_writer(keep);
	last_length = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	log_set_writer(NULL);
	log_set_format(LOG_FORMAT_TEXT);
	log_set_modules("");
	log_set_verbosity(0);
	return 0;
}

static void a_line_of_text_has_klogs_head_and_no_line_breaks(void **state)
{
	(void)state;
	log_warning("one\ntwo");
	assert_int_equal(last_severity, LOG_SEVERITY_WARNING);
	assert_true(str_starts_with(logged(), STR("W")));
	assert_true(str_find(logged(), STR(" test_log.c:")) < last_length);
	assert_true(str_ends_with(logged(), STR("] one\\ntwo\n")));
}

static void a_line_of_json_is_whole_whatever_the_text(void **state)
{
	(void)state;
	log_set_format(LOG_FORMAT_JSON);
	log_info("a\"b\\c\n\x01\xff\xc3\xa9");
	assert_true(str_starts_with(logged(), STR("{\"ts\":1")));
	assert_true(str_find(logged(), STR(",\"caller\":\"test_log.c:")) < last_length);
	assert_true(str_ends_with(logged(),
		STR(",\"msg\":\"a\\\"b\\\\c\\n\\u0001\xef\xbf\xbd\xc3\xa9\",\"v\":0}\n")));
	log_error("bad");
	assert_true(str_ends_with(logged(), STR(",\"msg\":\"bad\"}\n")));
}

static void a_text_that_is_too_long_is_cut(void **state)
{
	static char text[20000];

	(void)state;
	memset(text, '\n', sizeof(text) - 1);
	log_info("%s", text);
	assert_true(last_length > 4000 && last_length < sizeof(text));
	log_set_format(LOG_FORMAT_JSON);
	memset(text, '\x01', sizeof(text) - 1);
	log_info("%s", text);
	assert_true(str_ends_with(logged(), STR("\\u0001\",\"v\":0}\n")));
}

static void levels_go_by_verbosity_and_by_file(void **state)
{
	(void)state;
	static const struct {
		const char *spec, *file;
		int level;
		bool is_on;
	} rows[] = {
		{"", "x/agg_route.c", 1, true},
		{"", "x/agg_route.c", 2, false},
		{"agg_route=3", "x/agg_route.c", 3, true},
		{"agg_route=3", "x/agg_route.c", 4, false},
		{"agg_route=3", "agg_routes.c", 3, false},
		{"agg_*=5", "agg_route.c", 5, true},
		{"*oute=5", "agg_route.c", 5, true},
		{"a*r?ut*=5", "agg_route.c", 5, true},
		{"a*x=5", "agg_route.c", 5, false},
		{"other=9,agg_route=2", "agg_route.c", 2, true},
		{"=2,agg_route,agg_route=x,agg_route=-1", "agg_route.c", 2, false},
	};

	log_set_verbosity(1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		log_set_modules(rows[i].spec);
		if (log_is_on(rows[i].level, rows[i].file) != rows[i].is_on)
			fail_msg("row %zu", i);
	}
	log_set_modules("test_log=4");
	log_v(5, "not this");
	assert_int_equal(last_length, 0);
	log_v(4, "but this");
	assert_true(str_ends_with(logged(), STR("but this\n")));
}

int main(void)
{
#define WITH_WRITER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_WRITER(a_line_of_text_has_klogs_head_and_no_line_breaks),
		WITH_WRITER(a_line_of_json_is_whole_whatever_the_text),
		WITH_WRITER(a_text_that_is_too_long_is_cut),
		WITH_WRITER(levels_go_by_verbosity_and_by_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
