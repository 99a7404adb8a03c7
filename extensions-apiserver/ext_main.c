/* SPDX-License-Identifier: Apache-2.0 */
#include "api_enablement.h"
#include "ext_server.h"
#include "health.h"
#include "log.h"
#include "rbac_informer.h"
#include "server_process.h"
#include "server_setup.h"

struct ext_process {
	struct ext_server server;
	struct server_process *process;
	uid_t trusted_uids[8];
	size_t trusted_uid_count;
};

/* ---- Settings ---- */

static int connect_core(
	struct ext_server *server, const struct settings *settings, struct error *err)
{
	static const struct str groups[] = {STR_INIT("system:masters")};
	struct str path = settings_text(settings, "internal.socket.core");

	if (str_is_empty(path))
		return error_set(err, ERROR_INVALID, "internal.socket.core is not set");
	server->identity = (struct user_info){
		.name = STR("system:apiserver"), .groups = groups, .group_count = 1};
	server->core = http_client_create(&(struct http_client_options){
		.loop = server->loop, .unix_path = arena_copy_c(err->arena, path)});
	return 0;
}

/* ---- The server ---- */

static void create_server(struct ext_process *self, const struct settings *settings)
{
	struct ext_server *server = &self->server;
	struct api_server_options options = {
		.loop = server->loop,
		.storage = server->storage,
		.authorizer = server->authorizer,
		.limits = server_setup_private_limits(),
		.trusted_uids = self->trusted_uids,
		.trusted_uid_count = self->trusted_uid_count,
		.check_namespace = ext_check_namespace,
		.enable_garbage_collector =
			settings_bool(settings, "enable-garbage-collector", true),
		.minimum_watch_seconds = settings_integer(settings, "min-request-timeout", 1800),
		.compresses_answers =
			server_setup_beta_feature(settings, STR("APIResponseCompression")),
	};

	server->is_disabled =
		!api_enablement_has_version(settings, STR(EXT_GROUP), STR(EXT_VERSION));
	ext_server_init(server, &options);
}

static void add_health_checks(struct ext_server *server, const struct settings *settings)
{
	struct health_checks *checks = api_server_health(server->api);

	health_checks_set_livez_grace(
		checks, settings_duration_ns(settings, "livez-grace-period", 0));
	health_checks_add_latch(checks, "ping", HEALTH_ALL);
	health_checks_add_latch(checks, "log", HEALTH_ALL);
	health_checks_add_latch(checks, "etcd", HEALTH_ALL);
	health_checks_add_latch(checks, "etcd-readiness", HEALTH_READYZ);
	health_checks_add_latch(checks, "informer-sync", HEALTH_READYZ);
	health_checks_add_latch(
		checks, "poststarthook/generic-apiserver-start-informers", HEALTH_ALL);
	health_checks_add_latch(checks, "poststarthook/start-apiextensions-informers", HEALTH_ALL);
	health_checks_add_latch(
		checks, "poststarthook/start-apiextensions-controllers", HEALTH_ALL);
	health_checks_add_latch(checks, "poststarthook/crd-informer-synced", HEALTH_ALL);
	health_checks_add_latch(checks, "shutdown", HEALTH_READYZ);
	health_checks_pass(checks, "ping");
	health_checks_pass(checks, "log");
	health_checks_pass(checks, "etcd");
	health_checks_pass(checks, "etcd-readiness");
	health_checks_pass(checks, "shutdown");
}

static void on_rbac_synced(void *opaque)
{
	struct ext_process *self = opaque;
	struct health_checks *checks = api_server_health(self->server.api);

	health_checks_pass(checks, "informer-sync");
	health_checks_pass(checks, "poststarthook/generic-apiserver-start-informers");
	health_checks_pass(checks, "poststarthook/start-apiextensions-informers");
	api_server_listen(self->server.api, server_process_listener(self->process, "private"));
	server_process_ready(self->process);
	log_info("Serving at revision %llu",
		(unsigned long long)storage_revision(self->server.storage));
}

static int start(void *opaque, struct server_process *process, struct error *err)
{
	struct ext_process *self = opaque;
	struct ext_server *server = &self->server;
	const struct settings *settings = server_process_settings(process);
	struct health_checks *checks;

	self->process = process;
	server->loop = server_process_loop(process);
	self->trusted_uid_count = server_setup_trusted_uids(settings, self->trusted_uids,
		sizeof(self->trusted_uids) / sizeof(self->trusted_uids[0]));
	if (server_process_listener(process, "private") < 0)
		return error_set(err, ERROR_INVALID, "no private listener was handed over");
	server->rbac = rbac_create();
	if (server_setup_authorizer(settings, server->rbac, &server->authorizer, err) != 0 ||
		server_setup_storage(server->loop, settings, &server->storage, err) != 0 ||
		connect_core(server, settings, err) != 0)
		return ERROR_RETURN;
	create_server(self, settings);
	add_health_checks(server, settings);
	checks = api_server_health(server->api);
	health_checks_pass(checks, "poststarthook/crd-informer-synced");
	health_checks_pass(checks, "poststarthook/start-apiextensions-controllers");
	server->namespaces = ext_namespaces_create(server);
	server->rbac_informer = rbac_informer_create(&(struct rbac_informer_options){
		.loop = server->loop,
		.client = server->core,
		.user = &server->identity,
		.rbac = server->rbac,
		.on_synced = on_rbac_synced,
		.context = self,
	});
	return 0;
}

static void not_ready(void *opaque)
{
	struct ext_process *self = opaque;

	health_checks_fail(api_server_health(self->server.api), "shutdown");
}

static void on_drained(void *opaque)
{
	struct ext_process *self = opaque;

	server_process_drained(self->process);
}

static void drain(void *opaque)
{
	struct ext_process *self = opaque;

	api_server_drain(self->server.api, on_drained, self);
}

static void stop(void *opaque)
{
	struct ext_server *server = &((struct ext_process *)opaque)->server;

	rbac_informer_destroy(&server->rbac_informer);
	ext_namespaces_destroy(&server->namespaces);
	http_client_destroy(&server->core);
	ext_server_fini(server);
	storage_close(&server->storage);
	authorizer_destroy(&server->authorizer);
	rbac_destroy(&server->rbac);
}

static uint64_t store_revision(void *opaque)
{
	return storage_revision(((const struct ext_process *)opaque)->server.storage);
}

int main(void)
{
	struct ext_process self = {0};
	struct server_process_handlers handlers = {
		.start = start,
		.not_ready = not_ready,
		.drain = drain,
		.store_revision = store_revision,
		.stop = stop,
		.context = &self,
	};

	return server_process_run(&handlers);
}
