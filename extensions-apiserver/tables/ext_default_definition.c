/* SPDX-License-Identifier: Apache-2.0 */
#include "api_extensions.h"

static struct str lower_case(struct arena *arena, struct str text)
{
	char *lower = arena_allocate_text(arena, text.length);
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];
		lower[i] = (c >= 'A' && c <= 'Z') ? (char)(c - 'A' + 'a') : c;
	}
	return str_from(lower, text.length);
}

static void default_names(struct arena *arena, struct json_value *names)
{
	struct str kind = json_text(json_find(names, STR("kind")));
	if (str_is_empty(kind))
		return;
	if (str_is_empty(json_text(json_find(names, STR("singular")))))
		json_set(arena, names, STR("singular"), json_string(lower_case(arena, kind)));
	if (str_is_empty(json_text(json_find(names, STR("listKind")))))
		json_set(arena, names, STR("listKind"),
			json_string(arena_printf(arena, "%.*sList", STR_ARG(kind))));
}

/* The first write of a definition notes the version in which its objects will lie in the store. */
static void default_stored_versions(
	struct arena *arena, struct json_value *definition, const struct json_value *spec)
{
	const struct json_value *versions = json_find(spec, STR("versions"));
	for (size_t i = 0; i < json_count(versions); i++) {
		const struct json_value *version = json_element(versions, i);
		const struct json_value *name = json_find(version, STR("name"));
		if (!name || !json_bool_or(json_find(version, STR("storage")), false))
			continue;
		struct json_value *status = json_ensure_object(arena, definition, STR("status"));
		struct json_value *stored =
			json_set(arena, status, STR("storedVersions"), json_array());
		json_append(arena, stored, json_string(json_text(name)));
		return;
	}
}

void ext_default_definition(struct arena *arena, struct json_value *object)
{
	struct json_value *spec = json_find(object, STR("spec"));
	struct json_value *names = json_find(spec, STR("names"));
	if (names)
		default_names(arena, names);
	if (json_count(json_find_path(object, "status", "storedVersions", NULL)) == 0)
		default_stored_versions(arena, object, spec);
}
