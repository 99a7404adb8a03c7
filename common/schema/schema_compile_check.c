/* SPDX-License-Identifier: Apache-2.0 */
#include "regex.h"
#include "schema_compile_private.h"

/*
 * Structural schemas: https://kubernetes.io/docs, "Specifying a structural schema". What does not
 * recurse is kept out of line, so that deep schemas need little stack.
 */

static const char *const junctors[] = {"anyOf", "allOf", "oneOf"};

#define JUNCTOR_COUNT (sizeof(junctors) / sizeof(junctors[0]))

static void add_at(struct field_errors *errors, const struct compile_place *place,
	const char *keyword, enum field_error_type type, const struct json_value *value,
	const char *detail)
{
	struct field_path path = field_path_child(place->path, str_from_c(keyword));

	field_errors_add(errors, type, &path, value, "%s", detail);
}

static bool is_only_type(const struct json_value *schema, const char *type)
{
	return json_count(schema) == 1 && str_equal_c(compile_text(schema, "type"), type);
}

bool compile_is_int_or_string(const struct json_value *any_of)
{
	return any_of && any_of->type == JSON_ARRAY && any_of->length == 2 &&
	       is_only_type(&any_of->elements[0], "integer") &&
	       is_only_type(&any_of->elements[1], "string");
}

/* Keywords that make structure, which a value validation must leave to the structure. */
static __attribute__((noinline)) void check_nested_keywords(struct field_errors *errors,
	const struct json_value *node, const struct compile_place *place)
{
	static const struct {
		const char *keyword;
		const char *detail;
	} forbidden[] = {
		{"additionalProperties", "must be undefined to be structural"},
		{"default", "must be undefined to be structural"},
		{"title", "must be empty to be structural"},
		{"description", "must be empty to be structural"},
		{"nullable", "must be false to be structural"},
		{"x-kubernetes-preserve-unknown-fields", "must be false to be structural"},
		{"x-kubernetes-embedded-resource", "must be false to be structural"},
		{"x-kubernetes-int-or-string", "must be false to be structural"},
		{"x-kubernetes-list-map-keys", "must be empty to be structural"},
		{"x-kubernetes-list-type", "must be undefined to be structural"},
		{"x-kubernetes-map-type", "must be undefined to be structural"},
		{"x-kubernetes-validations", "must be empty to be structural"},
	};

	if (compile_text(node, "type").length > 0 && !place->type_allowed)
		add_at(errors, place, "type", FIELD_ERROR_FORBIDDEN, NULL,
			"must be empty to be structural");
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		const struct json_value *value = compile_get(node, forbidden[i].keyword);
		bool empty = !value || value->type == JSON_NULL ||
			     (value->type == JSON_BOOL && !value->boolean) ||
			     ((value->type == JSON_STRING || value->type == JSON_ARRAY) &&
				     value->length == 0);

		if (!empty)
			add_at(errors, place, forbidden[i].keyword, FIELD_ERROR_FORBIDDEN, NULL,
				forbidden[i].detail);
	}
	if (json_find(compile_get(node, "properties"), STR("metadata"))) {
		struct field_path properties = field_path_child(place->path, STR("properties"));
		struct field_path metadata = field_path_key(&properties, STR("metadata"));

		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &metadata, NULL,
			"must not be specified in a nested context");
	}
}

static __attribute__((noinline)) void check_pattern(struct field_errors *errors,
	const struct json_value *node, const struct compile_place *place)
{
	const struct json_value *pattern = compile_get(node, "pattern");
	const struct regex *regex;
	struct error err = ERROR_INIT(errors->arena);

	if (json_text(pattern).length == 0 ||
		regex_compile(errors->arena, json_text(pattern), &regex, &err) == 0)
		return;

	struct field_path path = field_path_child(place->path, STR("pattern"));

	field_errors_add(errors, FIELD_ERROR_INVALID, &path, pattern,
		"must be a valid regular expression, but isn't: %.*s", STR_ARG(err.message));
}

