/* SPDX-License-Identifier: Apache-2.0 */
#include "json_reader.h"
#include "schema_compile.h"
#include "schema_engine.h"
#include "test_schema_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two documents, a line each: an OpenAPI schema and an object, which goes through all its walks. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_create(0);
	struct str rest = str_from((const char *)data, size);
	struct str first = str_split(&rest, '\n');
	struct json_value open_api;
	struct json_value object;
	struct json_value decoded;
	struct json_value unknown = json_array();
	struct field_errors errors = {.arena = arena};
	const struct schema *schema;

	if (json_read(arena, first, NULL, &open_api, NULL) == 0 && open_api.type == JSON_OBJECT &&
		json_read(arena, rest, NULL, &object, NULL) == 0 &&
		schema_compile_structural(
			arena, &open_api, &test_object_meta, &errors, NULL, &schema) == 0 &&
		schema_decode(arena, schema, &object, &unknown, &decoded, NULL) == 0) {
		schema_apply_defaults(arena, schema, &decoded);
		schema_validate(schema, &decoded, NULL, NULL, &errors);
		schema_validate(schema, &decoded, &object, NULL, &errors);
	}
	arena_destroy(&arena);
	return 0;
}
