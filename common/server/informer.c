/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small state machine around one call at a time: LIST (page by page), then WATCH from the list's
 * resourceVersion, and again WATCH whenever that ends. Only when the server says that a version is
 * too old does it begin with LIST again; what the new list does not have is gone.
 */
#include "informer.h"

#include "assertion.h"
#include "buffer.h"
#include "clock.h"
#include "event_loop.h"
#include "json_reader.h"
#include "log.h"
#include "map.h"
#include "memory.h"

#define PAGE_ITEMS          500
#define PAGE_BYTES_MAXIMUM  (64u * 1024 * 1024)
#define LIST_TIMEOUT_NS     UINT64_C(60000000000)
#define RETRY_SHORTEST_NS   UINT64_C(5000000)
#define RETRY_LONGEST_NS    UINT64_C(2000000000)
#define WATCH_HEALTHY_NS    UINT64_C(1000000000)
#define HTTP_STATUS_MISSING 404
#define HTTP_STATUS_GONE    410

enum informer_state {
	INFORMER_LISTING,
	INFORMER_WATCHING
};

struct informer {
	struct informer_options options;
	enum informer_state state;
	struct http_call *call;
	struct event_timer *retry;
	uint64_t retry_delay_ns;
	uint64_t call_started_ns;
	struct arena *arena; /* of one request, one page or one event */
	struct buffer input; /* a page, or a line that is not whole yet */
	struct map known;    /* "namespace/name" to the number of the list that last had it */
	uintptr_t list_number;
	char *resource_version;
	char *continue_token; /* NULL: the first page */
	int status;           /* of the response under way */
	bool is_over_limit;
	bool is_synced;
	bool must_list_again;
};

static void send_next(struct informer *informer);

static void set_text(char **place, struct str text)
{
	char *copy = memory_allocate(text.length + 1);

	if (text.length > 0)
		memcpy(copy, text.data, text.length);
	copy[text.length] = '\0';
	memory_free(*place);
	*place = copy;
}

static void forget_text(char **place)
{
	memory_free(*place);
	*place = NULL;
}

/* ---- Objects ---- */

static struct str object_key(struct arena *arena, const struct json_value *object,
	struct str *ret_namespace, struct str *ret_name)
{
	*ret_namespace = json_text(json_find_path(object, "metadata", "namespace", NULL));
	*ret_name = json_text(json_find_path(object, "metadata", "name", NULL));
	return arena_printf(arena, "%.*s/%.*s", STR_ARG(*ret_namespace), STR_ARG(*ret_name));
}

static void object_is_set(struct informer *informer, const struct json_value *object)
{
	struct str namespace, name;
	struct str key = object_key(informer->arena, object, &namespace, &name);

	if (str_is_empty(name))
		return;
	/* Map values are not NULL, so lists count from 1. */
	map_set(&informer->known, key, (void *)informer->list_number);
	informer->options.on_set(informer->options.context, namespace, name, object);
}

static void object_is_gone(struct informer *informer, struct str key)
{
	struct str name = arena_copy(informer->arena, key);
	struct str namespace = str_split(&name, '/');

	if (!map_remove(&informer->known, key))
		return;
	if (informer->options.on_gone)
		informer->options.on_gone(informer->options.context, namespace, name);
}

/* What was known and was not in the list that has just ended. */
static void drop_vanished(struct informer *informer)
{
	size_t count = informer->known.count, vanished = 0, position = 0;
	struct str *keys = ARENA_ARRAY(informer->arena, struct str, count + 1);
	const struct map_entry *entry;

	while ((entry = map_next(&informer->known, &position))) {
		if ((uintptr_t)entry->value != informer->list_number)
			keys[vanished++] = arena_copy(informer->arena, entry->key);
	}
	for (size_t i = 0; i < vanished; i++)
		object_is_gone(informer, keys[i]);
}

/* ---- Trying again ---- */

static void on_retry(void *opaque)
{
	send_next(opaque);
}

static void retry_later(struct informer *informer)
{
	event_timer_start(informer->retry, informer->retry_delay_ns);
	informer->retry_delay_ns *= 2;
	if (informer->retry_delay_ns > RETRY_LONGEST_NS)
		informer->retry_delay_ns = RETRY_LONGEST_NS;
}

