/* SPDX-License-Identifier: Apache-2.0 */
#include "go_format.h"
#include "rbac_private.h"

/* Members of aggregated roles are found when first needed: a cache, not a change of the rules. */
static void refresh(const struct rbac *rbac)
{
	rbac_aggregation_refresh((struct rbac *)rbac);
}

/* ---- Walking what a user has been granted ---- */

/* Returns true to end the walk. */
typedef bool (*grant_fn)(void *context, const struct rbac_grant *grant);

static bool walk_subject(struct arena *arena, const struct rbac *rbac, char type,
	struct str namespace, struct str name, grant_fn visit, void *context)
{
	const struct rbac_grants *grants =
		map_find(&rbac->grants, rbac_grant_key(arena, type, namespace, name));

	for (size_t i = 0; grants && i < grants->count; i++) {
		if (visit(context, &grants->entries[i]))
			return true;
	}
	return false;
}

static bool walk_scope(struct arena *arena, const struct rbac *rbac, const struct user_info *user,
	struct str namespace, grant_fn visit, void *context)
{
	if (walk_subject(arena, rbac, 'u', namespace, user->name, visit, context))
		return true;
	for (size_t i = 0; i < user->group_count; i++) {
		if (walk_subject(arena, rbac, 'g', namespace, user->groups[i], visit, context))
			return true;
	}
	return false;
}

/* Cluster-wide bindings first, then those of the namespace. */
static bool walk(struct arena *arena, const struct rbac *rbac, const struct user_info *user,
	struct str namespace, grant_fn visit, void *context)
{
	return walk_scope(arena, rbac, user, STR_EMPTY, visit, context) ||
	       (!str_is_empty(namespace) &&
		       walk_scope(arena, rbac, user, namespace, visit, context));
}

/* ---- Decision ---- */

#define MISSING_ROLES_TOLD 8

struct decision {
	const struct authorization_attributes *attributes;
	const struct rbac_grant *grant;
	const struct rbac_binding *missing[MISSING_ROLES_TOLD];
	size_t missing_count;
};

static bool rules_allow(
	const struct rbac_role *role, const struct authorization_attributes *attributes)
{
	for (size_t i = 0; i < role->rule_count; i++) {
		if (rbac_rule_allows(&role->rules[i], attributes))
			return true;
	}
	return false;
}

static bool role_allows(
	const struct rbac_role *role, const struct authorization_attributes *attributes)
{
	if (rules_allow(role, attributes))
		return true;
	for (size_t i = 0; i < role->member_count; i++) {
		if (rules_allow(role->members[i], attributes))
			return true;
	}
	return false;
}

static bool try_grant(void *context, const struct rbac_grant *grant)
{
	struct decision *decision = context;
	const struct rbac_role *role = grant->binding->role;

	if (!role || !role->exists) {
		if (decision->missing_count < MISSING_ROLES_TOLD)
			decision->missing[decision->missing_count++] = grant->binding;
		return false;
	}
	if (!role_allows(role, decision->attributes))
		return false;
	decision->grant = grant;
	return true;
}

static struct str describe_subject(struct arena *arena, const struct rbac_grant *grant)
{
	const struct rbac_subject *subject = grant->subject;
	struct str namespace = subject->namespace;
	struct str name = subject->name;

	if (str_equal(subject->kind, STR("ServiceAccount"))) {
		if (str_is_empty(namespace))
		namespace = grant->binding->namespace;
		name = arena_printf(arena, "%.*s/%.*s", STR_ARG(name), STR_ARG(namespace));
	}
	return arena_printf(
		arena, "%.*s %.*s", STR_ARG(subject->kind), STR_ARG(go_quoted(arena, name)));
}

static struct str describe_grant(struct arena *arena, const struct rbac_grant *grant)
{
	const struct rbac_binding *binding = grant->binding;
	bool is_cluster = str_is_empty(binding->namespace);
	struct str name = is_cluster ? binding->name
				     : arena_printf(arena, "%.*s/%.*s", STR_ARG(binding->name),
					       STR_ARG(binding->namespace));

