/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "authorizer.h"
#include "json_reader.h"
#include "json_writer.h"

struct fixture {
	struct arena *arena;
	struct rbac *rbac;
};

static int setup(void **state)
{
	struct arena *arena = arena_create(0);
	struct fixture *fixture = ARENA_NEW(arena, struct fixture);

	fixture->arena = arena;
	fixture->rbac = rbac_create();
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	struct arena *arena = fixture->arena;

	rbac_destroy(&fixture->rbac);
	arena_destroy(&arena);
	return 0;
}

static void set(struct fixture *fixture, enum rbac_kind kind, const char *namespace,
	const char *name, const char *text)
{
	struct arena *arena = arena_create(0);
	struct json_value object;
	struct error err = ERROR_INIT(arena);

	assert_int_equal(json_read(arena, str_from_c(text), NULL, &object, &err), 0);
	rbac_set_object(fixture->rbac, kind, str_from_c(namespace), str_from_c(name), &object);
	/* Nothing of the tree may be used after the call. */
	arena_destroy(&arena);
}

static void unset(
	struct fixture *fixture, enum rbac_kind kind, const char *namespace, const char *name)
{
	rbac_set_object(fixture->rbac, kind, str_from_c(namespace), str_from_c(name), NULL);
}

static struct user_info user_of(const char *name, const struct str *group)
{
	return (struct user_info){
		.name = str_from_c(name), .groups = group, .group_count = group ? 1 : 0};
}

/* "get apps deployments/scale web in ns" without the words in between; "" where there is none. */
struct question {
	const char *verb, *group, *resource, *subresource, *name, *namespace;
};

static bool may(struct fixture *fixture, const struct user_info *user, struct question question)
{
	struct str reason;
	struct authorization_attributes attributes = {
		.user = user,
		.is_resource_request = true,
		.verb = str_from_c(question.verb),
		.group = str_from_c(question.group),
		.resource = str_from_c(question.resource),
		.subresource = str_from_c(question.subresource),
		.name = str_from_c(question.name),
		.namespace = str_from_c(question.namespace),
	};

	return rbac_authorize(fixture->arena, fixture->rbac, &attributes, &reason) ==
	       AUTHORIZATION_ALLOW;
}

static bool may_path(struct fixture *fixture, const struct user_info *user, const char *path)
{
	struct str reason;
	struct authorization_attributes attributes = {
		.user = user, .verb = STR("get"), .path = str_from_c(path)};

	return rbac_authorize(fixture->arena, fixture->rbac, &attributes, &reason) ==
	       AUTHORIZATION_ALLOW;
}

static void bind_cluster(struct fixture *fixture, const char *role)
{
	char text[256];

	snprintf(text, sizeof(text),
		"{\"subjects\":[{\"kind\":\"User\",\"name\":\"alice\"}],"
		"\"roleRef\":{\"kind\":\"ClusterRole\",\"name\":\"%s\"}}",
		role);
	set(fixture, RBAC_CLUSTER_ROLE_BINDING, "", role, text);
}

