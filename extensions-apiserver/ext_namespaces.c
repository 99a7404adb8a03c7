/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces are another server's: an informer follows them, so that a create costs no round trip.
 * It may lag behind, so only a namespace that it knows to live is taken on its word; all others are
 * asked for, since a client may create a namespace and an object in it in one breath.
 */
#include "buffer.h"
#include "ext_server.h"
#include "informer.h"
#include "json_reader.h"
#include "map.h"
#include "memory.h"
#include "request_context.h"
#include "status.h"

#define NAMESPACES_PATH  "/api/v1/namespaces"
#define ASK_TIMEOUT_NS   10000000000ull
#define ANSWER_MAX_BYTES (4u << 20)

struct ext_namespaces {
	struct ext_server *server;
	struct informer *informer;
	struct map states; /* name -> &is_active or &is_terminating */
};

static char is_active, is_terminating;

static bool object_is_terminating(const struct json_value *object)
{
	return json_find_path(object, "metadata", "deletionTimestamp", NULL) ||
	       str_equal(json_text(json_find_path(object, "status", "phase", NULL)),
		       STR("Terminating"));
}

static void on_set(
	void *opaque, struct str namespace, struct str name, const struct json_value *object)
{
	struct ext_namespaces *namespaces = opaque;

	(void)namespace;
	map_set(&namespaces->states, name,
		object_is_terminating(object) ? &is_terminating : &is_active);
}

static void on_gone(void *opaque, struct str namespace, struct str name)
{
	struct ext_namespaces *namespaces = opaque;

	(void)namespace;
	map_remove(&namespaces->states, name);
}

/* ---- Asking ---- */

struct question {
	struct request_context *request;
	namespace_checked_fn done;
	int status;
	struct buffer body;
};

static void question_free(struct question *question)
{
	buffer_fini(&question->body);
	memory_free(question);
}

static void on_response(void *opaque, int status, const struct http_headers *headers)
{
	struct question *question = opaque;

	(void)headers;
	question->status = status;
}

static void on_data(void *opaque, struct str bytes)
{
	struct question *question = opaque;

	if (question->body.length + bytes.length <= ANSWER_MAX_BYTES)
		buffer_append(&question->body, bytes);
}

static void fail(struct question *question)
{
	struct request_context *request = question->request;
	namespace_checked_fn done = question->done;

	error_set(&request->err, ERROR_UNAVAILABLE,
		"the server is currently unable to handle the request");
	request->err.retry_after_seconds = 1;
	question_free(question);
	done(request, NAMESPACE_UNKNOWN);
}

static void on_end(void *opaque)
{
	struct question *question = opaque;
	struct request_context *request = question->request;
	namespace_checked_fn done = question->done;
	enum namespace_state state = NAMESPACE_MISSING;
	struct json_value object;
	struct error err = ERROR_INIT(request->arena);

	if (question->status != 404) {
		struct str body = arena_copy(request->arena, buffer_str(&question->body));

		if (question->status != 200 ||
			json_read(request->arena, body, NULL, &object, &err) != 0) {
			fail(question);
			return;
		}
		state = object_is_terminating(&object) ? NAMESPACE_TERMINATING : NAMESPACE_ACTIVE;
	}
	question_free(question);
	done(request, state);
}

static void on_failure(void *opaque, enum http_failure failure, const char *message)
{
	(void)failure;
	(void)message;
	fail(opaque);
}

static void ask(struct ext_server *server, struct request_context *request, struct str namespace,
	namespace_checked_fn done)
{
	static const struct http_call_handler handler = {
		.on_response = on_response,
		.on_data = on_data,
		.on_end = on_end,
		.on_failure = on_failure,
	};
	struct question *question = MEMORY_NEW(struct question);
	struct http_headers headers = {0};
	struct http_client_request call = {
		.method = STR("GET"),
		.path_and_query = arena_printf(request->arena, NAMESPACES_PATH "/%.*s",
			STR_ARG(http_percent_encode(request->arena, namespace, ""))),
		.headers = &headers,
		.timeout_ns = ASK_TIMEOUT_NS,
	};

	question->request = request;
	question->done = done;
	user_info_to_headers(request->arena, &server->identity, &headers);
	http_headers_add(request->arena, &headers, STR("accept"), STR("application/json"));
	http_client_send(server->core, &call, &handler, question);
}

void ext_check_namespace(void *context, struct request_context *request, struct str namespace,
	namespace_checked_fn done)
{
	struct ext_server *server = context;

	if (map_find(&server->namespaces->states, namespace) == &is_active)
		done(request, NAMESPACE_ACTIVE);
	else
		ask(server, request, namespace, done);
}

struct ext_namespaces *ext_namespaces_create(struct ext_server *server)
{
	struct ext_namespaces *namespaces = MEMORY_NEW(struct ext_namespaces);

	namespaces->server = server;
	namespaces->informer = informer_create(&(struct informer_options){
		.loop = server->loop,
		.client = server->core,
		.user = &server->identity,
		.path = NAMESPACES_PATH,
		.on_set = on_set,
		.on_gone = on_gone,
		.context = namespaces,
	});
	return namespaces;
}

void ext_namespaces_destroy(struct ext_namespaces **namespaces)
{
	struct ext_namespaces *gone = *namespaces;

	*namespaces = NULL;
	if (!gone)
		return;
	informer_destroy(&gone->informer);
	map_fini(&gone->states);
	memory_free(gone);
}
