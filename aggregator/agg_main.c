/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_browser.h"
#include "agg_discovery.h"
#include "agg_drain.h"
#include "agg_front_proxy.h"
#include "agg_health.h"
#include "agg_metrics.h"
#include "agg_openapi.h"
#include "agg_request.h"
#include "agg_server.h"
#include "agg_services.h"
#include "event_loop.h"
#include "informer.h"
#include "log.h"
#include "rbac_informer.h"
#include "tls_context.h"
#include "token_file.h"

#define HOP_CONNECTIONS  2
#define HOP_WINDOW_BYTES (1024 * 1024)
/* What Go's client takes for granted before it has been told, so none is refused at first. */
#define STRANGER_STREAMS 100
#define STRANGER_WINDOW  65536
#define DEFINITIONS_PATH "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

/* ---- Ready ---- */

static void serve_when_ready(struct agg_server *server)
{
	if (!server->has_rules || !server->has_discovery)
		return;
	http_server_listen(server->secure, server_process_listener(server->process, "secure"));
	if (server->insecure)
		http_server_listen(
			server->insecure, server_process_listener(server->process, "insecure"));
	http_server_listen(server->private_, server_process_listener(server->process, "private"));
	server_process_ready(server->process);
	log_info("Serving");
}

static void on_rules(void *context)
{
	struct agg_server *server = context;

	server->has_rules = true;
	serve_when_ready(server);
}

static void on_discovery(struct agg_server *server)
{
	server->has_discovery = true;
	serve_when_ready(server);
}

/* ---- The servers behind ---- */

static void on_definition_set(
	void *context, struct str namespace, struct str name, const struct json_value *object)
{
	struct agg_server *server = context;

	(void)namespace;
	(void)name;
	(void)object;
	agg_discovery_refresh(server->discovery);
}

static void on_definition_gone(void *context, struct str namespace, struct str name)
{
	on_definition_set(context, namespace, name, NULL);
}

static int connect_upstream(struct agg_server *server, enum agg_upstream_id id, const char *name,
	const char *setting, struct error *err)
{
	struct str path = settings_text(server_process_settings(server->process), setting);

	if (str_is_empty(path))
		return error_set(err, ERROR_INVALID, "%s is not set", setting);
	server->upstreams[id] = (struct agg_upstream){
		.id = id,
		.name = name,
		.client = http_client_create(&(struct http_client_options){
			.loop = server->loop,
			.unix_path = arena_copy_c(err->arena, path),
			.connections = HOP_CONNECTIONS,
			.stream_window_bytes = HOP_WINDOW_BYTES,
		}),
	};
	return 0;
}

static int connect_upstreams(struct agg_server *server, struct error *err)
{
	if (connect_upstream(server, AGG_CORE, "core", "internal.socket.core", err) != 0)
		return ERROR_RETURN;
	return connect_upstream(
		server, AGG_EXTENSIONS, "extensions", "internal.socket.extensions", err);
}

static void follow_upstreams(struct agg_server *server)
{
	server->rbac = rbac_informer_create(&(struct rbac_informer_options){
		.loop = server->loop,
		.client = server->upstreams[AGG_CORE].client,
		.user = &agg_identity,
		.rbac = server->rules,
		.on_synced = on_rules,
		.context = server,
	});
	server->discovery = agg_discovery_create(server, on_discovery);
	server->definitions = informer_create(&(struct informer_options){
		.loop = server->loop,
		.client = server->upstreams[AGG_EXTENSIONS].client,
		.user = &agg_identity,
		.path = DEFINITIONS_PATH,
		.on_set = on_definition_set,
		.on_gone = on_definition_gone,
		.context = server,
	});
}

/* ---- The servers in front ---- */

static bool check_peer(void *context, const struct http_peer *peer)
{
	const struct agg_server *server = context;

	for (size_t i = 0; peer->is_unix && i < server->trusted_uid_count; i++) {
		if (server->trusted_uids[i] == peer->uid)
			return true;
	}
	return false;
}

static struct http_limits front_limits(const struct agg_server *server)
{
	uint32_t streams = server->streams_per_connection;

	return (struct http_limits){
		.concurrent_streams = streams,
		.stranger_streams = streams < STRANGER_STREAMS ? streams : STRANGER_STREAMS,
		.stranger_window_bytes = STRANGER_WINDOW,
		.body_timeout_ns = server->request_timeout_ns,
	};
}

