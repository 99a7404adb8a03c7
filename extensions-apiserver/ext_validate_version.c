/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_schema.h"
#include "ext_validate.h"

#define SELECTABLE_FIELDS_MAXIMUM 8

static struct field_path child(const struct field_path *parent, const char *name)
{
	return field_path_child(parent, str_from_c(name));
}

/* ---- Deprecation ---- */

/* The first byte that is not part of printable text, or the length. */
static size_t find_unprintable(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		/* C0, DEL, and U+0080 to U+009F as two bytes. */
		if (byte < 0x20 || byte == 0x7f ||
			(byte == 0xc2 && i + 1 < text.length &&
				(unsigned char)text.data[i + 1] < 0xa0))
			return i;
	}
	return text.length;
}

static void validate_deprecation(const struct json_value *version, const struct field_path *path,
	struct field_errors *errors)
{
	const struct json_value *warning = json_find(version, STR("deprecationWarning"));
	struct field_path field = child(path, "deprecationWarning");
	struct str text = json_text(warning);
	size_t bad = find_unprintable(text);

	if (!warning)
		return;
	if (!json_bool_or(json_find(version, STR("deprecated")), false)) {
		field_errors_add(errors, FIELD_ERROR_INVALID, &field, warning,
			"can only be set for deprecated versions");
		return;
	}
	if (text.length > 256)
		field_errors_add(errors, FIELD_ERROR_INVALID, &field, warning,
			"must be <= 256 characters long");
	if (text.length == 0)
		field_errors_add(errors, FIELD_ERROR_INVALID, &field, warning,
			"must not be an empty string");
	if (bad < text.length)
		field_errors_add(errors, FIELD_ERROR_INVALID, &field, warning,
			"must only contain printable UTF-8 characters; non-printable character "
			"found at index %zu",
			bad);
}

/* ---- Subresources ---- */

/* A simple path (".spec.replicas") below one of the roots. */
static void validate_simple_path(const struct json_value *value, const char *const *roots,
	const char *root_text, const struct field_path *path, struct field_errors *errors)
{
	struct str text = json_text(value);
	bool is_below = !roots;

	if (!str_starts_with(text, STR("."))) {
		field_errors_add(errors, FIELD_ERROR_INVALID, path, value,
			"must be a simple json path starting with .");
		return;
	}
	for (size_t i = 0; roots && roots[i]; i++)
		is_below |= str_starts_with(text, str_from_c(roots[i]));
	if (!is_below)
		field_errors_add(errors, FIELD_ERROR_INVALID, path, value,
			"should be a json path under %s", root_text);
}

static void validate_subresources(const struct json_value *subresources,
	const struct field_path *path, struct field_errors *errors)
{
	static const char *const spec[] = {".spec.", NULL}, *const status[] = {".status.", NULL};
	static const char *const either[] = {".spec.", ".status.", NULL};
	const struct json_value *scale = json_find(subresources, STR("scale"));
	const struct json_value *spec_path = json_find(scale, STR("specReplicasPath"));
	const struct json_value *status_path = json_find(scale, STR("statusReplicasPath"));
	const struct json_value *selector_path = json_find(scale, STR("labelSelectorPath"));
	struct field_path spec_field = child(path, "scale.specReplicasPath");
	struct field_path status_field = child(path, "scale.statusReplicasPath");
	struct field_path selector_field = child(path, "scale.labelSelectorPath");

	if (!scale)
		return;
	if (str_is_empty(json_text(spec_path)))
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &spec_field, NULL, "%s", "");
	else
		validate_simple_path(spec_path, spec, ".spec", &spec_field, errors);
	if (str_is_empty(json_text(status_path)))
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &status_field, NULL, "%s", "");
	else
		validate_simple_path(status_path, status, ".status", &status_field, errors);
	if (!str_is_empty(json_text(selector_path)))
		validate_simple_path(
			selector_path, either, "either .spec or .status", &selector_field, errors);
}

/* ---- Columns ---- */

#define COLUMN_TYPES   "boolean,date,integer,number,string"
#define COLUMN_FORMATS "byte,date,date-time,double,float,int32,int64,password"

static bool is_one_of(struct str text, const char *list)
{
	struct str rest = str_from_c(list);

	while (!str_is_empty(rest)) {
		if (str_equal(str_split(&rest, ','), text))
			return true;
	}
	return false;
}

static void validate_column(
	const struct json_value *column, const struct field_path *path, struct field_errors *errors)
{
	const struct json_value *type = json_find(column, STR("type"));
	const struct json_value *format = json_find(column, STR("format"));
	const struct json_value *json_path = json_find(column, STR("jsonPath"));
	struct field_path name_field = child(path, "name"), type_field = child(path, "type");
	struct field_path format_field = child(path, "format"),
			  path_field = child(path, "JSONPath");

	if (str_is_empty(json_text(json_find(column, STR("name")))))
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &name_field, NULL, "%s", "");
	if (str_is_empty(json_text(type)))
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &type_field, NULL,
			"must be one of " COLUMN_TYPES);
	else if (!is_one_of(json_text(type), COLUMN_TYPES))
		field_errors_add(errors, FIELD_ERROR_INVALID, &type_field, type,
			"must be one of " COLUMN_TYPES);
	if (!str_is_empty(json_text(format)) && !is_one_of(json_text(format), COLUMN_FORMATS))
		field_errors_add(errors, FIELD_ERROR_INVALID, &format_field, format,
			"must be one of " COLUMN_FORMATS);
	if (str_is_empty(json_text(json_path)))
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &path_field, NULL, "%s", "");
	else
		validate_simple_path(json_path, NULL, "", &path_field, errors);
}

