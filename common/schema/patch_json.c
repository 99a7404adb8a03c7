/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer.h"
#include "json_pointer.h"
#include "json_writer.h"
#include "schema_engine.h"

#define OPERATIONS_MAXIMUM 10000
#define COPIED_MAXIMUM     (3 * 1024 * 1024)
/* Elements moved by insertions and removals in arrays, all operations together. */
#define MOVED_MAXIMUM 50000000

struct json_patch {
	struct arena *arena;
	struct json_value document;
	struct error *err;
	size_t copied_bytes;
	size_t moved_elements;
};

struct json_operation {
	struct str name;
	struct str path;
	const struct json_value *value; /* NULL: absent */
	const struct json_value *from;  /* NULL: absent */
};

/*
 * What a failed operation looks like to clients: upstream has one text for all of them. The
 * library's own text, which says what failed, is a cause.
 */
__attribute__((format(printf, 2, 3))) static int fail(
	struct json_patch *patch, const char *format, ...)
{
	struct error *err = patch->err;
	va_list arguments;

	error_set(err, ERROR_INVALID,
		"the server rejected our request due to an error in our request");
	if (!err || !err->arena)
		return ERROR_RETURN;
	va_start(arguments, format);
	error_add_cause(err, STR("UnexpectedServerResponse"),
		arena_vprintf(err->arena, format, arguments), STR_EMPTY);
	va_end(arguments);
	return ERROR_RETURN;
}

/* Paths in texts are cut: they come from the client and may be long. */
#define PATH_ARG(path) ((path).length > 1000 ? 1000 : (int)(path).length), (path).data

/* ---- Places. ---- */

struct place {
	struct json_value *container;
	struct str key; /* unescaped last step */
};

/* False when there is no container under the path without its last step. */
static bool find_place(struct json_patch *patch, struct str path, struct place *ret)
{
	struct json_pointer pointer;

	if (json_pointer_parse(patch->arena, path, &pointer, NULL) != 0 || pointer.count == 0)
		return false;
	struct json_value *container =
		json_pointer_find(&patch->document, json_pointer_parent(pointer));

	if (!container || (container->type != JSON_ARRAY && container->type != JSON_OBJECT))
		return false;
	*ret = (struct place){container, pointer.steps[pointer.count - 1]};
	return true;
}

/*
 * The index of an existing element, or, with `slots` one more than there are elements, of a place
 * to insert. Negative ones count from the end, as upstream's library allows.
 */
static int find_index(
	struct json_patch *patch, struct str key, size_t slots, const char *what, size_t *ret)
{
	int64_t index;

	if (!str_parse_i64(key, &index))
		return fail(patch, "%s: strconv.Atoi: parsing \"%.*s\": invalid syntax", what,
			PATH_ARG(key));
	if (index >= (int64_t)slots || index < -(int64_t)slots)
		return fail(patch,
			"%s: Unable to access invalid index: %lld: invalid index referenced", what,
			(long long)index);
	*ret = (size_t)(index < 0 ? index + (int64_t)slots : index);
	return 0;
}

static int charge_moves(struct json_patch *patch, size_t count)
{
	patch->moved_elements += count;
	if (patch->moved_elements > MOVED_MAXIMUM)
		return error_set(patch->err, ERROR_TOO_LARGE,
			"Request entity too large: the JSON patch moves too many list elements");
	return 0;
}

/* The value at the place; *ret is NULL when an object has no such member. */
static int get_value(struct json_patch *patch, const struct place *place, const char *what,
	struct json_value **ret)
{
	size_t index = 0;

	if (place->container->type == JSON_OBJECT) {
		*ret = json_find(place->container, place->key);
		return 0;
	}
	if (find_index(patch, place->key, place->container->length, what, &index) != 0)
		return ERROR_RETURN;
	*ret = &place->container->elements[index];
	return 0;
}

static int add_value(struct json_patch *patch, const struct place *place, struct str path,
	struct json_value value)
{
	struct json_value *container = place->container;
	size_t index = container->length;

	if (container->type == JSON_OBJECT) {
		json_set(patch->arena, container, place->key, value);
		return 0;
	}
	if (!str_equal(place->key, STR("-"))) {
		const char *what = arena_printf(patch->arena,
			"error in add for path: '%.*s': value was not a proper array index: '%.*s'",
			PATH_ARG(path), PATH_ARG(place->key))
					   .data;

		if (find_index(patch, place->key, container->length + (size_t)1, what, &index) != 0)
			return ERROR_RETURN;
	}
	if (charge_moves(patch, container->length - index) != 0)
		return ERROR_RETURN;
	json_insert(patch->arena, container, index, value);
	return 0;
}

