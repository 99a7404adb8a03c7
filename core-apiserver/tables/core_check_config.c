/* SPDX-License-Identifier: Apache-2.0 */
#include "core_checks.h"
#include "schema_engine.h"

/* ConfigMaps, Secrets, Events and what bounds a namespace. */

static void check_immutable(const struct check *check, const char *const *names, size_t count)
{
	if (!json_bool_or(json_find(check->old, STR("immutable")), false))
		return;
	if (!json_bool_or(check_member(check, "immutable"), false))
		check_forbidden(check, "immutable", "field is immutable when `immutable` is set");
	for (size_t i = 0; i < count; i++)
		if (check_changed(check, names[i]))
			check_forbidden(
				check, names[i], "field is immutable when `immutable` is set");
}

#define DATA_MAXIMUM_BYTES (1024 * 1024)

static size_t text_bytes(const struct json_value *members)
{
	size_t total = 0;

	for (size_t i = 0; i < json_count(members); i++)
		total += json_text(&members->members[i].value).length;
	return total;
}

/* What base64 texts say, which have been found to be such. */
static size_t decoded_bytes(const struct json_value *members)
{
	size_t total = 0;

	for (size_t i = 0; i < json_count(members); i++) {
		struct str text = json_text(&members->members[i].value);

		total += text.length / 4 * 3;
		while (str_ends_with(text, STR("="))) {
			text = str_slice(text, 0, text.length - 1);
			total--;
		}
	}
	return total;
}

static void check_total(
	const struct check *check, const struct field_path *path, size_t total_bytes)
{
	if (total_bytes > DATA_MAXIMUM_BYTES)
		field_errors_add(check->errors, FIELD_ERROR_TOO_LONG, path, NULL,
			"may not be more than %d bytes", DATA_MAXIMUM_BYTES);
}

void core_check_config_map(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const char *const contents[] = {"data", "binaryData"};
	const struct check check = CHECK_INIT(object, old, path, errors);
	const struct json_value *data = check_member(&check, "data");
	const struct json_value *binary = check_member(&check, "binaryData");
	struct field_path data_path = field_path_child(path, STR("data"));

	for (size_t i = 0; i < json_count(data); i++) {
		struct str key = data->members[i].key;
		struct field_path child = field_path_key(&data_path, key);
		struct json_value shown = json_string(key);

		if (json_find(binary, key))
			field_errors_add(errors, FIELD_ERROR_INVALID, &child, &shown,
				"duplicate of key present in binaryData");
	}
	/* Upstream's path of the whole is an empty name, which it writes so. */
	struct field_path whole = field_path_key(path, STR_EMPTY);

	check_total(&check, &whole, text_bytes(data) + decoded_bytes(binary));
	check_immutable(&check, contents, CHECK_COUNT(contents));
}

/* ---- Secrets ---- */

static void require_key(const struct check *check, const char *key, bool is_wanted)
{
	const struct json_value *data = check_member(check, "data");
	struct field_path data_path = field_path_child(check->path, STR("data"));
	struct field_path child = field_path_key(&data_path, str_from_c(key));

	if (is_wanted && !json_find(data, str_from_c(key)))
		field_errors_add(check->errors, FIELD_ERROR_REQUIRED, &child, NULL, "%s", "");
}

static void require_account(const struct check *check)
{
	static const char name[] = "kubernetes.io/service-account.name";
	struct field_path metadata = field_path_child(check->path, STR("metadata"));
	struct field_path annotations = field_path_child(&metadata, STR("annotations"));
	struct field_path child =
		field_path_key(&annotations, STR("kubernetes.io/service-account.name"));

	if (str_is_empty(json_text(
		    json_find_path(check->object, "metadata", "annotations", name, NULL))))
		field_errors_add(check->errors, FIELD_ERROR_REQUIRED, &child, NULL, "%s", "");
}