static void rules_match_verbs_groups_resources_and_names(void **state)
{
	struct fixture *fixture = *state;
	struct user_info alice = user_of("alice", NULL);
	static const struct {
		const char *rules;
		struct question question;
		bool is_allowed;
	} cases[] = {
		{"{'verbs':['get'],'apiGroups':[''],'resources':['pods']}",
			{"get", "", "pods", "", "a", "ns"}, true},
		{"{'verbs':['get'],'apiGroups':[''],'resources':['pods']}",
			{"list", "", "pods", "", "", "ns"}, false},
		{"{'verbs':['*'],'apiGroups':['apps'],'resources':['deployments']}",
			{"escalate", "apps", "deployments", "", "", ""}, true},
		{"{'verbs':['get'],'apiGroups':['apps'],'resources':['deployments']}",
			{"get", "", "deployments", "", "", ""}, false},
		{"{'verbs':['get'],'apiGroups':['*'],'resources':['*']}",
			{"get", "x.y", "things", "status", "", ""}, true},
		{"{'verbs':['get'],'apiGroups':[''],'resources':['pods']}",
			{"get", "", "pods", "log", "a", "ns"}, false},
		{"{'verbs':['get'],'apiGroups':[''],'resources':['pods/log']}",
			{"get", "", "pods", "log", "a", "ns"}, true},
		{"{'verbs':['get'],'apiGroups':[''],'resources':['pods/log']}",
			{"get", "", "pods", "", "a", "ns"}, false},
		{"{'verbs':['get'],'apiGroups':['*'],'resources':['*/scale']}",
			{"get", "apps", "deployments", "scale", "a", "ns"}, true},
		{"{'verbs':['get'],'apiGroups':['*'],'resources':['*/scale']}",
			{"get", "apps", "deployments", "status", "a", "ns"}, false},
		{"{'verbs':['get'],'apiGroups':['*'],'resources':['*/scale']}",
			{"get", "apps", "deployments", "", "a", "ns"}, false},
		{"{'verbs':['get'],'apiGroups':[''],'resources':['secrets'],'resourceNames':['a']}",
			{"get", "", "secrets", "", "a", "ns"}, true},
		{"{'verbs':['get'],'apiGroups':[''],'resources':['secrets'],'resourceNames':['a']}",
			{"get", "", "secrets", "", "b", "ns"}, false},
		{"{'verbs':['get'],'apiGroups':[''],'resources':['secrets'],'resourceNames':['*']}",
			{"get", "", "secrets", "", "b", "ns"}, false},
		{"{'verbs':['list'],'apiGroups':[''],'resources':['secrets'],'resourceNames':['a']}",
			{"list", "", "secrets", "", "", "ns"}, false},
		{"{'verbs':['get'],'nonResourceURLs':['*']}", {"get", "", "secrets", "", "a", "ns"},
			false},
	};

	bind_cluster(fixture, "tested");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text), "{'rules':[%s]}", cases[i].rules);
		for (char *byte = text; *byte; byte++)
			*byte = *byte == '\'' ? '"' : *byte;
		set(fixture, RBAC_CLUSTER_ROLE, "", "tested", text);
		assert_int_equal(may(fixture, &alice, cases[i].question), cases[i].is_allowed);
	}
}

static void paths_match_exactly_or_by_a_trailing_star(void **state)
{
	struct fixture *fixture = *state;
	struct user_info alice = user_of("alice", NULL);

	bind_cluster(fixture, "paths");
	set(fixture, RBAC_CLUSTER_ROLE, "", "paths",
		"{\"rules\":[{\"verbs\":[\"get\"],\"nonResourceURLs\":[\"/healthz\",\"/apis/*\"]}]}");
	assert_true(may_path(fixture, &alice, "/healthz"));
	assert_true(may_path(fixture, &alice, "/apis/apps/v1"));
	assert_false(may_path(fixture, &alice, "/apis"));
	assert_false(may_path(fixture, &alice, "/healthz/ping"));
	assert_false(may_path(fixture, &alice, "/"));
}

static void a_role_binding_grants_within_its_namespace_only(void **state)
{
	struct fixture *fixture = *state;
	struct user_info alice = user_of("alice", NULL);

	set(fixture, RBAC_ROLE, "ns", "reader",
		"{\"rules\":[{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],\"resources\":[\"pods\"]}]}");
	set(fixture, RBAC_ROLE_BINDING, "ns", "b",
		"{\"subjects\":[{\"kind\":\"User\",\"name\":\"alice\"}],"
		"\"roleRef\":{\"kind\":\"Role\",\"name\":\"reader\"}}");
	assert_true(may(fixture, &alice, (struct question){"get", "", "pods", "", "", "ns"}));
	assert_false(may(fixture, &alice, (struct question){"get", "", "pods", "", "", "other"}));
	assert_false(may(fixture, &alice, (struct question){"get", "", "pods", "", "", ""}));
	unset(fixture, RBAC_ROLE_BINDING, "ns", "b");
	assert_false(may(fixture, &alice, (struct question){"get", "", "pods", "", "", "ns"}));
}

