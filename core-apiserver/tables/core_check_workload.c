/* SPDX-License-Identifier: Apache-2.0 */
#include "core_checks.h"

/* What runs pods from templates. */

/* Templates of pods that are kept running: they are always started again, and have no end. */
static void check_kept_template(const struct json_value *object, const struct field_path *path,
	struct field_errors *errors, const char *kind)
{
	static const char *const always[] = {"Always"};
	struct field_path template = field_path_child(path, STR("template"));
	struct field_path spec = field_path_child(&template, STR("spec"));
	const struct check check =
		CHECK_INIT(json_find_path(object, "template", "spec", NULL), NULL, &spec, errors);

	if (!check.object)
		return;
	if (!str_equal_c(STR("StatefulSet"), kind))
		check_pod_mounts(check.object, &spec, errors);
	if (check_has(&check, "ephemeralContainers"))
		check_forbidden(&check, "ephemeralContainers",
			"ephemeral containers not allowed in pod template");
	if (check_has(&check, "restartPolicy") &&
		!str_equal(check_text(&check, "restartPolicy"), STR("Always")))
		check_unsupported(&check, "restartPolicy", always, 1);
	if (check_has(&check, "activeDeadlineSeconds"))
		check_forbidden(&check, "activeDeadlineSeconds",
			"activeDeadlineSeconds in %s is not Supported", kind);
}

/* A selector of everything is none. */
static void check_selector(const struct json_value *object, const struct field_path *path,
	struct field_errors *errors, const char *kind)
{
	const struct check check = CHECK_INIT(object, NULL, path, errors);
	const struct json_value *selector = check_member(&check, "selector");

	if (!selector || selector->type == JSON_NULL)
		check_required(&check, "selector", "");
	else if (json_count(json_find(selector, STR("matchLabels"))) == 0 &&
		 json_count(json_find(selector, STR("matchExpressions"))) == 0)
		check_invalid(&check, "selector", "empty selector is invalid for %s", kind);
}

void core_check_replication_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct json_value *selector = json_find(object, STR("selector"));
	const struct json_value *labels =
		json_find_path(object, "template", "metadata", "labels", NULL);
	struct field_path template = field_path_child(path, STR("template"));
	struct field_path metadata = field_path_child(&template, STR("metadata"));
	struct field_path child = field_path_child(&metadata, STR("labels"));
	struct json_value none = json_object();

	(void)old;
	check_kept_template(object, path, errors, "ReplicationController");
	for (size_t i = 0; i < json_count(selector); i++) {
		const struct json_value *label = json_find(labels, selector->members[i].key);

		if (label && json_equal(label, &selector->members[i].value))
			continue;
		field_errors_add(errors, FIELD_ERROR_INVALID, &child, labels ? labels : &none,
			"`selector` does not match template `labels`");
		return;
	}
}

void core_check_replica_set_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	(void)old;
	check_selector(object, path, errors, "deployment");
	check_kept_template(object, path, errors, "ReplicaSet");
}

void core_check_stateful_set_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	(void)old;
	check_selector(object, path, errors, "statefulset");
	check_kept_template(object, path, errors, "StatefulSet");
}

void core_check_stateful_set_strategy(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	if (check_has(&check, "rollingUpdate") &&
		!str_equal(check_text(&check, "type"), STR("RollingUpdate")))
		check_invalid(
			&check, "rollingUpdate", "only allowed for updateStrategy 'RollingUpdate'");
}

/* ---- Rolling updates ---- */

static bool is_zero(const struct json_value *value)
{
	bool is_percent;

	return check_percent_of(value, &is_percent) == 0;
}

static void check_unavailable(const struct check *check)
{
	bool is_percent;
	int64_t share = check_percent_of(check_member(check, "maxUnavailable"), &is_percent);

	check_count_or_percent(check, "maxSurge");
	check_count_or_percent(check, "maxUnavailable");
	if (is_percent && share > 100)
		check_invalid(check, "maxUnavailable", "must not be greater than 100%%");
}

void core_check_rolling_deployment(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	check_unavailable(&check);
	if (is_zero(check_member(&check, "maxUnavailable")) &&
		is_zero(check_member(&check, "maxSurge")))
		check_invalid(&check, "maxUnavailable", "may not be 0 when `maxSurge` is 0");
}

