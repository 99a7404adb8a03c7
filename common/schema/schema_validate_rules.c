/* SPDX-License-Identifier: Apache-2.0 */
#include "go_format.h"
#include "regex.h"
#include "schema_format.h"
#include "schema_validate_private.h"

#include <math.h>

/* The rules that a custom value keeps or breaks by itself, and the logical junctors over them. */

#define BYTES_PER_STEP 64 /* of text that a pattern runs over */

static struct str number_text(struct arena *arena, double number)
{
	struct buffer out = {0};

	go_format_double(&out, number);

	struct str text = arena_copy(arena, buffer_str(&out));

	buffer_fini(&out);
	return text;
}

/* A bound beside an integer is printed as one. */
static struct str bound_text(struct arena *arena, const struct json_value *value, double bound)
{
	if (value->type == JSON_INTEGER && fabs(bound) < 0x1p63)
		return arena_printf(arena, "%lld", (long long)bound);
	return number_text(arena, bound);
}

static int compare_number(const struct json_value *value, double bound)
{
	if (value->type == JSON_INTEGER && fabs(bound) < 0x1p63 && bound == trunc(bound))
		return (value->integer > (int64_t)bound) - (value->integer < (int64_t)bound);

	double number = value->type == JSON_INTEGER ? (double)value->integer : value->number;

	return (number > bound) - (number < bound);
}

static bool is_multiple(const struct json_value *value, double factor)
{
	if (value->type == JSON_INTEGER && factor == trunc(factor) && fabs(factor) < 0x1p63)
		return value->integer % (int64_t)factor == 0;

	double number = value->type == JSON_INTEGER ? (double)value->integer : value->number;
	double quotient = factor < 1 ? number * (1 / factor) : number / factor;

	return quotient == trunc(quotient);
}

/* Upstream gives errors that are not about one field no field: it prints "<nil>". */
static void plain_error(struct validation *validation, struct str text)
{
	static const struct field_path nowhere = {.name = STR_INIT("<nil>"), .index = -1};
	struct json_value empty = json_string(STR(""));

	field_errors_add(
		validation->errors, FIELD_ERROR_INVALID, &nowhere, &empty, "%.*s", STR_ARG(text));
}

static void check_range(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct field_path *path)
{
	if (schema->kind != SCHEMA_INTEGER || schema->bits != 32 || value->type != JSON_INTEGER)
		return;
	if (value->integer >= INT32_MIN && value->integer <= INT32_MAX)
		return;
	validation->failures++;
	if (validation->errors)
		plain_error(validation,
			arena_printf(validation->arena,
				"Checked value must be of type integer with format int32 in %.*s",
				STR_ARG(field_path_format(validation->arena, path))));
}

static void check_bounds(struct validation *validation, const struct schema_rules *rules,
	const struct json_value *value, const struct field_path *path)
{
	struct arena *arena = validation->arena;

	if (rules->has_multiple_of && !is_multiple(value, rules->multiple_of))
		validate_fail_in_body(validation, FIELD_ERROR_INVALID, path, value,
			"should be a multiple of %.*s",
			STR_ARG(bound_text(arena, value, rules->multiple_of)));
	if (rules->has_minimum) {
		int order = compare_number(value, rules->minimum);

		if (order < 0 || (order == 0 && rules->exclusive_minimum))
			validate_fail_in_body(validation, FIELD_ERROR_INVALID, path, value,
				"should be greater than %s%.*s",
				rules->exclusive_minimum ? "" : "or equal to ",
				STR_ARG(bound_text(arena, value, rules->minimum)));
	}
	if (rules->has_maximum) {
		int order = compare_number(value, rules->maximum);

		if (order > 0 || (order == 0 && rules->exclusive_maximum))
			validate_fail_in_body(validation, FIELD_ERROR_INVALID, path, value,
				"should be less than %s%.*s",
				rules->exclusive_maximum ? "" : "or equal to ",
				STR_ARG(bound_text(arena, value, rules->maximum)));
	}
}

