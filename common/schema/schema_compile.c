/* SPDX-License-Identifier: Apache-2.0 */
#include "schema_compile.h"

#include <math.h>
#include <stdlib.h>

#include "assertion.h"
#include "regex.h"
#include "schema_compile_private.h"
#include "schema_engine.h"
#include "schema_format.h"

#define FIELDS_MAXIMUM 60000

struct compiler {
	struct arena *arena;
	struct field_errors *errors; /* of defaults; the schema itself is known to be well-formed */
	const struct schema *object_meta;
};

static const struct schema any_value = {
	.kind = SCHEMA_ANY,
	.flags = SCHEMA_CUSTOM | SCHEMA_PRESERVE_UNKNOWN | SCHEMA_NULLABLE,
	.has_rules = true,
};
/* additionalProperties: true without a schema: objects within are emptied. */
static const struct schema pruned_value = {
	.kind = SCHEMA_ANY, .flags = SCHEMA_CUSTOM | SCHEMA_NULLABLE, .has_rules = true};
static const struct schema text_value = {
	.kind = SCHEMA_STRING, .flags = SCHEMA_CUSTOM, .has_rules = true};

static const struct schema *compile_node(struct compiler *compiler, const struct json_value *node,
	const struct compile_place *place);

static const struct json_value *keep_value(
	struct compiler *compiler, const struct json_value *value)
{
	struct json_value *copy;

	if (!value)
		return NULL;
	copy = ARENA_NEW(compiler->arena, struct json_value);
	*copy = json_copy(compiler->arena, value, true);
	return copy;
}

static bool get_number(const struct json_value *node, const char *key, double *ret_number)
{
	const struct json_value *value = compile_get(node, key);

	if (!value || (value->type != JSON_INTEGER && value->type != JSON_DOUBLE))
		return false;
	*ret_number = value->type == JSON_INTEGER ? (double)value->integer : value->number;
	return true;
}

static int64_t get_count(const struct json_value *node, const char *key)
{
	return json_integer_or(compile_get(node, key), -1);
}

static bool is_kept_format(struct str type, struct str format)
{
	if (str_equal_c(type, "integer"))
		return str_equal_c(format, "int32") || str_equal_c(format, "int64");
	if (str_equal_c(type, "number"))
		return str_equal_c(format, "float") || str_equal_c(format, "double");
	return (type.length == 0 || str_equal_c(type, "string")) && schema_format_is_known(format);
}

static const struct schema *const *compile_list(struct compiler *compiler,
	const struct json_value *node, const char *keyword, const struct compile_place *place,
	uint32_t *ret_count)
{
	const struct json_value *list = compile_get(node, keyword);
	const struct schema **schemas;

	if (!list || list->type != JSON_ARRAY || list->length == 0)
		return NULL;
	schemas = ARENA_ARRAY(compiler->arena, const struct schema *, list->length);
	for (uint32_t i = 0; i < list->length; i++) {
		struct compile_place child = {
			.path = place->path, .depth = place->depth + 1, .nested = true};

		schemas[i] = compile_node(compiler, &list->elements[i], &child);
	}
	*ret_count = list->length;
	return schemas;
}

/* Whether any keyword of struct schema_rules stands in the node. */
static bool has_rule_keywords(const struct json_value *node)
{
	static const char *const keywords[] = {"enum", "minimum", "maximum", "multipleOf",
		"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
		"pattern", "format", "allOf", "anyOf", "oneOf", "not", "x-kubernetes-validations"};

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (compile_get(node, keywords[i]))
			return true;
	return false;
}

static void compile_junctors(struct compiler *compiler, const struct json_value *node,
	const struct compile_place *place, struct schema_rules *rules)
{
	const struct json_value *not_schema = compile_subschema(node, "not");
	struct compile_place child = {
		.path = place->path, .depth = place->depth + 1, .nested = true};

	rules->all_of = compile_list(compiler, node, "allOf", place, &rules->all_of_count);
	rules->any_of = compile_list(compiler, node, "anyOf", place, &rules->any_of_count);
	rules->one_of = compile_list(compiler, node, "oneOf", place, &rules->one_of_count);
	if (not_schema)
		rules->not_schema = compile_node(compiler, not_schema, &child);
}

