/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_url.h"
#include "ext_validate.h"
#include "name_validation.h"

static struct field_path child(const struct field_path *parent, const char *name)
{
	return field_path_child(parent, str_from_c(name));
}

/* ---- Review versions ---- */

static bool is_known_version(struct str version)
{
	return str_equal(version, STR("v1")) || str_equal(version, STR("v1beta1"));
}

bool ext_knows_review_version(const struct json_value *conversion)
{
	const struct json_value *versions =
		json_find_path(conversion, "webhook", "conversionReviewVersions", NULL);

	for (size_t i = 0; i < json_count(versions); i++) {
		if (is_known_version(json_text(json_element(versions, i))))
			return true;
	}
	return json_count(versions) == 0;
}

static bool stands_before(const struct json_value *array, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (json_equal(json_element(array, i), json_element(array, index)))
			return true;
	}
	return false;
}

#define REVIEW_VERSIONS_COMPARED 100

static void validate_review_versions(const struct json_value *versions,
	const struct json_value *old, const struct field_path *path, struct field_errors *errors)
{
	bool has_known = false;

	if (json_count(versions) == 0) {
		field_errors_add(errors, FIELD_ERROR_REQUIRED, path, NULL, "%s", "");
		return;
	}
	if (json_count(versions) > REVIEW_VERSIONS_COMPARED) {
		field_errors_add(errors, FIELD_ERROR_TOO_MANY, path, NULL,
			"must have at most %d items", REVIEW_VERSIONS_COMPARED);
		return;
	}
	for (size_t i = 0; i < json_count(versions); i++) {
		const struct json_value *version = json_element(versions, i);
		struct field_path at = field_path_index(path, i);
		struct str messages[NAME_MESSAGES_MAXIMUM];

		if (stands_before(versions, i)) {
			field_errors_add(
				errors, FIELD_ERROR_INVALID, &at, version, "duplicate version");
			continue;
		}
		size_t count =
			name_validate(NAME_FORMAT_DNS1035_LABEL, json_text(version), messages);

		for (size_t j = 0; j < count; j++)
			field_errors_add(errors, FIELD_ERROR_INVALID, &at, version, "%.*s",
				STR_ARG(messages[j]));
		has_known |= is_known_version(json_text(version));
	}
	if (!has_known && (!old || ext_knows_review_version(old)))
		field_errors_add(errors, FIELD_ERROR_INVALID, path, versions,
			"must include at least one of v1, v1beta1");
}

/* ---- Where the webhook is ---- */

#define URL_FORM "; desired format: https://host[/path]"

static void validate_url(
	const struct json_value *value, const struct field_path *path, struct field_errors *errors)
{
	struct str text = json_text(value);
	struct ext_url url;

	if (!ext_url_parse(text, &url)) {
		field_errors_add(errors, FIELD_ERROR_REQUIRED, path, NULL,
			"url must be a valid URL: parse \"%.*s\": invalid URL" URL_FORM,
			STR_ARG(text));
		return;
	}
	struct json_value scheme = json_string(url.scheme), host = json_string(url.host);
	struct json_value user = json_string(url.user), query = json_string(url.query);
	struct json_value fragment = json_string(url.fragment);

	if (!str_equal_ignore_case(url.scheme, STR("https")))
		field_errors_add(errors, FIELD_ERROR_INVALID, path, &scheme,
			"'https' is the only allowed URL scheme" URL_FORM);
	if (str_is_empty(url.host))
		field_errors_add(errors, FIELD_ERROR_INVALID, path, &host,
			"host must be specified" URL_FORM);
	if (url.has_user)
		field_errors_add(errors, FIELD_ERROR_INVALID, path, &user,
			"user information is not permitted in the URL");
	if (!str_is_empty(url.fragment))
		field_errors_add(errors, FIELD_ERROR_INVALID, path, &fragment,
			"fragments are not permitted in the URL");
	if (!str_is_empty(url.query))
		field_errors_add(errors, FIELD_ERROR_INVALID, path, &query,
			"query parameters are not permitted in the URL");
}

