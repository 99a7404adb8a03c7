/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"
#include "rbac_private.h"

/* Namespace names hold no '/', so the parts cannot run into each other. */
struct str rbac_grant_key(
	struct arena *arena, char subject_type, struct str namespace, struct str name)
{
	size_t length = 2 + namespace.length + name.length;
	char *text = arena_allocate_text(arena, length);

	text[0] = subject_type;
	if (namespace.length > 0)
		memcpy(text + 1, namespace.data, namespace.length);
	text[1 + namespace.length] = '/';
	if (name.length > 0)
		memcpy(text + 2 + namespace.length, name.data, name.length);
	return str_from(text, length);
}

static struct str subject_key(
	struct arena *arena, const struct rbac_binding *binding, const struct rbac_subject *subject)
{
	struct str namespace = subject->namespace;

	if (str_equal(subject->kind, STR("User")))
		return rbac_grant_key(arena, 'u', binding->namespace, subject->name);
	if (str_equal(subject->kind, STR("Group")))
		return rbac_grant_key(arena, 'g', binding->namespace, subject->name);
	if (!str_equal(subject->kind, STR("ServiceAccount")))
		return STR_EMPTY;
	if (str_is_empty(namespace))
	namespace = binding->namespace;
	if (str_is_empty(namespace))
		return STR_EMPTY;
	return rbac_grant_key(arena, 'u', binding->namespace,
		arena_printf(arena, "system:serviceaccount:%.*s:%.*s", STR_ARG(namespace),
			STR_ARG(subject->name)));
}

static void add_grant(
	struct rbac *rbac, struct str key, const struct rbac_binding *binding, size_t subject)
{
	struct rbac_grants *grants = map_find(&rbac->grants, key);

	if (!grants) {
		grants = MEMORY_NEW(struct rbac_grants);
		map_set(&rbac->grants, key, grants);
	}
	if (grants->count == grants->capacity) {
		grants->capacity = grants->capacity * 2 + 2;
		grants->entries = memory_resize(
			grants->entries, grants->capacity * sizeof(struct rbac_grant));
	}
	grants->entries[grants->count++] =
		(struct rbac_grant){.binding = binding, .subject = &binding->subjects[subject]};
}

static void remove_grants(struct rbac *rbac, struct str key, const struct rbac_binding *binding)
{
	struct rbac_grants *grants = map_find(&rbac->grants, key);
	size_t kept = 0;

	/* A binding that names a subject twice has taken both out the first time. */
	if (!grants)
		return;
	for (size_t i = 0; i < grants->count; i++) {
		if (grants->entries[i].binding != binding)
			grants->entries[kept++] = grants->entries[i];
	}
	grants->count = kept;
	if (kept > 0)
		return;
	map_remove(&rbac->grants, key);
	memory_free(grants->entries);
	memory_free(grants);
}

void rbac_index_add(struct rbac *rbac, const struct rbac_binding *binding)
{
	struct arena *arena = arena_create(0);

	for (size_t i = 0; i < binding->subject_count; i++) {
		struct str key = subject_key(arena, binding, &binding->subjects[i]);

		if (!str_is_empty(key))
			add_grant(rbac, key, binding, i);
	}
	arena_destroy(&arena);
}

void rbac_index_remove(struct rbac *rbac, const struct rbac_binding *binding)
{
	struct arena *arena = arena_create(0);

	for (size_t i = 0; i < binding->subject_count; i++) {
		struct str key = subject_key(arena, binding, &binding->subjects[i]);

		if (!str_is_empty(key))
			remove_grants(rbac, key, binding);
	}
	arena_destroy(&arena);
}
