/* SPDX-License-Identifier: Apache-2.0 */
#include "core_checks.h"
#include "map.h"
#include "schema_engine.h"

/* Pods and their templates as a whole. Their parts: core_check_container.c, core_check_volume.c. */

static const char *const container_lists[] = {
	"containers", "initContainers", "ephemeralContainers"};

/* The names in a list, to be looked up by each of another list. End it with map_fini(). */
static struct map names_in(const struct json_value *list)
{
	struct map names = {0};

	for (size_t i = 0; i < json_count(list); i++)
		map_set(&names, json_text(json_find(json_element(list, i), STR("name"))),
			(void *)(uintptr_t)list);
	return names;
}

/* ---- Volumes that containers mount ---- */

static void check_mounts(const struct check *pod, const struct map *volumes,
	const struct json_value *container, const struct field_path *path, const char *member)
{
	const struct json_value *mounts = json_find(container, str_from_c(member));
	struct field_path list = field_path_child(path, str_from_c(member));

	for (size_t i = 0; i < json_count(mounts); i++) {
		const struct json_value *name = json_find(json_element(mounts, i), STR("name"));
		struct field_path item = field_path_index(&list, i);
		struct field_path child = field_path_child(&item, STR("name"));

		if (!str_is_empty(json_text(name)) && !map_find(volumes, json_text(name)))
			field_errors_add(
				pod->errors, FIELD_ERROR_NOT_FOUND, &child, name, "%s", "");
	}
}

void check_pod_mounts(
	const struct json_value *spec, const struct field_path *path, struct field_errors *errors)
{
	const struct check pod = CHECK_INIT(spec, NULL, path, errors);
	struct map volumes = names_in(spec ? check_member(&pod, "volumes") : NULL);

	for (size_t i = 0; spec && i < CHECK_COUNT(container_lists); i++) {
		const struct json_value *list = check_member(&pod, container_lists[i]);
		struct field_path list_path =
			field_path_child(path, str_from_c(container_lists[i]));

		for (size_t j = 0; j < json_count(list); j++) {
			struct field_path item = field_path_index(&list_path, j);

			check_mounts(&pod, &volumes, json_element(list, j), &item, "volumeMounts");
			check_mounts(&pod, &volumes, json_element(list, j), &item, "volumeDevices");
		}
	}
	map_fini(&volumes);
}

void core_check_pod(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	struct field_path spec = field_path_child(path, STR("spec"));

	(void)old;
	check_pod_mounts(json_find(object, STR("spec")), &spec, errors);
}

void core_check_pod_template(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	struct field_path template = field_path_child(path, STR("template"));

	core_check_pod(json_find(object, STR("template")), old, &template, errors);
}

/* ---- Ports of the host ---- */

static struct str host_port_key(struct arena *arena, const struct json_value *port)
{
	int64_t number = json_integer_or(json_find(port, STR("hostPort")), 0);

	if (number == 0)
		return STR("");
	return arena_printf(arena, "%.*s/%.*s/%lld",
		STR_ARG(json_text(json_find(port, STR("protocol")))),
		STR_ARG(json_text(json_find(port, STR("hostIP")))), (long long)number);
}

static void check_host_ports(const struct check *pod, const struct json_value *container,
	const struct field_path *path, struct json_value *seen)
{
	const struct json_value *ports = json_find(container, STR("ports"));
	struct field_path list = field_path_child(path, STR("ports"));
	struct arena *arena = pod->errors->arena;

	for (size_t i = 0; i < json_count(ports); i++) {
		struct str key = host_port_key(arena, json_element(ports, i));
		struct json_value shown = json_string(key);
		struct field_path item = field_path_index(&list, i);
		struct field_path child = field_path_child(&item, STR("hostPort"));

		if (str_is_empty(key))
			continue;
		if (json_find(seen, key))
			field_errors_add(
				pod->errors, FIELD_ERROR_DUPLICATE, &child, &shown, "%s", "");
		else
			json_append_member(arena, seen, key, json_null());
	}
}

static void check_containers(const struct check *pod)
{
	struct map containers = names_in(check_member(pod, "containers"));
	struct json_value host_ports = json_object();

	for (size_t i = 0; i < CHECK_COUNT(container_lists); i++) {
		const struct json_value *list = check_member(pod, container_lists[i]);
		struct field_path path =
			field_path_child(pod->path, str_from_c(container_lists[i]));

		for (size_t j = 0; j < json_count(list); j++) {
			const struct json_value *container = json_element(list, j);
			struct field_path item = field_path_index(&path, j);
			struct field_path child = field_path_child(&item, STR("name"));
			const struct json_value *name = json_find(container, STR("name"));

			if (i == 0)
				check_host_ports(pod, container, &item, &host_ports);
			else if (!str_is_empty(json_text(name)) &&
				 map_find(&containers, json_text(name)))
				field_errors_add(
					pod->errors, FIELD_ERROR_DUPLICATE, &child, name, "%s", "");
		}
	}
	map_fini(&containers);
}

/* ---- DNS ---- */

static void check_dns(const struct check *pod)
{
	const struct json_value *config = check_member(pod, "dnsConfig");
	const struct json_value *servers = json_find(config, STR("nameservers"));
	struct field_path path = field_path_child(pod->path, STR("dnsConfig"));
	struct field_path child = field_path_child(&path, STR("nameservers"));

	if (!str_equal(check_text(pod, "dnsPolicy"), STR("None")))
		return;
	if (!config)
		check_required(
			pod, "dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None");
	else if (json_count(servers) == 0)
		field_errors_add(pod->errors, FIELD_ERROR_REQUIRED, &child, NULL,
			"must provide at least one DNS nameserver when `dnsPolicy` is None");
}

