/* SPDX-License-Identifier: Apache-2.0 */
#include "object_conversion.h"
#include "object_write.h"
#include "stored_object.h"

struct str object_storage_name(struct arena *arena, const struct api_resource *resource,
	struct str namespace, struct str name)
{
	if (!(resource->flags & RESOURCE_NAMESPACED))
		return name;
	char *text = arena_allocate_text(arena, namespace.length + name.length + 2);

	if (namespace.length > 0)
		memcpy(text, namespace.data, namespace.length);
	text[namespace.length] = '/';
	if (name.length > 0)
		memcpy(text + namespace.length + 1, name.data, name.length);
	text[namespace.length + 1 + name.length] = '\0';
	return str_from(text, namespace.length + 1 + name.length);
}

int object_load(struct request_context *context, const struct api_resource *resource,
	struct storage_prefix *prefix, struct str storage_name, struct json_value *ret_object,
	struct str *ret_json, uint64_t *ret_revision, struct error *err)
{
	struct storage_snapshot *snapshot =
		storage_snapshot_open(api_server_storage(context->server));
	struct storage_record record;
	struct stored_object stored;
	int outcome = storage_snapshot_get(snapshot, prefix, storage_name, 0, &record);

	if (outcome != 0) {
		storage_snapshot_close(&snapshot);
		return outcome;
	}
	if (!stored_object_parse(record.value, &stored)) {
		storage_snapshot_close(&snapshot);
		return error_set(err, ERROR_INTERNAL, "%.*s%.*s: the stored bytes are corrupt",
			STR_ARG(resource->storage_prefix), STR_ARG(storage_name));
	}
	struct str json;

	*ret_revision = record.mod_revision;
	/* The tree shares the text: it has to outlive the snapshot. */
	stored_object_parse(arena_copy(context->arena, record.value), &stored);
	storage_snapshot_close(&snapshot);
	if (object_read(context, context->arena, resource, &stored, ret_object, &json, err) != 0) {
		if (err && err->code == ERROR_UNTYPED)
			return ERROR_RETURN;
		err->code = ERROR_STORAGE_READ;
		return error_wrap(
			err, "%.*s%.*s", STR_ARG(resource->storage_prefix), STR_ARG(storage_name));
	}
	if (ret_json)
		*ret_json = json;
	return 0;
}
