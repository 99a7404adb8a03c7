/* SPDX-License-Identifier: Apache-2.0 */
#include "core_cells.h"

/* ---- HorizontalPodAutoscalers */

enum {
	METRICS_SHOWN = 2
};

struct json_value core_cell_autoscaler_reference(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *target = json_find_path(object, "spec", "scaleTargetRef", NULL);
	return cell_printf(context, "%.*s/%.*s", STR_ARG(json_text(json_find(target, STR("kind")))),
		STR_ARG(json_text(json_find(target, STR("name")))));
}

/* The member of a metric that holds its source: "Resource" has "resource". */
static const struct json_value *metric_source(const struct json_value *metric)
{
	static const char *const members[][2] = {
		{"Resource", "resource"},
		{"ContainerResource", "containerResource"},
		{"Pods", "pods"},
		{"Object", "object"},
		{"External", "external"},
	};
	struct str type = json_text(json_find(metric, STR("type")));
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (str_equal_c(type, members[i][0]))
			return json_find(metric, str_from_c(members[i][1]));
	return NULL;
}

/* "50%", a quantity, or what is said when there is neither. */
static struct str metric_amount(
	const struct table_cell_context *context, const struct json_value *amount, const char *key)
{
	const struct json_value *value = json_find(amount, str_from_c(key));
	if (!value)
		return STR("<unknown>");
	if (value->type == JSON_INTEGER)
		return arena_printf(context->arena, "%lld%%", (long long)value->integer);
	return json_text(value);
}

static void append_metric(const struct table_cell_context *context, struct buffer *text,
	const struct json_value *metric, const struct json_value *status)
{
	const struct json_value *source = metric_source(metric);
	const struct json_value *target = json_find(source, STR("target"));
	const struct json_value *current = json_find(metric_source(status), STR("current"));
	struct str type = json_text(json_find(metric, STR("type")));
	bool is_resource = str_ends_with(type, STR("Resource"));
	const char *key = "averageUtilization";
	if (json_find(target, STR("averageValue")))
		key = "averageValue";
	else if (!is_resource)
		key = "value";
	cell_join(text, ", ", STR_EMPTY);
	if (is_resource)
		buffer_printf(text, "%.*s: ", STR_ARG(json_text(json_find(source, STR("name")))));
	struct str wanted = metric_amount(context, target, key);
	if (is_resource && !json_find(target, str_from_c(key)))
		wanted = STR("<auto>");
	buffer_append(text, metric_amount(context, current, key));
	buffer_append_byte(text, '/');
	buffer_append(text, wanted);
	bool is_average = json_find(target, STR("averageValue"));
	if (is_average && !is_resource && !str_equal(type, STR("Pods")))
		buffer_append(text, STR(" (avg)"));
}

struct json_value core_cell_autoscaler_targets(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *metrics = json_find_path(object, "spec", "metrics", NULL);
	const struct json_value *statuses =
		json_find_path(object, "status", "currentMetrics", NULL);
	size_t count = json_count(metrics);
	struct buffer text = {0};
	for (size_t i = 0; i < count && i < METRICS_SHOWN; i++)
		append_metric(context, &text, json_element(metrics, i), json_element(statuses, i));
	if (count > METRICS_SHOWN)
		buffer_printf(&text, " + %zu more...", count - METRICS_SHOWN);
	return cell_take(context, &text, STR("<none>"));
}

TEXT_CELL(core_cell_autoscaler_minimum, "<unset>", "spec", "minReplicas")
INTEGER_CELL(core_cell_autoscaler_replicas, "status", "currentReplicas")

/* ---- PodDisruptionBudgets */

TEXT_CELL(core_cell_budget_minimum, "N/A", "spec", "minAvailable")
TEXT_CELL(core_cell_budget_maximum, "N/A", "spec", "maxUnavailable")
INTEGER_CELL(core_cell_budget_allowed, "status", "disruptionsAllowed")

