/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's multi interface on the event loop. Inside its callbacks curl may not be called, so what
 * has ended is looked for by a function deferred to the loop.
 */
#include "http_caller.h"

#include <curl/curl.h>

#include "assertion.h"
#include "buffer.h"
#include "memory.h"

struct call {
	struct call *next;
	struct http_caller *caller;
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	struct arena *arena;
	struct buffer answer;
	size_t answer_maximum_bytes;
	http_outcall_fn done;
	void *context;
	bool is_too_large; /* the answer; curl tells it in words of its own */
	char problem[CURL_ERROR_SIZE];
};

struct watched_socket {
	struct http_caller *caller;
	curl_socket_t fd;
	struct event_descriptor *descriptor;
};

struct http_caller {
	struct event_loop *loop;
	CURLM *multi;
	struct event_timer *timer;
	struct call *calls;
};

static void free_call(struct call *call)
{
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	curl_slist_free_all(call->connect_to);
	buffer_fini(&call->answer);
	arena_destroy(&call->arena);
	memory_free(call);
}

static void finish(struct call *call, CURLcode code)
{
	struct http_caller *caller = call->caller;
	struct call **link = &caller->calls;
	struct str problem =
		call->is_too_large
			? STR("the answer is too large")
			: str_from_c(call->problem[0] ? call->problem : curl_easy_strerror(code));
	long status = 0;

	while (*link != call)
		link = &(*link)->next;
	*link = call->next;
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_multi_remove_handle(caller->multi, call->easy);
	if (code == CURLE_OK)
		call->done(call->context, (int)status, buffer_str(&call->answer), STR_EMPTY);
	else
		call->done(call->context, 0, STR_EMPTY, problem);
	free_call(call);
}

static void look_for_ends(void *opaque)
{
	struct http_caller *caller = opaque;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(caller->multi, &left))) {
		struct call *call = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		finish(call, code);
	}
}

static void act(struct http_caller *caller, curl_socket_t fd, int events)
{
	int running;

	curl_multi_socket_action(caller->multi, fd, events, &running);
	event_loop_defer(caller->loop, look_for_ends, caller);
}

static void on_descriptor(void *opaque, bool readable, bool writable)
{
	struct watched_socket *watched = opaque;

	act(watched->caller, watched->fd,
		(readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
}

static void on_timer(void *opaque)
{
	act(opaque, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- What curl asks for ---- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *opaque, void *socket_opaque)
{
	struct http_caller *caller = opaque;
	struct watched_socket *watched = socket_opaque;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watched)
			event_descriptor_destroy(&watched->descriptor);
		memory_free(watched);
		curl_multi_assign(caller->multi, fd, NULL);
		return 0;
	}
	if (!watched) {
		watched = MEMORY_NEW(struct watched_socket);
		watched->caller = caller;
		watched->fd = fd;
		watched->descriptor =
			event_descriptor_create(caller->loop, fd, on_descriptor, watched);
		curl_multi_assign(caller->multi, fd, watched);
	}
	event_descriptor_want(
		watched->descriptor, (what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0);
	return 0;
}

static int on_timeout(CURLM *multi, long timeout_ms, void *opaque)
{
	struct http_caller *caller = opaque;

	(void)multi;
	if (timeout_ms < 0)
		event_timer_stop(caller->timer);
	else
		event_timer_start(caller->timer, (uint64_t)timeout_ms * 1000000);
	return 0;
}

static size_t on_data(char *bytes, size_t size, size_t count, void *opaque)
{
	struct call *call = opaque;

	if (size * count > call->answer_maximum_bytes - call->answer.length) {
		call->is_too_large = true;
		return 0;
	}
	buffer_append(&call->answer, str_from(bytes, size * count));
	return size * count;
}

/* ---- Calling ---- */

static void set_target(struct call *call, const struct http_outcall *outcall)
{
	struct curl_blob authorities = {.flags = CURL_BLOB_COPY};

	curl_easy_setopt(call->easy, CURLOPT_URL, arena_copy_c(call->arena, outcall->url));
	CURLcode code = curl_easy_setopt(call->easy, CURLOPT_PROTOCOLS_STR, "https");

	ASSERT(code == CURLE_OK);
	/* A name that is still looked up at the end of the time is not waited for. */
	code = curl_easy_setopt(call->easy, CURLOPT_QUICK_EXIT, 1L);
	ASSERT(code == CURLE_OK);
	curl_easy_setopt(call->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(call->easy, CURLOPT_PROXY, "");
	if (!str_is_empty(outcall->ca_pem)) {
		authorities.data = (void *)(uintptr_t)outcall->ca_pem.data;
		authorities.len = outcall->ca_pem.length;
		curl_easy_setopt(call->easy, CURLOPT_CAINFO_BLOB, &authorities);
	}
	if (!str_is_empty(outcall->connect_to)) {
		struct str target =
			arena_printf(call->arena, "::%.*s", STR_ARG(outcall->connect_to));

		call->connect_to = curl_slist_append(NULL, arena_copy_c(call->arena, target));
		curl_easy_setopt(call->easy, CURLOPT_CONNECT_TO, call->connect_to);
	}
}

static void set_message(struct call *call, const struct http_outcall *outcall)
{
	call->headers = curl_slist_append(NULL, "Content-Type: application/json");
	call->headers = curl_slist_append(call->headers, "Accept: application/json");
	/* No waiting for "100 Continue". */
	call->headers = curl_slist_append(call->headers, "Expect:");
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
	curl_easy_setopt(call->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)outcall->body.length);
	curl_easy_setopt(
		call->easy, CURLOPT_POSTFIELDS, arena_copy(call->arena, outcall->body).data);
	curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)outcall->timeout_ms);
	curl_easy_setopt(call->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, call->problem);
	curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
}

void http_caller_post(struct http_caller *caller, const struct http_outcall *outcall,
	http_outcall_fn done, void *context)
{
	struct call *call = MEMORY_NEW(struct call);

	call->caller = caller;
	call->arena = arena_create(0);
	call->easy = curl_easy_init();
	ASSERT(call->easy);
	call->done = done;
	call->context = context;
	call->answer_maximum_bytes = outcall->answer_maximum_bytes;
	call->next = caller->calls;
	caller->calls = call;
	set_target(call, outcall);
	set_message(call, outcall);
	/* This only sets the timer: the rest happens on the loop. */
	CURLMcode added = curl_multi_add_handle(caller->multi, call->easy);

	ASSERT(added == CURLM_OK);
}

struct http_caller *http_caller_create(struct event_loop *loop)
{
	struct http_caller *caller = MEMORY_NEW(struct http_caller);

	caller->loop = loop;
	caller->timer = event_timer_create(loop, on_timer, caller);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	caller->multi = curl_multi_init();
	ASSERT(caller->multi);
	curl_multi_setopt(caller->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(caller->multi, CURLMOPT_SOCKETDATA, caller);
	curl_multi_setopt(caller->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(caller->multi, CURLMOPT_TIMERDATA, caller);
	return caller;
}

void http_caller_destroy(struct http_caller **caller)
{
	struct http_caller *gone = *caller;

	*caller = NULL;
	if (!gone)
		return;
	event_loop_cancel_deferred(gone->loop, look_for_ends, gone);
	while (gone->calls) {
		struct call *call = gone->calls;

		gone->calls = call->next;
		curl_multi_remove_handle(gone->multi, call->easy);
		call->done(call->context, 0, STR_EMPTY, STR("the server is shutting down"));
		free_call(call);
	}
	curl_multi_cleanup(gone->multi);
	event_timer_destroy(&gone->timer);
	memory_free(gone);
}
