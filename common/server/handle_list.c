/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list is written in pieces straight from the store: each piece opens a snapshot, goes on behind
 * the last name at the list's revision, and ends when a socket buffer is full. So a list of any
 * size costs one buffer, and a slow reader holds no snapshot. The answer begins when the first
 * piece is there: what goes wrong before is told with a status, what goes wrong later by breaking
 * off.
 */
#include "api_server_private.h"
#include "assertion.h"
#include "continue_token.h"
#include "gzip_writer.h"
#include "json_reader.h"
#include "list_format.h"
#include "log.h"
#include "object_conversion.h"
#include "object_match.h"
#include "object_response.h"
#include "object_write.h"
#include "revision_wait.h"
#include "status.h"

#define PIECE_BYTES    (128 * 1024)
#define CAUSES_MAXIMUM 100

struct list {
	struct request_context *context;
	struct list_options options;
	struct object_match match;
	struct list_format format;
	uint64_t revision;
	struct str start_after;
	bool start_inclusive;
	char start_text[640];
	struct str last_name; /* the page's last name when there is a limit; empty: to the end */
	struct buffer out;
	struct gzip_writer *gzip; /* NULL: goes out as it is */
	bool has_items;
	bool is_full;
	bool is_corrupt; /* start_after names what cannot be read */
	bool is_finished;
};

static struct storage_range list_range(const struct list *list)
{
	return (struct storage_range){
		.prefix = list->context->entry->prefix,
		.below = list->match.below,
		.start_after = list->start_after,
		.start_inclusive = list->start_inclusive,
		.revision = list->revision,
	};
}

/* Remembers where to go on; the record's own bytes go away with the snapshot. */
static void remember(struct list *list, struct str name)
{
	ASSERT(name.length <= sizeof(list->start_text));
	memcpy(list->start_text, name.data, name.length);
	list->start_after = str_from(list->start_text, name.length);
	list->start_inclusive = false;
}

static bool write_item(void *opaque, const struct storage_record *record)
{
	struct list *list = opaque;
	struct stored_object stored;

	/* A list that looks whole must be whole. */
	if (object_match_bytes(&list->match, record->name, record->value, &stored)) {
		list->is_corrupt =
			!list_format_item(&list->format, &list->out, list->has_items, &stored);
		list->has_items |= !list->is_corrupt;
	} else {
		list->is_corrupt = !stored_object_parse(record->value, &stored);
	}
	remember(list, record->name);
	if (list->is_corrupt)
		return false;
	if (!str_is_empty(list->last_name) && str_compare(record->name, list->last_name) >= 0) {
		list->is_finished = true;
		return false;
	}
	list->is_full = list->out.length >= PIECE_BYTES;
	return !list->is_full;
}

static void free_list(struct list *list)
{
	buffer_fini(&list->out);
	gzip_writer_destroy(&list->gzip);
	list_format_fini(&list->format);
}

static void write_pieces(struct request_context *context);

static void write_later(void *opaque)
{
	write_pieces(opaque);
}

static void on_close(struct request_context *context)
{
	event_loop_cancel_deferred(api_server_loop(context->server), write_later, context);
	free_list(context->stream);
	context->on_close = NULL;
	context->on_writable = NULL;
}

/* ---- Failure ---- */

static void add_corrupt(struct list *list, struct str name)
{
	struct request_context *context = list->context;
	struct str key = arena_printf(context->arena, "%.*s%.*s",
		STR_ARG(context->resource->storage_prefix), STR_ARG(name));

	log_error("list: %.*s: the stored bytes are corrupt", STR_ARG(key));
	error_add_cause(&context->err, STR("UnexpectedServerResponse"),
		STR("the stored bytes are corrupt"), key);
}

struct corrupt_search {
	struct list *list;
	unsigned left;
};

static bool note_corrupt(void *opaque, const struct storage_record *record)
{
	struct corrupt_search *search = opaque;
	struct stored_object stored;

	if (stored_object_parse(record->value, &stored))
		return true;
	add_corrupt(search->list, record->name);
	return --search->left > 0;
}

/* Who has to mend it wants to know of all of them, not of one with each try. */
static void fail_corrupt(struct list *list)
{
	struct request_context *context = list->context;
	struct str qualified = api_resource_qualified_name(context->arena, context->resource);
	struct corrupt_search search = {.list = list, .left = CAUSES_MAXIMUM - 1};

	add_corrupt(list, list->start_after);
	if (!context->is_answered) {
		struct storage_range range = list_range(list);
		struct storage_snapshot *snapshot =
			storage_snapshot_open(api_server_storage(context->server));

		if (storage_snapshot_scan(snapshot, &range, note_corrupt, &search) != 0)
			log_warning("list: history is gone behind what is corrupt");
		storage_snapshot_close(&snapshot);
	}
	error_set(&context->err, ERROR_STORAGE_READ,
		"failed to read one or more %.*s from the storage: %.*s", STR_ARG(qualified),
		STR_ARG(context->err.causes->field));
}

