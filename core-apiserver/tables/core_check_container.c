/* SPDX-License-Identifier: Apache-2.0 */
#include "core_checks.h"

/* Containers: ports, environment, probes and hooks. */

static void check_port_names(const struct check *container)
{
	const struct json_value *ports = check_member(container, "ports");
	struct field_path list = field_path_child(container->path, STR("ports"));
	struct json_value seen = json_object();

	for (size_t i = 0; i < json_count(ports); i++) {
		const struct json_value *name = json_find(json_element(ports, i), STR("name"));
		struct field_path item = field_path_index(&list, i);
		struct field_path child = field_path_child(&item, STR("name"));

		if (str_is_empty(json_text(name)))
			continue;
		if (json_find(&seen, json_text(name)))
			field_errors_add(
				container->errors, FIELD_ERROR_DUPLICATE, &child, name, "%s", "");
		else
			json_append_member(
				container->errors->arena, &seen, json_text(name), json_null());
	}
}

static bool is_space(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

void core_check_container(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	struct str image = check_text(&check, "image");

	if (image.length > 0 && (is_space(image.data[0]) || is_space(image.data[image.length - 1])))
		check_invalid(&check, "image", "must not have leading or trailing whitespace");
	check_port_names(&check);
}

/* ---- Environment ---- */

void core_check_environment(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const char *const sources[] = {
		"fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"};
	const struct check check = CHECK_INIT(object, old, path, errors);
	const struct json_value *source = check_member(&check, "valueFrom");
	struct field_path child = field_path_child(path, STR("valueFrom"));
	const struct check inner = CHECK_INIT(source, NULL, &child, errors);
	struct json_value empty = json_string(STR(""));
	size_t count = 0;

	if (!source)
		return;
	for (size_t i = 0; i < CHECK_COUNT(sources); i++)
		count += json_find(source, str_from_c(sources[i])) != NULL;
	if (count == 0)
		field_errors_add(errors, FIELD_ERROR_INVALID, inner.path, &empty,
			"must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, "
			"`secretKeyRef` or `fileKeyRef`");
	else if (check_has(&check, "value"))
		field_errors_add(errors, FIELD_ERROR_INVALID, inner.path, &empty,
			"may not be specified when `value` is not empty");
	else if (count > 1)
		field_errors_add(errors, FIELD_ERROR_INVALID, inner.path, &empty,
			"may not have more than one field specified at a time");
}

void core_check_environment_source(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	bool has_map = check_has(&check, "configMapRef"),
	     has_secret = check_has(&check, "secretRef");
	struct json_value empty = json_string(STR(""));

	if (!has_map && !has_secret)
		field_errors_add(errors, FIELD_ERROR_INVALID, path, &empty,
			"must specify one of: `configMapRef` or `secretRef`");
	else if (has_map && has_secret)
		field_errors_add(errors, FIELD_ERROR_INVALID, path, &empty,
			"may not have more than one field specified at a time");
}

/* What the downward API shows: a field of the pod, or one key of its labels or annotations. */
void core_check_field_selector(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const char *const fields[] = {"metadata.name", "metadata.namespace", "metadata.uid",
		"metadata.labels", "metadata.annotations", "spec.nodeName",
		"spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP",
		"status.podIPs"};
	const struct check check = CHECK_INIT(object, old, path, errors);
	struct str text = check_text(&check, "fieldPath");
	struct str field = str_slice(text, 0, str_find_byte(text, '['));
	bool has_key = field.length < text.length && str_ends_with(text, STR("']"));

	if (text.length == 0)
		return;
	if (has_key && (str_equal(field, STR("metadata.labels")) ||
			       str_equal(field, STR("metadata.annotations"))))
		return;
	for (size_t i = 0; i < CHECK_COUNT(fields); i++)
		if (str_equal_c(text, fields[i]))
			return;
	check_invalid(&check, "fieldPath",
		"error converting fieldPath: field label not supported: %.*s", STR_ARG(text));
}

void core_check_resource_selector(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const char *const known[] = {"limits.cpu", "limits.ephemeral-storage",
		"limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"};
	const struct check check = CHECK_INIT(object, old, path, errors);
	struct str text = check_text(&check, "resource");

	for (size_t i = 0; i < CHECK_COUNT(known); i++)
		if (str_equal_c(text, known[i]))
			return;
	if (text.length > 0 && !str_starts_with(text, STR("requests.hugepages-")) &&
		!str_starts_with(text, STR("limits.hugepages-")))
		check_unsupported(&check, "resource", known, CHECK_COUNT(known));
}

/* ---- Probes and hooks ---- */

static const char *const handlers[] = {"exec", "httpGet", "tcpSocket", "grpc", "sleep"};

static void check_handlers(const struct check *check)
{
	if (check_at_most_one(check, handlers, CHECK_COUNT(handlers), "handler type") == 0)
		check_required(check, NULL, "must specify a handler type");
}

void core_check_probe(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	check_handlers(&check);
}

void core_check_hook(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	check_handlers(&check);
}

void core_check_action_port(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	check_port(&check, "port");
}

/* A container that is alive or has started was so once: only readiness counts successes. */
void core_check_lifetime_probes(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const char *const probes[] = {"livenessProbe", "startupProbe"};

	core_check_container(object, old, path, errors);
	for (size_t i = 0; i < CHECK_COUNT(probes); i++) {
		struct field_path child = field_path_child(path, str_from_c(probes[i]));
		const struct json_value *probe = json_find(object, str_from_c(probes[i]));
		const struct check check = CHECK_INIT(probe, NULL, &child, errors);

		if (probe && json_integer_or(check_member(&check, "successThreshold"), 1) != 1)
			check_invalid(&check, "successThreshold", "must be 1");
	}
}
