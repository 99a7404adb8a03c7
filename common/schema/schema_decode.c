/* SPDX-License-Identifier: Apache-2.0 */
#include "assertion.h"
#include "schema_engine.h"
#include "schema_scalar.h"

/*
 * The walk keeps its place on a stack in the arena, so that input nested as deep as the reader lets
 * through costs no C stack. A frame stands for one container on the way; its output has room for
 * all its items from the start, so that children are written where they stay.
 */
#define UNKNOWN_MAXIMUM 100

enum frame_mode {
	FRAME_STRUCT,        /* built-in: canonical order, Go's emission rules */
	FRAME_CUSTOM_STRUCT, /* sorted by key */
	FRAME_MAP,
	FRAME_LIST,
	FRAME_ANY_OBJECT, /* kept as it is, sorted by key */
	FRAME_ANY_ARRAY,
};

struct frame {
	struct frame *below;
	struct field_path path; /* the root's is not used */
	const struct schema *schema;
	const struct json_value *input;
	struct json_value *output;
	const struct schema_field *field; /* of the child at hand */
	uint16_t *order;   /* FRAME_STRUCT: the field's index for each output member */
	uint32_t position; /* of the next child in the input */
	size_t expected;   /* structs: the field that likely comes next */
	enum frame_mode mode;
	bool custom; /* in a custom object: built-in structs are sorted by key too */
};

struct decoder {
	struct arena *arena;
	struct json_value *unknown;
	struct error *err;
	struct frame *top;
	struct frame *unused;
};

static const struct schema any_schema = {.kind = SCHEMA_ANY, .flags = SCHEMA_PRESERVE_UNKNOWN};

/* The parent of the paths of the frame's children. */
static const struct field_path *frame_path(const struct frame *frame)
{
	return frame->below ? &frame->path : NULL;
}

static void note_unknown(struct decoder *decoder, const struct frame *frame, struct str key)
{
	struct field_path path = field_path_child(frame_path(frame), key);

	if (!decoder->unknown || json_count(decoder->unknown) >= UNKNOWN_MAXIMUM)
		return;
	json_append(decoder->arena, decoder->unknown,
		json_string(field_path_format(decoder->arena, &path)));
}

/* "PodSpec.spec.containers": the innermost struct, then the fields on the way. */
static struct str go_field(const struct decoder *decoder)
{
	struct str text = STR_EMPTY;
	struct str owner = STR_EMPTY;

	for (const struct frame *frame = decoder->top; frame; frame = frame->below) {
		if (frame->mode != FRAME_STRUCT || !frame->field)
			continue;
		if (!owner.data)
			owner = frame->schema->name;
		text = arena_printf(decoder->arena, "%.*s%s%.*s", STR_ARG(frame->field->name),
			text.length ? "." : "", STR_ARG(text));
	}
	if (!owner.data)
		return STR_EMPTY;
	for (size_t i = owner.length; i > 0; i--) {
		if (owner.data[i - 1] == '.') {
			owner = str_skip(owner, i);
			break;
		}
	}
	return arena_printf(decoder->arena, "%.*s.%.*s", STR_ARG(owner), STR_ARG(text));
}

static int wrong_type(struct decoder *decoder, const struct schema *schema,
	const struct json_value *input, bool say_number)
{
	struct str field = go_field(decoder);
	struct str type = schema_go_type(decoder->arena, schema);
	struct str number = STR_EMPTY;

	if (say_number)
		number = arena_printf(decoder->arena, " %.*s",
			STR_ARG(schema_number_text(decoder->arena, input)));
	return error_set(decoder->err, ERROR_BAD_REQUEST,
		"json: cannot unmarshal %s%.*s into Go %s%.*s of type %.*s",
		schema_go_value_kind(input), STR_ARG(number),
		field.length ? "struct field " : "value", STR_ARG(field), STR_ARG(type));
}

