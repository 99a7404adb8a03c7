/* SPDX-License-Identifier: Apache-2.0 */
/* Creates and updates, and who may make them, driven over a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "assertion.h"
#include "json_reader.h"
#include "request_context.h"
#include "test_server_support.h"

/* ---- Create ---- */

static void a_create_fills_in_what_is_the_servers(void **state)
{
	struct test_call *call = test_request(*state, "POST", WIDGETS, NULL,
		"{" TYPE(
			"Widget") ",\"metadata\":{\"name\":\"a\",\"uid\":\"mine\",\"generation\":7},"
				  "\"spec\":{\"color\":\"red\"},\"status\":{\"phase\":\"Done\"}}");

	assert_answer(call, 201, "\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"");
	assert_answer(call, 201, "\"resourceVersion\":\"2\"");
	assert_answer(call, 201, "\"generation\":1");
	assert_answer(call, 201, "\"manager\":\"unknown\"");
	assert_without(call, "mine");
	assert_without(call, "Done");
}

static void bodies_are_judged_before_anything_else(void **state)
{
	static const struct {
		const char *headers, *body;
		int status;
		const char *text;
	} cases[] = {
		{NULL, "", 400, "couldn't get version/kind; json parse error"},
		{NULL, "[]", 400, "couldn't get version/kind"},
		{NULL, "{\"kind\":\"Rack\",\"metadata\":{\"name\":\"a\"}}", 400, "BadRequest"},
		{NULL, "{\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\"}}", 400,
			"does not match the expected API version (test.example.com/v1)"},
		{NULL, "{\"metadata\":{\"name\":\"a\",\"namespace\":\"other\"}}", 400,
			"the namespace of the provided object does not match the namespace sent"},
		{NULL, "{\"metadata\":{\"name\":\"A\"}}", 422, "metadata.name"},
		{NULL, "{\"metadata\":{}}", 422, "name or generateName is required"},
		{NULL, "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"}}", 500,
			"resourceVersion should not be set on objects to be created"},
		{"content-type: text/plain\n", "{}", 415, "UnsupportedMediaType"},
		{"content-encoding: gzip\n", "{}", 415, "gzip"},
		{"accept: text/html\n", "{}", 406, "NotAcceptable"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_answer(
			test_request(*state, "POST", WIDGETS, cases[i].headers, cases[i].body),
			cases[i].status, cases[i].text);
	assert_answer(test_request(*state, "GET", WIDGETS, NULL, NULL), 200, "\"items\":[]");
}

static void a_name_is_created_once(void **state)
{
	static const char body[] = "{\"metadata\":{\"name\":\"a\",\"finalizers\":[\"x.io/f\"]}}";

	assert_answer(test_request(*state, "POST", WIDGETS, NULL, body), 201, NULL);
	assert_answer(test_request(*state, "POST", WIDGETS, NULL, body), 409,
		"\"message\":\"widgets.test.example.com \\\"a\\\" already exists\"");
	assert_answer(test_request(*state, "POST", WIDGETS "?dryRun=All", NULL, body), 409,
		"already exists");
	assert_answer(
		test_request(*state, "DELETE", WIDGETS "/a", NULL, NULL), 200, "deletionTimestamp");
	assert_answer(test_request(*state, "POST", WIDGETS, NULL, body), 409,
		"object is being deleted: widgets.test.example.com");
}

static void generated_names_are_tried_anew_and_remembered_by_nobody(void **state)
{
	struct test_call *first = test_request(
		*state, "POST", WIDGETS, NULL, "{\"metadata\":{\"generateName\":\"a-\"}}");
	struct test_call *second = test_request(
		*state, "POST", WIDGETS, NULL, "{\"metadata\":{\"generateName\":\"a-\"}}");

	assert_answer(first, 201, "\"name\":\"a-");
	assert_answer(second, 201, "\"name\":\"a-");
	assert_string_not_equal(
		test_extract(first, "\"name\":\""), test_extract(second, "\"name\":\""));
}

static void dry_runs_leave_nothing(void **state)
{
	struct test_call *call = test_request(
		*state, "POST", TICKETS "?dryRun=All", NULL, "{\"metadata\":{\"name\":\"a\"}}");

	assert_answer(call, 201, "\"number\":1");
	assert_without(call, "resourceVersion");
	assert_answer(test_request(*state, "GET", TICKETS "/a", NULL, NULL), 404, "NotFound");
	call = test_request(*state, "POST", TICKETS, NULL, "{\"metadata\":{\"name\":\"a\"}}");
	assert_answer(call, 201, "\"number\":1");
	assert_answer(test_request(*state, "PATCH", TICKETS "/a?dryRun=All", MERGE_PATCH,
			      "{\"spec\":{\"color\":\"red\"}}"),
		200, "red");
	assert_answer(
		test_request(*state, "DELETE", TICKETS "/a?dryRun=All", NULL, NULL), 200, NULL);
	assert_without(test_request(*state, "GET", TICKETS "/a", NULL, NULL), "red");
	assert_answer(test_request(*state, "POST", WIDGETS "?dryRun=Some", NULL, "{}"), 422,
		"Unsupported value");
}

static void names_that_the_store_cannot_hold_are_refused(void **state)
{
	char path[1200], body[1200], name[601];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(path, sizeof(path), RACKS "/%s", name);
	snprintf(body, sizeof(body), "{\"metadata\":{\"name\":\"%s\"}}", name);
	assert_answer(test_request(*state, "PUT", path, NULL, body), 422, "Too long");
	assert_answer(test_request(*state, "POST", RACKS, NULL, body), 422, "Too long");
	assert_answer(test_request(*state, "GET", path, NULL, NULL), 404, "NotFound");
	snprintf(path, sizeof(path), BASE "/namespaces/%s/widgets", name);
	assert_answer(test_request(*state, "POST", path, NULL, "{\"metadata\":{\"name\":\"a\"}}"),
		422, "metadata.namespace");
}

/* ---- Namespaces ---- */

static void every_kind_of_create_looks_at_the_namespace(void **state)
{
	static const struct {
		const char *method, *path, *headers, *body;
	} creates[] = {
		{"POST", TICKETS, NULL, "{\"metadata\":{\"name\":\"a\"}}"},
		{"PUT", TICKETS "/a", NULL, "{\"metadata\":{\"name\":\"a\"}}"},
		{"PATCH", TICKETS "/a?fieldManager=m", APPLY_PATCH,
			"{" TYPE("Ticket") ",\"metadata\":{\"name\":\"a\"}}"},
	};
	struct server_test *test = *state;

	for (size_t i = 0; i < sizeof(creates) / sizeof(creates[0]); i++) {
		test->namespace_state = NAMESPACE_MISSING;
		assert_answer(test_request(test, creates[i].method, creates[i].path,
				      creates[i].headers, creates[i].body),
			404, "namespaces \\\"n\\\" not found");
		test->namespace_state = NAMESPACE_TERMINATING;
		assert_answer(test_request(test, creates[i].method, creates[i].path,
				      creates[i].headers, creates[i].body),
			403, "\"reason\":\"NamespaceTerminating\"");
		test->namespace_state = NAMESPACE_UNKNOWN;
		assert_answer(test_request(test, creates[i].method, creates[i].path,
				      creates[i].headers, creates[i].body),
			503, "nobody knows");
		test->namespace_state = NAMESPACE_ACTIVE;
		assert_answer(test_request(test, creates[i].method, creates[i].path,
				      creates[i].headers, creates[i].body),
			201, "\"number\":1");
		assert_answer(test_request(test, "DELETE", TICKETS "/a", NULL, NULL), 200,
			"\"kind\":\"Ticket\"");
		test->taken[1] = false;
	}
}

static bool waits(void *context)
{
	return ((struct server_test *)context)->waiting != NULL;
}

static void answer_namespace(struct server_test *test, enum namespace_state state)
{
	struct request_context *request = test->waiting;

	test->waiting = NULL;
	test->waiting_done(request, state);
}

static void a_create_waits_for_its_namespace_also_without_its_client(void **state)
{
	struct server_test *test = *state;
	struct test_call *call;

	test->namespace_waits = true;
	call = test_send(test, "POST", WIDGETS, "content-type: application/yaml\n",
		"metadata:\n  name: a\n");
	test_run_until(test, waits, test);
	answer_namespace(test, NAMESPACE_ACTIVE);
	test_wait(call);
	assert_answer(call, 201, "\"name\":\"a\"");
	call = test_send(test, "POST", WIDGETS,
		"content-type: application/yaml\n"
		"accept: application/json;as=Table;v=v1;g=meta.k8s.io\n",
		"metadata:\n  name: b\n");
	test_run_until(test, waits, test);
	test_cancel(call);
	/* A later answer on the same connection: the server has seen the cancel. */
	assert_answer(test_request(test, "GET", WIDGETS "/b", NULL, NULL), 404, NULL);
	answer_namespace(test, NAMESPACE_ACTIVE);
	assert_answer(test_request(test, "POST", RACKS, NULL, "{\"metadata\":{\"name\":\"r\"}}"),
		201, NULL);
	assert_answer(test_request(test, "GET", WIDGETS "/b", NULL, NULL), 200, NULL);
}

static void nothing_is_created_in_a_namespace_that_changed_meanwhile(void **state)
{
	struct server_test *test = *state;

	assert_answer(test_request(test, "POST", RACKS, NULL, "{\"metadata\":{\"name\":\"n\"}}"),
		201, NULL);
	test->guards_namespace = true;
	assert_answer(test_request(test, "POST", WIDGETS, NULL, "{\"metadata\":{\"name\":\"a\"}}"),
		201, "\"resourceVersion\":\"4\"");
	assert_int_equal(test->namespace_checks, 2);
}

/* ---- Update ---- */

static void updates_keep_what_is_not_theirs(void **state)
{
	struct test_call *call;

	test_request(*state, "POST", WIDGETS, NULL,
		"{\"metadata\":{\"name\":\"a\"},\"spec\":{\"color\":\"red\"}}");
	call = test_request(*state, "PUT", WIDGETS "/a/status", NULL,
		"{\"metadata\":{\"name\":\"a\",\"labels\":{\"l\":\"v\"}},\"spec\":{\"color\":\"no\"},"
		"\"status\":{\"phase\":\"Done\"}}");
	assert_answer(call, 200, "\"phase\":\"Done\"");
	assert_answer(call, 200, "\"color\":\"red\"");
	assert_answer(call, 200, "\"generation\":1");
	assert_without(call, "\"l\"");
	call = test_request(*state, "PUT", WIDGETS "/a", NULL,
		"{\"metadata\":{\"name\":\"a\"},\"spec\":{\"color\":\"blue\"},\"status\":{}}");
	assert_answer(call, 200, "\"phase\":\"Done\"");
	assert_answer(call, 200, "\"generation\":2");
}

static void preconditions_of_an_update_hold(void **state)
{
	static const struct {
		const char *path, *body;
		int status;
		const char *text;
	} cases[] = {
		{WIDGETS "/a", "{\"metadata\":{\"name\":\"b\"}}", 400,
			"the name of the object (b) does not match the name on the URL (a)"},
		{WIDGETS "/a", "{\"metadata\":{\"name\":\"a\",\"uid\":\"u\"}}", 409,
			"Precondition failed: UID in precondition: u, UID in object meta: "},
		{WIDGETS "/a", "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"}}", 409,
			"the object has been modified"},
		{WIDGETS "/a", "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"x\"}}", 409,
			"the object has been modified"},
		{WIDGETS "/none", "{\"metadata\":{\"name\":\"none\"}}", 404, "NotFound"},
		{RACKS "/r", "{\"metadata\":{\"name\":\"r\",\"uid\":\"u\"}}", 409,
			"Precondition failed: UID in precondition: u, UID in object meta: \""},
		{TICKETS "/t", "{\"metadata\":{\"name\":\"t\"}}", 422,
			"must be specified for an update"},
		{WIDGETS, "{}", 405, "MethodNotAllowed"},
		{WIDGETS "/a", "", 400,
			"unrecognized (must be of type Widget): couldn't get version/kind; json "
			"parse error: unexpected end of JSON input (\\u003cempty\\u003e)"},
		{WIDGETS "/a", "[1]", 400, "(5b315d)"},
		{WIDGETS "/a/status/more", "{}", 404, "could not find the requested resource"},
		{WIDGETS "/a/none", "{}", 404, "could not find the requested resource"},
	};

	test_request(*state, "POST", WIDGETS, NULL, "{\"metadata\":{\"name\":\"a\"}}");
	test_request(*state, "POST", TICKETS, NULL, "{\"metadata\":{\"name\":\"t\"}}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_answer(test_request(*state, "PUT", cases[i].path, NULL, cases[i].body),
			cases[i].status, cases[i].text);
}

