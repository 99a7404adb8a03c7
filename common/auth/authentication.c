/* SPDX-License-Identifier: Apache-2.0 */
#include "authentication.h"
#include "tls_context.h"

#define GROUP_AUTHENTICATED   "system:authenticated"
#define GROUP_UNAUTHENTICATED "system:unauthenticated"

/* Audit and policy can tell credentials of one user apart by it. */
static void add_credential_id(
	struct arena *arena, const struct tls_identity *identity, struct user_info *user)
{
	struct user_extra *extra = ARENA_NEW(arena, struct user_extra);
	struct str *value = ARENA_NEW(arena, struct str);

	if (str_is_empty(identity->sha256_hex))
		return;
	*value = arena_printf(arena, "X509SHA256=%.*s", STR_ARG(identity->sha256_hex));
	*extra = (struct user_extra){
		.key = STR("authentication.kubernetes.io/credential-id"),
		.values = value,
		.value_count = 1,
	};
	user->extra = extra;
	user->extra_count = 1;
}

bool authenticate_certificate(
	struct arena *arena, const struct tls_identity *identity, struct user_info *ret)
{
	if (str_is_empty(identity->common_name))
		return false;
	*ret = (struct user_info){
		.name = identity->common_name,
		.uid = identity->subject_uid,
		.groups = identity->organizations,
		.group_count = identity->organization_count,
	};
	add_credential_id(arena, identity, ret);
	return true;
}

void authenticate_anonymous(struct user_info *ret)
{
	static const struct str group = STR_INIT(GROUP_UNAUTHENTICATED);

	*ret = (struct user_info){
		.name = STR("system:anonymous"), .groups = &group, .group_count = 1};
}

void authenticate_unsecured(struct user_info *ret)
{
	static const struct str groups[] = {
		STR_INIT("system:masters"), STR_INIT(GROUP_AUTHENTICATED)};

	*ret = (struct user_info){
		.name = STR("system:unsecured"), .groups = groups, .group_count = 2};
}

void authenticate_complete_groups(struct arena *arena, struct user_info *user)
{
	struct str *groups;

	if (user_info_has_group(user, STR(GROUP_AUTHENTICATED)) ||
		user_info_has_group(user, STR(GROUP_UNAUTHENTICATED)))
		return;
	groups = ARENA_ARRAY(arena, struct str, user->group_count + 1);
	if (user->group_count > 0)
		memcpy(groups, user->groups, user->group_count * sizeof(*groups));
	groups[user->group_count++] = STR(GROUP_AUTHENTICATED);
	user->groups = groups;
}

struct str authenticate_bearer_token(struct str authorization)
{
	struct str rest = str_trim(authorization);
	struct str scheme = str_split(&rest, ' ');

	if (!str_equal_ignore_case(scheme, STR("bearer")))
		return STR_EMPTY;
	return str_split(&rest, ' ');
}