TEXT_CELL(core_cell_priority_preemption, "", "preemptionPolicy")
BOOLEAN_CELL(core_cell_priority_default, "globalDefault")

/* ---- RBAC bindings */

struct json_value core_cell_binding_role(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *role = json_find(object, STR("roleRef"));
	return cell_printf(context, "%.*s/%.*s", STR_ARG(json_text(json_find(role, STR("kind")))),
		STR_ARG(json_text(json_find(role, STR("name")))));
}

static struct json_value subjects_of_kind(
	const struct table_cell_context *context, const struct json_value *object, struct str kind)
{
	const struct json_value *subjects = json_find(object, STR("subjects"));
	struct buffer text = {0};
	for (size_t i = 0; i < json_count(subjects); i++) {
		const struct json_value *subject = json_element(subjects, i);
		struct str name = json_text(json_find(subject, STR("name")));
		if (!str_equal(json_text(json_find(subject, STR("kind"))), kind))
			continue;
		if (str_equal(kind, STR("ServiceAccount")))
			name = arena_printf(context->arena, "%.*s/%.*s",
				STR_ARG(json_text(json_find(subject, STR("namespace")))),
				STR_ARG(name));
		cell_join(&text, ", ", name);
	}
	return cell_take(context, &text, STR_EMPTY);
}

struct json_value core_cell_binding_users(
	const struct table_cell_context *context, const struct json_value *object)
{
	return subjects_of_kind(context, object, STR("User"));
}

struct json_value core_cell_binding_groups(
	const struct table_cell_context *context, const struct json_value *object)
{
	return subjects_of_kind(context, object, STR("Group"));
}

struct json_value core_cell_binding_accounts(
	const struct table_cell_context *context, const struct json_value *object)
{
	return subjects_of_kind(context, object, STR("ServiceAccount"));
}

/* ---- CertificateSigningRequests */

TEXT_CELL(core_cell_certificate_requestor, "", "spec", "username")

struct json_value core_cell_certificate_duration(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *seconds =
		json_find_path(object, "spec", "expirationSeconds", NULL);
	if (!seconds)
		return json_string(STR("<none>"));
	return json_string(table_human_duration(context->arena, json_integer_or(seconds, 0)));
}

struct json_value core_cell_certificate_condition(
	const struct table_cell_context *context, const struct json_value *object)
{
	const char *decision = "Pending";
	if (cell_condition(object, STR("Denied")))
		decision = "Denied";
	else if (cell_condition(object, STR("Approved")))
		decision = "Approved";
	bool has_failed = cell_condition(object, STR("Failed"));
	bool is_issued =
		!str_is_empty(json_text(json_find_path(object, "status", "certificate", NULL)));
	return cell_printf(context, "%s%s%s", decision, has_failed ? ",Failed" : "",
		is_issued ? ",Issued" : "");
}

/* ---- Admission */

COUNT_CELL(core_cell_webhooks, "webhooks")
COUNT_CELL(core_cell_policy_mutations, "spec", "mutations")
COUNT_CELL(core_cell_policy_validations, "spec", "validations")

struct json_value core_cell_policy_parameter_kind(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *kind = json_find_path(object, "spec", "paramKind", NULL);
	if (!kind)
		return json_string(STR("<unset>"));
	return cell_printf(context, "%.*s/%.*s",
		STR_ARG(json_text(json_find(kind, STR("apiVersion")))),
		STR_ARG(json_text(json_find(kind, STR("kind")))));
}

struct json_value core_cell_policy_parameter(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *reference = json_find_path(object, "spec", "paramRef", NULL);
	struct str name = json_text(json_find(reference, STR("name")));
	struct str namespace = json_text(json_find(reference, STR("namespace")));
	if (!reference)
		return json_string(STR("<unset>"));
	if (str_is_empty(name))
		return cell_selector(context, json_find(reference, STR("selector")));
	return cell_printf(context, "%.*s/%.*s",
		STR_ARG(str_is_empty(namespace) ? STR("*") : namespace), STR_ARG(name));
}