static void groups_and_service_accounts_are_subjects(void **state)
{
	struct fixture *fixture = *state;
	struct str group = STR("ops");
	struct user_info bob = user_of("bob", &group);
	struct user_info account = user_of("system:serviceaccount:ns:robot", NULL);
	struct user_info other = user_of("system:serviceaccount:elsewhere:robot", NULL);
	struct question question = {"get", "", "pods", "", "", "ns"};

	set(fixture, RBAC_CLUSTER_ROLE, "", "r",
		"{\"rules\":[{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],\"resources\":[\"pods\"]}]}");
	set(fixture, RBAC_ROLE_BINDING, "ns", "b",
		"{\"subjects\":[{\"kind\":\"Group\",\"name\":\"ops\"},"
		"{\"kind\":\"ServiceAccount\",\"name\":\"robot\"}],"
		"\"roleRef\":{\"kind\":\"ClusterRole\",\"name\":\"r\"}}");
	assert_true(may(fixture, &bob, question));
	assert_true(may(fixture, &account, question));
	assert_false(may(fixture, &other, question));
	/* A changed binding forgets its old subjects. */
	set(fixture, RBAC_ROLE_BINDING, "ns", "b",
		"{\"subjects\":[{\"kind\":\"User\",\"name\":\"bob\"}],"
		"\"roleRef\":{\"kind\":\"ClusterRole\",\"name\":\"r\"}}");
	assert_true(may(fixture, &bob, question));
	assert_false(may(fixture, &account, question));
}

static void a_user_named_like_a_group_gets_nothing_of_it(void **state)
{
	struct fixture *fixture = *state;
	struct user_info ops = user_of("ops", NULL);

	set(fixture, RBAC_CLUSTER_ROLE, "", "r",
		"{\"rules\":[{\"verbs\":[\"*\"],\"apiGroups\":[\"*\"],\"resources\":[\"*\"]}]}");
	set(fixture, RBAC_CLUSTER_ROLE_BINDING, "", "b",
		"{\"subjects\":[{\"kind\":\"Group\",\"name\":\"ops\"}],"
		"\"roleRef\":{\"kind\":\"ClusterRole\",\"name\":\"r\"}}");
	assert_false(may(fixture, &ops, (struct question){"get", "", "pods", "", "", ""}));
}

static void a_binding_waits_for_its_role(void **state)
{
	struct fixture *fixture = *state;
	struct user_info alice = user_of("alice", NULL);
	struct question question = {"get", "", "pods", "", "", "ns"};
	struct str reason;
	struct authorization_attributes attributes = {.user = &alice,
		.is_resource_request = true,
		.verb = STR("get"),
		.resource = STR("pods")};

	bind_cluster(fixture, "late");
	assert_int_equal(rbac_authorize(fixture->arena, fixture->rbac, &attributes, &reason),
		AUTHORIZATION_NO_OPINION);
	assert_true(str_equal_c(
		reason, "RBAC: clusterrole.rbac.authorization.k8s.io \"late\" not found"));
	set(fixture, RBAC_CLUSTER_ROLE, "", "late",
		"{\"rules\":[{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],\"resources\":[\"pods\"]}]}");
	assert_true(may(fixture, &alice, question));
	assert_int_equal(rbac_authorize(fixture->arena, fixture->rbac, &attributes, &reason),
		AUTHORIZATION_ALLOW);
	assert_true(str_equal_c(reason,
		"RBAC: allowed by ClusterRoleBinding \"late\" of ClusterRole \"late\" to User "
		"\"alice\""));
	unset(fixture, RBAC_CLUSTER_ROLE, "", "late");
	assert_false(may(fixture, &alice, question));
}

