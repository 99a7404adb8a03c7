/* SPDX-License-Identifier: Apache-2.0 */
#include "assertion.h"
#include "json_writer.h"
#include "yaml_reader.h"
#include "yaml_writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Members may be in another order, and a float that is whole comes back as an integer. */
static bool is_same(struct arena *arena, const struct json_value *a, const struct json_value *b)
{
	if (a->type == JSON_OBJECT && b->type == JSON_OBJECT) {
		for (size_t i = 0; i < json_count(a); i++) {
			const struct json_value *other = json_find(b, a->members[i].key);

			if (!other || !is_same(arena, &a->members[i].value, other))
				return false;
		}
		return json_count(a) == json_count(b);
	}
	if (a->type == JSON_ARRAY && b->type == JSON_ARRAY) {
		for (size_t i = 0; i < json_count(a) && i < json_count(b); i++) {
			if (!is_same(arena, json_element(a, i), json_element(b, i)))
				return false;
		}
		return json_count(a) == json_count(b);
	}
	return str_equal(json_to_str(arena, a), json_to_str(arena, b));
}

/* What was read, written and read again is the same JSON. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct json_value duplicates = json_array();
	struct json_read_options options = {.ret_duplicates = &duplicates};
	struct json_value value;
	struct json_value again;
	struct buffer out = {0};

	if (yaml_read(arena, str_from((const char *)data, size), &options, &value, &err) != 0) {
		ASSERT(err.code == ERROR_BAD_REQUEST && !str_is_empty(err.message));
	} else if (yaml_write(&out, &value, &err) == 0) {
		ASSERT(yaml_read(arena, buffer_str(&out), NULL, &again, &err) == 0);
		ASSERT(is_same(arena, &value, &again));
	}
	buffer_fini(&out);
	arena_destroy(&arena);
	return 0;
}
