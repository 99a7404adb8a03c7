/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of openapi.v2 (gnostic). A message's length stands in four bytes, padded: it is
 * known only when the message is written, and need not be the shortest.
 */
#include "ext_swagger.h"
#include "json_writer.h"

#define LENGTH_BYTES 4
#define LENGTH_BITS  7

static void put_varint(struct buffer *out, uint64_t value)
{
	for (; value > 0x7f; value >>= LENGTH_BITS)
		buffer_append_byte(out, (char)((value & 0x7f) | 0x80));
	buffer_append_byte(out, (char)value);
}

static size_t begin(struct buffer *out, unsigned number)
{
	put_varint(out, number << 3 | 2);
	for (size_t i = 0; i < LENGTH_BYTES; i++)
		buffer_append_byte(out, 0);
	return out->length;
}

static void end(struct buffer *out, size_t start)
{
	size_t length = out->length - start;

	for (size_t i = 0; i < LENGTH_BYTES; i++) {
		bool is_last = i + 1 == LENGTH_BYTES;

		out->data[start - LENGTH_BYTES + i] =
			(char)((length & 0x7f) | (is_last ? 0 : 0x80));
		length >>= LENGTH_BITS;
	}
}

static void put_text(struct buffer *out, unsigned number, struct str text)
{
	put_varint(out, number << 3 | 2);
	put_varint(out, text.length);
	buffer_append(out, text);
}

static void put_texts(struct buffer *out, unsigned number, const struct json_value *list)
{
	for (size_t i = 0; i < json_count(list); i++)
		put_text(out, number, json_text(json_element(list, i)));
}

static void put_bool(struct buffer *out, unsigned number, const struct json_value *value)
{
	if (!json_bool_or(value, false))
		return;
	put_varint(out, number << 3);
	buffer_append_byte(out, 1);
}

static void put_double(struct buffer *out, unsigned number, const struct json_value *value)
{
	double real =
		value->type == JSON_DOUBLE ? value->number : (double)json_integer_or(value, 0);
	uint64_t bits;

	memcpy(&bits, &real, sizeof(bits));
	put_varint(out, number << 3 | 1);
	for (size_t i = 0; i < sizeof(bits); i++)
		buffer_append_byte(out, (char)(bits >> (8 * i) & 255));
}

static void put_integer(struct buffer *out, unsigned number, const struct json_value *value)
{
	put_varint(out, number << 3);
	put_varint(out, (uint64_t)json_integer_or(value, 0));
}

/* Any: the value as YAML, of which JSON is a part. */
static void put_any(struct buffer *out, unsigned number, const struct json_value *value)
{
	size_t any = begin(out, number), yaml = begin(out, 2);

	json_write(out, value);
	buffer_append_byte(out, '\n');
	end(out, yaml);
	end(out, any);
}

static void put_extensions(struct buffer *out, unsigned number, const struct json_value *object)
{
	for (size_t i = 0; i < json_count(object); i++) {
		if (!str_starts_with(object->members[i].key, STR("x-")))
			continue;
		size_t named = begin(out, number);

		put_text(out, 1, object->members[i].key);
		put_any(out, 2, &object->members[i].value);
		end(out, named);
	}
}

/* ---- Schemas: as deep as ext_swagger_schema lets them be. ---- */

enum schema_member_kind {
	MEMBER_TEXT,
	MEMBER_TEXTS,
	MEMBER_BOOL,
	MEMBER_DOUBLE,
	MEMBER_INTEGER,
	MEMBER_ANY,
	MEMBER_ANIES,
	MEMBER_TYPE,
	MEMBER_ITEMS,
	MEMBER_PROPERTIES,
	MEMBER_ADDITIONAL,
	MEMBER_DOCUMENTS,
};