/* ---- Selectable fields ---- */

static void validate_selectable(const struct json_value *path_value,
	const struct json_value *schema, const struct field_path *path, struct field_errors *errors)
{
	struct str first = json_text(path_value);
	const struct json_value *found = ext_schema_find_path(schema, first);
	struct str type = json_text(json_find(found, STR("type")));

	if (!found) {
		field_errors_add(errors, FIELD_ERROR_INVALID, path, path_value,
			"is an invalid path: does not refer to a valid field");
		return;
	}
	first = str_skip(first, 1);
	if (str_equal(str_split(&first, '.'), STR("metadata")))
		field_errors_add(errors, FIELD_ERROR_INVALID, path, path_value,
			"must not point to fields in metadata");
	if (!is_one_of(type, "string,boolean,integer"))
		field_errors_add(errors, FIELD_ERROR_INVALID, path, path_value,
			"must point to a field of type string, boolean or integer. Enum string "
			"fields and strings with formats are allowed.");
}

static void validate_selectable_fields(const struct json_value *fields,
	const struct json_value *schema, const struct field_path *path, struct field_errors *errors)
{
	size_t count = json_count(fields);

	if (count > 0 && !schema) {
		struct json_value empty = json_string(STR(""));

		field_errors_add(errors, FIELD_ERROR_INVALID, path, &empty,
			"may only be set when `version.schema.openAPIV3Schema` is not included");
		return;
	}
	if (count > SELECTABLE_FIELDS_MAXIMUM) {
		struct json_value number = json_integer((int64_t)count);

		field_errors_add(errors, FIELD_ERROR_TOO_MANY, path, &number,
			"must have at most %d items", SELECTABLE_FIELDS_MAXIMUM);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const struct json_value *value =
			json_find(json_element(fields, i), STR("jsonPath"));
		struct field_path at = field_path_index(path, i);
		struct field_path field = child(&at, "jsonPath");
		bool is_repeated = false;

		if (str_is_empty(json_text(value))) {
			field_errors_add(errors, FIELD_ERROR_REQUIRED, &field, NULL, "%s", "");
			continue;
		}
		validate_selectable(value, schema, &field, errors);
		for (size_t j = 0; j < i; j++)
			is_repeated |= json_equal(
				json_find(json_element(fields, j), STR("jsonPath")), value);
		if (is_repeated)
			field_errors_add(errors, FIELD_ERROR_DUPLICATE, &field, value, "%s", "");
	}
}

/* ---- The whole ---- */

static bool is_alike(const struct json_value *versions, const char *name)
{
	const struct json_value *first = json_find(json_element(versions, 0), str_from_c(name));

	for (size_t i = 1; i < json_count(versions); i++) {
		const struct json_value *other =
			json_find(json_element(versions, i), str_from_c(name));

		if (!first != !other || (first && !json_equal(first, other)))
			return false;
	}
	return true;
}

struct ext_shared ext_find_shared(const struct json_value *versions)
{
	return (struct ext_shared){
		.schema = is_alike(versions, "schema"),
		.subresources = is_alike(versions, "subresources"),
		.columns = is_alike(versions, "additionalPrinterColumns"),
		.selectable_fields = is_alike(versions, "selectableFields"),
	};
}

static const struct json_value *schema_of(const struct json_value *version)
{
	return json_find_path(version, "schema", "openAPIV3Schema", NULL);
}

static bool has_status(const struct json_value *version)
{
	return json_find_path(version, "subresources", "status", NULL) != NULL;
}

static void validate_schema(const struct json_value *schema, bool with_status,
	const struct field_path *path, const char *name, struct field_errors *errors)
{
	struct field_path parent = child(path, name);
	struct field_path field = child(&parent, "openAPIV3Schema");

	if (schema)
		ext_schema_validate(schema, with_status, &field, errors);
}

/* Of a version, or of the spec. */
static void validate_rest(const struct json_value *version, const struct ext_shared *which,
	const struct field_path *path, struct field_errors *errors)
{
	const struct json_value *columns = json_find(version, STR("additionalPrinterColumns"));
	struct field_path subresources_path = child(path, "subresources");
	struct field_path columns_path = child(path, "additionalPrinterColumns");
	struct field_path selectable_path = child(path, "selectableFields");

	if (which->subresources)
		validate_subresources(
			json_find(version, STR("subresources")), &subresources_path, errors);
	for (size_t i = 0; which->columns && i < json_count(columns); i++) {
		struct field_path at = field_path_index(&columns_path, i);

		validate_column(json_element(columns, i), &at, errors);
	}
	if (which->selectable_fields)
		validate_selectable_fields(json_find(version, STR("selectableFields")),
			schema_of(version), &selectable_path, errors);
}

void ext_validate_version(const struct json_value *version, const struct ext_shared *shared,
	const struct field_path *path, struct field_errors *errors)
{
	struct ext_shared own = {
		.subresources = !shared->subresources,
		.columns = !shared->columns,
		.selectable_fields = !shared->selectable_fields,
	};

	validate_deprecation(version, path, errors);
	if (!shared->schema)
		validate_schema(schema_of(version), has_status(version), path, "schema", errors);
	validate_rest(version, &own, path, errors);
}

void ext_validate_shared(const struct json_value *versions, const struct ext_shared *shared,
	const struct field_path *path, struct field_errors *errors)
{
	const struct json_value *version = json_element(versions, 0);
	bool with_status = false;

	if (!version)
		return;
	for (size_t i = 0; i < json_count(versions); i++)
		with_status |= has_status(json_element(versions, i));
	if (shared->schema)
		validate_schema(schema_of(version), with_status, path, "validation", errors);
	validate_rest(version, shared, path, errors);
}
