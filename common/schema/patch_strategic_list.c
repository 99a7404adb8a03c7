/* SPDX-License-Identifier: Apache-2.0 */
#include "patch_strategic_private.h"

#include <stdlib.h>

#include "buffer.h"
#include "go_format.h"
#include "json_writer.h"

#define SHOWN_BYTES 512

/* A list whose items are known by a key: the merge key's value, or the scalar itself. */
struct keyed {
	const struct json_value *items;
	struct str *keys;
	uint32_t count;
	struct json_value index; /* key -> position of its first item */
};

static int missing_key(
	struct strategic *context, const struct json_value *item, struct str merge_key)
{
	struct buffer shown = {0};

	go_write_bounded(&shown, item, SHOWN_BYTES);
	error_set(context->err, ERROR_BAD_REQUEST,
		"map: %.*s does not contain declared merge key: %.*s", STR_ARG(buffer_str(&shown)),
		STR_ARG(merge_key));
	buffer_fini(&shown);
	return ERROR_RETURN;
}

static int keyed_create(struct strategic *context, const struct json_value *list,
	struct str merge_key, struct keyed *ret)
{
	*ret = (struct keyed){.index = json_object()};
	if (!list || list->length == 0)
		return 0;
	ret->items = list->elements;
	ret->count = list->length;
	ret->keys = ARENA_ARRAY(context->arena, struct str, list->length);
	for (uint32_t i = 0; i < list->length; i++) {
		const struct json_value *key = &list->elements[i];

		if (merge_key.length > 0) {
			key = json_find(key, merge_key);
			if (!key)
				return missing_key(context, &list->elements[i], merge_key);
		}
		ret->keys[i] = json_to_str(context->arena, key);
		if (!json_find(&ret->index, ret->keys[i]))
			json_append_member(
				context->arena, &ret->index, ret->keys[i], json_integer(i));
	}
	return 0;
}

/* The position of the first item with the key, or -1. */
static int64_t keyed_find(const struct keyed *keyed, struct str key)
{
	return json_integer_or(json_find(&keyed->index, key), -1);
}

/* All items must be of one kind, and no lists. */
static int check_elements(struct strategic *context, const struct json_value *original,
	const struct json_value *patch, bool *ret_maps)
{
	const struct json_value *lists[] = {original, patch};
	enum json_type type = JSON_NULL;
	bool first = true;

	*ret_maps = false;

	for (size_t list = 0; list < 2; list++) {
		for (uint32_t i = 0; i < lists[list]->length; i++) {
			enum json_type item = lists[list]->elements[i].type;

			if (first)
				type = item;
			first = false;
			if (item == JSON_ARRAY)
				return error_set(context->err, ERROR_BAD_REQUEST,
					"lists of lists are not supported");
			if (item != type)
				return error_set(context->err, ERROR_BAD_REQUEST,
					"list element types are not identical");
		}
	}
	*ret_maps = type == JSON_OBJECT;
	return 0;
}

struct ranked {
	int64_t rank;
	uint32_t position;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *left = a;
	const struct ranked *right = b;

