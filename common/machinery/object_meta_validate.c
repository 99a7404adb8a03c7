/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>

#include "name_validation.h"
#include "object_meta.h"

#define ANNOTATIONS_MAXIMUM_BYTES (256 * 1024)

struct validation {
	const struct api_resource *resource;
	const struct json_value *object;
	const struct json_value *old;
	struct field_errors *errors;
};

static void add_messages(struct field_errors *errors, const struct field_path *path,
	enum name_format format, struct str text)
{
	struct str messages[NAME_MESSAGES_MAXIMUM];
	size_t count = name_validate(format, text, messages);
	struct json_value value = json_string(text);

	for (size_t i = 0; i < count; i++)
		field_errors_add(errors, FIELD_ERROR_INVALID, path, &value, "%.*s",
			STR_ARG(messages[i]));
}

/* ---- Name ---- */

static void validate_ip_name(struct validation *validation, const struct field_path *path,
	struct str name)
{
	unsigned char address[16];
	char text[INET6_ADDRSTRLEN] = "";
	struct json_value value = json_string(name);

	if (name.length < sizeof(text))
		memcpy(text, name.data, name.length);
	if (inet_pton(AF_INET, text, address) != 1 && inet_pton(AF_INET6, text, address) != 1)
		field_errors_add(validation->errors, FIELD_ERROR_INVALID, path, &value,
			"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
}

static void validate_apiservice_name(struct validation *validation,
	const struct field_path *path, struct str name)
{
	struct str group =
		json_text(json_find_path(validation->object, "spec", "group", NULL));
	struct str version =
		json_text(json_find_path(validation->object, "spec", "version", NULL));
	struct str expected = arena_printf(
		validation->errors->arena, "%.*s.%.*s", STR_ARG(version), STR_ARG(group));
	struct json_value value = json_string(name);

	if (!str_equal(name, expected))
		field_errors_add(validation->errors, FIELD_ERROR_INVALID, path, &value,
			"must be `spec.version+\".\"+spec.group`: \"%.*s\"", STR_ARG(expected));
}

static void validate_name(struct validation *validation, const struct field_path *metadata)
{
	struct str name = object_meta_text(validation->object, STR("name"));
	struct field_path path = field_path_child(metadata, STR("name"));

	if (str_is_empty(name)) {
		field_errors_add(validation->errors, FIELD_ERROR_REQUIRED, &path, NULL,
			"name or generateName is required");
		return;
	}
	switch (validation->resource->name_format) {
	case NAME_DNS_LABEL:
		add_messages(validation->errors, &path, NAME_FORMAT_DNS1123_LABEL, name);
		break;
	case NAME_DNS_1035_LABEL:
		add_messages(validation->errors, &path, NAME_FORMAT_DNS1035_LABEL, name);
		break;
	case NAME_PATH_SEGMENT:
		add_messages(validation->errors, &path, NAME_FORMAT_PATH_SEGMENT, name);
		break;
	case NAME_APISERVICE:
		validate_apiservice_name(validation, &path, name);
		break;
	case NAME_IP:
		validate_ip_name(validation, &path, name);
		break;
	case NAME_DNS_SUBDOMAIN:
	case NAME_CRD:
		add_messages(validation->errors, &path, NAME_FORMAT_DNS1123_SUBDOMAIN, name);
		break;
	}
}

static void validate_namespace(struct validation *validation, const struct field_path *metadata)
{
	struct str namespace = object_meta_text(validation->object, STR("namespace"));
	struct field_path path = field_path_child(metadata, STR("namespace"));
	bool is_namespaced = validation->resource->flags & RESOURCE_NAMESPACED;

	if (is_namespaced && str_is_empty(namespace))
		field_errors_add(validation->errors, FIELD_ERROR_REQUIRED, &path, NULL, "%s", "");
	else if (is_namespaced)
		add_messages(validation->errors, &path, NAME_FORMAT_DNS1123_LABEL, namespace);
	else if (!str_is_empty(namespace))
		field_errors_add(validation->errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
			"not allowed on this type");
}

/* ---- Labels and annotations ---- */

static void validate_labels(struct validation *validation, const struct field_path *metadata)
{
	const struct json_value *labels =
		json_find_path(validation->object, "metadata", "labels", NULL);
	struct field_path path = field_path_child(metadata, STR("labels"));

	for (size_t i = 0; i < json_count(labels); i++) {
		add_messages(validation->errors, &path, NAME_FORMAT_QUALIFIED,
			labels->members[i].key);
		add_messages(validation->errors, &path, NAME_FORMAT_LABEL_VALUE,
			json_text(&labels->members[i].value));
	}
}

static void validate_annotations(struct validation *validation, const struct field_path *metadata)
{
	const struct json_value *annotations =
		json_find_path(validation->object, "metadata", "annotations", NULL);
	struct field_path path = field_path_child(metadata, STR("annotations"));
	size_t total = 0;

	for (size_t i = 0; i < json_count(annotations); i++) {
		struct str key = annotations->members[i].key;
		char lower[320];

		total += key.length + json_text(&annotations->members[i].value).length;
		if (key.length > sizeof(lower)) {
			add_messages(validation->errors, &path, NAME_FORMAT_QUALIFIED, key);
			continue;
		}
		for (size_t j = 0; j < key.length; j++)
			lower[j] = key.data[j] >= 'A' && key.data[j] <= 'Z' ? (char)(key.data[j] + 32)
									    : key.data[j];
		add_messages(validation->errors, &path, NAME_FORMAT_QUALIFIED,
			arena_copy(validation->errors->arena, str_from(lower, key.length)));
	}
	if (total > ANNOTATIONS_MAXIMUM_BYTES)
		field_errors_add(validation->errors, FIELD_ERROR_TOO_LONG, &path, NULL,
			"may not be more than %d bytes", ANNOTATIONS_MAXIMUM_BYTES);
}

/* ---- Owners and finalizers ---- */

static void validate_owner(struct validation *validation, const struct field_path *path,
	const struct json_value *owner, bool *has_controller)
{
	static const char *const required[] = {"apiVersion", "kind", "name", "uid"};

	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		struct field_path field = field_path_child(path, str_from_c(required[i]));
		struct str text = json_text(json_find(owner, str_from_c(required[i])));
		struct json_value value = json_string(text);

		if (!str_is_empty(text))
			continue;
		if (i == 0)
			field_errors_add(validation->errors, FIELD_ERROR_INVALID, &field, &value,
				"version must not be empty");
		else
			field_errors_add(validation->errors, FIELD_ERROR_INVALID, &field, &value,
				"%s must not be empty", i == 1 ? "kind" : required[i]);
	}
	if (!json_bool_or(json_find(owner, STR("controller")), false))
		return;
	if (*has_controller)
		field_errors_add(validation->errors, FIELD_ERROR_INVALID, path, owner,
			"Only one reference can have Controller set to true");
	*has_controller = true;
}

