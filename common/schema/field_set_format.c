/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer.h"
#include "field_set.h"
#include "go_format.h"
#include "json_reader.h"
#include "json_writer.h"

/* ---- FieldsV1. ---- */

static int parse_element(
	struct arena *arena, struct str text, struct field_element *ret, struct error *err)
{
	struct str body = str_skip(text, 2);
	struct json_read_options options = {.maximum_depth = 8};
	uint64_t index;

	if (text.length < 2 || text.data[1] != ':')
		return error_set(err, ERROR_BAD_REQUEST, "missing colon: %.*s",
			text.length > 100 ? 100 : (int)text.length, text.data);
	*ret = (struct field_element){.name = body};
	switch (text.data[0]) {
	case 'f':
		ret->kind = FIELD_ELEMENT_NAME;
		return 0;
	case 'v':
		ret->kind = FIELD_ELEMENT_VALUE;
		return json_read(arena, body, &options, &ret->value, err);
	case 'k':
		ret->kind = FIELD_ELEMENT_KEY;
		if (json_read(arena, body, &options, &ret->value, err) != 0)
			return ERROR_RETURN;
		if (ret->value.type != JSON_OBJECT)
			return error_set(err, ERROR_BAD_REQUEST, "a list key is not an object");
		json_sort_members(&ret->value);
		return 0;
	case 'i':
		ret->kind = FIELD_ELEMENT_INDEX;
		if (!str_parse_u64(body, INT32_MAX, &index))
			return error_set(err, ERROR_BAD_REQUEST, "a list index is not a number");
		ret->value = json_integer((int64_t)index);
		return 0;
	default:
		return error_set(err, ERROR_BAD_REQUEST, "unknown key prefix: %c", text.data[0]);
	}
}

static int parse_children(struct arena *arena, const struct json_value *fields, size_t depth,
	bool *ret_is_member, struct field_set *ret, struct error *err)
{
	struct field_set set = {0};

	*ret_is_member = fields->type == JSON_OBJECT && fields->length == 0;
	if (fields->type != JSON_OBJECT)
		return error_set(err, ERROR_BAD_REQUEST, "expected object in fieldsV1");
	if (depth > FIELD_SET_DEPTH_MAXIMUM)
		return error_set(err, ERROR_BAD_REQUEST, "fieldsV1 is nested too deep");
	for (uint32_t i = 0; i < fields->length; i++) {
		struct field_element element;
		struct field_set children;
		bool is_member;

		if (str_equal(fields->members[i].key, STR("."))) {
			*ret_is_member = true;
			continue;
		}
		if (parse_element(arena, fields->members[i].key, &element, err) != 0 ||
			parse_children(arena, &fields->members[i].value, depth + 1, &is_member,
				&children, err) != 0)
			return ERROR_RETURN;
		field_set_append(arena, &set, element, is_member, children);
	}
	field_set_sort(arena, &set);
	*ret = set;
	return 0;
}

int field_set_parse(struct arena *arena, const struct json_value *fields, struct field_set *ret,
	struct error *err)
{
	bool ignored;

	return parse_children(arena, fields, 0, &ignored, ret, err);
}

static struct str element_text(struct arena *arena, const struct field_element *element)
{
	static const char prefixes[] = {'f', 'k', 'v', 'i'};
	struct buffer text = {0};

	buffer_append_byte(&text, prefixes[element->kind]);
	buffer_append_byte(&text, ':');
	if (element->kind == FIELD_ELEMENT_NAME)
		buffer_append(&text, element->name);
	else
		json_write(&text, &element->value);
	struct str copy = arena_copy(arena, buffer_str(&text));

	buffer_fini(&text);
	return copy;
}

struct json_value field_set_to_json(struct arena *arena, const struct field_set *set)
{
	struct json_value fields = json_object();

	for (uint32_t i = 0; i < set->count; i++) {
		const struct field_node *node = &set->nodes[i];
		struct json_value below = field_set_to_json(arena, &node->children);

		if (node->is_member && below.length > 0) {
			struct json_value with_self = json_object();

			json_append_member(arena, &with_self, STR("."), json_object());
			for (uint32_t j = 0; j < below.length; j++)
				json_append_member(arena, &with_self, below.members[j].key,
					below.members[j].value);
			below = with_self;
		}
		json_append_member(arena, &fields, element_text(arena, &node->element), below);
	}
	return fields;
}

/* ---- Paths for people: .spec.ports[port=80,protocol="TCP"].name ---- */

static void write_value(struct buffer *out, const struct json_value *value)
{
	if (value->type == JSON_STRING)
		go_quote(out, json_text(value));
	else
		json_write(out, value);
}

void field_element_format(struct buffer *out, const struct field_element *element)
{
	if (element->kind == FIELD_ELEMENT_NAME) {
		buffer_append_byte(out, '.');
		buffer_append(out, element->name);
		return;
	}
	buffer_append_byte(out, '[');
	if (element->kind == FIELD_ELEMENT_KEY) {
		for (uint32_t i = 0; i < element->value.length; i++) {
			if (i > 0)
				buffer_append_byte(out, ',');
			buffer_append(out, element->value.members[i].key);
			buffer_append_byte(out, '=');
			write_value(out, &element->value.members[i].value);
		}
	} else {
		if (element->kind == FIELD_ELEMENT_VALUE)
			buffer_append_byte(out, '=');
		write_value(out, &element->value);
	}
	buffer_append_byte(out, ']');
}

static void visit_level(const struct field_set *set, struct buffer *path,
	void (*visit)(void *context, struct str path), void *context)
{
	size_t length = path->length;

	for (uint32_t i = 0; i < set->count; i++) {
		if (!set->nodes[i].is_member)
			continue;
		field_element_format(path, &set->nodes[i].element);
		visit(context, buffer_str(path));
		path->length = length;
	}
	for (uint32_t i = 0; i < set->count; i++) {
		field_element_format(path, &set->nodes[i].element);
		visit_level(&set->nodes[i].children, path, visit, context);
		path->length = length;
	}
}

void field_set_each(
	const struct field_set *set, void (*visit)(void *context, struct str path), void *context)
{
	struct buffer path = {0};

	visit_level(set, &path, visit, context);
	buffer_fini(&path);
}
