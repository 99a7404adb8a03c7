/* SPDX-License-Identifier: Apache-2.0 */
#include "field_selector.h"

#define REQUIREMENTS_MAXIMUM 100

static int find_field(const struct api_resource *resource, struct str label, int *ret_index)
{
	bool is_namespaced = resource->flags & RESOURCE_NAMESPACED;
	bool is_namespace =
		str_is_empty(resource->group) && str_equal(resource->resource, STR("namespaces"));

	if (str_equal(label, STR("metadata.name")) ||
		(is_namespace && str_equal(label, STR("name")))) {
		*ret_index = FIELD_INDEX_NAME;
		return 0;
	}
	/* Kinds without fields of their own take it also where there are no namespaces. */
	if ((is_namespaced || resource->selectable_field_count == 0) &&
		str_equal(label, STR("metadata.namespace"))) {
		*ret_index = FIELD_INDEX_NAMESPACE;
		return 0;
	}
	for (size_t i = 0; i < resource->selectable_field_count; i++) {
		const struct selectable_field *field = &resource->selectable_fields[i];

		if (str_equal(field->label, label) ||
			(!str_is_empty(field->alias) && str_equal(field->alias, label))) {
			*ret_index = (int)i;
			return 0;
		}
	}
	return ERROR_RETURN;
}

static int refuse_label(const struct api_resource *resource, struct str label, struct error *err)
{
	label = str_slice(label, 0, 256);
	if (str_equal(resource->group, STR("batch")) && resource->selectable_field_count > 0)
		return error_set(err, ERROR_BAD_REQUEST,
			"field label \"%.*s\" not supported for batchv1.Job", STR_ARG(label));
	if (resource->selectable_field_count > 0)
		return error_set(
			err, ERROR_BAD_REQUEST, "field label not supported: %.*s", STR_ARG(label));
	return error_set(err, ERROR_BAD_REQUEST,
		"\"%.*s\" is not a known field selector: only \"metadata.name\", "
		"\"metadata.namespace\"",
		STR_ARG(label));
}

/* The term up to a comma that no backslash precedes. */
static struct str take_term(struct str *rest)
{
	size_t length = 0;

	while (length < rest->length && rest->data[length] != ',')
		length += rest->data[length] == '\\' && length + 1 < rest->length ? 2 : 1;
	struct str term = str_slice(*rest, 0, length);

	*rest = str_skip(*rest, length + 1);
	return term;
}

static int unescape(struct arena *arena, struct str text, struct str *ret, struct error *err)
{
	char *copy = arena_allocate_text(arena, text.length + 1);
	size_t length = 0;

	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] == '\\') {
			if (++i == text.length || (text.data[i] != '\\' && text.data[i] != ',' &&
							  text.data[i] != '='))
				return error_set(err, ERROR_BAD_REQUEST,
					"invalid field selector: invalid escape sequence: \\%.*s",
					STR_ARG(str_slice(text, i, 1)));
		} else if (text.data[i] == '=') {
			return error_set(err, ERROR_BAD_REQUEST,
				"invalid field selector: unescaped character in value: %d", '=');
		}
		copy[length++] = text.data[i];
	}
	*ret = str_from(copy, length);
	return 0;
}

static int parse_term(struct arena *arena, struct str whole, struct str term,
	const struct api_resource *resource, struct field_requirement *requirement,
	struct error *err)
{
	size_t at = str_find_byte(term, '=');
	struct str label = str_slice(term, 0, at), value = str_skip(term, at + 1);

	if (at == term.length)
		return error_set(err, ERROR_BAD_REQUEST,
			"invalid selector: '%.*s'; can't understand '%.*s'",
			STR_ARG(str_slice(whole, 0, 256)), STR_ARG(str_slice(term, 0, 256)));
	requirement->is_equal = !str_ends_with(label, STR("!"));
	if (!requirement->is_equal)
		label = str_slice(label, 0, label.length - 1);
	else if (str_starts_with(value, STR("=")))
		value = str_skip(value, 1);
	label = str_trim(label);
	if (find_field(resource, label, &requirement->index) != 0)
		return refuse_label(resource, label, err);
	return unescape(arena, value, &requirement->value, err);
}

int field_selector_parse(struct arena *arena, struct str text, const struct api_resource *resource,
	struct field_selector **ret, struct error *err)
{
	struct field_selector *selector = ARENA_NEW(arena, struct field_selector);
	struct field_requirement *requirements = NULL;
	struct str whole = text;

	*ret = selector;
	if (str_is_empty(text))
		return 0;
	requirements = ARENA_ARRAY(arena, struct field_requirement, REQUIREMENTS_MAXIMUM);
	while (!str_is_empty(text)) {
		struct str term = take_term(&text);

		if (str_is_empty(term))
			continue;
		if (selector->count == REQUIREMENTS_MAXIMUM)
			return error_set(
				err, ERROR_BAD_REQUEST, "invalid selector: too many requirements");
		if (parse_term(arena, whole, term, resource, &requirements[selector->count++],
			    err) != 0)
			return ERROR_RETURN;
	}
	selector->requirements = requirements;
	return 0;
}

bool field_selector_is_empty(const struct field_selector *selector)
{
	return !selector || selector->count == 0;
}

bool field_selector_matches_stored(const struct field_selector *selector, struct str namespace,
	struct str name, const struct stored_object *stored)
{
	for (size_t i = 0; i < selector->count; i++) {
		const struct field_requirement *requirement = &selector->requirements[i];
		struct str value;

		if (requirement->index == FIELD_INDEX_NAME)
			value = name;
		else if (requirement->index == FIELD_INDEX_NAMESPACE)
			value = namespace;
		else
			value = stored_object_selectable(stored, (size_t)requirement->index);
		if (str_equal(value, requirement->value) != requirement->is_equal)
			return false;
	}
	return true;
}
