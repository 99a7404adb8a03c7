/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_swagger.h"

#define DEPTH_MAXIMUM 128
#define COMPONENTS    "#/components/schemas/"
#define DEFINITIONS   "#/definitions/"

static struct json_value *set(
	struct arena *arena, struct json_value *object, const char *name, struct json_value value)
{
	return json_append_member(arena, object, str_from_c(name), value);
}

static bool is_true(const struct json_value *object, const char *name)
{
	return json_bool_or(json_find(object, str_from_c(name)), false);
}

static struct json_value texts(struct arena *arena, const char *const *list)
{
	struct json_value array = json_array();

	for (; *list; list++)
		json_append(arena, &array, json_string(str_from_c(*list)));
	return array;
}

static struct json_value reference(struct arena *arena, struct str target)
{
	if (str_starts_with(target, STR(COMPONENTS)))
		target = arena_printf(arena, DEFINITIONS "%.*s",
			STR_ARG(str_skip(target, sizeof(COMPONENTS) - 1)));
	return json_string(target);
}

/* ---- Schemas ---- */

static struct json_value convert(
	struct arena *arena, const struct json_value *schema, unsigned depth);

static struct json_value convert_properties(
	struct arena *arena, const struct json_value *properties, unsigned depth)
{
	struct json_value result = json_object();

	for (size_t i = 0; properties->type == JSON_OBJECT && i < properties->length; i++)
		json_append_member(arena, &result, properties->members[i].key,
			convert(arena, &properties->members[i].value, depth));
	return result;
}

/* A property that may be null may also be absent, for all that version 2 can say. */
static struct json_value convert_required(struct arena *arena, const struct json_value *schema)
{
	const struct json_value *required = json_find(schema, STR("required"));
	const struct json_value *properties = json_find(schema, STR("properties"));
	struct json_value result = json_array();

	if (is_true(json_find(schema, STR("additionalProperties")), "nullable"))
		return result;
	for (size_t i = 0; i < json_count(required); i++) {
		const struct json_value *name = json_element(required, i);

		if (!is_true(json_find(properties, json_text(name)), "nullable"))
			json_append(arena, &result, *name);
	}
	return result;
}

static bool is_left_out(struct str key)
{
	static const char *const names[] = {"allOf", "anyOf", "oneOf", "not", "nullable", "type",
		"items", "properties", "required", NULL};

	for (size_t i = 0; names[i]; i++) {
		if (str_equal_c(key, names[i]))
			return true;
	}
	return false;
}

static void copy_rest(struct arena *arena, const struct json_value *schema,
	struct json_value *result, unsigned depth)
{
	for (size_t i = 0; i < schema->length; i++) {
		const struct json_member *member = &schema->members[i];

		if (is_left_out(member->key))
			continue;
		if (str_equal(member->key, STR("$ref")))
			json_append_member(arena, result, member->key,
				reference(arena, json_text(&member->value)));
		else if (str_equal(member->key, STR("additionalProperties")) &&
			 member->value.type == JSON_OBJECT)
			json_append_member(
				arena, result, member->key, convert(arena, &member->value, depth));
		else
			json_append_member(arena, result, member->key, member->value);
	}
}

static struct json_value convert(
	struct arena *arena, const struct json_value *schema, unsigned depth)
{
	struct json_value result = json_object(), required;
	struct str type = json_text(json_find(schema, STR("type")));
	const struct json_value *items = json_find(schema, STR("items"));
	const struct json_value *properties = json_find(schema, STR("properties"));
	bool is_nullable = is_true(schema, "nullable");
	bool keeps_unknown = is_true(schema, "x-kubernetes-preserve-unknown-fields");

	if (schema->type != JSON_OBJECT || depth == DEPTH_MAXIMUM)
		return result;
	if (is_nullable || keeps_unknown)
		items = properties = NULL;
	if (is_nullable || (keeps_unknown && str_equal(type, STR("object"))) ||
		(!items && str_equal(type, STR("array"))))
		type = STR_EMPTY;
	copy_rest(arena, schema, &result, depth + 1);
	if (!str_is_empty(type))
		set(arena, &result, "type", json_string(type));
	if (items)
		set(arena, &result, "items", convert(arena, items, depth + 1));
	if (properties)
		set(arena, &result, "properties", convert_properties(arena, properties, depth + 1));
	required = convert_required(arena, schema);
	if (json_count(&required) > 0)
		set(arena, &result, "required", required);
	return result;
}

struct json_value ext_swagger_schema(struct arena *arena, const struct json_value *schema)
{
	const struct json_value *kind = json_find(schema, STR("x-kubernetes-group-version-kind"));
	struct json_value anything = json_object();

