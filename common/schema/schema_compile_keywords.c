/* SPDX-License-Identifier: Apache-2.0 */
#include "schema_compile_private.h"

/* What single OpenAPI keywords of a schema node may hold. */

static const struct str types[] = {
	STR_INIT("array"),
	STR_INIT("boolean"),
	STR_INIT("integer"),
	STR_INIT("number"),
	STR_INIT("object"),
	STR_INIT("string"),
};

static bool is_one_of(struct str text, const struct str *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(text, values[i]))
			return true;
	return false;
}

static void forbid(struct field_errors *errors, const struct compile_place *place,
	const char *keyword, const char *detail)
{
	struct field_path path = field_path_child(place->path, str_from_c(keyword));

	field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &path, NULL, "%s", detail);
}

static void check_unsupported(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	static const char *const unsupported[] = {"id", "additionalItems", "patternProperties",
		"definitions", "dependencies", "$ref"};

	for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++) {
		struct field_path path = field_path_child(place->path, str_from_c(unsupported[i]));

		if (compile_get(node, unsupported[i]))
			field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
				"%s is not supported", unsupported[i]);
	}
	if (compile_get(node, "items") && compile_get(node, "items")->type == JSON_ARRAY)
		forbid(errors, place, "items", "items must be a schema object and not an array");
	if (place->inside_meta && compile_is_true(node, "x-kubernetes-embedded-resource"))
		forbid(errors, place, "x-kubernetes-embedded-resource",
			"must not be used inside of resource meta");
	if (compile_is_true(node, "uniqueItems"))
		forbid(errors, place, "uniqueItems",
			"uniqueItems cannot be set to true since the runtime complexity becomes "
			"quadratic");
}

static void check_type(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	const struct json_value *type = compile_get(node, "type");
	struct field_path path = field_path_child(place->path, STR("type"));

	if (json_text(type).length > 0 &&
		!is_one_of(json_text(type), types, sizeof(types) / sizeof(types[0])))
		field_errors_add_unsupported(
			errors, &path, type, types, sizeof(types) / sizeof(types[0]));
	if (str_equal_c(json_text(type), "null"))
		forbid(errors, place, "type",
			"type cannot be set to null, use nullable as an alternative");
}

static void check_default_allowed(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	struct field_path path = field_path_child(place->path, STR("default"));

	if (place->no_defaults && compile_get(node, "default"))
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &path, NULL, "must not be set %s",
			place->no_defaults);
}

static void check_additional_properties(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	const struct json_value *additional = compile_get(node, "additionalProperties");

	if (additional && json_count(compile_get(node, "properties")) > 0 &&
		!json_bool_or(additional, false))
		forbid(errors, place, "additionalProperties",
			"additionalProperties and properties are mutual exclusive");
}

/* An x-kubernetes-... keyword that demands the type of its node. */
static void require_type(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place, const char *wanted, const char *detail)
{
	const struct json_value *type = compile_get(node, "type");
	struct field_path path = field_path_child(place->path, STR("type"));

	if (str_equal_c(json_text(type), wanted))
		return;
	field_errors_add(errors,
		json_text(type).length == 0 ? FIELD_ERROR_REQUIRED : FIELD_ERROR_INVALID, &path,
		type, "%s", detail);
}

static void check_map_type(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	static const struct str values[] = {STR_INIT("atomic"), STR_INIT("granular")};
	const struct json_value *map_type = compile_get(node, "x-kubernetes-map-type");
	struct field_path path = field_path_child(place->path, STR("x-kubernetes-map-type"));

	if (!map_type)
		return;
	require_type(errors, node, place, "object",
		"must be object if x-kubernetes-map-type is specified");
	if (!is_one_of(json_text(map_type), values, 2))
		field_errors_add_unsupported(errors, &path, map_type, values, 2);
}

static void check_set_items(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	const struct json_value *items = compile_subschema(node, "items");
	struct str type = compile_text(items, "type");
	const struct json_value *list_type = compile_get(items, "x-kubernetes-list-type");
	const struct json_value *map_type = compile_get(items, "x-kubernetes-map-type");
	struct field_path items_path = field_path_child(place->path, STR("items"));
	struct json_value nothing = json_null();

	if (str_equal_c(type, "array") && list_type &&
		!str_equal_c(json_text(list_type), "atomic")) {
		struct field_path path =
			field_path_child(&items_path, STR("x-kubernetes-list-type"));

		field_errors_add(errors, FIELD_ERROR_INVALID, &path, list_type,
			"must be atomic as item of a list with x-kubernetes-list-type=set");
	}
	if (str_equal_c(type, "object") && !str_equal_c(json_text(map_type), "atomic")) {
		struct field_path path =
			field_path_child(&items_path, STR("x-kubernetes-map-type"));

		field_errors_add(errors, FIELD_ERROR_INVALID, &path,
			list_type ? list_type : &nothing,
			"must be atomic as item of a list with x-kubernetes-list-type=set");
	}
}

