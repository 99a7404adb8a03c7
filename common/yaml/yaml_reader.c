/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's events become a tree the way the JSON reader makes one: children of open collections
 * wait on one stack. In a mapping keys and values alternate there. An anchor remembers its finished
 * value and how much there is of it, so that an alias is weighed before it is copied.
 */
#include "yaml_reader.h"

#include <math.h>
#include <stdlib.h>
#include <yaml.h>

#include "assertion.h"
#include "buffer.h"
#include "json_writer.h"
#include "memory.h"
#include "yaml_scalar.h"

#define PREFIX              "error converting YAML to JSON: "
#define DEPTH_DEFAULT       10000
#define BLOCK_DEPTH_MAXIMUM 1000
#define NODES_DEFAULT       4000000
#define ALIAS_NODES_MAXIMUM 400000
#define ALIAS_BYTES_MAXIMUM (16 * 1024 * 1024)
#define DUPLICATES_MAXIMUM  100
#define NO_ANCHOR           SIZE_MAX
/* libyaml looks at every open flow collection for each token: this bounds their product. */
#define FLOW_WORK_MAXIMUM 100000000

struct yaml_weight {
	size_t nodes;
	size_t bytes;
};

struct yaml_anchor {
	struct json_value value;
	struct yaml_weight weight; /* while open: that of all before it */
	bool is_open;
};

struct yaml_item {
	struct json_value value;
	size_t line;
	bool is_merge; /* the key "<<" */
};

struct yaml_open {
	size_t first_item;
	size_t anchor; /* or NO_ANCHOR */
	size_t line;
	bool is_mapping;
	bool is_block;
};

struct yaml_reader {
	struct arena *arena;
	const struct json_read_options *options;
	struct error *err;
	yaml_parser_t parser;
	struct yaml_item *items;
	size_t item_count;
	size_t item_capacity;
	struct yaml_open *open;
	size_t open_count;
	size_t open_capacity;
	size_t block_depth;
	size_t flow_work;
	struct yaml_anchor *anchors;
	size_t anchor_count;
	size_t anchor_capacity;
	struct json_value anchor_names; /* name -> index into anchors */
	struct yaml_weight weight;      /* of everything read so far */
	struct yaml_weight aliased;
	struct json_value root;
	bool is_done;
};

/* Makes room for one more in an array on the heap. */
static void *grow(void *items, size_t count, size_t *capacity, size_t item_bytes)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity ? *capacity * 2 : 64;
	return memory_resize(items, *capacity * item_bytes);
}

static int fail(struct yaml_reader *reader, const char *message)
{
	return error_set(reader->err, ERROR_BAD_REQUEST, PREFIX "yaml: %s", message);
}

/* libyaml's lines count from 0, but not in all errors: this is how go-yaml words them. */
static int fail_parser(struct yaml_reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	const char *problem =
		parser->problem ? parser->problem : "unknown problem parsing YAML content";
	size_t line = parser->problem_mark.line;

	if (line != 0)
		line += parser->error == YAML_SCANNER_ERROR;
	else
		line = parser->context_mark.line;
	if (line == 0)
		return fail(reader, problem);
	return error_set(
		reader->err, ERROR_BAD_REQUEST, PREFIX "yaml: line %zu: %s", line, problem);
}

static int take_node(struct yaml_reader *reader, size_t bytes)
{
	size_t maximum =
		reader->options->maximum_nodes ? reader->options->maximum_nodes : NODES_DEFAULT;

	reader->weight.nodes++;
	reader->weight.bytes += bytes;
	reader->flow_work += reader->open_count - reader->block_depth;
	if (reader->flow_work > FLOW_WORK_MAXIMUM)
		return fail(reader, "document is nested too deep for its length");
	if (reader->weight.nodes > maximum)
		return fail(reader, "document has too many values");
	return 0;
}

static void add_item(struct yaml_reader *reader, struct yaml_item item)
{
	if (reader->open_count == 0) {
		reader->root = item.value;
		return;
	}
	reader->items = grow(
		reader->items, reader->item_count, &reader->item_capacity, sizeof(*reader->items));
	reader->items[reader->item_count++] = item;
}

