/* SPDX-License-Identifier: Apache-2.0 */
#include "name_validation.h"
#include "schema_engine.h"
#include "schema_validate_private.h"

/* More than any label may have. */
#define NAME_CHECKED_MAXIMUM 128

/*
 * Custom objects by the schema of their CustomResourceDefinition, in the order and the words of
 * kube-openapi's validation. Errors at or below a value that an update leaves as it was are dropped
 * (ratcheting), where the old value can be told: by field, by map key, by the keys of a list map.
 */

/* Where the collected errors stood, so that those added since can be dropped. */
struct mark {
	struct field_error **end;
	size_t count;
	size_t text_bytes;
	size_t failures;
};

static struct mark take_mark(const struct validation *validation)
{
	const struct field_errors *errors = validation->errors;

	return (struct mark){.end = errors ? errors->end : NULL,
		.count = errors ? errors->count : 0,
		.text_bytes = errors ? errors->text_bytes : 0,
		.failures = validation->failures};
}

static void drop_since(struct validation *validation, const struct mark *mark)
{
	struct field_errors *errors = validation->errors;

	validation->failures = mark->failures;
	if (!errors)
		return;
	errors->end = mark->end ? mark->end : &errors->first;
	*errors->end = NULL;
	errors->count = mark->count;
	errors->text_bytes = mark->text_bytes;
}

static const char *openapi_kind(const struct json_value *value)
{
	static const char *const kinds[] = {
		[JSON_NULL] = "null",
		[JSON_BOOL] = "boolean",
		[JSON_INTEGER] = "integer",
		[JSON_DOUBLE] = "number",
		[JSON_STRING] = "string",
		[JSON_ARRAY] = "array",
		[JSON_OBJECT] = "object",
	};

	return kinds[value->type];
}

/* The type a schema demands, or NULL. */
static const char *demanded_type(const struct schema *schema)
{
	if (schema->flags & SCHEMA_UNTYPED)
		return NULL;
	switch (schema->kind) {
	case SCHEMA_STRUCT:
	case SCHEMA_MAP:
		return "object";
	case SCHEMA_LIST:
		return "array";
	case SCHEMA_INTEGER:
		return "integer";
	case SCHEMA_NUMBER:
		return "number";
	case SCHEMA_BOOLEAN:
		return "boolean";
	case SCHEMA_INT_OR_STRING:
		return "integer,string";
	case SCHEMA_ANY:
		return NULL;
	default:
		return "string";
	}
}

static bool is_integral(const struct json_value *value)
{
	return value->type == JSON_INTEGER ||
	       (value->type == JSON_DOUBLE && value->number >= -0x1p63 && value->number < 0x1p63 &&
		       (double)(int64_t)value->number == value->number);
}

static bool has_type(const struct schema *schema, const struct json_value *value)
{
	if (schema->flags & SCHEMA_UNTYPED)
		return true;
	switch (schema->kind) {
	case SCHEMA_STRUCT:
	case SCHEMA_MAP:
		return value->type == JSON_OBJECT;
	case SCHEMA_LIST:
		return value->type == JSON_ARRAY;
	case SCHEMA_INTEGER:
		return is_integral(value);
	case SCHEMA_NUMBER:
		return value->type == JSON_INTEGER || value->type == JSON_DOUBLE;
	case SCHEMA_BOOLEAN:
		return value->type == JSON_BOOL;
	case SCHEMA_INT_OR_STRING:
		return value->type == JSON_STRING || is_integral(value);
	case SCHEMA_ANY:
		return true;
	default:
		return value->type == JSON_STRING;
	}
}

static void wrong_type(struct validation *validation, const struct field_path *path,
	const char *type, int type_length, const char *found)
{
	struct json_value shown = json_string(str_from_c(found));

	validate_fail_in_body(validation, FIELD_ERROR_TYPE_INVALID, path, &shown,
		"must be of type %.*s: \"%s\"", type_length, type, found);
}