	if (left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	return left->position < right->position ? -1 : left->position > right->position;
}

/* Those items of `merged` that are (not) in `order`, sorted by where `sort_by` has them. */
static struct ranked *select_items(struct arena *arena, const struct keyed *merged,
	const struct keyed *order, bool in_order, const struct keyed *sort_by, uint32_t *ret_count)
{
	struct ranked *items = ARENA_ARRAY(arena, struct ranked, merged->count + 1);
	uint32_t count = 0;

	for (uint32_t i = 0; i < merged->count; i++)
		if ((keyed_find(order, merged->keys[i]) >= 0) == in_order)
			items[count++] = (struct ranked){keyed_find(sort_by, merged->keys[i]), i};
	qsort(items, count, sizeof(*items), compare_ranked);
	*ret_count = count;
	return items;
}

/*
 * Upstream's order: the patch's items as `order` has them, the server's own as the server had them;
 * of two heads the server's comes first only when the server knew both in that order.
 */
static struct json_value arrange(struct arena *arena, const struct keyed *merged,
	const struct keyed *order, const struct keyed *server)
{
	uint32_t left_count;
	uint32_t right_count;
	struct ranked *left = select_items(arena, merged, order, false, server, &left_count);
	struct ranked *right = select_items(arena, merged, order, true, order, &right_count);
	struct json_value result = json_array();

	for (uint32_t i = 0, j = 0; i < left_count || j < right_count;) {
		bool take_left = j >= right_count;

		if (i < left_count && j < right_count) {
			int64_t in_server = keyed_find(server, merged->keys[right[j].position]);

			take_left = left[i].rank >= 0 && in_server >= 0 && left[i].rank < in_server;
		}

		uint32_t position = take_left ? left[i++].position : right[j++].position;

		json_append(arena, &result, merged->items[position]);
	}
	return result;
}

static int merge_scalars(struct strategic *context, const struct json_value *original,
	const struct json_value *patch, struct json_value *ret)
{
	struct json_value seen = json_object();
	struct json_value merged = json_array();
	const struct json_value *lists[] = {original, patch};

	for (size_t list = 0; list < 2; list++) {
		for (uint32_t i = 0; i < lists[list]->length; i++) {
			const struct json_value *item = &lists[list]->elements[i];
			struct str key = json_to_str(context->arena, item);

			if (json_find(&seen, key))
				continue;
			json_append_member(context->arena, &seen, key, json_null());
			json_append(context->arena, &merged, *item);
		}
	}
	*ret = merged;
	return 0;
}

/* Takes the items with $patch out of the patch and does what they say to the original. */
static int apply_special_items(struct strategic *context, struct str merge_key,
	struct json_value *original, struct json_value *patch)
{
	struct json_value plain = json_array();
	struct json_value deleted = json_object();
	struct json_value kept = json_array();
	bool replace = false;

	for (uint32_t i = 0; i < patch->length; i++) {
		const struct json_value *item = &patch->elements[i];
		struct str directive = json_text(json_find(item, STR("$patch")));

		if (!strategic_has_directive(item)) {
			json_append(context->arena, &plain, *item);
		} else if (str_equal_c(directive, "replace")) {
			replace = true;
		} else if (str_equal_c(directive, "delete")) {
			const struct json_value *key = json_find(item, merge_key);

			if (!key)
				return missing_key(context, item, merge_key);
			json_set(context->arena, &deleted, json_to_str(context->arena, key),
				json_null());
		} else if (str_equal_c(directive, "merge")) {
			return error_set(context->err, ERROR_BAD_REQUEST,
				"merging lists cannot yet be specified in the patch");
		} else {
			return strategic_unknown_directive(context, item);
		}
	}
	for (uint32_t i = 0; i < original->length && !replace; i++) {
		const struct json_value *key = json_find(&original->elements[i], merge_key);

		if (!key || !json_find(&deleted, json_to_str(context->arena, key)))
			json_append(context->arena, &kept, original->elements[i]);
	}
	*patch = plain;
	*original = kept;
	return 0;
}

/* Merges each item into the one with the same key, or appends it. */
static int merge_maps(struct strategic *context, const struct strategic_target *target,
	const struct json_value *original, const struct json_value *patch, unsigned depth,
	struct json_value *ret)
{
	const struct schema *element = target->schema ? target->schema->element : NULL;
	struct json_value merged = json_array();
	struct json_value places = json_object();

	for (uint32_t i = 0; i < original->length; i++) {
		const struct json_value *key = json_find(&original->elements[i], target->merge_key);

		if (key) {
			struct str text = json_to_str(context->arena, key);

			if (!json_find(&places, text))
				json_append_member(context->arena, &places, text, json_integer(i));
		}
		json_append(context->arena, &merged, original->elements[i]);
	}
	for (uint32_t i = 0; i < patch->length; i++) {
		const struct json_value *item = &patch->elements[i];
		const struct json_value *key = json_find(item, target->merge_key);

		if (!key)
			return missing_key(context, item, target->merge_key);

		struct str text = json_to_str(context->arena, key);
		int64_t place = json_integer_or(json_find(&places, text), -1);
		struct json_value result;

		if (place >= 0) {
			if (strategic_merge_map(context, element, &merged.elements[place], item,
				    depth + 1, &result) < 0)
				return ERROR_RETURN;
			merged.elements[place] = result;
			continue;
		}
		if (strategic_clean(context, item, depth + 1, &result) < 0)
			return ERROR_RETURN;
		json_append_member(
			context->arena, &places, text, json_integer((int64_t)merged.length));
		json_append(context->arena, &merged, result);
	}
	*ret = merged;
	return 0;
}

static int arrange_lists(struct strategic *context, struct str merge_key,
	const struct json_value *merged, const struct json_value *order,
	const struct json_value *server, struct json_value *ret)
{
	struct keyed keyed_merged;
	struct keyed keyed_order;
	struct keyed keyed_server;

	if (keyed_create(context, merged, merge_key, &keyed_merged) < 0 ||
		keyed_create(context, order, merge_key, &keyed_order) < 0 ||
		keyed_create(context, server, merge_key, &keyed_server) < 0)
		return ERROR_RETURN;
	*ret = arrange(context->arena, &keyed_merged, &keyed_order, &keyed_server);
	return 0;
}

int strategic_merge_list(struct strategic *context, const struct strategic_target *target,
	const struct json_value *original, const struct json_value *patch, unsigned depth,
	struct json_value *ret)
{
	struct json_value server = *original;
	struct json_value items = *patch;
	struct json_value merged;
	bool maps;