/* ---- Anchors and aliases. ---- */

/* Notes the anchor of a node that starts; a later anchor of the same name replaces the first. */
static size_t open_anchor(struct yaml_reader *reader, const yaml_char_t *name)
{
	if (!name)
		return NO_ANCHOR;
	struct str key = arena_copy(reader->arena, str_from_c((const char *)name));

	reader->anchors = grow(reader->anchors, reader->anchor_count, &reader->anchor_capacity,
		sizeof(*reader->anchors));
	reader->anchors[reader->anchor_count] =
		(struct yaml_anchor){.weight = reader->weight, .is_open = true};
	json_set(reader->arena, &reader->anchor_names, key,
		json_integer((int64_t)reader->anchor_count));
	return reader->anchor_count++;
}

static void close_anchor(struct yaml_reader *reader, size_t anchor, const struct json_value *value)
{
	if (anchor == NO_ANCHOR)
		return;
	struct yaml_anchor *closed = &reader->anchors[anchor];

	closed->is_open = false;
	closed->value = *value;
	closed->weight.nodes = reader->weight.nodes - closed->weight.nodes;
	closed->weight.bytes = reader->weight.bytes - closed->weight.bytes;
}

static int read_alias(struct yaml_reader *reader, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct json_value *index = json_find(&reader->anchor_names, str_from_c(name));

	if (!index)
		return error_set(reader->err, ERROR_BAD_REQUEST,
			PREFIX "yaml: unknown anchor '%s' referenced", name);
	const struct yaml_anchor *anchor = &reader->anchors[index->integer];

	if (anchor->is_open)
		return error_set(reader->err, ERROR_BAD_REQUEST,
			PREFIX "yaml: anchor '%s' value contains itself", name);
	reader->aliased.nodes += anchor->weight.nodes;
	reader->aliased.bytes += anchor->weight.bytes;
	reader->weight.nodes += anchor->weight.nodes;
	reader->weight.bytes += anchor->weight.bytes;
	if (reader->aliased.nodes > ALIAS_NODES_MAXIMUM ||
		reader->aliased.bytes > ALIAS_BYTES_MAXIMUM)
		return fail(reader, "document contains excessive aliasing");
	add_item(
		reader, (struct yaml_item){.value = json_copy(reader->arena, &anchor->value, false),
				.line = event->start_mark.line + 1});
	return 0;
}

/* ---- Scalars. ---- */

/* No tag, or "!", which says nothing. */
static bool is_untagged(const yaml_char_t *tag)
{
	return !tag || strcmp((const char *)tag, "!") == 0;
}