static const struct schema_rules *compile_rules(
	struct compiler *compiler, const struct json_value *node, const struct compile_place *place)
{
	struct schema_rules *rules;
	const struct json_value *enumeration = compile_get(node, "enum");
	struct str format = compile_text(node, "format");

	if (!has_rule_keywords(node))
		return NULL;
	rules = ARENA_NEW(compiler->arena, struct schema_rules);
	if (json_count(enumeration) > 0) {
		rules->enum_values = keep_value(compiler, enumeration)->elements;
		rules->enum_count = enumeration->length;
	}
	rules->has_minimum = get_number(node, "minimum", &rules->minimum);
	rules->has_maximum = get_number(node, "maximum", &rules->maximum);
	rules->exclusive_minimum = compile_is_true(node, "exclusiveMinimum");
	rules->exclusive_maximum = compile_is_true(node, "exclusiveMaximum");
	rules->has_multiple_of =
		get_number(node, "multipleOf", &rules->multiple_of) && rules->multiple_of > 0;
	rules->minimum_length = get_count(node, "minLength");
	rules->maximum_length = get_count(node, "maxLength");
	rules->minimum_items = get_count(node, "minItems");
	rules->maximum_items = get_count(node, "maxItems");
	rules->minimum_properties = get_count(node, "minProperties");
	rules->maximum_properties = get_count(node, "maxProperties");
	rules->pattern = arena_copy(compiler->arena, compile_text(node, "pattern"));
	if (rules->pattern.length > 0)
		ASSERT(regex_compile(compiler->arena, rules->pattern, &rules->compiled_pattern,
			       NULL) == 0);
	if (is_kept_format(compile_text(node, "type"), format))
		rules->format = arena_copy(compiler->arena, format);
	rules->validations = keep_value(compiler, compile_get(node, "x-kubernetes-validations"));
	compile_junctors(compiler, node, place, rules);
	return rules;
}

/* A default must be what the schema lets through, unpruned. */
static void check_default(struct compiler *compiler, const struct schema *schema,
	const struct json_value *value, const struct compile_place *place)
{
	struct field_path path = field_path_child(place->path, STR("default"));
	struct json_value unknown = json_array();
	struct json_value pruned;
	struct error err = ERROR_INIT(compiler->errors->arena);

	if (value->type == JSON_NULL)
		pruned = *value;
	else if (schema_decode(compiler->errors->arena, schema, value, &unknown, &pruned, &err) < 0)
		field_errors_add(compiler->errors, FIELD_ERROR_INVALID, &path, value,
			"must result in valid metadata: %.*s", STR_ARG(err.message));
	else if (unknown.length > 0)
		field_errors_add(compiler->errors, FIELD_ERROR_INVALID, &path, value,
			"must not have unknown fields");
	schema_validate(schema, value, NULL, &path, compiler->errors);
}

static int compare_fields(const void *a, const void *b)
{
	return str_compare(
		((const struct schema_field *)a)->name, ((const struct schema_field *)b)->name);
}

/* Sorts the fields and gives them to the schema; of two with one name the first stays. */
static void set_fields(
	struct compiler *compiler, struct schema *schema, struct schema_field *fields, size_t count)
{
	uint16_t *by_name;

	qsort(fields, count, sizeof(*fields), compare_fields);
	ASSERT(count <= UINT16_MAX);
	by_name = ARENA_ARRAY(compiler->arena, uint16_t, count);
	for (size_t i = 0; i < count; i++) {
		by_name[i] = (uint16_t)i;
		schema->has_defaults |=
			fields[i].default_value != NULL || fields[i].schema->has_defaults;
	}
	schema->fields = fields;
	schema->fields_by_name = by_name;
	schema->field_count = (uint16_t)count;
}

struct field_list {
	struct schema_field *items;
	size_t count;
	struct json_value places; /* name -> position */
};

static struct schema_field *add_field(struct compiler *compiler, struct field_list *list,
	struct str name, const struct schema *schema)
{
	int64_t place = json_integer_or(json_find(&list->places, name), -1);
	struct schema_field *field;

	if (place >= 0)
		return &list->items[place];
	field = &list->items[list->count];
	field->name = arena_copy(compiler->arena, name);
	field->schema = schema;
	json_append_member(
		compiler->arena, &list->places, field->name, json_integer((int64_t)list->count++));
	return field;
}

/* The built-in schema, with what the node's own schema for metadata demands besides. */
static const struct schema *metadata_schema(
	struct compiler *compiler, const struct schema *demanded)
{
	struct schema *metadata;