	if (!(target->flags & FIELD_PATCH_MERGE)) {
		*ret = *patch;
		return 0;
	}
	if (original->length == 0 && patch->length == 0) {
		*ret = *original;
		return 0;
	}
	if (check_elements(context, original, patch, &maps) < 0)
		return ERROR_RETURN;
	if (!maps) {
		merge_scalars(context, original, patch, &merged);
		return arrange_lists(context, STR_EMPTY, &merged, &items, &server, ret);
	}
	if (target->merge_key.length == 0)
		return error_set(context->err, ERROR_BAD_REQUEST,
			"cannot merge lists without merge key for %.*s",
			STR_ARG(target->schema->name));
	if (apply_special_items(context, target->merge_key, &server, &items) < 0 ||
		merge_maps(context, target, &server, &items, depth, &merged) < 0)
		return ERROR_RETURN;
	return arrange_lists(context, target->merge_key, &merged, &items, &server, ret);
}

int strategic_delete_from_list(struct strategic *context, const struct json_value *original,
	const struct json_value *values, struct json_value *ret)
{
	struct keyed gone;
	struct json_value kept = json_array();

	if (keyed_create(context, values, STR_EMPTY, &gone) < 0)
		return ERROR_RETURN;
	for (uint32_t i = 0; i < original->length; i++) {
		const struct json_value *item = &original->elements[i];

		if (keyed_find(&gone, json_to_str(context->arena, item)) < 0)
			json_append(context->arena, &kept, *item);
	}
	*ret = kept;
	return 0;
}

/* The patch's items, deletions aside, must come in the order of the directive. */
static int check_order(struct strategic *context, struct str merge_key,
	const struct json_value *patch, const struct json_value *order)
{
	struct json_value plain = json_array();
	struct keyed items;
	struct keyed wanted;
	uint32_t at = 0;

	for (uint32_t i = 0; i < patch->length; i++)
		if (!strategic_has_directive(&patch->elements[i]))
			json_append(context->arena, &plain, patch->elements[i]);
	if (order->length == 0 || plain.length == 0)
		return 0;
	if (keyed_create(context, &plain, merge_key, &items) < 0 ||
		keyed_create(context, order, merge_key, &wanted) < 0)
		return ERROR_RETURN;
	for (uint32_t i = 0; i < wanted.count && at < items.count; i++)
		at += str_equal(items.keys[at], wanted.keys[i]);
	if (at == items.count)
		return 0;

	struct buffer shown = {0};

	go_write_bounded(&shown, patch, SHOWN_BYTES);
	buffer_append(&shown, STR("\n doesn't match $setElementOrder list:\n"));
	go_write_bounded(&shown, order, SHOWN_BYTES);
	error_set(context->err, ERROR_BAD_REQUEST, "The order in patch list:\n%.*s\n",
		STR_ARG(buffer_str(&shown)));
	buffer_fini(&shown);
	return ERROR_RETURN;
}

int strategic_order_list(struct strategic *context, const struct strategic_target *target,
	const struct json_value *original, const struct json_value *patch,
	const struct json_value *order, unsigned depth, struct json_value *ret)
{
	struct json_value merged;

	if (patch && check_order(context, target->merge_key, patch, order) < 0)
		return ERROR_RETURN;
	if (!patch)
		merged = *original;
	else if (!original && strategic_clean(context, patch, depth + 1, &merged) < 0)
		return ERROR_RETURN;
	else if (original &&
		 strategic_merge_list(context, target, original, patch, depth + 1, &merged) < 0)
		return ERROR_RETURN;
	return arrange_lists(context, target->merge_key, &merged, order, original, ret);
}
