/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Impersonate-User, -Uid, -Group and -Extra-KEY: the request goes on as somebody else, if its user
 * may impersonate each part of that (verb impersonate on users, serviceaccounts, uids, groups and
 * userextras).
 */
#include "agg_request_steps.h"
#include "authentication.h"

#define AUTHENTICATION_GROUP "authentication.k8s.io"
#define SERVICE_ACCOUNT      "system:serviceaccount:"
#define EXTRA_PREFIX         "impersonate-extra-"
#define IMPERSONATE_PREFIX   "impersonate-"

static bool may_impersonate(struct agg_request *request, struct authorization_attributes attributes)
{
	struct str reason;

	attributes.user = &request->user;
	attributes.verb = STR("impersonate");
	attributes.is_resource_request = true;
	if (authorizer_decide(request->arena, request->server->authorizer, &attributes, &reason) ==
		AUTHORIZATION_ALLOW)
		return true;
	authorizer_forbid(&attributes, reason, &request->err);
	return false;
}

/* Splits "system:serviceaccount:NAMESPACE:NAME". */
static bool is_service_account(struct str user, struct str *ret_namespace, struct str *ret_name)
{
	if (!str_starts_with(user, STR(SERVICE_ACCOUNT)))
		return false;
	*ret_name = str_skip(user, sizeof(SERVICE_ACCOUNT) - 1);
	*ret_namespace = str_split(ret_name, ':');
	return ret_namespace->length > 0 && ret_name->length > 0 &&
	       str_find_byte(*ret_name, ':') == ret_name->length;
}

static bool may_be_user(struct agg_request *request, struct str user)
{
	struct str namespace, name;

	if (is_service_account(user, &namespace, &name))
		return may_impersonate(
			request, (struct authorization_attributes){.version = STR("v1"),
					 .resource = STR("serviceaccounts"),
					 .namespace = namespace,
					 .name = name});
	return may_impersonate(
		request, (struct authorization_attributes){.resource = STR("users"), .name = user});
}

static bool may_be_in_group(struct agg_request *request, struct str group)
{
	return may_impersonate(request,
		(struct authorization_attributes){.resource = STR("groups"), .name = group});
}

static bool may_be_uid(struct agg_request *request, struct str uid)
{
	return may_impersonate(
		request, (struct authorization_attributes){.group = STR(AUTHENTICATION_GROUP),
				 .version = STR("v1"),
				 .resource = STR("uids"),
				 .name = uid});
}

static bool may_have_extra(struct agg_request *request, struct str key, struct str value)
{
	return may_impersonate(
		request, (struct authorization_attributes){.group = STR(AUTHENTICATION_GROUP),
				 .version = STR("v1"),
				 .resource = STR("userextras"),
				 .subresource = key,
				 .name = value});
}

/* The groups that go with a name when none are asked for. */
static void add_default_groups(struct agg_request *request, struct user_info *user)
{
	struct str namespace, name;
	struct str *groups;

	if (user->group_count > 0 || !is_service_account(user->name, &namespace, &name))
		return;
	groups = ARENA_ARRAY(request->arena, struct str, 2);
	groups[0] = STR("system:serviceaccounts");
	groups[1] = arena_printf(request->arena, "system:serviceaccounts:%.*s", STR_ARG(namespace));
	user->groups = groups;
	user->group_count = 2;
}

static void complete(struct agg_request *request, struct user_info *user)
{
	add_default_groups(request, user);
	if (!str_equal(user->name, STR("system:anonymous"))) {
		authenticate_complete_groups(request->arena, user);
	} else if (!user_info_has_group(user, STR("system:unauthenticated"))) {
		struct user_info anonymous;

		authenticate_anonymous(&anonymous);
		user->groups = anonymous.groups;
		user->group_count = anonymous.group_count;
	}
}

/* Reads one field into the user and asks whether that may be. */
static bool take_field(struct agg_request *request, const struct http_header *field,
	struct user_info *user, struct str *groups, struct user_extra *extra)
{
	struct str name = field->name, value = field->value, key;

	if (str_equal(name, STR("impersonate-user"))) {
		user->name = value;
		return may_be_user(request, value);
	}
	if (str_equal(name, STR("impersonate-uid"))) {
		user->uid = value;
		return may_be_uid(request, value);
	}
	if (str_equal(name, STR("impersonate-group"))) {
		groups[user->group_count++] = value;
		return may_be_in_group(request, value);
	}
	if (!str_starts_with(name, STR(EXTRA_PREFIX)))
		return true;
	key = str_skip(name, sizeof(EXTRA_PREFIX) - 1);
	if (!http_percent_decode(request->arena, key, false, &key))
		return true;
	user_info_add_extra(request->arena, user, extra, key, value);
	return may_have_extra(request, key, value);
}

static bool has_field(const struct http_headers *headers)
{
	for (size_t i = 0; i < headers->count; i++) {
		if (str_starts_with(headers->entries[i].name, STR(IMPERSONATE_PREFIX)))
			return true;
	}
	return false;
}

static void refuse(struct agg_request *request)
{
	agg_request_fail(request);
}

bool agg_step_impersonate(struct agg_request *request)
{
	const struct http_headers *headers = &request->http->headers;
	struct user_info user = {0};
	struct str *groups;
	struct user_extra *extra;

	if (request->origin != AGG_ORIGIN_SECURE || !has_field(headers))
		return true;
	groups = ARENA_ARRAY(request->arena, struct str, headers->count);
	extra = ARENA_ARRAY(request->arena, struct user_extra, headers->count);
	user.groups = groups;
	user.extra = extra;
	for (size_t i = 0; i < headers->count; i++) {
		if (!take_field(request, &headers->entries[i], &user, groups, extra)) {
			refuse(request);
			return false;
		}
	}
	if (str_is_empty(user.name)) {
		error_set(&request->err, ERROR_INTERNAL,
			"requested [%zu groups] without impersonating a user", user.group_count);
		refuse(request);
		return false;
	}
	complete(request, &user);
	request->user = user;
	return true;
}