	return arena_printf(arena, "RBAC: allowed by %s %.*s of %.*s %.*s to %.*s",
		is_cluster ? "ClusterRoleBinding" : "RoleBinding", STR_ARG(go_quoted(arena, name)),
		STR_ARG(binding->role_kind), STR_ARG(go_quoted(arena, binding->role->name)),
		STR_ARG(describe_subject(arena, grant)));
}

/* Bindings to roles that are not there are the usual mistake: the reason names them. */
static struct str describe_missing(struct arena *arena, const struct decision *decision)
{
	struct str list = STR_EMPTY;

	for (size_t i = 0; i < decision->missing_count; i++) {
		const struct rbac_role *role = decision->missing[i]->role;

		if (!role)
			continue;
		list = arena_printf(arena, "%.*s%s%s.rbac.authorization.k8s.io %.*s not found",
			STR_ARG(list), list.length > 0 ? ", " : "",
			str_is_empty(role->namespace) ? "clusterrole" : "role",
			STR_ARG(go_quoted(arena, role->name)));
	}
	if (list.length == 0)
		return STR_EMPTY;
	return decision->missing_count > 1 ? arena_printf(arena, "RBAC: [%.*s]", STR_ARG(list))
					   : arena_printf(arena, "RBAC: %.*s", STR_ARG(list));
}

enum authorization_decision rbac_authorize(struct arena *arena, const struct rbac *rbac,
	const struct authorization_attributes *attributes, struct str *ret_reason)
{
	struct decision decision = {.attributes = attributes};
	struct str namespace = attributes->is_resource_request ? attributes->namespace : STR_EMPTY;

	refresh(rbac);
	if (walk(arena, rbac, attributes->user, namespace, try_grant, &decision)) {
		*ret_reason = describe_grant(arena, decision.grant);
		return AUTHORIZATION_ALLOW;
	}
	*ret_reason = describe_missing(arena, &decision);
	return AUTHORIZATION_NO_OPINION;
}

/* ---- All rules of a user ---- */

struct rule_list {
	struct arena *arena;
	struct json_value *resource_rules;
	struct json_value *non_resource_rules;
};

static void copy_member(
	struct arena *arena, struct json_value *to, const struct json_value *rule, struct str key)
{
	const struct json_value *list = json_find(rule, key);

	if (json_count(list) > 0)
		json_append_member(arena, to, key, json_copy(arena, list, true));
}

static void list_rules(struct rule_list *list, const struct rbac_role *role)
{
	for (size_t i = 0; i < role->rule_count; i++) {
		const struct rbac_rule *rule = &role->rules[i];
		struct json_value copy = json_object();

		if (rule->resources.count > 0) {
			copy_member(list->arena, &copy, rule->source, STR("verbs"));
			copy_member(list->arena, &copy, rule->source, STR("apiGroups"));
			copy_member(list->arena, &copy, rule->source, STR("resources"));
			copy_member(list->arena, &copy, rule->source, STR("resourceNames"));
			json_append(list->arena, list->resource_rules, copy);
		}
		if (rule->urls.count > 0) {
			copy = json_object();
			copy_member(list->arena, &copy, rule->source, STR("verbs"));
			copy_member(list->arena, &copy, rule->source, STR("nonResourceURLs"));
			json_append(list->arena, list->non_resource_rules, copy);
		}
	}
}

static bool list_grant(void *context, const struct rbac_grant *grant)
{
	const struct rbac_role *role = grant->binding->role;

	if (!role || !role->exists)
		return false;
	list_rules(context, role);
	for (size_t i = 0; i < role->member_count; i++)
		list_rules(context, role->members[i]);
	return false;
}

void rbac_rules_for(struct arena *arena, const struct rbac *rbac, const struct user_info *user,
	struct str namespace, struct json_value *ret_resource_rules,
	struct json_value *ret_non_resource_rules)
{
	struct rule_list list = {arena, ret_resource_rules, ret_non_resource_rules};

	*ret_resource_rules = json_array();
	*ret_non_resource_rules = json_array();
	refresh(rbac);
	walk(arena, rbac, user, namespace, list_grant, &list);
}