	if (!demanded)
		return compiler->object_meta;
	metadata = ARENA_NEW(compiler->arena, struct schema);
	*metadata = *compiler->object_meta;
	metadata->element = demanded;
	return metadata;
}

static void add_resource_fields(struct compiler *compiler, struct field_list *list)
{
	const struct schema *demanded = NULL;
	int64_t place = json_integer_or(json_find(&list->places, STR("metadata")), -1);

	add_field(compiler, list, STR("apiVersion"), &text_value);
	add_field(compiler, list, STR("kind"), &text_value);
	if (place >= 0)
		demanded = list->items[place].schema;

	struct schema_field *metadata =
		add_field(compiler, list, STR("metadata"), compiler->object_meta);

	metadata->schema = metadata_schema(compiler, demanded);
}

static void compile_property(struct compiler *compiler, const struct json_member *property,
	const struct compile_place *place, struct field_list *list)
{
	struct field_path properties = field_path_child(place->path, STR("properties"));
	struct field_path path = field_path_key(&properties, property->key);
	struct compile_place child = {.path = &path,
		.level = COMPILE_FIELD,
		.depth = place->depth + 1,
		.nested = place->nested};
	const struct schema *schema = compile_node(compiler, &property->value, &child);

	add_field(compiler, list, property->key, schema)->default_value = schema->default_value;
}

static void compile_fields(struct compiler *compiler, const struct json_value *node,
	const struct compile_place *place, struct schema *schema)
{
	const struct json_value *properties = compile_get(node, "properties");
	const struct json_value *required = compile_get(node, "required");
	size_t property_count = json_count(properties);
	size_t required_count = json_count(required);
	struct field_list list = {.places = json_object()};

	if (property_count + required_count > FIELDS_MAXIMUM) {
		field_errors_add(compiler->errors, FIELD_ERROR_FORBIDDEN, place->path, NULL,
			"must not have more than %d properties", FIELDS_MAXIMUM);
		return;
	}
	list.items = ARENA_ARRAY(
		compiler->arena, struct schema_field, property_count + required_count + 3);
	for (size_t i = 0; i < property_count && schema->kind == SCHEMA_STRUCT; i++)
		compile_property(compiler, &properties->members[i], place, &list);
	for (size_t i = 0; i < required_count; i++)
		add_field(compiler, &list, json_text(json_element(required, i)), &any_value)
			->flags |= FIELD_REQUIRED;
	if (schema->kind == SCHEMA_STRUCT &&
		(place->level == COMPILE_ROOT || (schema->flags & SCHEMA_EMBEDDED_RESOURCE)) &&
		!place->nested)
		add_resource_fields(compiler, &list);
	set_fields(compiler, schema, list.items, list.count);
}

static void compile_list_type(
	struct compiler *compiler, const struct json_value *node, struct schema *schema)
{
	struct str list_type = compile_text(node, "x-kubernetes-list-type");
	const struct json_value *keys = compile_get(node, "x-kubernetes-list-map-keys");
	struct str *names;

	if (str_equal_c(list_type, "set"))
		schema->list_type = SCHEMA_LIST_SET;
	if (!str_equal_c(list_type, "map"))
		return;
	schema->list_type = SCHEMA_LIST_MAP;
	names = ARENA_ARRAY(compiler->arena, struct str, json_count(keys));
	for (size_t i = 0; i < json_count(keys); i++)
		names[i] = arena_copy(compiler->arena, json_text(json_element(keys, i)));
	schema->map_keys = names;
	schema->map_key_count = (uint16_t)json_count(keys);
}

static const struct schema *compile_element(struct compiler *compiler,
	const struct json_value *node, const char *keyword, enum compile_level level,
	const struct compile_place *place)
{
	struct field_path path = field_path_child(place->path, str_from_c(keyword));
	struct compile_place child = {
		.path = &path, .level = level, .depth = place->depth + 1, .nested = place->nested};

	return compile_node(compiler, compile_subschema(node, keyword), &child);
}

