/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A conversion is one call to the webhook for all objects of a request, behind a look at its
 * service where it is named by one.
 */
#include "ext_convert.h"

#include "buffer.h"
#include "ext_resource.h"
#include "ext_review.h"
#include "ext_server.h"
#include "http_caller.h"
#include "json_reader.h"
#include "object_meta.h"
#include "user_info.h"

#define TIMEOUT_MS            30000
#define SERVICE_TIMEOUT_NS    UINT64_C(10000000000)
#define SERVICE_MAXIMUM_BYTES (1024u * 1024)
#define ANSWER_MAXIMUM_BYTES  (96u * 1024 * 1024)

struct conversion {
	struct ext_server *server;
	struct arena *arena;
	const struct ext_resource *target; /* the request holds it */
	struct json_value objects;
	struct str uid;
	struct str desired_version;
	struct str kind_text;
	struct str url;
	objects_converted_fn done;
	void *done_context;
	/* The service, while it is looked up. */
	int service_status;
	struct buffer service;
	bool is_service_too_large;
};

static void finish(struct conversion *conversion, const struct json_value *list, struct str failure)
{
	struct arena *arena = conversion->arena;

	conversion->done(conversion->done_context, list, failure);
	buffer_fini(&conversion->service);
	arena_destroy(&arena);
}

static void fail(struct conversion *conversion, struct str problem)
{
	finish(conversion, NULL,
		arena_printf(conversion->arena, "conversion webhook for %.*s failed: %.*s",
			STR_ARG(conversion->kind_text), STR_ARG(problem)));
}

/* ---- The call ---- */

static void on_answer(void *opaque, int status, struct str body, struct str problem)
{
	struct conversion *conversion = opaque;
	struct arena *arena = conversion->arena;
	struct error err = ERROR_INIT(arena);
	struct json_value converted;

	if (status == 0) {
		fail(conversion, arena_printf(arena, "Post \"%.*s\": %.*s",
					 STR_ARG(conversion->url), STR_ARG(problem)));
	} else if (status != 200 && status != 201) {
		fail(conversion, arena_printf(arena, "the server answered \"%.*s\" with status %d",
					 STR_ARG(conversion->url), status));
	} else if (ext_review_answer(arena, conversion->target->webhook.review_version,
			   conversion->uid, conversion->desired_version, conversion->kind_text,
			   &conversion->objects, body, &converted, &err) != 0) {
		finish(conversion, NULL, err.message);
	} else {
		finish(conversion, &converted, STR_EMPTY);
	}
}

static void call(struct conversion *conversion, struct str connect_to)
{
	const struct ext_webhook *webhook = &conversion->target->webhook;
	struct http_outcall outcall = {
		.url = conversion->url,
		.connect_to = connect_to,
		.ca_pem = webhook->ca_pem,
		.body = ext_review_request(conversion->arena, webhook->review_version,
			conversion->uid, conversion->desired_version, &conversion->objects),
		.timeout_ms = TIMEOUT_MS,
		.answer_maximum_bytes = ANSWER_MAXIMUM_BYTES,
	};

	if (!conversion->server->caller)
		conversion->server->caller = http_caller_create(conversion->server->loop);
	http_caller_post(conversion->server->caller, &outcall, on_answer, conversion);
}

/* ---- The service ---- */

static void on_response(void *opaque, int status, const struct http_headers *headers)
{
	(void)headers;
	((struct conversion *)opaque)->service_status = status;
}

static void on_data(void *opaque, struct str bytes)
{
	struct conversion *conversion = opaque;

	if (bytes.length > SERVICE_MAXIMUM_BYTES - conversion->service.length)
		conversion->is_service_too_large = true;
	if (!conversion->is_service_too_large)
		buffer_append(&conversion->service, bytes);
}

static void on_failure(void *opaque, enum http_failure failure, const char *message)
{
	(void)failure;
	fail(opaque, str_from_c(message));
}

static bool has_port(const struct json_value *service, uint16_t wanted)
{
	const struct json_value *ports = json_find_path(service, "spec", "ports", NULL);

	for (size_t i = 0; i < json_count(ports); i++) {
		if (json_integer_or(json_find(json_element(ports, i), STR("port")), 0) == wanted)
			return true;
	}
	return false;
}

/* "HOST:PORT" of the service; otherwise ERROR_RETURN. */
static int find_address(struct conversion *conversion, const struct json_value *service,
	struct str *ret_address, struct error *err)
{
	const struct ext_webhook *webhook = &conversion->target->webhook;
	struct str type = json_text(json_find_path(service, "spec", "type", NULL));
	struct str address = json_text(json_find_path(service, "spec", "clusterIP", NULL));
	bool is_v6 = str_find_byte(address, ':') < address.length;

