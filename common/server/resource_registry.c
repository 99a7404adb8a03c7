/* SPDX-License-Identifier: Apache-2.0 */
#include "resource_registry.h"

#include <string.h>

#include "assertion.h"
#include "map.h"
#include "memory.h"

struct resource_registry {
	struct map by_name;        /* "group/version/plural" -> entry */
	struct map group_versions; /* "group/version" -> struct counter */
	struct map groups;         /* "group" -> struct counter */
	uint64_t generation;
};

struct counter {
	size_t count;
};

#define NAME_BYTES 768

struct resource_registry *resource_registry_create(void)
{
	struct resource_registry *registry = MEMORY_NEW(struct resource_registry);

	registry->generation = 1;
	return registry;
}

/* Looked up by every request, so put together without a format. Empty when it is too long. */
static struct str join(char *text, const struct str *parts, size_t count)
{
	size_t length = 0;

	for (size_t i = 0; i < count; i++) {
		if (length + 1 + parts[i].length > NAME_BYTES)
			return STR_EMPTY;
		if (i > 0)
			text[length++] = '/';
		if (parts[i].length > 0)
			memcpy(text + length, parts[i].data, parts[i].length);
		length += parts[i].length;
	}
	return str_from(text, length);
}

static struct str format_name(char *text, struct str group, struct str version, struct str plural)
{
	return join(text, (const struct str[]){group, version, plural}, 3);
}

static struct str format_group_version(char *text, struct str group, struct str version)
{
	return join(text, (const struct str[]){group, version}, 2);
}

static void count_up(struct map *map, struct str key)
{
	struct counter *counter = map_find(map, key);

	if (!counter) {
		counter = MEMORY_NEW(struct counter);
		map_set(map, key, counter);
	}
	counter->count++;
}

static void count_down(struct map *map, struct str key)
{
	struct counter *counter = map_find(map, key);

	ASSERT(counter && counter->count > 0);
	if (--counter->count == 0)
		memory_free(map_remove(map, key));
}

struct resource_entry *resource_entry_ref(struct resource_entry *entry)
{
	ASSERT(entry->references > 0);
	entry->references++;
	return entry;
}

void resource_entry_unref(struct resource_entry **entry)
{
	struct resource_entry *gone = *entry;

	*entry = NULL;
	if (!gone)
		return;
	ASSERT(gone->references > 0);
	if (--gone->references > 0)
		return;
	ASSERT(!gone->watchers);
	if (gone->release)
		gone->release(gone->release_context);
	memory_free(gone);
}

static void retire(struct resource_entry *entry)
{
	entry->is_retired = true;
	while (entry->watchers) {
		struct resource_watcher *watcher = entry->watchers;

		resource_watcher_remove(watcher);
		watcher->on_retired(watcher);
	}
	resource_entry_unref(&entry);
}

void resource_registry_destroy(struct resource_registry **registry)
{
	struct resource_registry *gone = *registry;
	const struct map_entry *entry;
	size_t position = 0;

	*registry = NULL;
	if (!gone)
		return;
	while ((entry = map_next(&gone->by_name, &position)))
		retire(entry->value);
	map_fini(&gone->by_name);
	for (position = 0; (entry = map_next(&gone->group_versions, &position));)
		memory_free(entry->value);
	map_fini(&gone->group_versions);
	for (position = 0; (entry = map_next(&gone->groups, &position));)
		memory_free(entry->value);
	map_fini(&gone->groups);
	memory_free(gone);
}

/* The watches of `before` are told when `entry` ends. */
static void hand_over(struct resource_entry *before, struct resource_entry *entry)
{
	entry->watchers = before->watchers;
	if (entry->watchers)
		entry->watchers->previous_link = &entry->watchers;
	before->watchers = NULL;
	resource_entry_unref(&before);
}

struct resource_entry *resource_registry_add(struct resource_registry *registry,
	const struct api_resource *resource, struct storage_prefix *prefix,
	void (*release)(void *context), void *context)
{
	return resource_registry_replace(registry, resource, prefix, false, release, context);
}

struct resource_entry *resource_registry_replace(struct resource_registry *registry,
	const struct api_resource *resource, struct storage_prefix *prefix, bool keeps_watches,
	void (*release)(void *context), void *context)
{
	struct resource_entry *entry = MEMORY_NEW(struct resource_entry);
	char text[NAME_BYTES];

	entry->resource = resource;
	entry->prefix = prefix;
	entry->references = 1;
	entry->release = release;
	entry->release_context = context;
	registry->generation++;
	struct resource_entry *before = map_set(&registry->by_name,
		format_name(text, resource->group, resource->version, resource->resource), entry);

	if (before) {
		if (keeps_watches)
			hand_over(before, entry);
		else
			retire(before);
		return entry;
	}
	count_up(&registry->group_versions,
		format_group_version(text, resource->group, resource->version));
	count_up(&registry->groups, resource->group);
	return entry;
}

void resource_registry_remove(
	struct resource_registry *registry, struct str group, struct str version, struct str plural)
{
	char text[NAME_BYTES];
	struct resource_entry *entry =
		map_remove(&registry->by_name, format_name(text, group, version, plural));

	if (!entry)
		return;
	registry->generation++;
	count_down(&registry->group_versions, format_group_version(text, group, version));
	count_down(&registry->groups, group);
	retire(entry);
}

struct resource_entry *resource_registry_find(const struct resource_registry *registry,
	struct str group, struct str version, struct str plural)
{
	char text[NAME_BYTES];

	return map_find(&registry->by_name, format_name(text, group, version, plural));
}

bool resource_registry_has_group_version(
	const struct resource_registry *registry, struct str group, struct str version)
{
	char text[NAME_BYTES];

	return map_find(&registry->group_versions, format_group_version(text, group, version)) !=
	       NULL;
}

bool resource_registry_has_group(const struct resource_registry *registry, struct str group)
{
	return map_find(&registry->groups, group) != NULL;
}

const struct api_resource **resource_registry_list(
	struct arena *arena, const struct resource_registry *registry, size_t *ret_count)
{
	const struct api_resource **list =
		ARENA_ARRAY(arena, const struct api_resource *, registry->by_name.count + 1);
	const struct map_entry *entry;
	size_t position = 0, count = 0;

	while ((entry = map_next(&registry->by_name, &position)))
		list[count++] = ((struct resource_entry *)entry->value)->resource;
	*ret_count = count;
	return list;
}

uint64_t resource_registry_generation(const struct resource_registry *registry)
{
	return registry->generation;
}

void resource_entry_add_watcher(struct resource_entry *entry, struct resource_watcher *watcher)
{
	watcher->next = entry->watchers;
	watcher->previous_link = &entry->watchers;
	if (watcher->next)
		watcher->next->previous_link = &watcher->next;
	entry->watchers = watcher;
}

void resource_watcher_remove(struct resource_watcher *watcher)
{
	if (!watcher->previous_link)
		return;
	*watcher->previous_link = watcher->next;
	if (watcher->next)
		watcher->next->previous_link = watcher->previous_link;
	watcher->previous_link = NULL;
}
