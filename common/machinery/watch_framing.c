/* SPDX-License-Identifier: Apache-2.0 */
#include "watch_framing.h"

#include "assertion.h"

const char *watch_event_name(enum watch_event_type type)
{
	static const char *const names[] = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"};

	ASSERT((size_t)type < sizeof(names) / sizeof(names[0]));
	return names[type];
}

static void begin(struct buffer *out, enum watch_event_type type)
{
	buffer_append(out, STR("{\"type\":\""));
	buffer_append(out, str_from_c(watch_event_name(type)));
	buffer_append(out, STR("\",\"object\":"));
}

void watch_write_json(struct buffer *out, enum watch_event_type type, struct str json)
{
	begin(out, type);
	buffer_append(out, json);
	buffer_append(out, STR("}\n"));
}

void watch_write_stored(struct buffer *out, enum watch_event_type type,
	const struct stored_object *stored, uint64_t revision)
{
	begin(out, type);
	buffer_append(out, stored->before_revision);
	if (revision)
		buffer_append_u64(out, revision);
	else
		buffer_append(out, stored->revision);
	buffer_append(out, stored->after_revision);
	buffer_append(out, STR("}\n"));
}

void watch_write_bookmark(struct arena *arena, struct buffer *out,
	const struct api_resource *resource, uint64_t revision, bool is_initial_end)
{
	struct str version = api_group_version(arena, resource->group, resource->version);

	begin(out, WATCH_EVENT_BOOKMARK);
	buffer_printf(out,
		"{\"kind\":\"%.*s\",\"apiVersion\":\"%.*s\",\"metadata\":{\"resourceVersion\":\"%llu\"",
		STR_ARG(resource->kind), STR_ARG(version), (unsigned long long)revision);
	/* A typed bookmark carries its zero time, as upstream's encoder writes it. */
	buffer_append(out, STR(",\"creationTimestamp\":null"));
	if (is_initial_end)
		buffer_append(
			out, STR(",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}"));
	buffer_append(out, STR("}}}\n"));
}
