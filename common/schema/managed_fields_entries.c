/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "clock.h"
#include "managed_fields_private.h"

#define UPDATES_MAXIMUM 10

static bool is_same_manager(const struct field_manager *a, const struct field_manager *b)
{
	return a->is_apply == b->is_apply && str_equal(a->name, b->name) &&
	       str_equal(a->subresource, b->subresource) &&
	       (a->is_apply || str_equal(a->api_version, b->api_version));
}

struct field_manager *field_managers_find(
	const struct field_managers *managers, const struct field_manager *wanted)
{
	for (size_t i = 0; i < managers->count; i++)
		if (is_same_manager(&managers->items[i], wanted))
			return &managers->items[i];
	return NULL;
}

struct field_manager *field_managers_add(
	struct arena *arena, struct field_managers *managers, struct field_manager manager)
{
	if (managers->count == managers->capacity) {
		size_t capacity = managers->capacity ? managers->capacity * 2 : 8;
		struct field_manager *items = ARENA_ARRAY(arena, struct field_manager, capacity);

		if (managers->count > 0)
			memcpy(items, managers->items, managers->count * sizeof(*items));
		managers->items = items;
		managers->capacity = capacity;
	}
	managers->items[managers->count] = manager;
	return &managers->items[managers->count++];
}

void field_managers_drop_empty(struct field_managers *managers)
{
	size_t kept = 0;

	for (size_t i = 0; i < managers->count; i++)
		if (!field_set_is_empty(&managers->items[i].set))
			managers->items[kept++] = managers->items[i];
	managers->count = kept;
}

/* ---- Reading and writing. ---- */

static int decode_entry(struct arena *arena, const struct json_value *entry,
	struct field_manager *ret, struct error *err)
{
	struct str operation = json_text(json_find(entry, STR("operation")));
	const struct json_value *fields = json_find(entry, STR("fieldsV1"));
	struct str time = json_text(json_find(entry, STR("time")));
	uint32_t ignored;

	if (entry->type != JSON_OBJECT)
		return error_set(err, ERROR_BAD_REQUEST, "a managedFields entry is not an object");
	*ret = (struct field_manager){
		.name = json_text(json_find(entry, STR("manager"))),
		.api_version = json_text(json_find(entry, STR("apiVersion"))),
		.subresource = json_text(json_find(entry, STR("subresource"))),
		.is_apply = str_equal(operation, STR("Apply")),
	};
	ret->has_time = clock_parse_rfc3339(time, &ret->wall_seconds, &ignored);
	if (!ret->is_apply && !str_equal(operation, STR("Update")))
		return error_set(err, ERROR_BAD_REQUEST, "invalid operation in managedFields");
	if (!fields || fields->type == JSON_NULL)
		return 0;
	return field_set_parse(arena, fields, &ret->set, err);
}

/* A name for the identity, to find repeated entries without comparing all with all. */
static struct str identity(struct arena *arena, const struct field_manager *manager)
{
	struct str version = manager->is_apply ? STR_EMPTY : manager->api_version;

	return arena_printf(arena, "%zu %.*s %d %zu %.*s %.*s", manager->name.length,
		STR_ARG(manager->name), manager->is_apply, manager->subresource.length,
		STR_ARG(manager->subresource), STR_ARG(version));
}

int field_managers_decode(struct arena *arena, const struct json_value *object,
	struct field_managers *ret, struct error *err)
{
	const struct json_value *entries =
		object ? json_find_path(object, "metadata", "managedFields", NULL) : NULL;
	struct json_value positions = json_object();
	struct field_managers managers = {0};

	for (size_t i = 0; i < json_count(entries); i++) {
		struct field_manager manager;

		if (entries->type != JSON_ARRAY)
			return error_set(err, ERROR_BAD_REQUEST, "managedFields is not a list");
		if (decode_entry(arena, &entries->elements[i], &manager, err) != 0)
			return ERROR_RETURN;
		struct str key = identity(arena, &manager);
		const struct json_value *position = json_find(&positions, key);

		if (position) {
			managers.items[position->integer] = manager;
			continue;
		}
		json_append_member(arena, &positions, key, json_integer((int64_t)managers.count));
		field_managers_add(arena, &managers, manager);
	}
	*ret = managers;
	return 0;
}

struct field_managers field_managers_decode_stored(
	struct arena *arena, const struct json_value *object)
{
	struct field_managers managers;

	if (field_managers_decode(arena, object, &managers, NULL) != 0)
		return (struct field_managers){0};
	field_managers_drop_empty(&managers);
	return managers;
}

static int compare_managers(const void *a, const void *b)
{
	const struct field_manager *m = a;
	const struct field_manager *n = b;
	int order = (int)n->is_apply - (int)m->is_apply; /* "Apply" before "Update" */

	if (order == 0)
		order = m->wall_seconds < n->wall_seconds ? -1 : m->wall_seconds > n->wall_seconds;
	if (order == 0)
		order = str_compare(m->name, n->name);
	if (order == 0)
		order = str_compare(m->api_version, n->api_version);
	if (order == 0)
		order = str_compare(m->subresource, n->subresource);
	return order;
}

static struct json_value encode_manager(struct arena *arena, const struct field_manager *manager)
{
	struct json_value entry = json_object();
	char time[64];