static void aggregated_roles_follow_the_roles_they_select(void **state)
{
	struct fixture *fixture = *state;
	struct user_info alice = user_of("alice", NULL);
	struct question question = {"get", "x.io", "widgets", "", "", ""};

	bind_cluster(fixture, "admin");
	set(fixture, RBAC_CLUSTER_ROLE, "", "admin",
		"{\"aggregationRule\":{\"clusterRoleSelectors\":[{\"matchLabels\":{\"to\":\"admin\"}}]}}");
	/* Two steps down, and in a circle. */
	set(fixture, RBAC_CLUSTER_ROLE, "", "edit",
		"{\"metadata\":{\"labels\":{\"to\":\"admin\"}},\"aggregationRule\":{"
		"\"clusterRoleSelectors\":[{\"matchExpressions\":[{\"key\":\"to\",\"operator\":"
		"\"In\",\"values\":[\"edit\",\"admin\"]}]}]}}");
	assert_false(may(fixture, &alice, question));
	set(fixture, RBAC_CLUSTER_ROLE, "", "widgets",
		"{\"metadata\":{\"labels\":{\"to\":\"edit\"}},\"rules\":[{\"verbs\":[\"get\"],"
		"\"apiGroups\":[\"x.io\"],\"resources\":[\"widgets\"]}]}");
	assert_true(may(fixture, &alice, question));
	set(fixture, RBAC_CLUSTER_ROLE, "", "widgets",
		"{\"metadata\":{\"labels\":{\"to\":\"nobody\"}},\"rules\":[{\"verbs\":[\"get\"],"
		"\"apiGroups\":[\"x.io\"],\"resources\":[\"widgets\"]}]}");
	assert_false(may(fixture, &alice, question));
	unset(fixture, RBAC_CLUSTER_ROLE, "", "edit");
	assert_false(may(fixture, &alice, question));
}

static void odd_objects_grant_nothing_and_break_nothing(void **state)
{
	static const char *const texts[] = {"{}", "[]", "null", "{\"rules\":{}}",
		"{\"rules\":[1,null,{\"verbs\":5}]}", "{\"subjects\":[1,{}],\"roleRef\":[]}",
		"{\"aggregationRule\":{\"clusterRoleSelectors\":[1,{\"matchLabels\":[]}]}}",
		"{\"subjects\":[{\"kind\":\"ServiceAccount\",\"name\":\"a\"}],"
		"\"roleRef\":{\"kind\":\"Role\",\"name\":\"x\"}}"};
	struct fixture *fixture = *state;
	struct user_info alice = user_of("alice", NULL);

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		set(fixture, RBAC_CLUSTER_ROLE, "", "x", texts[i]);
		set(fixture, RBAC_CLUSTER_ROLE_BINDING, "", "x", texts[i]);
		set(fixture, RBAC_ROLE, "ns", "x", texts[i]);
		set(fixture, RBAC_ROLE_BINDING, "ns", "x", texts[i]);
		assert_false(
			may(fixture, &alice, (struct question){"get", "", "pods", "", "", "ns"}));
	}
}

static void the_rules_of_a_user_are_listed(void **state)
{
	struct fixture *fixture = *state;
	struct user_info alice = user_of("alice", NULL);
	struct json_value resources, paths;

	bind_cluster(fixture, "r");
	set(fixture, RBAC_CLUSTER_ROLE, "", "r",
		"{\"rules\":[{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],\"resources\":[\"pods\"],"
		"\"resourceNames\":[\"a\"]},{\"verbs\":[\"get\"],\"nonResourceURLs\":[\"/x\"]}]}");
	rbac_rules_for(fixture->arena, fixture->rbac, &alice, STR("ns"), &resources, &paths);
	assert_true(str_equal_c(json_to_str(fixture->arena, &resources),
		"[{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],\"resources\":[\"pods\"],"
		"\"resourceNames\":[\"a\"]}]"));
	assert_true(str_equal_c(json_to_str(fixture->arena, &paths),
		"[{\"verbs\":[\"get\"],\"nonResourceURLs\":[\"/x\"]}]"));
}

