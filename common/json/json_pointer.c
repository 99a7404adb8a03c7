/* SPDX-License-Identifier: Apache-2.0 */
#include "json_pointer.h"

#include "assertion.h"

/* ~1 is '/', ~0 is '~'; a '~' before anything else stands for itself, as upstream's library has it.
 */
static struct str unescape(struct arena *arena, struct str step)
{
	if (str_find_byte(step, '~') == step.length)
		return step;
	char *out = arena_allocate_text(arena, step.length);
	size_t length = 0;

	for (size_t i = 0; i < step.length; i++) {
		char byte = step.data[i];
		char next = i + 1 < step.length ? step.data[i + 1] : '\0';

		if (byte == '~' && (next == '0' || next == '1')) {
			byte = next == '0' ? '~' : '/';
			i++;
		}
		out[length++] = byte;
	}
	return str_from(out, length);
}

int json_pointer_parse(
	struct arena *arena, struct str text, struct json_pointer *ret, struct error *err)
{
	size_t count = 0;

	if (str_is_empty(text)) {
		*ret = (struct json_pointer){NULL, 0};
		return 0;
	}
	if (text.data[0] != '/')
		return error_set(
			err, ERROR_BAD_REQUEST, "JSON pointer must be empty or start with \"/\"");
	for (size_t i = 0; i < text.length; i++)
		count += text.data[i] == '/';
	struct str *steps = ARENA_ARRAY(arena, struct str, count);
	struct str rest = str_skip(text, 1);

	for (size_t i = 0; i < count; i++)
		steps[i] = unescape(arena, str_split(&rest, '/'));
	*ret = (struct json_pointer){steps, count};
	return 0;
}

struct json_pointer json_pointer_parent(struct json_pointer pointer)
{
	ASSERT(pointer.count > 0);
	return (struct json_pointer){pointer.steps, pointer.count - 1};
}

bool json_pointer_index(struct str step, size_t maximum, size_t *ret)
{
	uint64_t index;

	if (step.length > 1 && step.data[0] == '0')
		return false;
	if (!str_parse_u64(step, maximum, &index))
		return false;
	*ret = index;
	return true;
}

struct json_value *json_pointer_find(const struct json_value *document, struct json_pointer pointer)
{
	/* The caller's constness is that of the tree it hands in, as with json_find(). */
	struct json_value *at = (struct json_value *)(uintptr_t)document;

	for (size_t i = 0; at && i < pointer.count; i++) {
		size_t index;

		if (at->type == JSON_ARRAY)
			at = json_pointer_index(pointer.steps[i], UINT32_MAX, &index)
				     ? json_element(at, index)
				     : NULL;
		else
			at = json_find(at, pointer.steps[i]);
	}
	return at;
}
