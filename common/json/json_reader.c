/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yajl says what the tokens are; this file makes the tree. Children of the containers that are
 * still open wait on one scratch stack, so that a container's items are copied once, into an array
 * of just their size. yajl's own unescaping and its texts of errors are not used: it writes '?' for
 * a lone surrogate, and clients know the words of Go. For both the place of the last token is kept.
 */
#include "json_reader.h"

#include <yajl/yajl_parse.h>

#include "assertion.h"
#include "json_duplicates.h"
#include "json_index.h"
#include "json_text.h"
#include "memory.h"
#include "utf8.h"

#define DEPTH_DEFAULT  10000
#define NODES_DEFAULT  4000000
#define PENDING_INLINE 64
#define OPEN_INLINE    32

struct json_reader {
	struct arena *arena;
	struct str text;
	const struct json_read_options *options;
	size_t nodes_left;
	uint32_t maximum_depth;
	yajl_handle yajl;
	struct error *err;
	bool failed;      /* err is filled */
	bool at_end;      /* all text was given to yajl; a number at its end may still come */
	size_t token_end; /* of the last token that was taken */
	enum json_text_state state;
	/* Items of all open containers, outermost first; keys are empty in arrays. */
	struct json_member *pending;
	size_t pending_count;
	size_t pending_capacity;
	struct json_open *open;
	size_t open_count;
	size_t open_capacity;
	struct str key; /* of the member whose value comes next */
	struct json_value root;
	struct json_member pending_inline[PENDING_INLINE];
	struct json_open open_inline[OPEN_INLINE];
};

static void *yajl_allocate(void *context, size_t size_bytes)
{
	(void)context;
	return memory_allocate(size_bytes);
}

static void *yajl_resize(void *context, void *memory, size_t size_bytes)
{
	(void)context;
	return memory_resize(memory, size_bytes);
}

static void yajl_release(void *context, void *memory)
{
	(void)context;
	memory_free(memory);
}

static int fail(struct json_reader *reader, const char *message)
{
	reader->failed = true;
	error_set(reader->err, ERROR_BAD_REQUEST, "%s", message);
	return 0;
}

/* Doubles a scratch array that starts inside the reader. */
static void *grow_scratch(
	void *items, const void *inline_items, size_t item_bytes, size_t *capacity)
{
	size_t old_bytes = *capacity * item_bytes;

	*capacity *= 2;
	if (items != inline_items)
		return memory_resize(items, old_bytes * 2);
	return memcpy(memory_allocate(old_bytes * 2), items, old_bytes);
}

static void note_token_end(struct json_reader *reader)
{
	reader->token_end =
		reader->at_end ? reader->text.length : yajl_get_bytes_consumed(reader->yajl);
}

static bool take_node(struct json_reader *reader)
{
	if (reader->nodes_left == 0)
		return fail(reader, "the JSON document has too many values");
	reader->nodes_left--;
	note_token_end(reader);
	return true;
}

/* Puts a finished value where it belongs. */
static int add_value(struct json_reader *reader, struct json_value value)
{
	if (reader->open_count == 0) {
		reader->root = value;
		reader->state = JSON_TEXT_AFTER_TOP;
		return 1;
	}
	if (reader->pending_count == reader->pending_capacity)
		reader->pending = grow_scratch(reader->pending, reader->pending_inline,
			sizeof(struct json_member), &reader->pending_capacity);
	reader->pending[reader->pending_count++] = (struct json_member){reader->key, value};
	reader->state = reader->open[reader->open_count - 1].is_object ? JSON_TEXT_AFTER_MEMBER
								       : JSON_TEXT_AFTER_ELEMENT;
	return 1;
}

static int on_null(void *context)
{
	struct json_reader *reader = context;

	return take_node(reader) && add_value(reader, json_null());
}

static int on_boolean(void *context, int value)
{
	struct json_reader *reader = context;

	return take_node(reader) && add_value(reader, json_bool(value));
}

static int on_number(void *context, const char *text, size_t length)
{
	struct json_reader *reader = context;
	struct json_value value;

	if (!take_node(reader))
		return 0;
	if (json_text_number(str_from(text, length), &value))
		return add_value(reader, value);
	reader->failed = true;
	error_set(reader->err, ERROR_BAD_REQUEST,
		"json: cannot unmarshal number %.*s into Go value of type float64",
		length > 64 ? 64 : (int)length, text);
	return 0;
}

static bool lies_in_text(const struct json_reader *reader, const char *data)
{
	return (uintptr_t)data >= (uintptr_t)reader->text.data &&
	       (uintptr_t)data < (uintptr_t)reader->text.data + reader->text.length;
}

/*
 * The string token between the last one and `end`. yajl hands out a view of the text when there are
 * no escapes, else its own decoding; between two tokens that it reports stand only blanks, ',',
 * ':'.
 */
static struct str take_string(struct json_reader *reader, size_t start, struct str token)
{
	if (!lies_in_text(reader, token.data)) {
		while (reader->text.data[start] != '"')
			start++;
		ASSERT(start + 2 <= reader->token_end);
		return json_text_unescape(reader->arena,
			str_slice(reader->text, start + 1, reader->token_end - start - 2));
	}
	if (utf8_valid_length(token) != token.length)
		return json_text_repair(reader->arena, token);
	if (reader->options->share_text)
		return token;
	return arena_copy(reader->arena, token);
}