static void set_kind(
	const struct json_value *node, const struct compile_place *place, struct schema *schema)
{
	static const struct {
		const char *type;
		enum schema_kind kind;
	} kinds[] = {
		{"object", SCHEMA_STRUCT},
		{"array", SCHEMA_LIST},
		{"string", SCHEMA_STRING},
		{"integer", SCHEMA_INTEGER},
		{"number", SCHEMA_NUMBER},
		{"boolean", SCHEMA_BOOLEAN},
	};
	struct str type = compile_text(node, "type");
	const struct json_value *additional = compile_get(node, "additionalProperties");

	schema->kind = SCHEMA_ANY;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_equal_c(type, kinds[i].type))
			schema->kind = kinds[i].kind;
	if (compile_is_true(node, "x-kubernetes-int-or-string"))
		schema->kind = SCHEMA_INT_OR_STRING;
	schema->bits = str_equal_c(compile_text(node, "format"), "int32") ? 32 : 64;
	if (schema->kind == SCHEMA_ANY &&
		(place->nested || place->level == COMPILE_ROOT || compile_get(node, "properties") ||
			compile_get(node, "items") || compile_get(node, "required"))) {
		schema->kind = SCHEMA_STRUCT;
		if (place->nested || place->level != COMPILE_ROOT)
			schema->flags |= SCHEMA_UNTYPED | SCHEMA_PRESERVE_UNKNOWN;
	}
	if (schema->kind != SCHEMA_STRUCT || !additional)
		return;
	if (json_count(compile_get(node, "properties")) > 0)
		schema->flags |= SCHEMA_PRESERVE_UNKNOWN;
	else if (additional->type == JSON_OBJECT || json_bool_or(additional, false))
		schema->kind = SCHEMA_MAP;
}

static void set_flags(const struct json_value *node, struct schema *schema)
{
	static const struct {
		const char *keyword;
		uint16_t flag;
	} flags[] = {
		{"nullable", SCHEMA_NULLABLE},
		{"x-kubernetes-preserve-unknown-fields", SCHEMA_PRESERVE_UNKNOWN},
		{"x-kubernetes-embedded-resource", SCHEMA_EMBEDDED_RESOURCE},
	};

	schema->flags = SCHEMA_CUSTOM;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (compile_is_true(node, flags[i].keyword))
			schema->flags |= flags[i].flag;
	if (str_equal_c(compile_text(node, "x-kubernetes-map-type"), "atomic"))
		schema->flags |= SCHEMA_ATOMIC;
}

static const struct schema *compile_node(
	struct compiler *compiler, const struct json_value *node, const struct compile_place *place)
{
	struct schema *schema = ARENA_NEW(compiler->arena, struct schema);
	const struct json_value *default_value = compile_get(node, "default");

	schema->has_rules = true;
	set_flags(node, schema);
	set_kind(node, place, schema);
	if (compile_subschema(node, "items") &&
		(schema->kind == SCHEMA_LIST || (schema->flags & SCHEMA_UNTYPED)))
		schema->element = compile_element(compiler, node, "items", COMPILE_ITEM, place);
	if (schema->kind == SCHEMA_MAP)
		schema->element = compile_subschema(node, "additionalProperties")
					  ? compile_element(compiler, node, "additionalProperties",
						    COMPILE_FIELD, place)
					  : &pruned_value;
	if (schema->kind == SCHEMA_STRUCT || schema->kind == SCHEMA_MAP)
		compile_fields(compiler, node, place, schema);
	compile_list_type(compiler, node, schema);
	schema->rules = compile_rules(compiler, node, place);
	if (schema->element)
		schema->has_defaults |=
			schema->element->has_defaults || schema->element->default_value;
	if (default_value && !place->nested) {
		schema->default_value = keep_value(compiler, default_value);
		check_default(compiler, schema, default_value, place);
	}
	return schema;
}

int schema_compile_structural(struct arena *arena, const struct json_value *open_api_v3_schema,
	const struct schema *object_meta, struct field_errors *errors,
	const struct field_path *path, const struct schema **ret_schema)
{
	struct compiler compiler = {.arena = arena, .errors = errors, .object_meta = object_meta};
	struct compile_place root = {.path = path, .level = COMPILE_ROOT};
	size_t before = errors->count;
	const struct schema *schema;

	compile_check(errors, open_api_v3_schema, &root);
	if (errors->count == before)
		compile_check_complete(errors, open_api_v3_schema, &root);
	if (errors->count != before)
		return 1;
	schema = compile_node(&compiler, open_api_v3_schema, &root);
	if (errors->count != before)
		return 1;
	*ret_schema = schema;
	return 0;
}
