/* SPDX-License-Identifier: Apache-2.0 */
#include "test_machinery_support.h"

#include "status.h"

static const struct api_resource deployments = {.group = STR_INIT("apps"),
	.version = STR_INIT("v1"),
	.resource = STR_INIT("deployments"),
	.kind = STR_INIT("Deployment")};

static void assert_status(
	struct arena *arena, const struct error *err, int http_status, const char *expected)
{
	int status = 0;

	assert_text(arena, status_from_error(arena, err, &status), expected);
	assert_int_equal(status, http_status);
}

static void what_is_missing_is_named_with_its_group(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);

	assert_int_equal(error_not_found(&err, &deployments, STR("d")), ERROR_RETURN);
	assert_status(arena, &err, 404,
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
		"\"message\":\"deployments.apps \\\"d\\\" not found\",\"reason\":\"NotFound\","
		"\"details\":{\"name\":\"d\",\"group\":\"apps\",\"kind\":\"deployments\"},\"code\":"
		"404}");
}

static void each_builder_has_upstreams_text(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);

	error_already_exists(&err, &support_pods, STR("p"));
	assert_int_equal(status_http_code(err.code), 409);
	assert_text(arena, err.message, "pods \"p\" already exists");
	err = ERROR_INIT(arena);
	error_generate_name_conflict(&err, &support_pods, STR("p"));
	assert_text(arena, err.message,
		"pods \"p\" already exists, the server was not able to generate a unique name for "
		"the object");
	assert_int_equal(err.retry_after_seconds, 1);
	err = ERROR_INIT(arena);
	error_conflict(&err, &deployments, STR("d"), "because %d", 1);
	assert_text(arena, err.message,
		"Operation cannot be fulfilled on deployments.apps \"d\": because 1");
	err = ERROR_INIT(arena);
	error_forbidden(&err, &deployments, STR("d"), "no");
	assert_text(arena, err.message, "deployments.apps \"d\" is forbidden: no");
	err = ERROR_INIT(arena);
	error_forbidden(&err, &deployments, STR_EMPTY, "no");
	assert_text(arena, err.message, "deployments.apps is forbidden: no");
}

static void a_revision_ahead_of_the_store_is_a_timeout(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);

	error_too_large_resource_version(&err, 9, 5);
	assert_status(arena, &err, 504,
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
		"\"message\":\"Timeout: Too large resource version: 9, current: 5\",\"reason\":"
		"\"Timeout\",\"details\":{\"causes\":[{\"reason\":\"ResourceVersionTooLarge\","
		"\"message\":\"Too large resource version\"}],\"retryAfterSeconds\":1},\"code\":"
		"504}");
}

static void an_internal_error_has_its_cause_in_the_details(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);

	error_set(&err, ERROR_INTERNAL, "disk");
	assert_status(arena, &err, 500,
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
		"\"message\":\"Internal error occurred: disk\",\"reason\":\"InternalError\","
		"\"details\":{\"causes\":[{\"message\":\"disk\"}]},\"code\":500}");
	err = ERROR_INIT(arena);
	error_set(&err, ERROR_UNTYPED, "bare");
	assert_status(arena, &err, 500,
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
		"\"message\":\"bare\",\"code\":500}");
}

static void an_expired_list_carries_the_next_token(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);

	error_set(&err, ERROR_EXPIRED, "old");
	err.continue_token = STR("abc");
	assert_status(arena, &err, 410,
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{\"continue\":\"abc\"},"
		"\"status\":\"Failure\",\"message\":\"old\",\"reason\":\"Expired\",\"code\":410}");
}

static void every_error_code_has_a_reason(void **state)
{
	(void)state;
#define ERROR_CODE(name) assert_in_range(status_http_code(ERROR_##name), 400, 599);
#include "error_code.def"
#undef ERROR_CODE
}

static void success_tells_what_was_dealt_with(void **state)
{
	struct arena *arena = *state;

	assert_text(arena,
		status_success(arena, STR("d"), STR("apps"), STR("deployments"), STR("u")),
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Success\","
		"\"details\":{\"name\":\"d\",\"group\":\"apps\",\"kind\":\"deployments\",\"uid\":"
		"\"u\"}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(what_is_missing_is_named_with_its_group),
		ARENA_TEST(each_builder_has_upstreams_text),
		ARENA_TEST(a_revision_ahead_of_the_store_is_a_timeout),
		ARENA_TEST(an_internal_error_has_its_cause_in_the_details),
		ARENA_TEST(an_expired_list_carries_the_next_token),
		ARENA_TEST(every_error_code_has_a_reason),
		ARENA_TEST(success_tells_what_was_dealt_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
