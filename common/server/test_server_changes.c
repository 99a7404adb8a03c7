/* SPDX-License-Identifier: Apache-2.0 */
/* Patches, scales and deletes, driven over a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "test_server_support.h"

/* ---- Patch ---- */

static void patches_are_judged(void **state)
{
	static const struct {
		const char *path, *headers, *body;
		int status;
		const char *text;
	} cases[] = {
		{WIDGETS "/a", NULL, "{}", 415, "application/apply-patch+yaml"},
		{WIDGETS "/a", MERGE_PATCH, "[]", 422,
			"\" \\\"\\\" is invalid: patch: Invalid value: "},
		{WIDGETS "/a", MERGE_PATCH, "{", 400, NULL},
		{WIDGETS "/a", MERGE_PATCH, "{\"kind\":\"Rack\"}", 422, "unknown conversion"},
		{WIDGETS "/a", MERGE_PATCH, "{\"apiVersion\":\"v1\"}", 422, "API version"},
		{WIDGETS "/a", MERGE_PATCH, "{\"metadata\":{\"name\":\"b\"}}", 400, "name"},
		{WIDGETS "/a", MERGE_PATCH, "{\"metadata\":null}", 400,
			"the name of the object (a based on URL) was undeterminable: name must be "
			"provided"},
		{WIDGETS "/a", MERGE_PATCH, "{\"metadata\":{\"uid\":\"u\"}}", 422,
			"metadata.uid: Invalid value: \\\"u\\\": field is immutable"},
		{WIDGETS "/a", MERGE_PATCH, "{\"metadata\":{\"resourceVersion\":\"1\"}}", 409,
			NULL},
		{WIDGETS "/a", JSON_PATCH, "[{\"op\":\"remove\",\"path\":\"/none\"}]", 422, NULL},
		{WIDGETS "/a?fieldValidation=Strict", MERGE_PATCH, "{\"x\":1}", 422,
			"strict decoding error: unknown field \\\"x\\\""},
		{WIDGETS "/none", MERGE_PATCH, "{}", 404, "NotFound"},
		{WIDGETS "/a?force=true", MERGE_PATCH, "{}", 422, "force"},
		{WIDGETS "/a", APPLY_PATCH, "{" TYPE("Widget") "}", 422, "is required for apply"},
		{WIDGETS "/a?fieldManager=m", APPLY_PATCH, "{" TYPE("Rack") "}", 400, "kind"},
		{WIDGETS "/a?fieldManager=m", APPLY_PATCH, "{}", 400, "Incorrect version"},
		{WIDGETS "/new?fieldManager=m", APPLY_PATCH,
			"{" TYPE("Widget") ",\"metadata\":{\"uid\":\"u\"}}", 409, "uid mismatch"},
	};

	test_request(*state, "POST", WIDGETS, NULL, "{\"metadata\":{\"name\":\"a\"}}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_answer(test_request(*state, "PATCH", cases[i].path, cases[i].headers,
				      cases[i].body),
			cases[i].status, cases[i].text);
	assert_answer(
		test_request(*state, "GET", WIDGETS "/a", NULL, NULL), 200, "\"kind\":\"Widget\"");
}

static void an_apply_creates_then_merges(void **state)
{
	struct test_call *call = test_request(*state, "PATCH", WIDGETS "/a?fieldManager=m",
		APPLY_PATCH, "apiVersion: test.example.com/v1\nkind: Widget\nspec: {color: red}\n");

	assert_answer(call, 201, "\"operation\":\"Apply\"");
	call = test_request(*state, "PATCH", WIDGETS "/a?fieldManager=other", APPLY_PATCH,
		"{" TYPE("Widget") ",\"spec\":{\"color\":\"blue\"}}");
	assert_answer(call, 409, "FieldManagerConflict");
	call = test_request(*state, "PATCH", WIDGETS "/a?fieldManager=other&force=true",
		APPLY_PATCH, "{" TYPE("Widget") ",\"spec\":{\"color\":\"blue\"}}");
	assert_answer(call, 200, "blue");
}

/* ---- Scale ---- */

