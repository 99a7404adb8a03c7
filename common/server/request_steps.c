/* SPDX-License-Identifier: Apache-2.0 */
#include "api_server_private.h"
#include "assertion.h"
#include "log.h"
#include "object_meta.h"
#include "status.h"

bool request_step_identify(struct request_context *context)
{
	context->peer = api_server_find_peer(
		context->server, http_exchange_request(context->exchange)->peer);
	if (context->peer) {
		context->user = (struct user_info){.name = str_from_c(context->peer->user_name)};
		return true;
	}
	/* The peer was checked when it connected: its word on who asks is taken. */
	if (user_info_from_headers(context->arena, context->headers, &context->user))
		return true;
	error_set(&context->err, ERROR_UNAUTHORIZED, "Unauthorized");
	request_context_fail(context);
	return false;
}

bool request_step_classify(struct request_context *context)
{
	if (request_info_parse(context->arena, context->method, context->path, context->query,
		    &context->info, &context->err) == 0)
		return true;
	request_context_fail(context);
	return false;
}

/* ---- Paths outside the API groups ---- */

static const struct api_server_path *find_path(const struct request_context *context)
{
	const struct api_server_path *entry = context->server->options.paths;

	for (; entry && entry->path; entry++) {
		struct str path = str_from_c(entry->path);
		bool is_tree = str_ends_with(path, STR("/"));

		if (str_equal(context->path, path) ||
			(is_tree && (str_starts_with(context->path, path) ||
					    str_equal(context->path,
						    str_slice(path, 0, path.length - 1)))))
			return entry;
	}
	return NULL;
}

bool request_step_serve_path(struct request_context *context)
{
	const struct api_server_path *entry = find_path(context);

	if (!entry || !entry->skip_authorization)
		return true;
	entry->handle(context);
	return false;
}

/* ---- Resource ---- */

static void resolve_resource(struct request_context *context)
{
	const struct request_info *info = &context->info;
	struct resource_entry *entry = resource_registry_find(
		context->server->registry, info->group, info->version, info->resource);

	if (!entry)
		return;
	context->entry = resource_entry_ref(entry);
	context->resource = entry->resource;
	if (!str_is_empty(info->subresource))
		context->subresource =
			api_resource_find_subresource(entry->resource, info->subresource);
}

/* Nothing lies below a subresource. */
#define PARTS_MAXIMUM 3

/* A namespaced resource has no object without a namespace, and a cluster one has no namespace. */
static bool fits_scope(const struct request_context *context)
{
	bool is_namespaced = context->resource->flags & RESOURCE_NAMESPACED;
	bool is_namespace_itself = str_equal(context->info.resource, STR("namespaces")) &&
				   str_is_empty(context->info.group);

	if (is_namespaced)
		return !str_is_empty(context->info.namespace) ||
		       (str_is_empty(context->info.name) &&
			       (str_equal(context->info.verb, STR("list")) ||
				       str_equal(context->info.verb, STR("watch")) ||
				       (context->resource->flags & RESOURCE_VIRTUAL)));
	return is_namespace_itself || str_is_empty(context->info.namespace);
}

bool request_step_resolve(struct request_context *context)
{
	if (!context->info.is_resource_request)
		return true;
	/* Who may not ask learns nothing of what is there: authorization comes first. */
	resolve_resource(context);
	return true;
}

static bool peer_may(const struct request_context *context)
{
	const struct request_info *info = &context->info;
	struct str name = info->resource;

	if (!info->is_resource_request || !str_is_empty(info->subresource) ||
		!(str_equal(info->verb, STR("get")) || str_equal(info->verb, STR("list")) ||
			str_equal(info->verb, STR("watch"))))
		return false;
	if (!str_is_empty(info->group))
		name = arena_printf(
			context->arena, "%.*s.%.*s", STR_ARG(name), STR_ARG(info->group));
	for (const char *const *readable = context->peer->readable; *readable; readable++) {
		if (str_equal_c(name, *readable))
			return true;
	}
	return false;
}

int request_context_authorize(struct request_context *context, struct str verb, struct error *err)
{
	const struct request_info *info = &context->info;
	struct authorization_attributes attributes = {
		.user = &context->user,
		.verb = verb,
		.is_resource_request = info->is_resource_request,
		.group = info->group,
		.version = info->version,
		.resource = info->resource,
		.subresource = info->subresource,
		.name = info->authorization_name,
		.namespace = info->namespace,
		.path = context->path,
	};
	struct str reason = STR_EMPTY;

	if (context->peer ? peer_may(context)
			  : authorizer_decide(context->arena, context->server->options.authorizer,
				    &attributes, &reason) == AUTHORIZATION_ALLOW)
		return 0;
	return authorizer_forbid(&attributes, reason, err);
}

