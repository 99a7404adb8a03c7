/* SPDX-License-Identifier: Apache-2.0 */
#include "delete_options_body.h"

#include "json_reader.h"
#include "protobuf_reader.h"

/* meta/v1 DeleteOptions: the one body that every resource takes, whatever its own schema. */
static const struct schema string_schema = {.kind = SCHEMA_STRING};
static const struct schema integer_schema = {.kind = SCHEMA_INTEGER, .bits = 64};
static const struct schema boolean_schema = {.kind = SCHEMA_BOOLEAN};
static const struct schema strings_schema = {.kind = SCHEMA_LIST, .element = &string_schema};

static const struct schema_field precondition_fields[] = {
	{.name = STR_INIT("uid"), .schema = &string_schema, .protobuf_number = 1},
	{.name = STR_INIT("resourceVersion"), .schema = &string_schema, .protobuf_number = 2},
};
static const struct schema preconditions_schema = {
	.kind = SCHEMA_STRUCT, .fields = precondition_fields, .field_count = 2};

static const struct schema_field delete_fields[] = {
	{.name = STR_INIT("gracePeriodSeconds"), .schema = &integer_schema, .protobuf_number = 1},
	{.name = STR_INIT("preconditions"), .schema = &preconditions_schema, .protobuf_number = 2},
	{.name = STR_INIT("orphanDependents"), .schema = &boolean_schema, .protobuf_number = 3},
	{.name = STR_INIT("propagationPolicy"), .schema = &string_schema, .protobuf_number = 4},
	{.name = STR_INIT("dryRun"), .schema = &strings_schema, .protobuf_number = 5},
};
static const struct schema delete_schema = {
	.kind = SCHEMA_STRUCT, .fields = delete_fields, .field_count = 5};

int delete_options_body_read(
	struct arena *arena, struct str body, struct json_value *ret, struct error *err)
{
	struct protobuf_envelope envelope;

	if (!str_starts_with(body, str_from("k8s\0", 4)))
		return json_read(arena, body, NULL, ret, err);
	if (protobuf_read_envelope(body, &envelope, err) != 0 ||
		protobuf_read_message(arena, &delete_schema, envelope.raw, ret, err) != 0)
		return ERROR_RETURN;
	json_set(arena, ret, STR("kind"), json_string(envelope.kind));
	return 0;
}
