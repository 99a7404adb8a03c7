/* SPDX-License-Identifier: Apache-2.0 */
#include "test_machinery_support.h"

#include "request_info.h"
#include "user_info.h"

static const struct {
	const char *method, *path, *query;
	const char *verb, *group, *version, *namespace, *resource, *subresource, *name;
	const char *authorization_name;
} cases[] = {
	{"GET", "/api/v1/namespaces/ns/pods/web-0", "", "get", "", "v1", "ns", "pods", "", "web-0",
		"web-0"},
	{"HEAD", "/api/v1/namespaces/ns/pods/web-0/log", "", "get", "", "v1", "ns", "pods", "log",
		"web-0", "web-0"},
	{"GET", "/api/v1/namespaces/ns/pods", "", "list", "", "v1", "ns", "pods", "", "", ""},
	{"GET", "/api/v1/namespaces/ns/pods/", "watch=1", "watch", "", "v1", "ns", "pods", "", "",
		""},
	{"GET", "/api/v1/pods", "watch=", "watch", "", "v1", "", "pods", "", "", ""},
	{"GET", "/api/v1/pods", "watch=False", "list", "", "v1", "", "pods", "", "", ""},
	{"GET", "/api/v1/pods", "watch=0", "list", "", "v1", "", "pods", "", "", ""},
	{"GET", "/api/v1/pods", "fieldSelector=a%3Db,metadata.name%3Dx", "list", "", "v1", "",
		"pods", "", "", "x"},
	{"GET", "/api/v1/pods", "watch=true&fieldSelector=metadata.name%3D%3Dx", "watch", "", "v1",
		"", "pods", "", "", "x"},
	{"GET", "/api/v1/pods", "fieldSelector=metadata.name%3D..%2Fx", "list", "", "v1", "",
		"pods", "", "", ""},
	{"GET", "/api/v1/pods", "fieldSelector=metadata.name!%3Dx", "list", "", "v1", "", "pods",
		"", "", ""},
	{"POST", "/api/v1/namespaces/ns/pods/p/binding", "", "create", "", "v1", "ns", "pods",
		"binding", "p", "p"},
	{"PUT", "/apis/apps/v1/namespaces/ns/deployments/d/scale", "", "update", "apps", "v1", "ns",
		"deployments", "scale", "d", "d"},
	{"PATCH", "/apis/apps/v1/namespaces/ns/deployments/d", "", "patch", "apps", "v1", "ns",
		"deployments", "", "d", "d"},
	{"DELETE", "/apis/apps/v1/namespaces/ns/deployments/d", "", "delete", "apps", "v1", "ns",
		"deployments", "", "d", "d"},
	{"DELETE", "/apis/apps/v1/namespaces/ns/deployments", "", "deletecollection", "apps", "v1",
		"ns", "deployments", "", "", ""},
	{"GET", "/api/v1/namespaces/ns/pods",
		"fieldSelector=spec.nodeName%3Da%5C%2Cmetadata.name%3Dp", "list", "", "v1", "ns",
		"pods", "", "", ""},
	{"GET", "/api/v1/namespaces", "", "list", "", "v1", "", "namespaces", "", "", ""},
	{"GET", "/api/v1/namespaces/ns", "", "get", "", "v1", "ns", "namespaces", "", "ns", "ns"},
	{"PUT", "/api/v1/namespaces/ns/finalize", "", "update", "", "v1", "ns", "namespaces",
		"finalize", "ns", "ns"},
	{"PUT", "/api/v1/namespaces/ns/status", "", "update", "", "v1", "ns", "namespaces",
		"status", "ns", "ns"},
	{"GET", "/api/v1/watch/namespaces/ns/pods", "", "watch", "", "v1", "ns", "pods", "", "",
		""},
	{"GET", "/api/v1/watch/namespaces/ns/secrets/s", "", "watch", "", "v1", "ns", "secrets", "",
		"s", "s"},
	{"GET", "/api/v1/watch/namespaces/ns", "", "watch", "", "v1", "ns", "namespaces", "", "ns",
		"ns"},
	{"GET", "/apis/apps/v1/watch/deployments", "", "watch", "apps", "v1", "", "deployments", "",
		"", ""},
	{"GET", "/apis/example.com/v1/widgets/a%20b", "", "get", "example.com", "v1", "", "widgets",
		"", "a b", "a b"},
	{"OPTIONS", "/api/v1/pods", "", "", "", "v1", "", "pods", "", "", ""},
};

static void requests_are_named_as_upstream_names_them(void **state)
{
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct request_info info;

		assert_int_equal(
			request_info_parse(arena, str_from_c(cases[i].method),
				str_from_c(cases[i].path),
				http_query_parse(arena, str_from_c(cases[i].query)), &info, &err),
			0);
		assert_true(info.is_resource_request);
		assert_text(arena, info.verb, cases[i].verb);
		assert_text(arena, info.group, cases[i].group);
		assert_text(arena, info.version, cases[i].version);
		assert_text(arena, info.namespace, cases[i].namespace);
		assert_text(arena, info.resource, cases[i].resource);
		assert_text(arena, info.subresource, cases[i].subresource);
		assert_text(arena, info.name, cases[i].name);
		assert_text(arena, info.authorization_name, cases[i].authorization_name);
	}
}