bool request_step_authorize(struct request_context *context)
{
	if (request_context_authorize(context, context->info.verb, &context->err) == 0)
		return true;
	request_context_fail(context);
	return false;
}

static void refuse_method(struct request_context *context)
{
	error_set(&context->err, ERROR_METHOD_NOT_ALLOWED,
		"the server does not allow this method on the requested resource");
	request_context_fail(context);
}

/* The collection over all namespaces is there, but only to be read. */
static bool is_of_all_namespaces(const struct request_context *context)
{
	return context->resource && (context->resource->flags & RESOURCE_NAMESPACED) &&
	       str_is_empty(context->info.namespace) && str_is_empty(context->info.name);
}

bool request_step_negotiate(struct request_context *context)
{
	const struct api_server_path *entry;

	if (!context->info.is_resource_request) {
		entry = find_path(context);
		if (entry)
			entry->handle(context);
		else if (!serve_discovery(context))
			request_context_not_found(context);
		return false;
	}
	if (!context->resource || !fits_scope(context) ||
		context->info.part_count > PARTS_MAXIMUM ||
		(!str_is_empty(context->info.subresource) && !context->subresource)) {
		if (is_of_all_namespaces(context))
			refuse_method(context);
		else
			request_context_not_found(context);
		return false;
	}
	if (!str_is_empty(context->resource->deprecation_warning))
		request_context_warn(context, context->resource->deprecation_warning);
	/* A copy: parts of it stay in context->accept, and the answer may be made without a client.
	 */
	struct str accept =
		arena_copy(context->arena, http_headers_find(context->headers, STR("accept")));

	if (media_type_negotiate(context->arena, accept, context->query, context->user_agent,
		    &context->accept, &context->err) == 0)
		return true;
	request_context_fail(context);
	return false;
}

/* ---- Dispatch ---- */

static resource_handler_fn find_own_handler(const struct request_context *context)
{
	const struct resource_strategy *strategy = context->resource->strategy;

	if (!strategy || !strategy->handlers)
		return NULL;
	for (const struct resource_subresource_handler *handler = strategy->handlers; handler->name;
		handler++) {
		if (str_equal_c(context->info.subresource, handler->name))
			return handler->handle;
	}
	return NULL;
}

/* The generic handlers deal with the resource itself, and with subresources that are views of it.
 */
static bool is_generic(const struct request_context *context)
{
	const struct api_subresource *subresource = context->subresource;

	if (context->resource->flags & RESOURCE_VIRTUAL)
		return false;
	return !subresource || (str_equal(subresource->kind, context->resource->kind) &&
				       str_is_empty(subresource->version));
}

static const struct {
	struct str verb;
	enum api_verb bit;
	void (*handle)(struct request_context *context);
} verb_handlers[] = {
	{STR_INIT("get"), API_VERB_GET, handle_get},
	{STR_INIT("list"), API_VERB_LIST, handle_list},
	{STR_INIT("watch"), API_VERB_WATCH, handle_watch},
	{STR_INIT("create"), API_VERB_CREATE, handle_create},
	{STR_INIT("update"), API_VERB_UPDATE, handle_update},
	{STR_INIT("patch"), API_VERB_PATCH, handle_patch},
	{STR_INIT("delete"), API_VERB_DELETE, handle_delete},
	{STR_INIT("deletecollection"), API_VERB_DELETECOLLECTION, handle_delete_collection},
};

/* Objects are made in their collection, and changed by their own URL. */
static bool fits_method(const struct request_context *context)
{
	struct str verb = context->info.verb;
	bool is_named = !str_is_empty(context->info.name);

	if (str_equal(verb, STR("update")) || str_equal(verb, STR("patch")))
		return is_named;
	if (str_equal(verb, STR("create")))
		return is_named == !str_is_empty(context->info.subresource);
	/* The old form says "watch" in its path, whatever the method. */
	if (str_equal(verb, STR("watch")))
		return str_equal(context->method, STR("GET")) ||
		       str_equal(context->method, STR("HEAD"));
	return true;
}

bool request_step_dispatch(struct request_context *context)
{
	uint16_t verbs =
		context->subresource ? context->subresource->verbs : context->resource->verbs;
	resource_handler_fn own = find_own_handler(context);

	for (size_t i = 0; i < sizeof(verb_handlers) / sizeof(verb_handlers[0]); i++) {
		if (!str_equal(context->info.verb, verb_handlers[i].verb))
			continue;
		if (!(verbs & verb_handlers[i].bit) || !fits_method(context))
			break;
		if (own)
			own(context);
		else if (str_equal(context->info.subresource, STR("scale")))
			handle_scale(context);
		else if (is_generic(context))
			verb_handlers[i].handle(context);
		else
			request_context_not_found(context);
		return false;
	}
	refuse_method(context);
	return false;
}
