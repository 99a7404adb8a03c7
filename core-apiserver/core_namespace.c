/* SPDX-License-Identifier: Apache-2.0 */
#include "core_server.h"
#include "core_strategies.h"
#include "json_value.h"
#include "object_meta.h"
#include "object_write.h"
#include "request_context.h"
#include "status.h"
#include "stored_object.h"

/* ---- Whether a namespace lives ---- */

/*
 * The create that follows holds only while the namespace stays as it was seen here, so that nothing
 * is created in it any more once its end has been acknowledged.
 */
static enum namespace_state read_state(
	struct core_server *core, struct request_context *request, struct str namespace)
{
	struct storage_prefix *prefix =
		storage_prefix_intern(core->storage, STR("/registry/namespaces/"));
	struct storage_snapshot *snapshot = storage_snapshot_open(core->storage);
	struct storage_record record;
	struct stored_object stored;
	enum namespace_state state = NAMESPACE_MISSING;

	if (storage_snapshot_get(snapshot, prefix, namespace, 0, &record) == 0 &&
		stored_object_parse(record.value, &stored)) {
		/* status.phase is the one selectable field of a Namespace. */
		state = str_equal(stored_object_selectable(&stored, 0), STR("Terminating"))
				? NAMESPACE_TERMINATING
				: NAMESPACE_ACTIVE;
		request->namespace_guard.prefix = prefix;
		request->namespace_guard.name = namespace;
		request->namespace_guard.revision = record.mod_revision;
	}
	storage_snapshot_close(&snapshot);
	return state;
}

void core_check_namespace(void *context, struct request_context *request, struct str namespace,
	namespace_checked_fn done)
{
	done(request, read_state(context, request, namespace));
}

/* ---- Strategy ---- */

static void set_name_label(
	struct arena *arena, const struct api_resource *resource, struct json_value *object)
{
	struct json_value labels;
	struct json_value *present = json_find_path(object, "metadata", "labels", NULL);

	labels = present && present->type == JSON_OBJECT ? json_copy(arena, present, false)
							 : json_object();
	json_set(arena, &labels, STR("kubernetes.io/metadata.name"),
		json_string(object_meta_text(object, STR("name"))));
	json_sort_members(&labels);
	object_meta_set(arena, resource, object, STR("labels"), labels);
}

void core_namespace_prepare(
	struct arena *arena, const struct api_resource *resource, struct json_value *object)
{
	struct json_value *spec = json_ensure_object(arena, object, STR("spec"));
	struct json_value finalizers = json_array();

	json_append(arena, &finalizers, json_string(STR("kubernetes")));
	json_set(arena, spec, STR("finalizers"), finalizers);
	json_set_path(arena, object, json_string(STR("Active")), "status", "phase", NULL);
	set_name_label(arena, resource, object);
}

static void prepare_create(const struct strategy_context *context, struct json_value *object)
{
	core_namespace_prepare(context->arena, context->resource, object);
}

static void prepare_update(const struct strategy_context *context, struct json_value *object,
	const struct json_value *old)
{
	const struct json_value *old_spec = json_find(old, STR("spec"));

	set_name_label(context->arena, context->resource, object);
	if (str_equal(context->subresource, STR("finalize")))
		json_set(context->arena, object, STR("status"),
			json_copy(context->arena, json_find(old, STR("status")), false));
	else if (old_spec)
		json_set(context->arena, object, STR("spec"),
			json_copy(context->arena, old_spec, false));
}

static int check_delete(
	const struct strategy_context *context, const struct json_value *object, struct error *err)
{
	static const char *const immortal[] = {"default", "kube-system", "kube-public"};

	(void)object;
	for (size_t i = 0; i < sizeof(immortal) / sizeof(immortal[0]); i++) {
		if (str_equal_c(context->name, immortal[i]))
			return error_forbidden(err, context->resource, context->name,
				"this namespace may not be deleted");
	}
	return 0;
}

static void prepare_delete(const struct strategy_context *context, struct json_value *object)
{
	json_set_path(
		context->arena, object, json_string(STR("Terminating")), "status", "phase", NULL);
}

const struct resource_strategy core_namespace_strategy = {
	.prepare_create = prepare_create,
	.prepare_update = prepare_update,
	.check_delete = check_delete,
	.prepare_delete = prepare_delete,
};