void core_check_secret(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const struct {
		const char *type, *key;
	} wanted[] = {
		{"kubernetes.io/dockercfg", ".dockercfg"},
		{"kubernetes.io/dockerconfigjson", ".dockerconfigjson"},
		{"kubernetes.io/ssh-auth", "ssh-privatekey"},
		{"kubernetes.io/tls", "tls.crt"},
		{"kubernetes.io/tls", "tls.key"},
	};
	static const char *const contents[] = {"data"};
	const struct check check = CHECK_INIT(object, old, path, errors);
	const struct json_value *data = check_member(&check, "data");
	struct str type = check_text(&check, "type");
	bool has_neither = !json_find(data, STR("username")) && !json_find(data, STR("password"));

	struct field_path data_path = field_path_child(path, STR("data"));

	check_total(&check, &data_path, decoded_bytes(data));
	for (size_t i = 0; i < CHECK_COUNT(wanted); i++)
		require_key(&check, wanted[i].key, str_equal_c(type, wanted[i].type));
	has_neither = has_neither && str_equal(type, STR("kubernetes.io/basic-auth"));
	require_key(&check, "username", has_neither);
	require_key(&check, "password", has_neither);
	if (str_equal(type, STR("kubernetes.io/service-account-token")))
		require_account(&check);
	check_immutable(&check, contents, CHECK_COUNT(contents));
}

/* ---- Events ---- */

/* An object of no namespace has its events in "default", or in kube-system. */
void core_check_event(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	struct field_path involved = field_path_child(path, STR("involvedObject"));
	struct field_path child = field_path_child(&involved, STR("namespace"));
	const struct json_value *value =
		json_find_path(object, "involvedObject", "namespace", NULL);
	struct str home = json_text(json_find_path(object, "metadata", "namespace", NULL));
	struct json_value shown = json_string(json_text(value));

	(void)old;
	if (str_is_empty(json_text(value))) {
		if (str_equal(home, STR("default")) || str_equal(home, STR("kube-system")))
			return;
	} else if (str_equal(json_text(value), home)) {
		return;
	}
	field_errors_add(
		errors, FIELD_ERROR_INVALID, &child, &shown, "does not match event.namespace");
}

/* ---- Names of resources ---- */

static bool is_in(struct str text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal_c(text, words[i]))
			return true;
	return false;
}

static void check_resource_name(struct field_errors *errors, const struct field_path *path,
	struct str name, bool is_standard, const char *what)
{
	struct str messages[NAME_MESSAGES_MAXIMUM];
	struct json_value shown = json_string(name);
	size_t count = name_validate(NAME_FORMAT_QUALIFIED, name, messages);
	bool is_qualified = str_find_byte(name, '/') < name.length;

	for (size_t i = 0; i < count; i++)
		field_errors_add(
			errors, FIELD_ERROR_INVALID, path, &shown, "%.*s", STR_ARG(messages[i]));
	if (count > 0 || is_standard || is_qualified)
		return;
	field_errors_add(errors, FIELD_ERROR_INVALID, path, &shown,
		"must be a standard resource type or fully qualified");
	field_errors_add(errors, FIELD_ERROR_INVALID, path, &shown,
		"must be a standard resource for %s", what);
}

static bool is_container_resource(struct str name)
{
	static const char *const words[] = {"cpu", "memory", "ephemeral-storage"};

	return is_in(name, words, CHECK_COUNT(words)) || str_starts_with(name, STR("hugepages-"));
}

static bool is_quota_resource(struct str name)
{
	static const char *const words[] = {"requests.storage", "limits.cpu", "limits.memory",
		"limits.ephemeral-storage", "requests.cpu", "requests.memory",
		"requests.ephemeral-storage", "pods", "services", "replicationcontrollers",
		"resourcequotas", "secrets", "persistentvolumeclaims", "configmaps",
		"services.nodeports", "services.loadbalancers"};

	return is_container_resource(name) || is_in(name, words, CHECK_COUNT(words)) ||
	       str_starts_with(name, STR("requests.hugepages-")) ||
	       str_starts_with(name, STR("count/"));
}

/* ---- Resources of containers ---- */