static void a_put_may_create_and_a_write_that_changes_nothing_is_none(void **state)
{
	static const char body[] = "{\"metadata\":{\"name\":\"r\",\"namespace\":\"n\","
				   "\"resourceVersion\":\"77\"},\"spec\":{\"color\":\"red\"}}";
	struct test_call *call = test_request(*state, "PUT", RACKS "/r", NULL, body);

	assert_answer(call, 201, "\"resourceVersion\":\"2\"");
	assert_without(call, "\"namespace\"");
	call = test_request(*state, "PUT", RACKS "/r", NULL,
		"{\"metadata\":{\"name\":\"r\"},\"spec\":{\"color\":\"red\"}}");
	assert_answer(call, 200, "\"resourceVersion\":\"2\"");
	assert_int_equal(storage_revision(((struct server_test *)*state)->storage.storage), 2);
	call = test_request(*state, "PUT", RACKS "/r", NULL,
		"{\"metadata\":{\"name\":\"r\",\"namespace\":\"n\"},\"spec\":{\"color\":\"red\"}}");
	assert_answer(call, 200, "\"resourceVersion\":\"2\"");
}

static void writes_that_lose_a_race_are_made_anew(void **state)
{
	enum {
		WRITERS = 20
	};
	struct server_test *test = *state;
	struct test_call *calls[WRITERS];
	struct test_call *call;

	test_request(test, "POST", WIDGETS, NULL, "{\"metadata\":{\"name\":\"a\"}}");
	for (int i = 0; i < WRITERS; i++) {
		char patch[80];

		snprintf(patch, sizeof(patch), "{\"metadata\":{\"labels\":{\"l%d\":\"\"}},\"x\":1}",
			i);
		calls[i] = test_send(test, "PATCH", WIDGETS "/a", MERGE_PATCH, patch);
	}
	for (int i = 0; i < WRITERS; i++) {
		test_wait(calls[i]);
		assert_answer(calls[i], 200, NULL);
		/* The warning of the last attempt, once. */
		assert_true(str_equal(buffer_str(&calls[i]->warnings),
			STR("299 - \"unknown field \\\"x\\\"\"\n")));
	}
	call = test_request(test, "GET", WIDGETS "/a", NULL, NULL);
	assert_int_equal(test_count(call, "\":\"\""), WRITERS);
}

