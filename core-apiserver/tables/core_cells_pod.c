/* SPDX-License-Identifier: Apache-2.0 */
#include "core_cells.h"

/*
 * What `kubectl get pods` shows is worked out from the container statuses: first the init
 * containers in their order, then, once these are done, the others from the last to the first.
 */
struct pod_summary {
	const struct table_cell_context *context;
	const struct json_value *pod;
	struct str reason;
	struct str error_reason; /* of the first container that failed */
	int64_t ready;
	int64_t total;
	int64_t restarts;
	int64_t sidecar_restarts;
	int64_t last_restart; /* wall seconds; 0: never */
	int64_t last_sidecar_restart;
	bool has_running;
};

static bool is_sidecar(const struct json_value *container)
{
	struct str policy = json_text(json_find(container, STR("restartPolicy")));
	return str_equal(policy, STR("Always"));
}

static bool is_sidecar_status(const struct pod_summary *summary, const struct json_value *status)
{
	const struct json_value *containers =
		json_find_path(summary->pod, "spec", "initContainers", NULL);
	struct str name = json_text(json_find(status, STR("name")));
	for (size_t i = 0; i < json_count(containers); i++) {
		const struct json_value *container = json_element(containers, i);
		if (str_equal(json_text(json_find(container, STR("name"))), name))
			return is_sidecar(container);
	}
	return false;
}

static void note_restart(const struct json_value *status, int64_t *restarts, int64_t *last)
{
	int64_t finished;
	*restarts += json_integer_or(json_find(status, STR("restartCount")), 0);
	if (cell_time(json_find_path(status, "lastState", "terminated", "finishedAt", NULL),
		    &finished) &&
		finished > *last)
		*last = finished;
}

/* "Error", "Signal:9" or "ExitCode:2". */
static struct str terminated_reason(
	const struct table_cell_context *context, const struct json_value *terminated)
{
	struct str reason = json_text(json_find(terminated, STR("reason")));
	if (!str_is_empty(reason))
		return reason;
	long long signal = json_integer_or(json_find(terminated, STR("signal")), 0);
	if (signal != 0)
		return arena_printf(context->arena, "Signal:%lld", signal);
	long long code = json_integer_or(json_find(terminated, STR("exitCode")), 0);
	return arena_printf(context->arena, "ExitCode:%lld", code);
}

static bool has_failed(const struct json_value *terminated)
{
	return json_integer_or(json_find(terminated, STR("exitCode")), 0) != 0;
}

/* Whether the pod waits for this init container; if so, the reason says how. */
static bool is_held_by(
	struct pod_summary *summary, const struct json_value *status, size_t index, bool sidecar)
{
	struct arena *arena = summary->context->arena;
	const struct json_value *terminated = json_find_path(status, "state", "terminated", NULL);
	if (terminated && !has_failed(terminated))
		return false;
	if (sidecar && json_bool_or(json_find(status, STR("started")), false)) {
		if (json_bool_or(json_find(status, STR("ready")), false))
			summary->ready++;
		return false;
	}
	struct str waiting = json_text(json_find_path(status, "state", "waiting", "reason", NULL));
	if (terminated)
		summary->reason = arena_printf(arena, "Init:%.*s",
			STR_ARG(terminated_reason(summary->context, terminated)));
	else if (!str_is_empty(waiting) && !str_equal(waiting, STR("PodInitializing")))
		summary->reason = arena_printf(arena, "Init:%.*s", STR_ARG(waiting));
	else
		summary->reason = arena_printf(arena, "Init:%zu/%zu", index,
			json_count(json_find_path(summary->pod, "spec", "initContainers", NULL)));
	return true;
}

/* Whether the pod still initializes. */
static bool summarize_init_containers(struct pod_summary *summary)
{
	const struct json_value *statuses =
		json_find_path(summary->pod, "status", "initContainerStatuses", NULL);
	for (size_t i = 0; i < json_count(statuses); i++) {
		const struct json_value *status = json_element(statuses, i);
		bool sidecar = is_sidecar_status(summary, status);
		note_restart(status, &summary->restarts, &summary->last_restart);
		if (sidecar)
			note_restart(
				status, &summary->sidecar_restarts, &summary->last_sidecar_restart);
		if (is_held_by(summary, status, i, sidecar))
			return true;
	}
	return false;
}

static void summarize_container(struct pod_summary *summary, const struct json_value *status)
{
	const struct json_value *terminated = json_find_path(status, "state", "terminated", NULL);
	struct str waiting = json_text(json_find_path(status, "state", "waiting", "reason", NULL));
	note_restart(status, &summary->restarts, &summary->last_restart);
	if (!str_is_empty(waiting)) {
		summary->reason = waiting;
	} else if (terminated) {
		summary->reason = terminated_reason(summary->context, terminated);
		if (has_failed(terminated))
			summary->error_reason = summary->reason;
	} else if (json_bool_or(json_find(status, STR("ready")), false) &&
		   json_find_path(status, "state", "running", NULL)) {
		summary->has_running = true;
		summary->ready++;
	}
}