static bool is_required(const struct json_value *items, struct str key)
{
	const struct json_value *required = compile_get(items, "required");

	for (uint32_t i = 0; required && required->type == JSON_ARRAY && i < required->length; i++)
		if (str_equal(json_text(&required->elements[i]), key))
			return true;
	return false;
}

static void check_map_key(struct field_errors *errors, const struct json_value *items,
	struct str key, const struct field_path *items_path)
{
	const struct json_value *property = json_find(compile_get(items, "properties"), key);
	struct str type = compile_text(property, "type");
	struct field_path properties = field_path_child(items_path, STR("properties"));
	struct field_path path = field_path_key(&properties, key);

	if (str_equal_c(type, "array") || str_equal_c(type, "object")) {
		struct field_path type_path = field_path_child(&path, STR("type"));

		field_errors_add(errors, FIELD_ERROR_INVALID, &type_path,
			compile_get(items, "type"),
			"must be a scalar type if parent array's x-kubernetes-list-type is map");
	}
	if (!is_required(items, key) && !compile_get(property, "default")) {
		struct field_path default_path = field_path_child(&path, STR("default"));

		field_errors_add(errors, FIELD_ERROR_REQUIRED, &default_path, NULL,
			"this property is in x-kubernetes-list-map-keys, so it must have a default "
			"or be a required property");
	}
	if (compile_is_true(property, "nullable")) {
		struct field_path nullable_path = field_path_child(&path, STR("nullable"));

		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &nullable_path, NULL,
			"this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
	}
}

static void check_map_keys(struct field_errors *errors, const struct json_value *node,
	const struct json_value *keys, const struct compile_place *place)
{
	const struct json_value *items = compile_subschema(node, "items");
	struct field_path keys_path =
		field_path_child(place->path, STR("x-kubernetes-list-map-keys"));
	struct field_path items_path = field_path_child(place->path, STR("items"));
	struct json_value seen = json_object();

	if (!str_equal_c(compile_text(items, "type"), "object"))
		return;
	for (uint32_t i = 0; i < json_count(keys); i++) {
		struct str key = json_text(json_element(keys, i));

		if (json_find(&seen, key))
			field_errors_add(errors, FIELD_ERROR_INVALID, &keys_path, keys,
				"must not contain duplicate entries");
		json_set(errors->arena, &seen, key, json_null());
		if (json_find(compile_get(items, "properties"), key))
			check_map_key(errors, items, key, &items_path);
		else
			field_errors_add(errors, FIELD_ERROR_INVALID, &keys_path, keys,
				"entries must all be names of item properties");
	}
}

static void check_list_map(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	const struct json_value *keys = compile_get(node, "x-kubernetes-list-map-keys");
	const struct json_value *items = compile_subschema(node, "items");
	const struct json_value *type = compile_get(items, "type");
	struct field_path keys_path =
		field_path_child(place->path, STR("x-kubernetes-list-map-keys"));
	struct field_path items_path = field_path_child(place->path, STR("items"));
	struct field_path type_path = field_path_child(&items_path, STR("type"));
	struct json_value nothing = json_string(STR(""));

	if (json_count(keys) == 0)
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &keys_path, NULL,
			"must not be empty if x-kubernetes-list-type is map");
	if (!compile_get(node, "items"))
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &items_path, NULL,
			"must have a schema if x-kubernetes-list-type is map");
	if (items && !str_equal_c(json_text(type), "object"))
		field_errors_add(errors, FIELD_ERROR_INVALID, &type_path, type ? type : &nothing,
			"must be object if parent array's x-kubernetes-list-type is map");
	check_map_keys(errors, node, keys, place);
}

