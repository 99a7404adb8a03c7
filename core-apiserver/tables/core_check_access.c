/* SPDX-License-Identifier: Apache-2.0 */
#include "core_checks.h"

/* Roles and bindings; webhooks; the classes of storage, priority and nodes. */

static bool is_any(const struct json_value *list, const char *word)
{
	for (size_t i = 0; i < json_count(list); i++)
		if (str_equal_c(json_text(json_element(list, i)), word))
			return true;
	return false;
}

static void check_rules(const struct json_value *object, const struct field_path *path,
	struct field_errors *errors, bool is_namespaced)
{
	const struct json_value *rules = json_find(object, STR("rules"));
	struct field_path list = field_path_child(path, STR("rules"));

	for (size_t i = 0; i < json_count(rules); i++) {
		struct field_path item = field_path_index(&list, i);
		const struct check check = CHECK_INIT(json_element(rules, i), NULL, &item, errors);
		bool has_urls = check_has(&check, "nonResourceURLs");

		if (has_urls && is_namespaced) {
			check_invalid(&check, "nonResourceURLs",
				"namespaced rules cannot apply to non-resource URLs");
		} else if (has_urls &&
			   (check_has(&check, "apiGroups") || check_has(&check, "resources") ||
				   check_has(&check, "resourceNames"))) {
			check_invalid(&check, "nonResourceURLs",
				"rules cannot apply to both regular resources and non-resource "
				"URLs");
		} else if (!has_urls) {
			if (!check_has(&check, "apiGroups"))
				check_required(&check, "apiGroups",
					"resource rules must supply at least one api group");
			if (!check_has(&check, "resources"))
				check_required(&check, "resources",
					"resource rules must supply at least one resource");
		}
	}
}

void core_check_policy_rule(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	if (!check_has(&check, "verbs"))
		check_required(&check, "verbs", "verbs must contain at least one value");
}

void core_check_role(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	(void)old;
	check_rules(object, path, errors, true);
}

void core_check_cluster_role(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	(void)old;
	check_rules(object, path, errors, false);
}

void core_check_aggregation_rule(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	if (!check_has(&check, "clusterRoleSelectors"))
		check_required(&check, "clusterRoleSelectors",
			"at least one clusterRoleSelector required if aggregationRule is non-nil");
}

static const char *const rbac_group[] = {"rbac.authorization.k8s.io"};

void core_check_role_reference(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	if (!str_equal_c(check_text(&check, "apiGroup"), rbac_group[0]))
		check_unsupported(&check, "apiGroup", rbac_group, 1);
}

void core_check_cluster_role_binding(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const char *const kinds[] = {"ClusterRole"};
	const struct json_value *subjects = json_find(object, STR("subjects"));
	struct field_path list = field_path_child(path, STR("subjects"));
	struct field_path role = field_path_child(path, STR("roleRef"));
	const struct check reference =
		CHECK_INIT(json_find(object, STR("roleRef")), NULL, &role, errors);

	(void)old;
	if (str_equal(check_text(&reference, "kind"), STR("Role")))
		check_unsupported(&reference, "kind", kinds, 1);
	for (size_t i = 0; i < json_count(subjects); i++) {
		struct field_path item = field_path_index(&list, i);
		const struct check check =
			CHECK_INIT(json_element(subjects, i), NULL, &item, errors);

		if (str_equal(check_text(&check, "kind"), STR("ServiceAccount")) &&
			!check_has(&check, "namespace"))
			check_required(&check, "namespace", "");
	}
}

void core_check_subject(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const char *const core_group[] = {""};
	const struct check check = CHECK_INIT(object, old, path, errors);
	struct str group = check_text(&check, "apiGroup");

	if (str_equal(check_text(&check, "kind"), STR("ServiceAccount"))) {
		check_name(&check, "name", NAME_FORMAT_DNS1123_SUBDOMAIN);
		if (!str_is_empty(group))
			check_unsupported(&check, "apiGroup", core_group, 1);
	} else if (!str_equal_c(group, rbac_group[0])) {
		check_unsupported(&check, "apiGroup", rbac_group, 1);
	}
}

/* ---- Webhooks ---- */

void core_check_webhook(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	const struct json_value *versions = check_member(&check, "admissionReviewVersions");
	struct str name = check_text(&check, "name");
	size_t segments = 1;

	for (size_t i = 0; i < name.length; i++)
		segments += name.data[i] == '.';
	check_name(&check, "name", NAME_FORMAT_DNS1123_SUBDOMAIN);
	if (name.length > 0 && segments < 3)
		check_invalid(&check, "name",
			"should be a domain with at least three segments separated by dots");
	if (json_count(versions) > 0 && !is_any(versions, "v1") && !is_any(versions, "v1beta1"))
		check_invalid(&check, "admissionReviewVersions",
			"must include at least one of v1, v1beta1");
}

