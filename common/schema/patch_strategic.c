/* SPDX-License-Identifier: Apache-2.0 */
#include "patch_strategic_private.h"

#include "buffer.h"
#include "go_format.h"
#include "schema_engine.h"

#define DIRECTIVE   STR("$patch")
#define RETAIN_KEYS STR("$retainKeys")
#define DELETE_FROM STR("$deleteFromPrimitiveList/")
#define SET_ORDER   STR("$setElementOrder/")
#define SHOWN_BYTES 512

bool strategic_has_directive(const struct json_value *value)
{
	return json_find(value, DIRECTIVE) != NULL;
}

int strategic_unknown_directive(struct strategic *context, const struct json_value *map)
{
	struct buffer shown = {0};

	go_write_bounded(&shown, json_find(map, DIRECTIVE), SHOWN_BYTES);
	buffer_append(&shown, STR(" in map: "));
	go_write_bounded(&shown, map, SHOWN_BYTES);
	error_set(context->err, ERROR_BAD_REQUEST, "unknown patch type: %.*s",
		STR_ARG(buffer_str(&shown)));
	buffer_fini(&shown);
	return ERROR_RETURN;
}

static bool is_directive_key(struct str key)
{
	return str_equal(key, DIRECTIVE) || str_equal(key, RETAIN_KEYS) ||
	       str_starts_with(key, DELETE_FROM) || str_starts_with(key, SET_ORDER);
}

static int clean_map(struct strategic *context, const struct json_value *map, unsigned depth,
	struct json_value *ret)
{
	struct json_value object = json_object();

	for (uint32_t i = 0; i < map->length; i++) {
		const struct json_member *member = &map->members[i];
		struct json_value value;

		if (member->value.type == JSON_NULL || is_directive_key(member->key) ||
			strategic_has_directive(&member->value))
			continue;
		if (strategic_clean(context, &member->value, depth + 1, &value) < 0)
			return ERROR_RETURN;
		json_append_member(context->arena, &object, member->key, value);
	}
	*ret = object;
	return 0;
}

static int clean_list(struct strategic *context, const struct json_value *list, unsigned depth,
	struct json_value *ret)
{
	struct json_value array = json_array();

	for (uint32_t i = 0; i < list->length; i++) {
		struct json_value value;

		if (strategic_has_directive(&list->elements[i]))
			continue;
		if (strategic_clean(context, &list->elements[i], depth + 1, &value) < 0)
			return ERROR_RETURN;
		json_append(context->arena, &array, value);
	}
	*ret = array;
	return 0;
}

int strategic_clean(struct strategic *context, const struct json_value *value, unsigned depth,
	struct json_value *ret)
{
	if (depth > PATCH_DEPTH_MAXIMUM)
		return error_set(context->err, ERROR_BAD_REQUEST, "the patch nests too deeply");
	if (value->type == JSON_OBJECT)
		return clean_map(context, value, depth, ret);
	if (value->type == JSON_ARRAY)
		return clean_list(context, value, depth, ret);
	*ret = *value;
	return 0;
}

static struct strategic_target find_target(const struct schema *schema, struct str key)
{
	const struct schema_field *field;

	if (schema && schema->kind == SCHEMA_MAP)
		return (struct strategic_target){.schema = schema->element};
	if (!schema || schema->kind != SCHEMA_STRUCT)
		return (struct strategic_target){0};
	field = schema_find_field(schema, key);
	if (!field)
		return (struct strategic_target){0};
	return (struct strategic_target){.schema = field->schema,
		.flags = field->flags,
		.merge_key = field->patch_merge_key};
}

/* A new array of members with room for those of the patch; the values are shared. */
static struct json_value shallow_copy(struct arena *arena, const struct json_value *object)
{
	struct json_value copy = json_object();

	for (uint32_t i = 0; i < object->length; i++)
		json_append_member(arena, &copy, object->members[i].key, object->members[i].value);
	return copy;
}

static int apply_retain_keys(
	struct strategic *context, const struct json_value *patch, struct json_value *result)
{
	const struct json_value *list = json_find(patch, RETAIN_KEYS);
	struct json_value retained = json_object();
	struct json_value kept = json_object();

	if (!list)
		return 0;
	if (list->type != JSON_ARRAY)
		return error_set(
			context->err, ERROR_BAD_REQUEST, "invalid patch format of retainKeys");
	for (uint32_t i = 0; i < list->length; i++)
		if (list->elements[i].type == JSON_STRING)
			json_set(context->arena, &retained, json_text(&list->elements[i]),
				json_null());
	for (uint32_t i = 0; i < patch->length; i++) {
		const struct json_member *member = &patch->members[i];

		if (member->value.type != JSON_NULL && !is_directive_key(member->key) &&
			!json_find(&retained, member->key))
			return error_set(context->err, ERROR_BAD_REQUEST,
				"invalid patch format of retainKeys");
	}
	for (uint32_t i = 0; i < result->length; i++)
		if (json_find(&retained, result->members[i].key))
			json_append_member(context->arena, &kept, result->members[i].key,
				result->members[i].value);
	*result = kept;
	return 0;
}

static int wrong_argument(struct strategic *context, const struct json_value *value)
{
	static const char *const go_types[] = {
		[JSON_NULL] = "%!s(<nil>)",
		[JSON_BOOL] = "bool",
		[JSON_INTEGER] = "int64",
		[JSON_DOUBLE] = "float64",
		[JSON_STRING] = "string",
		[JSON_ARRAY] = "[]interface {}",
		[JSON_OBJECT] = "map[string]interface {}",
	};

	return error_set(context->err, ERROR_BAD_REQUEST,
		"expected a []interface {}, but received a %s", go_types[value->type]);
}

