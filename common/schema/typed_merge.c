/* SPDX-License-Identifier: Apache-2.0 */
#include "typed_value.h"

static struct json_value merge_value(struct arena *arena, const struct schema *schema,
	const struct json_value *live, const struct json_value *config, size_t depth);

static struct json_value empty_container(
	struct arena *arena, enum json_type type, uint32_t capacity)
{
	struct json_value container = {.type = type, .capacity = capacity};

	if (capacity > 0 && type == JSON_OBJECT)
		container.members = ARENA_ARRAY(arena, struct json_member, capacity);
	else if (capacity > 0)
		container.elements = ARENA_ARRAY(arena, struct json_value, capacity);
	return container;
}

static struct json_value merge_maps(struct arena *arena, const struct schema *schema,
	const struct json_value *live, const struct json_value *config, size_t depth)
{
	struct json_value out = empty_container(arena, JSON_OBJECT, live->length + config->length);

	for (uint32_t i = 0; i < live->length; i++) {
		struct str name = live->members[i].key;

		json_append_member(arena, &out, name,
			merge_value(arena, typed_member_schema(schema, name),
				&live->members[i].value, json_find(config, name), depth + 1));
	}
	for (uint32_t i = 0; i < config->length; i++)
		if (!json_find(live, config->members[i].key))
			json_append_member(
				arena, &out, config->members[i].key, config->members[i].value);
	return out;
}

/* A walk over both lists; `shared` are the config's items that live has too, in config's order. */
struct list_merge {
	struct arena *arena;
	const struct schema *schema;
	size_t depth;
	struct typed_items live;
	struct typed_items config;
	const struct typed_item **shared;
	uint32_t shared_count;
	uint32_t next_shared;
	struct json_value out;
};

static void take_item(
	struct list_merge *merge, const struct typed_item *live, const struct typed_item *config)
{
	json_append(merge->arena, &merge->out,
		merge_value(merge->arena, typed_item_schema(merge->schema),
			live ? live->value : NULL, config ? config->value : NULL,
			merge->depth + 1));
	if (live && config && merge->next_shared < merge->shared_count &&
		merge->shared[merge->next_shared] == config)
		merge->next_shared++;
}

/* Whether live's item, which config has too, must wait for another shared one. */
static bool is_out_of_turn(const struct list_merge *merge, const struct typed_item *in_config)
{
	return in_config && merge->next_shared < merge->shared_count &&
	       merge->shared[merge->next_shared] != in_config;
}

static void find_shared(struct list_merge *merge)
{
	merge->shared = ARENA_ARRAY(merge->arena, const struct typed_item *, merge->config.count);
	for (uint32_t i = 0; i < merge->config.count; i++)
		if (typed_items_find(&merge->live, &merge->config.order[i]->element))
			merge->shared[merge->shared_count++] = merge->config.order[i];
}

/*
 * Items of config come in config's order; those only live has keep their place between the shared
 * ones around them.
 */
static void merge_items(struct list_merge *merge)
{
	uint32_t l = 0;
	uint32_t c = 0;

	while (l < merge->live.count || c < merge->config.count) {
		const struct typed_item *live = l < merge->live.count ? merge->live.order[l] : NULL;
		const struct typed_item *config =
			c < merge->config.count ? merge->config.order[c] : NULL;
		const struct typed_item *in_config =
			live ? typed_items_find(&merge->config, &live->element) : NULL;

		if (live && config && in_config == config) {
			take_item(merge, live, config);
			l++;
			c++;
		} else if (live && config && is_out_of_turn(merge, in_config)) {
			l++;
		} else if (live && !in_config) {
			for (; live; live = live->next_repeat)
				take_item(merge, live, NULL);
			l++;
		} else if (config) {
			take_item(merge, typed_items_find(&merge->live, &config->element), config);
			c++;
		} else {
			l++;
		}
	}
}