static void break_off(struct list *list, int outcome)
{
	struct request_context *context = list->context;

	if (list->is_corrupt)
		fail_corrupt(list);
	else if (outcome != ERROR_RETURN)
		error_set(&context->err, ERROR_EXPIRED,
			outcome == STORAGE_COMPACTED
				? "The provided resource version for the list was compacted while "
				  "it was read"
				: "the list's revision is not there");
	request_context_fail(context);
}

/* ---- Pieces ---- */

/* Fills list->out; 0 or what went wrong. */
static int make_piece(struct list *list)
{
	struct storage_range range = list_range(list);
	struct storage_snapshot *snapshot =
		storage_snapshot_open(api_server_storage(list->context->server));

	list->is_full = false;
	int outcome = storage_snapshot_scan(snapshot, &range, write_item, list);

	storage_snapshot_close(&snapshot);
	if (outcome != 0)
		return outcome;
	if (list->is_corrupt)
		return ERROR_RETURN;
	if (!list->is_full)
		list->is_finished = true;
	return list->is_finished ? list_format_end(&list->format, &list->out, &list->context->err)
				 : 0;
}

/* True: the client takes more. */
static bool send_piece(struct list *list)
{
	struct request_context *context = list->context;
	bool may_go_on;

	/* Nothing yet of what can only be written as a whole. */
	if (list->out.length == 0)
		return true;
	if (!context->is_answered) {
		if (list->out.length > GZIP_THRESHOLD_BYTES && gzip_is_wanted(context))
			list->gzip = gzip_writer_create();
		request_context_start(
			context, 200, object_content_type(context), list->gzip != NULL);
	}
	if (list->gzip) {
		struct buffer compressed = {0};

		gzip_writer_add(list->gzip, buffer_str(&list->out), list->is_finished, &compressed);
		may_go_on = http_exchange_write(context->exchange, buffer_str(&compressed));
		buffer_fini(&compressed);
	} else {
		may_go_on = http_exchange_write(context->exchange, buffer_str(&list->out));
	}
	buffer_clear(&list->out);
	return may_go_on;
}

static void write_pieces(struct request_context *context)
{
	struct list *list = context->stream;
	bool may_go_on = true;

	while (may_go_on && !list->is_finished) {
		int outcome = make_piece(list);

		if (outcome != 0) {
			break_off(list, outcome);
			return;
		}
		may_go_on = send_piece(list);
		/* To compress takes longer than to copy, and little comes of it: others get a turn.
		 */
		if (list->gzip && may_go_on && !list->is_finished) {
			event_loop_defer(api_server_loop(context->server), write_later, context);
			return;
		}
	}
	if (list->is_finished) {
		context->on_writable = NULL;
		http_exchange_end(context->exchange);
	}
}

/* ---- The first look: which page, and what its metadata says ---- */

struct page {
	struct list *list;
	int64_t left;
	struct str last;
	char text[640];
	bool has_more;
};

static bool count_item(void *opaque, const struct storage_record *record)
{
	struct page *page = opaque;
	struct stored_object stored;

	if (!object_match_bytes(&page->list->match, record->name, record->value, &stored))
		return true;
	if (page->left == 0) {
		page->has_more = true;
		return false;
	}
	page->left--;
	ASSERT(record->name.length <= sizeof(page->text));
	memcpy(page->text, record->name.data, record->name.length);
	page->last = str_from(page->text, record->name.length);
	return true;
}

static int find_page(struct list *list, struct storage_snapshot *snapshot,
	struct list_metadata *metadata, struct error *err)
{
	struct arena *arena = list->context->arena;
	struct page page = {.list = list, .left = list->options.limit};
	struct storage_range range = list_range(list);
	uint64_t left;

	if (list->options.limit <= 0)
		return 0;
	int outcome = storage_snapshot_scan(snapshot, &range, count_item, &page);

	if (outcome != 0 || !page.has_more)
		return outcome;
	list->last_name = arena_copy(arena, page.last);
	metadata->continue_token = continue_token_encode(
		arena, list->revision, str_skip(list->last_name, list->match.root.length), err);
	if (!list->match.labels && !list->match.fields) {
		range.start_after = list->last_name;
		range.start_inclusive = false;
		outcome = storage_snapshot_count(snapshot, &range, 0, &left);
		if (outcome != 0)
			return outcome;
		metadata->has_remaining = true;
		metadata->remaining_item_count = (int64_t)left;
	}
	return 0;
}