static void list_again(struct informer *informer)
{
	informer->state = INFORMER_LISTING;
	informer->must_list_again = false;
	forget_text(&informer->continue_token);
	retry_later(informer);
}

/* ---- List ---- */

static void become_synced(struct informer *informer)
{
	bool is_first = !informer->is_synced;

	informer->is_synced = true;
	if (is_first && informer->options.on_synced)
		informer->options.on_synced(informer->options.context);
}

static void end_list(struct informer *informer)
{
	forget_text(&informer->continue_token);
	informer->state = INFORMER_WATCHING;
	informer->retry_delay_ns = RETRY_SHORTEST_NS;
	drop_vanished(informer);
	become_synced(informer);
	send_next(informer);
}

static void take_page(struct informer *informer)
{
	const struct json_read_options options = {.share_text = true};
	const struct json_value *items, *metadata;
	struct json_value page;
	struct error err = ERROR_INIT(informer->arena);
	struct str token;

	if (informer->is_over_limit || json_read(informer->arena, buffer_str(&informer->input),
					       &options, &page, &err) != 0) {
		log_warning("informer %s: a list cannot be read: %.*s", informer->options.path,
			STR_ARG(err.message));
		list_again(informer);
		return;
	}
	items = json_find(&page, STR("items"));
	metadata = json_find(&page, STR("metadata"));
	for (size_t i = 0; i < json_count(items); i++)
		object_is_set(informer, json_element(items, i));
	set_text(&informer->resource_version,
		json_text(json_find(metadata, STR("resourceVersion"))));
	token = json_text(json_find(metadata, STR("continue")));
	if (token.length == 0) {
		end_list(informer);
		return;
	}
	set_text(&informer->continue_token, token);
	send_next(informer);
}

static void list_ended(struct informer *informer)
{
	if (informer->status == 200) {
		take_page(informer);
		return;
	}
	log_v(2, "informer %s: list answered with %d", informer->options.path, informer->status);
	/* The group is off: there is nothing to wait for, as long as that is so. */
	if (informer->status == HTTP_STATUS_MISSING)
		become_synced(informer);
	list_again(informer);
}

/* ---- Watch ---- */

static void take_error(struct informer *informer, const struct json_value *object)
{
	int64_t code = json_integer_or(json_find(object, STR("code")), 0);

	log_v(2, "informer %s: watch ended with %lld: %.*s", informer->options.path,
		(long long)code, STR_ARG(json_text(json_find(object, STR("message")))));
	if (code == HTTP_STATUS_GONE)
		informer->must_list_again = true;
}

static void take_event(struct informer *informer, struct str line)
{
	const struct json_read_options options = {.share_text = true};
	struct json_value event;
	struct error err = ERROR_INIT(informer->arena);
	const struct json_value *object;
	struct str type, version, namespace, name;

	if (json_read(informer->arena, line, &options, &event, &err) != 0) {
		log_warning("informer %s: an event cannot be read: %.*s", informer->options.path,
			STR_ARG(err.message));
		informer->must_list_again = true;
		return;
	}
	type = json_text(json_find(&event, STR("type")));
	object = json_find(&event, STR("object"));
	version = json_text(json_find_path(object, "metadata", "resourceVersion", NULL));
	if (str_equal(type, STR("ADDED")) || str_equal(type, STR("MODIFIED")))
		object_is_set(informer, object);
	else if (str_equal(type, STR("DELETED")))
		object_is_gone(informer, object_key(informer->arena, object, &namespace, &name));
	else if (str_equal(type, STR("ERROR")))
		take_error(informer, object);
	if (version.length > 0 && !str_equal(type, STR("ERROR")))
		set_text(&informer->resource_version, version);
}

static void take_lines(struct informer *informer)
{
	struct str rest = buffer_str(&informer->input);
	size_t taken = 0;

	while (!informer->must_list_again) {
		size_t length = str_find_byte(str_skip(rest, taken), '\n');

		if (taken + length >= rest.length)
			break;
		take_event(informer, str_slice(rest, taken, length));
		arena_reset(informer->arena);
		taken += length + 1;
	}
	buffer_consume(&informer->input, taken);
}

