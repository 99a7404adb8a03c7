/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_schema.h"

#include "api_meta.h"
#include "schema_compile.h"

/* The names by which upstream's message lists what may stand at the root beside a status. */
#define ROOT_FIELDS                                                                                \
	"[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum "        \
	"MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items "     \
	"Properties ExternalDocs Example XPreserveUnknownFields XValidations]"

static const char *const root_keywords[] = {"description", "type", "format", "title", "maximum",
	"exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern",
	"maxItems", "minItems", "uniqueItems", "multipleOf", "required", "items", "properties",
	"externalDocs", "example", "x-kubernetes-preserve-unknown-fields",
	"x-kubernetes-validations"};

static bool may_stand_at_root(struct str keyword)
{
	for (size_t i = 0; i < sizeof(root_keywords) / sizeof(root_keywords[0]); i++) {
		if (str_equal_c(keyword, root_keywords[i]))
			return true;
	}
	return false;
}

static void check_root(
	const struct json_value *schema, const struct field_path *path, struct field_errors *errors)
{
	const struct json_value *type = json_find(schema, STR("type"));
	struct field_path type_field = field_path_child(path, STR("type"));

	if (type && !str_equal(json_text(type), STR("object")))
		field_errors_add(errors, FIELD_ERROR_INVALID, &type_field, type,
			"only \"object\" is allowed as the type at the root of the schema if the "
			"status subresource is enabled");
	for (size_t i = 0; schema->type == JSON_OBJECT && i < schema->length; i++) {
		if (may_stand_at_root(schema->members[i].key))
			continue;
		field_errors_add(errors, FIELD_ERROR_INVALID, path, schema,
			"only " ROOT_FIELDS " fields are allowed at the root of the schema if the "
			"status subresource is enabled");
		return;
	}
}

void ext_schema_validate(const struct json_value *schema, bool has_status,
	const struct field_path *path, struct field_errors *errors)
{
	struct arena *arena = arena_create(0);
	struct field_path nullable_field = field_path_child(path, STR("nullable"));
	const struct schema *compiled;

	if (has_status)
		check_root(schema, path, errors);
	if (json_bool_or(json_find(schema, STR("nullable")), false))
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &nullable_field, NULL,
			"nullable cannot be true at the root");
	/* What is wrong is all that is wanted here: errors has the outcome too. */
	(void)!schema_compile_structural(
		arena, schema, &schema_meta_v1_ObjectMeta, errors, path, &compiled);
	arena_destroy(&arena);
}

int ext_schema_compile(struct arena *arena, const struct json_value *schema,
	const struct schema **ret, struct error *err)
{
	struct field_errors errors = {.arena = err->arena};

	if (schema_compile_structural(
		    arena, schema, &schema_meta_v1_ObjectMeta, &errors, NULL, ret) == 0)
		return 0;
	return error_set(err, ERROR_INVALID, "%.*s: %.*s", STR_ARG(errors.first->field),
		STR_ARG(errors.first->body));
}

/* ---- Paths ---- */

/* The next name of ".a.b" or "['a.b']"; false when malformed. */
static bool take_name(struct str *rest, struct str *ret)
{
	if (str_starts_with(*rest, STR("['"))) {
		size_t end = str_find(*rest, STR("']"));

		if (end == rest->length || end == 2)
			return false;
		*ret = str_slice(*rest, 2, end - 2);
		*rest = str_skip(*rest, end + 2);
		return true;
	}
	if (!str_starts_with(*rest, STR(".")))
		return false;
	size_t end = 1;

	while (end < rest->length && rest->data[end] != '.' && rest->data[end] != '[')
		end++;
	*ret = str_slice(*rest, 1, end - 1);
	*rest = str_skip(*rest, end);
	return ret->length > 0;
}

const struct json_value *ext_schema_find_path(const struct json_value *schema, struct str path)
{
	const struct json_value *at = schema;
	struct str name;

	if (str_is_empty(path))
		return NULL;
	while (at && !str_is_empty(path)) {
		if (!take_name(&path, &name))
			return NULL;
		at = json_find(json_find(at, STR("properties")), name);
	}
	return at;
}
