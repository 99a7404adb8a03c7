/* SPDX-License-Identifier: Apache-2.0 */
#include "schema_scalar.h"

#include "assertion.h"
#include "base64_text.h"
#include "clock.h"
#include "go_format.h"
#include "quantity.h"

#define ZERO_DEPTH_MAXIMUM 32 /* structs within structs by value, a property of the tables */

struct str schema_number_text(struct arena *arena, const struct json_value *value)
{
	struct buffer out = {0};

	if (value->type == JSON_INTEGER)
		return arena_printf(arena, "%lld", (long long)value->integer);
	go_format_double(&out, value->number);

	struct str text = arena_copy(arena, buffer_str(&out));

	buffer_fini(&out);
	return text;
}

const char *schema_go_value_kind(const struct json_value *value)
{
	static const char *const kinds[] = {
		[JSON_NULL] = "null",
		[JSON_BOOL] = "bool",
		[JSON_INTEGER] = "number",
		[JSON_DOUBLE] = "number",
		[JSON_STRING] = "string",
		[JSON_ARRAY] = "array",
		[JSON_OBJECT] = "object",
	};

	return kinds[value->type];
}

/* "io.k8s.api.core.v1.Pod" -> "v1.Pod" */
static struct str short_name(struct str name)
{
	size_t dots = 0;

	for (size_t i = name.length; i > 0; i--)
		if (name.data[i - 1] == '.' && ++dots == 2)
			return str_skip(name, i);
	return name;
}

struct str schema_go_type(struct arena *arena, const struct schema *schema)
{
	struct buffer out = {0};

	for (; schema->kind == SCHEMA_LIST || schema->kind == SCHEMA_MAP; schema = schema->element)
		buffer_append(&out, schema->kind == SCHEMA_LIST ? STR("[]") : STR("map[string]"));
	switch (schema->kind) {
	case SCHEMA_STRUCT:
		buffer_append(&out, short_name(schema->name));
		break;
	case SCHEMA_BYTES:
		buffer_append(&out, STR("[]uint8"));
		break;
	case SCHEMA_INTEGER:
		buffer_printf(&out, "int%d", schema->bits == 64 ? 64 : 32);
		break;
	case SCHEMA_NUMBER:
		buffer_append(&out, STR("float64"));
		break;
	case SCHEMA_BOOLEAN:
		buffer_append(&out, STR("bool"));
		break;
	case SCHEMA_INT_OR_STRING:
		buffer_append(&out, STR("intstr.IntOrString"));
		break;
	case SCHEMA_QUANTITY:
		buffer_append(&out, STR("resource.Quantity"));
		break;
	default:
		buffer_append(&out, STR("string"));
		break;
	}

	struct str text = arena_copy(arena, buffer_str(&out));

	buffer_fini(&out);
	return text;
}

static enum schema_scalar_result decode_integer(
	const struct schema *schema, const struct json_value *input, struct json_value *ret)
{
	if (input->type == JSON_DOUBLE)
		return SCHEMA_SCALAR_WRONG_VALUE;
	if (input->type != JSON_INTEGER)
		return SCHEMA_SCALAR_WRONG_TYPE;
	if (schema->bits != 64 && (input->integer > INT32_MAX || input->integer < INT32_MIN))
		return SCHEMA_SCALAR_WRONG_VALUE;
	*ret = *input;
	return SCHEMA_SCALAR_OK;
}

/* intstr's own decoder: the message has no field. */
static enum schema_scalar_result decode_int_or_string(struct arena *arena,
	const struct json_value *input, struct json_value *ret, struct error *err)
{
	static const struct schema integer = {.kind = SCHEMA_INTEGER, .bits = 32};
	struct str number = STR_EMPTY;

	*ret = *input;
	if (input->type == JSON_STRING || decode_integer(&integer, input, ret) == SCHEMA_SCALAR_OK)
		return SCHEMA_SCALAR_OK;
	if (input->type == JSON_INTEGER || input->type == JSON_DOUBLE)
		number = arena_printf(arena, " %.*s", STR_ARG(schema_number_text(arena, input)));
	error_set(err, ERROR_BAD_REQUEST,
		"json: cannot unmarshal %s%.*s into Go value of type int32",
		schema_go_value_kind(input), STR_ARG(number));
	return SCHEMA_SCALAR_MALFORMED;
}