static void watch_ended(struct informer *informer)
{
	if (informer->must_list_again || informer->status == HTTP_STATUS_GONE) {
		list_again(informer);
		return;
	}
	/* A server that ends every watch at once is not asked without pause. */
	if (clock_now_ns() - informer->call_started_ns >= WATCH_HEALTHY_NS)
		informer->retry_delay_ns = RETRY_SHORTEST_NS;
	retry_later(informer);
}

/* ---- The call ---- */

static void on_response(void *opaque, int status, const struct http_headers *headers)
{
	struct informer *informer = opaque;

	(void)headers;
	informer->status = status;
}

static void on_data(void *opaque, struct str bytes)
{
	struct informer *informer = opaque;

	if (informer->is_over_limit || informer->must_list_again)
		return;
	if (bytes.length > PAGE_BYTES_MAXIMUM - informer->input.length) {
		informer->is_over_limit = true;
		informer->must_list_again = true;
		return;
	}
	buffer_append(&informer->input, bytes);
	if (informer->state == INFORMER_WATCHING && informer->status == 200)
		take_lines(informer);
}

static void on_end(void *opaque)
{
	struct informer *informer = opaque;

	informer->call = NULL;
	if (informer->state == INFORMER_LISTING)
		list_ended(informer);
	else
		watch_ended(informer);
}

static void on_failure(void *opaque, enum http_failure failure, const char *message)
{
	struct informer *informer = opaque;

	(void)failure;
	log_v(2, "informer %s: %s", informer->options.path, message);
	informer->call = NULL;
	if (informer->state == INFORMER_WATCHING) {
		watch_ended(informer);
		return;
	}
	/* The page is asked for again: the token names a snapshot that may still be there. */
	retry_later(informer);
}

static const struct http_call_handler call_handler = {
	.on_response = on_response,
	.on_data = on_data,
	.on_end = on_end,
	.on_failure = on_failure,
};

static struct str request_target(struct informer *informer)
{
	struct arena *arena = informer->arena;
	const char *path = informer->options.path;
	const char *separator = strchr(path, '?') ? "&" : "?";

	if (informer->state == INFORMER_WATCHING)
		return arena_printf(arena,
			"%s%swatch=true&allowWatchBookmarks=true&resourceVersion=%s", path,
			separator, informer->resource_version);
	if (!informer->continue_token)
		return arena_printf(arena, "%s%slimit=%d", path, separator, PAGE_ITEMS);
	return arena_printf(arena, "%s%slimit=%d&continue=%.*s", path, separator, PAGE_ITEMS,
		STR_ARG(http_percent_encode(arena, str_from_c(informer->continue_token), "")));
}

static void send_next(struct informer *informer)
{
	struct http_headers headers = {0};
	bool is_list = informer->state == INFORMER_LISTING;

	ASSERT(!informer->call);
	arena_reset(informer->arena);
	buffer_clear(&informer->input);
	informer->status = 0;
	informer->is_over_limit = false;
	if (is_list && !informer->continue_token)
		informer->list_number++;
	user_info_to_headers(informer->arena, informer->options.user, &headers);
	http_headers_add(informer->arena, &headers, STR("accept"), STR("application/json"));
	informer->call_started_ns = clock_now_ns();
	informer->call = http_client_send(informer->options.client,
		&(struct http_client_request){
			.method = STR("GET"),
			.path_and_query = request_target(informer),
			.headers = &headers,
			.timeout_ns = is_list ? LIST_TIMEOUT_NS : 0,
		},
		&call_handler, informer);
}

/* ---- Life ---- */

struct informer *informer_create(const struct informer_options *options)
{
	struct informer *informer = MEMORY_NEW(struct informer);

	informer->options = *options;
	informer->arena = arena_create(0);
	informer->retry = event_timer_create(options->loop, on_retry, informer);
	informer->retry_delay_ns = RETRY_SHORTEST_NS;
	send_next(informer);
	return informer;
}

bool informer_is_synced(const struct informer *informer)
{
	return informer->is_synced;
}

void informer_destroy(struct informer **informer)
{
	struct informer *gone = *informer;

	*informer = NULL;
	if (!gone)
		return;
	if (gone->call)
		http_call_cancel(gone->call);
	event_timer_destroy(&gone->retry);
	map_fini(&gone->known);
	buffer_fini(&gone->input);
	arena_destroy(&gone->arena);
	memory_free(gone->resource_version);
	memory_free(gone->continue_token);
	memory_free(gone);
}