static enum rbac_kind kind_of(struct str kind)
{
	return str_equal(kind, STR("Role"))          ? RBAC_ROLE
	       : str_equal(kind, STR("RoleBinding")) ? RBAC_ROLE_BINDING
	       : str_equal(kind, STR("ClusterRole")) ? RBAC_CLUSTER_ROLE
						     : RBAC_CLUSTER_ROLE_BINDING;
}

static void the_bootstrap_policy_lets_the_right_ones_in(void **state)
{
	struct fixture *fixture = *state;
	struct json_value policy = bootstrap_policy(fixture->arena);
	struct str authenticated = STR("system:authenticated");
	struct str unauthenticated = STR("system:unauthenticated");
	struct user_info alice = user_of("alice", &authenticated);
	struct user_info nobody = user_of("system:anonymous", &unauthenticated);
	struct user_info scheduler = user_of("system:kube-scheduler", &authenticated);
	struct user_info replicas =
		user_of("system:serviceaccount:kube-system:replicaset-controller", NULL);

	assert_true(json_count(&policy) > 120);
	for (size_t i = 0; i < json_count(&policy); i++) {
		const struct json_value *object = json_element(&policy, i);

		rbac_set_object(fixture->rbac, kind_of(json_text(json_find(object, STR("kind")))),
			json_text(json_find_path(object, "metadata", "namespace", NULL)),
			json_text(json_find_path(object, "metadata", "name", NULL)), object);
	}
	assert_true(may_path(fixture, &alice, "/apis/apps/v1"));
	assert_true(may_path(fixture, &nobody, "/healthz"));
	assert_false(may_path(fixture, &nobody, "/apis"));
	assert_false(may_path(fixture, &alice, "/metrics"));
	assert_true(may(fixture, &scheduler,
		(struct question){"create", "", "pods", "binding", "a", "ns"}));
	assert_true(may(fixture, &scheduler,
		(struct question){"get", "", "configmaps", "", "extension-apiserver-authentication",
			"kube-system"}));
	assert_true(may(fixture, &replicas, (struct question){"create", "", "pods", "", "", "ns"}));
	assert_false(may(fixture, &alice, (struct question){"get", "", "pods", "", "", "ns"}));
	set(fixture, RBAC_ROLE_BINDING, "ns", "b",
		"{\"subjects\":[{\"kind\":\"User\",\"name\":\"alice\"}],"
		"\"roleRef\":{\"kind\":\"ClusterRole\",\"name\":\"admin\"}}");
	assert_true(may(fixture, &alice, (struct question){"get", "", "pods", "", "", "ns"}));
	assert_true(may(fixture, &alice,
		(struct question){"create", "rbac.authorization.k8s.io", "roles", "", "", "ns"}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			rules_match_verbs_groups_resources_and_names, setup, teardown),
		cmocka_unit_test_setup_teardown(
			paths_match_exactly_or_by_a_trailing_star, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_role_binding_grants_within_its_namespace_only, setup, teardown),
		cmocka_unit_test_setup_teardown(
			groups_and_service_accounts_are_subjects, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_user_named_like_a_group_gets_nothing_of_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_binding_waits_for_its_role, setup, teardown),
		cmocka_unit_test_setup_teardown(
			aggregated_roles_follow_the_roles_they_select, setup, teardown),
		cmocka_unit_test_setup_teardown(
			odd_objects_grant_nothing_and_break_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(the_rules_of_a_user_are_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_bootstrap_policy_lets_the_right_ones_in, setup, teardown),
	};

	str_hash_seed_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