static int remove_value(struct json_patch *patch, const struct place *place, const char *what)
{
	struct json_value *container = place->container;
	size_t index = 0;

	if (container->type == JSON_OBJECT) {
		if (charge_moves(patch, container->length) != 0)
			return ERROR_RETURN;
		if (!json_remove(container, place->key))
			return fail(patch,
				"%s: Unable to remove nonexistent key: %.*s: missing value", what,
				PATH_ARG(place->key));
		return 0;
	}
	if (find_index(patch, place->key, container->length, what, &index) != 0 ||
		charge_moves(patch, container->length - index) != 0)
		return ERROR_RETURN;
	json_remove_element(container, index);
	return 0;
}

/* ---- Operations. ---- */

static const char *describe(struct json_patch *patch, const char *text, struct str path)
{
	return arena_printf(patch->arena, "%s '%.*s'", text, PATH_ARG(path)).data;
}

static int fail_missing(struct json_patch *patch, const char *text, struct str path)
{
	return fail(patch, "%s \"%.*s\": missing value", text, PATH_ARG(path));
}

static int apply_add(struct json_patch *patch, const struct json_operation *operation)
{
	struct place place;
	struct json_value value =
		operation->value ? json_copy(patch->arena, operation->value, false) : json_null();

	if (!find_place(patch, operation->path, &place))
		return fail_missing(patch,
			"add operation does not apply: doc is missing path:", operation->path);
	return add_value(patch, &place, operation->path, value);
}

static int apply_remove(struct json_patch *patch, const struct json_operation *operation)
{
	struct place place;

	if (!find_place(patch, operation->path, &place))
		return fail_missing(patch,
			"remove operation does not apply: doc is missing path:", operation->path);
	return remove_value(
		patch, &place, describe(patch, "error in remove for path:", operation->path));
}

static int apply_replace(struct json_patch *patch, const struct json_operation *operation)
{
	struct place place;
	struct json_value *found;

	if (!find_place(patch, operation->path, &place))
		return fail(patch,
			"replace operation does not apply: doc is missing path: %.*s: missing value",
			PATH_ARG(operation->path));
	if (get_value(patch, &place, "replace operation does not apply", &found) != 0)
		return ERROR_RETURN;
	if (!found)
		return fail(patch,
			"replace operation does not apply: doc is missing key: %.*s: missing value",
			PATH_ARG(operation->path));
	*found = operation->value ? json_copy(patch->arena, operation->value, false) : json_null();
	return 0;
}

/* The value `from` names; also its place. */
static int find_source(struct json_patch *patch, const struct json_operation *operation,
	struct place *ret_place, struct json_value **ret)
{
	struct str from = json_text(operation->from);

	if (!operation->from || operation->from->type != JSON_STRING)
		return fail(patch, "%.*s operation failed to decode from: missing value",
			STR_ARG(operation->name));
	if (!find_place(patch, from, ret_place))
		return fail(patch,
			"%.*s operation does not apply: doc is missing from path: %.*s: missing value",
			STR_ARG(operation->name), PATH_ARG(from));
	if (get_value(patch, ret_place, describe(patch, "error in from path:", from), ret) != 0)
		return ERROR_RETURN;
	if (!*ret)
		return fail(patch,
			"error in %.*s for path: '%.*s': unable to get nonexistent key: %.*s: missing value",
			STR_ARG(operation->name), PATH_ARG(from), PATH_ARG(ret_place->key));
	return 0;
}

static int add_at_path(
	struct json_patch *patch, const struct json_operation *operation, struct json_value value)
{
	struct place place;

	if (!find_place(patch, operation->path, &place))
		return fail(patch,
			"%.*s operation does not apply: doc is missing destination path: %.*s: missing value",
			STR_ARG(operation->name), PATH_ARG(operation->path));
	return add_value(patch, &place, operation->path, value);
}