static void of_many_updates_of_one_version_one_wins(void **state)
{
	enum {
		WRITERS = 10
	};
	struct test_call *calls[WRITERS];
	size_t won = 0, lost = 0;

	test_request(*state, "POST", WIDGETS, NULL, "{\"metadata\":{\"name\":\"a\"}}");
	for (int i = 0; i < WRITERS; i++) {
		char body[120];

		snprintf(body, sizeof(body),
			"{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"2\"},\"spec\":{"
			"\"replicas\":%d}}",
			i);
		calls[i] = test_send(*state, "PUT", WIDGETS "/a", NULL, body);
	}
	for (int i = 0; i < WRITERS; i++) {
		test_wait(calls[i]);
		won += calls[i]->status == 200;
		lost += calls[i]->status == 409;
	}
	assert_int_equal(won, 1);
	assert_int_equal(lost, WRITERS - 1);
}

/* ---- What a strategy allocates ---- */

static void what_was_allocated_is_given_back_when_a_write_fails(void **state)
{
	struct server_test *test = *state;

	assert_answer(test_request(test, "POST", TICKETS, NULL,
			      "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"color\":\"bad\"}}"),
		422, "is bad");
	assert_false(test->taken[1]);
	test_request(test, "POST", TICKETS, NULL, "{\"metadata\":{\"name\":\"a\"}}");
	assert_true(test->taken[1]);
	/* The number is reserved, then the name is found to be taken. */
	assert_answer(test_request(test, "POST", TICKETS, NULL, "{\"metadata\":{\"name\":\"a\"}}"),
		409, NULL);
	assert_false(test->taken[2]);
	assert_answer(test_request(test, "PATCH", TICKETS "/a", MERGE_PATCH,
			      "{\"spec\":{\"number\":9,\"color\":\"bad\"}}"),
		422, "is bad");
	assert_true(test->taken[1]);
	assert_false(test->taken[2]);
	assert_answer(
		test_request(test, "PATCH", TICKETS "/a", MERGE_PATCH, "{\"spec\":{\"number\":9}}"),
		200, "\"number\":2");
	assert_false(test->taken[1]);
	assert_true(test->taken[2]);
	assert_answer(
		test_request(test, "DELETE", TICKETS "/a", NULL, NULL), 200, "\"kind\":\"Ticket\"");
	assert_false(test->taken[2]);
}