	if (str_equal(type, STR("ExternalName"))) {
		address = json_text(json_find_path(service, "spec", "externalName", NULL));
		is_v6 = false;
	} else if (str_is_empty(address) || str_equal(address, STR("None"))) {
		return error_set(err, ERROR_UNTYPED,
			"cannot route to service with ClusterIP \"%.*s\"", STR_ARG(address));
	} else if (!has_port(service, webhook->service_port)) {
		return error_set(err, ERROR_UNTYPED,
			"no service port %u found for service \"%.*s\"", webhook->service_port,
			STR_ARG(webhook->service_name));
	}
	*ret_address = arena_printf(conversion->arena, is_v6 ? "[%.*s]:%u" : "%.*s:%u",
		STR_ARG(address), webhook->service_port);
	return 0;
}

static void on_end(void *opaque)
{
	struct conversion *conversion = opaque;
	const struct ext_webhook *webhook = &conversion->target->webhook;
	struct error err = ERROR_INIT(conversion->arena);
	struct json_value service;
	struct str address;

	if (conversion->service_status == 404) {
		fail(conversion, arena_printf(conversion->arena, "service \"%.*s\" not found",
					 STR_ARG(webhook->service_name)));
		return;
	}
	if (conversion->service_status != 200 || conversion->is_service_too_large) {
		fail(conversion,
			arena_printf(conversion->arena,
				"service \"%.*s\" of namespace \"%.*s\" cannot be read: %s %d",
				STR_ARG(webhook->service_name), STR_ARG(webhook->service_namespace),
				conversion->is_service_too_large ? "too large, status" : "status",
				conversion->service_status));
		return;
	}
	if (json_read(conversion->arena, buffer_str(&conversion->service), NULL, &service, &err) !=
			0 ||
		find_address(conversion, &service, &address, &err) != 0)
		fail(conversion, err.message);
	else
		call(conversion, address);
}

static void ask_for_service(struct conversion *conversion)
{
	static const struct http_call_handler handler = {
		.on_response = on_response,
		.on_data = on_data,
		.on_end = on_end,
		.on_failure = on_failure,
	};
	const struct ext_webhook *webhook = &conversion->target->webhook;
	struct ext_server *server = conversion->server;
	struct arena *arena = conversion->arena;
	struct http_headers headers = {0};
	struct http_client_request request = {
		.method = STR("GET"),
		.path_and_query = arena_printf(arena, "/api/v1/namespaces/%.*s/services/%.*s",
			STR_ARG(http_percent_encode(arena, webhook->service_namespace, "")),
			STR_ARG(http_percent_encode(arena, webhook->service_name, ""))),
		.headers = &headers,
		.timeout_ns = SERVICE_TIMEOUT_NS,
	};

	if (!server->core) {
		fail(conversion, STR("there is no server to ask for the service"));
		return;
	}
	user_info_to_headers(arena, &server->identity, &headers);
	http_headers_add(arena, &headers, STR("accept"), STR("application/json"));
	http_client_send(server->core, &request, &handler, conversion);
}

/* ---- The beginning ---- */

static void set_url(struct conversion *conversion)
{
	const struct ext_webhook *webhook = &conversion->target->webhook;
	struct str path = webhook->service_path;

	conversion->url = webhook->url;
	if (!str_is_empty(webhook->url))
		return;
	conversion->url = arena_printf(conversion->arena, "https://%.*s.%.*s.svc:%u%s%.*s",
		STR_ARG(webhook->service_name), STR_ARG(webhook->service_namespace),
		webhook->service_port, str_starts_with(path, STR("/")) ? "" : "/", STR_ARG(path));
}

void ext_convert_objects(void *context, const struct api_resource *target,
	const struct json_value *objects, objects_converted_fn done, void *done_context)
{
	struct arena *arena = arena_create(0);
	struct conversion *conversion = ARENA_NEW(arena, struct conversion);
	const struct json_value *first = json_element(objects, 0);

	conversion->server = context;
	conversion->arena = arena;
	conversion->target = (const struct ext_resource *)target;
	conversion->objects = json_copy(arena, objects, true);
	conversion->uid = object_meta_make_uid(arena);
	conversion->desired_version = api_group_version(arena, target->group, target->version);
	conversion->kind_text = arena_printf(arena, "%.*s, Kind=%.*s",
		STR_ARG(json_text(json_find(first, STR("apiVersion")))),
		STR_ARG(json_text(json_find(first, STR("kind")))));
	conversion->done = done;
	conversion->done_context = done_context;
	set_url(conversion);
	if (str_is_empty(conversion->target->webhook.url))
		ask_for_service(conversion);
	else
		call(conversion, STR_EMPTY);
}