static void check_list_type(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	static const struct str values[] = {STR_INIT("atomic"), STR_INIT("set"), STR_INIT("map")};
	const struct json_value *list_type = compile_get(node, "x-kubernetes-list-type");
	struct str text = json_text(list_type);
	bool is_map = str_equal_c(text, "map");
	bool is_set = str_equal_c(text, "set");
	struct field_path path = field_path_child(place->path, STR("x-kubernetes-list-type"));
	struct field_path items_path = field_path_child(place->path, STR("items"));
	struct field_path nullable_path = field_path_child(&items_path, STR("nullable"));

	if (list_type) {
		require_type(errors, node, place, "array",
			"must be array if x-kubernetes-list-type is specified");
		if (!is_one_of(text, values, 3))
			field_errors_add_unsupported(errors, &path, list_type, values, 3);
	}
	if (json_count(compile_get(node, "x-kubernetes-list-map-keys")) > 0 && !is_map)
		field_errors_add(errors, list_type ? FIELD_ERROR_INVALID : FIELD_ERROR_REQUIRED,
			&path, list_type, "must be map if x-kubernetes-list-map-keys is non-empty");
	if (is_set)
		check_set_items(errors, node, place);
	if (is_map)
		check_list_map(errors, node, place);
	if ((is_map || is_set) && compile_is_true(compile_get(node, "items"), "nullable"))
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &nullable_path, NULL,
			"cannot be nullable when x-kubernetes-list-type is %.*s", STR_ARG(text));
}

static bool has_newline(struct str text)
{
	return text.length > 0 &&
	       (memchr(text.data, '\n', text.length) || memchr(text.data, '\r', text.length));
}

static void check_validation_rule(
	struct field_errors *errors, const struct json_value *rule, const struct field_path *path)
{
	static const struct str reasons[] = {STR_INIT("FieldValueDuplicate"),
		STR_INIT("FieldValueForbidden"), STR_INIT("FieldValueInvalid"),
		STR_INIT("FieldValueRequired")};
	struct str expression = str_trim(compile_text(rule, "rule"));
	const struct json_value *message = compile_get(rule, "message");
	struct str trimmed = str_trim(json_text(message));
	const struct json_value *message_expression = compile_get(rule, "messageExpression");
	const struct json_value *reason = compile_get(rule, "reason");
	struct field_path rule_path = field_path_child(path, STR("rule"));
	struct field_path message_path = field_path_child(path, STR("message"));
	struct field_path expression_path = field_path_child(path, STR("messageExpression"));
	struct field_path reason_path = field_path_child(path, STR("reason"));

	if (expression.length == 0)
		field_errors_add(
			errors, FIELD_ERROR_REQUIRED, &rule_path, NULL, "rule is not specified");
	else if (json_text(message).length > 0 && trimmed.length == 0)
		field_errors_add(errors, FIELD_ERROR_INVALID, &message_path, message,
			"must be non-empty if specified");
	else if (has_newline(trimmed))
		field_errors_add(errors, FIELD_ERROR_INVALID, &message_path, message,
			"must not contain line breaks");
	else if (has_newline(expression) && trimmed.length == 0)
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &message_path, NULL,
			"message must be specified if rule contains line breaks");
	if (json_text(message_expression).length > 0 &&
		str_trim(json_text(message_expression)).length == 0)
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &expression_path, NULL,
			"messageExpression must be non-empty if specified");
	if (reason && !is_one_of(json_text(reason), reasons, 4))
		field_errors_add_unsupported(errors, &reason_path, reason, reasons, 4);
}

static void check_validations(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	const struct json_value *rules = compile_get(node, "x-kubernetes-validations");
	struct field_path list_path =
		field_path_child(place->path, STR("x-kubernetes-validations"));

	for (uint32_t i = 0; rules && rules->type == JSON_ARRAY && i < rules->length; i++) {
		struct field_path path = field_path_index(&list_path, i);

		check_validation_rule(errors, &rules->elements[i], &path);
	}
}

void compile_check_keywords(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	static const char preserve[] = "x-kubernetes-preserve-unknown-fields";
	const struct json_value *preserved = compile_get(node, preserve);
	struct field_path path = field_path_child(place->path, str_from_c(preserve));

	check_type(errors, node, place);
	check_default_allowed(errors, node, place);
	check_unsupported(errors, node, place);
	check_additional_properties(errors, node, place);
	if (preserved && !json_bool_or(preserved, true))
		field_errors_add(
			errors, FIELD_ERROR_INVALID, &path, preserved, "must be true or undefined");
	if (place->nested)
		return;
	check_map_type(errors, node, place);
	check_list_type(errors, node, place);
	check_validations(errors, node, place);
}
