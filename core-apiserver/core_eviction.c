/* SPDX-License-Identifier: Apache-2.0 */
#include "core_eviction.h"

#include "clock.h"
#include "json_reader.h"
#include "json_writer.h"
#include "label_selector.h"
#include "object_delete.h"
#include "object_meta.h"
#include "object_write.h"
#include "schema_engine.h"
#include "status.h"

#define DISRUPTED_MAXIMUM 2000

struct eviction {
	struct request_context *context;
	struct json_value pod;
	struct delete_options options;
	struct object_delete delete_;
	struct resource_entry *budgets;
	struct str budget; /* name of the one that covers the pod; empty: none */
	size_t budget_count;
};

/* ---- The delete ---- */

static void on_deleted(struct object_delete *delete_, bool is_ok, bool is_gone, struct str json)
{
	struct eviction *eviction = delete_->done_context;
	struct request_context *context = eviction->context;

	(void)is_gone;
	(void)json;
	if (is_ok)
		request_context_respond_json(context, 201,
			status_success(context->arena, STR_EMPTY, STR_EMPTY, STR_EMPTY, STR_EMPTY));
	else
		request_context_fail(context);
	request_context_unref(&context);
}

static void delete_pod(struct eviction *eviction)
{
	struct request_context *context = eviction->context;

	eviction->delete_ = (struct object_delete){
		.context = context,
		.resource = context->resource,
		.prefix = context->entry->prefix,
		.namespace = context->info.namespace,
		.name = context->info.name,
		.options = &eviction->options,
		.request_id = context->request_id,
		.done = on_deleted,
		.done_context = eviction,
	};
	object_delete_run(&eviction->delete_);
}

static void refuse(struct eviction *eviction)
{
	struct request_context *context = eviction->context;

	request_context_fail(context);
	request_context_unref(&context);
}

/* ---- The budget ---- */

static bool is_ready(const struct json_value *pod)
{
	const struct json_value *conditions = json_find_path(pod, "status", "conditions", NULL);

	for (size_t i = 0; i < json_count(conditions); i++) {
		const struct json_value *condition = json_element(conditions, i);

		if (str_equal(json_text(json_find(condition, STR("type"))), STR("Ready")))
			return str_equal(
				json_text(json_find(condition, STR("status"))), STR("True"));
	}
	return false;
}

static int64_t status_number(const struct json_value *budget, const char *name)
{
	return json_integer_or(json_find_path(budget, "status", name, NULL), 0);
}

/* A pod that is not ready takes nothing off a budget that is kept, or that says so. */
static bool goes_for_nothing(const struct eviction *eviction, const struct json_value *budget)
{
	struct str policy =
		json_text(json_find_path(budget, "spec", "unhealthyPodEvictionPolicy", NULL));
	int64_t desired = status_number(budget, "desiredHealthy");

	if (is_ready(&eviction->pod))
		return false;
	return str_equal(policy, STR("AlwaysAllow")) ||
	       (desired > 0 && status_number(budget, "currentHealthy") >= desired);
}

static int too_many(struct error *err, struct str name, const char *message, struct str cause,
	int retry_seconds)
{
	(void)name;
	err->retry_after_seconds = retry_seconds;
	error_add_cause(err, STR("DisruptionBudget"), cause, STR_EMPTY);
	return error_set(err, ERROR_TOO_MANY_REQUESTS, "%s", message);
}

static int check_budget(
	struct object_write *write, const struct json_value *budget, struct error *err)
{
	struct arena *arena = write->context->arena;
	int64_t allowed = status_number(budget, "disruptionsAllowed");

	if (status_number(budget, "observedGeneration") <
		object_meta_integer(budget, STR("generation")))
		return too_many(err, write->name,
			"Cannot evict pod as it would violate the pod's disruption budget.",
			arena_printf(arena,
				"The disruption budget %.*s is still being processed by the server.",
				STR_ARG(write->name)),
			10);
	if (json_count(json_find_path(budget, "status", "disruptedPods", NULL)) > DISRUPTED_MAXIMUM)
		return error_forbidden(err, write->resource, write->name,
			"DisruptedPods map too big - too many evictions not confirmed by PDB "
			"controller");
	if (allowed <= 0)
		return too_many(err, write->name,
			"Cannot evict pod as it would violate the pod's disruption budget.",
			arena_printf(arena,
				"The disruption budget %.*s needs %lld healthy pods and has %lld "
				"currently",
				STR_ARG(write->name),
				(long long)status_number(budget, "desiredHealthy"),
				(long long)status_number(budget, "currentHealthy")),
			0);
	return 0;
}

static int transform(struct object_write *write, const struct json_value *live,
	struct json_value *ret_object, struct error *err)
{
	struct eviction *eviction = write->transform_context;
	struct arena *arena = write->context->arena;
	struct json_value budget = json_copy(arena, live, false);
	char *text = arena_allocate_text(arena, CLOCK_RFC3339_BYTES);
	size_t length = clock_format_rfc3339(clock_wall_seconds(NULL), text);

