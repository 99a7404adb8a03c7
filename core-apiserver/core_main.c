/* SPDX-License-Identifier: Apache-2.0 */
#include "api_core.h"
#include "api_enablement.h"
#include "core_server.h"
#include "core_service.h"
#include "core_strategies.h"
#include "health.h"
#include "log.h"
#include "memory.h"
#include "server_setup.h"

#include <stdio.h>

#define SECOND_NS 1000000000ll

/* ---- Settings ---- */

/*
 * The server of custom resources runs as a user of its own: it needs to see who may do what,
 * which namespaces there are, and where the services of its webhooks are, and nothing else of ours.
 */
static void read_peers(struct core_server *core, const struct settings *settings)
{
	static const char *const readable[] = {"namespaces", "services",
		"roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io",
		"clusterroles.rbac.authorization.k8s.io",
		"clusterrolebindings.rbac.authorization.k8s.io", NULL};
	uint64_t uid;

	if (!str_parse_u64(settings_text(settings, "internal.uid.extensions"), UINT32_MAX, &uid))
		return;
	core->peers[core->peer_count++] = (struct api_server_peer){
		.uid = (uid_t)uid, .user_name = "system:apiserver", .readable = readable};
}

/* ---- The server ---- */

/* All built-in kinds with a scale keep its parts at the same places. */
static void set_scale_paths(struct api_resource *resource)
{
	if (!api_resource_find_subresource(resource, STR("scale")))
		return;
	resource->scale_spec_path = STR(".spec.replicas");
	resource->scale_status_path = STR(".status.replicas");
	resource->scale_selector_path = STR(".spec.selector");
}

/* Static rows get their strategies here. */
static void add_resources(struct core_server *core, const struct settings *settings)
{
	int64_t event_ttl_ns = settings_duration_ns(settings, "event-ttl", 3600 * SECOND_NS);

	core->resources = memory_allocate_zeroed(api_core_resource_count, sizeof(*core->resources));
	for (size_t i = 0; i < api_core_resource_count; i++) {
		struct api_resource *resource = &core->resources[i];

		*resource = *api_core_resources[i];
		resource->strategy = core_strategy_find(resource->group, resource->resource);
		set_scale_paths(resource);
		/* Of the built-in kinds only events have an end. */
		if (resource->default_ttl_seconds > 0)
			resource->default_ttl_seconds = event_ttl_ns / SECOND_NS;
		if (api_enablement_has_resource(settings, resource))
			api_server_add_resource(core->api, resource);
	}
}

/* By upstream's names; each is done when the bootstrap is. */
static const char *const hooks[] = {
	"poststarthook/generic-apiserver-start-informers",
	"poststarthook/start-apiserver-admission-initializer",
	"poststarthook/start-system-namespaces-controller",
	"poststarthook/start-cluster-authentication-info-controller",
	"poststarthook/start-service-ip-repair-controllers",
	"poststarthook/bootstrap-controller",
	"poststarthook/scheduling/bootstrap-system-priority-classes",
	"poststarthook/rbac/bootstrap-roles",
};
#define HOOK_COUNT (sizeof(hooks) / sizeof(hooks[0]))

static void add_health_checks(struct core_server *core, const struct settings *settings)
{
	struct health_checks *checks = api_server_health(core->api);
	/* The last one is there with RBAC only. */
	size_t hook_count = core_has_rbac(core) ? HOOK_COUNT : HOOK_COUNT - 1;

	health_checks_set_livez_grace(
		checks, settings_duration_ns(settings, "livez-grace-period", 0));
	health_checks_add_latch(checks, "ping", HEALTH_ALL);
	health_checks_add_latch(checks, "log", HEALTH_ALL);
	health_checks_add_latch(checks, "etcd", HEALTH_ALL);
	health_checks_add_latch(checks, "etcd-readiness", HEALTH_READYZ);
	health_checks_add_latch(checks, "informer-sync", HEALTH_READYZ);
	for (size_t i = 0; i < hook_count; i++)
		health_checks_add_latch(checks, hooks[i], HEALTH_ALL);
	health_checks_add_latch(checks, "shutdown", HEALTH_READYZ);
	health_checks_pass(checks, "ping");
	health_checks_pass(checks, "log");
	health_checks_pass(checks, "etcd");
	health_checks_pass(checks, "etcd-readiness");
	health_checks_pass(checks, "informer-sync");
	health_checks_pass(checks, "shutdown");
}