/* The short form of a YAML tag ("int"), or NULL for one of others' making. */
static const char *short_tag(const yaml_char_t *tag)
{
	static const char prefix[] = "tag:yaml.org,2002:";

	if (strncmp((const char *)tag, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	return (const char *)tag + sizeof(prefix) - 1;
}

static int fail_tag(struct yaml_reader *reader, const yaml_char_t *tag)
{
	return error_set(
		reader->err, ERROR_BAD_REQUEST, PREFIX "yaml: tag %.100s is not supported", tag);
}

static const char *type_tag(const struct json_value *value)
{
	switch (value->type) {
	case JSON_NULL:
		return "null";
	case JSON_BOOL:
		return "bool";
	case JSON_INTEGER:
		return "int";
	case JSON_DOUBLE:
		return "float";
	default:
		return "str";
	}
}

static int resolve_tagged(
	struct yaml_reader *reader, struct str text, const yaml_char_t *tag, struct json_value *ret)
{
	const char *wanted = short_tag(tag);

	if (!wanted)
		return fail_tag(reader, tag);
	if (strcmp(wanted, "str") == 0 || strcmp(wanted, "timestamp") == 0) {
		*ret = json_string(text);
		return 0;
	}
	if (strcmp(wanted, "null") != 0 && strcmp(wanted, "bool") != 0 &&
		strcmp(wanted, "int") != 0 && strcmp(wanted, "float") != 0)
		return fail_tag(reader, tag);
	struct json_value value = yaml_scalar_resolve(text);

	if (strcmp(wanted, type_tag(&value)) != 0 &&
		!(value.type == JSON_INTEGER && strcmp(wanted, "float") == 0))
		return error_set(reader->err, ERROR_BAD_REQUEST,
			PREFIX "yaml: cannot decode !!%s `%.*s` as a !!%s", type_tag(&value),
			(int)(text.length > 100 ? 100 : text.length), text.data, wanted);
	*ret = value;
	return 0;
}

static int read_scalar(struct yaml_reader *reader, const yaml_event_t *event)
{
	struct str text = arena_copy(reader->arena,
		str_from((const char *)event->data.scalar.value, event->data.scalar.length));
	struct yaml_item item = {.line = event->start_mark.line + 1};
	size_t anchor = open_anchor(reader, event->data.scalar.anchor);

	if (take_node(reader, text.length) != 0)
		return ERROR_RETURN;
	if (!is_untagged(event->data.scalar.tag)) {
		if (resolve_tagged(reader, text, event->data.scalar.tag, &item.value) != 0)
			return ERROR_RETURN;
	} else if (event->data.scalar.plain_implicit || event->data.scalar.tag) {
		item.value = yaml_scalar_resolve(text);
		item.is_merge = str_equal(text, STR("<<"));
	} else {
		item.value = json_string(text);
	}
	close_anchor(reader, anchor, &item.value);
	add_item(reader, item);
	return 0;
}

/* ---- Collections. ---- */

static int open_collection(struct yaml_reader *reader, const yaml_event_t *event)
{
	bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *tag =
		is_mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	const yaml_char_t *anchor =
		is_mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	bool is_block = is_mapping ? event->data.mapping_start.style != YAML_FLOW_MAPPING_STYLE
				   : event->data.sequence_start.style != YAML_FLOW_SEQUENCE_STYLE;
	size_t depth =
		reader->options->maximum_depth ? reader->options->maximum_depth : DEPTH_DEFAULT;

	if (!is_untagged(tag) &&
		(!short_tag(tag) || strcmp(short_tag(tag), is_mapping ? "map" : "seq") != 0))
		return fail_tag(reader, tag);
	reader->block_depth += is_block;
	if (reader->open_count >= depth || reader->block_depth > BLOCK_DEPTH_MAXIMUM)
		return error_set(reader->err, ERROR_BAD_REQUEST,
			PREFIX "yaml: exceeded max depth of %zu",
			reader->open_count >= depth ? depth : (size_t)BLOCK_DEPTH_MAXIMUM);
	reader->open = grow(
		reader->open, reader->open_count, &reader->open_capacity, sizeof(*reader->open));
	reader->open[reader->open_count++] = (struct yaml_open){.first_item = reader->item_count,
		.anchor = open_anchor(reader, anchor),
		.line = event->start_mark.line + 1,
		.is_mapping = is_mapping,
		.is_block = is_block};
	return take_node(reader, 0);
}

/* JSON has no infinities: they may be keys but not values. */
static int check_number(struct yaml_reader *reader, const struct json_value *value)
{
	if (value->type != JSON_DOUBLE || isfinite(value->number))
		return 0;
	return error_set(reader->err, ERROR_BAD_REQUEST, PREFIX "json: unsupported value: %s",
		isnan(value->number) ? "NaN"
		: value->number > 0  ? "+Inf"
				     : "-Inf");
}

static int make_array(struct yaml_reader *reader, const struct yaml_item *items, size_t count,
	struct json_value *ret)
{
	struct json_value array = json_array();

	if (count > 0)
		array.elements = ARENA_ARRAY(reader->arena, struct json_value, count);
	array.length = array.capacity = (uint32_t)count;
	for (size_t i = 0; i < count; i++) {
		if (check_number(reader, &items[i].value) != 0)
			return ERROR_RETURN;
		array.elements[i] = items[i].value;
	}
	*ret = array;
	return 0;
}

/* A double as Go's FormatFloat(.., 'g', -1, 32) has it: the fewest digits that give the same float.
 */
static struct str float_key(struct arena *arena, double number)
{
	char digits[32];
	int precision = 1;

	if (isnan(number))
		return STR(".nan");
	if (isinf(number))
		return number > 0 ? STR(".inf") : STR("-.inf");
	for (; precision < 9; precision++) {
		snprintf(digits, sizeof(digits), "%.*e", precision - 1, number);
		if (strtof(digits, NULL) == (float)number)
			break;
	}
	snprintf(digits, sizeof(digits), "%.*e", precision - 1, number);
	int exponent = (int)strtol(strchr(digits, 'e') + 1, NULL, 10);

	if (exponent >= -4 && exponent < 6)
		return arena_printf(arena, "%.*f",
			precision - 1 - exponent > 0 ? precision - 1 - exponent : 0, number);
	return arena_copy(arena, str_from_c(digits));
}

static int key_text(struct yaml_reader *reader, const struct json_value *key, struct str *ret)
{
	switch (key->type) {
	case JSON_STRING:
		*ret = json_text(key);
		return 0;
	case JSON_BOOL:
		*ret = key->boolean ? STR("true") : STR("false");
		return 0;
	case JSON_INTEGER:
		*ret = arena_printf(reader->arena, "%lld", (long long)key->integer);
		return 0;
	case JSON_DOUBLE:
		*ret = float_key(reader->arena, key->number);
		return 0;
	case JSON_NULL:
		return error_set(reader->err, ERROR_BAD_REQUEST,
			PREFIX "unsupported map key of type: %%!s(<nil>), key: <nil>");
	default:
		return fail(reader, "invalid map key");
	}
}

static void report_duplicate(
	struct yaml_reader *reader, const struct yaml_item *value, struct str key)
{
	struct json_value *duplicates = reader->options->ret_duplicates;
	struct buffer text = {0};

	if (!duplicates || duplicates->length >= DUPLICATES_MAXIMUM)
		return;
	buffer_printf(&text, "line %zu: key ", value->line);
	json_write_string(&text, str_slice(key, 0, 256));
	buffer_append(&text, STR(" already set in map"));
	json_append(reader->arena, duplicates,
		json_string(arena_copy(reader->arena, buffer_str(&text))));
	buffer_fini(&text);
}

/* Adds the members of a mapping that `object` has not. */
static int merge_mapping(
	struct yaml_reader *reader, struct json_value *object, const struct json_value *source)
{
	if (source->type != JSON_OBJECT)
		return fail(reader, "map merge requires map or sequence of maps as the value");
	for (uint32_t i = 0; i < source->length; i++)
		if (!json_find(object, source->members[i].key))
			json_append_member(reader->arena, object, source->members[i].key,
				source->members[i].value);
	return 0;
}

static int merge_value(
	struct yaml_reader *reader, struct json_value *object, const struct json_value *source)
{
	if (source->type != JSON_ARRAY)
		return merge_mapping(reader, object, source);
	for (uint32_t i = 0; i < source->length; i++)
		if (merge_mapping(reader, object, &source->elements[i]) != 0)
			return ERROR_RETURN;
	return 0;
}

static int make_object(struct yaml_reader *reader, const struct yaml_item *items, size_t count,
	struct json_value *ret)
{
	struct json_value object = json_object();
	struct str key;

	ASSERT(count % 2 == 0);
	for (size_t i = 0; i < count; i += 2) {
		if (items[i].is_merge)
			continue;
		if (key_text(reader, &items[i].value, &key) != 0 ||
			check_number(reader, &items[i + 1].value) != 0)
			return ERROR_RETURN;
		struct json_value *found = json_find(&object, key);

		if (found) {
			report_duplicate(reader, &items[i + 1], key);
			*found = items[i + 1].value;
		} else {
			json_append_member(reader->arena, &object, key, items[i + 1].value);
		}
	}
	for (size_t i = 0; i < count; i += 2)
		if (items[i].is_merge && merge_value(reader, &object, &items[i + 1].value) != 0)
			return ERROR_RETURN;
	*ret = object;
	return 0;
}

static int close_collection(struct yaml_reader *reader)
{
	struct yaml_open open = reader->open[reader->open_count - 1];
	size_t count = reader->item_count - open.first_item;
	const struct yaml_item *items = count ? &reader->items[open.first_item] : NULL;
	struct yaml_item item = {.line = open.line};

	int result = open.is_mapping ? make_object(reader, items, count, &item.value)
				     : make_array(reader, items, count, &item.value);

	if (result != 0)
		return result;
	reader->item_count = open.first_item;
	reader->open_count--;
	reader->block_depth -= open.is_block;
	close_anchor(reader, open.anchor, &item.value);
	add_item(reader, item);
	return 0;
}

static int read_event(struct yaml_reader *reader, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(reader, event);
	case YAML_ALIAS_EVENT:
		return read_alias(reader, event);
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return open_collection(reader, event);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return close_collection(reader);
	case YAML_DOCUMENT_END_EVENT:
	case YAML_STREAM_END_EVENT:
		reader->is_done = true;
		return 0;
	default:
		return 0;
	}
}

static int read_document(struct yaml_reader *reader)
{
	while (!reader->is_done) {
		yaml_event_t event;

		if (!yaml_parser_parse(&reader->parser, &event))
			return fail_parser(reader);
		int result = read_event(reader, &event);

		yaml_event_delete(&event);
		if (result != 0)
			return result;
	}
	return 0;
}

/*
 * JSON is nearly all YAML, and what clients send as YAML is mostly JSON, which is read in a
 * fraction of the time. Where the two could differ (it is no JSON, or has duplicates) YAML decides.
 */
static bool read_as_json(struct arena *arena, struct str text,
	const struct json_read_options *options, struct json_value *ret_value)
{
	struct json_value duplicates = json_array();
	struct json_read_options json_options = *options;

	text = str_trim(text);
	json_options.ret_duplicates = &duplicates;
	json_options.share_text = false;
	return str_starts_with(text, STR("{")) && str_ends_with(text, STR("}")) &&
	       json_read(arena, text, &json_options, ret_value, NULL) == 0 &&
	       duplicates.length == 0;
}

int yaml_read(struct arena *arena, struct str text, const struct json_read_options *options,
	struct json_value *ret_value, struct error *err)
{
	static const struct json_read_options defaults = {0};
	struct yaml_reader reader = {
		.arena = arena,
		.options = options ? options : &defaults,
		.err = err,
		.anchor_names = json_object(),
	};

	if (read_as_json(arena, text, reader.options, &reader.root)) {
		*ret_value = reader.root;
		return 0;
	}
	if (!yaml_parser_initialize(&reader.parser))
		return fail(&reader, "out of memory");
	yaml_parser_set_input_string(
		&reader.parser, (const unsigned char *)(text.data ? text.data : ""), text.length);
	reader.root = json_null();
	int result = read_document(&reader);

	if (result == 0)
		result = check_number(&reader, &reader.root);
	yaml_parser_delete(&reader.parser);
	memory_free(reader.items);
	memory_free(reader.open);
	memory_free(reader.anchors);
	if (result == 0)
		*ret_value = reader.root;
	return result;
}

struct str yaml_duplicates_text(struct arena *arena, const struct json_value *duplicates)
{
	struct buffer text = {0};

	buffer_append(&text, STR(PREFIX "yaml: unmarshal errors:"));
	for (size_t i = 0; i < json_count(duplicates); i++) {
		buffer_append(&text, STR("\n  "));
		buffer_append(&text, json_text(json_element(duplicates, i)));
	}
	struct str copy = arena_copy(arena, buffer_str(&text));

	buffer_fini(&text);
	return copy;
}
