/* SPDX-License-Identifier: Apache-2.0 */
#include "api_server_private.h"
#include "object_delete.h"
#include "object_meta.h"
#include "object_response.h"
#include "object_write.h"
#include "status.h"

static void on_deleted(struct object_delete *delete_, bool is_ok, bool is_gone, struct str json)
{
	struct request_context *context = delete_->context;
	const struct api_resource *resource = context->resource;

	if (!is_ok) {
		request_context_fail(context);
		return;
	}
	if (!is_gone) {
		int status = delete_->options->has_orphan_dependents &&
					     !delete_->options->orphan_dependents
				     ? 202
				     : 200;

		object_respond(context, status, json);
		return;
	}
	if (resource->flags & RESOURCE_RETURNS_DELETED) {
		object_respond(context, 200, json);
		return;
	}
	request_context_respond_json(context, 200,
		status_success(context->arena, delete_->name, resource->group, resource->resource,
			object_meta_text(&delete_->live, STR("uid"))));
}

static void warn_about_orphans(
	struct request_context *context, const struct delete_options *options)
{
	if (str_equal(context->resource->group, STR("batch")) &&
		(context->resource->flags & RESOURCE_ORPHAN_BY_DEFAULT) &&
		str_is_empty(options->propagation_policy) && !options->has_orphan_dependents)
		request_context_warn(context,
			STR("child pods are preserved by default when jobs are deleted; set "
			    "propagationPolicy=Background to remove them or set "
			    "propagationPolicy=Orphan to suppress this warning"));
}

void handle_delete(struct request_context *context)
{
	struct delete_options *options = ARENA_NEW(context->arena, struct delete_options);
	struct object_delete *delete_ = ARENA_NEW(context->arena, struct object_delete);

	if ((context->body.length > 0 &&
		    object_write_check_media_type(context, &context->err) != 0) ||
		delete_options_parse(context->arena, context->query, context->body, options,
			&context->err) != 0) {
		request_context_fail(context);
		return;
	}
	warn_about_orphans(context, options);
	delete_->context = context;
	delete_->resource = context->resource;
	delete_->prefix = context->entry->prefix;
	delete_->namespace = context->info.namespace;
	delete_->name = context->info.name;
	delete_->options = options;
	delete_->request_id = context->request_id;
	delete_->done = on_deleted;
	object_delete_run(delete_);
}
