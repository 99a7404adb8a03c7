/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_registry.h"

#include "ext_resource.h"
#include "ext_status.h"
#include "log.h"
#include "map.h"
#include "memory.h"

/* What is kept of a definition; lives in its arena. */
struct definition {
	struct arena *arena;
	struct str name;
	struct str group;
	struct json_value accepted_names;
	bool is_refused; /* not all names that it asks for are its own */
};

struct reservation {
	struct reservation *next;
	const void *key;
	struct arena *arena;
	struct str name;
	struct str group;
	struct json_value names;
};

struct ext_registry {
	struct api_server *api;
	struct map definitions; /* by name */
	struct reservation *reservations;
	uint64_t generation;
};

struct ext_registry *ext_registry_create(struct api_server *api)
{
	struct ext_registry *registry = MEMORY_NEW(struct ext_registry);

	registry->api = api;
	registry->generation = 1;
	return registry;
}

static void definition_free(struct definition *definition)
{
	struct arena *arena = definition->arena;

	arena_destroy(&arena);
}

static void reservation_free(struct reservation *reservation)
{
	struct arena *arena = reservation->arena;

	arena_destroy(&arena);
}

void ext_registry_destroy(struct ext_registry **registry)
{
	struct ext_registry *gone = *registry;
	const struct map_entry *entry;
	size_t position = 0;

	*registry = NULL;
	if (!gone)
		return;
	while ((entry = map_next(&gone->definitions, &position)))
		definition_free(entry->value);
	map_fini(&gone->definitions);
	while (gone->reservations) {
		struct reservation *reservation = gone->reservations;

		gone->reservations = reservation->next;
		reservation_free(reservation);
	}
	memory_free(gone);
}

/* ---- Names ---- */

typedef bool (*has_name_fn)(const struct json_value *accepted, struct str name);

static bool is_taken(
	const struct ext_registry_names *names, has_name_fn has_name, struct str wanted)
{
	const struct ext_registry *registry = names->registry;
	const struct map_entry *entry;
	size_t position = 0;

	while ((entry = map_next(&registry->definitions, &position))) {
		const struct definition *definition = entry->value;

		if (!str_equal(definition->name, names->name) &&
			str_equal(definition->group, names->group) &&
			has_name(&definition->accepted_names, wanted))
			return true;
	}
	for (const struct reservation *at = registry->reservations; at; at = at->next) {
		if (!str_equal(at->name, names->name) && str_equal(at->group, names->group) &&
			has_name(&at->names, wanted))
			return true;
	}
	return false;
}

static bool has_resource(void *context, struct str name)
{
	return is_taken(context, ext_names_has_resource, name);
}

static bool has_kind(void *context, struct str name)
{
	return is_taken(context, ext_names_has_kind, name);
}

void ext_registry_names_init(const struct ext_registry *registry, struct str group, struct str name,
	struct ext_registry_names *names, struct ext_names_group *ret)
{
	*names = (struct ext_registry_names){.registry = registry, .group = group, .name = name};
	*ret = (struct ext_names_group){
		.has_resource = has_resource, .has_kind = has_kind, .context = names};
}

void ext_registry_reserve(struct ext_registry *registry, const void *key, struct str group,
	struct str name, const struct json_value *accepted_names)
{
	struct arena *arena = arena_create(512);
	struct reservation *reservation = ARENA_NEW(arena, struct reservation);

	reservation->arena = arena;
	reservation->key = key;
	reservation->group = arena_copy(arena, group);
	reservation->name = arena_copy(arena, name);
	reservation->names = json_copy(arena, accepted_names, true);
	reservation->next = registry->reservations;
	registry->reservations = reservation;
}

void ext_registry_unreserve(struct ext_registry *registry, const void *key)
{
	struct reservation **link = &registry->reservations;

	while (*link) {
		struct reservation *reservation = *link;

		if (reservation->key == key) {
			*link = reservation->next;
			reservation_free(reservation);
		} else {
			link = &reservation->next;
		}
	}
}

void ext_registry_visit_refused(const struct ext_registry *registry, struct str group,
	ext_registry_visit_fn visit, void *context)
{
	const struct map_entry *entry;
	size_t position = 0;

	while ((entry = map_next(&registry->definitions, &position))) {
		const struct definition *definition = entry->value;

		if (definition->is_refused && str_equal(definition->group, group))
			visit(context, definition->name);
	}
}

uint64_t ext_registry_generation(const struct ext_registry *registry)
{
	return registry->generation;
}

/* ---- What is served ---- */

static struct str plural_of(const struct json_value *definition)
{
	return json_text(json_find_path(definition, "status", "acceptedNames", "plural", NULL));
}

static struct str name_of(const struct json_value *version)
{
	return json_text(json_find(version, STR("name")));
}

/* One update of a definition: the rows are made when the first of them is needed. */
struct update {
	struct ext_registry *registry;
	const struct json_value *object;
	const struct json_value *old;
	struct ext_family *family;
	uint64_t revision;
};