static enum schema_scalar_result decode_quantity(struct arena *arena,
	const struct json_value *input, bool milli, struct json_value *ret, struct error *err)
{
	const char *reason = NULL;
	struct str text = json_text(input);
	struct str canonical;

	if (input->type == JSON_INTEGER || input->type == JSON_DOUBLE)
		text = schema_number_text(arena, input);
	else if (input->type != JSON_STRING)
		text = STR("{}"); /* malformed for the same reason */
	if (!quantity_canonicalise_rounded(arena, text,
		    milli ? QUANTITY_SCALE_MILLI : QUANTITY_SCALE_NANO, &canonical, &reason)) {
		error_set(err, ERROR_BAD_REQUEST, "%s", reason);
		return SCHEMA_SCALAR_MALFORMED;
	}
	*ret = json_string(canonical);
	return SCHEMA_SCALAR_OK;
}

static bool has_six_digit_fraction(struct str text)
{
	size_t dot = str_find_byte(text, '.');
	size_t end = dot + 1;

	while (end < text.length && text.data[end] >= '0' && text.data[end] <= '9')
		end++;
	return dot < text.length && end == dot + 7;
}

static enum schema_scalar_result decode_time(struct arena *arena, const struct json_value *input,
	bool micro, struct json_value *ret, struct error *err)
{
	struct str text = json_text(input);
	char canonical[CLOCK_RFC3339_BYTES];
	int64_t seconds;
	uint32_t nanoseconds;
	size_t length;

	if (input->type != JSON_STRING) {
		error_set(err, ERROR_BAD_REQUEST,
			"json: cannot unmarshal %s into Go value of type string",
			schema_go_value_kind(input));
		return SCHEMA_SCALAR_MALFORMED;
	}
	if (!clock_parse_rfc3339(text, &seconds, &nanoseconds) ||
		(micro && !has_six_digit_fraction(text))) {
		struct str shown = go_quoted(arena, str_slice(text, 0, 100));

		error_set(err, ERROR_BAD_REQUEST,
			"parsing time %.*s as \"2006-01-02T15:04:05%sZ07:00\": cannot parse %.*s "
			"as \"2006\"",
			STR_ARG(shown), micro ? ".000000" : "", STR_ARG(shown));
		return SCHEMA_SCALAR_MALFORMED;
	}
	length = micro ? clock_format_rfc3339_micro(seconds, nanoseconds / 1000, canonical)
		       : clock_format_rfc3339(seconds, canonical);
	if (!str_equal(text, str_from(canonical, length)))
		text = arena_copy(arena, str_from(canonical, length));
	*ret = json_string(text);
	return SCHEMA_SCALAR_OK;
}

static enum schema_scalar_result decode_duration(struct arena *arena,
	const struct json_value *input, struct json_value *ret, struct error *err)
{
	struct str text = json_text(input);
	int64_t duration_ns;

	if (input->type != JSON_STRING) {
		error_set(err, ERROR_BAD_REQUEST,
			"json: cannot unmarshal %s into Go value of type string",
			schema_go_value_kind(input));
		return SCHEMA_SCALAR_MALFORMED;
	}
	if (!clock_parse_duration(text, &duration_ns)) {
		error_set(err, ERROR_BAD_REQUEST, "time: invalid duration %.*s",
			STR_ARG(go_quoted(arena, str_slice(text, 0, 100))));
		return SCHEMA_SCALAR_MALFORMED;
	}
	*ret = json_string(clock_format_duration(arena, duration_ns));
	return SCHEMA_SCALAR_OK;
}

static enum schema_scalar_result decode_bytes(struct arena *arena, const struct json_value *input,
	struct json_value *ret, struct error *err)
{
	struct str canonical;
	size_t offset;

