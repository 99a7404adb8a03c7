/* SPDX-License-Identifier: Apache-2.0 */
#include "json_reader.h"
#include "schema_engine.h"
#include "test_schema_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Two documents, a line each: the second patches the first, both by the test's workload schema.
 * What comes out goes through the other walks, and decoding it again changes nothing.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_create(0);
	struct str rest = str_from((const char *)data, size);
	struct str first = str_split(&rest, '\n');
	struct json_value document;
	struct json_value patch;
	struct json_value patched;
	struct json_value decoded;
	struct json_value again;
	struct json_value unknown = json_array();
	struct field_errors errors = {.arena = arena};

	if (json_read(arena, first, NULL, &document, NULL) == 0 &&
		json_read(arena, rest, NULL, &patch, NULL) == 0 &&
		patch_strategic(arena, &test_workload, &document, &patch, &patched, NULL) == 0 &&
		schema_decode(arena, &test_workload, &patched, &unknown, &decoded, NULL) == 0) {
		if (schema_decode(arena, &test_workload, &decoded, NULL, &again, NULL) != 0 ||
			!json_equal(&decoded, &again))
			__builtin_trap();
		schema_apply_defaults(arena, &test_workload, &decoded);
		schema_validate(&test_workload, &decoded, &again, NULL, &errors);
	}
	arena_destroy(&arena);
	return 0;
}