void core_check_pod_dns_config(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	if (json_count(check_member(&check, "nameservers")) > 3)
		check_invalid(&check, "nameservers", "must not have more than 3 nameservers");
	if (json_count(check_member(&check, "searches")) > 32)
		check_invalid(&check, "searches", "must not have more than 32 search paths");
}

/* ---- Spreading ---- */

static void check_spreading(const struct check *pod)
{
	const struct json_value *list = check_member(pod, "topologySpreadConstraints");
	struct field_path path = field_path_child(pod->path, STR("topologySpreadConstraints"));
	struct json_value seen = json_object();
	struct arena *arena = pod->errors->arena;

	for (size_t i = 0; i < json_count(list); i++) {
		const struct json_value *item = json_element(list, i);
		struct str key = arena_printf(arena, "{%.*s, %.*s}",
			STR_ARG(json_text(json_find(item, STR("topologyKey")))),
			STR_ARG(json_text(json_find(item, STR("whenUnsatisfiable")))));
		struct json_value shown = json_string(key);
		struct field_path item_path = field_path_index(&path, i);
		struct field_path child =
			field_path_child(&item_path, STR("{topologyKey, whenUnsatisfiable}"));

		if (json_find(&seen, key))
			field_errors_add(
				pod->errors, FIELD_ERROR_DUPLICATE, &child, &shown, "%s", "");
		else
			json_append_member(arena, &seen, key, json_null());
	}
}

void core_check_pod_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	check_containers(&check);
	check_dns(&check);
	check_spreading(&check);
}

/* ---- Where pods may run ---- */

void core_check_toleration(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	struct str operator= check_text(&check, "operator");
	bool is_equal = str_is_empty(operator) || str_equal(operator, STR("Equal"));

	if (!check_has(&check, "key") && !str_equal(operator, STR("Exists")))
		check_invalid(&check, "operator",
			"operator must be Exists when `key` is empty, which means \"match all "
			"values and all keys\"");
	if (check_has(&check, "tolerationSeconds") &&
		!str_equal(check_text(&check, "effect"), STR("NoExecute")))
		check_invalid(&check, "effect",
			"effect must be 'NoExecute' when `tolerationSeconds` is set");
	if (str_equal(operator, STR("Exists")) && check_has(&check, "value")) {
		struct field_path child = field_path_child(path, STR("operator"));

		field_errors_add(errors, FIELD_ERROR_INVALID, &child, object,
			"value must be empty when `operator` is 'Exists'");
	}
	if (is_equal)
		check_name(&check, "value", NAME_FORMAT_LABEL_VALUE);
}

void core_check_node_requirement(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	struct str operator= check_text(&check, "operator");
	size_t count = json_count(check_member(&check, "values"));

	if ((str_equal(operator, STR("In")) || str_equal(operator, STR("NotIn"))) && count == 0)
		check_required(
			&check, "values", "must be specified when `operator` is 'In' or 'NotIn'");
	if ((str_equal(operator, STR("Exists")) || str_equal(operator, STR("DoesNotExist"))) &&
		count > 0)
		check_forbidden(&check, "values",
			"may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
	if ((str_equal(operator, STR("Gt")) || str_equal(operator, STR("Lt"))) && count != 1)
		check_required(&check, "values",
			"must be specified single value when `operator` is 'Lt' or 'Gt'");
}

void core_check_node_selector_term(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct json_value *fields = json_find(object, STR("matchFields"));
	struct field_path list = field_path_child(path, STR("matchFields"));

	(void)old;
	for (size_t i = 0; i < json_count(fields); i++) {
		const struct json_value *field = json_element(fields, i);
		const struct json_value *key = json_find(field, STR("key"));
		struct field_path item = field_path_index(&list, i);
		struct field_path values = field_path_child(&item, STR("values"));
		struct field_path key_path = field_path_child(&item, STR("key"));

		if (json_count(json_find(field, STR("values"))) != 1)
			field_errors_add(errors, FIELD_ERROR_REQUIRED, &values, NULL,
				"must be only one value when `operator` is 'In' or 'NotIn' for "
				"node field selector");
		if (!str_equal(json_text(key), STR("metadata.name")))
			field_errors_add(errors, FIELD_ERROR_INVALID, &key_path, key,
				"not a valid field selector key");
	}
}

/* ---- Security ---- */

void core_check_security_context(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	bool forbids = check_has(&check, "allowPrivilegeEscalation") &&
		       !json_bool_or(check_member(&check, "allowPrivilegeEscalation"), true);

	if (forbids && json_bool_or(check_member(&check, "privileged"), false))
		check_invalid(&check, NULL,
			"cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
}

void core_check_seccomp_profile(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	bool is_local = str_equal(check_text(&check, "type"), STR("Localhost"));

	if (is_local && !check_has(&check, "localhostProfile"))
		check_required(
			&check, "localhostProfile", "must be set when seccomp type is Localhost");
	else if (is_local)
		check_local_path(&check, "localhostProfile");
	else if (check_has(&check, "localhostProfile"))
		check_invalid(&check, "localhostProfile",
			"can only be set when seccomp type is Localhost");
}

void core_check_pod_security(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct json_value *sysctls = json_find(object, STR("sysctls"));
	struct field_path list = field_path_child(path, STR("sysctls"));
	struct json_value seen = json_object();

	(void)old;
	for (size_t i = 0; i < json_count(sysctls); i++) {
		const struct json_value *name = json_find(json_element(sysctls, i), STR("name"));
		struct field_path item = field_path_index(&list, i);
		struct field_path child = field_path_child(&item, STR("name"));

		if (json_find(&seen, json_text(name)))
			field_errors_add(errors, FIELD_ERROR_DUPLICATE, &child, name, "%s", "");
		else
			json_append_member(errors->arena, &seen, json_text(name), json_null());
	}
}
