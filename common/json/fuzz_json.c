/* SPDX-License-Identifier: Apache-2.0 */
#include "assertion.h"
#include "json_reader.h"
#include "json_writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct json_value read_again(struct arena *arena, struct str text)
{
	struct json_value value;

	ASSERT(json_read(arena, text, NULL, &value, NULL) == 0);
	return value;
}

/*
 * What is written reads back, and from the second time on it stays the same. Not from the first:
 * 1e18 is a double that is written as an integer, -0.0 is written as -0, which is 0.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct json_value duplicates = json_array();
	struct json_read_options options = {.ret_duplicates = &duplicates, .share_text = size & 1};
	struct json_value value;

	if (json_read(arena, str_from((const char *)data, size), &options, &value, &err) == 0) {
		struct json_value copy = json_copy(arena, &value, true);
		struct json_value second = read_again(arena, json_to_str(arena, &value));
		struct buffer indented = {0};

		ASSERT(json_equal(&value, &copy));
		json_write_indented(&indented, &second);
		struct json_value third = read_again(arena, buffer_str(&indented));

		ASSERT(json_equal(&second, &third));
		ASSERT(str_equal(json_to_str(arena, &second), json_to_str(arena, &third)));
		buffer_fini(&indented);
	} else {
		ASSERT(err.code == ERROR_BAD_REQUEST && !str_is_empty(err.message));
	}
	arena_destroy(&arena);
	return 0;
}