static void validate_url_path(
	const struct json_value *value, const struct field_path *path, struct field_errors *errors)
{
	struct str text = json_text(value), rest = text;
	size_t segment = 0;

	if (str_is_empty(text) || str_equal(text, STR("/")))
		return;
	if (str_equal(text, STR("//"))) {
		field_errors_add(
			errors, FIELD_ERROR_INVALID, path, value, "segment[0] may not be empty");
		return;
	}
	if (!str_starts_with(text, STR("/")))
		field_errors_add(errors, FIELD_ERROR_INVALID, path, value, "must start with a '/'");
	else
		rest = str_skip(text, 1);
	while (!str_is_empty(rest)) {
		struct str step = str_split(&rest, '/');
		struct str messages[NAME_MESSAGES_MAXIMUM];

		if (str_is_empty(step)) {
			field_errors_add(errors, FIELD_ERROR_INVALID, path, value,
				"segment[%zu] may not be empty", segment++);
			continue;
		}
		size_t count = name_validate(NAME_FORMAT_DNS1123_SUBDOMAIN, step, messages);

		for (size_t i = 0; i < count; i++)
			field_errors_add(errors, FIELD_ERROR_INVALID, path, value,
				"segment[%zu]: %.*s", segment, STR_ARG(messages[i]));
		segment++;
	}
}

static void validate_service(const struct json_value *service, const struct field_path *path,
	struct field_errors *errors)
{
	struct field_path name = child(path, "name"), namespace = child(path, "namespace");
	struct field_path port = child(path, "port"), url_path = child(path, "path");
	const struct json_value *number = json_find(service, STR("port"));
	int64_t port_number = json_integer_or(number, 443);

	if (str_is_empty(json_text(json_find(service, STR("name")))))
		field_errors_add(
			errors, FIELD_ERROR_REQUIRED, &name, NULL, "service name is required");
	if (str_is_empty(json_text(json_find(service, STR("namespace")))))
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &namespace, NULL,
			"service namespace is required");
	if (port_number < 1 || port_number > 65535)
		field_errors_add(errors, FIELD_ERROR_INVALID, &port, number,
			"port is not valid: must be between 1 and 65535, inclusive");
	validate_url_path(json_find(service, STR("path")), &url_path, errors);
}

static void validate_client(
	const struct json_value *client, const struct field_path *path, struct field_errors *errors)
{
	const struct json_value *url = json_find(client, STR("url"));
	const struct json_value *service = json_find(client, STR("service"));
	struct field_path url_path = child(path, "url"), service_path = child(path, "service");

	if (!client)
		field_errors_add(errors, FIELD_ERROR_REQUIRED, path, NULL,
			"required when strategy is set to Webhook");
	else if (!url == !service)
		field_errors_add(errors, FIELD_ERROR_REQUIRED, path, NULL,
			"exactly one of url or service is required");
	else if (url)
		validate_url(url, &url_path, errors);
	else
		validate_service(service, &service_path, errors);
}

/* ---- The whole; upstream names fields by its internal type. ---- */

void ext_validate_conversion(const struct json_value *conversion,
	const struct json_value *old_conversion, const struct field_path *path,
	struct field_errors *errors)
{
	static const struct str strategies[] = {STR_INIT("None"), STR_INIT("Webhook")};
	const struct json_value *strategy = json_find(conversion, STR("strategy"));
	const struct json_value *webhook = json_find(conversion, STR("webhook"));
	const struct json_value *client = json_find(webhook, STR("clientConfig"));
	const struct json_value *versions = json_find(webhook, STR("conversionReviewVersions"));
	struct field_path strategy_path = child(path, "strategy");
	struct field_path client_path = child(path, "webhookClientConfig");
	struct field_path versions_path = child(path, "conversionReviewVersions");

	if (!conversion)
		return;
	if (str_is_empty(json_text(strategy)))
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &strategy_path, NULL, "%s", "");
	else if (!str_equal(json_text(strategy), strategies[0]) &&
		 !str_equal(json_text(strategy), strategies[1]))
		field_errors_add_unsupported(errors, &strategy_path, strategy, strategies, 2);
	if (str_equal(json_text(strategy), strategies[1])) {
		validate_client(client, &client_path, errors);
		validate_review_versions(versions, old_conversion, &versions_path, errors);
		return;
	}
	if (client)
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &client_path, NULL,
			"should not be set when strategy is not set to Webhook");
	if (json_count(versions) > 0)
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &versions_path, NULL,
			"should not be set when strategy is not set to Webhook");
}
