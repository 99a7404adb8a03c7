/* SPDX-License-Identifier: Apache-2.0 */
/* The review kinds: a create that is answered with its status filled in, and stored nowhere. */
#include "core_server.h"
#include "core_strategies.h"
#include "json_writer.h"
#include "object_write.h"
#include "request_context.h"
#include "schema_engine.h"

static int read_review(
	struct request_context *context, struct json_value *review, struct error *err)
{
	struct json_value document;

	if (object_write_parse_body(context, &document, err) != 0)
		return ERROR_RETURN;
	return schema_decode(
		context->arena, context->resource->schema, &document, NULL, review, err);
}

static struct str member(const struct json_value *object, const char *name)
{
	return json_text(json_find(object, str_from_c(name)));
}

static void read_attributes(const struct json_value *spec, const struct user_info *user,
	struct authorization_attributes *ret)
{
	const struct json_value *resource = json_find(spec, STR("resourceAttributes"));
	const struct json_value *path = json_find(spec, STR("nonResourceAttributes"));

	*ret = (struct authorization_attributes){.user = user};
	if (path) {
		ret->path = member(path, "path");
		ret->verb = member(path, "verb");
		return;
	}
	ret->is_resource_request = true;
	ret->namespace = member(resource, "namespace");
	ret->verb = member(resource, "verb");
	ret->group = member(resource, "group");
	ret->version = member(resource, "version");
	ret->resource = member(resource, "resource");
	ret->subresource = member(resource, "subresource");
	ret->name = member(resource, "name");
}

/* A local review is of the namespace it is made in, and of no other. */
static void check_namespace(
	struct request_context *context, const struct json_value *spec, struct field_errors *errors)
{
	const struct json_value *named =
		json_find_path(spec, "resourceAttributes", "namespace", NULL);
	struct json_value shown = json_string(json_text(named));
	struct field_path parent = field_path_child(NULL, STR("spec"));
	struct field_path attributes = field_path_child(&parent, STR("resourceAttributes"));
	struct field_path path = field_path_child(&attributes, STR("namespace"));

	if (!str_equal(json_text(named), context->info.namespace))
		field_errors_add(errors, FIELD_ERROR_INVALID, &path, &shown,
			"must match metadata.namespace");
}

static int check_spec(
	struct request_context *context, const struct json_value *spec, struct error *err)
{
	bool has_resource = json_find(spec, STR("resourceAttributes")) != NULL;
	bool has_path = json_find(spec, STR("nonResourceAttributes")) != NULL;
	struct field_errors errors = {.arena = context->arena};
	struct field_path parent = field_path_child(NULL, STR("spec"));
	struct field_path path = field_path_child(&parent, STR("resourceAttributes"));

	if (has_resource && has_path) {
		struct field_path other = field_path_child(&parent, STR("nonResourceAttributes"));

		field_errors_add(&errors, FIELD_ERROR_INVALID, &other,
			json_find(spec, STR("nonResourceAttributes")),
			"cannot be specified in combination with resourceAttributes");
	} else if (!has_resource && !has_path) {
		struct json_value none = json_null();

		field_errors_add(&errors, FIELD_ERROR_INVALID, &path, &none,
			"exactly one of nonResourceAttributes or resourceAttributes must be "
			"specified");
	}
	if (!str_is_empty(context->info.namespace))
		check_namespace(context, spec, &errors);
	return field_errors_to_error(
		&errors, context->resource->group, context->resource->kind, STR_EMPTY, err);
}

static void respond_decision(struct request_context *context, struct json_value *review,
	const struct authorization_attributes *attributes)
{
	struct core_server *core = api_server_context(context->server);
	struct json_value status = json_object();
	struct str reason = STR_EMPTY;
	enum authorization_decision decision =
		authorizer_decide(context->arena, core->authorizer, attributes, &reason);

	json_append_member(context->arena, &status, STR("allowed"),
		json_bool(decision == AUTHORIZATION_ALLOW));
	if (decision == AUTHORIZATION_DENY)
		json_append_member(context->arena, &status, STR("denied"), json_bool(true));
	if (!str_is_empty(reason))
		json_append_member(context->arena, &status, STR("reason"), json_string(reason));
	json_set(context->arena, review, STR("status"), status);
	request_context_respond_value(context, 201, review);
}

static void handle_self_access(struct request_context *context)
{
	struct json_value review;
	struct authorization_attributes attributes;

	if (read_review(context, &review, &context->err) != 0 ||
		check_spec(context, json_find(&review, STR("spec")), &context->err) != 0) {
		request_context_fail(context);
		return;
	}
	read_attributes(json_find(&review, STR("spec")), &context->user, &attributes);
	respond_decision(context, &review, &attributes);
}