static const struct schema_member {
	const char *name;
	unsigned number;
	enum schema_member_kind kind;
} schema_members[] = {
	{"$ref", 1, MEMBER_TEXT},
	{"format", 2, MEMBER_TEXT},
	{"title", 3, MEMBER_TEXT},
	{"description", 4, MEMBER_TEXT},
	{"default", 5, MEMBER_ANY},
	{"multipleOf", 6, MEMBER_DOUBLE},
	{"maximum", 7, MEMBER_DOUBLE},
	{"exclusiveMaximum", 8, MEMBER_BOOL},
	{"minimum", 9, MEMBER_DOUBLE},
	{"exclusiveMinimum", 10, MEMBER_BOOL},
	{"maxLength", 11, MEMBER_INTEGER},
	{"minLength", 12, MEMBER_INTEGER},
	{"pattern", 13, MEMBER_TEXT},
	{"maxItems", 14, MEMBER_INTEGER},
	{"minItems", 15, MEMBER_INTEGER},
	{"uniqueItems", 16, MEMBER_BOOL},
	{"maxProperties", 17, MEMBER_INTEGER},
	{"minProperties", 18, MEMBER_INTEGER},
	{"required", 19, MEMBER_TEXTS},
	{"enum", 20, MEMBER_ANIES},
	{"additionalProperties", 21, MEMBER_ADDITIONAL},
	{"type", 22, MEMBER_TYPE},
	{"items", 23, MEMBER_ITEMS},
	{"properties", 25, MEMBER_PROPERTIES},
	{"externalDocs", 29, MEMBER_DOCUMENTS},
	{"example", 30, MEMBER_ANY},
};

static void put_schema(struct buffer *out, unsigned number, const struct json_value *schema);

static void put_named_schema(
	struct buffer *out, unsigned number, struct str name, const struct json_value *schema)
{
	size_t named = begin(out, number);

	put_text(out, 1, name);
	put_schema(out, 2, schema);
	end(out, named);
}

/* Messages that hold one schema or one other thing. */
static void put_wrapped(
	struct buffer *out, const struct schema_member *member, const struct json_value *value)
{
	size_t wrapper = begin(out, member->number);

	if (member->kind == MEMBER_TYPE)
		put_text(out, 1, json_text(value));
	else if (member->kind == MEMBER_ADDITIONAL && value->type == JSON_BOOL)
		put_bool(out, 2, value);
	else if (member->kind == MEMBER_PROPERTIES)
		for (size_t i = 0; i < json_count(value); i++)
			put_named_schema(out, 1, value->members[i].key, &value->members[i].value);
	else
		put_schema(out, 1, value);
	end(out, wrapper);
}

static void put_documents(struct buffer *out, unsigned number, const struct json_value *value)
{
	size_t documents = begin(out, number);

	put_text(out, 1, json_text(json_find(value, STR("description"))));
	put_text(out, 2, json_text(json_find(value, STR("url"))));
	end(out, documents);
}

static void put_member(
	struct buffer *out, const struct schema_member *member, const struct json_value *value)
{
	switch (member->kind) {
	case MEMBER_TEXT:
		put_text(out, member->number, json_text(value));
		break;
	case MEMBER_TEXTS:
		put_texts(out, member->number, value);
		break;
	case MEMBER_BOOL:
		put_bool(out, member->number, value);
		break;
	case MEMBER_DOUBLE:
		put_double(out, member->number, value);
		break;
	case MEMBER_INTEGER:
		put_integer(out, member->number, value);
		break;
	case MEMBER_ANY:
		put_any(out, member->number, value);
		break;
	case MEMBER_ANIES:
		for (size_t i = 0; i < json_count(value); i++)
			put_any(out, member->number, json_element(value, i));
		break;
	case MEMBER_DOCUMENTS:
		put_documents(out, member->number, value);
		break;
	case MEMBER_TYPE:
	case MEMBER_ITEMS:
	case MEMBER_PROPERTIES:
	case MEMBER_ADDITIONAL:
		put_wrapped(out, member, value);
		break;
	}
}

static void put_schema(struct buffer *out, unsigned number, const struct json_value *schema)
{
	size_t start = begin(out, number);

	for (size_t i = 0; i < sizeof(schema_members) / sizeof(schema_members[0]); i++) {
		const struct json_value *value =
			json_find(schema, str_from_c(schema_members[i].name));

		if (value)
			put_member(out, &schema_members[i], value);
	}
	put_extensions(out, 31, schema);
	end(out, start);
}

