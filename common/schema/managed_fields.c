/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of other versions are compared in the request's version: paths are the same in the
 * versions of nearly all kinds, and a manager whose paths are not known here simply keeps them.
 */
#include "managed_fields.h"

#include "managed_fields_private.h"
#include "schema_engine.h"

/* A body with more entries than this is not believed. */
#define BODY_ENTRIES_MAXIMUM 1000

struct field_set managed_fields_strip_set(struct arena *arena)
{
	static const char *const top[] = {"apiVersion", "kind", "metadata"};
	static const char *const meta[] = {"clusterName", "creationTimestamp", "generation",
		"managedFields", "name", "namespace", "resourceVersion", "selfLink", "uid"};
	struct field_set below = {0};
	struct field_set set = {0};

	for (size_t i = 0; i < sizeof(meta) / sizeof(meta[0]); i++)
		field_set_append(arena, &below, field_element_name(str_from_c(meta[i])), true,
			(struct field_set){0});
	for (size_t i = 0; i < sizeof(top) / sizeof(top[0]); i++)
		field_set_append(arena, &set, field_element_name(str_from_c(top[i])), true,
			i == 2 ? below : (struct field_set){0});
	return set;
}

struct field_set managed_fields_reset_set(
	struct arena *arena, const struct managed_fields_request *request)
{
	struct field_set set = {0};

	for (const char *const *path = request->reset_paths; path && *path; path++)
		field_set_append(arena, &set, field_element_name(str_from_c(*path)), true,
			(struct field_set){0});
	field_set_sort(arena, &set);
	return set;
}

struct json_value managed_fields_empty_object(struct arena *arena,
	const struct managed_fields_request *request, const struct json_value *like)
{
	static const char *const type_meta[] = {"apiVersion", "kind"};
	struct json_value bare = json_object();
	struct json_value empty;

	for (size_t i = 0; i < 2; i++) {
		const struct json_value *value = json_find(like, str_from_c(type_meta[i]));

		if (value)
			json_append_member(arena, &bare, str_from_c(type_meta[i]), *value);
	}
	if (schema_decode(arena, request->schema, &bare, NULL, &empty, NULL) != 0)
		return bare;
	return empty;
}

struct json_value managed_fields_without(struct arena *arena, const struct json_value *object)
{
	static const char *const path[] = {"metadata", "managedFields", NULL};
	struct field_set set = field_set_of_path(arena, path);
	static const struct schema any = {.kind = SCHEMA_ANY};

	return typed_remove(arena, &any, object, &set);
}

struct typed_comparison managed_fields_compare(struct arena *arena,
	const struct managed_fields_request *request, const struct json_value *old,
	const struct json_value *new_value)
{
	struct field_set reset = managed_fields_reset_set(arena, request);
	struct typed_comparison comparison = typed_compare(arena, request->schema, old, new_value);

	comparison.added = field_set_difference_below(arena, &comparison.added, &reset);
	comparison.removed = field_set_difference_below(arena, &comparison.removed, &reset);
	comparison.modified = field_set_difference_below(arena, &comparison.modified, &reset);
	return comparison;
}

void managed_fields_take(struct arena *arena, struct field_managers *managers,
	const struct typed_comparison *comparison, struct field_manager manager)
{
	struct field_set taken = field_set_union(arena, &comparison->modified, &comparison->added);
	struct field_set strip = managed_fields_strip_set(arena);
	struct field_manager *previous;

	for (size_t i = 0; i < managers->count; i++) {
		struct field_set *set = &managers->items[i].set;

		*set = field_set_difference(arena, set, &taken);
		*set = field_set_difference(arena, set, &comparison->removed);
	}
	manager.set = field_set_difference(arena, &taken, &strip);
	if (field_set_is_empty(&manager.set))
		return;
	previous = field_managers_find(managers, &manager);
	if (!previous) {
		field_managers_add(arena, managers, manager);
		return;
	}
	manager.set = field_set_union(arena, &previous->set, &manager.set);
	*previous = manager;
}