static void check_type(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct field_path *path)
{
	const char *type = demanded_type(schema);
	struct str format = schema->rules ? schema->rules->format : STR_EMPTY;
	bool is_number = schema->kind == SCHEMA_INTEGER || schema->kind == SCHEMA_NUMBER;

	if (has_type(schema, value) && value->type != JSON_NULL) {
		validation->matches++;
		return;
	}
	if (!type)
		return;
	if (value->type == JSON_NULL) {
		if (!(schema->flags & SCHEMA_NULLABLE))
			wrong_type(validation, path, type, (int)strlen(type), "null");
		return;
	}
	if (format.length > 0 && is_number && value->type != JSON_STRING &&
		value->type != JSON_ARRAY)
		wrong_type(validation, path, format.data, (int)format.length,
			value->type == JSON_DOUBLE ? "double" : "");
	else
		wrong_type(validation, path, type, (int)strlen(type), openapi_kind(value));
}

static bool validate_node(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct json_value *old, const struct field_path *path,
	unsigned depth);

/* "GROUP/VERSION" or "VERSION". */
static void check_api_version(struct validation *validation, const struct json_value *value,
	const struct field_path *path)
{
	struct str rest = json_text(value);

	str_split(&rest, '/');
	if (str_find_byte(rest, '/') < rest.length)
		validate_fail(validation, FIELD_ERROR_INVALID, path, value,
			"unexpected GroupVersion string: %.*s", STR_ARG(json_text(value)));
}

static void check_kind(struct validation *validation, const struct json_value *value,
	const struct field_path *path)
{
	struct str kind = json_text(value), messages[NAME_MESSAGES_MAXIMUM];
	char lower[NAME_CHECKED_MAXIMUM];
	size_t length = kind.length < sizeof(lower) ? kind.length : sizeof(lower);

	/* Longer ones are wrong for their length already. */
	for (size_t i = 0; i < length; i++)
		lower[i] = kind.data[i] >= 'A' && kind.data[i] <= 'Z'
				   ? (char)(kind.data[i] - 'A' + 'a')
				   : kind.data[i];
	size_t count = name_validate(NAME_FORMAT_DNS1035_LABEL, str_from(lower, length), messages);

	if (count > 0)
		validate_fail(validation, FIELD_ERROR_INVALID, path, value,
			"may have mixed case, but should otherwise match: %.*s%s%.*s",
			STR_ARG(messages[0]), count > 1 ? "," : "",
			STR_ARG(count > 1 ? messages[1] : STR_EMPTY));
}

static void check_embedded(struct validation *validation, const struct json_value *value,
	const struct field_path *path)
{
	static const struct str names[] = {STR_INIT("apiVersion"), STR_INIT("kind")};

	for (size_t i = 0; i < 2; i++) {
		struct field_path child = field_path_child(path, names[i]);
		const struct json_value *found = json_find(value, names[i]);

		if (!found)
			validate_fail(validation, FIELD_ERROR_REQUIRED, &child, NULL, "%s", "");
		else if (found->type != JSON_STRING)
			validate_fail(
				validation, FIELD_ERROR_INVALID, &child, found, "must be a string");
		else if (found->length == 0)
			validate_fail(validation, FIELD_ERROR_INVALID, &child, found,
				"must not be empty");
		else if (i == 0)
			check_api_version(validation, found, &child);
		else
			check_kind(validation, found, &child);
	}
}

static __attribute__((noinline)) void check_required(struct validation *validation,
	const struct schema *schema, const struct json_value *value, const struct field_path *path)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *field = &schema->fields[i];

		if (!(field->flags & FIELD_REQUIRED) || json_find(value, field->name))
			continue;

		struct field_path child = field_path_child(path, field->name);

		validate_fail(validation, FIELD_ERROR_REQUIRED, &child, NULL, "%s", "");
	}
	if (schema->flags & SCHEMA_EMBEDDED_RESOURCE)
		check_embedded(validation, value, path);
}