static void a_scale_is_a_view_of_its_parent(void **state)
{
	static const struct {
		const char *method, *headers, *body;
		int status;
		const char *text;
	} cases[] = {
		{"GET", NULL, NULL, 200, "\"status\":{\"replicas\":0,\"selector\":\"a=b\"}"},
		{"PUT", NULL, "{\"metadata\":{\"name\":\"w\"},\"spec\":{\"replicas\":3}}", 200,
			"\"spec\":{\"replicas\":3}"},
		{"PUT", NULL, "{\"metadata\":{\"name\":\"w\",\"uid\":\"u\"},\"spec\":{}}", 409,
			"UID in precondition: u"},
		{"PUT", NULL, "{\"metadata\":{\"name\":\"w\",\"resourceVersion\":\"1\"}}", 409,
			"the object has been modified"},
		{"PUT", NULL, "{\"metadata\":{\"name\":\"x\"}}", 400, "does not match"},
		{"PUT", NULL, "{\"spec\":{\"replicas\":-1}}", 422, "greater than or equal to 0"},
		{"PATCH", MERGE_PATCH, "{\"spec\":{\"replicas\":4}}", 200,
			"\"spec\":{\"replicas\":4}"},
		{"PATCH", JSON_PATCH,
			"[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":5}]", 200,
			"\"spec\":{\"replicas\":5}"},
		{"PATCH", NULL, "{}", 415, NULL},
	};

	test_request(*state, "POST", WIDGETS, NULL,
		"{\"metadata\":{\"name\":\"w\"},\"spec\":{\"selector\":{\"a\":\"b\"}}}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_answer(test_request(*state, cases[i].method, WIDGETS "/w/scale",
				      cases[i].headers, cases[i].body),
			cases[i].status, cases[i].text);
	assert_answer(
		test_request(*state, "GET", WIDGETS "/w", NULL, NULL), 200, "\"generation\":4");
}

/* ---- Delete ---- */

static void a_delete_says_what_became_of_the_object(void **state)
{
	struct test_call *call;

	test_request(*state, "POST", WIDGETS, NULL, "{\"metadata\":{\"name\":\"a\"}}");
	assert_answer(test_request(*state, "DELETE", WIDGETS "/a", NULL,
			      "{\"preconditions\":{\"uid\":\"u\"}}"),
		409, "the UID in the precondition (u) does not match the UID in record");
	assert_answer(test_request(*state, "DELETE", WIDGETS "/a", NULL,
			      "{\"preconditions\":{\"resourceVersion\":\"9\"}}"),
		409, "the ResourceVersion in the precondition (9) does not match");
	assert_answer(
		test_request(*state, "DELETE", WIDGETS "/a?propagationPolicy=Never", NULL, NULL),
		422, "Unsupported value");
	call = test_request(*state, "DELETE", WIDGETS "/a", NULL, NULL);
	assert_answer(call, 200, "\"status\":\"Success\"");
	assert_answer(call, 200, "\"kind\":\"widgets\"");
	assert_answer(test_request(*state, "DELETE", WIDGETS "/a", NULL, NULL), 404, NULL);
}

static void finalizers_hold_an_object_until_the_last_is_gone(void **state)
{
	struct test_call *call, *watch;

	test_request(*state, "POST", WIDGETS, NULL, "{\"metadata\":{\"name\":\"a\"}}");
	watch = test_send(*state, "GET", WIDGETS "?watch=1&resourceVersion=2", NULL, NULL);
	call = test_request(
		*state, "DELETE", WIDGETS "/a?propagationPolicy=Foreground", NULL, NULL);
	assert_answer(call, 200, "\"finalizers\":[\"foregroundDeletion\"]");
	assert_answer(call, 200, "\"deletionGracePeriodSeconds\":0");
	assert_answer(call, 200, "\"generation\":2");
	/* A second one changes nothing. */
	assert_answer(test_request(*state, "DELETE", WIDGETS "/a", NULL, NULL), 200,
		"\"resourceVersion\":\"3\"");
	assert_answer(
		test_request(*state, "PATCH", WIDGETS "/a", MERGE_PATCH,
			"{\"metadata\":{\"finalizers\":[\"foregroundDeletion\",\"x.io/y\"]}}"),
		422, "no new finalizers can be added if the object is being deleted");
	call = test_request(
		*state, "PATCH", WIDGETS "/a", MERGE_PATCH, "{\"metadata\":{\"finalizers\":null}}");
	assert_answer(call, 200, "\"resourceVersion\":\"4\"");
	assert_answer(test_request(*state, "GET", WIDGETS "/a", NULL, NULL), 404, NULL);
	test_wait_for(watch, "\"type\":\"DELETED\"", 1);
	assert_int_equal(test_count(watch, "\"type\":\"MODIFIED\""), 1);
}

