/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_validate.h"

#define DEPTH_MAXIMUM    128
#define WARNINGS_MAXIMUM 64

#define NOT_EVALUATED                                                                              \
	"x-kubernetes-validations are not evaluated by this server: objects that break these "     \
	"rules are accepted"

struct collector {
	struct arena *arena;
	struct json_value *texts;
};

static bool has_text(const struct json_value *texts, struct str text)
{
	for (size_t i = 0; i < json_count(texts); i++) {
		if (str_equal(json_text(json_element(texts, i)), text))
			return true;
	}
	return false;
}

static void add(struct collector *collector, struct str text)
{
	if (json_count(collector->texts) < WARNINGS_MAXIMUM && !has_text(collector->texts, text))
		json_append(collector->arena, collector->texts, json_string(text));
}

/* ---- Formats ---- */

static bool is_one_of(const char *const *names, struct str text)
{
	for (; *names; names++) {
		if (str_equal_c(text, *names))
			return true;
	}
	return false;
}

/* Hyphens do not count: "date-time" is "datetime". */
static struct str without_hyphens(struct arena *arena, struct str text)
{
	char *plain = arena_allocate_text(arena, text.length);
	size_t length = 0;

	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] != '-')
			plain[length++] = text.data[i];
	}
	return str_from(plain, length);
}

static bool is_known_format(struct arena *arena, struct str type, struct str format)
{
	static const char *const texts[] = {"bsonobjectid", "uri", "email", "hostname", "ipv4",
		"ipv6", "cidr", "mac", "uuid", "uuid3", "uuid4", "uuid5", "isbn", "isbn10",
		"isbn13", "creditcard", "ssn", "hexcolor", "rgbcolor", "byte", "password", "date",
		"duration", "datetime", "k8sshortname", "k8slongname", NULL};
	static const char *const integers[] = {"int32", "int64", NULL};
	static const char *const numbers[] = {"float", "double", NULL};

	if (str_is_empty(type) || str_equal_c(type, "string"))
		return is_one_of(texts, without_hyphens(arena, format));
	if (str_equal_c(type, "integer"))
		return is_one_of(integers, format);
	return str_equal_c(type, "number") && is_one_of(numbers, format);
}

/* ---- The walk ---- */

static void look_at(struct collector *collector, const struct json_value *schema)
{
	struct str format = json_text(json_find(schema, STR("format")));
	struct str type = json_text(json_find(schema, STR("type")));
	struct str list_type = json_text(json_find(schema, STR("x-kubernetes-list-type")));
	struct str item_type = json_text(json_find_path(schema, "items", "type", NULL));

	if (!str_is_empty(format) && !is_known_format(collector->arena, type, format))
		add(collector, arena_printf(collector->arena, "unrecognized format \"%.*s\"",
				       STR_ARG(format)));
	if (str_equal_c(list_type, "set") &&
		(str_equal_c(item_type, "object") || str_equal_c(item_type, "array")))
		add(collector,
			arena_printf(collector->arena,
				"x-kubernetes-list-type: set for items of type \"%.*s\" is not "
				"supported by server-side apply or CEL validation rules",
				STR_ARG(item_type)));
	if (json_count(json_find(schema, STR("x-kubernetes-validations"))) > 0)
		add(collector, STR(NOT_EVALUATED));
}

static void walk(struct collector *collector, const struct json_value *schema, unsigned depth)
{
	static const char *const single[] = {"items", "additionalProperties", "not"};
	static const char *const several[] = {"allOf", "anyOf", "oneOf"};
	const struct json_value *properties = json_find(schema, STR("properties"));

	if (!schema || schema->type != JSON_OBJECT || depth == DEPTH_MAXIMUM)
		return;
	look_at(collector, schema);
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		walk(collector, json_find(schema, str_from_c(single[i])), depth + 1);
	for (size_t i = 0; i < sizeof(several) / sizeof(several[0]); i++) {
		const struct json_value *list = json_find(schema, str_from_c(several[i]));

		for (size_t j = 0; j < json_count(list); j++)
			walk(collector, json_element(list, j), depth + 1);
	}
	for (size_t i = 0; i < json_count(properties); i++)
		walk(collector, &properties->members[i].value, depth + 1);
}

static struct json_value collect(struct arena *arena, const struct json_value *definition)
{
	const struct json_value *versions = json_find_path(definition, "spec", "versions", NULL);
	struct json_value texts = json_array();
	struct collector collector = {arena, &texts};

	for (size_t i = 0; i < json_count(versions); i++)
		walk(&collector,
			json_find_path(
				json_element(versions, i), "schema", "openAPIV3Schema", NULL),
			0);
	return texts;
}

void ext_find_warnings(struct arena *arena, const struct json_value *object,
	const struct json_value *old, struct json_value *ret_texts)
{
	struct json_value texts = collect(arena, object), before = json_array();

	if (old && json_count(&texts) > 0)
		before = collect(arena, old);
	for (size_t i = 0; i < json_count(&texts); i++) {
		if (!has_text(&before, json_text(json_element(&texts, i))))
			json_append(arena, ret_texts, *json_element(&texts, i));
	}
}