static int on_string(void *context, const unsigned char *text, size_t length)
{
	struct json_reader *reader = context;
	size_t start = reader->token_end;

	if (!take_node(reader))
		return 0;
	return add_value(reader,
		json_string(take_string(reader, start, str_from((const char *)text, length))));
}

static int on_key(void *context, const unsigned char *text, size_t length)
{
	struct json_reader *reader = context;
	size_t start = reader->token_end;

	if (!take_node(reader))
		return 0;
	reader->key = take_string(reader, start, str_from((const char *)text, length));
	reader->state = JSON_TEXT_AFTER_KEY;
	return 1;
}

static int open_container(struct json_reader *reader, bool is_object)
{
	if (!take_node(reader))
		return 0;
	if (reader->open_count >= reader->maximum_depth)
		return fail(reader, "exceeded max depth");
	if (reader->open_count == reader->open_capacity)
		reader->open = grow_scratch(reader->open, reader->open_inline,
			sizeof(struct json_open), &reader->open_capacity);
	reader->open[reader->open_count++] =
		(struct json_open){reader->key, reader->pending_count, is_object};
	reader->key = STR_EMPTY;
	reader->state = is_object ? JSON_TEXT_IN_OBJECT : JSON_TEXT_IN_ARRAY;
	return 1;
}

static int on_start_map(void *context)
{
	return open_container(context, true);
}

static int on_start_array(void *context)
{
	return open_container(context, false);
}

static struct json_value close_array(
	struct json_reader *reader, const struct json_member *items, uint32_t count)
{
	struct json_value array = json_array();

	if (count == 0)
		return array;
	array.elements = ARENA_ARRAY(reader->arena, struct json_value, count);
	array.length = count;
	array.capacity = count;
	for (uint32_t i = 0; i < count; i++)
		array.elements[i] = items[i].value;
	return array;
}

static struct json_value close_object(
	struct json_reader *reader, const struct json_member *items, uint32_t count)
{
	struct json_value object = json_object();

	if (count == 0)
		return object;
	object.members = ARENA_ARRAY(reader->arena, struct json_member, count);
	object.length = count;
	object.capacity = count;
	memcpy(object.members, items, count * sizeof(*items));
	if (count > JSON_INDEX_THRESHOLD)
		json_index_build(reader->arena, &object);
	json_merge_duplicates(reader->arena, &object,
		&(struct json_place){reader->open, reader->open_count},
		reader->options->ret_duplicates);
	return object;
}

static int close_container(struct json_reader *reader)
{
	note_token_end(reader);
	const struct json_open *open = &reader->open[reader->open_count - 1];
	const struct json_member *items = reader->pending + open->first_item;
	size_t count = reader->pending_count - open->first_item;
	struct json_value value = open->is_object ? close_object(reader, items, (uint32_t)count)
						  : close_array(reader, items, (uint32_t)count);

	reader->key = open->key;
	reader->pending_count = open->first_item;
	reader->open_count--;
	return add_value(reader, value);
}

static int on_end(void *context)
{
	return close_container(context);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end,
};

/* yajl takes vertical tabs and form feeds for blanks: nothing from the first one on is given to it.
 */
static size_t clean_length(struct str text)
{
	size_t tab = str_find_byte(text, '\v');

	return str_find_byte(str_slice(text, 0, tab), '\f');
}

static int run(struct json_reader *reader)
{
	struct str whole = reader->text;
	size_t clean = clean_length(whole);

	reader->text.length = clean;
	bool is_json = yajl_parse(reader->yajl, (const unsigned char *)whole.data, clean) ==
		       yajl_status_ok;

	reader->at_end = is_json;
	if (is_json)
		is_json = yajl_complete_parse(reader->yajl) == yajl_status_ok;
	if (reader->failed)
		return ERROR_RETURN;
	if (is_json && clean == whole.length)
		return 0;
	return json_text_explain(reader->state, str_skip(whole, reader->token_end), reader->err);
}

int json_read(struct arena *arena, struct str text, const struct json_read_options *options,
	struct json_value *ret_value, struct error *err)
{
	static const struct json_read_options defaults = {0};
	struct json_reader reader;

	if (!options)
		options = &defaults;
	if (text.length > UINT32_MAX)
		return error_set(err, ERROR_BAD_REQUEST, "the JSON document is too long");
	memset(&reader, 0, offsetof(struct json_reader, pending_inline));
	reader.arena = arena;
	reader.text = text;
	reader.options = options;
	reader.nodes_left = options->maximum_nodes ? options->maximum_nodes : NODES_DEFAULT;
	reader.maximum_depth = options->maximum_depth ? options->maximum_depth : DEPTH_DEFAULT;
	reader.err = err;
	reader.pending = reader.pending_inline;
	reader.pending_capacity = PENDING_INLINE;
	reader.open = reader.open_inline;
	reader.open_capacity = OPEN_INLINE;

	yajl_alloc_funcs memory = {yajl_allocate, yajl_resize, yajl_release, NULL};

	reader.yajl = yajl_alloc(&callbacks, &memory, &reader);
	yajl_config(reader.yajl, yajl_dont_validate_strings, 1);
	int result = run(&reader);

	yajl_free(reader.yajl);
	if (reader.pending != reader.pending_inline)
		memory_free(reader.pending);
	if (reader.open != reader.open_inline)
		memory_free(reader.open);
	if (result == 0)
		*ret_value = reader.root;
	return result;
}
