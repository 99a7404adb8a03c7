/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_validate.h"

#include "ext_status.h"
#include "map.h"
#include "name_validation.h"

static struct field_path child(const struct field_path *parent, const char *name)
{
	return field_path_child(parent, str_from_c(name));
}

static struct str text_of(const struct json_value *object, const char *name)
{
	return json_text(json_find(object, str_from_c(name)));
}

static struct str join_messages(
	struct arena *arena, const struct str *messages, size_t count, const char *prefix)
{
	struct str text = str_from_c(prefix);

	for (size_t i = 0; i < count; i++)
		text = arena_printf(
			arena, "%.*s%s%.*s", STR_ARG(text), i > 0 ? "," : "", STR_ARG(messages[i]));
	return text;
}

static bool validate_format(enum name_format format, struct str checked, struct str shown,
	const char *prefix, const struct field_path *path, struct field_errors *errors)
{
	struct str messages[NAME_MESSAGES_MAXIMUM];
	size_t count = name_validate(format, checked, messages);
	struct json_value value = json_string(shown);

	if (count == 0)
		return true;
	struct str text = join_messages(errors->arena, messages, count, prefix);

	field_errors_add(errors, FIELD_ERROR_INVALID, path, &value, "%.*s", STR_ARG(text));
	return false;
}

bool ext_validate_label(struct str text, const char *prefix, const struct field_path *path,
	struct field_errors *errors)
{
	return validate_format(NAME_FORMAT_DNS1035_LABEL, text, text, prefix, path, errors);
}

/* ---- Names ---- */

static struct str lower_case(struct arena *arena, struct str text)
{
	char *lower = arena_allocate_text(arena, text.length);

	for (size_t i = 0; i < text.length; i++)
		lower[i] = text.data[i] >= 'A' && text.data[i] <= 'Z'
				   ? (char)(text.data[i] - 'A' + 'a')
				   : text.data[i];
	return str_from(lower, text.length);
}

static void validate_list(const struct json_value *names, const char *name,
	const struct field_path *path, struct field_errors *errors)
{
	const struct json_value *list = json_find(names, str_from_c(name));
	struct field_path field = child(path, name);

	for (size_t i = 0; i < json_count(list); i++) {
		struct field_path at = field_path_index(&field, i);

		ext_validate_label(json_text(json_element(list, i)), "", &at, errors);
	}
}

static void validate_names(
	const struct json_value *names, const struct field_path *path, struct field_errors *errors)
{
	static const char *const labels[] = {"plural", "singular"};
	static const char *const kinds[] = {"kind", "listKind"};
	struct str kind = text_of(names, "kind"), list_kind = text_of(names, "listKind");

	for (size_t i = 0; i < 2; i++) {
		struct field_path field = child(path, labels[i]);
		struct str text = text_of(names, labels[i]);

		if (!str_is_empty(text))
			ext_validate_label(text, "", &field, errors);
	}
	for (size_t i = 0; i < 2; i++) {
		struct field_path field = child(path, kinds[i]);
		struct str text = text_of(names, kinds[i]);

		if (!str_is_empty(text))
			validate_format(NAME_FORMAT_DNS1035_LABEL, lower_case(errors->arena, text),
				text, "may have mixed case, but should otherwise match: ", &field,
				errors);
	}
	validate_list(names, "shortNames", path, errors);
	if (!str_is_empty(kind) && str_equal(kind, list_kind)) {
		struct field_path field = child(path, "listKind");
		struct json_value value = json_string(list_kind);

		field_errors_add(errors, FIELD_ERROR_INVALID, &field, &value,
			"kind and listKind may not be the same");
	}
	validate_list(names, "categories", path, errors);
}

static void require_names(
	const struct json_value *names, const struct field_path *path, struct field_errors *errors)
{
	static const char *const required[] = {"plural", "singular", "kind", "listKind"};

	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		struct field_path field = child(path, required[i]);

		if (str_is_empty(text_of(names, required[i])))
			field_errors_add(errors, FIELD_ERROR_REQUIRED, &field, NULL, "%s", "");
	}
}

/* ---- Group and scope ---- */

static void validate_group(
	struct str group, const struct field_path *spec, struct field_errors *errors)
{
	struct field_path field = child(spec, "group");
	struct json_value value = json_string(group);

	if (str_is_empty(group))
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &field, NULL, "%s", "");
	else if (validate_format(NAME_FORMAT_DNS1123_SUBDOMAIN, group, group, "", &field, errors) &&
		 str_find_byte(group, '.') == group.length)
		field_errors_add(errors, FIELD_ERROR_INVALID, &field, &value,
			"should be a domain with at least one dot");
}

