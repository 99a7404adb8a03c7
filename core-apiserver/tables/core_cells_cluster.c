/* SPDX-License-Identifier: Apache-2.0 */
#include "core_cells.h"

#include <stdlib.h>

COUNT_CELL(core_cell_secret_data, "data")

struct json_value core_cell_config_map_data(
	const struct table_cell_context *context, const struct json_value *object)
{
	(void)context;
	return json_integer((int64_t)(json_count(json_find(object, STR("data"))) +
				      json_count(json_find(object, STR("binaryData")))));
}

TEXT_CELL(core_cell_lease_holder, "", "spec", "holderIdentity")

/* ---- Nodes */

struct json_value core_cell_node_status(
	const struct table_cell_context *context, const struct json_value *object)
{
	const char *readiness = "Unknown";
	if (cell_condition(object, STR("Ready")))
		readiness = cell_condition_is_true(object, STR("Ready")) ? "Ready" : "NotReady";
	bool is_closed = json_bool_or(json_find_path(object, "spec", "unschedulable", NULL), false);
	return cell_printf(context, "%s%s", readiness, is_closed ? ",SchedulingDisabled" : "");
}

static int compare_texts(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* The role that a label gives, or the empty view. */
static struct str label_role(const struct json_member *label)
{
	const struct str prefix = STR("node-role.kubernetes.io/");
	if (str_starts_with(label->key, prefix))
		return str_skip(label->key, prefix.length);
	if (str_equal(label->key, STR("kubernetes.io/role")))
		return json_text(&label->value);
	return STR_EMPTY;
}

struct json_value core_cell_node_roles(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *labels = json_find_path(object, "metadata", "labels", NULL);
	struct str *roles = ARENA_ARRAY(context->arena, struct str, json_count(labels) + 1);
	size_t count = 0;
	for (size_t i = 0; i < json_count(labels); i++) {
		struct str role = label_role(&labels->members[i]);
		if (!str_is_empty(role))
			roles[count++] = role;
	}
	qsort(roles, count, sizeof(*roles), compare_texts);
	struct buffer text = {0};
	for (size_t i = 0; i < count; i++)
		if (i == 0 || !str_equal(roles[i], roles[i - 1]))
			cell_join(&text, ",", roles[i]);
	return cell_take(context, &text, STR("<none>"));
}

static struct json_value node_address(const struct json_value *node, struct str type)
{
	const struct json_value *addresses = json_find_path(node, "status", "addresses", NULL);
	for (size_t i = 0; i < json_count(addresses); i++) {
		const struct json_value *address = json_element(addresses, i);
		if (str_equal(json_text(json_find(address, STR("type"))), type))
			return json_string(json_text(json_find(address, STR("address"))));
	}
	return json_string(STR("<none>"));
}

struct json_value core_cell_node_internal_ip(
	const struct table_cell_context *context, const struct json_value *object)
{
	(void)context;
	return node_address(object, STR("InternalIP"));
}

struct json_value core_cell_node_external_ip(
	const struct table_cell_context *context, const struct json_value *object)
{
	(void)context;
	return node_address(object, STR("ExternalIP"));
}

TEXT_CELL(core_cell_node_version, "", "status", "nodeInfo", "kubeletVersion")
TEXT_CELL(core_cell_node_os_image, "<unknown>", "status", "nodeInfo", "osImage")
TEXT_CELL(core_cell_node_kernel, "<unknown>", "status", "nodeInfo", "kernelVersion")
TEXT_CELL(core_cell_node_runtime, "<unknown>", "status", "nodeInfo", "containerRuntimeVersion")

/* ---- Events: of the old form with first and last times, or of the new one with a series. */

static struct json_value age_or_unknown(
	const struct table_cell_context *context, const struct json_value *time)
{
	struct str age = cell_age(context, time);
	return json_string(str_is_empty(age) ? STR("<unknown>") : age);
}

static const struct json_value *present(const struct json_value *value)
{
	return str_is_empty(json_text(value)) ? NULL : value;
}

static const struct json_value *first_seen(const struct json_value *event)
{
	const struct json_value *first = present(json_find(event, STR("firstTimestamp")));
	return first ? first : json_find(event, STR("eventTime"));
}

struct json_value core_cell_event_first_seen(
	const struct table_cell_context *context, const struct json_value *object)
{
	return age_or_unknown(context, first_seen(object));
}

struct json_value core_cell_event_last_seen(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *last = json_find_path(object, "series", "lastObservedTime", NULL);
	if (!last)
		last = present(json_find(object, STR("lastTimestamp")));
	return age_or_unknown(context, last ? last : first_seen(object));
}

struct json_value core_cell_event_object(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *involved = json_find(object, STR("involvedObject"));
	struct buffer text = {0};
	cell_append_lower(&text, json_text(json_find(involved, STR("kind"))));
	buffer_append_byte(&text, '/');
	buffer_append(&text, json_text(json_find(involved, STR("name"))));
	return cell_take(context, &text, STR_EMPTY);
}

struct json_value core_cell_event_source(
	const struct table_cell_context *context, const struct json_value *object)
{
	struct str component = json_text(json_find_path(object, "source", "component", NULL));
	struct str place = json_text(json_find_path(object, "source", "host", NULL));
	if (str_is_empty(component)) {
		component = json_text(json_find(object, STR("reportingComponent")));
		place = json_text(json_find(object, STR("reportingInstance")));
	}
	if (str_is_empty(place))
		return json_string(component);
	return cell_printf(context, "%.*s, %.*s", STR_ARG(component), STR_ARG(place));
}

TEXT_CELL(core_cell_event_type, "", "type")
TEXT_CELL(core_cell_event_reason, "", "reason")
TEXT_CELL(core_cell_event_subobject, "", "involvedObject", "fieldPath")

struct json_value core_cell_event_message(
	const struct table_cell_context *context, const struct json_value *object)
{
	(void)context;
	return json_string(str_trim(json_text(json_find(object, STR("message")))));
}

struct json_value core_cell_event_count(
	const struct table_cell_context *context, const struct json_value *object)
{
	(void)context;
	int64_t series = json_integer_or(json_find_path(object, "series", "count", NULL), 0);
	int64_t count = json_integer_or(json_find(object, STR("count")), 0);
	if (series > 0)
		return json_integer(series);
	return json_integer(count > 0 ? count : 1);
}

/* ---- ResourceQuotas: "cpu: 1/2, pods: 3/10" */

static struct json_value quota(
	const struct table_cell_context *context, const struct json_value *object, bool want_limits)
{
	const struct json_value *hard = json_find_path(object, "status", "hard", NULL);
	const struct json_value *used = json_find_path(object, "status", "used", NULL);
	struct buffer text = {0};
	for (size_t i = 0; i < json_count(hard); i++) {
		const struct json_member *bound = &hard->members[i];
		if (str_starts_with(bound->key, STR("limits")) != want_limits)
			continue;
		struct str now = json_text(json_find(used, bound->key));
		cell_join(&text, ", ", bound->key);
		buffer_printf(&text, ": %.*s/%.*s", STR_ARG(str_is_empty(now) ? STR("0") : now),
			STR_ARG(json_text(&bound->value)));
	}
	return cell_take(context, &text, STR_EMPTY);
}

struct json_value core_cell_quota_requests(
	const struct table_cell_context *context, const struct json_value *object)
{
	return quota(context, object, false);
}

struct json_value core_cell_quota_limits(
	const struct table_cell_context *context, const struct json_value *object)
{
	return quota(context, object, true);
}
