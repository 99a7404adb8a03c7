/* SPDX-License-Identifier: Apache-2.0 */
#include "assertion.h"
#include "json_writer.h"
#include "yaml_reader.h"
#include "yaml_writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
		/* By its text: 1e3 is read as a float, written as 1000, and then an integer. */
		ASSERT(str_equal(json_to_str(arena, &value), json_to_str(arena, &again)));
	}
	buffer_fini(&out);
	arena_destroy(&arena);
	return 0;
}