static void serve_version(
	struct update *update, struct str version, bool keeps_watches, uint64_t revision)
{
	struct api_server *api = update->registry->api;
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct ext_resource *made;

	if (!update->family)
		update->family = ext_family_create(update->object);
	if (ext_family_take(update->family, version, &made, &err) != 0) {
		log_error("definition %.*s.%.*s: version %.*s is not served: %.*s",
			STR_ARG(plural_of(update->object)),
			STR_ARG(json_text(json_find_path(update->object, "spec", "group", NULL))),
			STR_ARG(version), STR_ARG(err.message));
		arena_destroy(&arena);
		return;
	}
	made->resource.schema_revision = revision;
	resource_registry_replace(api_server_registry(api), &made->resource,
		storage_prefix_intern(api_server_storage(api), made->resource.storage_prefix),
		keeps_watches, ext_resource_release, made);
	arena_destroy(&arena);
}

static void update_version(struct update *update, const struct json_value *version)
{
	const struct json_value *object = update->object, *old = update->old;
	struct str group = json_text(json_find_path(object, "spec", "group", NULL));
	const struct resource_entry *present =
		resource_registry_find(api_server_registry(update->registry->api), group,
			name_of(version), plural_of(object));
	const struct json_value *old_version = ext_find_version(old, name_of(version));
	enum ext_change change = EXT_CHANGE_INSIDE;
	uint64_t revision = update->revision;

	if (present && old_version)
		change = ext_resource_compare(object, version, old, old_version);
	if (change == EXT_CHANGE_NONE)
		return;
	if (change == EXT_CHANGE_OUTSIDE)
		revision = present->resource->schema_revision;
	serve_version(update, name_of(version), change != EXT_CHANGE_INSIDE, revision);
}

/* Versions that were served and are no more. */
static void remove_versions(struct ext_registry *registry, const struct json_value *object,
	const struct json_value *old)
{
	const struct json_value *versions = json_find_path(old, "spec", "versions", NULL);
	struct str group = json_text(json_find_path(old, "spec", "group", NULL));

	for (size_t i = 0; i < json_count(versions); i++) {
		const struct json_value *old_version = json_element(versions, i);
		const struct json_value *version = ext_find_version(object, name_of(old_version));

		if (!ext_version_is_served(old, old_version))
			continue;
		if (!version || !ext_version_is_served(object, version) ||
			!str_equal(plural_of(object), plural_of(old)))
			resource_registry_remove(api_server_registry(registry->api), group,
				name_of(old_version), plural_of(old));
	}
}

static void mark_terminating(struct ext_registry *registry, const struct json_value *object)
{
	const struct json_value *versions = json_find_path(object, "spec", "versions", NULL);
	struct str group = json_text(json_find_path(object, "spec", "group", NULL));

	for (size_t i = 0; i < json_count(versions); i++) {
		struct resource_entry *entry =
			resource_registry_find(api_server_registry(registry->api), group,
				name_of(json_element(versions, i)), plural_of(object));

		if (entry && (entry->resource->flags & RESOURCE_CUSTOM))
			entry->is_terminating = true;
	}
}

static void update_versions(struct ext_registry *registry, const struct json_value *object,
	const struct json_value *old, uint64_t revision)
{
	const struct json_value *versions = json_find_path(object, "spec", "versions", NULL);
	struct update update = {
		.registry = registry, .object = object, .old = old, .revision = revision};

	remove_versions(registry, object, old);
	for (size_t i = 0; i < json_count(versions); i++) {
		const struct json_value *version = json_element(versions, i);

		if (ext_version_is_served(object, version))
			update_version(&update, version);
	}
	ext_family_unref(&update.family);
	if (object && ext_is_terminating(object))
		mark_terminating(registry, object);
}

static void keep_definition(
	struct ext_registry *registry, struct str name, const struct json_value *object)
{
	struct arena *arena = arena_create(512);
	struct definition *definition = ARENA_NEW(arena, struct definition);
	const struct json_value *names = json_find_path(object, "status", "acceptedNames", NULL);

	definition->arena = arena;
	definition->name = arena_copy(arena, name);
	definition->group =
		arena_copy(arena, json_text(json_find_path(object, "spec", "group", NULL)));
	definition->accepted_names = names ? json_copy(arena, names, true) : json_object();
	definition->is_refused = !ext_status_is_true(object, STR("NamesAccepted"));
	definition = map_set(&registry->definitions, name, definition);
	if (definition)
		definition_free(definition);
}

void ext_registry_update(struct ext_registry *registry, struct str name,
	const struct json_value *object, const struct json_value *old, uint64_t revision)
{
	registry->generation++;
	update_versions(registry, object, old, revision);
	if (object) {
		keep_definition(registry, name, object);
		return;
	}
	struct definition *gone = map_remove(&registry->definitions, name);

	if (gone)
		definition_free(gone);
}
