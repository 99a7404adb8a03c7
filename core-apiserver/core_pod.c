/* SPDX-License-Identifier: Apache-2.0 */
#include "core_strategies.h"
#include "json_writer.h"
#include "object_meta.h"
#include "pod_qos.h"
#include "schema_engine.h"

/* ---- Create and update ---- */

static void set_scheduling_gated(struct arena *arena, struct json_value *status)
{
	struct json_value conditions = json_array(), condition = json_object();

	json_append_member(arena, &condition, STR("type"), json_string(STR("PodScheduled")));
	json_append_member(arena, &condition, STR("status"), json_string(STR("False")));
	json_append_member(arena, &condition, STR("lastProbeTime"), json_null());
	json_append_member(arena, &condition, STR("lastTransitionTime"), json_null());
	json_append_member(arena, &condition, STR("reason"), json_string(STR("SchedulingGated")));
	json_append_member(arena, &condition, STR("message"),
		json_string(STR("Scheduling is blocked due to non-empty scheduling gates")));
	json_append(arena, &conditions, condition);
	json_append_member(arena, status, STR("conditions"), conditions);
}

static void prepare_create(const struct strategy_context *context, struct json_value *object)
{
	struct json_value status = json_object();

	json_append_member(context->arena, &status, STR("phase"), json_string(STR("Pending")));
	if (json_count(json_find_path(object, "spec", "schedulingGates", NULL)) > 0)
		set_scheduling_gated(context->arena, &status);
	json_append_member(
		context->arena, &status, STR("qosClass"), json_string(pod_qos_class(object)));
	json_set(context->arena, object, STR("status"), status);
}

/* Only the ephemeral containers are taken of what was sent. */
static void take_ephemeral_containers(
	struct arena *arena, struct json_value *object, const struct json_value *old)
{
	const struct json_value *sent = json_find_path(object, "spec", "ephemeralContainers", NULL);
	const struct json_value *spec = json_find(old, STR("spec"));
	struct json_value merged = spec ? json_copy(arena, spec, false) : json_object();

	if (sent)
		json_set(arena, &merged, STR("ephemeralContainers"), *sent);
	else
		json_remove(&merged, STR("ephemeralContainers"));
	json_set(arena, object, STR("spec"), merged);
}

/* Only the resources and resize policies of containers that are there are taken. */
static void take_container_resources(
	struct arena *arena, struct json_value *object, const struct json_value *old)
{
	static const char *const taken[] = {"resources", "resizePolicy"};
	const struct json_value *sent = json_find_path(object, "spec", "containers", NULL);
	const struct json_value *spec = json_find(old, STR("spec"));
	struct json_value merged = spec ? json_copy(arena, spec, false) : json_object();
	struct json_value *containers = json_find(&merged, STR("containers"));

	for (size_t i = 0; i < json_count(containers); i++) {
		struct json_value *container = json_element(containers, i);

		for (size_t j = 0; j < json_count(sent); j++) {
			const struct json_value *other = json_element(sent, j);

			if (!str_equal(json_text(json_find(other, STR("name"))),
				    json_text(json_find(container, STR("name")))))
				continue;
			for (size_t k = 0; k < sizeof(taken) / sizeof(taken[0]); k++) {
				const struct json_value *value =
					json_find(other, str_from_c(taken[k]));

				if (value)
					json_set(arena, container, str_from_c(taken[k]), *value);
			}
		}
	}
	json_set(arena, object, STR("spec"), merged);
}

static void prepare_update(const struct strategy_context *context, struct json_value *object,
	const struct json_value *old)
{
	if (str_equal(context->subresource, STR("ephemeralcontainers")))
		take_ephemeral_containers(context->arena, object, old);
	else if (str_equal(context->subresource, STR("resize")))
		take_container_resources(context->arena, object, old);
	const struct json_value *qos = json_find_path(old, "status", "qosClass", NULL);

	if (qos && str_is_empty(json_text(json_find_path(object, "status", "qosClass", NULL))))
		json_set_path(context->arena, object, *qos, "status", "qosClass", NULL);
}

/* ---- What may change ---- */

static bool is_changeable(struct str name)
{
	static const char *const names[] = {"activeDeadlineSeconds", "tolerations",
		"schedulingGates", "nodeSelector", "affinity", "terminationGracePeriodSeconds"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_equal_c(name, names[i]))
			return true;
	}
	return false;
}

/* Containers may change their image only. */
static bool containers_equal_but_images(
	struct arena *arena, const struct json_value *a, const struct json_value *b)
{
	if (json_count(a) != json_count(b))
		return false;
	for (size_t i = 0; i < json_count(a); i++) {
		struct json_value left = json_copy(arena, json_element(a, i), false);
		struct json_value right = json_copy(arena, json_element(b, i), false);

		json_set(arena, &left, STR("image"), json_string(STR("")));
		json_set(arena, &right, STR("image"), json_string(STR("")));
		if (!json_equal(&left, &right))
			return false;
	}
	return true;
}