static void push(struct decoder *decoder, enum frame_mode mode, const struct schema *schema,
	const struct json_value *input, struct json_value *output, const struct field_path *path)
{
	struct frame *frame = decoder->unused;
	uint32_t room = input->length;

	if (frame)
		decoder->unused = frame->below;
	else
		frame = ARENA_NEW(decoder->arena, struct frame);
	*frame = (struct frame){.below = decoder->top,
		.mode = mode,
		.schema = schema,
		.input = input,
		.output = output};
	if (path)
		frame->path = *path;
	frame->custom = (schema->flags & SCHEMA_CUSTOM) || (decoder->top && decoder->top->custom);
	if (mode == FRAME_STRUCT) {
		frame->order = ARENA_ARRAY(decoder->arena, uint16_t, room);
		for (size_t i = 0; i < schema->field_count; i++)
			room += (schema->fields[i].flags & FIELD_EMIT_EMPTY) != 0;
	}
	if (mode == FRAME_LIST || mode == FRAME_ANY_ARRAY) {
		*output = json_array();
		if (room > 0)
			output->elements = ARENA_ARRAY(decoder->arena, struct json_value, room);
	} else {
		*output = json_object();
		if (room > 0)
			output->members = ARENA_ARRAY(decoder->arena, struct json_member, room);
	}
	output->capacity = room;
	decoder->top = frame;
}

/* Containers that are kept whole: sorted in custom objects, as they are elsewhere. */
static void keep(struct decoder *decoder, const struct json_value *input, struct json_value *output,
	const struct field_path *path, bool custom)
{
	if (custom && input->type == JSON_OBJECT)
		push(decoder, FRAME_ANY_OBJECT, &any_schema, input, output, path);
	else if (custom && input->type == JSON_ARRAY)
		push(decoder, FRAME_ANY_ARRAY, &any_schema, input, output, path);
	else
		*output = json_copy(decoder->arena, input, false);
}

/* A wrong type stays for validation to name. */
static void decode_custom(struct decoder *decoder, const struct schema *schema,
	const struct json_value *input, struct json_value *output, const struct field_path *path)
{
	bool untyped = schema->flags & SCHEMA_UNTYPED;

	if (input->type == JSON_OBJECT && schema->kind == SCHEMA_STRUCT)
		push(decoder, FRAME_CUSTOM_STRUCT, schema, input, output, path);
	else if (input->type == JSON_OBJECT && schema->kind == SCHEMA_MAP)
		push(decoder, FRAME_MAP, schema, input, output, path);
	else if (input->type == JSON_ARRAY && schema->element &&
		 (schema->kind == SCHEMA_LIST || untyped))
		push(decoder, FRAME_LIST, schema, input, output, path);
	else if (input->type == JSON_OBJECT && schema->kind == SCHEMA_ANY &&
		 !(schema->flags & SCHEMA_PRESERVE_UNKNOWN))
		push(decoder, FRAME_CUSTOM_STRUCT, schema, input, output, path);
	else
		keep(decoder, input, output, path, true);
}

static int decode_scalar(struct decoder *decoder, const struct schema *schema,
	const struct json_value *input, struct json_value *output)
{
	bool milli = decoder->top && (decoder->top->schema->flags & SCHEMA_RESOURCE_LIST);

	switch (schema_scalar_decode(decoder->arena, schema, input, milli, output, decoder->err)) {
	case SCHEMA_SCALAR_WRONG_TYPE:
		return wrong_type(decoder, schema, input, false);
	case SCHEMA_SCALAR_WRONG_VALUE:
		return wrong_type(decoder, schema, input, true);
	case SCHEMA_SCALAR_MALFORMED:
		return ERROR_RETURN;
	case SCHEMA_SCALAR_OK:
		break;
	}
	return 0;
}

/* One value: a scalar is done at once, a container is pushed. `input` is not null if built-in. */
static int decode_value(struct decoder *decoder, const struct schema *schema,
	const struct json_value *input, struct json_value *output, const struct field_path *path)
{
	static const enum frame_mode modes[] = {
		[SCHEMA_STRUCT] = FRAME_STRUCT,
		[SCHEMA_MAP] = FRAME_MAP,
		[SCHEMA_LIST] = FRAME_LIST,
	};

	if (schema->flags & SCHEMA_CUSTOM) {
		decode_custom(decoder, schema, input, output, path);
		return 0;
	}
	switch (schema->kind) {
	case SCHEMA_STRUCT:
	case SCHEMA_MAP:
	case SCHEMA_LIST:
		if (input->type != (schema->kind == SCHEMA_LIST ? JSON_ARRAY : JSON_OBJECT))
			return wrong_type(decoder, schema, input, false);
		push(decoder, modes[schema->kind], schema, input, output, path);
		return 0;
	case SCHEMA_ANY:
		keep(decoder, input, output, path, decoder->top && decoder->top->custom);
		return 0;
	default:
		return decode_scalar(decoder, schema, input, output);
	}
}

