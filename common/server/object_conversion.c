/* SPDX-License-Identifier: Apache-2.0 */
#include "object_conversion.h"

#include "json_writer.h"
#include "schema_engine.h"

struct str object_convert(
	struct arena *arena, const struct api_resource *resource, struct json_value *object)
{
	struct error err = ERROR_INIT(arena);
	struct json_value decoded;

	/* Versions of a CRD without a webhook differ in nothing but their name and schema. */
	json_set(arena, object, STR("apiVersion"),
		json_string(api_group_version(arena, resource->group, resource->version)));
	/* What cannot be decoded any more is shown as it lies in the store. */
	if (schema_decode(arena, resource->schema, object, NULL, &decoded, &err) == 0) {
		schema_apply_defaults(arena, resource->schema, &decoded);
		*object = decoded;
	}
	return json_to_str(arena, object);
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
