/* SPDX-License-Identifier: Apache-2.0 */
#include "api_server.h"
#include "clock.h"
#include "core_eviction.h"
#include "core_strategies.h"
#include "object_delete.h"
#include "object_meta.h"
#include "object_write.h"
#include "pod_qos.h"
#include "resource_registry.h"
#include "schema_engine.h"
#include "status.h"

/* ---- binding ---- */

static int validate_target(
	struct object_write *write, const struct json_value *binding, struct error *err)
{
	static const struct str kinds[] = {STR_INIT("Node"), STR_INIT("<empty>")};
	struct field_errors errors = {.arena = write->context->arena};
	const struct json_value *kind = json_find_path(binding, "target", "kind", NULL);
	struct field_path parent = field_path_child(NULL, STR("target"));
	struct field_path kind_path = field_path_child(&parent, STR("kind"));
	struct field_path name_path = field_path_child(&parent, STR("name"));

	if (!str_is_empty(json_text(kind)) && !str_equal(json_text(kind), kinds[0]))
		field_errors_add_unsupported(&errors, &kind_path, kind, kinds, 2);
	if (str_is_empty(json_text(json_find_path(binding, "target", "name", NULL))))
		field_errors_add(&errors, FIELD_ERROR_REQUIRED, &name_path, NULL, "%s", "");
	return field_errors_to_error(&errors, STR_EMPTY, STR("Binding"), write->name, err);
}

static int check_binding(struct object_write *write, const struct json_value *live,
	const struct json_value *binding, struct error *err)
{
	struct str node = json_text(json_find_path(live, "spec", "nodeName", NULL));

	if (validate_target(write, binding, err) != 0)
		return ERROR_RETURN;
	if (json_find_path(live, "metadata", "deletionTimestamp", NULL))
		return error_conflict_on(err, STR("pods/binding"), write->name,
			"pod %.*s is being deleted, cannot be assigned to a host",
			STR_ARG(write->name));
	if (!str_is_empty(node))
		return error_conflict_on(err, STR("pods/binding"), write->name,
			"pod %.*s is already assigned to node \"%.*s\"", STR_ARG(write->name),
			STR_ARG(node));
	if (json_count(json_find_path(live, "spec", "schedulingGates", NULL)) > 0)
		return error_conflict_on(err, STR("pods/binding"), write->name,
			"pod %.*s has non-empty .spec.schedulingGates", STR_ARG(write->name));
	return 0;
}

static void set_condition(struct arena *arena, struct json_value *pod, struct str type)
{
	struct json_value *status = json_ensure_object(arena, pod, STR("status"));
	struct json_value *conditions = json_find(status, STR("conditions"));
	struct json_value condition = json_object();
	char *text = arena_allocate_text(arena, CLOCK_RFC3339_BYTES);
	size_t length = clock_format_rfc3339(clock_wall_seconds(NULL), text);

	if (!conditions)
		conditions = json_set(arena, status, STR("conditions"), json_array());
	for (uint32_t i = 0; i < conditions->length; i++) {
		if (str_equal(json_text(json_find(&conditions->elements[i], STR("type"))), type))
			json_remove_element(conditions, i--);
	}
	json_append_member(arena, &condition, STR("type"), json_string(type));
	json_append_member(arena, &condition, STR("status"), json_string(STR("True")));
	json_append_member(arena, &condition, STR("lastProbeTime"), json_null());
	json_append_member(
		arena, &condition, STR("lastTransitionTime"), json_string(str_from(text, length)));
	json_append(arena, conditions, condition);
}

static void merge_annotations(
	struct object_write *write, struct json_value *pod, const struct json_value *binding)
{
	struct arena *arena = write->context->arena;
	const struct json_value *added = json_find_path(binding, "metadata", "annotations", NULL);
	struct json_value *present = json_find_path(pod, "metadata", "annotations", NULL);

	if (json_count(added) == 0)
		return;
	struct json_value merged = present ? json_copy(arena, present, false) : json_object();

	for (size_t i = 0; i < json_count(added); i++)
		json_set(arena, &merged, added->members[i].key, added->members[i].value);
	json_sort_members(&merged);
	object_meta_set(arena, write->resource, pod, STR("annotations"), merged);
}