	if (!is_true(schema, "x-kubernetes-preserve-unknown-fields"))
		return convert(arena, schema, 0);
	/* Not even metadata can be named: clients would refuse all that is not. */
	set(arena, &anything, "type", json_string(STR("object")));
	if (kind)
		set(arena, &anything, "x-kubernetes-group-version-kind", *kind);
	return anything;
}

/* ---- Operations ---- */

static struct json_value convert_parameter(struct arena *arena, const struct json_value *parameter)
{
	const struct json_value *schema = json_find(parameter, STR("schema"));
	struct json_value result = json_object();

	for (size_t i = 0; i < json_count(parameter); i++) {
		if (!str_equal(parameter->members[i].key, STR("schema")))
			json_append_member(arena, &result, parameter->members[i].key,
				parameter->members[i].value);
	}
	for (size_t i = 0; i < json_count(schema); i++)
		json_append_member(
			arena, &result, schema->members[i].key, schema->members[i].value);
	return result;
}

/* The schema of the first media type: they all have the same. */
static struct json_value content_schema(struct arena *arena, const struct json_value *content)
{
	if (json_count(content) == 0)
		return json_object();
	return convert(arena, json_find(&content->members[0].value, STR("schema")), 0);
}

static struct json_value convert_parameters(
	struct arena *arena, const struct json_value *list, const struct json_value *request_body)
{
	struct json_value result = json_array(), body = json_object();

	if (request_body) {
		set(arena, &body, "name", json_string(STR("body")));
		set(arena, &body, "in", json_string(STR("body")));
		if (is_true(request_body, "required"))
			set(arena, &body, "required", json_bool(true));
		set(arena, &body, "schema",
			content_schema(arena, json_find(request_body, STR("content"))));
		json_append(arena, &result, body);
	}
	for (size_t i = 0; i < json_count(list); i++)
		json_append(arena, &result, convert_parameter(arena, json_element(list, i)));
	return result;
}

static struct json_value convert_responses(struct arena *arena, const struct json_value *responses)
{
	struct json_value result = json_object();

	for (size_t i = 0; i < json_count(responses); i++) {
		const struct json_value *response = &responses->members[i].value;
		const struct json_value *content = json_find(response, STR("content"));
		struct json_value made = json_object();

		set(arena, &made, "description",
			json_string(json_text(json_find(response, STR("description")))));
		if (content)
			set(arena, &made, "schema", content_schema(arena, content));
		json_append_member(arena, &result, responses->members[i].key, made);
	}
	return result;
}

static struct json_value consumed(struct arena *arena, const struct json_value *content)
{
	static const char *const usual[] = {"application/json", "application/yaml", NULL};
	struct json_value result = json_array();

	if (json_count(content) == 0 || str_equal(content->members[0].key, STR("*/*")))
		return texts(arena, usual);
	for (size_t i = 0; i < content->length; i++)
		json_append(arena, &result, json_string(content->members[i].key));
	return result;
}

static struct json_value convert_operation(struct arena *arena, const struct json_value *operation)
{
	static const char *const types[] = {"application/json", "application/yaml", NULL};
	static const char *const schemes[] = {"https", NULL};
	const struct json_value *body = json_find(operation, STR("requestBody"));
	struct json_value result = json_object(), parameters;

	for (size_t i = 0; i < operation->length; i++) {
		const struct json_member *member = &operation->members[i];

		if (str_equal(member->key, STR("tags")) ||
			str_equal(member->key, STR("operationId")) ||
			str_starts_with(member->key, STR("x-")))
			json_append_member(arena, &result, member->key, member->value);
	}
	set(arena, &result, "consumes", consumed(arena, json_find(body, STR("content"))));
	set(arena, &result, "produces", texts(arena, types));
	parameters = convert_parameters(arena, json_find(operation, STR("parameters")), body);
	if (json_count(&parameters) > 0)
		set(arena, &result, "parameters", parameters);
	set(arena, &result, "responses",
		convert_responses(arena, json_find(operation, STR("responses"))));
	set(arena, &result, "schemes", texts(arena, schemes));
	return result;
}

struct json_value ext_swagger_path_item(struct arena *arena, const struct json_value *item)
{
	struct json_value result = json_object();

	for (size_t i = 0; i < json_count(item); i++) {
		const struct json_member *member = &item->members[i];

		if (str_equal(member->key, STR("parameters")))
			set(arena, &result, "parameters",
				convert_parameters(arena, &member->value, NULL));
		else
			json_append_member(arena, &result, member->key,
				convert_operation(arena, &member->value));
	}
	return result;
}
