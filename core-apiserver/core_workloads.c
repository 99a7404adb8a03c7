/* SPDX-License-Identifier: Apache-2.0 */
#include "core_strategies.h"
#include "label_selector.h"
#include "object_meta.h"

#define TEMPLATE_GENERATION "deprecated.daemonset.template.generation"

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

/* ---- DaemonSets: the generation of the template, as older clients read it ---- */

static void set_template_generation(
	const struct strategy_context *context, struct json_value *object, int64_t generation)
{
	struct arena *arena = context->arena;
	const struct json_value *present = json_find_path(object, "metadata", "annotations", NULL);
	struct json_value annotations = present && present->type == JSON_OBJECT
						? json_copy(arena, present, false)
						: json_object();

	json_set(arena, &annotations, STR(TEMPLATE_GENERATION),
		json_string(arena_printf(arena, "%lld", (long long)generation)));
	json_sort_members(&annotations);
	object_meta_set(arena, context->resource, object, STR("annotations"), annotations);
}

static void prepare_daemon_set(const struct strategy_context *context, struct json_value *object)
{
	set_template_generation(context, object, 1);
}

static void update_daemon_set(const struct strategy_context *context, struct json_value *object,
	const struct json_value *old)
{
	const struct json_value *template = json_find_path(object, "spec", "template", NULL);
	const struct json_value *old_template = json_find_path(old, "spec", "template", NULL);
	int64_t generation = 0;

	if (!str_parse_i64(json_text(json_find_path(
				   old, "metadata", "annotations", TEMPLATE_GENERATION, NULL)),
		    &generation))
		generation = 1;
	if (template && old_template && !json_equal(template, old_template))
		generation++;
	set_template_generation(context, object, generation);
}

const struct resource_strategy core_daemon_set_strategy = {
	.prepare_create = prepare_daemon_set,
	.prepare_update = update_daemon_set,
	.validate = validate_template_labels,
};

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
	struct json_value *selector, *match;

	set_label(arena, &labels, "batch.kubernetes.io/controller-uid", uid);
	set_label(arena, &labels, "batch.kubernetes.io/job-name", name);
	set_label(arena, &labels, "controller-uid", uid);
	set_label(arena, &labels, "job-name", name);
	json_sort_members(&labels);
	json_set(arena, metadata, STR("labels"), labels);
	/* One that was sent stays, to be refused. */
	spec = json_ensure_object(arena, object, STR("spec"));
	selector = json_ensure_object(arena, spec, STR("selector"));
	match = json_ensure_object(arena, selector, STR("matchLabels"));
	set_label(arena, match, "batch.kubernetes.io/controller-uid", uid);
}

static void prepare_job(const struct strategy_context *context, struct json_value *object)
{
	const struct json_value *manual = json_find_path(object, "spec", "manualSelector", NULL);

	if (!json_bool_or(manual, false))
		generate_selector(context, object);
}

static bool is_generated(const struct json_value *selector, struct str uid)
{
	const struct json_value *match = json_find(selector, STR("matchLabels"));

	return json_count(selector) == 1 && json_count(match) == 1 &&
	       str_equal(
		       json_text(json_find(match, STR("batch.kubernetes.io/controller-uid"))), uid);
}

static void validate_template_uid(const struct json_value *labels, const char *name, struct str uid,
	struct field_errors *errors)
{
	struct field_path spec = field_path_child(NULL, STR("spec"));
	struct field_path template = field_path_child(&spec, STR("template"));
	struct field_path metadata = field_path_child(&template, STR("metadata"));
	struct field_path path = field_path_child(&metadata, STR("labels"));
	struct field_path child = field_path_key(&path, str_from_c(name));

	if (!str_equal(json_text(json_find(labels, str_from_c(name))), uid))
		field_errors_add(errors, FIELD_ERROR_INVALID, &child, labels, "must be '%.*s'",
			STR_ARG(uid));
}

/* Without manualSelector a job selects by its own uid, whatever was sent. */
static void validate_job(const struct strategy_context *context, const struct json_value *object,
	const struct json_value *old, struct field_errors *errors)
{
	const struct json_value *manual = json_find_path(object, "spec", "manualSelector", NULL);
	const struct json_value *selector = json_find_path(object, "spec", "selector", NULL);
	const struct json_value *labels =
		json_find_path(object, "spec", "template", "metadata", "labels", NULL);
	struct str uid = object_meta_text(object, STR("uid"));
	struct field_path spec = field_path_child(NULL, STR("spec"));
	struct field_path path = field_path_child(&spec, STR("selector"));

	if (!old && json_bool_or(manual, false)) {
		if (!selector)
			field_errors_add(errors, FIELD_ERROR_REQUIRED, &path, NULL, "%s", "");
	} else if (!old) {
		validate_template_uid(labels, "batch.kubernetes.io/controller-uid", uid, errors);
		validate_template_uid(labels, "controller-uid", uid, errors);
		if (!is_generated(selector, uid))
			field_errors_add(errors, FIELD_ERROR_INVALID, &path, selector,
				"`selector` not auto-generated");
	}
	validate_template_labels(context, object, old, errors);
}

const struct resource_strategy core_job_strategy = {
	.prepare_create = prepare_job,
	.validate = validate_job,
};
