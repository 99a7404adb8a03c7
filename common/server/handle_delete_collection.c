/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists what matches, page by page, and deletes one after the other with the same options, each in
 * a request of its own whose memory is gone when it is done. Not atomic: an error ends it there,
 * what was deleted stays deleted. What vanishes meanwhile is passed over. The answer is the list as
 * it was found.
 */
#include "api_server_private.h"
#include "assertion.h"
#include "continue_token.h"
#include "list_format.h"
#include "object_delete.h"
#include "object_match.h"
#include "object_response.h"
#include "object_write.h"

#define PAGE_NAMES 1000
/* Of the answer; what is deleted beyond it is not shown. */
#define ANSWER_MAXIMUM_BYTES (64u * 1024 * 1024)

struct target {
	struct target *next;
	struct str namespace;
	struct str name;
};

struct collection_delete {
	struct request_context *context;
	struct list_options list;
	struct object_match match;
	struct delete_options options;
	struct list_format format;
	struct buffer out;
	struct arena *page_arena;
	struct target *next; /* of the page */
	char start_text[STORAGE_NAME_MAX_BYTES];
	struct str start_after; /* the last name taken from the store */
	bool start_inclusive;
	int64_t left; /* of ?limit; -1: no limit */
	bool has_begun;
	bool has_items;
	bool is_exhausted;
	bool is_deferred;
	bool is_abandoned; /* the client has left: what is under way is the last */
};

static void delete_next(void *opaque);

/* ---- A page of names ---- */

struct page {
	struct collection_delete *delete_;
	struct target **end;
	size_t count;
};

static void remember(struct collection_delete *delete_, struct str name)
{
	ASSERT(name.length <= sizeof(delete_->start_text));
	memcpy(delete_->start_text, name.data, name.length);
	delete_->start_after = str_from(delete_->start_text, name.length);
	delete_->start_inclusive = false;
}

static void add_target(struct page *page, struct str name)
{
	struct collection_delete *delete_ = page->delete_;
	struct target *target = ARENA_NEW(delete_->page_arena, struct target);

	name = arena_copy(delete_->page_arena, name);
	if (delete_->match.resource->flags & RESOURCE_NAMESPACED)
		target->namespace = str_split(&name, '/');
	target->name = name;
	*page->end = target;
	page->end = &target->next;
	page->count++;
}

static bool visit(void *opaque, const struct storage_record *record)
{
	struct page *page = opaque;
	struct collection_delete *delete_ = page->delete_;
	struct stored_object stored;

	if (delete_->left == 0)
		return false;
	remember(delete_, record->name);
	if (!object_match_bytes(&delete_->match, record->name, record->value, &stored))
		return true;
	/* What cannot be read is not shown; that it is deleted is tried below, and may fail. */
	if (delete_->out.length + delete_->format.whole.length < ANSWER_MAXIMUM_BYTES &&
		list_format_item(&delete_->format, &delete_->out, delete_->has_items, &stored))
		delete_->has_items = true;
	if (delete_->left > 0)
		delete_->left--;
	add_target(page, record->name);
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
		.start_inclusive = delete_->start_inclusive,
	};
	struct list_metadata metadata = {.resource_version = storage_snapshot_revision(snapshot)};

	if (!delete_->has_begun)
		list_format_begin(&delete_->format, &delete_->out, &metadata);
	delete_->has_begun = true;
	delete_->next = NULL;
	arena_reset(delete_->page_arena);
	int outcome = storage_snapshot_scan(snapshot, &range, visit, &page);

	ASSERT(outcome == 0); /* the newest revision is always there */
	delete_->is_exhausted = page.count < PAGE_NAMES;
	storage_snapshot_close(&snapshot);
}

/* ---- The end ---- */

static void free_parts(struct collection_delete *delete_)
{
	list_format_fini(&delete_->format);
	buffer_fini(&delete_->out);
	api_server_return_arena(delete_->context->server, delete_->page_arena);
	delete_->page_arena = NULL;
	delete_->context->on_close = NULL;
}

static void end(struct collection_delete *delete_)
{
	if (!delete_->is_abandoned)
		free_parts(delete_);
	request_context_unref(&delete_->context);
}