	if (!goes_for_nothing(eviction, live)) {
		if (check_budget(write, live, err) != 0)
			return ERROR_RETURN;
		json_set_path(arena, &budget,
			json_integer(status_number(live, "disruptionsAllowed") - 1), "status",
			"disruptionsAllowed", NULL);
		json_set(arena,
			json_ensure_object(
				arena, json_find(&budget, STR("status")), STR("disruptedPods")),
			write->context->info.name, json_string(str_from(text, length)));
	}
	return schema_decode(arena, write->resource->schema, &budget, NULL, ret_object, err);
}

static void on_budget_written(struct object_write *write, int status, struct str json)
{
	struct eviction *eviction = write->transform_context;

	(void)json;
	if (status == 0)
		refuse(eviction);
	else
		delete_pod(eviction);
}

static void take_from_budget(struct eviction *eviction)
{
	struct request_context *context = eviction->context;
	struct object_write *write = object_write_create(context);

	write->resource = eviction->budgets->resource;
	write->prefix = eviction->budgets->prefix;
	write->name = eviction->budget;
	write->subresource = STR("status");
	write->field_manager = STR("kube-apiserver");
	write->is_own = true;
	write->is_dry_run = eviction->options.is_dry_run;
	write->kind = OBJECT_WRITE_UPDATE;
	write->transform = transform;
	write->transform_context = eviction;
	write->written = on_budget_written;
	object_write_run(write);
}

/* ---- Which budgets cover the pod ---- */

static bool covers(struct eviction *eviction, const struct json_value *budget)
{
	struct arena *arena = eviction->context->arena;
	const struct json_value *selector = json_find_path(budget, "spec", "selector", NULL);
	const struct json_value *labels =
		json_find_path(&eviction->pod, "metadata", "labels", NULL);
	struct json_value none = json_object();
	struct label_selector *parsed = NULL;
	struct error ignored = ERROR_INIT(arena);

	/* A selector that is there and empty covers all pods; one that is not there covers none. */
	return selector && label_selector_from_object(arena, selector, &parsed, &ignored) == 0 &&
	       label_selector_matches_labels(parsed, labels ? labels : &none);
}

static bool visit_budget(void *opaque, const struct storage_record *record)
{
	struct eviction *eviction = opaque;
	struct arena *arena = eviction->context->arena;
	struct error ignored = ERROR_INIT(arena);
	struct stored_object stored;
	struct json_value budget;

	if (stored_object_parse(record->value, &stored) &&
		json_read(arena, arena_copy(arena, stored.json), NULL, &budget, &ignored) == 0 &&
		covers(eviction, &budget)) {
		eviction->budget = object_meta_text(&budget, STR("name"));
		eviction->budget_count++;
	}
	return eviction->budget_count < 2;
}

static void find_budgets(struct eviction *eviction)
{
	struct request_context *context = eviction->context;
	struct storage_snapshot *snapshot =
		storage_snapshot_open(api_server_storage(context->server));
	struct storage_range range = {
		.prefix = eviction->budgets->prefix,
		.below = arena_printf(context->arena, "%.*s/", STR_ARG(context->info.namespace)),
	};

	storage_snapshot_scan(snapshot, &range, visit_budget, eviction);
	storage_snapshot_close(&snapshot);
}

/* Pods that do no work (yet, or any more) fall under no budget. */
static bool is_idle(const struct json_value *pod)
{
	struct str phase = json_text(json_find_path(pod, "status", "phase", NULL));

	return !str_equal(phase, STR("Running")) ||
	       !str_is_empty(object_meta_text(pod, STR("deletionTimestamp")));
}

static int read_request(struct eviction *eviction, struct error *err)
{
	struct request_context *context = eviction->context;
	struct json_value body;
	struct str options = STR_EMPTY, json;
	uint64_t revision;

	if (object_write_parse_body(context, &body, err) != 0)
		return ERROR_RETURN;
	const struct json_value *given = json_find(&body, STR("deleteOptions"));

	if (given && given->type == JSON_OBJECT)
		options = json_to_str(context->arena, given);
	if (delete_options_parse(
		    context->arena, context->query, options, &eviction->options, err) != 0)
		return ERROR_RETURN;
	int outcome = object_load(context, context->resource, context->entry->prefix,
		object_storage_name(context->arena, context->resource, context->info.namespace,
			context->info.name),
		&eviction->pod, &json, &revision, err);

	if (outcome == STORAGE_NOT_FOUND)
		return error_not_found(err, context->resource, context->info.name);
	return outcome;
}

void core_handle_eviction(struct request_context *context)
{
	struct eviction *eviction = ARENA_NEW(context->arena, struct eviction);

	eviction->context = request_context_ref(context);
	eviction->budgets = resource_registry_find(api_server_registry(context->server),
		STR("policy"), STR("v1"), STR("poddisruptionbudgets"));
	if (read_request(eviction, &context->err) != 0) {
		refuse(eviction);
		return;
	}
	if (eviction->budgets && !is_idle(&eviction->pod))
		find_budgets(eviction);
	if (eviction->budget_count == 0) {
		delete_pod(eviction);
	} else if (eviction->budget_count > 1) {
		error_set(&context->err, ERROR_UNTYPED,
			"This pod has more than one PodDisruptionBudget, which the eviction "
			"subresource does not support.");
		refuse(eviction);
	} else {
		take_from_budget(eviction);
	}
}
