/* SPDX-License-Identifier: Apache-2.0 */
#include "assertion.h"
#include "continue_token.h"
#include "field_selector.h"
#include "json_path.h"
#include "json_reader.h"
#include "label_selector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct selectable_field fields[] = {{STR_INIT("a"), STR_INIT(".a"), {0}}};
static const struct api_resource resource = {.resource = STR_INIT("things"),
	.flags = RESOURCE_NAMESPACED,
	.selectable_fields = fields,
	.selectable_field_count = 1};

static void check_outcome(int outcome, const struct error *err)
{
	ASSERT(outcome == 0 || (err->code == ERROR_BAD_REQUEST && !str_is_empty(err->message)));
}

static void try_labels(struct arena *arena, struct str text, const struct stored_object *stored,
	const struct json_value *labels)
{
	struct error err = ERROR_INIT(arena);
	struct label_selector *selector;
	int outcome = label_selector_parse(arena, text, &selector, &err);

	check_outcome(outcome, &err);
	/* The header and the tree say the same. */
	if (outcome == 0)
		ASSERT(label_selector_matches_stored(selector, stored) ==
			label_selector_matches_labels(selector, labels));
}

static void try_fields(struct arena *arena, struct str text, const struct stored_object *stored)
{
	struct error err = ERROR_INIT(arena);
	struct field_selector *selector;
	int outcome = field_selector_parse(arena, text, &resource, &selector, &err);

	check_outcome(outcome, &err);
	if (outcome == 0)
		field_selector_matches_stored(selector, STR("ns"), STR("name"), stored);
}

static void try_token(struct arena *arena, struct str text)
{
	struct error err = ERROR_INIT(arena);
	struct continue_token token;

	check_outcome(continue_token_decode(arena, text, &token, &err), &err);
}

/* Selectors, continue tokens and paths: what comes in a query, or in the columns of a CRD. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_create(0);
	struct str text = str_from((const char *)data, size);
	struct json_value object;
	struct stored_encoding encoding;
	struct stored_object stored;
	int outcome = json_read(arena,
		STR("{\"metadata\":{\"labels\":{\"a\":\"1\",\"b\":\"\",\"n\":\"7\"}},\"a\":[1,{"
		    "\"b\":2}]}"),
		NULL, &object, NULL);

	ASSERT(outcome == 0);
	outcome = stored_object_encode(arena, &resource, &object, &encoding, NULL);
	ASSERT(outcome == 0 && stored_object_parse(encoding.bytes, &stored));
	try_labels(arena, text, &stored, json_find_path(&object, "metadata", "labels", NULL));
	try_fields(arena, text, &stored);
	try_token(arena, text);
	json_path_first(arena, &object, text);
	if (stored_object_parse(text, &stored)) {
		stored_object_label(&stored, STR("a"), &(struct str){0});
		stored_object_selectable(&stored, 3);
	}
	arena_destroy(&arena);
	return 0;
}
