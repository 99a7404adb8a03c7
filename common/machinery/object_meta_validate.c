/* SPDX-License-Identifier: Apache-2.0 */
#include "object_meta.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "go_format.h"
#include "name_validation.h"

#define ANNOTATIONS_MAXIMUM_BYTES (256 * 1024)

struct validation {
	const struct api_resource *resource;
	const struct json_value *object;
	const struct json_value *old;
	struct field_errors *errors;
};

/* Checks `text`; messages show `shown`. */
static void add_messages_for(struct field_errors *errors, const struct field_path *path,
	enum name_format format, struct str text, struct str shown)
{
	struct str messages[NAME_MESSAGES_MAXIMUM];
	size_t count = name_validate(format, text, messages);
	struct json_value value = json_string(shown);

	for (size_t i = 0; i < count; i++)
		field_errors_add(
			errors, FIELD_ERROR_INVALID, path, &value, "%.*s", STR_ARG(messages[i]));
}

static void add_messages(struct field_errors *errors, const struct field_path *path,
	enum name_format format, struct str text)
{
	add_messages_for(errors, path, format, text, text);
}

/* ---- Name ---- */

static bool find_name_format(const struct api_resource *resource, enum name_format *ret)
{
	switch (resource->name_format) {
	case NAME_DNS_LABEL:
		*ret = NAME_FORMAT_DNS1123_LABEL;
		return true;
	case NAME_DNS_1035_LABEL:
		*ret = NAME_FORMAT_DNS1035_LABEL;
		return true;
	case NAME_PATH_SEGMENT:
		*ret = NAME_FORMAT_PATH_SEGMENT;
		return true;
	case NAME_DNS_SUBDOMAIN:
	case NAME_CRD:
		*ret = NAME_FORMAT_DNS1123_SUBDOMAIN;
		return true;
	case NAME_APISERVICE:
	case NAME_IP:
		break;
	}
	return false;
}

/* The start of a name: what follows it makes up for a dash at its end. */
static void validate_generate_name(struct validation *validation, const struct field_path *metadata)
{
	struct arena *arena = validation->errors->arena;
	struct str base = object_meta_text(validation->object, STR("generateName"));
	struct field_path path = field_path_child(metadata, STR("generateName"));
	struct str masked = base;
	enum name_format format;

	if (str_is_empty(base) || !find_name_format(validation->resource, &format))
		return;
	if (format != NAME_FORMAT_PATH_SEGMENT && base.length > 1 && str_ends_with(base, STR("-")))
		masked = arena_printf(arena, "%.*sa", STR_ARG(str_slice(base, 0, base.length - 2)));
	add_messages_for(validation->errors, &path, format, masked, base);
}

static void validate_ip_name(
	struct validation *validation, const struct field_path *path, struct str name)
{
	unsigned char address[16];
	char text[INET6_ADDRSTRLEN] = "", canonical[INET6_ADDRSTRLEN] = "";
	struct json_value value = json_string(name);

	if (name.length < sizeof(text))
		memcpy(text, name.data, name.length);
	/* A name with a NUL in it is not the address before the NUL. */
	bool is_whole = strlen(text) == name.length;

	if (is_whole && inet_pton(AF_INET, text, address) == 1)
		inet_ntop(AF_INET, address, canonical, sizeof(canonical));
	else if (is_whole && inet_pton(AF_INET6, text, address) == 1)
		inet_ntop(AF_INET6, address, canonical, sizeof(canonical));
	if (canonical[0] == '\0')
		field_errors_add(validation->errors, FIELD_ERROR_INVALID, path, &value,
			"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
	else if (strcmp(canonical, text) != 0)
		field_errors_add(validation->errors, FIELD_ERROR_INVALID, path, &value,
			"must be in canonical form (\"%s\")", canonical);
}

static void validate_apiservice_name(
	struct validation *validation, const struct field_path *path, struct str name)
{
	struct str group = json_text(json_find_path(validation->object, "spec", "group", NULL));
	struct str version = json_text(json_find_path(validation->object, "spec", "version", NULL));
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
	enum name_format format;

	if (str_is_empty(name)) {
		field_errors_add(validation->errors, FIELD_ERROR_REQUIRED, &path, NULL,
			"name or generateName is required");
		return;
	}
	if (find_name_format(validation->resource, &format))
		add_messages(validation->errors, &path, format, name);
	else if (validation->resource->name_format == NAME_IP)
		validate_ip_name(validation, &path, name);
	else
		validate_apiservice_name(validation, &path, name);
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