static struct json_value *append_member(struct frame *frame, struct str key, uint16_t order)
{
	struct json_member *member = &frame->output->members[frame->output->length];

	ASSERT(frame->output->length < frame->output->capacity);
	if (frame->order)
		frame->order[frame->output->length] = order;
	frame->output->length++;
	member->key = key;
	return &member->value;
}

static int step_struct(struct decoder *decoder, struct frame *frame)
{
	const struct json_member *member = &frame->input->members[frame->position++];
	const struct schema_field *field =
		schema_find_field_near(frame->schema, member->key, &frame->expected);

	if (!field) {
		if (frame->schema->flags & SCHEMA_PRESERVE_UNKNOWN)
			*append_member(frame, member->key, UINT16_MAX) =
				json_copy(decoder->arena, &member->value, false);
		else
			note_unknown(decoder, frame, member->key);
		return 0;
	}
	if (member->value.type == JSON_NULL)
		return 0; /* the zero value: finish_struct writes it where it is written */
	if (!(field->flags & (FIELD_EMIT_EMPTY | FIELD_POINTER)) &&
		schema_scalar_is_empty(field->schema, &member->value))
		return 0;

	struct field_path path = field_path_child(frame_path(frame), field->name);

	frame->field = field;
	return decode_value(decoder, field->schema, &member->value,
		append_member(frame, field->name, (uint16_t)(field - frame->schema->fields)),
		&path);
}

/* Whether a null is dropped: it is no value here and no default will take its place. */
static bool is_null_dropped(const struct schema *schema, const struct json_value *default_value)
{
	return !(schema->flags & SCHEMA_NULLABLE) && !default_value &&
	       !(schema->kind == SCHEMA_ANY && (schema->flags & SCHEMA_PRESERVE_UNKNOWN));
}

static int step_custom_struct(struct decoder *decoder, struct frame *frame)
{
	const struct json_member *member = &frame->input->members[frame->position++];
	const struct schema_field *field =
		schema_find_field_near(frame->schema, member->key, &frame->expected);
	struct field_path path = field_path_child(frame_path(frame), member->key);

	if (!field && !(frame->schema->flags & SCHEMA_PRESERVE_UNKNOWN)) {
		note_unknown(decoder, frame, member->key);
		return 0;
	}
	if (field && member->value.type == JSON_NULL &&
		is_null_dropped(field->schema, field->default_value))
		return 0;

	struct json_value *output = append_member(frame, member->key, 0);

	if (field && member->value.type != JSON_NULL)
		return decode_value(decoder, field->schema, &member->value, output, &path);
	keep(decoder, &member->value, output, &path, true);
	return 0;
}

static int step_map(struct decoder *decoder, struct frame *frame)
{
	const struct json_member *member = &frame->input->members[frame->position++];
	const struct schema *element = frame->schema->element;
	struct field_path path = field_path_child(frame_path(frame), member->key);
	bool is_null = member->value.type == JSON_NULL;

	if (is_null && (element->flags & SCHEMA_CUSTOM) &&
		is_null_dropped(element, element->default_value))
		return 0;

	struct json_value *output =
		json_append_member(decoder->arena, frame->output, member->key, json_null());

	if (is_null && !(element->flags & SCHEMA_CUSTOM))
		*output = schema_zero_value(decoder->arena, element);
	if (is_null)
		return 0;
	return decode_value(decoder, element, &member->value, output, &path);
}

static int step_list(struct decoder *decoder, struct frame *frame)
{
	const struct json_value *input = &frame->input->elements[frame->position];
	struct field_path path = field_path_index(frame_path(frame), frame->position);
	struct json_value *output = &frame->output->elements[frame->position];
	const struct schema *element = frame->schema->element;

	frame->position++;
	frame->output->length = frame->position;
	if (input->type != JSON_NULL)
		return decode_value(decoder, element, input, output, &path);
	if (!(element->flags & SCHEMA_CUSTOM))
		*output = schema_zero_value(decoder->arena, element);
	return 0;
}