/* A token whose revision is compacted gets another one that goes on at the newest revision. */
static void fail_expired(struct list *list, bool is_continue)
{
	struct request_context *context = list->context;
	struct error ignored = ERROR_INIT(context->arena);

	if (!is_continue) {
		error_set(&context->err, ERROR_EXPIRED,
			"The resourceVersion for the provided list is too old.");
		return;
	}
	error_set(&context->err, ERROR_EXPIRED,
		"The provided continue parameter is too old to display a consistent list result. "
		"You can start a new list without the continue parameter, or use the continue "
		"token in this response to retrieve the remainder of the results. Continuing with "
		"the provided token results in an inconsistent list - objects that were created, "
		"modified, or deleted between the time the first chunk was returned and now may "
		"show up in the list.");
	context->err.continue_token = continue_token_encode(context->arena, UINT64_MAX,
		str_skip(list->start_after, list->match.root.length), &ignored);
}

static int choose_revision(struct list *list, struct storage_snapshot *snapshot, struct error *err)
{
	const struct list_options *options = &list->options;
	struct request_context *context = list->context;
	uint64_t current = storage_snapshot_revision(snapshot);
	struct continue_token token;

	list->revision = current;
	if (!str_is_empty(options->continue_text)) {
		if (continue_token_decode(context->arena, options->continue_text, &token, err) != 0)
			return ERROR_RETURN;
		if (token.revision != UINT64_MAX)
			list->revision = token.revision;
		list->start_after = arena_printf(context->arena, "%.*s%.*s",
			STR_ARG(list->match.root), STR_ARG(token.start_key));
		list->start_inclusive = token.start_inclusive;
		return 0;
	}
	if (options->resource_version > current) {
		error_too_large_resource_version(err, options->resource_version, current);
		return ERROR_RETURN;
	}
	if (options->resource_version > 0 &&
		(options->match == RESOURCE_VERSION_MATCH_EXACT ||
			(options->match == RESOURCE_VERSION_MATCH_UNSET && options->limit > 0)))
		list->revision = options->resource_version;
	return 0;
}

/* How many records the page surely lies in; 0: all. */
static int64_t page_bound(const struct list *list)
{
	return list->match.labels || list->match.fields ? 0 : list->options.limit;
}

/* 0, or ERROR_RETURN with the context's error filled, or objects noted that a webhook converts. */
static int look_first(struct list *list, struct list_metadata *metadata)
{
	struct request_context *context = list->context;
	struct storage_snapshot *snapshot =
		storage_snapshot_open(api_server_storage(context->server));
	int outcome = choose_revision(list, snapshot, &context->err);

	if (outcome == 0) {
		struct storage_range range = list_range(list);

		if (object_conversions_want_range(
			    context, context->resource, snapshot, &range, page_bound(list)))
			outcome = ERROR_RETURN;
		else
			outcome = object_conversions_outcome(context, &context->err);
	}
	if (outcome == 0)
		outcome = find_page(list, snapshot, metadata, &context->err);
	if (outcome == 0 &&
		list->revision <= storage_compacted_revision(api_server_storage(context->server)) &&
		list->revision < storage_snapshot_revision(snapshot))
		outcome = STORAGE_COMPACTED;
	if (outcome == 0 && list->revision > storage_snapshot_revision(snapshot))
		outcome = STORAGE_FUTURE_REVISION;
	storage_snapshot_close(&snapshot);
	if (outcome == STORAGE_COMPACTED || outcome == STORAGE_FUTURE_REVISION)
		fail_expired(list, !str_is_empty(list->options.continue_text));
	metadata->resource_version = list->revision;
	return outcome == 0 ? 0 : ERROR_RETURN;
}

static void list_again(void *opaque)
{
	struct request_context *context = opaque;

	if (context->exchange)
		handle_list(context);
}

static void serve_list(struct request_context *context)
{
	struct list *list = ARENA_NEW(context->arena, struct list);
	struct list_metadata metadata = {0};

	list->context = context;
	if (list_options_parse(context->arena, context->query, &list->options, &context->err) !=
			0 ||
		object_match_init(context, &list->options, &list->match, &context->err) != 0 ||
		list_format_init(&list->format, context, &context->err) != 0) {
		request_context_fail(context);
		return;
	}
	if (look_first(list, &metadata) != 0) {
		free_list(list);
		if (!object_conversions_run(context, list_again, context))
			request_context_fail(context);
		return;
	}
	context->stream = list;
	context->on_close = on_close;
	context->on_writable = write_pieces;
	list_format_begin(&list->format, &list->out, &metadata);
	if (str_equal(context->method, STR("HEAD"))) {
		request_context_start(context, 200, object_content_type(context), false);
		http_exchange_end(context->exchange);
	} else {
		write_pieces(context);
	}
}

void handle_list(struct request_context *context)
{
	struct list_options options;

	if (list_options_parse(context->arena, context->query, &options, &context->err) != 0)
		request_context_fail(context);
	else if (str_is_empty(options.continue_text))
		revision_wait(context, options.resource_version, serve_list);
	else
		serve_list(context);
}