static void check_extensions(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	static const char *const excluded[] = {
		"x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"};
	struct json_value yes = json_bool(true);

	if (!compile_is_true(node, "x-kubernetes-int-or-string"))
		return;
	for (size_t i = 0; i < 2; i++)
		if (compile_is_true(node, excluded[i]))
			add_at(errors, place, excluded[i], FIELD_ERROR_INVALID, &yes,
				"must be false if x-kubernetes-int-or-string is true");
}

static void check_type_present(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	static const char *const details[] = {
		[COMPILE_ROOT] = "must not be empty at the root",
		[COMPILE_ITEM] = "must not be empty for specified array items",
		[COMPILE_FIELD] = "must not be empty for specified object fields",
	};
	const struct json_value *type = compile_get(node, "type");
	bool is_object = str_equal_c(json_text(type), "object");
	bool is_empty = json_text(type).length == 0;

	if (compile_is_true(node, "x-kubernetes-embedded-resource") && !is_object)
		add_at(errors, place, "type", is_empty ? FIELD_ERROR_REQUIRED : FIELD_ERROR_INVALID,
			type, "must be object if x-kubernetes-embedded-resource is true");
	else if (is_empty && !compile_is_true(node, "x-kubernetes-int-or-string") &&
		 !compile_is_true(node, "x-kubernetes-preserve-unknown-fields"))
		add_at(errors, place, "type", FIELD_ERROR_REQUIRED, NULL, details[place->level]);
	if (place->level == COMPILE_ROOT && !is_empty && !is_object)
		add_at(errors, place, "type", FIELD_ERROR_INVALID, type,
			"must be object at the root");
}

/* At the root metadata may hold validations of name and generateName and nothing else. */
static bool is_root_metadata_allowed(const struct json_value *metadata)
{
	const struct json_value *properties = compile_get(metadata, "properties");

	for (uint32_t i = 0; i < json_count(metadata); i++) {
		struct str key = metadata->members[i].key;

		if (!str_equal_c(key, "type") && !str_equal_c(key, "properties") &&
			!str_equal_c(key, "default"))
			return false;
	}
	for (uint32_t i = 0; i < json_count(properties); i++) {
		struct str key = properties->members[i].key;

		if (!str_equal_c(key, "name") && !str_equal_c(key, "generateName"))
			return false;
	}
	return true;
}

static void check_resource_fields(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	static const struct {
		const char *name;
		const char *type;
		const char *detail;
	} fields[] = {
		{"kind", "string", "must be string"},
		{"apiVersion", "string", "must be string"},
		{"metadata", "object", "must be object"},
	};
	const struct json_value *properties = compile_get(node, "properties");
	struct field_path properties_path = field_path_child(place->path, STR("properties"));
	struct json_value nothing = json_string(STR(""));

	if (place->level != COMPILE_ROOT &&
		!compile_is_true(node, "x-kubernetes-embedded-resource"))
		return;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct str name = str_from_c(fields[i].name);
		const struct json_value *field = json_find(properties, name);
		struct field_path path = field_path_key(&properties_path, name);
		struct field_path type_path = field_path_child(&path, STR("type"));
		const struct json_value *type = compile_get(field, "type");

		if (field && !str_equal_c(json_text(type), fields[i].type))
			field_errors_add(errors, FIELD_ERROR_INVALID, &type_path,
				type ? type : &nothing, "%s", fields[i].detail);
		if (field && i == 2 && place->level == COMPILE_ROOT &&
			!is_root_metadata_allowed(field))
			field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
				"must not specify anything other than name and generateName, but "
				"metadata is implicitly specified");
	}
}

