/* SPDX-License-Identifier: Apache-2.0 */
#include "core_strategies.h"
#include "label_selector.h"
#include "object_meta.h"

/* ---- Selectors that must select their own template ---- */

static void validate_template_labels(const struct strategy_context *context,
	const struct json_value *object, const struct json_value *old, struct field_errors *errors)
{
	const struct json_value *selector = json_find_path(object, "spec", "selector", NULL);
	const struct json_value *labels =
		json_find_path(object, "spec", "template", "metadata", "labels", NULL);
	struct label_selector *parsed = NULL;
	struct error err = ERROR_INIT(context->arena);
	struct json_value none = json_object();
	struct field_path spec = field_path_child(NULL, STR("spec"));
	struct field_path template = field_path_child(&spec, STR("template"));
	struct field_path metadata = field_path_child(&template, STR("metadata"));
	struct field_path path = field_path_child(&metadata, STR("labels"));

	(void)old;
	if (!selector || label_selector_from_object(context->arena, selector, &parsed, &err) != 0)
		return;
	if (!label_selector_matches_labels(parsed, labels ? labels : &none))
		field_errors_add(errors, FIELD_ERROR_INVALID, &path, labels ? labels : &none,
			"`selector` does not match template `labels`");
}

const struct resource_strategy core_deployment_strategy = {.validate = validate_template_labels};

/* ---- Jobs: a selector of their own ---- */

static void set_label(
	struct arena *arena, struct json_value *labels, const char *key, struct str value)
{
	if (!json_find(labels, str_from_c(key)))
		json_set(arena, labels, str_from_c(key), json_string(value));
}

static void generate_selector(const struct strategy_context *context, struct json_value *object)
{
	struct arena *arena = context->arena;
	struct str uid = object_meta_text(object, STR("uid"));
	struct str name = object_meta_text(object, STR("name"));
	struct json_value *spec = json_ensure_object(arena, object, STR("spec"));
	struct json_value *template = json_ensure_object(arena, spec, STR("template"));
	struct json_value *metadata = json_ensure_object(arena, template, STR("metadata"));
	struct json_value *present = json_find(metadata, STR("labels"));
	struct json_value labels = present ? json_copy(arena, present, false) : json_object();
	struct json_value selector = json_object(), match = json_object();

	set_label(arena, &labels, "batch.kubernetes.io/controller-uid", uid);
	set_label(arena, &labels, "batch.kubernetes.io/job-name", name);
	set_label(arena, &labels, "controller-uid", uid);
	set_label(arena, &labels, "job-name", name);
	json_sort_members(&labels);
	json_set(arena, metadata, STR("labels"), labels);
	json_set(arena, &match, STR("batch.kubernetes.io/controller-uid"), json_string(uid));
	json_set(arena, &selector, STR("matchLabels"), match);
	json_set(arena, spec, STR("selector"), selector);
}

static void prepare_job(const struct strategy_context *context, struct json_value *object)
{
	const struct json_value *manual = json_find_path(object, "spec", "manualSelector", NULL);

	if (!json_bool_or(manual, false))
		generate_selector(context, object);
}

const struct resource_strategy core_job_strategy = {
	.prepare_create = prepare_job,
	.validate = validate_template_labels,
};