static int apply_order(struct strategic *context, const struct schema *schema,
	const struct json_value *patch, const struct json_member *directive, unsigned depth,
	struct json_value *result)
{
	struct str key = str_skip(directive->key, SET_ORDER.length);
	struct strategic_target target = find_target(schema, key);
	const struct json_value *original = json_find(result, key);
	const struct json_value *list = json_find(patch, key);
	struct json_value ordered;

	if (directive->value.type != JSON_ARRAY)
		return wrong_argument(context, &directive->value);
	if (original && original->type == JSON_NULL)
		original = NULL;
	if (original && original->type != JSON_ARRAY)
		return wrong_argument(context, original);
	if (list && list->type != JSON_ARRAY)
		return wrong_argument(context, list);
	if (!original && !list)
		return 0;
	if (strategic_order_list(
		    context, &target, original, list, &directive->value, depth, &ordered) < 0)
		return ERROR_RETURN;
	json_set(context->arena, result, key, ordered);
	return 0;
}

static int merge_value(struct strategic *context, const struct strategic_target *target,
	const struct json_value *original, const struct json_value *patch, unsigned depth,
	struct json_value *ret)
{
	if (!original || original->type != patch->type)
		return strategic_clean(context, patch, depth, ret);
	if (patch->type == JSON_OBJECT && !(target->flags & FIELD_PATCH_REPLACE))
		return strategic_merge_map(
			context, target->schema, original, patch, depth + 1, ret);
	if (patch->type == JSON_ARRAY)
		return strategic_merge_list(context, target, original, patch, depth + 1, ret);
	*ret = *patch;
	return 0;
}

static int apply_delete_list(
	struct strategic *context, const struct json_member *directive, struct json_value *result)
{
	struct str key = str_skip(directive->key, DELETE_FROM.length);
	struct json_value *original = json_find(result, key);

	if (directive->value.type == JSON_NULL)
		json_remove(result, key);
	if (!original || original->type != JSON_ARRAY || directive->value.type != JSON_ARRAY)
		return 0;
	return strategic_delete_from_list(context, original, &directive->value, original);
}

/* One member of the patch that is no directive for the map as a whole. */
static int apply_member(struct strategic *context, const struct schema *schema,
	const struct json_member *member, unsigned depth, struct json_value *result)
{
	const struct json_value *original = json_find(result, member->key);
	struct json_value merged;

	if (member->value.type == JSON_NULL ||
		(!original && strategic_has_directive(&member->value))) {
		json_remove(result, member->key);
		return 0;
	}

	struct strategic_target target = find_target(schema, member->key);

	if (merge_value(context, &target, original, &member->value, depth, &merged) < 0)
		return ERROR_RETURN;
	json_set(context->arena, result, member->key, merged);
	return 0;
}

static int apply_members(struct strategic *context, const struct schema *schema,
	const struct json_value *patch, unsigned depth, struct json_value *result)
{
	struct json_value ordered = json_object(); /* lists that $setElementOrder has merged */

	for (uint32_t i = 0; i < patch->length; i++) {
		struct str key = patch->members[i].key;

		if (!str_starts_with(key, SET_ORDER))
			continue;
		if (apply_order(context, schema, patch, &patch->members[i], depth, result) < 0)
			return ERROR_RETURN;
		json_set(context->arena, &ordered, str_skip(key, SET_ORDER.length), json_null());
	}
	for (uint32_t i = 0; i < patch->length; i++) {
		const struct json_member *member = &patch->members[i];

		if (is_directive_key(member->key) || json_find(&ordered, member->key))
			continue;
		if (apply_member(context, schema, member, depth, result) < 0)
			return ERROR_RETURN;
	}
	for (uint32_t i = 0; i < patch->length; i++)
		if (str_starts_with(patch->members[i].key, DELETE_FROM) &&
			apply_delete_list(context, &patch->members[i], result) < 0)
			return ERROR_RETURN;
	return 0;
}

static int apply_directive(struct strategic *context, const struct json_value *patch,
	const struct json_value *directive, unsigned depth, struct json_value *ret)
{
	if (str_equal_c(json_text(directive), "replace"))
		return clean_map(context, patch, depth, ret);
	if (str_equal_c(json_text(directive), "delete")) {
		*ret = json_object();
		return 0;
	}
	return strategic_unknown_directive(context, patch);
}

int strategic_merge_map(struct strategic *context, const struct schema *schema,
	const struct json_value *original, const struct json_value *patch, unsigned depth,
	struct json_value *ret)
{
	const struct json_value *directive = json_find(patch, DIRECTIVE);
	struct json_value result;

	if (depth > PATCH_DEPTH_MAXIMUM)
		return error_set(context->err, ERROR_BAD_REQUEST, "the patch nests too deeply");
	if (directive)
		return apply_directive(context, patch, directive, depth, ret);
	result = shallow_copy(context->arena, original);
	if (apply_retain_keys(context, patch, &result) < 0 ||
		apply_members(context, schema, patch, depth, &result) < 0)
		return ERROR_RETURN;
	*ret = result;
	return 0;
}

int patch_strategic(struct arena *arena, const struct schema *schema,
	const struct json_value *document, const struct json_value *patch, struct json_value *ret,
	struct error *err)
{
	struct strategic context = {.arena = arena, .err = err};
	struct json_value result;

	if (document->type != JSON_OBJECT || patch->type != JSON_OBJECT)
		return error_set(err, ERROR_BAD_REQUEST, "invalid JSON document");
	if (schema->flags & SCHEMA_CUSTOM)
		return error_set(
			err, ERROR_BAD_REQUEST, "strategic merge patch format is not supported");
	if (strategic_merge_map(&context, schema, document, patch, 0, &result) < 0)
		return ERROR_RETURN;
	*ret = result;
	return 0;
}
