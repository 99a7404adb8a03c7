/* SPDX-License-Identifier: Apache-2.0 */
#include "core_cells.h"

/* ReplicationControllers, ReplicaSets, Deployments, StatefulSets. */
INTEGER_CELL(core_cell_desired_replicas, "spec", "replicas")
INTEGER_CELL(core_cell_current_replicas, "status", "replicas")
INTEGER_CELL(core_cell_ready_replicas, "status", "readyReplicas")
INTEGER_CELL(core_cell_updated_replicas, "status", "updatedReplicas")
INTEGER_CELL(core_cell_available_replicas, "status", "availableReplicas")

INTEGER_CELL(core_cell_daemon_desired, "status", "desiredNumberScheduled")
INTEGER_CELL(core_cell_daemon_current, "status", "currentNumberScheduled")
INTEGER_CELL(core_cell_daemon_ready, "status", "numberReady")
INTEGER_CELL(core_cell_daemon_updated, "status", "updatedNumberScheduled")
INTEGER_CELL(core_cell_daemon_available, "status", "numberAvailable")

struct json_value core_cell_ready_of_desired(
	const struct table_cell_context *context, const struct json_value *object)
{
	return cell_printf(context, "%lld/%lld",
		(long long)core_cell_ready_replicas(context, object).integer,
		(long long)core_cell_desired_replicas(context, object).integer);
}

/* The pod spec that an object makes pods of: PodTemplate, CronJob or any other. */
static const struct json_value *pod_spec(const struct json_value *object)
{
	const struct json_value *spec = json_find_path(object, "template", "spec", NULL);
	if (!spec)
		spec = json_find_path(
			object, "spec", "jobTemplate", "spec", "template", "spec", NULL);
	return spec ? spec : json_find_path(object, "spec", "template", "spec", NULL);
}

static struct json_value join_containers(
	const struct table_cell_context *context, const struct json_value *object, struct str field)
{
	const struct json_value *containers = json_find(pod_spec(object), STR("containers"));
	struct buffer text = {0};
	for (size_t i = 0; i < json_count(containers); i++)
		cell_join(&text, ",", json_text(json_find(json_element(containers, i), field)));
	return cell_take(context, &text, STR_EMPTY);
}

struct json_value core_cell_template_containers(
	const struct table_cell_context *context, const struct json_value *object)
{
	return join_containers(context, object, STR("name"));
}

struct json_value core_cell_template_images(
	const struct table_cell_context *context, const struct json_value *object)
{
	return join_containers(context, object, STR("image"));
}

struct json_value core_cell_pod_template_labels(
	const struct table_cell_context *context, const struct json_value *object)
{
	return cell_labels(context, json_find_path(object, "template", "metadata", "labels", NULL));
}

struct json_value core_cell_daemon_node_selector(
	const struct table_cell_context *context, const struct json_value *object)
{
	return cell_labels(context, json_find(pod_spec(object), STR("nodeSelector")));
}

struct json_value core_cell_label_selector(
	const struct table_cell_context *context, const struct json_value *object)
{
	return cell_selector(context, json_find_path(object, "spec", "selector", NULL));
}

/* Of ReplicationControllers and Services, whose selector is a map. */
struct json_value core_cell_plain_selector(
	const struct table_cell_context *context, const struct json_value *object)
{
	return cell_labels(context, json_find_path(object, "spec", "selector", NULL));
}

struct json_value core_cell_controller(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *owners =
		json_find_path(object, "metadata", "ownerReferences", NULL);
	for (size_t i = 0; i < json_count(owners); i++) {
		const struct json_value *owner = json_element(owners, i);
		if (!json_bool_or(json_find(owner, STR("controller")), false))
			continue;
		struct str group = json_text(json_find(owner, STR("apiVersion")));
		size_t slash = str_find_byte(group, '/');
		struct buffer text = {0};
		cell_append_lower(&text, json_text(json_find(owner, STR("kind"))));
		if (slash < group.length) {
			buffer_append_byte(&text, '.');
			buffer_append(&text, str_slice(group, 0, slash));
		}
		buffer_append_byte(&text, '/');
		buffer_append(&text, json_text(json_find(owner, STR("name"))));
		return cell_take(context, &text, STR("<none>"));
	}
	return json_string(STR("<none>"));
}

/* ---- Jobs */

struct json_value core_cell_job_status(
	const struct table_cell_context *context, const struct json_value *object)
{
	(void)context;
	if (cell_condition_is_true(object, STR("Complete")))
		return json_string(STR("Complete"));
	if (cell_condition_is_true(object, STR("Failed")))
		return json_string(STR("Failed"));
	if (json_find_path(object, "metadata", "deletionTimestamp", NULL))
		return json_string(STR("Terminating"));
	if (cell_condition_is_true(object, STR("Suspended")))
		return json_string(STR("Suspended"));
	if (cell_condition_is_true(object, STR("FailureTarget")))
		return json_string(STR("FailureTarget"));
	if (cell_condition_is_true(object, STR("SuccessCriteriaMet")))
		return json_string(STR("SuccessCriteriaMet"));
	return json_string(STR("Running"));
}

struct json_value core_cell_job_completions(
	const struct table_cell_context *context, const struct json_value *object)
{
	long long succeeded =
		json_integer_or(json_find_path(object, "status", "succeeded", NULL), 0);
	const struct json_value *completions = json_find_path(object, "spec", "completions", NULL);
	long long parallelism =
		json_integer_or(json_find_path(object, "spec", "parallelism", NULL), 0);
	if (completions)
		return cell_printf(context, "%lld/%lld", succeeded,
			(long long)json_integer_or(completions, 0));
	if (parallelism > 1)
		return cell_printf(context, "%lld/1 of %lld", succeeded, parallelism);
	return cell_printf(context, "%lld/1", succeeded);
}

struct json_value core_cell_job_duration(
	const struct table_cell_context *context, const struct json_value *object)
{
	int64_t start, end;
	if (!cell_time(json_find_path(object, "status", "startTime", NULL), &start))
		return json_string(STR_EMPTY);
	if (!cell_time(json_find_path(object, "status", "completionTime", NULL), &end))
		end = context->now_wall_seconds;
	return json_string(table_human_duration(context->arena, end - start));
}

/* ---- CronJobs */

TEXT_CELL(core_cell_cron_time_zone, "<none>", "spec", "timeZone")
COUNT_CELL(core_cell_cron_active, "status", "active")

struct json_value core_cell_cron_suspend(
	const struct table_cell_context *context, const struct json_value *object)
{
	(void)context;
	const struct json_value *suspend = json_find_path(object, "spec", "suspend", NULL);
	if (!suspend)
		return json_string(STR("<unset>"));
	return json_string(json_bool_or(suspend, false) ? STR("True") : STR("False"));
}

struct json_value core_cell_cron_last_schedule(
	const struct table_cell_context *context, const struct json_value *object)
{
	struct str age =
		cell_age(context, json_find_path(object, "status", "lastScheduleTime", NULL));
	return json_string(str_is_empty(age) ? STR("<none>") : age);
}

struct json_value core_cell_cron_selector(
	const struct table_cell_context *context, const struct json_value *object)
{
	return cell_selector(
		context, json_find_path(object, "spec", "jobTemplate", "spec", "selector", NULL));
}