static __attribute__((noinline)) void check_structure(struct field_errors *errors,
	const struct json_value *node, const struct compile_place *place)
{
	bool embedded = compile_is_true(node, "x-kubernetes-embedded-resource");

	if (str_equal_c(compile_text(node, "type"), "array") && !compile_get(node, "items"))
		add_at(errors, place, "items", FIELD_ERROR_REQUIRED, NULL, "must be specified");
	if (compile_get(node, "additionalProperties")) {
		if (place->level == COMPILE_ROOT)
			add_at(errors, place, "additionalProperties", FIELD_ERROR_FORBIDDEN, NULL,
				"must not be used at the root");
		if (embedded)
			add_at(errors, place, "additionalProperties", FIELD_ERROR_FORBIDDEN, NULL,
				"must not be used if x-kubernetes-embedded-resource is set");
	}
	check_extensions(errors, node, place);
	check_type_present(errors, node, place);
	check_resource_fields(errors, node, place);
	if (embedded && !compile_is_true(node, "x-kubernetes-preserve-unknown-fields") &&
		json_count(compile_get(node, "properties")) == 0)
		add_at(errors, place, "properties", FIELD_ERROR_REQUIRED, NULL,
			"must not be empty if x-kubernetes-embedded-resource is true without "
			"x-kubernetes-preserve-unknown-fields");
}

static bool is_meta_field(struct str name)
{
	return str_equal_c(name, "apiVersion") || str_equal_c(name, "kind") ||
	       str_equal_c(name, "metadata");
}

static void check_property(struct field_errors *errors, const struct json_value *node,
	const struct json_member *property, const struct compile_place *place)
{
	struct field_path properties = field_path_child(place->path, STR("properties"));
	struct field_path path = field_path_key(&properties, property->key);
	struct compile_place child = {.path = &path,
		.level = COMPILE_FIELD,
		.depth = place->depth + 1,
		.nested = place->nested,
		.inside_meta = place->inside_meta,
		.no_defaults = place->no_defaults};

	if (is_meta_field(property->key) &&
		(place->level == COMPILE_ROOT ||
			compile_is_true(node, "x-kubernetes-embedded-resource"))) {
		child.inside_meta = true;
		if (place->level == COMPILE_ROOT)
			child.no_defaults =
				str_equal_c(property->key, "metadata") ? "in top-level metadata"
				: str_equal_c(property->key, "kind")   ? "in top-level kind"
								       : "in top-level apiVersion";
	}
	compile_check(errors, &property->value, &child);
}

static void check_subschema(struct field_errors *errors, const struct json_value *node,
	const char *keyword, enum compile_level level, const struct compile_place *place)
{
	const struct json_value *schema = compile_subschema(node, keyword);
	struct field_path path = field_path_child(place->path, str_from_c(keyword));
	struct compile_place child = {.path = &path,
		.level = level,
		.depth = place->depth + 1,
		.nested = place->nested || str_equal_c(str_from_c(keyword), "not"),
		.inside_meta = place->inside_meta,
		.no_defaults = place->no_defaults};

	if (!schema)
		return;
	if (place->inside_meta && str_equal_c(str_from_c(keyword), "additionalProperties"))
		child.no_defaults = "inside additionalProperties applying to object metadata";
	compile_check(errors, schema, &child);
}

static void check_junctor(struct field_errors *errors, const struct json_value *node,
	const char *keyword, const struct compile_place *place)
{
	const struct json_value *list = compile_get(node, keyword);
	struct field_path list_path = field_path_child(place->path, str_from_c(keyword));
	bool is_any_of = str_equal_c(str_from_c(keyword), "anyOf");
	bool type_allowed = is_any_of && compile_is_int_or_string(list);

	/* The pattern may stand in the node itself, or in the first schema of its allOf. */
	if (place->nested && !place->type_allowed)
		type_allowed = false;
	for (uint32_t i = 0; list && list->type == JSON_ARRAY && i < list->length; i++) {
		struct field_path path = field_path_index(&list_path, i);
		struct compile_place child = {.path = &path,
			.level = place->level,
			.depth = place->depth + 1,
			.nested = true,
			.type_allowed = type_allowed,
			.inside_meta = place->inside_meta,
			.no_defaults = place->no_defaults};

		if (!place->nested && !is_any_of && i == 0 &&
			str_equal_c(str_from_c(keyword), "allOf"))
			child.type_allowed = compile_is_int_or_string(
						     compile_get(&list->elements[0], "anyOf")) &&
					     !compile_get(&list->elements[0], "type");
		compile_check(errors, &list->elements[i], &child);
	}
}