static bool member_is_allowed(struct arena *arena, const struct json_value *new_spec,
	const struct json_value *old_spec, struct str name)
{
	const struct json_value *now = json_find(new_spec, name),
				*before = json_find(old_spec, name);

	if (is_changeable(name))
		return true;
	if (str_equal(name, STR("containers")) || str_equal(name, STR("initContainers")))
		return containers_equal_but_images(arena, now, before);
	return now && before && json_equal(now, before);
}

/* True when the update was refused: what else differs follows from that. */
static bool check_container_count(const struct json_value *spec, const struct json_value *old_spec,
	const char *member, const struct field_path *path, struct field_errors *errors)
{
	struct field_path child = field_path_child(path, str_from_c(member));

	if (json_count(json_find(spec, str_from_c(member))) ==
		json_count(json_find(old_spec, str_from_c(member))))
		return false;
	field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &child, NULL,
		"pod updates may not add or remove containers");
	return true;
}

static struct json_value without_seconds(struct arena *arena, const struct json_value *toleration)
{
	struct json_value copy = json_copy(arena, toleration, false);

	json_remove(&copy, STR("tolerationSeconds"));
	return copy;
}

/* Tolerations may be added, and last longer or shorter; none may go. */
static void check_tolerations(struct arena *arena, const struct json_value *spec,
	const struct json_value *old_spec, const struct field_path *path,
	struct field_errors *errors)
{
	const struct json_value *now = json_find(spec, STR("tolerations"));
	const struct json_value *before = json_find(old_spec, STR("tolerations"));
	struct field_path child = field_path_child(path, STR("tolerations"));
	struct json_value set = json_object();

	for (size_t i = 0; i < json_count(now); i++) {
		struct json_value key = without_seconds(arena, json_element(now, i));

		json_set(arena, &set, json_to_str(arena, &key), json_null());
	}
	for (size_t i = 0; i < json_count(before); i++) {
		struct json_value key = without_seconds(arena, json_element(before, i));

		if (json_find(&set, json_to_str(arena, &key)))
			continue;
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &child, NULL,
			"existing toleration can not be modified except its tolerationSeconds");
		return;
	}
}

static void validate_update(const struct strategy_context *context, const struct json_value *object,
	const struct json_value *old, struct field_errors *errors)
{
	const struct json_value *spec = json_find(object, STR("spec"));
	const struct json_value *old_spec = json_find(old, STR("spec"));
	struct field_path path = field_path_child(NULL, STR("spec"));
	bool is_allowed = true;

	check_tolerations(context->arena, spec, old_spec, &path, errors);
	if (check_container_count(spec, old_spec, "containers", &path, errors) ||
		check_container_count(spec, old_spec, "initContainers", &path, errors))
		return;
	for (size_t i = 0; i < json_count(spec) && is_allowed; i++)
		is_allowed =
			member_is_allowed(context->arena, spec, old_spec, spec->members[i].key);
	for (size_t i = 0; i < json_count(old_spec) && is_allowed; i++)
		is_allowed =
			member_is_allowed(context->arena, spec, old_spec, old_spec->members[i].key);
	if (!is_allowed)
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
			"pod updates may not change fields other than "
			"`spec.containers[*].image`,`spec.initContainers[*].image`,"
			"`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
			"tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if "
			"it was previously negative)");
}

static void validate(const struct strategy_context *context, const struct json_value *object,
	const struct json_value *old, struct field_errors *errors)
{
	struct field_path spec = field_path_child(NULL, STR("spec"));
	struct field_path child = field_path_child(&spec, STR("ephemeralContainers"));

	if (!old && json_count(json_find_path(object, "spec", "ephemeralContainers", NULL)) > 0)
		field_errors_add(
			errors, FIELD_ERROR_FORBIDDEN, &child, NULL, "cannot be set on create");
	if (old && str_is_empty(context->subresource))
		validate_update(context, object, old, errors);
}

/* ---- Delete ---- */

static int64_t grace_seconds(const struct json_value *object, int64_t requested)
{
	struct str phase = json_text(json_find_path(object, "status", "phase", NULL));
	struct str node = json_text(json_find_path(object, "spec", "nodeName", NULL));
	int64_t seconds = requested;

	if (seconds < 0)
		seconds = json_integer_or(
			json_find_path(object, "spec", "terminationGracePeriodSeconds", NULL), 30);
	if (str_is_empty(node) || str_equal(phase, STR("Failed")) ||
		str_equal(phase, STR("Succeeded")))
		return 0;
	return seconds < 0 ? 1 : seconds;
}

const struct resource_strategy core_pod_strategy = {
	.prepare_create = prepare_create,
	.prepare_update = prepare_update,
	.validate = validate,
	.grace_seconds = grace_seconds,
	.handlers = core_pod_handlers,
};
