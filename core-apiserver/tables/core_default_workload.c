/* SPDX-License-Identifier: Apache-2.0 */
#include "api_core.h"

static void set_if_absent(
	struct arena *arena, struct json_value *object, struct str key, struct json_value value)
{
	if (!json_find(object, key))
		json_set(arena, object, key, value);
}

static bool is_rolling(const struct json_value *strategy)
{
	return str_equal(json_text(json_find(strategy, STR("type"))), STR("RollingUpdate"));
}

void core_default_deployment_strategy(struct arena *arena, struct json_value *object)
{
	if (!is_rolling(object))
		return;
	struct json_value *rolling = json_ensure_object(arena, object, STR("rollingUpdate"));
	set_if_absent(arena, rolling, STR("maxUnavailable"), json_string(STR("25%")));
	set_if_absent(arena, rolling, STR("maxSurge"), json_string(STR("25%")));
}

void core_default_daemon_set_strategy(struct arena *arena, struct json_value *object)
{
	if (!is_rolling(object))
		return;
	struct json_value *rolling = json_ensure_object(arena, object, STR("rollingUpdate"));
	set_if_absent(arena, rolling, STR("maxUnavailable"), json_integer(1));
	set_if_absent(arena, rolling, STR("maxSurge"), json_integer(0));
}

/* A given type without rollingUpdate stays so: only the untouched strategy gets a partition. */
void core_default_stateful_set_strategy(struct arena *arena, struct json_value *object)
{
	if (str_is_empty(json_text(json_find(object, STR("type"))))) {
		json_set(arena, object, STR("type"), json_string(STR("RollingUpdate")));
		json_ensure_object(arena, object, STR("rollingUpdate"));
	}
	struct json_value *rolling = json_find(object, STR("rollingUpdate"));
	if (is_rolling(object) && rolling)
		set_if_absent(arena, rolling, STR("partition"), json_integer(0));
}

/* An object without labels takes those of its pods. */
static void take_template_labels(
	struct arena *arena, struct json_value *object, const struct json_value *labels)
{
	struct json_value *metadata = json_ensure_object(arena, object, STR("metadata"));
	if (json_count(json_find(metadata, STR("labels"))) == 0)
		json_set(arena, metadata, STR("labels"), json_copy(arena, labels, false));
}

static const struct json_value *template_labels(const struct json_value *object)
{
	return json_find_path(object, "spec", "template", "metadata", "labels", NULL);
}

void core_default_replication_controller(struct arena *arena, struct json_value *object)
{
	if (json_count(template_labels(object)) == 0)
		return;
	struct json_value labels = json_copy(arena, template_labels(object), false);
	struct json_value *spec = json_find(object, STR("spec"));
	if (json_count(json_find(spec, STR("selector"))) == 0)
		json_set(arena, spec, STR("selector"), labels);
	take_template_labels(arena, object, &labels);
}

static void default_job_spec(struct arena *arena, struct json_value *spec)
{
	if (!json_find(spec, STR("completions")) && !json_find(spec, STR("parallelism")))
		json_set(arena, spec, STR("completions"), json_integer(1));
	set_if_absent(arena, spec, STR("parallelism"), json_integer(1));
	bool per_index = json_find(spec, STR("backoffLimitPerIndex"));
	set_if_absent(arena, spec, STR("backoffLimit"), json_integer(per_index ? INT32_MAX : 6));
	set_if_absent(arena, spec, STR("completionMode"), json_string(STR("NonIndexed")));
	set_if_absent(arena, spec, STR("suspend"), json_bool(false));
	set_if_absent(arena, spec, STR("manualSelector"), json_bool(false));
	bool has_policy = json_find(spec, STR("podFailurePolicy"));
	set_if_absent(arena, spec, STR("podReplacementPolicy"),
		json_string(has_policy ? STR("Failed") : STR("TerminatingOrFailed")));
}

/* Of Job and not of its spec: the template inside a CronJob stays as written. */
void core_default_job(struct arena *arena, struct json_value *object)
{
	struct json_value *spec = json_find(object, STR("spec"));
	if (spec)
		default_job_spec(arena, spec);
	if (json_count(template_labels(object)) == 0)
		return;
	struct json_value labels = json_copy(arena, template_labels(object), false);
	take_template_labels(arena, object, &labels);
}

static void add_policy(
	struct arena *arena, struct json_value *policies, struct str type, int64_t value)
{
	struct json_value *policy = json_append(arena, policies, json_object());
	json_set(arena, policy, STR("type"), json_string(type));
	json_set(arena, policy, STR("value"), json_integer(value));
	json_set(arena, policy, STR("periodSeconds"), json_integer(15));
}

void core_default_autoscaler_behavior(struct arena *arena, struct json_value *object)
{
	struct json_value *up = json_ensure_object(arena, object, STR("scaleUp"));
	set_if_absent(arena, up, STR("stabilizationWindowSeconds"), json_integer(0));
	set_if_absent(arena, up, STR("selectPolicy"), json_string(STR("Max")));
	if (json_count(json_find(up, STR("policies"))) == 0) {
		struct json_value *policies = json_set(arena, up, STR("policies"), json_array());
		add_policy(arena, policies, STR("Pods"), 4);
		add_policy(arena, policies, STR("Percent"), 100);
	}
	struct json_value *down = json_ensure_object(arena, object, STR("scaleDown"));
	set_if_absent(arena, down, STR("selectPolicy"), json_string(STR("Max")));
	if (json_count(json_find(down, STR("policies"))) == 0)
		add_policy(arena, json_set(arena, down, STR("policies"), json_array()),
			STR("Percent"), 100);
}

/* The templates of claims say what they are; in what people write they need not. */
void core_default_claim_templates(struct arena *arena, struct json_value *object)
{
	struct json_value *templates = json_find(object, STR("volumeClaimTemplates"));
	for (size_t i = 0; i < json_count(templates); i++) {
		const struct json_value *claim = json_element(templates, i);
		struct json_value typed = json_object();
		json_append_member(
			arena, &typed, STR("kind"), json_string(STR("PersistentVolumeClaim")));
		json_append_member(arena, &typed, STR("apiVersion"), json_string(STR("v1")));
		for (size_t j = 0; j < json_count(claim); j++)
			json_set(arena, &typed, claim->members[j].key, claim->members[j].value);
		json_set(arena, &typed, STR("kind"), json_string(STR("PersistentVolumeClaim")));
		json_set(arena, &typed, STR("apiVersion"), json_string(STR("v1")));
		templates->elements[i] = typed;
	}
}
