/* SPDX-License-Identifier: Apache-2.0 */
#include "assertion.h"
#include "json_reader.h"
#include "json_writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read must come back the same from what is written of it, plain and indented. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	struct json_value duplicates = json_array();
	struct json_read_options options = {.ret_duplicates = &duplicates, .share_text = size & 1};
	struct json_value value;
	struct json_value again;

	if (json_read(arena, str_from((const char *)data, size), &options, &value, &err) == 0) {
		struct str text = json_to_str(arena, &value);
		struct json_value copy = json_copy(arena, &value, true);
		struct buffer indented = {0};

		ASSERT(json_equal(&value, &copy));
		ASSERT(json_read(arena, text, NULL, &again, &err) == 0);
		ASSERT(json_equal(&value, &again));
		ASSERT(str_equal(text, json_to_str(arena, &again)));
		json_write_indented(&indented, &value);
		ASSERT(json_read(arena, buffer_str(&indented), NULL, &again, &err) == 0);
		ASSERT(json_equal(&value, &again));
		buffer_fini(&indented);
	} else {
		ASSERT(err.code == ERROR_BAD_REQUEST && !str_is_empty(err.message));
	}
	arena_destroy(&arena);
	return 0;
}