static int transform_binding(struct object_write *write, const struct json_value *live,
	struct json_value *ret_object, struct error *err)
{
	struct arena *arena = write->context->arena;
	const struct json_value *binding = write->transform_context;
	struct json_value pod = json_copy(arena, live, false);

	if (check_binding(write, live, binding, err) != 0)
		return ERROR_RETURN;
	struct str version = object_meta_text(binding, STR("resourceVersion"));

	if (!str_is_empty(version))
		object_meta_set(
			arena, write->resource, &pod, STR("resourceVersion"), json_string(version));
	json_set_path(arena, &pod,
		json_string(json_text(json_find_path(binding, "target", "name", NULL))), "spec",
		"nodeName", NULL);
	merge_annotations(write, &pod, binding);
	set_condition(arena, &pod, STR("PodScheduled"));
	return schema_decode(arena, write->resource->schema, &pod, NULL, ret_object, err);
}

static void respond_success(struct object_write *write, int status, struct str json)
{
	struct request_context *context = write->context;

	(void)json;
	if (status == 0) {
		request_context_fail(context);
		return;
	}
	request_context_respond_json(context, 201,
		status_success(context->arena, STR_EMPTY, STR_EMPTY, STR_EMPTY, STR_EMPTY));
}

static int read_binding(
	struct object_write *write, struct json_value *ret_binding, struct error *err)
{
	struct request_context *context = write->context;
	struct str name;

	if (object_write_parse_options(write, err) != 0 ||
		object_write_parse_any(context, ret_binding, err) != 0)
		return ERROR_RETURN;
	name = object_meta_text(ret_binding, STR("name"));
	if (str_is_empty(context->info.subresource))
		write->name = name;
	else if (!str_equal(name, write->name))
		return error_set(err, ERROR_BAD_REQUEST,
			"name in URL does not match name in Binding object");
	return 0;
}

/* Of one pod, or by the older way as an object of its own in the namespace. */
static void handle_binding(struct request_context *context)
{
	struct json_value *binding = ARENA_NEW(context->arena, struct json_value);
	struct object_write *write = object_write_create(context);
	struct resource_entry *pods = resource_registry_find(
		api_server_registry(context->server), STR_EMPTY, STR("v1"), STR("pods"));

	if (!pods) {
		request_context_not_found(context);
		return;
	}
	if (read_binding(write, binding, &context->err) != 0) {
		request_context_fail(context);
		return;
	}
	write->resource = pods->resource;
	write->prefix = pods->prefix;
	write->subresource = STR("binding");
	write->kind = OBJECT_WRITE_UPDATE;
	write->transform = transform_binding;
	write->transform_context = binding;
	write->written = respond_success;
	/* The pod is meant as the scheduler saw it. */
	write->expected_uid = object_meta_text(binding, STR("uid"));
	object_write_run(write);
}

/* ---- log ---- */

/* A pod that has not been placed has no log; those of placed ones lie with their kubelets. */
static void handle_log(struct request_context *context)
{
	struct json_value pod;
	struct str json;
	uint64_t revision;
	int outcome = object_load(context, context->resource, context->entry->prefix,
		object_storage_name(context->arena, context->resource, context->info.namespace,
			context->info.name),
		&pod, &json, &revision, &context->err);

	if (outcome == STORAGE_NOT_FOUND)
		error_not_found(&context->err, context->resource, context->info.name);
	if (outcome != 0) {
		request_context_fail(context);
		return;
	}
	struct str node = json_text(json_find_path(&pod, "spec", "nodeName", NULL));

	if (str_is_empty(node)) {
		request_context_respond(context, 204, "text/plain", STR_EMPTY);
		return;
	}
	error_set(&context->err, ERROR_UNAVAILABLE,
		"the log of pod %.*s is with the kubelet of node %.*s, to which this server makes no "
		"connections",
		STR_ARG(context->info.name), STR_ARG(node));
	request_context_fail(context);
}

static const struct resource_subresource_handler binding_handlers[] = {
	{"", handle_binding},
	{0},
};
const struct resource_strategy core_binding_strategy = {.handlers = binding_handlers};

const struct resource_subresource_handler core_pod_handlers[] = {
	{"binding", handle_binding},
	{"eviction", core_handle_eviction},
	{"log", handle_log},
	{0},
};