/* ---- Rights ---- */

static void grant(struct server_test *test, const char *rules)
{
	struct arena *arena = arena_create(0);
	struct json_value role = json_object(), binding, list;
	struct error err = ERROR_INIT(arena);

	ASSERT(json_read(arena, str_from_c(rules), NULL, &list, &err) == 0);
	json_set(arena, &role, STR("rules"), list);
	ASSERT(json_read(arena,
		       STR("{\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":"
			   "\"ClusterRole\",\"name\":\"r\"},\"subjects\":[{\"kind\":\"User\","
			   "\"name\":\"tester\",\"apiGroup\":\"rbac.authorization.k8s.io\"}]}"),
		       NULL, &binding, &err) == 0);
	rbac_set_object(test->rbac, RBAC_CLUSTER_ROLE, STR_EMPTY, STR("r"), &role);
	rbac_set_object(test->rbac, RBAC_CLUSTER_ROLE_BINDING, STR_EMPTY, STR("b"), &binding);
	arena_destroy(&arena);
}

static void a_create_by_put_or_apply_needs_the_right_to_create(void **state)
{
	static const char apply[] = "{" TYPE("Rack") ",\"metadata\":{\"name\":\"r\"}}";
	static const char *const path = RACKS "/r?fieldManager=m";

	assert_answer(test_request(*state, "PUT", RACKS "/r", NULL, apply), 403,
		"User \\\"tester\\\" cannot update resource \\\"racks\\\"");
	grant(*state, "[{\"verbs\":[\"update\",\"patch\"],\"apiGroups\":[\"test.example.com\"],"
		      "\"resources\":[\"racks\"]}]");
	assert_answer(test_request(*state, "PUT", RACKS "/r", NULL, apply), 403,
		"User \\\"tester\\\" cannot create resource \\\"racks\\\"");
	assert_answer(test_request(*state, "PATCH", path, APPLY_PATCH, apply), 403,
		"cannot create resource");
	grant(*state, "[{\"verbs\":[\"create\",\"patch\"],\"apiGroups\":[\"test.example.com\"],"
		      "\"resources\":[\"racks\"]}]");
	assert_answer(test_request(*state, "PATCH", path, APPLY_PATCH, apply), 201, NULL);
}

