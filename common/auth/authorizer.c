/* SPDX-License-Identifier: Apache-2.0 */
#include "authorizer.h"
#include "go_format.h"
#include "memory.h"

enum authorizer_mode {
	MODE_ALWAYS_ALLOW,
	MODE_ALWAYS_DENY,
	MODE_RBAC,
	MODE_NODE /* rules for kubelets come later: it decides nothing, so they get what RBAC grants
		   */
};

#define MODES_MAXIMUM 4

static const struct str mode_names[MODES_MAXIMUM] = {
	[MODE_ALWAYS_ALLOW] = STR_INIT("AlwaysAllow"),
	[MODE_ALWAYS_DENY] = STR_INIT("AlwaysDeny"),
	[MODE_RBAC] = STR_INIT("RBAC"),
	[MODE_NODE] = STR_INIT("Node"),
};

struct authorizer {
	enum authorizer_mode modes[MODES_MAXIMUM];
	size_t mode_count;
	struct rbac *rbac;
};

static int add_mode(struct authorizer *authorizer, struct str name, struct error *err)
{
	unsigned mode = 0;

	while (mode < MODES_MAXIMUM && !str_equal(mode_names[mode], name))
		mode++;
	if (mode == MODES_MAXIMUM)
		return error_set(err, ERROR_INVALID, "authorization-mode \"%.*s\" is not supported",
			STR_ARG(name));
	for (size_t i = 0; i < authorizer->mode_count; i++) {
		if (authorizer->modes[i] == (enum authorizer_mode)mode)
			return error_set(err, ERROR_INVALID,
				"authorization-mode \"%.*s\" is given more than once",
				STR_ARG(name));
	}
	if (mode == MODE_RBAC && !authorizer->rbac)
		return error_set(err, ERROR_INVALID, "authorization-mode RBAC has no rules here");
	authorizer->modes[authorizer->mode_count++] = (enum authorizer_mode)mode;
	return 0;
}

int authorizer_create(const struct str *modes, size_t mode_count, struct rbac *rbac,
	struct authorizer **ret, struct error *err)
{
	struct authorizer *authorizer = MEMORY_NEW(struct authorizer);

	authorizer->rbac = rbac;
	for (size_t i = 0; i < mode_count; i++) {
		if (add_mode(authorizer, modes[i], err) != 0) {
			authorizer_destroy(&authorizer);
			return ERROR_RETURN;
		}
	}
	/* The flag's own default. */
	if (mode_count == 0)
		authorizer->modes[authorizer->mode_count++] = MODE_ALWAYS_ALLOW;
	*ret = authorizer;
	return 0;
}

void authorizer_destroy(struct authorizer **authorizer)
{
	memory_free(*authorizer);
	*authorizer = NULL;
}

enum authorization_decision authorizer_decide(struct arena *arena,
	const struct authorizer *authorizer, const struct authorization_attributes *attributes,
	struct str *ret_reason)
{
	struct str reason = STR_EMPTY;

	*ret_reason = STR_EMPTY;
	if (user_info_has_group(attributes->user, STR("system:masters")))
		return AUTHORIZATION_ALLOW;
	for (size_t i = 0; i < authorizer->mode_count; i++) {
		switch (authorizer->modes[i]) {
		case MODE_ALWAYS_ALLOW:
			*ret_reason = STR_EMPTY;
			return AUTHORIZATION_ALLOW;
		case MODE_ALWAYS_DENY:
			reason = STR("Everything is forbidden.");
			break;
		case MODE_RBAC:
			if (rbac_authorize(arena, authorizer->rbac, attributes, &reason) ==
				AUTHORIZATION_ALLOW) {
				*ret_reason = reason;
				return AUTHORIZATION_ALLOW;
			}
			break;
		case MODE_NODE:
			break;
		}
		if (reason.length > 0 && ret_reason->length > 0)
			*ret_reason = arena_printf(
				arena, "%.*s\n%.*s", STR_ARG(*ret_reason), STR_ARG(reason));
		else if (reason.length > 0)
			*ret_reason = reason;
		reason = STR_EMPTY;
	}
	return AUTHORIZATION_NO_OPINION;
}

/* ---- The refusal ---- */

/* The sentence goes to browsers too. */
static struct str escape_html(struct arena *arena, struct str text)
{
	char *out = arena_allocate_text(arena, text.length * 5 + 1);
	size_t length = 0;

	for (size_t i = 0; i < text.length; i++) {
		const char *escape = text.data[i] == '&'   ? "&amp;"
				     : text.data[i] == '<' ? "&lt;"
				     : text.data[i] == '>' ? "&gt;"
							   : NULL;

		if (escape) {
			memcpy(out + length, escape, strlen(escape));
			length += strlen(escape);
		} else {
			out[length++] = text.data[i];
		}
	}
	return str_from(out, length);
}

static struct str refusal(struct arena *arena, const struct authorization_attributes *attributes)
{
	struct str user = go_quoted(arena, attributes->user->name);
	struct str resource = attributes->resource;
	struct str place = STR("at the cluster scope");

	if (!attributes->is_resource_request)
		return arena_printf(arena, "User %.*s cannot %.*s path %.*s", STR_ARG(user),
			STR_ARG(attributes->verb), STR_ARG(go_quoted(arena, attributes->path)));
	if (attributes->subresource.length > 0)
		resource = arena_printf(
			arena, "%.*s/%.*s", STR_ARG(resource), STR_ARG(attributes->subresource));
	if (attributes->namespace.length > 0)
		place = arena_printf(arena, "in the namespace %.*s",
			STR_ARG(go_quoted(arena, attributes->namespace)));
	return arena_printf(arena, "User %.*s cannot %.*s resource %.*s in API group %.*s %.*s",
		STR_ARG(user), STR_ARG(attributes->verb), STR_ARG(go_quoted(arena, resource)),
		STR_ARG(go_quoted(arena, attributes->group)), STR_ARG(place));
}

static struct str refused_object(
	struct arena *arena, const struct authorization_attributes *attributes)
{
	struct str resource = attributes->resource;

	if (!attributes->is_resource_request || resource.length == 0)
		return STR_EMPTY;
	if (attributes->group.length > 0)
		resource = arena_printf(
			arena, "%.*s.%.*s", STR_ARG(resource), STR_ARG(attributes->group));
	if (attributes->name.length > 0)
		resource = arena_printf(arena, "%.*s %.*s", STR_ARG(resource),
			STR_ARG(go_quoted(arena, attributes->name)));
	return arena_printf(arena, "%.*s is ", STR_ARG(resource));
}

int authorizer_forbid(
	const struct authorization_attributes *attributes, struct str reason, struct error *err)
{
	struct arena *own = NULL;
	struct arena *arena = err->arena;

	if (!arena)
		arena = own = arena_create(0);
	struct str text = escape_html(arena, refusal(arena, attributes));
	struct str object = refused_object(arena, attributes);

	error_set(err, ERROR_FORBIDDEN, "%.*sforbidden: %.*s%s%.*s", STR_ARG(object), STR_ARG(text),
		reason.length > 0 ? ": " : "", STR_ARG(reason));
	if (attributes->is_resource_request) {
		err->kind = attributes->resource;
		err->group = attributes->group;
		err->name = attributes->name;
	}
	arena_destroy(&own);
	return ERROR_RETURN;
}