static bool is_reset(const struct json_value *object)
{
	const struct json_value *entries =
		json_find_path(object, "metadata", "managedFields", NULL);
	const struct json_value *entry = json_element(entries, 0);

	return json_count(entries) == 1 && entry && entry->type == JSON_OBJECT &&
	       entry->length == 0;
}

/*
 * The managers the update starts from: the body's if it has any that can be read (never through a
 * subresource), else those of the live object; none when the body asks to forget them.
 */
static struct field_managers starting_managers(struct arena *arena,
	const struct managed_fields_request *request, const struct json_value *live,
	const struct json_value *object)
{
	struct field_managers managers;

	if (!str_is_empty(request->subresource) && live)
		return field_managers_decode_stored(arena, live);
	if (is_reset(object))
		return (struct field_managers){0};
	if (json_count(json_find_path(object, "metadata", "managedFields", NULL)) <=
			BODY_ENTRIES_MAXIMUM &&
		field_managers_decode(arena, object, &managers, NULL) == 0 && managers.count > 0)
		return managers;
	return field_managers_decode_stored(arena, live);
}

/*
 * Gives the object metadata of its own without managedFields: a patched object may share what did
 * not change with the live one.
 */
static void detach_metadata(struct arena *arena, struct json_value *object)
{
	struct json_value *metadata = json_ensure_object(arena, object, STR("metadata"));
	struct json_value own = json_object();

	for (uint32_t i = 0; i < metadata->length; i++)
		if (!str_equal(metadata->members[i].key, STR("managedFields")))
			json_append_member(
				arena, &own, metadata->members[i].key, metadata->members[i].value);
	*metadata = own;
}

int managed_fields_update(struct arena *arena, const struct managed_fields_request *request,
	const struct json_value *live, struct json_value *object, struct error *err)
{
	struct field_managers managers = starting_managers(arena, request, live, object);
	struct json_value old = live ? managed_fields_without(arena, live)
				     : managed_fields_empty_object(arena, request, object);

	(void)err;
	detach_metadata(arena, object);
	/* An object nobody manages stays so until something is applied to it. */
	if (live && managers.count == 0)
		return 0;
	struct typed_comparison comparison = managed_fields_compare(arena, request, &old, object);

	managed_fields_take(arena, &managers, &comparison,
		(struct field_manager){.name = request->manager,
			.api_version = request->api_version,
			.subresource = request->subresource,
			.has_time = true,
			.wall_seconds = request->now_wall_seconds});
	field_managers_drop_empty(&managers);
	field_managers_cap(arena, &managers);
	field_managers_encode(arena, request->schema, &managers, object);
	return 0;
}

/* ---- Equality. ---- */

/* Members of `a` but `skipped` are equal in b; both have as many of them. */
static bool members_equal(
	const struct json_value *a, const struct json_value *b, struct str skipped)
{
	size_t count_a = json_count(a) - (json_find(a, skipped) != NULL);
	size_t count_b = json_count(b) - (json_find(b, skipped) != NULL);

	if (!a || !b || a->type != JSON_OBJECT || b->type != JSON_OBJECT || count_a != count_b)
		return false;
	for (uint32_t i = 0; i < a->length; i++) {
		const struct json_value *other = json_find(b, a->members[i].key);

		if (str_equal(a->members[i].key, skipped))
			continue;
		if (!other || !json_equal(&a->members[i].value, other))
			return false;
	}
	return true;
}

static bool entries_equal(const struct json_value *a, const struct json_value *b)
{
	if (json_count(a) != json_count(b))
		return false;
	for (size_t i = 0; i < json_count(a); i++)
		if (!members_equal(json_element(a, i), json_element(b, i), STR("time")))
			return false;
	return true;
}

bool managed_fields_equal_but_times(const struct json_value *a, const struct json_value *b)
{
	const struct json_value *metadata_a = json_find(a, STR("metadata"));
	const struct json_value *metadata_b = json_find(b, STR("metadata"));

	return members_equal(a, b, STR("metadata")) &&
	       members_equal(metadata_a, metadata_b, STR("managedFields")) &&
	       entries_equal(json_find(metadata_a, STR("managedFields")),
		       json_find(metadata_b, STR("managedFields")));
}
