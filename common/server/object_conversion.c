/* SPDX-License-Identifier: Apache-2.0 */
#include "object_conversion.h"

#include "json_reader.h"
#include "json_writer.h"
#include "object_conversion_private.h"
#include "schema_engine.h"

static void prune(
	struct arena *arena, const struct api_resource *resource, struct json_value *object)
{
	struct error err = ERROR_INIT(arena);
	struct json_value decoded;

	/* What cannot be decoded any more is shown as it lies in the store. */
	if (schema_decode(arena, resource->schema, object, NULL, &decoded, &err) == 0)
		*object = decoded;
}

/* Versions of a CRD without a webhook differ in nothing but their name and schema. */
static void set_version(
	struct arena *arena, const struct api_resource *resource, struct json_value *object)
{
	json_set(arena, object, STR("apiVersion"),
		json_string(api_group_version(arena, resource->group, resource->version)));
	prune(arena, resource, object);
}

static struct str version_of(const struct json_value *object)
{
	struct str text = json_text(json_find(object, STR("apiVersion")));

	return str_skip(text, str_find_byte(text, '/') + 1);
}

static struct str convert(
	struct arena *arena, const struct api_resource *resource, struct json_value *object)
{
	const struct api_resource *source = api_resource_find_version(resource, version_of(object));

	if (source) {
		prune(arena, source, object);
		schema_apply_defaults(arena, source->schema, object);
	}
	/* Without a storage version the resource takes objects in whatever version they are. */
	if (source != resource && !str_is_empty(resource->storage_version))
		set_version(arena, resource, object);
	return json_to_str(arena, object);
}

/* The JSON of encoded bytes up to the revision's digits, and from there on. */
static int view_encoding(const struct stored_encoding *encoding, struct str *ret_before,
	struct str *ret_after, struct error *err)
{
	struct stored_object view;

	if (!stored_object_parse(encoding->bytes, &view))
		return error_set(err, ERROR_INTERNAL, "an encoded object cannot be read back");
	*ret_before = view.before_revision;
	*ret_after = view.after_revision;
	return 0;
}

void object_settle(
	struct arena *arena, const struct api_resource *resource, struct json_value *object)
{
	prune(arena, resource, object);
	schema_apply_defaults(arena, resource->schema, object);
}

static int encode_plain(struct arena *arena, const struct api_resource *resource,
	const struct json_value *object, struct stored_encoding *ret, struct str *ret_before,
	struct str *ret_after, struct error *err)
{
	if (stored_object_encode(arena, resource, object, ret, err) != 0)
		return ERROR_RETURN;
	return view_encoding(ret, ret_before, ret_after, err);
}

int object_encode(struct arena *arena, const struct api_resource *resource,
	const struct json_value *object, const struct json_value *stored,
	struct stored_encoding *ret, struct str *ret_before, struct str *ret_after,
	struct error *err)
{
	const struct api_resource *storage = api_resource_storage(resource);
	struct stored_encoding answer;
	struct json_value form;

	if (storage == resource)
		return encode_plain(arena, resource, object, ret, ret_before, ret_after, err);
	if (stored) {
		if (stored_object_encode(arena, storage, stored, ret, err) != 0)
			return ERROR_RETURN;
		return encode_plain(arena, resource, object, &answer, ret_before, ret_after, err);
	}
	form = json_copy(arena, object, false);
	set_version(arena, storage, &form);
	/* What reads of it would fill in: they take stored bytes of their version as they are. */
	schema_apply_defaults(arena, storage->schema, &form);
	if (stored_object_encode(arena, storage, &form, ret, err) != 0)
		return ERROR_RETURN;
	convert(arena, resource, &form);
	return encode_plain(arena, resource, &form, &answer, ret_before, ret_after, err);
}

/* ---- Reading ---- */

int object_read(struct request_context *context, struct arena *arena,
	const struct api_resource *resource, const struct stored_object *stored,
	struct json_value *ret_object, struct str *ret_json, struct error *err)
{
	struct str json = stored->json;
	bool is_current = stored_object_type_prefix(resource, stored) > 0;
	bool is_remote = false;

	if (!is_current &&
		object_conversions_find(context, resource, stored, &is_remote, &json, err) != 0)
		return ERROR_RETURN;
	if (json_read(arena, json, NULL, ret_object, err) != 0)
		return ERROR_RETURN;
	if (!is_current && !is_remote)
		json = convert(arena, resource, ret_object);
	if (ret_json)
		*ret_json = json;
	return 0;
}
