/* SPDX-License-Identifier: Apache-2.0 */
#include "go_format.h"
#include "json_writer.h"
#include "typed_value.h"

#define ERRORS_MAXIMUM 20

struct typed_check {
	struct arena *arena;
	struct buffer path;
	struct buffer errors; /* one line each */
	size_t count;
};

__attribute__((format(printf, 2, 3))) static void report(
	struct typed_check *check, const char *format, ...)
{
	va_list arguments;

	if (check->count++ >= ERRORS_MAXIMUM)
		return;
	va_start(arguments, format);
	if (check->errors.length > 0)
		buffer_append(&check->errors, STR("\n"));
	if (check->path.length > 0) {
		buffer_append(&check->errors, str_slice(buffer_str(&check->path), 0, 1024));
		buffer_append(&check->errors, STR(": "));
	}
	buffer_append(&check->errors, arena_vprintf(check->arena, format, arguments));
	va_end(arguments);
}

static const char *go_type(const struct json_value *value)
{
	static const char *const names[] = {"<nil>", "bool", "int64", "float64", "string",
		"[]interface {}", "map[string]interface {}"};

	return names[value->type];
}

static void check_value(struct typed_check *check, const struct schema *schema,
	const struct json_value *value, size_t depth);

/* Members every object has though its schema may not name them. */
static bool is_type_meta(const struct schema *schema, struct str name, size_t depth)
{
	return (depth == 0 || schema->flags & SCHEMA_EMBEDDED_RESOURCE) &&
	       (str_equal(name, STR("apiVersion")) || str_equal(name, STR("kind")) ||
		       str_equal(name, STR("metadata")));
}

static void check_map(struct typed_check *check, const struct schema *schema,
	const struct json_value *value, size_t depth)
{
	size_t length = check->path.length;

	for (uint32_t i = 0; i < value->length; i++) {
		struct str name = value->members[i].key;
		bool is_known = schema->kind != SCHEMA_STRUCT || typed_is_field(schema, name) ||
				schema->flags & SCHEMA_PRESERVE_UNKNOWN ||
				is_type_meta(schema, name, depth);

		buffer_append_byte(&check->path, '.');
		buffer_append(&check->path, name);
		if (is_known)
			check_value(check, typed_member_schema(schema, name),
				&value->members[i].value, depth + 1);
		else
			report(check, "field not declared in schema");
		check->path.length = length;
	}
}

static void report_items_without_key(
	struct typed_check *check, const struct schema *schema, enum typed_kind kind)
{
	struct buffer names = {0};

	if (kind == TYPED_SET) {
		report(check, "associative list without keys has an element that's not a scalar");
		return;
	}
	for (uint16_t i = 0; i < schema->map_key_count; i++) {
		buffer_append(&names, i ? STR(" ") : STR_EMPTY);
		go_quote(&names, schema->map_keys[i]);
	}
	report(check,
		"associative list with keys has an element that omits all key fields [%.*s] (and "
		"doesn't have default values for any key fields)",
		STR_ARG(buffer_str(&names)));
	buffer_fini(&names);
}

static void check_list(struct typed_check *check, const struct schema *schema, enum typed_kind kind,
	const struct json_value *value, size_t depth)
{
	size_t length = check->path.length;
	struct typed_items items;

	if (typed_items_of(check->arena, schema, kind, value, &items) > 0)
		report_items_without_key(check, schema, kind);
	for (uint32_t i = 0; i < items.count; i++) {
		const struct typed_item *item = items.order[i];

		field_element_format(&check->path, &item->element);
		struct str element =
			arena_copy(check->arena, str_skip(buffer_str(&check->path), length));

		if (item->next_repeat) {
			check->path.length = length;
			report(check, "duplicate entries for key %.*s", STR_ARG(element));
			buffer_append(&check->path, element);
		}
		check_value(check, typed_item_schema(schema), item->value, depth + 1);
		check->path.length = length;
	}
}

static void check_atomic_list(struct typed_check *check, const struct schema *schema,
	const struct json_value *value, size_t depth)
{
	size_t length = check->path.length;

	for (uint32_t i = 0; i < value->length; i++) {
		buffer_printf(&check->path, "[%u]", i);
		check_value(check, typed_item_schema(schema), &value->elements[i], depth + 1);
		check->path.length = length;
	}
}

static void check_scalar(
	struct typed_check *check, const struct schema *schema, const struct json_value *value)
{
	bool is_number = value->type == JSON_INTEGER || value->type == JSON_DOUBLE;

	switch (schema->kind) {
	case SCHEMA_STRING:
	case SCHEMA_BYTES:
	case SCHEMA_TIME:
	case SCHEMA_MICRO_TIME:
	case SCHEMA_DURATION:
		if (value->type != JSON_STRING)
			report(check, "expected string, got %s", go_type(value));
		return;
	case SCHEMA_INTEGER:
	case SCHEMA_NUMBER:
		if (!is_number)
			report(check, "expected numeric (int or float), got %s", go_type(value));
		return;
	case SCHEMA_BOOLEAN:
		if (value->type != JSON_BOOL)
			report(check, "expected boolean, got %s", go_type(value));
		return;
	case SCHEMA_INT_OR_STRING:
	case SCHEMA_QUANTITY:
		if (!is_number && value->type != JSON_STRING)
			report(check, "expected string, got %s", go_type(value));
		return;
	default:
		return;
	}
}

static void check_value(struct typed_check *check, const struct schema *schema,
	const struct json_value *value, size_t depth)
{
	bool is_map = schema->kind == SCHEMA_STRUCT || schema->kind == SCHEMA_MAP;
	enum typed_kind kind = typed_kind_of(schema, value, depth);

	if (value->type == JSON_NULL || schema->kind == SCHEMA_ANY ||
		depth >= FIELD_SET_DEPTH_MAXIMUM)
		return;
	if (is_map && value->type != JSON_OBJECT)
		report(check, "expected map, got %s", go_type(value));
	else if (schema->kind == SCHEMA_LIST && value->type != JSON_ARRAY)
		report(check, "expected list, got %s", go_type(value));
	else if (is_map)
		check_map(check, schema, value, depth);
	else if (schema->kind == SCHEMA_LIST && kind == TYPED_LEAF)
		check_atomic_list(check, schema, value, depth);
	else if (schema->kind == SCHEMA_LIST)
		check_list(check, schema, kind, value, depth);
	else
		check_scalar(check, schema, value);
}

size_t typed_check(struct arena *arena, const struct schema *schema, const struct json_value *value,
	struct buffer *out)
{
	struct typed_check check = {.arena = arena};
	struct str rest;

	check_value(&check, schema, value, 0);
	rest = buffer_str(&check.errors);
	if (check.count == 1)
		buffer_append(out, rest);
	else if (check.count > 1)
		buffer_append(out, STR("errors:"));
	while (check.count > 1 && !str_is_empty(rest)) {
		buffer_append(out, STR("\n  "));
		buffer_append(out, str_split(&rest, '\n'));
	}
	buffer_fini(&check.path);
	buffer_fini(&check.errors);
	return check.count;
}
