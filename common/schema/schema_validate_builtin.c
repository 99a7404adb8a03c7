/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>

#include "name_validation.h"
#include "regex.h"
#include "schema_scalar.h"
#include "schema_validate_private.h"

/*
 * Built-in objects by the rules of their tables, in the words of upstream's validators. OpenAPI's
 * "required" is no rule here (upstream lets zero values pass); rules->required_value is.
 */

static void check_names(struct validation *validation, enum name_format format, struct str text,
	const char *prefix, const struct json_value *value, const struct field_path *path)
{
	struct str messages[NAME_MESSAGES_MAXIMUM];
	size_t count = name_validate(format, text, messages);

	for (size_t i = 0; i < count; i++)
		validate_fail(validation, FIELD_ERROR_INVALID, path, value, "%s%.*s", prefix,
			STR_ARG(messages[i]));
}

/* Subdomains joined by slashes. */
static void check_pool_name(struct validation *validation, const struct json_value *value,
	const struct field_path *path)
{
	struct str rest = json_text(value);
	unsigned segment = 0;
	bool more = true;

	if (rest.length > 253)
		validate_fail(validation, FIELD_ERROR_TOO_LONG, path, NULL,
			"may not be more than 253 bytes");
	for (; more && segment < 256; segment++) {
		char prefix[32];
		size_t slash = str_find_byte(rest, '/');
		struct str part = str_slice(rest, 0, slash);

		more = slash < rest.length;
		rest = str_skip(rest, slash + 1);
		snprintf(prefix, sizeof(prefix), "segment %u: ", segment);
		if (part.length == 0)
			validate_fail(validation, FIELD_ERROR_INVALID, path, value,
				"%smust not be empty", prefix);
		else
			check_names(
				validation, NAME_FORMAT_K8S_LONG_NAME, part, prefix, value, path);
	}
}

/* A domain and a C identifier, joined by a slash. */
static void check_resource_name(struct validation *validation, const struct json_value *value,
	const struct field_path *path)
{
	struct str text = json_text(value);
	size_t slash = str_find_byte(text, '/');
	struct str name = slash < text.length ? str_skip(text, slash + 1) : text;

	if (slash == 0 && text.length > 0)
		validate_fail(
			validation, FIELD_ERROR_INVALID, path, value, "prefix must not be empty");
	else if (slash < text.length)
		check_names(validation, NAME_FORMAT_K8S_LONG_NAME, str_slice(text, 0, slash),
			"prefix: ", value, path);
	if (name.length > 32)
		validate_fail(validation, FIELD_ERROR_TOO_LONG, path, NULL,
			"may not be more than 32 bytes");
	check_names(validation, NAME_FORMAT_C_IDENTIFIER, name, "", value, path);
	if (slash == text.length)
		validate_fail(validation, FIELD_ERROR_INVALID, path, value,
			"a fully qualified name must be a domain and a name separated by a slash");
}

static void check_extended_resource(struct validation *validation, const struct json_value *value,
	const struct field_path *path)
{
	struct str text = json_text(value);
	struct str with_prefix;

	if (str_find_byte(text, '/') == text.length)
		validate_fail(validation, FIELD_ERROR_INVALID, path, value,
			"a name must be a domain-prefixed path, such as 'example.com/my-prop'");
	else if (str_find(text, STR("kubernetes.io/")) < text.length)
		validate_fail(validation, FIELD_ERROR_INVALID, path, value,
			"must not have \"kubernetes.io/\" domain");
	if (str_starts_with(text, STR("requests.")))
		validate_fail(validation, FIELD_ERROR_INVALID, path, value,
			"must not have \"requests.\" prefix");
	with_prefix = arena_printf(validation->arena, "requests.%.*s", STR_ARG(text));
	check_names(validation, NAME_FORMAT_QUALIFIED, with_prefix, "", value, path);
}

static bool is_address(struct str text, bool with_prefix)
{
	char copy[64] = "";
	unsigned char address[16];
	size_t slash = str_find_byte(text, '/');
	struct str prefix = str_skip(text, slash + 1);
	int64_t bits;

	if (text.length >= sizeof(copy) || (slash < text.length) != with_prefix ||
		str_find_byte(text, '\0') < text.length)
		return false;
	memcpy(copy, text.data, slash);

	bool is_v4 = inet_pton(AF_INET, copy, address) == 1;

	if (!is_v4 && inet_pton(AF_INET6, copy, address) != 1)
		return false;
	return !with_prefix ||
	       (str_parse_i64(prefix, &bits) && bits >= 0 && bits <= (is_v4 ? 32 : 128));
}

