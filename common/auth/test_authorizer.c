/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "authorizer.h"

static enum authorization_decision decide(
	const char *mode, struct rbac *rbac, const char *group, struct str *reason)
{
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct str mode_name = str_from_c(mode);
	struct str group_name = str_from_c(group);
	struct user_info user = {.name = STR("u"), .groups = &group_name, .group_count = 1};
	struct authorization_attributes attributes = {
		.user = &user, .verb = STR("get"), .path = STR("/x")};
	struct authorizer *authorizer = NULL;
	enum authorization_decision decision;

	assert_int_equal(authorizer_create(&mode_name, 1, rbac, &authorizer, &err), 0);
	decision = authorizer_decide(arena, authorizer, &attributes, reason);
	*reason = STR_EMPTY;
	authorizer_destroy(&authorizer);
	arena_destroy(&arena);
	return decision;
}

static void modes_decide_and_masters_are_always_allowed(void **state)
{
	struct rbac *rbac = rbac_create();
	struct str reason;

	(void)state;
	assert_int_equal(decide("AlwaysAllow", NULL, "g", &reason), AUTHORIZATION_ALLOW);
	assert_int_equal(decide("AlwaysDeny", NULL, "g", &reason), AUTHORIZATION_NO_OPINION);
	assert_int_equal(decide("RBAC", rbac, "g", &reason), AUTHORIZATION_NO_OPINION);
	assert_int_equal(decide("RBAC", rbac, "system:masters", &reason), AUTHORIZATION_ALLOW);
	assert_int_equal(
		decide("AlwaysDeny", NULL, "system:masters", &reason), AUTHORIZATION_ALLOW);
	rbac_destroy(&rbac);
}

static void unknown_and_repeated_modes_are_refused(void **state)
{
	struct str unknown = STR("Nothing");
	struct str twice[] = {STR_INIT("AlwaysDeny"), STR_INIT("AlwaysDeny")};
	struct str rbac = STR("RBAC");
	struct authorizer *authorizer = NULL;
	struct error err = ERROR_INIT(NULL);

	(void)state;
	assert_int_equal(authorizer_create(&unknown, 1, NULL, &authorizer, &err), ERROR_RETURN);
	error_clear(&err);
	assert_int_equal(authorizer_create(twice, 2, NULL, &authorizer, &err), ERROR_RETURN);
	error_clear(&err);
	assert_int_equal(authorizer_create(&rbac, 1, NULL, &authorizer, &err), ERROR_RETURN);
}

static void a_refusal_says_who_may_not_do_what_where(void **state)
{
	struct arena *arena = arena_create(0);
	struct user_info user = {.name = STR("u<1>")};
	static const struct {
		struct authorization_attributes attributes;
		const char *reason;
		const char *message;
	} cases[] = {
		{{.verb = STR_INIT("get"),
			 .is_resource_request = true,
			 .resource = STR_INIT("pods"),
			 .name = STR_INIT("x"),
			 .namespace = STR_INIT("ns")},
			"",
			"pods \"x\" is forbidden: User \"u&lt;1&gt;\" cannot get resource \"pods\" "
			"in API group \"\" in the namespace \"ns\""},
		{{.verb = STR_INIT("update"),
			 .is_resource_request = true,
			 .group = STR_INIT("apps"),
			 .resource = STR_INIT("deployments"),
			 .subresource = STR_INIT("scale"),
			 .name = STR_INIT("x")},
			"because",
			"deployments.apps \"x\" is forbidden: User \"u&lt;1&gt;\" cannot update "
			"resource \"deployments/scale\" in API group \"apps\" at the cluster scope: "
			"because"},
		{{.verb = STR_INIT("list"),
			 .is_resource_request = true,
			 .resource = STR_INIT("nodes")},
			"",
			"nodes is forbidden: User \"u&lt;1&gt;\" cannot list resource \"nodes\" in "
			"API group \"\" at the cluster scope"},
		{{.verb = STR_INIT("get"), .path = STR_INIT("/metrics")}, "",
			"forbidden: User \"u&lt;1&gt;\" cannot get path \"/metrics\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct authorization_attributes attributes = cases[i].attributes;
		struct error err = ERROR_INIT(arena);

		attributes.user = &user;
		assert_int_equal(authorizer_forbid(&attributes, str_from_c(cases[i].reason), &err),
			ERROR_RETURN);
		assert_int_equal(err.code, ERROR_FORBIDDEN);
		assert_string_equal(arena_copy_c(arena, err.message), cases[i].message);
	}
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes_decide_and_masters_are_always_allowed),
		cmocka_unit_test(unknown_and_repeated_modes_are_refused),
		cmocka_unit_test(a_refusal_says_who_may_not_do_what_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