	json_append_member(arena, &entry, STR("manager"), json_string(manager->name));
	json_append_member(arena, &entry, STR("operation"),
		json_string(manager->is_apply ? STR("Apply") : STR("Update")));
	json_append_member(arena, &entry, STR("apiVersion"), json_string(manager->api_version));
	if (manager->has_time) {
		size_t length = clock_format_rfc3339(manager->wall_seconds, time);

		json_append_member(arena, &entry, STR("time"),
			json_string(arena_copy(arena, str_from(time, length))));
	}
	json_append_member(arena, &entry, STR("fieldsType"), json_string(STR("FieldsV1")));
	json_append_member(arena, &entry, STR("fieldsV1"), field_set_to_json(arena, &manager->set));
	if (!str_is_empty(manager->subresource))
		json_append_member(
			arena, &entry, STR("subresource"), json_string(manager->subresource));
	return entry;
}

/* Custom objects are written with sorted members, and FieldsV1 is no exception there. */
static void sort_deep(struct json_value *object)
{
	if (object->type != JSON_OBJECT)
		return;
	json_sort_members(object);
	for (uint32_t i = 0; i < object->length; i++)
		sort_deep(&object->members[i].value);
}

void field_managers_encode(struct arena *arena, const struct schema *schema,
	struct field_managers *managers, struct json_value *object)
{
	bool is_custom = schema->flags & SCHEMA_CUSTOM;
	struct json_value entries = json_array();
	struct json_value *metadata = json_ensure_object(arena, object, STR("metadata"));

	field_managers_drop_empty(managers);
	if (managers->count == 0) {
		json_remove(metadata, STR("managedFields"));
		return;
	}
	qsort(managers->items, managers->count, sizeof(*managers->items), compare_managers);
	for (size_t i = 0; i < managers->count; i++) {
		struct json_value entry = encode_manager(arena, &managers->items[i]);

		if (is_custom)
			sort_deep(&entry);
		json_append(arena, &entries, entry);
	}
	json_set(arena, metadata, STR("managedFields"), entries);
	if (is_custom)
		json_sort_members(metadata);
}

/* ---- The cap on updates. ---- */

static int compare_age(const void *a, const void *b)
{
	const struct field_manager *m = *(struct field_manager *const *)a;
	const struct field_manager *n = *(struct field_manager *const *)b;
	int64_t time_m = m->has_time ? m->wall_seconds : INT64_MIN;
	int64_t time_n = n->has_time ? n->wall_seconds : INT64_MIN;

	if (time_m != time_n)
		return time_m < time_n ? -1 : 1;
	return str_compare(m->name, n->name);
}

static struct field_manager bucket_of(struct str api_version)
{
	return (struct field_manager){.name = STR("ancient-changes"), .api_version = api_version};
}

static void pour(struct arena *arena, struct field_manager *bucket, struct field_manager *manager)
{
	bucket->set = field_set_union(arena, &bucket->set, &manager->set);
	if (manager->has_time &&
		(!bucket->has_time || manager->wall_seconds > bucket->wall_seconds)) {
		bucket->has_time = true;
		bucket->wall_seconds = manager->wall_seconds;
	}
	manager->set = (struct field_set){0};
}

/* The version's first manager, which is worth a bucket only once there is a second. */
struct version_bucket {
	struct str api_version;
	struct field_manager *manager; /* the bucket itself when it existed or was made */
	bool is_bucket;
};

static struct version_bucket *find_bucket(
	struct version_bucket *buckets, size_t count, struct str api_version)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(buckets[i].api_version, api_version))
			return &buckets[i];
	return NULL;
}

void field_managers_cap(struct arena *arena, struct field_managers *managers)
{
	struct field_manager **updates =
		ARENA_ARRAY(arena, struct field_manager *, managers->count);
	struct version_bucket *buckets = ARENA_ARRAY(arena, struct version_bucket, managers->count);
	size_t count = 0;
	size_t bucket_count = 0;

	for (size_t i = 0; i < managers->count; i++)
		if (!managers->items[i].is_apply)
			updates[count++] = &managers->items[i];
	if (count <= UPDATES_MAXIMUM)
		return;
	qsort(updates, count, sizeof(struct field_manager *), compare_age);
	for (size_t i = 0, left = count; i < count && left > UPDATES_MAXIMUM; i++) {
		struct field_manager *manager = updates[i];
		struct field_manager wanted = bucket_of(manager->api_version);
		struct version_bucket *bucket =
			find_bucket(buckets, bucket_count, manager->api_version);

		if (!bucket) {
			struct field_manager *existing = field_managers_find(managers, &wanted);

			bucket = &buckets[bucket_count++];
			*bucket = (struct version_bucket){manager->api_version,
				existing ? existing : manager, existing != NULL};
			if (!existing)
				continue;
		}
		if (bucket->manager == manager)
			continue;
		if (!bucket->is_bucket) {
			bucket->manager->name = wanted.name;
			bucket->manager->subresource = STR_EMPTY;
			bucket->is_bucket = true;
		}
		pour(arena, bucket->manager, manager);
		left--;
	}
	field_managers_drop_empty(managers);
}