void compile_check(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	const struct json_value *properties = compile_get(node, "properties");

	if (place->depth > SCHEMA_COMPILE_DEPTH_MAXIMUM) {
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, place->path, NULL,
			"must not be nested so deeply");
		return;
	}
	if (place->nested)
		check_nested_keywords(errors, node, place);
	else
		check_structure(errors, node, place);
	check_pattern(errors, node, place);
	compile_check_keywords(errors, node, place);
	check_subschema(errors, node, "items", place->nested ? place->level : COMPILE_ITEM, place);
	if (!place->nested)
		check_subschema(errors, node, "additionalProperties", COMPILE_FIELD, place);
	for (uint32_t i = 0;
		properties && properties->type == JSON_OBJECT && i < properties->length; i++)
		check_property(errors, node, &properties->members[i], place);
	for (size_t i = 0; i < JUNCTOR_COUNT; i++)
		check_junctor(errors, node, junctors[i], place);
	check_subschema(errors, node, "not", place->level, place);
}

/* ---- completeness ---- */

struct completeness {
	struct field_errors *errors;
	unsigned depth;
};

/* `validation` is a schema under a junctor of the structure at `structure_path`. */
static void check_complete(struct completeness context, const struct json_value *validation,
	const struct json_value *structure, const struct field_path *structure_path,
	const struct field_path *validation_path);

static void report_incomplete(struct completeness context, const struct field_path *structure_path,
	const struct field_path *validation_path)
{
	struct str where = field_path_format(context.errors->arena, validation_path);

	field_errors_add(context.errors, FIELD_ERROR_REQUIRED, structure_path, NULL,
		"because it is defined in %.*s", STR_ARG(where));
}

static void check_complete_junctors(struct completeness context,
	const struct json_value *validation, const struct json_value *structure,
	const struct field_path *structure_path, const struct field_path *validation_path)
{
	const struct json_value *not_schema = compile_subschema(validation, "not");
	struct field_path not_path = field_path_child(validation_path, STR("not"));

	for (size_t junctor = 0; junctor < JUNCTOR_COUNT; junctor++) {
		const struct json_value *list = compile_get(validation, junctors[junctor]);
		struct field_path list_path =
			field_path_child(validation_path, str_from_c(junctors[junctor]));

		for (uint32_t i = 0; list && list->type == JSON_ARRAY && i < list->length; i++) {
			struct field_path path = field_path_index(&list_path, i);

			check_complete(
				context, &list->elements[i], structure, structure_path, &path);
		}
	}
	if (not_schema)
		check_complete(context, not_schema, structure, structure_path, &not_path);
}

static void check_complete(struct completeness context, const struct json_value *validation,
	const struct json_value *structure, const struct field_path *structure_path,
	const struct field_path *validation_path)
{
	const struct json_value *items = compile_subschema(validation, "items");
	const struct json_value *properties = compile_get(validation, "properties");

	if (!structure) {
		report_incomplete(context, structure_path, validation_path);
		return;
	}
	if (context.depth++ > SCHEMA_COMPILE_DEPTH_MAXIMUM)
		return; /* compile_check has said so */
	check_complete_junctors(context, validation, structure, structure_path, validation_path);
	if (items) {
		struct field_path structure_items = field_path_child(structure_path, STR("items"));
		struct field_path validation_items =
			field_path_child(validation_path, STR("items"));

		check_complete(context, items, compile_subschema(structure, "items"),
			&structure_items, &validation_items);
	}
	for (uint32_t i = 0;
		properties && properties->type == JSON_OBJECT && i < properties->length; i++) {
		struct str name = properties->members[i].key;
		struct field_path structure_properties =
			field_path_child(structure_path, STR("properties"));
		struct field_path structure_property = field_path_key(&structure_properties, name);
		struct field_path validation_properties =
			field_path_child(validation_path, STR("properties"));
		struct field_path validation_property =
			field_path_key(&validation_properties, name);

		check_complete(context, &properties->members[i].value,
			json_find(compile_get(structure, "properties"), name), &structure_property,
			&validation_property);
	}
}

void compile_check_complete(struct field_errors *errors, const struct json_value *node,
	const struct compile_place *place)
{
	check_complete_junctors(
		(struct completeness){.errors = errors}, node, node, place->path, place->path);
}