void core_check_rolling_daemon_set(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	bool has_surge = !is_zero(check_member(&check, "maxSurge"));
	bool has_unavailable = !is_zero(check_member(&check, "maxUnavailable"));

	check_unavailable(&check);
	if (!has_surge && !has_unavailable)
		check_invalid(&check, "maxUnavailable", "cannot be 0 when maxSurge is 0");
	else if (has_surge && has_unavailable)
		check_invalid(&check, "maxSurge", "may not be set when maxUnavailable is non-zero");
}

void core_check_deployment_strategy(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	if (str_equal(check_text(&check, "type"), STR("Recreate")) &&
		check_has(&check, "rollingUpdate"))
		check_forbidden(&check, "rollingUpdate",
			"may not be specified when strategy `type` is 'Recreate'");
}

void core_check_deployment_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	const struct json_value *deadline = check_member(&check, "progressDeadlineSeconds");
	int64_t ready = json_integer_or(check_member(&check, "minReadySeconds"), 0);

	check_selector(object, path, errors, "deployment");
	check_kept_template(object, path, errors, "Deployment");
	if (deadline && json_integer_or(deadline, 0) <= ready)
		check_invalid(
			&check, "progressDeadlineSeconds", "must be greater than minReadySeconds");
}

void core_check_daemon_set_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	(void)old;
	check_selector(object, path, errors, "daemonset");
	check_kept_template(object, path, errors, "DaemonSet");
}

/* ---- Counts that controllers report ---- */

static void check_counts(const struct check *check, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (json_integer_or(check_member(check, names[i]), 0) < 0)
			check_invalid(check, names[i], "must be greater than or equal to 0");
	}
}

static void check_within(const struct check *check, const char *part, const char *whole)
{
	int64_t size = json_integer_or(check_member(check, part), 0);
	struct field_path child = field_path_child(check->path, str_from_c(part));
	struct json_value shown = json_integer(size);

	if (size > json_integer_or(check_member(check, whole), 0))
		field_errors_add(check->errors, FIELD_ERROR_INVALID, &child, &shown,
			"cannot be greater than %s%s",
			str_equal_c(STR("replicas"), whole) ? "status." : "", whole);
}

void core_check_replica_status(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const char *const counts[] = {"replicas", "fullyLabeledReplicas", "readyReplicas",
		"availableReplicas", "observedGeneration", "currentReplicas", "updatedReplicas",
		"unavailableReplicas", "collisionCount"};
	static const char *const parts[] = {"fullyLabeledReplicas", "updatedReplicas",
		"readyReplicas", "availableReplicas", "currentReplicas"};
	const struct check check = CHECK_INIT(object, old, path, errors);

	check_counts(&check, counts, CHECK_COUNT(counts));
	for (size_t i = 0; i < CHECK_COUNT(parts); i++)
		check_within(&check, parts[i], "replicas");
	if (json_find(object, STR("readyReplicas")))
		check_within(&check, "availableReplicas", "readyReplicas");
}

/* ---- Jobs ---- */

void core_check_job_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	struct field_path template = field_path_child(path, STR("template"));
	struct field_path spec = field_path_child(&template, STR("spec"));
	const struct check check =
		CHECK_INIT(json_find_path(object, "template", "spec", NULL), NULL, &spec, errors);
	struct str policy = check_text(&check, "restartPolicy");

	(void)old;
	check_pod_mounts(check.object, &spec, errors);
	if (check.object && !str_equal(policy, STR("OnFailure")) &&
		!str_equal(policy, STR("Never")))
		check_required(&check, "restartPolicy", "valid values: \"OnFailure\", \"Never\"");
}

/* A job that has begun keeps its template and, unless it is indexed, its completions. */
void core_check_job(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	struct field_path spec = field_path_child(path, STR("spec"));
	const struct check check = CHECK_INIT(
		json_find(object, STR("spec")), json_find(old, STR("spec")), &spec, errors);
	bool was_suspended = json_bool_or(json_find(check.old, STR("suspend")), false);
	bool has_started = json_find_path(old, "status", "startTime", NULL) != NULL;
	bool is_indexed = str_equal(check_text(&check, "completionMode"), STR("Indexed"));

	if (!old)
		return;
	if (check_changed(&check, "completions") &&
		!(is_indexed && json_equal(check_member(&check, "completions"),
					check_member(&check, "parallelism"))))
		check_invalid(&check, "completions", "field is immutable");
	if (check_changed(&check, "template") && !(was_suspended && !has_started))
		check_invalid(&check, "template", "field is immutable");
}

void core_check_controller_revision(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	if (!old && !check_has(&check, "data"))
		check_required(&check, "data", "data is mandatory");
}