static int apply_move(struct json_patch *patch, const struct json_operation *operation)
{
	struct place place;
	struct json_value *found;

	if (find_source(patch, operation, &place, &found) != 0)
		return ERROR_RETURN;
	struct json_value value = *found;

	if (remove_value(patch, &place, describe(patch, "error in move for path:", place.key)) != 0)
		return ERROR_RETURN;
	return add_at_path(patch, operation, value);
}

static int apply_copy(struct json_patch *patch, const struct json_operation *operation)
{
	struct place place;
	struct json_value *found;
	struct buffer text = {0};

	if (find_source(patch, operation, &place, &found) != 0)
		return ERROR_RETURN;
	json_write(&text, found);
	patch->copied_bytes += text.length;
	buffer_fini(&text);
	if (patch->copied_bytes > COPIED_MAXIMUM)
		return fail(patch,
			"Unable to complete the copy, the accumulated size increase of copy is %zu, exceeding the limit %d",
			patch->copied_bytes, COPIED_MAXIMUM);
	return add_at_path(patch, operation, json_copy(patch->arena, found, false));
}

static int apply_test(struct json_patch *patch, const struct json_operation *operation)
{
	static const struct json_value null_value = {.type = JSON_NULL};
	const struct json_value *wanted = operation->value ? operation->value : &null_value;
	struct place place;
	struct json_value *found;

	if (!find_place(patch, operation->path, &place))
		return fail(patch,
			"test operation does not apply: is missing path: %.*s: missing value",
			PATH_ARG(operation->path));
	if (get_value(patch, &place, describe(patch, "error in test for path:", operation->path),
		    &found) != 0)
		return ERROR_RETURN;
	if (!json_equal(found ? found : &null_value, wanted))
		return fail(
			patch, "testing value %.*s failed: test failed", PATH_ARG(operation->path));
	return 0;
}

static const struct {
	struct str name;
	int (*apply)(struct json_patch *patch, const struct json_operation *operation);
} operations[] = {
	{STR_INIT("add"), apply_add},
	{STR_INIT("remove"), apply_remove},
	{STR_INIT("replace"), apply_replace},
	{STR_INIT("move"), apply_move},
	{STR_INIT("copy"), apply_copy},
	{STR_INIT("test"), apply_test},
};

static int apply_operation(struct json_patch *patch, const struct json_value *step)
{
	const struct json_value *name = json_find(step, STR("op"));
	const struct json_value *path = json_find(step, STR("path"));
	struct json_operation operation = {
		.name = name && name->type == JSON_STRING ? json_text(name) : STR("unknown"),
		.path = json_text(path),
		.value = json_find(step, STR("value")),
		.from = json_find(step, STR("from")),
	};

	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (!str_equal(operations[i].name, operation.name))
			continue;
		if (!path || path->type != JSON_STRING)
			return fail(patch, "%.*s operation failed to decode path: missing value",
				STR_ARG(operation.name));
		return operations[i].apply(patch, &operation);
	}
	return fail(patch, "Unexpected kind: %.*s", PATH_ARG(operation.name));
}

static int check_form(const struct json_value *patch, struct error *err)
{
	static const char *const names[] = {
		"null", "bool", "number", "number", "string", "array", "object"};

	if (patch->type != JSON_ARRAY)
		return error_set(err, ERROR_BAD_REQUEST,
			"json: cannot unmarshal %s into Go value of type jsonpatch.Patch",
			names[patch->type]);
	if (patch->length > OPERATIONS_MAXIMUM)
		return error_set(err, ERROR_TOO_LARGE,
			"Request entity too large: The allowed maximum operations in a JSON patch is "
			"%d, got %u",
			OPERATIONS_MAXIMUM, patch->length);
	for (uint32_t i = 0; i < patch->length; i++)
		if (patch->elements[i].type != JSON_OBJECT)
			return error_set(err, ERROR_BAD_REQUEST,
				"json: cannot unmarshal %s into Go value of type jsonpatch.Operation",
				names[patch->elements[i].type]);
	return 0;
}

int patch_json(struct arena *arena, const struct json_value *document,
	const struct json_value *patch, struct json_value *ret, struct error *err)
{
	struct json_patch work = {
		.arena = arena, .document = json_copy(arena, document, false), .err = err};

	if (check_form(patch, err) != 0)
		return ERROR_RETURN;
	for (uint32_t i = 0; i < patch->length; i++)
		if (apply_operation(&work, &patch->elements[i]) != 0)
			return ERROR_RETURN;
	*ret = work.document;
	return 0;
}