static void make_many(struct server_test *test, const char *collection, int count)
{
	for (int i = 0; i < count; i++) {
		char body[120];

		snprintf(body, sizeof(body),
			"{\"metadata\":{\"name\":\"w%02d\",\"labels\":{\"odd\":\"%d\"}}}", i,
			i % 2);
		test_send(test, "POST", collection, NULL, body);
	}
	for (struct test_call *call = test->calls; call; call = call->next)
		test_wait(call);
}

static void a_collection_is_deleted_as_it_was_asked_for(void **state)
{
	struct test_call *call;

	make_many(*state, WIDGETS, 20);
	call = test_request(
		*state, "DELETE", WIDGETS "?labelSelector=odd%3D1&dryRun=All", NULL, NULL);
	assert_int_equal(test_count(call, "\"name\":\"w"), 10);
	call = test_request(*state, "DELETE", WIDGETS "?labelSelector=odd%3D1", NULL, NULL);
	assert_answer(call, 200, "\"kind\":\"WidgetList\"");
	assert_int_equal(test_count(call, "\"name\":\"w"), 10);
	call = test_request(*state, "DELETE", WIDGETS "?limit=3", NULL, NULL);
	assert_int_equal(test_count(call, "\"name\":\"w"), 3);
	call = test_request(*state, "GET", WIDGETS, NULL, NULL);
	assert_int_equal(test_count(call, "\"name\":\"w"), 7);
	assert_without(call, "w00");
	assert_answer(test_request(*state, "DELETE", WIDGETS, NULL,
			      "{\"preconditions\":{\"uid\":\"u\"}}"),
		409, "the UID in the precondition (u) does not match");
	call = test_request(*state, "DELETE", WIDGETS,
		"accept: application/json;as=Table;v=v1;g=meta.k8s.io\n", NULL);
	assert_answer(call, 200, "\"kind\":\"Table\"");
	assert_int_equal(test_count(call, "\"cells\""), 7);
	assert_answer(test_request(*state, "GET", WIDGETS, NULL, NULL), 200, "\"items\":[]");
	assert_answer(test_request(*state, "DELETE", WIDGETS, NULL, NULL), 200, "\"items\":[]");
}

static void a_client_that_leaves_ends_a_delete_of_many(void **state)
{
	struct server_test *test = *state;
	struct test_call *call;

	make_many(test, WIDGETS, 20);
	call = test_send(test, "DELETE", WIDGETS, NULL, NULL);
	assert_answer(test_request(test, "GET", RACKS, NULL, NULL), 200, NULL);
	test_cancel(call);
	assert_answer(test_request(test, "GET", RACKS, NULL, NULL), 200, NULL);
	/* Whatever was under way goes on without harm while the server goes. */
	test_send(test, "DELETE", WIDGETS, NULL, NULL);
	assert_answer(test_request(test, "GET", RACKS, NULL, NULL), 200, NULL);
}

static void the_server_may_go_while_the_store_works(void **state)
{
	struct server_test *test = *state;

	test_request(test, "POST", TICKETS, NULL, "{\"metadata\":{\"name\":\"a\"}}");
	test_request(test, "POST", WIDGETS, NULL, "{\"metadata\":{\"name\":\"a\"}}");
	for (int i = 0; i < 8; i++) {
		char body[80];

		snprintf(body, sizeof(body), "{\"metadata\":{\"name\":\"b%d\"}}", i);
		test_send(test, "POST", TICKETS, "x-troika-request-id: same\n", body);
		test_send(test, "PATCH", WIDGETS "/a", MERGE_PATCH,
			i % 2 ? "{\"spec\":{\"color\":\"x\"}}" : "{\"spec\":{\"color\":\"y\"}}");
	}
	test_send(test, "DELETE", WIDGETS "/a", NULL, NULL);
	test_send(test, "DELETE", TICKETS, NULL, NULL);
	/* Answered at once, behind all of these. */
	assert_answer(test_request(test, "GET", RACKS, NULL, NULL), 200, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, server_test_setup, server_test_teardown)
	const struct CMUnitTest tests[] = {
		TEST(patches_are_judged),
		TEST(an_apply_creates_then_merges),
		TEST(a_scale_is_a_view_of_its_parent),
		TEST(a_delete_says_what_became_of_the_object),
		TEST(finalizers_hold_an_object_until_the_last_is_gone),
		TEST(a_collection_is_deleted_as_it_was_asked_for),
		TEST(a_client_that_leaves_ends_a_delete_of_many),
		TEST(the_server_may_go_while_the_store_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
