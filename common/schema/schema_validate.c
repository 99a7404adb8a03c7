/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer.h"
#include "json_writer.h"
#include "schema_engine.h"
#include "schema_validate_private.h"

bool validate_step(struct validation *validation, uint64_t steps)
{
	uint64_t before = *validation->steps;

	*validation->steps = before + steps;
	if (*validation->steps <= VALIDATE_STEPS_MAXIMUM)
		return true;
	if (before <= VALIDATE_STEPS_MAXIMUM)
		validate_fail(validation, FIELD_ERROR_INTERNAL, NULL, NULL,
			"validation of the object takes too many steps");
	else
		validation->failures++;
	return false;
}

void validate_fail(struct validation *validation, enum field_error_type type,
	const struct field_path *path, const struct json_value *value, const char *format, ...)
{
	va_list arguments;

	validation->failures++;
	if (!validation->errors)
		return;
	va_start(arguments, format);

	struct str detail = arena_vprintf(validation->arena, format, arguments);

	va_end(arguments);
	field_errors_add(validation->errors, type, path, value, "%.*s", STR_ARG(detail));
}

void validate_fail_in_body(struct validation *validation, enum field_error_type type,
	const struct field_path *path, const struct json_value *value, const char *format, ...)
{
	va_list arguments;

	validation->failures++;
	if (!validation->errors)
		return;
	va_start(arguments, format);

	struct str detail = arena_vprintf(validation->arena, format, arguments);
	struct str field = field_path_format(validation->arena, path);

	va_end(arguments);
	field_errors_add(validation->errors, type, path, value, "%.*s in body %.*s", STR_ARG(field),
		STR_ARG(detail));
}

void validate_fail_unsupported(struct validation *validation, const struct field_path *path,
	const struct json_value *value, const struct schema_rules *rules)
{
	struct str *supported;

	validation->failures++;
	if (!validation->errors)
		return;
	supported = ARENA_ARRAY(validation->arena, struct str, rules->enum_count);
	for (uint32_t i = 0; i < rules->enum_count; i++)
		supported[i] = rules->enum_values[i].type == JSON_STRING
				       ? json_text(&rules->enum_values[i])
				       : json_to_str(validation->arena, &rules->enum_values[i]);
	field_errors_add_unsupported(validation->errors, path, value, supported, rules->enum_count);
}

int64_t validate_character_count(struct str text)
{
	int64_t count = 0;

	for (size_t i = 0; i < text.length; i++)
		count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	return count;
}

struct str validate_list_map_key(
	struct arena *arena, const struct schema *schema, const struct json_value *item)
{
	struct buffer text = {0};

	for (size_t i = 0; i < schema->map_key_count; i++) {
		const struct json_value *key = json_find(item, schema->map_keys[i]);

		if (key)
			json_write(&text, key);
		buffer_append_byte(&text, '\n');
	}

	struct str copy = arena_copy(arena, buffer_str(&text));

	buffer_fini(&text);
	return copy;
}

static struct json_value duplicate_value(
	struct arena *arena, const struct schema *schema, const struct json_value *item)
{
	struct json_value keys = json_object();

	if (schema->list_type != SCHEMA_LIST_MAP)
		return *item;
	for (size_t i = 0; i < schema->map_key_count; i++) {
		const struct json_value *key = json_find(item, schema->map_keys[i]);

		if (key)
			json_append_member(arena, &keys, schema->map_keys[i], *key);
	}
	return keys;
}

/* Each value that occurs more than once is reported at its second occurrence. */
void validate_list_unique(struct validation *validation, const struct schema *schema,
	const struct json_value *list, const struct field_path *path)
{
	struct json_value seen = json_object();

	if (list->length < 2)
		return;
	for (uint32_t i = 0; i < list->length; i++) {
		const struct json_value *item = &list->elements[i];
		struct str text = schema->list_type == SCHEMA_LIST_MAP
					  ? validate_list_map_key(validation->arena, schema, item)
					  : json_to_str(validation->arena, item);
		struct json_value *times = json_find(&seen, text);

		if (!times) {
			json_append_member(validation->arena, &seen, text, json_integer(1));
			continue;
		}
		if (times->integer++ > 1)
			continue;

		struct field_path item_path = field_path_index(path, i);
		struct json_value value = duplicate_value(validation->arena, schema, item);

		validate_fail(validation, FIELD_ERROR_DUPLICATE, &item_path, &value, "%s", "");
	}
}

/* Most updates are valid without regard to the old object: it is compared only when they are not.
 */
static void validate_custom_root(struct field_errors *errors, const struct schema *schema,
	const struct json_value *object, const struct json_value *old,
	const struct field_path *path)
{
	uint64_t steps = 0;
	struct validation validation = {.arena = errors->arena, .steps = &steps};

	if (old) {
		validate_custom(&validation, schema, object, NULL, path, 0);
		if (validation.failures == 0)
			return;
		steps = 0;
	}
	validation.errors = errors;
	validate_custom(&validation, schema, object, old, path, 0);
}

void schema_validate(const struct schema *schema, const struct json_value *object,
	const struct json_value *old, const struct field_path *path, struct field_errors *errors)
{
	uint64_t steps = 0;
	struct validation validation = {.arena = errors->arena, .errors = errors, .steps = &steps};

	if (schema->flags & SCHEMA_CUSTOM)
		validate_custom_root(errors, schema, object, old, path);
	else
		validate_builtin(&validation, schema, object, old, path, 0);
}
