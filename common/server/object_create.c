/* SPDX-License-Identifier: Apache-2.0 */
/* What a create needs besides a good object; PUT and apply of an absent object are creates too. */
#include "api_server_private.h"
#include "object_meta.h"
#include "object_write_private.h"
#include "status.h"

/* ---- The namespace ---- */

static void set_namespace_error(struct object_write *write, enum namespace_state state)
{
	struct request_context *context = write->context;
	struct error *err = &context->err;
	struct str namespace = write->namespace;

	if (state == NAMESPACE_MISSING) {
		error_set(
			err, ERROR_NOT_FOUND, "namespaces \"%.*s\" not found", STR_ARG(namespace));
		err->kind = STR("namespaces");
		err->name = namespace;
		return;
	}
	error_forbidden(err, write->resource, write->name,
		"unable to create new content in namespace %.*s because it is being terminated",
		STR_ARG(namespace));
	error_add_cause(err, STR("NamespaceTerminating"),
		arena_printf(
			context->arena, "namespace %.*s is being terminated", STR_ARG(namespace)),
		STR("metadata.namespace"));
}

static void on_namespace_checked(struct request_context *context, enum namespace_state state)
{
	struct object_write *write = context->write;

	if (state == NAMESPACE_ACTIVE) {
		write->is_namespace_checked = true;
		object_write_attempt(write);
		return;
	}
	if (state != NAMESPACE_UNKNOWN)
		set_namespace_error(write, state);
	object_write_fail(write);
}

bool object_create_may_begin(struct object_write *write)
{
	struct request_context *context = write->context;
	const struct api_server_options *options = &context->server->options;

	if (write->kind == OBJECT_WRITE_UPDATE && !write->is_own &&
		request_context_authorize(context, STR("create"), &context->err) != 0) {
		object_write_fail(write);
		return false;
	}
	if (write->is_namespace_checked || !options->check_namespace ||
		!(write->resource->flags & RESOURCE_NAMESPACED))
		return true;
	context->write = write;
	options->check_namespace(options->context, context, write->namespace, on_namespace_checked);
	return false;
}

/* ---- The resource ---- */

int object_create_check_resource(struct object_write *write, struct error *err)
{
	const struct api_resource *resource = write->resource;
	const struct resource_entry *entry =
		resource_registry_find(api_server_registry(write->context->server), resource->group,
			resource->version, resource->resource);

	if (!entry)
		return error_set(
			err, ERROR_NOT_FOUND, "the server could not find the requested resource");
	if (!entry->is_terminating)
		return 0;
	error_forbidden(err, resource, object_meta_text(&write->object, STR("name")),
		"create not allowed while custom resource definition is terminating");
	return ERROR_RETURN;
}