static void check_address(struct validation *validation, const struct json_value *value,
	bool with_prefix, const struct field_path *path)
{
	if (is_address(json_text(value), with_prefix))
		return;
	validate_fail(validation, FIELD_ERROR_INVALID, path, value, "%s",
		with_prefix ? "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
			    : "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
}

static void check_format(struct validation *validation, const struct schema_rules *rules,
	const struct json_value *value, const struct field_path *path)
{
	enum name_format format;

	if (str_equal_c(rules->format, "ip") || str_equal_c(rules->format, "cidr"))
		check_address(validation, value, str_equal_c(rules->format, "cidr"), path);
	else if (name_format_find(rules->format, &format))
		check_names(validation, format, json_text(value), "", value, path);
	else if (str_equal_c(rules->format, "k8s-resource-pool-name"))
		check_pool_name(validation, value, path);
	else if (str_equal_c(rules->format, "k8s-resource-fully-qualified-name"))
		check_resource_name(validation, value, path);
	else if (str_equal_c(rules->format, "k8s-extended-resource-name"))
		check_extended_resource(validation, value, path);
}

static bool is_enumerated(const struct schema_rules *rules, const struct json_value *value)
{
	if (rules->enum_count == 0 || (rules->enum_allows_empty && value->length == 0))
		return true;
	for (uint32_t i = 0; i < rules->enum_count; i++)
		if (json_equal(value, &rules->enum_values[i]))
			return true;
	return false;
}

static void check_string(struct validation *validation, const struct schema_rules *rules,
	const struct json_value *value, const struct field_path *path)
{
	struct str text = json_text(value);

	if (!is_enumerated(rules, value))
		validate_fail_unsupported(validation, path, value, rules);
	if (rules->maximum_length >= 0 && validate_character_count(text) > rules->maximum_length)
		validate_fail(validation, FIELD_ERROR_TOO_LONG, path, NULL,
			"may not be more than %lld %s", (long long)rules->maximum_length,
			rules->maximum_length == 1 ? "character" : "characters");
	if (rules->minimum_length >= 0 && validate_character_count(text) < rules->minimum_length)
		validate_fail(validation, FIELD_ERROR_TOO_SHORT, path, NULL,
			"must be at least %lld %s", (long long)rules->minimum_length,
			rules->minimum_length == 1 ? "character" : "characters");
	if (rules->pattern.length > 0 && text.length > 0 &&
		!regex_matches(rules->compiled_pattern ? rules->compiled_pattern
						       : regex_of_constant(rules->pattern),
			text))
		validate_fail(validation, FIELD_ERROR_INVALID, path, value,
			"must match the regular expression '%.*s'", STR_ARG(rules->pattern));
	if (rules->format.length > 0 && text.length > 0)
		check_format(validation, rules, value, path);
}

static void check_number(struct validation *validation, const struct schema_rules *rules,
	const struct json_value *value, const struct field_path *path)
{
	double number = value->type == JSON_INTEGER ? (double)value->integer : value->number;
	bool below = rules->has_minimum && (rules->exclusive_minimum ? number <= rules->minimum
								     : number < rules->minimum);
	bool above = rules->has_maximum && (rules->exclusive_maximum ? number >= rules->maximum
								     : number > rules->maximum);

	if (!below && !above)
		return;
	if (rules->has_minimum && rules->has_maximum && rules->minimum > 0)
		validate_fail(validation, FIELD_ERROR_INVALID, path, value,
			"must be between %.0f and %.0f, inclusive", rules->minimum, rules->maximum);
	else if (below)
		validate_fail(validation, FIELD_ERROR_INVALID, path, value,
			"must be greater than %s%.0f",
			rules->exclusive_minimum ? "" : "or equal to ", rules->minimum);
	else
		validate_fail(validation, FIELD_ERROR_INVALID, path, value,
			"must be less than %s%.0f", rules->exclusive_maximum ? "" : "or equal to ",
			rules->maximum);
}

static void check_count(struct validation *validation, size_t count, int64_t minimum,
	int64_t maximum, const struct field_path *path)
{
	struct json_value shown = json_integer((int64_t)count);

	if (minimum >= 0 && (int64_t)count < minimum)
		validate_fail(validation, FIELD_ERROR_TOO_FEW, path, &shown,
			"must have at least %lld %s", (long long)minimum,
			minimum == 1 ? "item" : "items");
	if (maximum >= 0 && (int64_t)count > maximum)
		validate_fail(validation, FIELD_ERROR_TOO_MANY, path, &shown,
			"must have at most %lld %s", (long long)maximum,
			maximum == 1 ? "item" : "items");
}

/* Keys as key_format says, named by themselves; labels are named by their map. */
static void check_keys(struct validation *validation, const struct schema_rules *rules,
	const struct json_value *map, const struct field_path *path)
{
	enum name_format format;

	for (uint32_t i = 0; i < map->length; i++) {
		const struct json_member *member = &map->members[i];
		struct json_value key = json_string(member->key);
		struct field_path child = field_path_key(path, member->key);

		if (rules->labels) {
			check_names(validation, NAME_FORMAT_QUALIFIED, member->key, "", &key, path);
			check_names(validation, NAME_FORMAT_LABEL_VALUE, json_text(&member->value),
				"", &member->value, path);
		} else if (name_format_find(rules->key_format, &format)) {
			check_names(validation, format, member->key, "", &key, &child);
		}
	}
}

static bool is_absent(const struct schema *schema, const struct json_value *value)
{
	return !value || value->type == JSON_NULL || schema_scalar_is_empty(schema, value) ||
	       (schema->kind == SCHEMA_STRUCT && json_count(value) == 0);
}

static bool is_changed(const struct json_value *value, const struct json_value *old)
{
	static const struct json_value nothing = {.type = JSON_NULL};

	return !json_equal(value ? value : &nothing, old ? old : &nothing);
}

/* The rules of the value itself; `value` may be NULL for an absent field. */
static __attribute__((noinline)) void check_rules(struct validation *validation,
	const struct schema *schema, const struct json_value *value, const struct json_value *old,
	bool is_update, const struct field_path *path)
{
	static const struct json_value nothing = {.type = JSON_NULL};
	const struct schema_rules *rules = schema->rules;

	if (rules->immutable && is_update && is_changed(value, old)) {
		validate_fail(validation, FIELD_ERROR_INVALID, path, value ? value : &nothing,
			"field is immutable");
		return;
	}
	if (rules->required_value && is_absent(schema, value)) {
		validate_fail(validation, FIELD_ERROR_REQUIRED, path, NULL, "%s", "");
		return;
	}
	if (!value)
		return;
	if (value->type == JSON_STRING) {
		check_string(validation, rules, value, path);
	} else if (value->type == JSON_INTEGER || value->type == JSON_DOUBLE) {
		check_number(validation, rules, value, path);
	} else if (value->type == JSON_ARRAY) {
		check_count(validation, value->length, rules->minimum_items, rules->maximum_items,
			path);
		if (rules->unique_items)
			validate_list_unique(validation, schema, value, path);
	} else if (value->type == JSON_OBJECT) {
		check_count(validation, value->length, rules->minimum_properties,
			rules->maximum_properties, path);
		if (schema->kind == SCHEMA_MAP)
			check_keys(validation, rules, value, path);
	}
}

static const struct json_value *find_old_item(struct validation *validation,
	const struct schema *schema, const struct json_value *old, const struct json_value *index,
	const struct json_value *item)
{
	if (index->length == 0)
		return NULL;

	struct str key = validate_list_map_key(validation->arena, schema, item);
	int64_t position = json_integer_or(json_find(index, key), -1);

	return position < 0 ? NULL : json_element(old, (size_t)position);
}

static void check_list(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct json_value *old, const struct field_path *path,
	unsigned depth)
{
	struct json_value index = json_object();

	for (uint32_t i = 0; schema->list_type == SCHEMA_LIST_MAP && i < json_count(old); i++)
		json_set(validation->arena, &index,
			validate_list_map_key(validation->arena, schema, json_element(old, i)),
			json_integer(i));
	for (uint32_t i = 0; i < value->length; i++) {
		struct field_path child = field_path_index(path, i);
		const struct json_value *item = &value->elements[i];
		const struct json_value *old_item =
			find_old_item(validation, schema, old, &index, item);

		if (schema->element->rules)
			check_rules(validation, schema->element, item, old_item, false, &child);
		validate_builtin(validation, schema->element, item, old_item, &child, depth + 1);
	}
}

static void check_map(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct json_value *old, const struct field_path *path,
	unsigned depth)
{
	for (uint32_t i = 0; i < value->length; i++) {
		const struct json_member *member = &value->members[i];
		struct field_path child = field_path_key(path, member->key);
		const struct json_value *old_value = json_find(old, member->key);

		if (schema->element->rules)
			check_rules(validation, schema->element, &member->value, old_value, false,
				&child);
		validate_builtin(
			validation, schema->element, &member->value, old_value, &child, depth + 1);
	}
}

static void check_struct(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct json_value *old, const struct field_path *path,
	unsigned depth)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *field = &schema->fields[i];
		struct field_path child = field_path_child(path, field->name);
		const struct json_value *found;
		const struct json_value *found_old;

		if (!field->schema->has_rules)
			continue;
		found = json_find(value, field->name);
		found_old = json_find(old, field->name);
		if (field->schema->rules)
			check_rules(
				validation, field->schema, found, found_old, old != NULL, &child);
		if (found)
			validate_builtin(
				validation, field->schema, found, found_old, &child, depth + 1);
	}
	if (schema->check_function && validation->errors)
		schema->check_function(value, old, path, validation->errors);
}

void validate_builtin(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct json_value *old, const struct field_path *path,
	unsigned depth)
{
	if (!schema->has_rules || !validate_step(validation, 1))
		return;
	if (depth > VALIDATE_DEPTH_MAXIMUM) {
		validate_fail(validation, FIELD_ERROR_FORBIDDEN, path, NULL,
			"must not be nested so deeply");
		return;
	}
	if (schema->kind == SCHEMA_STRUCT && value->type == JSON_OBJECT) {
		check_struct(validation, schema, value, old, path, depth);
	} else if (schema->kind == SCHEMA_MAP && value->type == JSON_OBJECT) {
		check_map(validation, schema, value, old, path, depth);
	} else if (schema->kind == SCHEMA_LIST && value->type == JSON_ARRAY) {
		check_list(validation, schema, value, old, path, depth);
	}
}