void core_check_resource_requirements(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const char *const lists[] = {"limits", "requests"};
	const struct check check = CHECK_INIT(object, old, path, errors);
	const struct json_value *limits = check_member(&check, "limits");
	const struct json_value *requests = check_member(&check, "requests");
	struct field_path requests_path = field_path_child(path, STR("requests"));

	for (size_t i = 0; i < CHECK_COUNT(lists); i++) {
		const struct json_value *list = check_member(&check, lists[i]);
		struct field_path list_path = field_path_child(path, str_from_c(lists[i]));

		for (size_t j = 0; j < json_count(list); j++) {
			struct str name = list->members[j].key;
			struct field_path child = field_path_key(&list_path, name);

			check_resource_name(
				errors, &child, name, is_container_resource(name), "containers");
		}
		check_quantities(&check, lists[i]);
	}
	for (size_t i = 0; i < json_count(requests); i++) {
		const struct json_member *request = &requests->members[i];
		const struct json_value *limit = json_find(limits, request->key);

		if (limit && quantity_compare(json_text(&request->value), json_text(limit)) > 0)
			field_errors_add(errors, FIELD_ERROR_INVALID, &requests_path,
				&request->value, "must be less than or equal to %.*s limit of %.*s",
				STR_ARG(request->key), STR_ARG(json_text(limit)));
	}
}

/* ---- Quotas and limits ---- */

void core_check_resource_quota_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	const struct json_value *hard = check_member(&check, "hard");
	struct field_path hard_path = field_path_child(path, STR("hard"));

	for (size_t i = 0; i < json_count(hard); i++) {
		struct str name = hard->members[i].key;
		struct field_path child = field_path_key(&hard_path, name);

		check_resource_name(errors, &child, name, is_quota_resource(name), "quota");
	}
	check_quantities(&check, "hard");
	if (old && check_changed(&check, "scopes"))
		check_invalid(&check, "scopes", "field is immutable");
}

static void check_order(const struct check *check, const char *low, const char *high,
	const char *low_words, const char *high_words)
{
	const struct json_value *lows = check_member(check, low);
	const struct json_value *highs = check_member(check, high);
	/* A bound that the defaults break is reported at the default. */
	bool is_at_low = str_equal_c(STR("max"), high);
	struct field_path path = field_path_child(check->path, str_from_c(is_at_low ? low : high));

	for (size_t i = 0; i < json_count(lows); i++) {
		const struct json_member *from = &lows->members[i];
		const struct json_value *to = json_find(highs, from->key);
		struct field_path child = field_path_key(&path, from->key);

		if (to && quantity_compare(json_text(&from->value), json_text(to)) > 0)
			field_errors_add(check->errors, FIELD_ERROR_INVALID, &child, &from->value,
				"%s value %.*s is greater than %s value %.*s", low_words,
				STR_ARG(json_text(&from->value)), high_words,
				STR_ARG(json_text(to)));
	}
}

static void check_item_resources(const struct check *check, const char *member, struct str type)
{
	const struct json_value *list = check_member(check, member);
	struct field_path path = field_path_child(check->path, str_from_c(member));
	bool is_compute = str_equal(type, STR("Container")) || str_equal(type, STR("Pod"));

	for (size_t i = 0; is_compute && i < json_count(list); i++) {
		struct str name = list->members[i].key;
		struct field_path child = field_path_key(&path, name);

		check_resource_name(
			check->errors, &child, name, is_container_resource(name), "containers");
	}
}

void core_check_limit_range_item(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	static const char *const lists[] = {
		"max", "min", "default", "defaultRequest", "maxLimitRequestRatio"};
	struct str type = check_text(&check, "type");

	check_name(&check, "type", NAME_FORMAT_QUALIFIED);
	if (str_equal(type, STR("Pod"))) {
		if (check_has(&check, "default"))
			check_forbidden(
				&check, "default", "may not be specified when `type` is 'Pod'");
		if (check_has(&check, "defaultRequest"))
			check_forbidden(&check, "defaultRequest",
				"may not be specified when `type` is 'Pod'");
	}
	if (str_equal(type, STR("PersistentVolumeClaim")) &&
		!json_find_path(object, "min", "storage", NULL) &&
		!json_find_path(object, "max", "storage", NULL))
		check_required(&check, "limits",
			"either minimum or maximum storage value is required, but neither was "
			"provided");
	for (size_t i = 0; i < CHECK_COUNT(lists); i++)
		check_item_resources(&check, lists[i], type);
	check_order(&check, "min", "max", "min", "max");
	check_order(&check, "min", "defaultRequest", "min", "default request");
	check_order(&check, "defaultRequest", "max", "default request", "max");
	check_order(&check, "defaultRequest", "default", "default request", "default");
	check_order(&check, "min", "default", "min", "default");
	check_order(&check, "default", "max", "default", "max");
}