/* The user a SubjectAccessReview asks about. */
static void read_user(struct arena *arena, const struct json_value *spec, struct user_info *ret)
{
	const struct json_value *groups = json_find(spec, STR("groups"));
	struct str *names = ARENA_ARRAY(arena, struct str, json_count(groups) + 1);

	*ret = (struct user_info){.name = member(spec, "user"), .uid = member(spec, "uid")};
	for (size_t i = 0; i < json_count(groups); i++)
		names[i] = json_text(json_element(groups, i));
	ret->groups = names;
	ret->group_count = json_count(groups);
}

static void handle_access(struct request_context *context)
{
	struct json_value review;
	struct authorization_attributes attributes;
	struct user_info user;

	if (read_review(context, &review, &context->err) != 0 ||
		check_spec(context, json_find(&review, STR("spec")), &context->err) != 0) {
		request_context_fail(context);
		return;
	}
	const struct json_value *spec = json_find(&review, STR("spec"));

	read_user(context->arena, spec, &user);
	if (str_is_empty(user.name) && user.group_count == 0) {
		struct field_errors errors = {.arena = context->arena};
		struct field_path parent = field_path_child(NULL, STR("spec"));
		struct field_path path = field_path_child(&parent, STR("user"));
		struct json_value empty = json_string(STR(""));

		field_errors_add(&errors, FIELD_ERROR_INVALID, &path, &empty,
			"at least one of user or group must be specified");
		if (field_errors_to_error(&errors, context->resource->group,
			    context->resource->kind, STR_EMPTY, &context->err) != 0)
			request_context_fail(context);
		return;
	}
	read_attributes(spec, &user, &attributes);
	if (!str_is_empty(context->info.namespace))
		attributes.namespace = context->info.namespace;
	respond_decision(context, &review, &attributes);
}

static void handle_rules(struct request_context *context)
{
	struct core_server *core = api_server_context(context->server);
	struct json_value review, status = json_object();
	struct json_value resource_rules = json_array(), path_rules = json_array();

	if (read_review(context, &review, &context->err) != 0) {
		request_context_fail(context);
		return;
	}
	rbac_rules_for(context->arena, core->rbac, &context->user,
		json_text(json_find_path(&review, "spec", "namespace", NULL)), &resource_rules,
		&path_rules);
	json_append_member(context->arena, &status, STR("resourceRules"), resource_rules);
	json_append_member(context->arena, &status, STR("nonResourceRules"), path_rules);
	json_append_member(context->arena, &status, STR("incomplete"), json_bool(false));
	json_set(context->arena, &review, STR("status"), status);
	request_context_respond_value(context, 201, &review);
}

static struct json_value list_of(struct arena *arena, const struct str *items, size_t count)
{
	struct json_value list = json_array();

	for (size_t i = 0; i < count; i++)
		json_append(arena, &list, json_string(items[i]));
	return list;
}

static struct json_value describe_user(struct arena *arena, const struct user_info *user)
{
	struct json_value object = json_object(), extra = json_object();

	json_append_member(arena, &object, STR("username"), json_string(user->name));
	if (!str_is_empty(user->uid))
		json_append_member(arena, &object, STR("uid"), json_string(user->uid));
	if (user->group_count > 0)
		json_append_member(arena, &object, STR("groups"),
			list_of(arena, user->groups, user->group_count));
	for (size_t i = 0; i < user->extra_count; i++)
		json_append_member(arena, &extra, user->extra[i].key,
			list_of(arena, user->extra[i].values, user->extra[i].value_count));
	if (user->extra_count > 0)
		json_append_member(arena, &object, STR("extra"), extra);
	return object;
}

static void handle_self(struct request_context *context)
{
	struct json_value review, status = json_object();

	if (read_review(context, &review, &context->err) != 0) {
		request_context_fail(context);
		return;
	}
	json_append_member(context->arena, &status, STR("userInfo"),
		describe_user(context->arena, &context->user));
	json_set(context->arena, &review, STR("status"), status);
	request_context_respond_value(context, 201, &review);
}

static const struct resource_subresource_handler self_access[] = {{"", handle_self_access}, {0}};
static const struct resource_subresource_handler access_handlers[] = {{"", handle_access}, {0}};
static const struct resource_subresource_handler rules[] = {{"", handle_rules}, {0}};
static const struct resource_subresource_handler self[] = {{"", handle_self}, {0}};

const struct resource_strategy core_self_access_review_strategy = {.handlers = self_access};
const struct resource_strategy core_subject_access_review_strategy = {.handlers = access_handlers};
const struct resource_strategy core_local_access_review_strategy = {.handlers = access_handlers};
const struct resource_strategy core_self_rules_review_strategy = {.handlers = rules};
const struct resource_strategy core_self_review_strategy = {.handlers = self};
