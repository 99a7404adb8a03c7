/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "health.h"

#define HOUR_NS 3600000000000ll

static struct health_checks *create_checks(void)
{
	struct health_checks *checks = health_checks_create();

	health_checks_add_latch(checks, "ping", HEALTH_ALL);
	health_checks_add_latch(checks, "poststarthook/slow", HEALTH_ALL);
	health_checks_add_latch(checks, "shutdown", HEALTH_READYZ);
	health_checks_pass(checks, "ping");
	health_checks_pass(checks, "shutdown");
	return checks;
}

static void expect(const struct health_checks *checks, const char *endpoint, const char *only,
	bool is_verbose, int status, const char *body)
{
	struct buffer out = {0};

	assert_int_equal(health_checks_run(checks, str_from_c(endpoint), str_from_c(only),
				 is_verbose, NULL, 0, &out),
		status);
	if (!str_equal_c(buffer_str(&out), body))
		fail_msg("body: %.*s", STR_ARG(buffer_str(&out)));
	buffer_fini(&out);
}

static void a_failure_tells_all_checks_and_success_only_ok(void **state)
{
	struct health_checks *checks = create_checks();

	(void)state;
	expect(checks, "livez", "", false, 500,
		"[+]ping ok\n[-]poststarthook/slow failed: reason withheld\nlivez check failed\n");
	health_checks_pass(checks, "poststarthook/slow");
	expect(checks, "livez", "", false, 200, "ok");
	expect(checks, "healthz", "", true, 200,
		"[+]ping ok\n[+]poststarthook/slow ok\nhealthz check passed\n");
	expect(checks, "readyz", "", true, 200,
		"[+]ping ok\n[+]poststarthook/slow ok\n[+]shutdown ok\nreadyz check passed\n");
	health_checks_destroy(&checks);
}

static void in_its_grace_period_livez_alone_waits_for_no_hook(void **state)
{
	struct health_checks *checks = create_checks();

	(void)state;
	health_checks_set_livez_grace(checks, HOUR_NS);
	expect(checks, "livez", "", false, 200, "ok");
	expect(checks, "livez", "poststarthook/slow", false, 200, "ok");
	expect(checks, "readyz", "", false, 500,
		"[+]ping ok\n[-]poststarthook/slow failed: reason withheld\n[+]shutdown ok\n"
		"readyz check failed\n");
	expect(checks, "healthz", "poststarthook/slow", false, 500,
		"internal server error: not finished\n");
	health_checks_fail(checks, "ping");
	expect(checks, "livez", "", false, 500,
		"[-]ping failed: reason withheld\n[+]poststarthook/slow ok\nlivez check failed\n");
	health_checks_set_livez_grace(checks, 0);
	expect(checks, "livez", "poststarthook/slow", false, 500,
		"internal server error: not finished\n");
	health_checks_destroy(&checks);
}

static const char *pass(void *context)
{
	(void)context;
	return NULL;
}

static void a_check_with_a_function_can_be_failed(void **state)
{
	struct health_checks *checks = health_checks_create();

	(void)state;
	health_checks_add(checks, "etcd", HEALTH_ALL, pass, NULL);
	expect(checks, "livez", "etcd", false, 200, "ok");
	health_checks_fail(checks, "etcd");
	expect(checks, "livez", "etcd", false, 500, "internal server error: not finished\n");
	health_checks_destroy(&checks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_tells_all_checks_and_success_only_ok),
		cmocka_unit_test(in_its_grace_period_livez_alone_waits_for_no_hook),
		cmocka_unit_test(a_check_with_a_function_can_be_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
