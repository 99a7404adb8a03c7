/* SPDX-License-Identifier: Apache-2.0 */
#include "field_error.h"

#include <stdio.h>

#include "go_format.h"
#include "json_writer.h"

#define ERRORS_MAXIMUM 1000
#define VALUE_MAXIMUM  1024              /* bytes of a value or name quoted in a message */
#define TEXT_MAXIMUM   (4 * 1024 * 1024) /* bytes of all messages and paths */

static const struct {
	const char *title;
	const char *reason;
	bool has_value;
} types[] = {
	[FIELD_ERROR_REQUIRED] = {"Required value", "FieldValueRequired", false},
	[FIELD_ERROR_INVALID] = {"Invalid value", "FieldValueInvalid", true},
	[FIELD_ERROR_TYPE_INVALID] = {"Invalid value", "FieldValueTypeInvalid", true},
	[FIELD_ERROR_NOT_SUPPORTED] = {"Unsupported value", "FieldValueNotSupported", true},
	[FIELD_ERROR_DUPLICATE] = {"Duplicate value", "FieldValueDuplicate", true},
	[FIELD_ERROR_NOT_FOUND] = {"Not found", "FieldValueNotFound", true},
	[FIELD_ERROR_FORBIDDEN] = {"Forbidden", "FieldValueForbidden", false},
	[FIELD_ERROR_TOO_LONG] = {"Too long", "FieldValueTooLong", false},
	[FIELD_ERROR_TOO_SHORT] = {"Too short", "FieldValueTooShort", false},
	[FIELD_ERROR_TOO_MANY] = {"Too many", "FieldValueTooMany", true},
	[FIELD_ERROR_TOO_FEW] = {"Too few", "FieldValueTooFew", true},
	[FIELD_ERROR_INTERNAL] = {"Internal error", "InternalError", false},
};

static size_t format_node(const struct field_path *path, char *text, size_t capacity)
{
	struct str name = str_slice(path->name, 0, VALUE_MAXIMUM);
	int length;

	if (path->is_key)
		length = snprintf(text, capacity, "[%.*s]", STR_ARG(name));
	else if (path->index >= 0)
		length = snprintf(text, capacity, "[%lld]", (long long)path->index);
	else
		length = snprintf(text, capacity, "%s%.*s", path->parent ? "." : "", STR_ARG(name));
	return (size_t)length;
}

struct str field_path_format(struct arena *arena, const struct field_path *path)
{
	size_t length = 0;

	for (const struct field_path *node = path; node; node = node->parent)
		length += format_node(node, NULL, 0);

	char *text = arena_allocate_text(arena, length + 1);
	size_t end = length;

	text[length] = '\0';
	for (const struct field_path *node = path; node; node = node->parent) {
		size_t node_length = format_node(node, NULL, 0);
		char kept = text[end]; /* snprintf ends with a NUL, where the next node begins */

		end -= node_length;
		format_node(node, text + end, node_length + 1);
		text[end + node_length] = kept;
	}
	return str_from(text, length);
}

static void append(
	struct field_errors *errors, enum field_error_type type, struct str field, struct str body)
{
	struct field_error *error = ARENA_NEW(errors->arena, struct field_error);

	error->type = type;
	error->field = field;
	error->body = body;
	if (!errors->end)
		errors->end = &errors->first;
	*errors->end = error;
	errors->end = &error->next;
	errors->count++;
	errors->text_bytes += field.length + body.length;
}

static bool is_full(const struct field_errors *errors)
{
	return errors->count >= ERRORS_MAXIMUM || errors->text_bytes >= TEXT_MAXIMUM;
}

static void write_value(struct buffer *out, const struct json_value *value)
{
	if (value->type == JSON_STRING)
		go_quote(out, str_slice(json_text(value), 0, VALUE_MAXIMUM));
	else if (value->type == JSON_DOUBLE)
		go_format_double(out, value->number);
	else
		go_write_bounded(out, value, VALUE_MAXIMUM);
}

static void add_body(struct field_errors *errors, enum field_error_type type,
	const struct field_path *path, const struct json_value *value, struct str detail)
{
	struct buffer body = {0};

	buffer_append(&body, str_from_c(types[type].title));
	if (value && types[type].has_value) {
		buffer_append(&body, STR(": "));
		write_value(&body, value);
	}
	if (detail.length > 0) {
		buffer_append(&body, STR(": "));
		buffer_append(&body, detail);
	}
	append(errors, type, field_path_format(errors->arena, path),
		arena_copy(errors->arena, buffer_str(&body)));
	buffer_fini(&body);
}

void field_errors_add(struct field_errors *errors, enum field_error_type type,
	const struct field_path *path, const struct json_value *value, const char *format, ...)
{
	va_list arguments;

	if (is_full(errors))
		return;
	va_start(arguments, format);
	add_body(errors, type, path, value, arena_vprintf(errors->arena, format, arguments));
	va_end(arguments);
}

void field_errors_add_unsupported(struct field_errors *errors, const struct field_path *path,
	const struct json_value *value, const struct str *supported, size_t supported_count)
{
	struct buffer detail = {0};

	if (is_full(errors))
		return;
	for (size_t i = 0; i < supported_count; i++) {
		buffer_append(&detail, i == 0 ? STR("supported values: ") : STR(", "));
		go_quote(&detail, supported[i]);
	}
	add_body(errors, FIELD_ERROR_NOT_SUPPORTED, path, value, buffer_str(&detail));
	buffer_fini(&detail);
}

static bool is_repeated(const struct field_error *first, const struct field_error *error)
{
	for (; first != error; first = first->next)
		if (str_equal(first->body, error->body) && str_equal(first->field, error->field))
			return true;
	return false;
}

/* One error bare, several in brackets; each text once. */
static void write_aggregate(struct buffer *out, const struct field_errors *errors)
{
	size_t written = 0;
	size_t start = out->length;

	for (const struct field_error *error = errors->first; error; error = error->next) {
		if (is_repeated(errors->first, error))
			continue;
		buffer_append(out, written++ == 0 ? STR("[") : STR(", "));
		buffer_append(out, error->field);
		buffer_append(out, STR(": "));
		buffer_append(out, error->body);
	}
	if (written > 1) {
		buffer_append_byte(out, ']');
	} else if (written == 1) {
		memmove(out->data + start, out->data + start + 1, out->length - start - 1);
		out->length--;
	}
}

int field_errors_to_error(const struct field_errors *errors, struct str group, struct str kind,
	struct str name, struct error *err)
{
	struct buffer message = {0};

	if (errors->count == 0)
		return 0;
	name = str_slice(name, 0, VALUE_MAXIMUM);
	buffer_append(&message, kind);
	if (group.length > 0) {
		buffer_append_byte(&message, '.');
		buffer_append(&message, group);
	}
	buffer_append_byte(&message, ' ');
	go_quote(&message, name);
	buffer_append(&message, STR(" is invalid: "));
	write_aggregate(&message, errors);
	error_set(err, ERROR_INVALID, "%.*s", STR_ARG(buffer_str(&message)));
	buffer_fini(&message);
	if (!err)
		return ERROR_RETURN;
	err->kind = kind;
	err->group = group;
	err->name = name;
	for (const struct field_error *error = errors->first; error; error = error->next)
		error_add_cause(
			err, str_from_c(types[error->type].reason), error->body, error->field);
	return ERROR_RETURN;
}