static void on_close(struct request_context *context)
{
	struct collection_delete *delete_ = context->stream;

	free_parts(delete_);
	delete_->is_abandoned = true;
	if (!delete_->is_deferred)
		return;
	event_loop_cancel_deferred(api_server_loop(context->server), delete_next, delete_);
	end(delete_);
}

static void respond(struct collection_delete *delete_)
{
	struct request_context *context = delete_->context;

	if (list_format_end(&delete_->format, &delete_->out, &context->err) != 0)
		request_context_fail(context);
	else
		request_context_respond(
			context, 200, object_content_type(context), buffer_str(&delete_->out));
	end(delete_);
}

/* ---- One object ---- */

static void on_deleted(struct object_delete *current, bool is_ok, bool is_gone, struct str json)
{
	struct collection_delete *delete_ = current->done_context;
	struct request_context *context = delete_->context;
	struct request_context *own = current->context;

	(void)is_gone;
	(void)json;
	if (delete_->is_abandoned) {
		end(delete_);
	} else if (!is_ok && own->err.code != ERROR_NOT_FOUND) {
		/* Its texts are good until `own` goes. */
		context->err = own->err;
		request_context_fail(context);
		context->err = ERROR_INIT(context->arena);
		end(delete_);
	} else {
		/* From the loop, so that a long run of deletes does not deepen the stack. */
		delete_->is_deferred = true;
		event_loop_defer(api_server_loop(context->server), delete_next, delete_);
	}
	request_context_unref(&own);
}

static void delete_one(struct collection_delete *delete_, const struct target *target)
{
	struct request_context *context = delete_->context;
	struct request_context *own = api_server_begin_request(context->server);
	struct object_delete *current = ARENA_NEW(own->arena, struct object_delete);

	own->method = context->method;
	own->user = context->user;
	own->info = context->info;
	own->entry = resource_entry_ref(context->entry);
	own->resource = context->resource;
	current->context = own;
	current->resource = context->resource;
	current->prefix = context->entry->prefix;
	current->namespace = target->namespace;
	current->name = target->name;
	current->options = &delete_->options;
	current->done = on_deleted;
	current->done_context = delete_;
	object_delete_run(current);
}

static void delete_next(void *opaque)
{
	struct collection_delete *delete_ = opaque;

	delete_->is_deferred = false;
	if (!delete_->next && !delete_->is_exhausted)
		load_page(delete_);
	struct target *target = delete_->next;

	if (!target) {
		respond(delete_);
		return;
	}
	delete_->next = target->next;
	delete_one(delete_, target);
}

/* ?limit and ?continue narrow what is deleted as they narrow a list. */
static int read_page_options(struct collection_delete *delete_, struct error *err)
{
	struct continue_token token;
	struct arena *arena = delete_->context->arena;

	delete_->left = delete_->list.limit > 0 ? delete_->list.limit : -1;
	if (str_is_empty(delete_->list.continue_text))
		return 0;
	if (continue_token_decode(arena, delete_->list.continue_text, &token, err) != 0)
		return ERROR_RETURN;
	delete_->start_after = arena_printf(
		arena, "%.*s%.*s", STR_ARG(delete_->match.root), STR_ARG(token.start_key));
	delete_->start_inclusive = token.start_inclusive;
	return 0;
}

void handle_delete_collection(struct request_context *context)
{
	struct collection_delete *delete_ = ARENA_NEW(context->arena, struct collection_delete);

	delete_->context = context;
	if ((context->body.length > 0 &&
		    object_write_check_media_type(context, &context->err) != 0) ||
		list_options_parse(context->arena, context->query, &delete_->list, &context->err) !=
			0 ||
		delete_options_parse(context->arena, context->query, context->body,
			&delete_->options, &context->err) != 0 ||
		object_match_init(context, &delete_->list, &delete_->match, &context->err) != 0 ||
		read_page_options(delete_, &context->err) != 0 ||
		list_format_init(&delete_->format, context, &context->err) != 0) {
		request_context_fail(context);
		return;
	}
	delete_->page_arena = api_server_borrow_arena(context->server);
	context->stream = delete_;
	context->on_close = on_close;
	request_context_ref(context);
	delete_next(delete_);
}