/* Of length and pattern the first that fails is reported. */
static void check_text(struct validation *validation, const struct schema_rules *rules,
	const struct json_value *value, const struct field_path *path)
{
	struct str text = json_text(value);
	int64_t length = 0;

	if (rules->minimum_length >= 0 || rules->maximum_length >= 0)
		length = validate_character_count(text);
	if (rules->maximum_length >= 0 && length > rules->maximum_length) {
		validate_fail(validation, FIELD_ERROR_TOO_LONG, path, NULL,
			"may not be more than %lld %s", (long long)rules->maximum_length,
			rules->maximum_length == 1 ? "byte" : "bytes");
		return;
	}
	if (rules->minimum_length >= 0 && length < rules->minimum_length) {
		validate_fail_in_body(validation, FIELD_ERROR_INVALID, path, value,
			"should be at least %lld chars long", (long long)rules->minimum_length);
		return;
	}
	if (rules->pattern.length == 0 || !rules->compiled_pattern)
		return;
	if (validate_step(validation, 1 + text.length / BYTES_PER_STEP) &&
		!regex_matches(rules->compiled_pattern, text))
		validate_fail_in_body(validation, FIELD_ERROR_INVALID, path, value,
			"should match '%.*s'", STR_ARG(rules->pattern));
}

static void check_format(struct validation *validation, const struct schema_rules *rules,
	const struct json_value *value, const struct field_path *path)
{
	if (rules->format.length == 0 || schema_format_matches(rules->format, json_text(value)))
		return;
	validate_fail_in_body(validation, FIELD_ERROR_TYPE_INVALID, path, value,
		"must be of type %.*s: %.*s", STR_ARG(rules->format),
		STR_ARG(go_quoted(validation->arena, str_slice(json_text(value), 0, 1024))));
}

static void check_count(struct validation *validation, size_t count, int64_t minimum,
	int64_t maximum, const char *unit, const struct field_path *path)
{
	struct json_value shown = json_integer((int64_t)count);

	if (minimum >= 0 && (int64_t)count < minimum)
		validate_fail_in_body(validation, FIELD_ERROR_INVALID, path, &shown,
			"should have at least %lld %s", (long long)minimum, unit);
	if (maximum >= 0 && (int64_t)count > maximum)
		validate_fail(validation, FIELD_ERROR_TOO_MANY, path, &shown,
			"must have at most %lld %s", (long long)maximum,
			maximum == 1 ? "item" : "items");
}

void validate_custom_rules(struct validation *validation, const struct schema *schema,
	const struct json_value *value, const struct field_path *path)
{
	const struct schema_rules *rules = schema->rules;
	size_t failures = validation->failures;

	switch (value->type) {
	case JSON_INTEGER:
	case JSON_DOUBLE:
		check_range(validation, schema, value, path);
		check_bounds(validation, rules, value, path);
		break;
	case JSON_STRING:
		check_text(validation, rules, value, path);
		check_format(validation, rules, value, path);
		break;
	case JSON_ARRAY:
		check_count(validation, value->length, rules->minimum_items, rules->maximum_items,
			"items", path);
		break;
	case JSON_OBJECT:
		check_count(validation, value->length, rules->minimum_properties,
			rules->maximum_properties, "properties", path);
		break;
	default:
		break;
	}
	validation->matches += validation->failures == failures;
}

void validate_custom_enum(struct validation *validation, const struct schema_rules *rules,
	const struct json_value *value, const struct field_path *path)
{
	if (rules->enum_count == 0)
		return;
	if (!validate_step(validation, rules->enum_count / 8))
		return;
	for (uint32_t i = 0; i < rules->enum_count; i++) {
		if (json_equal(value, &rules->enum_values[i])) {
			validation->matches++;
			return;
		}
	}
	validate_fail_unsupported(validation, path, value, rules);
}

struct branches {
	size_t valid;
	const struct schema
		*best; /* the failed one with most matches; NULL: there is a valid one */
	size_t best_matches;
};