/* ---- Operations ---- */

static void put_body_parameter(struct buffer *out, const struct json_value *parameter)
{
	size_t body = begin(out, 1);

	put_text(out, 2, json_text(json_find(parameter, STR("name"))));
	put_text(out, 3, STR("body"));
	put_bool(out, 4, json_find(parameter, STR("required")));
	put_schema(out, 5, json_find(parameter, STR("schema")));
	end(out, body);
}

/* The message of path parameters has no allow_empty_value: what follows has lower numbers. */
static void put_plain_parameter(struct buffer *out, const struct json_value *parameter)
{
	struct str place = json_text(json_find(parameter, STR("in")));
	bool is_path = str_equal(place, STR("path"));
	unsigned first = is_path ? 5 : 6;
	size_t plain = begin(out, 2), placed = begin(out, is_path ? 4 : 3);

	put_bool(out, 1, json_find(parameter, STR("required")));
	put_text(out, 2, place);
	put_text(out, 4, json_text(json_find(parameter, STR("name"))));
	put_text(out, first, json_text(json_find(parameter, STR("type"))));
	put_bool(out, first + 14, json_find(parameter, STR("uniqueItems")));
	end(out, placed);
	end(out, plain);
}

static void put_parameters(struct buffer *out, unsigned number, const struct json_value *list)
{
	for (size_t i = 0; i < json_count(list); i++) {
		const struct json_value *parameter = json_element(list, i);
		size_t item = begin(out, number), either = begin(out, 1);

		if (json_find(parameter, STR("schema")))
			put_body_parameter(out, parameter);
		else
			put_plain_parameter(out, parameter);
		end(out, either);
		end(out, item);
	}
}

static void put_responses(struct buffer *out, unsigned number, const struct json_value *responses)
{
	size_t all = begin(out, number);

	for (size_t i = 0; i < json_count(responses); i++) {
		const struct json_value *value = &responses->members[i].value;
		const struct json_value *schema = json_find(value, STR("schema"));
		size_t named = begin(out, 1), item, response;

		put_text(out, 1, responses->members[i].key);
		item = begin(out, 2);
		response = begin(out, 1);
		put_text(out, 1, json_text(json_find(value, STR("description"))));
		if (schema) {
			size_t wrapper = begin(out, 2);

			put_schema(out, 1, schema);
			end(out, wrapper);
		}
		end(out, response);
		end(out, item);
		end(out, named);
	}
	end(out, all);
}

static void put_operation(struct buffer *out, unsigned number, const struct json_value *operation)
{
	size_t start = begin(out, number);

	put_texts(out, 1, json_find(operation, STR("tags")));
	put_text(out, 5, json_text(json_find(operation, STR("operationId"))));
	put_texts(out, 6, json_find(operation, STR("produces")));
	put_texts(out, 7, json_find(operation, STR("consumes")));
	put_parameters(out, 8, json_find(operation, STR("parameters")));
	put_responses(out, 9, json_find(operation, STR("responses")));
	put_texts(out, 10, json_find(operation, STR("schemes")));
	put_extensions(out, 13, operation);
	end(out, start);
}

/* ---- Parts of the document ---- */

void ext_swagger_encode_path(struct buffer *out, struct str path, const struct json_value *item)
{
	static const struct {
		const char *method;
		unsigned number;
	} methods[] = {{"get", 2}, {"put", 3}, {"post", 4}, {"delete", 5}, {"patch", 8}};
	size_t paths = begin(out, 8), named = begin(out, 2), value;

	put_text(out, 1, path);
	value = begin(out, 2);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		const struct json_value *operation = json_find(item, str_from_c(methods[i].method));

		if (operation)
			put_operation(out, methods[i].number, operation);
	}
	put_parameters(out, 9, json_find(item, STR("parameters")));
	end(out, value);
	end(out, named);
	end(out, paths);
}

void ext_swagger_encode_model(struct buffer *out, struct str name, const struct json_value *schema)
{
	size_t definitions = begin(out, 9);

	put_named_schema(out, 1, name, schema);
	end(out, definitions);
}