static void validate_scope(
	struct str scope, const struct field_path *spec, struct field_errors *errors)
{
	static const struct str scopes[] = {STR_INIT("Cluster"), STR_INIT("Namespaced")};
	struct field_path field = child(spec, "scope");
	struct json_value value = json_string(scope);

	if (str_is_empty(scope))
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &field, NULL, "%s", "");
	else if (!str_equal(scope, scopes[0]) && !str_equal(scope, scopes[1]))
		field_errors_add_unsupported(errors, &field, &value, scopes, 2);
}

/* ---- Versions ---- */

static void require_schemas(const struct json_value *versions, const struct field_path *path,
	struct field_errors *errors)
{
	for (size_t i = 0; i < json_count(versions); i++) {
		struct field_path version = field_path_index(path, i);
		struct field_path schema = child(&version, "schema");
		struct field_path field = child(&schema, "openAPIV3Schema");

		if (!json_find_path(json_element(versions, i), "schema", "openAPIV3Schema", NULL))
			field_errors_add(errors, FIELD_ERROR_REQUIRED, &field, NULL, "%s", "");
	}
}

static void validate_versions(const struct json_value *versions, const struct ext_shared *shared,
	const struct field_path *spec, struct field_errors *errors)
{
	struct field_path path = child(spec, "versions");
	struct map names = {0};
	bool are_unique = true;
	size_t storage_count = 0;

	require_schemas(versions, &path, errors);
	for (size_t i = 0; i < json_count(versions); i++) {
		const struct json_value *version = json_element(versions, i);
		struct field_path at = field_path_index(&path, i);
		struct field_path name_path = child(&at, "name");
		struct str name = text_of(version, "name");

		storage_count += json_bool_or(json_find(version, STR("storage")), false);
		are_unique &= map_set(&names, name, &names) == NULL;
		ext_validate_label(name, "", &name_path, errors);
		ext_validate_version(version, shared, &at, errors);
	}
	map_fini(&names);
	if (!are_unique)
		field_errors_add(errors, FIELD_ERROR_INVALID, &path, versions,
			"must contain unique version names");
	if (storage_count != 1)
		field_errors_add(errors, FIELD_ERROR_INVALID, &path, versions,
			"must have exactly one version marked as storage version");
}

/* ---- What an update may not change ---- */

static void validate_immutable(const struct json_value *value, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	struct json_value empty = json_string(STR(""));

	if (!str_equal(json_text(value), json_text(old)))
		field_errors_add(errors, FIELD_ERROR_INVALID, path, value ? value : &empty,
			"field is immutable");
}

static void validate_changes(const struct json_value *spec, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct json_value *old_spec = json_find(old, STR("spec"));
	const struct json_value *names = json_find(spec, STR("names"));
	const struct json_value *old_names = json_find(old_spec, STR("names"));
	struct field_path scope = child(path, "scope"), group = child(path, "group");
	struct field_path names_path = child(path, "names");
	struct field_path kind = child(&names_path, "kind"), plural = child(&names_path, "plural");

	if (ext_status_is_true(old, STR("Established"))) {
		validate_immutable(json_find(spec, STR("scope")), json_find(old_spec, STR("scope")),
			&scope, errors);
		validate_immutable(json_find(names, STR("kind")), json_find(old_names, STR("kind")),
			&kind, errors);
	}
	validate_immutable(
		json_find(spec, STR("group")), json_find(old_spec, STR("group")), &group, errors);
	validate_immutable(json_find(names, STR("plural")), json_find(old_names, STR("plural")),
		&plural, errors);
}

/* ---- Status ---- */

/* Objects may lie in the store in these versions: none of them may vanish. */
static void validate_stored_versions(const struct json_value *object, struct field_errors *errors)
{
	const struct json_value *stored = json_find_path(object, "status", "storedVersions", NULL);
	const struct json_value *versions = json_find_path(object, "spec", "versions", NULL);
	struct field_path status = child(NULL, "status");
	struct field_path path = child(&status, "storedVersions");
	struct json_value none = json_array();

	if (json_count(stored) == 0) {
		field_errors_add(errors, FIELD_ERROR_INVALID, &path, &none,
			"must have at least one stored version");
		return;
	}
	for (size_t i = 0; i < json_count(stored); i++) {
		struct field_path at = field_path_index(&path, i);
		struct str name = json_text(json_element(stored, i));
		bool is_known = false;

		for (size_t j = 0; j < json_count(versions); j++)
			is_known |= str_equal(text_of(json_element(versions, j), "name"), name);
		if (!is_known)
			field_errors_add(errors, FIELD_ERROR_INVALID, &at, json_element(stored, i),
				"missing from spec.versions; %.*s was previously a storage version, "
				"and must remain in spec.versions until a storage migration ensures "
				"no data remains persisted in %.*s and removes %.*s from "
				"status.storedVersions",
				STR_ARG(name), STR_ARG(name), STR_ARG(name));
	}
}

