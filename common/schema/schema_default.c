/* SPDX-License-Identifier: Apache-2.0 */
#include "schema_engine.h"
#include "schema_scalar.h"

/* Compiled schemas are no deeper; of built-in types only JSON schemas nest, and have no defaults.
 */
#define DEPTH_MAXIMUM 3300
/* Below this depth nothing is put into order: only default functions could have changed it. */
#define ORDER_DEPTH_MAXIMUM 200
#define BYTES_MAXIMUM       (64 * 1024 * 1024)

struct defaulter {
	struct arena *arena;
	size_t bytes_at_start;
	bool changed;
	bool too_large;
};

static void apply(struct defaulter *defaulter, const struct schema *schema,
	struct json_value *value, unsigned depth);

static struct json_value copy_default(struct defaulter *defaulter, const struct json_value *value)
{
	struct json_value copy = json_copy(defaulter->arena, value, false);

	defaulter->changed = true;
	if (arena_used_bytes(defaulter->arena) - defaulter->bytes_at_start > BYTES_MAXIMUM)
		defaulter->too_large = true;
	return copy;
}

/* Whether the field has no value of its own: for Go a zero is none unless the field is a pointer.
 */
static bool is_unset(const struct schema_field *field, const struct json_value *value)
{
	if (!value)
		return true;
	if (value->type == JSON_NULL)
		return !(field->schema->flags & SCHEMA_NULLABLE);
	return !(field->schema->flags & SCHEMA_CUSTOM) && !(field->flags & FIELD_POINTER) &&
	       schema_scalar_is_empty(field->schema, value);
}

static void apply_fields(
	struct defaulter *defaulter, const struct schema *schema, struct json_value *object)
{
	for (size_t i = 0; i < schema->field_count && !defaulter->too_large; i++) {
		const struct schema_field *field = &schema->fields[i];

		if (field->default_value && is_unset(field, json_find(object, field->name)))
			json_set(defaulter->arena, object, field->name,
				copy_default(defaulter, field->default_value));
	}
}

static void apply_struct(struct defaulter *defaulter, const struct schema *schema,
	struct json_value *object, unsigned depth)
{
	size_t expected = 0;

	apply_fields(defaulter, schema, object);
	for (uint32_t i = 0; i < object->length && !defaulter->too_large; i++) {
		const struct schema_field *field =
			schema_find_field_near(schema, object->members[i].key, &expected);

		if (field && field->schema->has_defaults)
			apply(defaulter, field->schema, &object->members[i].value, depth + 1);
	}
	if (schema->default_function && !defaulter->too_large) {
		schema->default_function(defaulter->arena, object);
		defaulter->changed = true;
	}
}

static void apply_element(struct defaulter *defaulter, const struct schema *schema,
	struct json_value *value, unsigned depth)
{
	if (value->type == JSON_NULL && schema->default_value && !(schema->flags & SCHEMA_NULLABLE))
		*value = copy_default(defaulter, schema->default_value);
	apply(defaulter, schema, value, depth + 1);
}

static void apply(struct defaulter *defaulter, const struct schema *schema,
	struct json_value *value, unsigned depth)
{
	bool is_struct = schema->kind == SCHEMA_STRUCT;

	if (!schema->has_defaults || depth > DEPTH_MAXIMUM || defaulter->too_large)
		return;
	if (value->type == JSON_OBJECT && is_struct) {
		apply_struct(defaulter, schema, value, depth);
	} else if (value->type == JSON_OBJECT && schema->kind == SCHEMA_MAP) {
		for (uint32_t i = 0; i < value->length; i++)
			apply_element(defaulter, schema->element, &value->members[i].value, depth);
	} else if (value->type == JSON_ARRAY && schema->element &&
		   (is_struct || schema->kind == SCHEMA_LIST)) {
		for (uint32_t i = 0; i < value->length; i++)
			apply_element(defaulter, schema->element, &value->elements[i], depth);
	}
}

/* Members in schema order, where they nearly always are already. */
static void order_members(
	struct arena *arena, const struct schema *schema, struct json_value *object)
{
	struct json_value ordered = json_object();
	size_t expected = 0;
	bool in_order = true;

	for (uint32_t i = 0; i < object->length && in_order; i++) {
		size_t before = expected;

		schema_find_field_near(schema, object->members[i].key, &expected);
		in_order = expected >= before;
	}
	if (in_order)
		return;
	for (size_t i = 0; i < schema->field_count; i++) {
		struct json_value *value = json_find(object, schema->fields[i].name);

		if (value)
			json_append_member(arena, &ordered, schema->fields[i].name, *value);
	}
	for (uint32_t i = 0; i < object->length; i++)
		if (!schema_find_field(schema, object->members[i].key))
			json_append_member(
				arena, &ordered, object->members[i].key, object->members[i].value);
	*object = ordered;
}

static void order(struct arena *arena, const struct schema *schema, struct json_value *value,
	bool custom, unsigned depth)
{
	size_t expected = 0;

	custom = custom || (schema->flags & SCHEMA_CUSTOM);
	if (depth > (schema->has_defaults ? DEPTH_MAXIMUM : ORDER_DEPTH_MAXIMUM))
		return;
	if (value->type == JSON_OBJECT && schema->kind == SCHEMA_STRUCT) {
		if (custom)
			json_sort_members(value);
		else
			order_members(arena, schema, value);
		for (uint32_t i = 0; i < value->length; i++) {
			const struct schema_field *field =
				schema_find_field_near(schema, value->members[i].key, &expected);

			if (field)
				order(arena, field->schema, &value->members[i].value, custom,
					depth + 1);
		}
	} else if (value->type == JSON_OBJECT && schema->kind == SCHEMA_MAP) {
		json_sort_members(value);
		for (uint32_t i = 0; i < value->length; i++)
			order(arena, schema->element, &value->members[i].value, custom, depth + 1);
	} else if (value->type == JSON_ARRAY && schema->element) {
		for (uint32_t i = 0; i < value->length; i++)
			order(arena, schema->element, &value->elements[i], custom, depth + 1);
	}
}

bool schema_apply_defaults(
	struct arena *arena, const struct schema *schema, struct json_value *object)
{
	struct defaulter defaulter = {
		.arena = arena,
		.bytes_at_start = arena_used_bytes(arena),
	};

	apply(&defaulter, schema, object, 0);
	if (defaulter.changed)
		order(arena, schema, object, false, 0);
	return !defaulter.too_large;
}
