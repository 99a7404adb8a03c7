/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EXT_REGISTRY_H
#define TROIKA_EXT_REGISTRY_H

#include "api_server.h"
#include "ext_names.h"

/*
 * The definitions that are stored, as far as others have to know of them: the names they hold, and
 * the rows they have in the server's resource registry.
 */
struct ext_registry;

struct ext_registry *ext_registry_create(struct api_server *api);
void ext_registry_destroy(struct ext_registry **registry);

/*
 * Takes up a definition as it is stored now (object NULL: it is gone); `old` is what stood there
 * before, NULL when nothing did. Its versions are served, replaced or taken away in this call.
 * Schemas that cannot be used any more are logged and not served. `revision` is that of the write.
 */
void ext_registry_update(struct ext_registry *registry, struct str name,
	const struct json_value *object, const struct json_value *old, uint64_t revision);

/*
 * The names that definitions of `group` other than `name` hold, or have reserved; good until the
 * registry changes.
 */
struct ext_registry_names {
	const struct ext_registry *registry;
	struct str group;
	struct str name;
};
void ext_registry_names_init(const struct ext_registry *registry, struct str group, struct str name,
	struct ext_registry_names *names, struct ext_names_group *ret);

/*
 * Holds names for a write that is under way, until the key is given back. A key is any address that
 * is the write's own.
 */
void ext_registry_reserve(struct ext_registry *registry, const void *key, struct str group,
	struct str name, const struct json_value *accepted_names);
void ext_registry_unreserve(struct ext_registry *registry, const void *key);

/*
 * Definitions of a group some of whose names are taken by others: visited when names have come
 * free.
 */
typedef void (*ext_registry_visit_fn)(void *context, struct str name);
void ext_registry_visit_refused(const struct ext_registry *registry, struct str group,
	ext_registry_visit_fn visit, void *context);

/* Grows with every change to a definition of the group version: for documents made of it. */
uint64_t ext_registry_generation(const struct ext_registry *registry);

#endif
