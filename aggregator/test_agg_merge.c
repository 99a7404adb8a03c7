/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agg_health.h"
#include "agg_metrics.h"
#include "agg_openapi.h"

static const char *const keys[] = {"paths", "definitions", NULL};

static void check_merge(const char *a, const char *b, const char *c, const char *expected)
{
	struct str texts[] = {str_from_c(a), str_from_c(b), str_from_c(c)};
	struct buffer out = {0};

	assert_true(agg_openapi_merge_json(&out, texts, 3, keys));
	buffer_append_byte(&out, '\0');
	assert_string_equal(out.data, expected);
	buffer_fini(&out);
}

static void documents_are_merged_member_by_member(void **state)
{
	(void)state;
	check_merge("{\"paths\":{\"a\":1}}", "{\"paths\":{\"b\":2}}", "{\"paths\":{}}",
		"{\"paths\":{\"a\":1,\"b\":2}}");
	check_merge("{\"info\":{\"t\":\"}{\\\"\"},\"definitions\":{\"A\":{\"x\":[1,{}]}}}\n",
		" { \"definitions\" : { \"A\" : 5 , \"B\" : [ ] } , \"info\" : 1 } ", "",
		"{\"info\":{\"t\":\"}{\\\"\"},\"definitions\":{\"A\":{\"x\":[1,{}]},\"B\":[ ]}}");
	check_merge("", "{\"paths\":{\"b\":2}}", "{\"paths\":{\"c\":null}}",
		"{\"paths\":{\"b\":2,\"c\":null}}");
	check_merge("{}", "{\"paths\":{\"b\":2}}", "", "{}");
}

static void broken_documents_break_nothing(void **state)
{
	static const char *const texts[] = {"{\"paths\":{\"a",
		"{\"paths\":", "{\"paths\":{\"a\":[[}", "{\"", "{\"a\\", "{]", "{\"paths\":5}",
		"{\"a\":,}", "[1]", "nonsense"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct str pair[] = {STR("{\"paths\":{\"x\":1}}"), str_from_c(texts[i])};
		struct buffer out = {0};

		assert_true(agg_openapi_merge_json(&out, pair, 2, keys));
		assert_true(str_starts_with(buffer_str(&out), STR("{\"paths\":{\"x\":1")));
		buffer_clear(&out);
		agg_openapi_merge_json(&out, pair + 1, 1, keys);
		buffer_fini(&out);
	}
}

static void health_of_all_servers_is_one_list(void **state)
{
	struct health_checks *merged = health_checks_create();
	const struct str excluded[] = {STR("shutdown"), STR("etcd")};
	struct buffer out = {0};

	(void)state;
	agg_health_merge(merged, STR("[+]ping ok\n[+]etcd ok\nreadyz check passed\n"));
	agg_health_merge(merged,
		STR("[+]ping ok\n[-]etcd failed: reason withheld\n[-]shutdown failed: reason "
		    "withheld\nreadyz check failed\nnonsense\n[+]"));
	assert_int_equal(health_checks_count(merged), 3);
	assert_int_equal(
		health_checks_run(merged, STR("readyz"), STR_EMPTY, false, NULL, 0, &out), 500);
	assert_true(str_equal_c(buffer_str(&out),
		"[+]ping ok\n[-]etcd failed: reason withheld\n[-]shutdown failed: reason withheld\n"
		"readyz check failed\n"));
	buffer_clear(&out);
	assert_int_equal(
		health_checks_run(merged, STR("readyz"), STR_EMPTY, false, excluded, 2, &out), 200);
	assert_true(str_equal_c(buffer_str(&out), "ok"));
	buffer_fini(&out);
	health_checks_destroy(&merged);
}

static void metrics_of_others_fill_the_gaps(void **state)
{
	struct buffer out = {0};

	(void)state;
	buffer_append(&out, STR("# HELP a x\n# TYPE a counter\na 1\n"));
	agg_metrics_append(&out,
		STR("# HELP a y\n# TYPE a counter\na 7\n# HELP b y\n# TYPE b gauge\nb{x=\"1\"} 2\n"
		    "\n# TYPE c gauge\nc 3"));
	assert_true(str_equal_c(buffer_str(&out),
		"# HELP a x\n# TYPE a counter\na 1\n# HELP b y\n# TYPE b gauge\nb{x=\"1\"} 2\n"
		"# TYPE c gauge\nc 3\n"));
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_merged_member_by_member),
		cmocka_unit_test(broken_documents_break_nothing),
		cmocka_unit_test(health_of_all_servers_is_one_list),
		cmocka_unit_test(metrics_of_others_fill_the_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