static void other_paths_have_the_method_as_verb(void **state)
{
	static const char *const paths[] = {"/", "/api", "/api/v1", "/apis", "/apis/apps/v1",
		"/healthz/etcd/x/y", "//", "//api/v1/pods", "//apis/apps/v1/deployments/a"};
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct request_info info;

		assert_int_equal(request_info_parse(arena, STR("GET"), str_from_c(paths[i]), NULL,
					 &info, &err),
			0);
		assert_false(info.is_resource_request);
		assert_text(arena, info.verb, "get");
		assert_text(arena, info.path, paths[i]);
	}
}

static void malformed_paths_are_refused(void **state)
{
	static const char *const paths[] = {"/api/v1/watch", "/api/v1/proxy", "/api/v1/%zz"};
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct request_info info;

		assert_int_equal(request_info_parse(arena, STR("GET"), str_from_c(paths[i]), NULL,
					 &info, &err),
			ERROR_RETURN);
		assert_int_equal(err.code, ERROR_BAD_REQUEST);
	}
	struct buffer deep = {0};
	struct error err = ERROR_INIT(arena);
	struct request_info info;

	for (int i = 0; i < 1000; i++)
		buffer_append(&deep, STR("/api"));
	assert_int_equal(
		request_info_parse(arena, STR("GET"), buffer_str(&deep), NULL, &info, &err), -1);
	buffer_fini(&deep);
}

static void long_running_requests_are_known(void **state)
{
	static const struct {
		const char *path;
		bool is_long;
	} long_cases[] = {
		{"/api/v1/watch/pods", true},
		{"/api/v1/namespaces/n/pods/p/log", true},
		{"/api/v1/namespaces/n/pods/p/exec", true},
		{"/api/v1/namespaces/n/pods/p/status", false},
		{"/api/v1/namespaces/n/pods/p", false},
		{"/debug/pprof/profile", true},
		{"/healthz", false},
	};
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(long_cases) / sizeof(long_cases[0]); i++) {
		struct request_info info;

		assert_int_equal(request_info_parse(arena, STR("GET"),
					 str_from_c(long_cases[i].path), NULL, &info, NULL),
			0);
		assert_int_equal(request_info_is_long_running(&info), long_cases[i].is_long);
	}
}

/* ---- Users ---- */

static void a_user_survives_the_headers(void **state)
{
	static const struct str groups[] = {STR_INIT("system:masters"), STR_INIT("a b,c")};
	static const struct str scopes[] = {STR_INIT("x%41"), STR_INIT("y\n\xc3\xa4")};
	static const struct user_extra extra[] = {
		{.key = STR_INIT("example.com/Scope"), .values = scopes, .value_count = 2}};
	static const struct user_info user = {.name = STR_INIT("j\xc3\xbcrgen"),
		.uid = STR_INIT("42"),
		.groups = groups,
		.group_count = 2,
		.extra = extra,
		.extra_count = 1};
	struct arena *arena = *state;
	struct http_headers headers = {0};
	struct user_info read, copy;

	user_info_to_headers(arena, &user, &headers);
	for (size_t i = 0; i < headers.count; i++) {
		for (size_t j = 0; j < headers.entries[i].value.length; j++)
			assert_in_range(headers.entries[i].value.data[j], 0x20, 0x7e);
	}
	assert_true(user_info_from_headers(arena, &headers, &read));
	user_info_copy(arena, &read, &copy);
	assert_text(arena, copy.name, "j\xc3\xbcrgen");
	assert_text(arena, copy.uid, "42");
	assert_int_equal(copy.group_count, 2);
	assert_true(user_info_has_group(&copy, STR("a b,c")));
	assert_false(user_info_has_group(&copy, STR("a")));
	assert_int_equal(copy.extra_count, 1);
	assert_text(arena, copy.extra[0].values[0], "x%41");
	assert_text(arena, copy.extra[0].values[1], "y\n\xc3\xa4");
}

static void headers_without_a_user_name_are_nobody(void **state)
{
	struct arena *arena = *state;
	struct http_headers headers = {0};
	struct user_info user;

	http_headers_add(arena, &headers, STR("x-remote-group"), STR("system:masters"));
	assert_false(user_info_from_headers(arena, &headers, &user));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(requests_are_named_as_upstream_names_them),
		ARENA_TEST(other_paths_have_the_method_as_verb),
		ARENA_TEST(malformed_paths_are_refused),
		ARENA_TEST(long_running_requests_are_known),
		ARENA_TEST(a_user_survives_the_headers),
		ARENA_TEST(headers_without_a_user_name_are_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
