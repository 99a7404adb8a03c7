/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_MANAGED_FIELDS_PRIVATE_H
#define TROIKA_MANAGED_FIELDS_PRIVATE_H

#include "managed_fields.h"
#include "typed_value.h"

/* One entry of managedFields. Who it is: name, operation, subresource and, of updates, the version.
 */
struct field_manager {
	struct str name;
	struct str api_version;
	struct str subresource;
	bool is_apply;
	bool has_time;
	int64_t wall_seconds;
	struct field_set set;
};

struct field_managers {
	struct field_manager *items;
	size_t count;
	size_t capacity;
};

/* Reads metadata.managedFields of `object` (NULL: none). Fails with ERROR_BAD_REQUEST. */
int field_managers_decode(struct arena *arena, const struct json_value *object,
	struct field_managers *ret, struct error *err) WARN_UNUSED;
/*
 * The same with what cannot be read taken for nothing, because a stored object must stay usable,
 * and without managers that own nothing, whom no write keeps.
 */
struct field_managers field_managers_decode_stored(
	struct arena *arena, const struct json_value *object);
/* Writes them, sorted and without empty ones, into the object's metadata. */
void field_managers_encode(struct arena *arena, const struct schema *schema,
	struct field_managers *managers, struct json_value *object);
/* The manager with the identity of `wanted` or NULL. */
struct field_manager *field_managers_find(
	const struct field_managers *managers, const struct field_manager *wanted);
struct field_manager *field_managers_add(
	struct arena *arena, struct field_managers *managers, struct field_manager manager);
/* Takes out managers that own nothing. */
void field_managers_drop_empty(struct field_managers *managers);
/* Merges the oldest updates into "ancient-changes" until there are at most ten. */
void field_managers_cap(struct arena *arena, struct field_managers *managers);

/* What every manager's set goes without: type, name, uid and the like. */
struct field_set managed_fields_strip_set(struct arena *arena);
/* What the request's (sub)resource resets. */
struct field_set managed_fields_reset_set(
	struct arena *arena, const struct managed_fields_request *request);
/* What an object of the type is before anything is set, as a create is compared with it. */
struct json_value managed_fields_empty_object(struct arena *arena,
	const struct managed_fields_request *request, const struct json_value *like);
/* A copy of the object's top without metadata.managedFields. */
struct json_value managed_fields_without(struct arena *arena, const struct json_value *object);
/* The comparison without what the request resets. */
struct typed_comparison managed_fields_compare(struct arena *arena,
	const struct managed_fields_request *request, const struct json_value *old,
	const struct json_value *new_value);
/*
 * Lets `manager` (not among managers) own what the comparison says is new, taking it from the
 * others; its set is united with that of the entry it has already.
 */
void managed_fields_take(struct arena *arena, struct field_managers *managers,
	const struct typed_comparison *comparison, struct field_manager manager);

#endif
