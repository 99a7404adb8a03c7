/* SPDX-License-Identifier: Apache-2.0 */
#include "object_conversion.h"

#include "json_writer.h"
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

struct str object_convert(
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

int object_encode(struct arena *arena, const struct api_resource *resource,
	const struct json_value *object, struct stored_encoding *ret, struct str *ret_before,
	struct str *ret_after, struct error *err)
{
	const struct api_resource *storage = api_resource_storage(resource);
	struct stored_encoding answer;
	struct json_value stored;

	/* What only a webhook can convert stays as it is. */
	if (storage == resource || (resource->flags & RESOURCE_WEBHOOK_CONVERSION))
		return stored_object_encode(arena, resource, object, ret, err) == 0
			       ? view_encoding(ret, ret_before, ret_after, err)
			       : ERROR_RETURN;
	stored = json_copy(arena, object, false);
	set_version(arena, storage, &stored);
	/* What reads of it would fill in: they take stored bytes of their version as they are. */
	schema_apply_defaults(arena, storage->schema, &stored);
	if (stored_object_encode(arena, storage, &stored, ret, err) != 0)
		return ERROR_RETURN;
	object_convert(arena, resource, &stored);
	if (stored_object_encode(arena, resource, &stored, &answer, err) != 0)
		return ERROR_RETURN;
	return view_encoding(&answer, ret_before, ret_after, err);
}

/* Custom objects are stored with sorted keys: apiVersion is the first. */
static struct str stored_api_version(const struct stored_object *stored)
{
	struct str text = str_skip(stored->json, sizeof("{\"apiVersion\":\"") - 1);

	return str_slice(text, 0, str_find_byte(text, '"'));
}

int object_check_conversion(
	const struct api_resource *resource, const struct stored_object *stored, struct error *err)
{
	struct str present, version;

	if (!(resource->flags & RESOURCE_WEBHOOK_CONVERSION) ||
		stored_object_type_prefix(resource, stored) > 0)
		return 0;
	present = stored_api_version(stored);
	version = str_skip(present, resource->group.length + 1);
	if (str_equal(version, resource->version))
		return 0;
	return error_set(err, ERROR_UNTYPED,
		"conversion webhook for %.*s, Kind=%.*s failed: conversion to %.*s/%.*s needs a "
		"webhook, and this server calls none",
		STR_ARG(present), STR_ARG(resource->kind), STR_ARG(resource->group),
		STR_ARG(resource->version));
}

struct range_check {
	const struct api_resource *resource;
	struct error *err;
	int outcome;
};

static bool check_record(void *opaque, const struct storage_record *record)
{
	struct range_check *check = opaque;
	struct stored_object stored;

	if (stored_object_parse(record->value, &stored))
		check->outcome = object_check_conversion(check->resource, &stored, check->err);
	return check->outcome == 0;
}

int object_check_range(const struct api_resource *resource, struct storage_snapshot *snapshot,
	const struct storage_range *range, struct error *err)
{
	struct range_check check = {.resource = resource, .err = err};

	if (resource->flags & RESOURCE_WEBHOOK_CONVERSION)
		storage_snapshot_scan(snapshot, range, check_record, &check);
	return check.outcome;
}