static void step_any(struct decoder *decoder, struct frame *frame)
{
	uint32_t position = frame->position++;

	if (frame->mode == FRAME_ANY_ARRAY) {
		frame->output->length = frame->position;
		keep(decoder, &frame->input->elements[position], &frame->output->elements[position],
			NULL, true);
		return;
	}

	const struct json_member *member = &frame->input->members[position];
	struct json_value *output =
		json_append_member(decoder->arena, frame->output, member->key, json_null());

	keep(decoder, &member->value, output, NULL, true);
}

/* Members come in the order of the input: nearly always sorted already. */
static void sort_fields(struct frame *frame)
{
	struct json_member *members = frame->output->members;
	uint16_t *order = frame->order;

	for (uint32_t i = 1; i < frame->output->length; i++) {
		struct json_member member = members[i];
		uint16_t rank = order[i];
		uint32_t to = i;

		for (; to > 0 && order[to - 1] > rank; to--) {
			members[to] = members[to - 1];
			order[to] = order[to - 1];
		}
		members[to] = member;
		order[to] = rank;
	}
}

/* Puts the zero values of fields without omitempty where the input had none. */
static void fill_kept(struct decoder *decoder, struct frame *frame)
{
	const struct schema *schema = frame->schema;
	struct json_value *output = frame->output;
	uint32_t present = output->length;
	uint32_t missing = 0;

	for (uint32_t i = 0, at = 0; i < schema->field_count; i++) {
		if (at < present && frame->order[at] == i)
			at++;
		else
			missing += (schema->fields[i].flags & FIELD_EMIT_EMPTY) != 0;
	}
	if (missing == 0)
		return;
	output->length += missing;
	ASSERT(output->length <= output->capacity);

	uint32_t to = output->length;

	while (present > 0 && frame->order[present - 1] == UINT16_MAX)
		output->members[--to] = output->members[--present];
	for (uint32_t i = schema->field_count; i-- > 0 && missing > 0;) {
		const struct schema_field *field = &schema->fields[i];

		if (present > 0 && frame->order[present - 1] == i) {
			output->members[--to] = output->members[--present];
		} else if (field->flags & FIELD_EMIT_EMPTY) {
			output->members[--to] = (struct json_member){field->name,
				field->flags & FIELD_POINTER
					? json_null()
					: schema_zero_value(decoder->arena, field->schema)};
			missing--;
		}
	}
}

static void finish(struct decoder *decoder, struct frame *frame)
{
	if (frame->mode == FRAME_STRUCT) {
		sort_fields(frame);
		fill_kept(decoder, frame);
	}
	if (frame->mode == FRAME_MAP || frame->mode == FRAME_CUSTOM_STRUCT ||
		frame->mode == FRAME_ANY_OBJECT || (frame->mode == FRAME_STRUCT && frame->custom))
		json_sort_members(frame->output);
	decoder->top = frame->below;
	frame->below = decoder->unused;
	decoder->unused = frame;
}

static int step(struct decoder *decoder, struct frame *frame)
{
	switch (frame->mode) {
	case FRAME_STRUCT:
		return step_struct(decoder, frame);
	case FRAME_CUSTOM_STRUCT:
		return step_custom_struct(decoder, frame);
	case FRAME_MAP:
		return step_map(decoder, frame);
	case FRAME_LIST:
		return step_list(decoder, frame);
	case FRAME_ANY_OBJECT:
	case FRAME_ANY_ARRAY:
		step_any(decoder, frame);
		return 0;
	}
	return 0;
}

int schema_decode(struct arena *arena, const struct schema *schema, const struct json_value *input,
	struct json_value *ret_unknown, struct json_value *ret_object, struct error *err)
{
	struct decoder decoder = {.arena = arena, .unknown = ret_unknown, .err = err};
	struct json_value object = json_null();
	int result;

	if (ret_unknown && ret_unknown->type != JSON_ARRAY)
		*ret_unknown = json_array();
	if (input->type == JSON_NULL && !(schema->flags & SCHEMA_CUSTOM)) {
		*ret_object = schema_zero_value(arena, schema);
		return 0;
	}
	result = decode_value(&decoder, schema, input, &object, NULL);
	while (result == 0 && decoder.top) {
		struct frame *frame = decoder.top;

		if (frame->position == frame->input->length)
			finish(&decoder, frame);
		else
			result = step(&decoder, frame);
	}
	if (result == 0)
		*ret_object = object;
	return result;
}