void ext_validate_status(const struct json_value *object, struct field_errors *errors)
{
	struct field_path status = child(NULL, "status");
	struct field_path names = child(&status, "acceptedNames");

	validate_names(json_find_path(object, "status", "acceptedNames", NULL), &names, errors);
}

/* ---- The whole ---- */

static void validate_approval(
	const struct json_value *object, const struct json_value *old, struct field_errors *errors)
{
	struct str message;
	enum ext_approval state = ext_approval_state(errors->arena, object, &message);
	struct field_path metadata = child(NULL, "metadata");
	struct field_path annotations = child(&metadata, "annotations");
	struct field_path field = field_path_key(&annotations, STR(EXT_APPROVAL_ANNOTATION));

	if (!ext_is_protected_group(json_text(json_find_path(object, "spec", "group", NULL))))
		return;
	/* Who only updates the rest is not asked again. */
	if (old && ext_approval_state(errors->arena, old, NULL) == state)
		return;
	if (state == EXT_APPROVAL_MISSING)
		field_errors_add(
			errors, FIELD_ERROR_REQUIRED, &field, NULL, "%.*s", STR_ARG(message));
	else if (state == EXT_APPROVAL_INVALID)
		field_errors_add(errors, FIELD_ERROR_INVALID, &field,
			json_find_path(
				object, "metadata", "annotations", EXT_APPROVAL_ANNOTATION, NULL),
			"%.*s", STR_ARG(message));
}

static void validate_name(const struct json_value *object, struct field_errors *errors)
{
	const struct json_value *spec = json_find(object, STR("spec"));
	struct str plural = json_text(json_find_path(spec, "names", "plural", NULL));
	struct str expected = arena_printf(errors->arena, "%.*s.%.*s", STR_ARG(plural),
		STR_ARG(json_text(json_find(spec, STR("group")))));
	struct field_path metadata = child(NULL, "metadata");
	struct field_path field = child(&metadata, "name");
	const struct json_value *name = json_find_path(object, "metadata", "name", NULL);

	if (!str_equal(json_text(name), expected))
		field_errors_add(errors, FIELD_ERROR_INVALID, &field, name,
			"must be spec.names.plural+\".\"+spec.group");
}

static void validate_preserve_unknown(
	const struct json_value *spec, const struct field_path *path, struct field_errors *errors)
{
	struct field_path field = child(path, "preserveUnknownFields");
	struct field_path conversion = child(path, "conversion");
	struct field_path strategy = child(&conversion, "strategy");
	const struct json_value *value = json_find(spec, STR("preserveUnknownFields"));

	if (!json_bool_or(value, false))
		return;
	if (str_equal(json_text(json_find_path(spec, "conversion", "strategy", NULL)),
		    STR("Webhook")))
		field_errors_add(errors, FIELD_ERROR_INVALID, &strategy,
			json_find_path(spec, "conversion", "strategy", NULL),
			"must be None if spec.preserveUnknownFields is true");
	field_errors_add(errors, FIELD_ERROR_INVALID, &field, value,
		"cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
		"spec.versions[*].schema instead");
}

void ext_validate_definition(
	const struct json_value *object, const struct json_value *old, struct field_errors *errors)
{
	const struct json_value *spec = json_find(object, STR("spec"));
	const struct json_value *names = json_find(spec, STR("names"));
	const struct json_value *versions = json_find(spec, STR("versions"));
	struct ext_shared shared = ext_find_shared(versions);
	struct field_path path = child(NULL, "spec");
	struct field_path names_path = child(&path, "names");
	struct field_path conversion_path = child(&path, "conversion");

	if (!old)
		validate_name(object, errors);
	validate_group(text_of(spec, "group"), &path, errors);
	validate_scope(text_of(spec, "scope"), &path, errors);
	validate_versions(versions, &shared, &path, errors);
	require_names(names, &names_path, errors);
	validate_names(names, &names_path, errors);
	ext_validate_shared(versions, &shared, &path, errors);
	ext_validate_conversion(json_find(spec, STR("conversion")),
		json_find_path(old, "spec", "conversion", NULL), &conversion_path, errors);
	if (old)
		validate_changes(spec, old, &path, errors);
	/* The names in the status are the spec's: what is wrong with them has been said. */
	validate_stored_versions(object, errors);
	validate_approval(object, old, errors);
	validate_preserve_unknown(spec, &path, errors);
}