/* Returns whether a child is known to differ from the old one. */
static bool check_members(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct json_value *old, const struct field_path *path,
	unsigned depth)
{
	bool differs = false;

	if (schema->flags & SCHEMA_ATOMIC)
		old = NULL;
	for (uint32_t i = 0; i < value->length; i++) {
		const struct json_member *member = &value->members[i];
		const struct schema *child = schema->element;
		struct field_path child_path = field_path_child(path, member->key);

		if (schema->kind == SCHEMA_STRUCT) {
			const struct schema_field *field = schema_find_field(schema, member->key);

			child = field ? field->schema : NULL;
		}
		if (child)
			differs |= validate_node(validation, child, &member->value,
				json_find(old, member->key), &child_path, depth + 1);
	}
	return differs;
}

/* Old items of a list map by their keys; an empty object for other lists. */
static __attribute__((noinline)) struct json_value index_old(
	struct validation *validation, const struct schema *schema, const struct json_value *old)
{
	struct json_value index = json_object();

	if (!old || old->type != JSON_ARRAY || schema->list_type != SCHEMA_LIST_MAP)
		return index;
	for (uint32_t i = 0; i < old->length; i++)
		json_set(validation->arena, &index,
			validate_list_map_key(validation->arena, schema, &old->elements[i]),
			json_integer(i));
	return index;
}

static const struct json_value *find_old(struct validation *validation, const struct schema *schema,
	const struct json_value *old, const struct json_value *index, const struct json_value *item)
{
	if (index->length == 0)
		return NULL;

	struct str key = validate_list_map_key(validation->arena, schema, item);
	int64_t position = json_integer_or(json_find(index, key), -1);

	return position < 0 ? NULL : json_element(old, (size_t)position);
}

static bool check_elements(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct json_value *old, const struct field_path *path,
	unsigned depth)
{
	struct json_value index = index_old(validation, schema, old);
	bool differs = false;

	if (schema->list_type != SCHEMA_LIST_ATOMIC)
		validate_list_unique(validation, schema, value, path);
	for (uint32_t i = 0; schema->element && i < value->length; i++) {
		const struct json_value *item = &value->elements[i];
		struct field_path child_path = field_path_index(path, i);

		differs |= validate_node(validation, schema->element, item,
			find_old(validation, schema, old, &index, item), &child_path, depth + 1);
	}
	return differs;
}

static bool check_value(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct json_value *old, const struct field_path *path,
	unsigned depth)
{
	bool differs = false;

	check_type(validation, schema, value, path);
	if (value->type == JSON_NULL) {
		if (schema->rules)
			validate_custom_enum(validation, schema->rules, value, path);
		return false;
	}
	if (schema->rules) {
		validate_custom_junctors(validation, schema->rules, value, path, depth);
		validate_custom_rules(validation, schema, value, path);
	}
	if (value->type == JSON_ARRAY)
		differs = check_elements(validation, schema, value, old, path, depth);
	if (schema->rules)
		validate_custom_enum(validation, schema->rules, value, path);
	if (value->type == JSON_OBJECT) {
		differs = check_members(validation, schema, value, old, path, depth);
		check_required(validation, schema, value, path);
	}
	validation->matches++;
	return differs;
}

/* Returns whether the value is known to differ from the old one. */
static bool validate_node(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct json_value *old, const struct field_path *path,
	unsigned depth)
{
	struct mark mark = take_mark(validation);
	bool differs;

	if (!(schema->flags & SCHEMA_CUSTOM)) {
		validate_builtin(validation, schema, value, old, path, depth);
		return (schema->flags & SCHEMA_OBJECT_META) && schema->element &&
		       validate_node(validation, schema->element, value, old, path, depth + 1);
	}
	if (!validate_step(validation, 1))
		return true;
	if (depth > VALIDATE_DEPTH_MAXIMUM) {
		validate_fail(validation, FIELD_ERROR_FORBIDDEN, path, NULL,
			"must not be nested so deeply");
		return true;
	}
	differs = check_value(validation, schema, value, old, path, depth);
	if (old && !differs && validation->failures > mark.failures) {
		differs = !json_equal(value, old);
		if (!differs)
			drop_since(validation, &mark);
	}
	return differs;
}

void validate_custom(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct json_value *old, const struct field_path *path,
	unsigned depth)
{
	validate_node(validation, schema, value, old, path, depth);
}