void core_check_webhook_client(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	struct str url = check_text(&check, "url");
	size_t colon = str_find_byte(url, ':');

	if (check_has(&check, "url") == check_has(&check, "service"))
		check_required(&check, NULL, "exactly one of url or service is required");
	if (url.length > 0 && !str_starts_with(url, STR("https://"))) {
		struct field_path child = field_path_child(path, STR("url"));
		struct json_value scheme =
			json_string(colon < url.length ? str_slice(url, 0, colon) : STR(""));

		field_errors_add(errors, FIELD_ERROR_INVALID, &child, &scheme,
			"'https' is the only allowed URL scheme; desired format: "
			"https://host[/path]");
	}
}

void core_check_operations(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const struct {
		const char *name, *all, *words;
	} lists[] = {
		{"operations", "*", "operations"},
		{"apiGroups", "*", "API groups"},
		{"apiVersions", "*", "API versions"},
		{"resources", "*/*", "resources"},
	};
	const struct check check = CHECK_INIT(object, old, path, errors);

	for (size_t i = 0; i < CHECK_COUNT(lists); i++) {
		const struct json_value *list = check_member(&check, lists[i].name);

		if (json_count(list) == 0)
			check_required(&check, lists[i].name, "");
		else if (json_count(list) > 1 && is_any(list, lists[i].all))
			check_invalid(&check, lists[i].name,
				"if '%s' is present, must not specify other %s", lists[i].all,
				lists[i].words);
	}
}

/* ---- Storage, priority, nodes ---- */

void core_check_storage_class(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	const struct json_value *parameters = check_member(&check, "parameters");

	check_name(&check, "provisioner", NAME_FORMAT_QUALIFIED);
	if (json_find(parameters, STR(""))) {
		struct field_path child = field_path_child(path, STR("parameters"));
		struct json_value empty = json_string(STR(""));

		field_errors_add(
			errors, FIELD_ERROR_INVALID, &child, &empty, "field can not be empty.");
	}
}

void core_check_attachment_source(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	bool has_volume = check_has(&check, "persistentVolumeName");
	bool has_inline = check_has(&check, "inlineVolumeSpec");

	if (has_volume == has_inline)
		check_required(&check, NULL,
			"must specify exactly one of inlineVolumeSpec and persistentVolumeName");
}

void core_check_priority_class(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	struct str name = json_text(json_find_path(object, "metadata", "name", NULL));
	bool is_known = str_equal(name, STR("system-node-critical")) ||
			str_equal(name, STR("system-cluster-critical"));

	if (str_starts_with(name, STR("system-")) && !is_known)
		check_forbidden(&check, "metadata.name",
			"priority class names with 'system-' prefix are reserved for system use "
			"only. error: %.*s is not a known system priority class",
			STR_ARG(name));
	else if (!is_known && json_integer_or(check_member(&check, "value"), 0) > 1000000000)
		check_forbidden(&check, "value",
			"maximum allowed value of a user defined priority is 1000000000");
}

void core_check_node_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	const struct json_value *taints = check_member(&check, "taints");
	static const struct field_path metadata = {.name = STR_INIT("metadata"), .index = -1};
	struct field_path list = field_path_child(&metadata, STR("taints"));
	struct json_value seen = json_object();

	for (size_t i = 0; i < json_count(taints); i++) {
		const struct json_value *taint = json_element(taints, i);
		struct str key = arena_printf(errors->arena, "%.*s:%.*s",
			STR_ARG(json_text(json_find(taint, STR("key")))),
			STR_ARG(json_text(json_find(taint, STR("effect")))));
		struct field_path item = field_path_index(&list, i);

		if (json_find(&seen, key))
			field_errors_add(errors, FIELD_ERROR_DUPLICATE, &item, taint,
				"taints must be unique by key and effect pair");
		else
			json_append_member(errors->arena, &seen, key, json_null());
	}
	if (json_count(json_find(old, STR("podCIDRs"))) > 0 && check_changed(&check, "podCIDRs"))
		check_forbidden(&check, "podCIDRs",
			"node updates may not change podCIDR except from \"\" to valid");
}

void core_check_node_status(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	check_quantities(&check, "capacity");
	check_quantities(&check, "allocatable");
}

void core_check_overhead(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	check_quantities(&check, "podFixed");
}

/* ---- Certificates ---- */

void core_check_signing_request_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	struct str name = check_text(&check, "signerName");
	size_t slash = str_find_byte(name, '/');
	struct str domain = str_slice(name, 0, slash);

	if (name.length == 0)
		return;
	if (slash + 1 >= name.length || str_find_byte(domain, '.') == domain.length ||
		!name_is_valid(NAME_FORMAT_DNS1123_SUBDOMAIN, domain))
		check_invalid(&check, "signerName",
			"must be a fully qualified domain and path of the form "
			"'example.com/signer-name'");
	else if (str_equal(name, STR("kubernetes.io/legacy-unknown")))
		check_invalid(&check, "signerName",
			"the legacy signerName is not allowed via this API version");
}