/* Only counts, so that the errors of branches nobody will see are never written. */
static struct branches try_branches(struct validation *validation,
	const struct schema *const *schemas, uint32_t count, bool stop_at_first,
	const struct json_value *value, const struct field_path *path, unsigned depth)
{
	struct branches result = {0};

	for (uint32_t i = 0; i < count; i++) {
		struct validation trial = {.arena = validation->arena, .steps = validation->steps};

		validate_custom(&trial, schemas[i], value, NULL, path, depth + 1);
		if (trial.failures == 0) {
			result.valid++;
			result.best = NULL;
			result.best_matches = trial.matches;
			if (stop_at_first)
				break;
		} else if (result.valid == 0 &&
			   (!result.best || trial.matches > result.best_matches)) {
			result.best = schemas[i];
			result.best_matches = trial.matches;
		}
	}
	return result;
}

static void junctor_error(struct validation *validation, const struct field_path *path,
	const char *message, struct str detail)
{
	validation->failures++;
	if (!validation->errors)
		return;

	struct str field = go_quoted(validation->arena, field_path_format(validation->arena, path));

	plain_error(validation, arena_printf(validation->arena, "%.*s %s%.*s", STR_ARG(field),
					message, STR_ARG(detail)));
}

static void report_branch(struct validation *validation, const struct branches *branches,
	const struct json_value *value, const struct field_path *path, unsigned depth)
{
	if (branches->best && validation->errors)
		validate_custom(validation, branches->best, value, NULL, path, depth + 1);
	else
		validation->matches += branches->best_matches;
}

static void check_any_of(struct validation *validation, const struct schema_rules *rules,
	const struct json_value *value, const struct field_path *path, unsigned depth)
{
	struct branches branches = try_branches(
		validation, rules->any_of, rules->any_of_count, true, value, path, depth);

	if (branches.valid == 0)
		junctor_error(
			validation, path, "must validate at least one schema (anyOf)", STR_EMPTY);
	report_branch(validation, &branches, value, path, depth);
}

static void check_one_of(struct validation *validation, const struct schema_rules *rules,
	const struct json_value *value, const struct field_path *path, unsigned depth)
{
	struct branches branches = try_branches(
		validation, rules->one_of, rules->one_of_count, false, value, path, depth);

	if (branches.valid != 1)
		junctor_error(validation, path, "must validate one and only one schema (oneOf). ",
			branches.valid == 0
				? STR("Found none valid")
				: arena_printf(validation->arena, "Found %zu valid alternatives",
					  branches.valid));
	report_branch(validation, &branches, value, path, depth);
}

static void check_all_of(struct validation *validation, const struct schema_rules *rules,
	const struct json_value *value, const struct field_path *path, unsigned depth)
{
	size_t valid = 0;

	for (uint32_t i = 0; i < rules->all_of_count; i++) {
		size_t failures = validation->failures;

		validate_custom(validation, rules->all_of[i], value, NULL, path, depth + 1);
		valid += validation->failures == failures;
	}
	if (valid < rules->all_of_count)
		junctor_error(validation, path, "must validate all the schemas (allOf)",
			valid == 0 ? STR(". None validated") : STR_EMPTY);
}

void validate_custom_junctors(struct validation *validation, const struct schema_rules *rules,
	const struct json_value *value, const struct field_path *path, unsigned depth)
{
	if (rules->any_of_count > 0)
		check_any_of(validation, rules, value, path, depth);
	if (rules->one_of_count > 0)
		check_one_of(validation, rules, value, path, depth);
	if (rules->all_of_count > 0)
		check_all_of(validation, rules, value, path, depth);
	if (rules->not_schema) {
		struct validation trial = {.arena = validation->arena, .steps = validation->steps};

		validate_custom(&trial, rules->not_schema, value, NULL, path, depth + 1);
		if (trial.failures == 0)
			junctor_error(
				validation, path, "must not validate the schema (not)", STR_EMPTY);
	}
}