static void lists_of_one_name_are_judged_by_it(void **state)
{
	grant(*state, "[{\"verbs\":[\"list\"],\"apiGroups\":[\"test.example.com\"],"
		      "\"resources\":[\"racks\"],\"resourceNames\":[\"r\"]}]");
	assert_answer(test_request(*state, "GET", RACKS, NULL, NULL), 403, NULL);
	assert_answer(
		test_request(*state, "GET", RACKS "?fieldSelector=metadata.name%3Dr", NULL, NULL),
		200, "\"items\":[]");
	assert_answer(test_request(*state, "GET",
			      RACKS "?fieldSelector=metadata.name!%3Dx%5C%2Cmetadata.name%3Dr",
			      NULL, NULL),
		403, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, server_test_setup, server_test_teardown)
#define TEST_RBAC(name)                                                                            \
	cmocka_unit_test_setup_teardown(name, server_test_setup_rbac, server_test_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_create_fills_in_what_is_the_servers),
		TEST(bodies_are_judged_before_anything_else),
		TEST(a_name_is_created_once),
		TEST(generated_names_are_tried_anew_and_remembered_by_nobody),
		TEST(dry_runs_leave_nothing),
		TEST(names_that_the_store_cannot_hold_are_refused),
		TEST(every_kind_of_create_looks_at_the_namespace),
		TEST(a_create_waits_for_its_namespace_also_without_its_client),
		TEST(nothing_is_created_in_a_namespace_that_changed_meanwhile),
		TEST(updates_keep_what_is_not_theirs),
		TEST(preconditions_of_an_update_hold),
		TEST(a_put_may_create_and_a_write_that_changes_nothing_is_none),
		TEST(writes_that_lose_a_race_are_made_anew),
		TEST(of_many_updates_of_one_version_one_wins),
		TEST(what_was_allocated_is_given_back_when_a_write_fails),
		TEST_RBAC(a_create_by_put_or_apply_needs_the_right_to_create),
		TEST_RBAC(lists_of_one_name_are_judged_by_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
