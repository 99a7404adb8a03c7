/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"
#include "rbac_private.h"

struct rbac *rbac_create(void)
{
	return MEMORY_NEW(struct rbac);
}

/* ---- Roles ---- */

static struct str scoped_name(struct arena *arena, struct str namespace, struct str name)
{
	return arena_printf(arena, "%.*s/%.*s", STR_ARG(namespace), STR_ARG(name));
}

static struct str copy_text(struct str text)
{
	char *copy = memory_allocate(text.length + 1);

	if (text.length > 0)
		memcpy(copy, text.data, text.length);
	return str_from(copy, text.length);
}

/* The role's slot, made when there is none; `scratch` is for the key. */
static struct rbac_role *role_slot(
	struct rbac *rbac, struct arena *scratch, struct str namespace, struct str name)
{
	bool is_cluster = str_is_empty(namespace);
	struct map *map = is_cluster ? &rbac->cluster_roles : &rbac->roles;
	struct str key = is_cluster ? name : scoped_name(scratch, namespace, name);
	struct rbac_role *role = map_find(map, key);

	if (role)
		return role;
	role = MEMORY_NEW(struct rbac_role);
	role->name = copy_text(name);
	role->namespace = copy_text(namespace);
	map_set(map, key, role);
	return role;
}

static void role_clear(struct rbac_role *role)
{
	role->exists = false;
	role->rules = NULL;
	role->rule_count = 0;
	role->is_aggregated = false;
	role->labels = json_null();
	role->selectors = json_null();
	arena_destroy(&role->arena);
}

static void role_free(struct rbac_role *role)
{
	role_clear(role);
	memory_free(role->members);
	memory_free((void *)role->name.data);
	memory_free((void *)role->namespace.data);
	memory_free(role);
}

/* The objects' strings are copied: the caller's tree goes away. */
static void role_fill(struct rbac_role *role, const struct json_value *object)
{
	const struct json_value *labels = json_find_path(object, "metadata", "labels", NULL);
	const struct json_value *selectors =
		json_find_path(object, "aggregationRule", "clusterRoleSelectors", NULL);
	const struct json_value *rules = json_find(object, STR("rules"));
	struct json_value *copy;

	role->exists = true;
	role->arena = arena_create(1024);
	if (labels)
		role->labels = json_copy(role->arena, labels, true);
	if (selectors && selectors->type == JSON_ARRAY) {
		role->selectors = json_copy(role->arena, selectors, true);
		role->is_aggregated = true;
	}
	if (!rules || rules->type != JSON_ARRAY)
		return;
	copy = ARENA_NEW(role->arena, struct json_value);
	*copy = json_copy(role->arena, rules, true);
	rbac_rules_compile(role->arena, copy, &role->rules, &role->rule_count);
}

static void set_role(struct rbac *rbac, struct arena *scratch, struct str namespace,
	struct str name, const struct json_value *object)
{
	struct rbac_role *role = role_slot(rbac, scratch, namespace, name);

	rbac_aggregation_note(rbac, role);
	role_clear(role);
	if (object)
		role_fill(role, object);
	/* Only cluster roles aggregate. */
	if (!str_is_empty(namespace))
		role->is_aggregated = false;
	rbac_aggregation_enlist(rbac, role);
	rbac_aggregation_note(rbac, role);
}

/* ---- Bindings ---- */

static void binding_free(struct rbac_binding *binding)
{
	struct arena *arena = binding->arena;

	arena_destroy(&arena);
}

static struct rbac_binding *binding_create(struct rbac *rbac, struct arena *scratch,
	struct str namespace, struct str name, const struct json_value *object)
{
	struct arena *arena = arena_create(512);
	struct rbac_binding *binding = ARENA_NEW(arena, struct rbac_binding);
	const struct json_value *reference = json_find(object, STR("roleRef"));
	const struct json_value *subjects = json_find(object, STR("subjects"));
	struct str role = json_text(json_find(reference, STR("name")));
	size_t count = subjects && subjects->type == JSON_ARRAY ? json_count(subjects) : 0;

	binding->arena = arena;
	binding->name = arena_copy(arena, name);
	binding->namespace = arena_copy(arena, namespace);
	binding->role_kind = arena_copy(arena, json_text(json_find(reference, STR("kind"))));
	if (str_equal(binding->role_kind, STR("ClusterRole")))
		binding->role = role_slot(rbac, scratch, STR_EMPTY, role);
	else if (str_equal(binding->role_kind, STR("Role")) && !str_is_empty(namespace))
		binding->role = role_slot(rbac, scratch, namespace, role);
	binding->subjects = ARENA_ARRAY(arena, struct rbac_subject, count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct json_value *subject = json_element(subjects, i);

		binding->subjects[binding->subject_count++] = (struct rbac_subject){
			.kind = arena_copy(arena, json_text(json_find(subject, STR("kind")))),
			.name = arena_copy(arena, json_text(json_find(subject, STR("name")))),
			.namespace =
				arena_copy(arena, json_text(json_find(subject, STR("namespace")))),
		};
	}
	return binding;
}

static void set_binding(struct rbac *rbac, struct arena *scratch, struct str namespace,
	struct str name, const struct json_value *object)
{
	bool is_cluster = str_is_empty(namespace);
	struct map *map = is_cluster ? &rbac->cluster_bindings : &rbac->bindings;
	struct str key = is_cluster ? name : scoped_name(scratch, namespace, name);
	struct rbac_binding *old = map_remove(map, key);

	if (old) {
		rbac_index_remove(rbac, old);
		binding_free(old);
	}
	if (!object)
		return;
	struct rbac_binding *binding = binding_create(rbac, scratch, namespace, name, object);

	map_set(map, key, binding);
	rbac_index_add(rbac, binding);
}

void rbac_set_object(struct rbac *rbac, enum rbac_kind kind, struct str namespace, struct str name,
	const struct json_value *object)
{
	struct arena *scratch = arena_create(0);

	switch (kind) {
	case RBAC_ROLE:
		if (!str_is_empty(namespace))
			set_role(rbac, scratch, namespace, name, object);
		break;
	case RBAC_CLUSTER_ROLE:
		set_role(rbac, scratch, STR_EMPTY, name, object);
		break;
	case RBAC_ROLE_BINDING:
		if (!str_is_empty(namespace))
			set_binding(rbac, scratch, namespace, name, object);
		break;
	case RBAC_CLUSTER_ROLE_BINDING:
		set_binding(rbac, scratch, STR_EMPTY, name, object);
		break;
	}
	arena_destroy(&scratch);
}

/* ---- The end ---- */

static void free_roles(struct map *map)
{
	const struct map_entry *entry;
	size_t position = 0;

	while ((entry = map_next(map, &position)))
		role_free(entry->value);
	map_fini(map);
}

static void free_bindings(struct map *map)
{
	const struct map_entry *entry;
	size_t position = 0;

	while ((entry = map_next(map, &position)))
		binding_free(entry->value);
	map_fini(map);
}

void rbac_destroy(struct rbac **rbac)
{
	struct rbac *gone = *rbac;
	const struct map_entry *entry;
	size_t position = 0;

	*rbac = NULL;
	if (!gone)
		return;
	while ((entry = map_next(&gone->grants, &position))) {
		struct rbac_grants *grants = entry->value;

		memory_free(grants->entries);
		memory_free(grants);
	}
	map_fini(&gone->grants);
	free_bindings(&gone->cluster_bindings);
	free_bindings(&gone->bindings);
	free_roles(&gone->cluster_roles);
	free_roles(&gone->roles);
	memory_free(gone->aggregated);
	memory_free(gone);
}
