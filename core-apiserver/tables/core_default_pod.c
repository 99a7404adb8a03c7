/* SPDX-License-Identifier: Apache-2.0 */
#include "api_core.h"

static bool has_text(const struct json_value *object, struct str key)
{
	return !str_is_empty(json_text(json_find(object, key)));
}

/* Whether an image reference names the tag "latest", by word or by having neither tag nor digest.
 */
static bool is_latest_image(struct str reference)
{
	size_t digest = str_find_byte(reference, '@');
	bool has_digest = digest < reference.length;
	struct str name = str_slice(reference, 0, digest);
	/* A colon before the last slash belongs to the registry's port. */
	for (size_t i = name.length; i > 0 && name.data[i - 1] != '/'; i--) {
		if (name.data[i - 1] == ':')
			return str_equal(str_skip(name, i), STR("latest"));
	}
	return !has_digest;
}

static struct json_value pull_policy(const struct json_value *reference)
{
	return json_string(
		is_latest_image(json_text(reference)) ? STR("Always") : STR("IfNotPresent"));
}

void core_default_container(struct arena *arena, struct json_value *object)
{
	if (!has_text(object, STR("imagePullPolicy")))
		json_set(arena, object, STR("imagePullPolicy"),
			pull_policy(json_find(object, STR("image"))));
}

void core_default_image_volume(struct arena *arena, struct json_value *object)
{
	if (!has_text(object, STR("pullPolicy")))
		json_set(arena, object, STR("pullPolicy"),
			pull_policy(json_find(object, STR("reference"))));
}

/* A volume without a source is an emptyDir. */
void core_default_volume(struct arena *arena, struct json_value *object)
{
	size_t named = json_find(object, STR("name")) ? 1 : 0;
	if (json_count(object) == named)
		json_set(arena, object, STR("emptyDir"), json_object());
}

static void default_requests(struct arena *arena, struct json_value *container)
{
	struct json_value *resources = json_find(container, STR("resources"));
	const struct json_value *limits = json_find(resources, STR("limits"));
	if (json_count(limits) == 0)
		return;
	struct json_value *requests = json_ensure_object(arena, resources, STR("requests"));
	/* Making the member may have moved its siblings. */
	limits = json_find(resources, STR("limits"));
	bool grew = false;
	for (size_t i = 0; i < limits->length; i++) {
		const struct json_member *limit = &limits->members[i];
		if (json_find(requests, limit->key))
			continue;
		json_append_member(arena, requests, limit->key, limit->value);
		grew = true;
	}
	if (grew)
		json_sort_members(requests);
}

static void default_host_ports(struct arena *arena, const struct json_value *container)
{
	struct json_value *ports = json_find(container, STR("ports"));
	for (size_t i = 0; i < json_count(ports); i++) {
		struct json_value *port = json_element(ports, i);
		const struct json_value *number = json_find(port, STR("containerPort"));
		if (number && json_integer_or(json_find(port, STR("hostPort")), 0) == 0)
			json_set(arena, port, STR("hostPort"), *number);
	}
}

static void default_containers(
	struct arena *arena, const struct json_value *spec, struct str field, bool host_network)
{
	struct json_value *containers = json_find(spec, field);
	for (size_t i = 0; i < json_count(containers); i++) {
		struct json_value *container = json_element(containers, i);
		default_requests(arena, container);
		if (host_network)
			default_host_ports(arena, container);
	}
}

/* These belong to pods alone: templates keep what the user wrote. */
void core_default_pod(struct arena *arena, struct json_value *object)
{
	struct json_value *spec = json_find(object, STR("spec"));
	if (!spec)
		return;
	bool host_network = json_bool_or(json_find(spec, STR("hostNetwork")), false);
	default_containers(arena, spec, STR("containers"), host_network);
	default_containers(arena, spec, STR("initContainers"), host_network);
	if (!json_find(spec, STR("enableServiceLinks")))
		json_set(arena, spec, STR("enableServiceLinks"), json_bool(true));
}