static void summarize_containers(struct pod_summary *summary)
{
	const struct json_value *statuses =
		json_find_path(summary->pod, "status", "containerStatuses", NULL);
	summary->restarts = summary->sidecar_restarts;
	summary->last_restart = summary->last_sidecar_restart;
	for (size_t i = json_count(statuses); i > 0; i--)
		summarize_container(summary, json_element(statuses, i - 1));
	if (!str_equal(summary->reason, STR("Completed")) || !summary->has_running)
		return;
	if (cell_condition_is_true(summary->pod, STR("Ready")))
		summary->reason = STR("Running");
	else if (!str_is_empty(summary->error_reason))
		summary->reason = summary->error_reason;
	else
		summary->reason = STR("NotReady");
}

static bool is_terminal(struct str phase)
{
	return str_equal(phase, STR("Succeeded")) || str_equal(phase, STR("Failed"));
}

static void count_containers(struct pod_summary *summary)
{
	const struct json_value *init =
		json_find_path(summary->pod, "spec", "initContainers", NULL);
	summary->total =
		(int64_t)json_count(json_find_path(summary->pod, "spec", "containers", NULL));
	for (size_t i = 0; i < json_count(init); i++)
		summary->total += is_sidecar(json_element(init, i));
}

static struct pod_summary summarize(
	const struct table_cell_context *context, const struct json_value *pod)
{
	struct pod_summary summary = {.context = context, .pod = pod};
	struct str phase = json_text(json_find_path(pod, "status", "phase", NULL));
	struct str own_reason = json_text(json_find_path(pod, "status", "reason", NULL));
	summary.reason = str_is_empty(own_reason) ? phase : own_reason;
	const struct json_value *scheduled = cell_condition(pod, STR("PodScheduled"));
	if (str_equal(json_text(json_find(scheduled, STR("reason"))), STR("SchedulingGated")))
		summary.reason = STR("SchedulingGated");
	count_containers(&summary);
	if (!summarize_init_containers(&summary) || cell_condition_is_true(pod, STR("Initialized")))
		summarize_containers(&summary);
	if (json_find_path(pod, "metadata", "deletionTimestamp", NULL)) {
		if (str_equal(own_reason, STR("NodeLost")))
			summary.reason = STR("Unknown");
		else if (!is_terminal(phase))
			summary.reason = STR("Terminating");
	}
	return summary;
}

struct json_value core_cell_pod_ready(
	const struct table_cell_context *context, const struct json_value *object)
{
	struct pod_summary summary = summarize(context, object);
	return cell_printf(
		context, "%lld/%lld", (long long)summary.ready, (long long)summary.total);
}

struct json_value core_cell_pod_status(
	const struct table_cell_context *context, const struct json_value *object)
{
	return json_string(summarize(context, object).reason);
}

struct json_value core_cell_pod_restarts(
	const struct table_cell_context *context, const struct json_value *object)
{
	struct pod_summary summary = summarize(context, object);
	long long restarts = summary.restarts;
	if (restarts == 0 || summary.last_restart == 0)
		return cell_printf(context, "%lld", restarts);
	struct str age = table_human_duration(
		context->arena, context->now_wall_seconds - summary.last_restart);
	return cell_printf(context, "%lld (%.*s ago)", restarts, STR_ARG(age));
}

struct json_value core_cell_pod_ip(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *first =
		json_element(json_find_path(object, "status", "podIPs", NULL), 0);
	const struct json_value *ip = json_find(first, STR("ip"));
	if (!ip)
		ip = json_find_path(object, "status", "podIP", NULL);
	return cell_text_or(context, ip, STR("<none>"));
}

TEXT_CELL(core_cell_pod_node, "<none>", "spec", "nodeName")
TEXT_CELL(core_cell_pod_nominated_node, "<none>", "status", "nominatedNodeName")

struct json_value core_cell_pod_readiness_gates(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *gates = json_find_path(object, "spec", "readinessGates", NULL);
	size_t count = json_count(gates);
	size_t passed = 0;
	if (count == 0)
		return json_string(STR("<none>"));
	for (size_t i = 0; i < count; i++) {
		const struct json_value *gate = json_element(gates, i);
		struct str type = json_text(json_find(gate, STR("conditionType")));
		passed += cell_condition_is_true(object, type);
	}
	return cell_printf(context, "%zu/%zu", passed, count);
}
