/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agg_hop.h"
#include "agg_identifier.h"

static const struct user_info user = {.name = STR_INIT("alice")};

static const char *target(struct arena *arena, const char *path, const char *query)
{
	struct str decoded;

	assert_true(http_percent_decode(arena, str_from_c(path), false, &decoded));
	return arena_copy_c(
		arena, agg_hop_target(arena, decoded, http_query_parse(arena, str_from_c(query))));
}

static void targets_are_written_in_one_way(void **state)
{
	static const struct {
		const char *path, *query, *target;
	} cases[] = {
		{"/api/v1/pods", "", "/api/v1/pods"},
		{"/api/v1/pods", "watch", "/api/v1/pods?watch="},
		{"/api/v1/pods", "watch=1&limit=5", "/api/v1/pods?watch=1&limit=5"},
		{"/api/v1/pods", "labelSelector=a%3db,c%20in%20(d)",
			"/api/v1/pods?labelSelector=a%3Db,c%20in%20(d)"},
		{"/api/v1/pods", "fieldSelector=a+b", "/api/v1/pods?fieldSelector=a%20b"},
		{"/api/v1/pods", "a=%zz&b=1", "/api/v1/pods?b=1"},
		{"/apis/x/%2e%2e/y", "", "/apis/x/../y"},
		{"/apis/x%2Fy", "", "/apis/x/y"},
		{"/a%20b%3Fc%23d", "", "/a%20b%3Fc%23d"},
		{"/roles/system:node", "", "/roles/system:node"},
		{"/a%0d%0ax", "q=%0d%0aHost:x", "/a%0D%0Ax?q=%0D%0AHost:x"},
		{"/a", "x=%26y%3D1", "/a?x=%26y%3D1"},
	};
	struct arena *arena = arena_create(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(target(arena, cases[i].path, cases[i].query), cases[i].target);
	arena_destroy(&arena);
}

static struct agg_hop_message message_of(
	struct arena *arena, struct http_headers *headers, const char *path)
{
	struct http_request request = {.arena = arena, .method = STR("GET"), .headers = *headers};
	struct agg_hop_message message;

	agg_hop_message(arena, &request, str_from_c(path), NULL, &user, STR("id"), &message);
	return message;
}

static void only_listed_fields_of_the_client_go_on(void **state)
{
	static const char *const names[] = {"accept", "user-agent", "authorization",
		"x-remote-user", "x-remote-group", "x-remote-extra-a", "x-troika-request-id",
		"impersonate-user", "cookie", "connection", "x-forwarded-for", "accept-encoding",
		"host", "content-length"};
	struct arena *arena = arena_create(0);
	struct http_headers headers = {0};
	struct agg_hop_message message;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		http_headers_add(arena, &headers, str_from_c(names[i]), STR("evil"));
	message = message_of(arena, &headers, "/api/v1/pods");
	assert_int_equal(message.headers.count, 4);
	assert_true(str_equal_c(http_headers_find(&message.headers, STR("accept")), "evil"));
	assert_true(str_equal_c(http_headers_find(&message.headers, STR("user-agent")), "evil"));
	assert_true(
		str_equal_c(http_headers_find(&message.headers, STR("x-remote-user")), "alice"));
	assert_true(
		str_equal_c(http_headers_find(&message.headers, STR("x-troika-request-id")), "id"));
	arena_destroy(&arena);
}

static void what_may_travel_compressed_is_said_in_one_word(void **state)
{
	static const struct {
		const char *accepted, *path;
		bool is_asked;
	} cases[] = {
		{"gzip", "/openapi/v3/api/v1", true},
		{"deflate, gzip;q=0.5", "/openapi/v3/api/v1", true},
		{"gzip;q=0", "/openapi/v3/api/v1", false},
		{"deflate", "/openapi/v3/api/v1", false},
		{"gzip", "/api/v1/pods", true},
		{"GZIP", "/api/v1/pods", true},
		{"br, gzip ; q=0.0", "/api/v1/pods", false},
		{"xgzip", "/api/v1/pods", false},
	};
	struct arena *arena = arena_create(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_headers headers = {0};
		struct agg_hop_message message;

		http_headers_add(
			arena, &headers, STR("accept-encoding"), str_from_c(cases[i].accepted));
		message = message_of(arena, &headers, cases[i].path);
		assert_true(str_equal_c(http_headers_find(&message.headers, STR("accept-encoding")),
			cases[i].is_asked ? "gzip" : ""));
	}
	arena_destroy(&arena);
}

static void answers_lose_what_is_between_servers(void **state)
{
	static const char *const names[] = {"content-type", "etag", "warning", "date", "x-troika-x",
		"x-remote-user", "audit-id"};
	struct arena *arena = arena_create(0);
	struct http_headers from = {0}, to = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		http_headers_add(arena, &from, str_from_c(names[i]), STR("v"));
	agg_hop_response_headers(arena, &from, &to);
	assert_int_equal(to.count, 3);
	assert_true(str_equal_c(to.entries[2].name, "warning"));
	arena_destroy(&arena);
}

static void identifiers_differ_and_have_their_form(void **state)
{
	struct arena *arena = arena_create(0);
	struct str last = STR_EMPTY;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct str uuid = agg_identifier_uuid(arena);

		assert_int_equal(uuid.length, 36);
		assert_int_equal(uuid.data[14], '4');
		assert_non_null(strchr("89ab", uuid.data[19]));
		assert_false(str_equal(uuid, last));
		last = uuid;
		assert_int_equal(agg_identifier_hex(arena).length, 32);
	}
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_written_in_one_way),
		cmocka_unit_test(only_listed_fields_of_the_client_go_on),
		cmocka_unit_test(what_may_travel_compressed_is_said_in_one_word),
		cmocka_unit_test(answers_lose_what_is_between_servers),
		cmocka_unit_test(identifiers_differ_and_have_their_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
