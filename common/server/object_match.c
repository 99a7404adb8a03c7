/* SPDX-License-Identifier: Apache-2.0 */
#include "object_match.h"

#include "object_conversion.h"
#include "object_write.h"

/* The X of metadata.name=X, or empty. */
static struct str selected_name(const struct field_selector *selector)
{
	for (size_t i = 0; i < selector->count; i++) {
		if (selector->requirements[i].index == FIELD_INDEX_NAME &&
			selector->requirements[i].is_equal)
			return selector->requirements[i].value;
	}
	return STR_EMPTY;
}

/* A watch of old has the name in its path: who may watch one name is not shown the others. */
static int narrow_to_name(
	struct arena *arena, struct str name, struct field_selector **fields, struct error *err)
{
	struct field_requirement *requirement;

	if (str_is_empty(name))
		return 0;
	if (!field_selector_is_empty(*fields)) {
		if (str_equal(selected_name(*fields), name))
			return 0;
		return error_set(err, ERROR_BAD_REQUEST,
			"fieldSelector metadata.name doesn't match requested name");
	}
	requirement = ARENA_NEW(arena, struct field_requirement);
	*requirement = (struct field_requirement){
		.index = FIELD_INDEX_NAME, .is_equal = true, .value = name};
	*fields = ARENA_NEW(arena, struct field_selector);
	**fields = (struct field_selector){.requirements = requirement, .count = 1};
	return 0;
}

int object_match_init(struct request_context *context, const struct list_options *options,
	struct object_match *ret, struct error *err)
{
	struct arena *arena = context->arena;
	const struct api_resource *resource = context->resource;
	struct label_selector *labels = NULL;
	struct field_selector *fields = NULL;
	bool is_namespaced = resource->flags & RESOURCE_NAMESPACED;

	*ret = (struct object_match){.context = context, .resource = resource};
	if (label_selector_parse(arena, options->label_selector, &labels, err) != 0 ||
		field_selector_parse(arena, options->field_selector, resource, &fields, err) != 0 ||
		narrow_to_name(arena, context->info.name, &fields, err) != 0)
		return ERROR_RETURN;
	if (is_namespaced && !str_is_empty(context->info.namespace))
		ret->root = arena_printf(arena, "%.*s/", STR_ARG(context->info.namespace));
	ret->below = ret->root;
	if (!label_selector_is_empty(labels))
		ret->labels = labels;
	if (!field_selector_is_empty(fields))
		ret->fields = fields;
	/* Names that begin alike are left to the selector. */
	if (ret->fields && (!is_namespaced || !str_is_empty(ret->root)))
		ret->below = arena_printf(
			arena, "%.*s%.*s", STR_ARG(ret->root), STR_ARG(selected_name(fields)));
	return 0;
}

static struct str split_name(
	const struct api_resource *resource, struct str storage_name, struct str *ret_namespace)
{
	*ret_namespace = STR_EMPTY;
	if (!(resource->flags & RESOURCE_NAMESPACED))
		return storage_name;
	*ret_namespace = str_split(&storage_name, '/');
	return storage_name;
}

/* An object of another version or schema: its header has other fields than the resource selects by.
 */
static bool matches_converted(const struct object_match *match, struct str namespace,
	struct str name, const struct stored_object *stored)
{
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct json_value object;
	struct stored_encoding encoding;
	struct stored_object view;
	bool is_match = false;

	if (object_read(match->context, arena, match->resource, stored, &object, NULL, &err) == 0) {
		is_match = stored_object_encode(arena, match->resource, &object, &encoding, &err) ==
				   0 &&
			   stored_object_parse(encoding.bytes, &view) &&
			   field_selector_matches_stored(match->fields, namespace, name, &view);
	}
	arena_destroy(&arena);
	return is_match;
}

bool object_match_stored(const struct object_match *match, struct str storage_name,
	const struct stored_object *stored)
{
	struct str namespace, name;

	if (match->labels && !label_selector_matches_stored(match->labels, stored))
		return false;
	if (!match->fields)
		return true;
	name = split_name(match->resource, storage_name, &namespace);
	if (match->resource->selectable_field_count > 0 &&
		(match->resource->flags & RESOURCE_CUSTOM) &&
		stored_object_type_prefix(match->resource, stored) == 0)
		return matches_converted(match, namespace, name, stored);
	return field_selector_matches_stored(match->fields, namespace, name, stored);
}

bool object_match_bytes(const struct object_match *match, struct str storage_name, struct str bytes,
	struct stored_object *ret)
{
	return bytes.length > 0 && stored_object_parse(bytes, ret) &&
	       object_match_stored(match, storage_name, ret);
}
