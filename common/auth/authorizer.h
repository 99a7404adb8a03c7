/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AUTHORIZER_H
#define TROIKA_AUTHORIZER_H

#include "error.h"
#include "json_value.h"
#include "user_info.h"

/* What is asked of an authorizer: who wants to do what to which resource or path. */
struct authorization_attributes {
	const struct user_info *user;
	struct str verb;
	bool is_resource_request;
	struct str group, version, resource, subresource, name, namespace;
	struct str path; /* non-resource requests */
};

enum authorization_decision {
	AUTHORIZATION_NO_OPINION,
	AUTHORIZATION_ALLOW,
	AUTHORIZATION_DENY,
};

/* ---- RBAC: rules compiled from stored objects ---- */

enum rbac_kind {
	RBAC_ROLE,
	RBAC_ROLE_BINDING,
	RBAC_CLUSTER_ROLE,
	RBAC_CLUSTER_ROLE_BINDING
};

struct rbac;
struct rbac *rbac_create(void);
void rbac_destroy(struct rbac **rbac);
/*
 * Takes up one object (NULL: it is gone). `object` is copied as needed. Aggregated ClusterRoles
 * (aggregationRule) take in the rules of the roles their selectors match.
 */
void rbac_set_object(struct rbac *rbac, enum rbac_kind kind, struct str namespace, struct str name,
	const struct json_value *object);
/* ALLOW or NO_OPINION. *ret_reason (in the arena) says by which binding, as upstream's audit
 * reason. */
enum authorization_decision rbac_authorize(struct arena *arena, const struct rbac *rbac,
	const struct authorization_attributes *attributes, struct str *ret_reason);
/*
 * All rules that hold for the user in the namespace, as the arrays resourceRules and
 * nonResourceRules of a SubjectRulesReviewStatus.
 */
void rbac_rules_for(struct arena *arena, const struct rbac *rbac, const struct user_info *user,
	struct str namespace, struct json_value *ret_resource_rules,
	struct json_value *ret_non_resource_rules);

/* ---- The chain of --authorization-mode ---- */

struct authorizer;
/*
 * modes: values of --authorization-mode in order ("RBAC", "AlwaysAllow", "AlwaysDeny", and "Node",
 * which has no opinion yet; others fail). `rbac` is borrowed and may be NULL when RBAC is not among
 * them. Members of system:masters are always allowed, first.
 */
int authorizer_create(const struct str *modes, size_t mode_count, struct rbac *rbac,
	struct authorizer **ret, struct error *err) WARN_UNUSED;
void authorizer_destroy(struct authorizer **authorizer);
enum authorization_decision authorizer_decide(struct arena *arena,
	const struct authorizer *authorizer, const struct authorization_attributes *attributes,
	struct str *ret_reason);
/*
 * The Forbidden error of a refused request, with upstream's sentence: `pods "x" is forbidden: User
 * "u" cannot get resource "pods" in API group "" in the namespace "ns"`. Returns ERROR_RETURN.
 */
int authorizer_forbid(
	const struct authorization_attributes *attributes, struct str reason, struct error *err);

/* ---- Bootstrap policy: objects an RBAC plane starts with ---- */

/*
 * The default ClusterRoles, ClusterRoleBindings, Roles and RoleBindings as a JSON array of objects
 * with apiVersion and kind (labels and annotations of bootstrap objects included).
 */
struct json_value bootstrap_policy(struct arena *arena);

#endif