static void create_front(struct agg_server *server, struct tls_context *tls)
{
	server->secure = http_server_create(&(struct http_server_options){
		.loop = server->loop,
		.tls = tls,
		.limits = front_limits(server),
		.on_request = agg_request_receive_secure,
		.on_refused = agg_request_refuse,
		.context = server,
	});
	if (server_process_listener(server->process, "insecure") >= 0)
		server->insecure = http_server_create(&(struct http_server_options){
			.loop = server->loop,
			.limits = front_limits(server),
			.on_request = agg_request_receive_insecure,
			.on_refused = agg_request_refuse,
			.context = server,
		});
	server->private_ = http_server_create(&(struct http_server_options){
		.loop = server->loop,
		.limits = {.concurrent_streams = 10000, .idle_timeout_ns = UINT64_MAX},
		.on_request = agg_request_receive_private,
		.check_peer = check_peer,
		.on_refused = agg_request_refuse,
		.context = server,
	});
}

static int check_listeners(struct agg_server *server, struct error *err)
{
	if (server_process_listener(server->process, "secure") < 0 ||
		server_process_listener(server->process, "private") < 0)
		return error_set(err, ERROR_INVALID, "a listening socket was not handed over");
	return 0;
}

/* ---- Life ---- */

static int start(void *context, struct server_process *process, struct error *err)
{
	struct agg_server *server = context;
	const struct settings *settings = server_process_settings(process);
	struct tls_context *tls = NULL;

	server->process = process;
	server->loop = server_process_loop(process);
	agg_settings_limits(server, settings);
	if (check_listeners(server, err) != 0 ||
		agg_settings_tokens(settings, &server->tokens, err) != 0 ||
		agg_front_proxy_create(settings, &server->front_proxy, err) != 0 ||
		agg_browser_create(settings, &server->browser, err) != 0 ||
		agg_settings_authorizer(server, settings, err) != 0 ||
		agg_services_create(server, settings, &server->services, err) != 0 ||
		connect_upstreams(server, err) != 0 || agg_settings_tls(settings, &tls, err) != 0)
		return ERROR_RETURN;
	server->metrics = agg_metrics_create();
	server->openapi = agg_openapi_create();
	server->health = agg_health_create(server);
	server->drain = agg_drain_create(server, settings);
	create_front(server, tls);
	tls_context_unref(&tls);
	follow_upstreams(server);
	return 0;
}

static int reload(void *context, const struct settings *settings, struct error *err)
{
	struct agg_server *server = context;
	struct tls_context *tls = NULL;
	struct token_file *tokens = NULL;
	struct agg_front_proxy *front_proxy = NULL;

	if (agg_settings_tls(settings, &tls, err) != 0 ||
		agg_front_proxy_create(settings, &front_proxy, err) != 0 ||
		agg_settings_tokens(settings, &tokens, err) != 0) {
		agg_front_proxy_destroy(&front_proxy);
		tls_context_unref(&tls);
		return ERROR_RETURN;
	}
	agg_front_proxy_destroy(&server->front_proxy);
	server->front_proxy = front_proxy;
	http_server_set_tls(server->secure, tls);
	tls_context_unref(&tls);
	token_file_destroy(&server->tokens);
	server->tokens = tokens;
	agg_settings_limits(server, settings);
	return 0;
}

static void not_ready(void *context)
{
	struct agg_server *server = context;

	agg_health_fail_ready(server->health);
}

static void drain(void *context)
{
	struct agg_server *server = context;

	agg_drain_begin(server->drain);
}

static void stop(void *context)
{
	struct agg_server *server = context;

	http_server_destroy(&server->secure);
	http_server_destroy(&server->insecure);
	http_server_destroy(&server->private_);
	agg_drain_destroy(&server->drain);
	informer_destroy(&server->definitions);
	rbac_informer_destroy(&server->rbac);
	agg_discovery_destroy(&server->discovery);
	agg_services_destroy(&server->services);
	agg_openapi_destroy(&server->openapi);
	agg_health_destroy(&server->health);
	agg_metrics_destroy(&server->metrics);
	agg_browser_destroy(&server->browser);
	agg_front_proxy_destroy(&server->front_proxy);
	for (unsigned i = 0; i < AGG_UPSTREAM_COUNT; i++)
		http_client_destroy(&server->upstreams[i].client);
	authorizer_destroy(&server->authorizer);
	rbac_destroy(&server->rules);
	token_file_destroy(&server->tokens);
}

static uint64_t store_revision(void *opaque)
{
	const struct agg_server *server = opaque;

	return agg_services_store_revision(server->services);
}

int main(void)
{
	struct agg_server server = {0};
	struct server_process_handlers handlers = {
		.start = start,
		.reload = reload,
		.not_ready = not_ready,
		.drain = drain,
		.store_revision = store_revision,
		.stop = stop,
		.context = &server,
	};

	return server_process_run(&handlers);
}
