/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_enablement.h"

/* What a configuration ("key=value", blanks between) leaves of four versions, in this order. */
static const struct str versions[][2] = {
	{STR_INIT(""), STR_INIT("v1")},
	{STR_INIT("apps"), STR_INIT("v1")},
	{STR_INIT("apps"), STR_INIT("v1beta1")},
	{STR_INIT("batch"), STR_INIT("v2alpha1")},
};

static const struct {
	const char *configuration;
	const char *served; /* '+' or '-' for each version */
} cases[] = {
	{"", "++--"},
	{"api/all=true", "++++"},
	{"api/all=", "++++"},
	{"api/all=false /v1=true", "+---"},
	{"api/all=false api/ga=true", "++--"},
	{"api/ga=true api/all=false", "++--"},
	{"api/all=true api/alpha=false", "+++-"},
	{"api/beta=true", "+++-"},
	{"api/beta=true apps/v1beta1=false", "++--"},
	{"/v1=false", "-+--"},
	{"apps/v1=false", "+---"},
	{"apps/v1=0 batch/v2alpha1=1", "+--+"},
	{"app/v1=false apps/v11=false apps/v=false apps=false", "++--"},
};

static struct settings *read_settings(const char *configuration)
{
	struct settings *settings = settings_create();
	struct str rest = str_from_c(configuration);

	while (!str_is_empty(rest))
		settings_add(settings, STR("runtime-config"), str_split(&rest, ' '));
	return settings;
}

static void the_narrower_key_wins(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings *settings = read_settings(cases[i].configuration);
		char served[5] = {0};

		for (size_t j = 0; j < 4; j++)
			served[j] =
				api_enablement_has_version(settings, versions[j][0], versions[j][1])
					? '+'
					: '-';
		if (strcmp(served, cases[i].served) != 0)
			fail_msg("\"%s\" leaves %s", cases[i].configuration, served);
		settings_destroy(&settings);
	}
}

static void a_resource_can_differ_from_its_version(void **state)
{
	const struct api_resource jobs = {
		.group = STR("batch"), .version = STR("v1"), .resource = STR("jobs")};
	const struct api_resource cron_jobs = {
		.group = STR("batch"), .version = STR("v1"), .resource = STR("cronjobs")};
	struct settings *settings = read_settings("batch/v1=false batch/v1/jobs=true");

	(void)state;
	assert_true(api_enablement_has_resource(settings, &jobs));
	assert_false(api_enablement_has_resource(settings, &cron_jobs));
	settings_destroy(&settings);
}

static void paths_name_versions(void **state)
{
	struct settings *settings = read_settings("/v1=false apps/v1=false");

	(void)state;
	assert_false(api_enablement_has_path(settings, STR("api/v1")));
	assert_false(api_enablement_has_path(settings, STR("apis/apps/v1")));
	assert_true(api_enablement_has_path(settings, STR("apis/batch/v1")));
	assert_false(api_enablement_has_path(settings, STR("apis/batch/v1beta1")));
	settings_destroy(&settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_narrower_key_wins),
		cmocka_unit_test(a_resource_can_differ_from_its_version),
		cmocka_unit_test(paths_name_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