	if (input->type != JSON_STRING)
		return SCHEMA_SCALAR_WRONG_TYPE;
	if (!base64_text_canonicalise(arena, json_text(input), &canonical, &offset)) {
		error_set(err, ERROR_BAD_REQUEST, "illegal base64 data at input byte %zu", offset);
		return SCHEMA_SCALAR_MALFORMED;
	}
	*ret = json_string(canonical);
	return SCHEMA_SCALAR_OK;
}

enum schema_scalar_result schema_scalar_decode(struct arena *arena, const struct schema *schema,
	const struct json_value *input, bool milli, struct json_value *ret, struct error *err)
{
	bool fits = true;

	switch (schema->kind) {
	case SCHEMA_STRING:
		fits = input->type == JSON_STRING;
		break;
	case SCHEMA_BOOLEAN:
		fits = input->type == JSON_BOOL;
		break;
	case SCHEMA_NUMBER:
		fits = input->type == JSON_INTEGER || input->type == JSON_DOUBLE;
		break;
	case SCHEMA_INTEGER:
		return decode_integer(schema, input, ret);
	case SCHEMA_BYTES:
		return decode_bytes(arena, input, ret, err);
	case SCHEMA_INT_OR_STRING:
		return decode_int_or_string(arena, input, ret, err);
	case SCHEMA_QUANTITY:
		return decode_quantity(arena, input, milli, ret, err);
	case SCHEMA_TIME:
		return decode_time(arena, input, false, ret, err);
	case SCHEMA_MICRO_TIME:
		return decode_time(arena, input, true, ret, err);
	case SCHEMA_DURATION:
		return decode_duration(arena, input, ret, err);
	case SCHEMA_STRUCT:
	case SCHEMA_MAP:
	case SCHEMA_LIST:
	case SCHEMA_ANY:
		break;
	}
	if (!fits)
		return SCHEMA_SCALAR_WRONG_TYPE;
	*ret = *input;
	return SCHEMA_SCALAR_OK;
}

bool schema_scalar_is_empty(const struct schema *schema, const struct json_value *value)
{
	switch (schema->kind) {
	case SCHEMA_STRING:
	case SCHEMA_BYTES:
		return value->type == JSON_STRING && value->length == 0;
	case SCHEMA_INTEGER:
	case SCHEMA_NUMBER:
		return (value->type == JSON_INTEGER && value->integer == 0) ||
		       (value->type == JSON_DOUBLE && value->number == 0);
	case SCHEMA_BOOLEAN:
		return value->type == JSON_BOOL && !value->boolean;
	case SCHEMA_LIST:
		return value->type == JSON_ARRAY && value->length == 0;
	case SCHEMA_MAP:
		return value->type == JSON_OBJECT && value->length == 0;
	default: /* structs to Go: omitempty does not apply */
		return false;
	}
}

static struct json_value zero_value(
	struct arena *arena, const struct schema *schema, unsigned depth);

static struct json_value zero_struct(
	struct arena *arena, const struct schema *schema, unsigned depth)
{
	struct json_value object = json_object();

	ASSERT(depth < ZERO_DEPTH_MAXIMUM);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *field = &schema->fields[i];

		if (!(field->flags & FIELD_EMIT_EMPTY))
			continue;
		json_append_member(arena, &object, field->name,
			field->flags & FIELD_POINTER ? json_null()
						     : zero_value(arena, field->schema, depth));
	}
	return object;
}

static struct json_value zero_value(
	struct arena *arena, const struct schema *schema, unsigned depth)
{
	switch (schema->kind) {
	case SCHEMA_STRUCT:
		return zero_struct(arena, schema, depth + 1);
	case SCHEMA_STRING:
		return json_string(STR(""));
	case SCHEMA_INTEGER:
	case SCHEMA_NUMBER:
	case SCHEMA_INT_OR_STRING:
		return json_integer(0);
	case SCHEMA_BOOLEAN:
		return json_bool(false);
	case SCHEMA_QUANTITY:
		return json_string(STR("0"));
	case SCHEMA_DURATION:
		return json_string(STR("0s"));
	default: /* nil slices, maps and bytes, zero times */
		return json_null();
	}
}

struct json_value schema_zero_value(struct arena *arena, const struct schema *schema)
{
	return zero_value(arena, schema, 0);
}