	for (size_t i = 0; labels && labels->type == JSON_OBJECT && i < labels->length; i++) {
		add_messages(
			validation->errors, &path, NAME_FORMAT_QUALIFIED, labels->members[i].key);
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

	for (size_t i = 0;
		annotations && annotations->type == JSON_OBJECT && i < annotations->length; i++) {
		struct str key = annotations->members[i].key;
		char lower[320];

		total += key.length + json_text(&annotations->members[i].value).length;
		if (key.length > sizeof(lower)) {
			add_messages(validation->errors, &path, NAME_FORMAT_QUALIFIED, key);
			continue;
		}
		for (size_t j = 0; j < key.length; j++)
			lower[j] = key.data[j] >= 'A' && key.data[j] <= 'Z'
					   ? (char)(key.data[j] + 32)
					   : key.data[j];
		add_messages_for(validation->errors, &path, NAME_FORMAT_QUALIFIED,
			str_from(lower, key.length), key);
	}
	if (total > ANNOTATIONS_MAXIMUM_BYTES)
		field_errors_add(validation->errors, FIELD_ERROR_TOO_LONG, &path, NULL,
			"may not be more than %d bytes", ANNOTATIONS_MAXIMUM_BYTES);
}

/* ---- Owners and finalizers ---- */

/* "v1" or "apps/v1": one slash at most, and a version. */
static bool is_group_version(struct str text)
{
	size_t slash = str_find_byte(text, '/');

	return slash == text.length ||
	       (slash + 1 < text.length &&
		       str_find_byte(str_skip(text, slash + 1), '/') == text.length - slash - 1);
}

static void validate_owner(struct validation *validation, const struct field_path *path,
	const struct json_value *owner)
{
	static const char *const required[] = {"apiVersion", "kind", "name", "uid"};
	struct str version = json_text(json_find(owner, STR("apiVersion")));
	struct json_value value = json_string(version);

	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		struct field_path field = field_path_child(path, str_from_c(required[i]));

		if (str_is_empty(json_text(json_find(owner, str_from_c(required[i])))))
			field_errors_add(validation->errors, FIELD_ERROR_REQUIRED, &field, NULL,
				"must not be empty");
		else if (i == 0 && !is_group_version(version))
			field_errors_add(validation->errors, FIELD_ERROR_INVALID, &field, &value,
				"must be <group>/<version> or <version>");
	}
	if (str_equal(version, STR("v1")) &&
		str_equal(json_text(json_find(owner, STR("kind"))), STR("Event")))
		field_errors_add(validation->errors, FIELD_ERROR_INVALID, path, owner,
			"/v1, Kind=Event is disallowed from being an owner");
}

/* "Kind/name" of an owner that is the controller. */
static struct str controller_name(struct arena *arena, const struct json_value *owner)
{
	return arena_printf(arena, "%.*s/%.*s", STR_ARG(json_text(json_find(owner, STR("kind")))),
		STR_ARG(json_text(json_find(owner, STR("name")))));
}

static void validate_owners(struct validation *validation, const struct field_path *metadata)
{
	const struct json_value *owners =
		json_find_path(validation->object, "metadata", "ownerReferences", NULL);
	struct field_path path = field_path_child(metadata, STR("ownerReferences"));
	struct str first = STR_EMPTY;

	for (size_t i = 0; json_element(owners, i); i++) {
		const struct json_value *owner = json_element(owners, i);
		struct field_path element = field_path_index(&path, i);

		validate_owner(validation, &element, owner);
		if (!json_bool_or(json_find(owner, STR("controller")), false))
			continue;
		struct str name = controller_name(validation->errors->arena, owner);

		if (str_is_empty(first))
			first = name;
		else
			field_errors_add(validation->errors, FIELD_ERROR_INVALID, &path, owners,
				"Only one reference can have Controller set to true. Found "
				"\"true\" in references for %.*s and %.*s",
				STR_ARG(first), STR_ARG(name));
	}
}

struct text_set {
	struct str *texts; /* sorted */
	size_t count;
};

static int compare_texts(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static struct text_set make_set(struct arena *arena, const struct json_value *list)
{
	struct text_set set = {.texts = ARENA_ARRAY(arena, struct str, json_count(list) + 1)};

	for (size_t i = 0; json_element(list, i); i++)
		set.texts[set.count++] = json_text(json_element(list, i));
	qsort(set.texts, set.count, sizeof(set.texts[0]), compare_texts);
	return set;
}

static bool set_has(const struct text_set *set, struct str text)
{
	return set->count > 0 &&
	       bsearch(&text, set->texts, set->count, sizeof(set->texts[0]), compare_texts) != NULL;
}

/* What is in `now` and not in `before`, as Go prints a slice of strings: []string{"a", "b"}. */
static struct str format_added(
	struct arena *arena, const struct text_set *now, const struct text_set *before)
{
	struct buffer out = {0};
	bool has_any = false;

	buffer_append(&out, STR("[]string{"));
	for (size_t i = 0; i < now->count; i++) {
		if (set_has(before, now->texts[i]) ||
			(i > 0 && str_equal(now->texts[i - 1], now->texts[i])))
			continue;
		if (has_any)
			buffer_append(&out, STR(", "));
		go_quote(&out, now->texts[i]);
		has_any = true;
	}
	buffer_append_byte(&out, '}');
	struct str text = has_any ? arena_copy(arena, buffer_str(&out)) : STR_EMPTY;

	buffer_fini(&out);
	return text;
}

static bool is_standard_finalizer(struct str name)
{
	return str_equal(name, STR("kubernetes")) || str_equal(name, STR("orphan")) ||
	       str_equal(name, STR("foregroundDeletion"));
}

/* Finalizers of custom resources need no domain; upstream only warns there. */
static void validate_finalizers(struct validation *validation, const struct field_path *metadata)
{
	struct arena *arena = validation->errors->arena;
	const struct json_value *finalizers =
		json_find_path(validation->object, "metadata", "finalizers", NULL);
	struct text_set now = make_set(arena, finalizers);
	struct field_path path = field_path_child(metadata, STR("finalizers"));
	bool wants_qualified =
		!(validation->resource->flags & RESOURCE_CUSTOM) &&
		!str_equal(validation->resource->group, STR("apiextensions.k8s.io")) &&
		!str_equal(validation->resource->group, STR("apiregistration.k8s.io"));

	for (size_t i = 0; i < now.count; i++) {
		struct str name = json_text(json_element(finalizers, i));
		struct field_path child = field_path_index(&path, i);
		struct json_value value = json_string(name);

		add_messages(validation->errors, &path, NAME_FORMAT_QUALIFIED, name);
		if (wants_qualified && str_find_byte(name, '/') == name.length &&
			!is_standard_finalizer(name))
			field_errors_add(validation->errors, FIELD_ERROR_INVALID, &child, &value,
				"name is neither a standard finalizer name nor is it fully "
				"qualified");
	}
	if (set_has(&now, STR("orphan")) && set_has(&now, STR("foregroundDeletion")))
		field_errors_add(validation->errors, FIELD_ERROR_INVALID, &path, finalizers,
			"finalizer orphan and foregroundDeletion cannot be both set");
	if (!validation->old ||
		str_is_empty(object_meta_text(validation->old, STR("deletionTimestamp"))))
		return;
	struct text_set before =
		make_set(arena, json_find_path(validation->old, "metadata", "finalizers", NULL));
	struct str added = format_added(arena, &now, &before);

	if (!str_is_empty(added))
		field_errors_add(validation->errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
			"no new finalizers can be added if the object is being deleted, found new "
			"finalizers %.*s",
			STR_ARG(added));
}

/* ---- managedFields ---- */

#define MANAGER_MAXIMUM_BYTES     128
#define SUBRESOURCE_MAXIMUM_BYTES 256

static void validate_managed_entry(
	struct field_errors *errors, const struct field_path *path, const struct json_value *entry)
{
	static const struct str operations[] = {STR_INIT("Apply"), STR_INIT("Update")};
	struct field_path operation_path = field_path_child(path, STR("operation"));
	struct field_path type_path = field_path_child(path, STR("fieldsType"));
	struct field_path manager_path = field_path_child(path, STR("manager"));
	struct field_path subresource_path = field_path_child(path, STR("subresource"));
	struct str operation = json_text(json_find(entry, STR("operation")));
	struct str type = json_text(json_find(entry, STR("fieldsType")));
	struct json_value operation_value = json_string(operation), type_value = json_string(type);

	if (str_is_empty(operation))
		field_errors_add(
			errors, FIELD_ERROR_REQUIRED, &operation_path, NULL, "must not be empty");
	else if (!str_equal(operation, operations[0]) && !str_equal(operation, operations[1]))
		field_errors_add_unsupported(
			errors, &operation_path, &operation_value, operations, 2);
	if (!str_is_empty(type) && !str_equal(type, STR("FieldsV1")))
		field_errors_add(
			errors, FIELD_ERROR_INVALID, &type_path, &type_value, "must be `FieldsV1`");
	if (json_text(json_find(entry, STR("manager"))).length > MANAGER_MAXIMUM_BYTES)
		field_errors_add(errors, FIELD_ERROR_TOO_LONG, &manager_path, NULL,
			"may not be more than %d bytes", MANAGER_MAXIMUM_BYTES);
	if (json_text(json_find(entry, STR("subresource"))).length > SUBRESOURCE_MAXIMUM_BYTES)
		field_errors_add(errors, FIELD_ERROR_TOO_LONG, &subresource_path, NULL,
			"may not be more than %d bytes", SUBRESOURCE_MAXIMUM_BYTES);
}

static void validate_managed_fields(
	struct validation *validation, const struct field_path *metadata)
{
	const struct json_value *entries =
		json_find_path(validation->object, "metadata", "managedFields", NULL);
	struct field_path path = field_path_child(metadata, STR("managedFields"));

	for (size_t i = 0; json_element(entries, i); i++) {
		struct field_path element = field_path_index(&path, i);

		validate_managed_entry(validation->errors, &element, json_element(entries, i));
	}
}

void object_meta_validate(const struct api_resource *resource, const struct json_value *object,
	const struct json_value *old, struct field_errors *errors)
{
	struct validation validation = {
		.resource = resource, .object = object, .old = old, .errors = errors};
	struct field_path metadata = field_path_child(NULL, STR("metadata"));

	if (!old) {
		validate_generate_name(&validation, &metadata);
		validate_name(&validation, &metadata);
		validate_namespace(&validation, &metadata);
	}
	validate_labels(&validation, &metadata);
	validate_annotations(&validation, &metadata);
	validate_owners(&validation, &metadata);
	validate_finalizers(&validation, &metadata);
	validate_managed_fields(&validation, &metadata);
}