static void validate_owners(struct validation *validation, const struct field_path *metadata)
{
	const struct json_value *owners =
		json_find_path(validation->object, "metadata", "ownerReferences", NULL);
	struct field_path path = field_path_child(metadata, STR("ownerReferences"));
	bool has_controller = false;

	for (size_t i = 0; i < json_count(owners); i++)
		validate_owner(validation, &path, json_element(owners, i), &has_controller);
}

static bool list_has(const struct json_value *list, struct str text)
{
	for (size_t i = 0; i < json_count(list); i++) {
		if (str_equal(json_text(json_element(list, i)), text))
			return true;
	}
	return false;
}

static void validate_finalizers(struct validation *validation, const struct field_path *metadata)
{
	const struct json_value *finalizers =
		json_find_path(validation->object, "metadata", "finalizers", NULL);
	const struct json_value *before =
		json_find_path(validation->old, "metadata", "finalizers", NULL);
	struct field_path path = field_path_child(metadata, STR("finalizers"));
	struct json_value added = json_array();

	for (size_t i = 0; i < json_count(finalizers); i++) {
		struct str text = json_text(json_element(finalizers, i));

		add_messages(validation->errors, &path, NAME_FORMAT_QUALIFIED, text);
		if (!list_has(before, text))
			json_append(validation->errors->arena, &added, json_string(text));
	}
	if (list_has(finalizers, STR("orphan")) && list_has(finalizers, STR("foregroundDeletion")))
		field_errors_add(validation->errors, FIELD_ERROR_INVALID, &path, finalizers,
			"finalizer orphan and foregroundDeletion cannot be both set");
	if (validation->old && added.length > 0 &&
		!str_is_empty(object_meta_text(validation->old, STR("deletionTimestamp"))))
		field_errors_add(validation->errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
			"no new finalizers can be added if the object is being deleted, found new "
			"finalizers %u",
			(unsigned)added.length);
}

void object_meta_validate(const struct api_resource *resource, const struct json_value *object,
	const struct json_value *old, struct field_errors *errors)
{
	struct validation validation = {
		.resource = resource, .object = object, .old = old, .errors = errors};
	struct field_path metadata = field_path_child(NULL, STR("metadata"));

	if (!old) {
		validate_name(&validation, &metadata);
		validate_namespace(&validation, &metadata);
	}
	validate_labels(&validation, &metadata);
	validate_annotations(&validation, &metadata);
	validate_owners(&validation, &metadata);
	validate_finalizers(&validation, &metadata);
}
