/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists what matches, then deletes one after the other with the same options. Not atomic: an error
 * ends it there, what was deleted stays deleted. What vanishes meanwhile is passed over.
 */
#include "api_server_private.h"
#include "buffer.h"
#include "object_delete.h"
#include "object_match.h"
#include "object_response.h"

struct target {
	struct target *next;
	struct str namespace;
	struct str name;
};

struct collection_delete {
	struct request_context *context;
	struct object_match match;
	struct delete_options options;
	struct target *next;
	struct object_delete current;
	struct str start_after; /* the last name taken from the store */
	struct str *items;      /* JSON of what was processed, in order */
	size_t item_count;
	size_t item_capacity;
	uint64_t revision;
	bool is_exhausted;
};

#define PAGE_NAMES    1000
#define ITEMS_MAXIMUM 200000

static void delete_next(void *opaque);

struct page {
	struct collection_delete *delete_;
	struct target **end;
	size_t count;
};

static bool visit(void *opaque, const struct storage_record *record)
{
	struct page *page = opaque;
	struct collection_delete *delete_ = page->delete_;
	struct arena *arena = delete_->context->arena;
	struct stored_object stored;

	delete_->start_after = record->name;
	if (object_match_bytes(&delete_->match, record->name, record->value, &stored)) {
		struct target *target = ARENA_NEW(arena, struct target);
		struct str name = arena_copy(arena, record->name);

		if (delete_->match.resource->flags & RESOURCE_NAMESPACED)
			target->namespace = str_split(&name, '/');
		target->name = name;
		*page->end = target;
		page->end = &target->next;
		page->count++;
	}
	return page->count < PAGE_NAMES;
}

static void load_page(struct collection_delete *delete_)
{
	struct request_context *context = delete_->context;
	struct page page = {.delete_ = delete_, .end = &delete_->next};
	struct storage_snapshot *snapshot =
		storage_snapshot_open(api_server_storage(context->server));
	struct storage_range range = {
		.prefix = context->entry->prefix,
		.below = delete_->match.below,
		.start_after = delete_->start_after,
	};

	delete_->next = NULL;
	storage_snapshot_scan(snapshot, &range, visit, &page);
	delete_->start_after = arena_copy(context->arena, delete_->start_after);
	delete_->revision = storage_snapshot_revision(snapshot);
	delete_->is_exhausted = page.count < PAGE_NAMES;
	storage_snapshot_close(&snapshot);
}

static void respond(struct collection_delete *delete_)
{
	struct request_context *context = delete_->context;
	const struct api_resource *resource = context->resource;
	struct buffer out = {0};
	struct str group_version =
		api_group_version(context->arena, resource->group, resource->version);

	buffer_printf(&out,
		"{\"kind\":\"%.*s\",\"apiVersion\":\"%.*s\",\"metadata\":{\"resourceVersion\":"
		"\"%llu\"},\"items\":[",
		STR_ARG(resource->list_kind), STR_ARG(group_version),
		(unsigned long long)delete_->revision);
	for (size_t i = 0; i < delete_->item_count; i++) {
		if (i > 0)
			buffer_append_byte(&out, ',');
		buffer_append(&out, delete_->items[i]);
	}
	buffer_append(&out, STR("]}"));
	request_context_respond_json(context, 200, buffer_str(&out));
	buffer_fini(&out);
	request_context_unref(&context);
}

static void keep_item(struct collection_delete *delete_, struct str json)
{
	struct arena *arena = delete_->context->arena;

	if (delete_->item_count == delete_->item_capacity) {
		size_t capacity = delete_->item_capacity ? delete_->item_capacity * 2 : 64;
		struct str *bigger = ARENA_ARRAY(arena, struct str, capacity);

		if (delete_->item_count > 0)
			memcpy(bigger, delete_->items, delete_->item_count * sizeof(*bigger));
		delete_->items = bigger;
		delete_->item_capacity = capacity;
	}
	delete_->items[delete_->item_count++] = json;
}

static void on_deleted(struct object_delete *current, bool is_ok, bool is_gone, struct str json)
{
	struct collection_delete *delete_ = current->done_context;
	struct request_context *context = delete_->context;

	(void)is_gone;
	if (!is_ok && context->err.code != ERROR_NOT_FOUND) {
		request_context_fail(context);
		request_context_unref(&context);
		return;
	}
	if (is_ok && delete_->item_count < ITEMS_MAXIMUM)
		keep_item(delete_, json);
	error_clear(&context->err);
	/* From the loop, so that a long run of deletes that answer at once does not deepen the stack. */
	event_loop_defer(api_server_loop(context->server), delete_next, delete_);
}

static void delete_next(void *opaque)
{
	struct collection_delete *delete_ = opaque;
	struct target *target = delete_->next;

	if (!target && !delete_->is_exhausted) {
		load_page(delete_);
		target = delete_->next;
	}
	if (!target) {
		respond(delete_);
		return;
	}
	delete_->next = target->next;
	delete_->current = (struct object_delete){
		.context = delete_->context,
		.resource = delete_->context->resource,
		.prefix = delete_->context->entry->prefix,
		.namespace = target->namespace,
		.name = target->name,
		.options = &delete_->options,
		.done = on_deleted,
		.done_context = delete_,
	};
	object_delete_run(&delete_->current);
}

void handle_delete_collection(struct request_context *context)
{
	struct collection_delete *delete_ = ARENA_NEW(context->arena, struct collection_delete);
	struct list_options list;

	delete_->context = context;
	if (list_options_parse(context->arena, context->query, &list, &context->err) != 0 ||
		delete_options_parse(context->arena, context->query, context->body,
			&delete_->options, &context->err) != 0 ||
		object_match_init(context, &list, &delete_->match, &context->err) != 0) {
		request_context_fail(context);
		return;
	}
	request_context_ref(context);
	delete_next(delete_);
}
