/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_RESOURCE_REGISTRY_H
#define TROIKA_RESOURCE_REGISTRY_H

#include "api_resource.h"

/*
 * The resources a server serves now. Built-in ones are added at start and stay; those of CRDs come
 * and go. An entry is counted: requests and watches hold it, so that a resource's data outlives its
 * removal until the last of them is done.
 */
struct storage_prefix;

struct resource_entry {
	const struct api_resource *resource;
	struct storage_prefix *prefix;
	/* Set when it is no longer served (removed or replaced): open watches end. */
	bool is_retired;
	/* CRDs that are being deleted: creates are refused. */
	bool is_terminating;
	/* private */
	int references;
	void (*release)(void *context); /* frees the resource; may be NULL */
	void *release_context;
	struct resource_watcher *watchers;
};

struct resource_registry;

struct resource_registry *resource_registry_create(void);
void resource_registry_destroy(struct resource_registry **registry);

/*
 * Adds a resource, or replaces the one with the same group, version and plural. `resource` must
 * live until `release` (may be NULL for static data) is called with context.
 */
struct resource_entry *resource_registry_add(struct resource_registry *registry,
	const struct api_resource *resource, struct storage_prefix *prefix,
	void (*release)(void *context), void *context);
/*
 * The same, but with keeps_watches the entry that is replaced is not retired: its open watches go
 * on as they were made, and hear of the end of the new one.
 */
struct resource_entry *resource_registry_replace(struct resource_registry *registry,
	const struct api_resource *resource, struct storage_prefix *prefix, bool keeps_watches,
	void (*release)(void *context), void *context);
void resource_registry_remove(struct resource_registry *registry, struct str group,
	struct str version, struct str plural);
/* Borrowed, or NULL. Take a reference to keep it beyond the call. */
struct resource_entry *resource_registry_find(const struct resource_registry *registry,
	struct str group, struct str version, struct str plural);
bool resource_registry_has_group_version(
	const struct resource_registry *registry, struct str group, struct str version);
bool resource_registry_has_group(const struct resource_registry *registry, struct str group);

struct resource_entry *resource_entry_ref(struct resource_entry *entry);
void resource_entry_unref(struct resource_entry **entry);

/* All resources, in no order, as an array in the arena; *ret_count gives how many. */
const struct api_resource **resource_registry_list(
	struct arena *arena, const struct resource_registry *registry, size_t *ret_count);
/* Grows with every change: what is made of the list (discovery) is good while it stays. */
uint64_t resource_registry_generation(const struct resource_registry *registry);

/* Whoever wants to hear that an entry was retired; embed it, and remove it before it goes. */
struct resource_watcher {
	struct resource_watcher *next;
	struct resource_watcher **previous_link;
	void (*on_retired)(struct resource_watcher *watcher);
};
void resource_entry_add_watcher(struct resource_entry *entry, struct resource_watcher *watcher);
void resource_watcher_remove(struct resource_watcher *watcher);

#endif