static struct json_value merge_lists(struct arena *arena, const struct schema *schema,
	enum typed_kind kind, const struct json_value *live, const struct json_value *config,
	size_t depth)
{
	struct list_merge merge = {.arena = arena, .schema = schema, .depth = depth};

	typed_items_of(arena, schema, kind, live, &merge.live);
	typed_items_of(arena, schema, kind, config, &merge.config);
	merge.out = empty_container(arena, JSON_ARRAY, merge.live.count + merge.config.count);
	find_shared(&merge);
	merge_items(&merge);
	return merge.out;
}

static struct json_value merge_value(struct arena *arena, const struct schema *schema,
	const struct json_value *live, const struct json_value *config, size_t depth)
{
	if (!config)
		return *live;
	if (!live)
		return *config;
	enum typed_kind kind = typed_kind_of(schema, live, depth);

	if (kind == TYPED_LEAF || kind != typed_kind_of(schema, config, depth))
		return *config;
	if (typed_is_empty(live))
		return *config;
	if (typed_is_empty(config))
		return *live;
	if (kind == TYPED_MAP)
		return merge_maps(arena, schema, live, config, depth);
	return merge_lists(arena, schema, kind, live, config, depth);
}

struct json_value typed_merge(struct arena *arena, const struct schema *schema,
	const struct json_value *live, const struct json_value *config)
{
	return merge_value(arena, schema, live, config, 0);
}

/* ---- Removal. ---- */

static bool remove_below(struct arena *arena, const struct schema *schema,
	const struct json_value *value, const struct field_set *set, size_t depth,
	struct json_value *ret);

/* The child as it remains; false when it goes. */
static bool keep_child(struct arena *arena, const struct field_set *set,
	const struct field_element *element, const struct schema *schema,
	const struct json_value *value, size_t depth, struct json_value *ret)
{
	const struct field_node *node = field_set_find(set, element);

	*ret = *value;
	if (!node)
		return true;
	if (node->is_member)
		return false;
	return remove_below(arena, schema, value, &node->children, depth, ret);
}

static struct json_value remove_from_map(struct arena *arena, const struct schema *schema,
	const struct json_value *value, const struct field_set *set, size_t depth)
{
	struct json_value out = empty_container(arena, JSON_OBJECT, value->length);

	for (uint32_t i = 0; i < value->length; i++) {
		struct str name = value->members[i].key;
		struct field_element element = field_element_name(name);
		struct json_value kept;

		if (keep_child(arena, set, &element, typed_member_schema(schema, name),
			    &value->members[i].value, depth + 1, &kept))
			json_append_member(arena, &out, name, kept);
	}
	return out;
}

static struct json_value remove_from_list(struct arena *arena, const struct schema *schema,
	enum typed_kind kind, const struct json_value *value, const struct field_set *set,
	size_t depth)
{
	struct json_value out = empty_container(arena, JSON_ARRAY, value->length);

	for (uint32_t i = 0; i < value->length; i++) {
		const struct json_value *item = &value->elements[i];
		struct field_element element;
		struct json_value kept = *item;

		if (!typed_item_element(arena, schema, kind, item, &element) ||
			keep_child(arena, set, &element, typed_item_schema(schema), item, depth + 1,
				&kept))
			json_append(arena, &out, kept);
	}
	return out;
}

/* False when nothing remains of a container that had items. */
static bool remove_below(struct arena *arena, const struct schema *schema,
	const struct json_value *value, const struct field_set *set, size_t depth,
	struct json_value *ret)
{
	enum typed_kind kind = typed_kind_of(schema, value, depth);

	*ret = *value;
	if (kind == TYPED_LEAF)
		return json_count(value) == 0;
	if (typed_is_empty(value))
		return true;
	*ret = kind == TYPED_MAP ? remove_from_map(arena, schema, value, set, depth)
				 : remove_from_list(arena, schema, kind, value, set, depth);
	return ret->length > 0;
}

struct json_value typed_remove(struct arena *arena, const struct schema *schema,
	const struct json_value *value, const struct field_set *set)
{
	struct json_value out;

	if (field_set_is_empty(set))
		return *value;
	if (!remove_below(arena, schema, value, set, 0, &out))
		return json_object();
	return out;
}