static void on_bootstrapped(struct core_server *core)
{
	struct health_checks *checks = api_server_health(core->api);

	core->is_bootstrapped = true;
	for (size_t i = 0; i < HOOK_COUNT; i++)
		health_checks_pass(checks, hooks[i]);
	api_server_listen(core->api, server_process_listener(core->process, "private"));
	server_process_ready(core->process);
	log_info("Serving at revision %llu", (unsigned long long)storage_revision(core->storage));
}

/* Where clients outside find us: with the port for HTTPS, unless the name has one. */
static void read_external_address(struct core_server *core, const struct settings *settings)
{
	struct str host = settings_text(settings, "external-hostname");
	struct str port = settings_text(settings, "secure-port");
	size_t colon = str_find_byte(host, ':');
	bool is_bracketed = str_starts_with(host, STR("["));
	bool is_v6 = !is_bracketed && colon < host.length &&
		     str_find_byte(str_skip(host, colon + 1), ':') < host.length - colon - 1;
	bool has_port = is_bracketed ? str_find(host, STR("]:")) < host.length
				     : colon < host.length && !is_v6;

	if (str_is_empty(host))
		return;
	snprintf(core->external_address, sizeof(core->external_address), "%s%.*s%s%s%.*s",
		is_v6 ? "[" : "", STR_ARG(host), is_v6 ? "]" : "", has_port ? "" : ":",
		has_port ? 0 : (int)port.length, port.data);
}

static int start(void *opaque, struct server_process *process, struct error *err)
{
	struct core_server *core = opaque;
	const struct settings *settings = server_process_settings(process);

	core->process = process;
	core->trusted_uid_count = server_setup_trusted_uids(settings, core->trusted_uids,
		sizeof(core->trusted_uids) / sizeof(core->trusted_uids[0]));
	read_external_address(core, settings);
	read_peers(core, settings);
	if (server_process_listener(process, "private") < 0)
		return error_set(err, ERROR_INVALID, "no private listener was handed over");
	core->rbac = rbac_create();
	if (server_setup_authorizer(settings, core->rbac, &core->authorizer, err) != 0 ||
		server_setup_storage(server_process_loop(process), settings, &core->storage, err) !=
			0)
		return ERROR_RETURN;
	core->api = api_server_create(&(struct api_server_options){
		.loop = server_process_loop(process),
		.storage = core->storage,
		.authorizer = core->authorizer,
		.limits = server_setup_private_limits(),
		.trusted_uids = core->trusted_uids,
		.trusted_uid_count = core->trusted_uid_count,
		.peers = core->peers,
		.peer_count = core->peer_count,
		.paths = core_paths,
		.check_namespace = core_check_namespace,
		.external_address = str_from_c(core->external_address),
		.enable_garbage_collector =
			settings_bool(settings, "enable-garbage-collector", true),
		.minimum_watch_seconds = settings_integer(settings, "min-request-timeout", 1800),
		.compresses_answers =
			server_setup_beta_feature(settings, STR("APIResponseCompression")),
		.context = core,
	});
	add_resources(core, settings);
	add_health_checks(core, settings);
	if (service_allocator_create(core, settings, &core->services, err) != 0 ||
		rbac_feed_create(core, &core->rbac_feed, err) != 0)
		return ERROR_RETURN;
	core_bootstrap(core, on_bootstrapped);
	return 0;
}

static void not_ready(void *opaque)
{
	struct core_server *core = opaque;

	health_checks_fail(api_server_health(core->api), "shutdown");
}

static void on_drained(void *opaque)
{
	struct core_server *core = opaque;

	server_process_drained(core->process);
}

static void drain(void *opaque)
{
	struct core_server *core = opaque;

	api_server_drain(core->api, on_drained, core);
}

static void stop(void *opaque)
{
	struct core_server *core = opaque;

	rbac_feed_destroy(&core->rbac_feed);
	api_server_destroy(&core->api);
	service_allocator_destroy(&core->services);
	storage_close(&core->storage);
	authorizer_destroy(&core->authorizer);
	rbac_destroy(&core->rbac);
	arena_destroy(&core->openapi_arena);
	memory_free(core->resources);
}

static uint64_t store_revision(void *opaque)
{
	return storage_revision(((const struct core_server *)opaque)->storage);
}

int main(void)
{
	struct core_server core = {0};
	struct server_process_handlers handlers = {
		.start = start,
		.not_ready = not_ready,
		.drain = drain,
		.store_revision = store_revision,
		.stop = stop,
		.context = &core,
	};

	return server_process_run(&handlers);
}
