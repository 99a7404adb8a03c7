/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_RBAC_PRIVATE_H
#define TROIKA_RBAC_PRIVATE_H

#include "authorizer.h"
#include "map.h"

/*
 * Bindings are found by subject: an index maps each user, group or service account, within one
 * namespace or cluster-wide, to the bindings that name it. A binding points at its role's slot; a
 * slot exists as soon as anything names the role, and is empty while the role is not there.
 */

struct rbac_list {
	const struct str *items;
	uint32_t count;
	bool has_all; /* "*" is among them */
};

struct rbac_rule {
	struct rbac_list verbs, groups, resources, names, urls;
	const struct json_value *source; /* as stored */
};

struct rbac_role {
	struct str name;      /* owned by the slot */
	struct str namespace; /* empty: ClusterRole */
	bool exists;
	struct arena *arena; /* of what follows; NULL while it does not exist */
	struct json_value labels;
	struct json_value selectors; /* clusterRoleSelectors */
	struct rbac_rule *rules;
	size_t rule_count;
	/* Aggregated: other cluster roles whose rules it has too, all the way down. */
	bool is_aggregated;
	bool is_stale; /* `members` has to be found anew */
	struct rbac_role **members;
	size_t member_count;
	uint64_t visit; /* mark of the last walk that met it */
};

struct rbac_subject {
	struct str kind; /* "User", "Group", "ServiceAccount" */
	struct str name;
	struct str namespace;
};

struct rbac_binding {
	struct arena *arena;
	struct str name;
	struct str namespace; /* empty: ClusterRoleBinding */
	struct str role_kind;
	struct rbac_role *role;
	struct rbac_subject *subjects;
	size_t subject_count;
};

/* One subject in one scope, and the bindings that name it. */
struct rbac_grant {
	const struct rbac_binding *binding;
	const struct rbac_subject *subject;
};

struct rbac_grants {
	struct rbac_grant *entries;
	size_t count;
	size_t capacity;
};

struct rbac {
	struct map cluster_roles; /* name to struct rbac_role */
	struct map roles;         /* "namespace/name" to struct rbac_role */
	struct map cluster_bindings;
	struct map bindings;
	struct map grants; /* key of rbac_grant_key to struct rbac_grants */
	struct rbac_role **aggregated;
	size_t aggregated_count;
	size_t aggregated_capacity;
	uint64_t visit;
};

/* rbac_rule.c */
void rbac_rules_compile(struct arena *arena, const struct json_value *rules,
	struct rbac_rule **ret_rules, size_t *ret_count);
bool rbac_rule_allows(
	const struct rbac_rule *rule, const struct authorization_attributes *attributes);

/* rbac_aggregation.c: to be called before and after a cluster role changes. */
void rbac_aggregation_note(struct rbac *rbac, struct rbac_role *changed);
/* Sees to it that the role is among the aggregated ones exactly when it is one. */
void rbac_aggregation_enlist(struct rbac *rbac, struct rbac_role *role);
/* Finds the members of every aggregated role whose members may have changed. */
void rbac_aggregation_refresh(struct rbac *rbac);

/*
 * rbac_index.c: who is meant ('u' for users and service accounts, 'g' for groups), and where. The
 * key lies in the arena.
 */
struct str rbac_grant_key(
	struct arena *arena, char subject_type, struct str namespace, struct str name);
void rbac_index_add(struct rbac *rbac, const struct rbac_binding *binding);
void rbac_index_remove(struct rbac *rbac, const struct rbac_binding *binding);

#endif
