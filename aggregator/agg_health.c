/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_health.h"

#include "agg_fetch.h"
#include "agg_services.h"
#include "memory.h"

#define FETCH_TIMEOUT_NS UINT64_C(2000000000)
#define EXCLUDED_MAXIMUM 64

struct endpoint {
	const char *name;
	const char *path; /* at the other servers */
	unsigned bit;
};

static const struct endpoint endpoints[] = {
	{"healthz", "/healthz?verbose", HEALTH_HEALTHZ},
	{"livez", "/livez?verbose", HEALTH_LIVEZ},
	{"readyz", "/readyz?verbose", HEALTH_READYZ},
};
#define ENDPOINT_COUNT (sizeof(endpoints) / sizeof(endpoints[0]))

struct agg_health {
	struct agg_server *server;
	struct health_checks *own;
	struct agg_document documents[ENDPOINT_COUNT][AGG_UPSTREAM_COUNT];
	bool is_shutting_down;
};

/* ---- Our own checks ---- */

static const char *pass(void *context)
{
	(void)context;
	return NULL;
}

static const char *check_rules(void *context)
{
	const struct agg_health *health = context;

	return health->server->has_rules ? NULL : "not finished";
}

static const char *check_discovery(void *context)
{
	const struct agg_health *health = context;

	return health->server->has_discovery ? NULL : "not finished";
}

static const char *check_registration(void *context)
{
	const struct agg_health *health = context;

	return agg_services_are_registered(health->server->services) ? NULL : "missing APIServices";
}

static const char *check_shutdown(void *context)
{
	const struct agg_health *health = context;

	return health->is_shutting_down ? "process is shutting down" : NULL;
}

static const struct {
	const char *name;
	unsigned endpoints;
	health_check_fn check;
} own_checks[] = {
	{"ping", HEALTH_ALL, pass},
	{"log", HEALTH_ALL, pass},
	{"etcd", HEALTH_ALL, pass},
	{"etcd-readiness", HEALTH_READYZ, pass},
	{"informer-sync", HEALTH_READYZ, check_rules},
	{"poststarthook/generic-apiserver-start-informers", HEALTH_ALL, check_rules},
	{"poststarthook/start-kube-aggregator-informers", HEALTH_ALL, check_rules},
	{"poststarthook/apiservice-registration-controller", HEALTH_ALL, check_registration},
	{"poststarthook/apiservice-status-local-available-controller", HEALTH_ALL,
		check_registration},
	{"poststarthook/apiservice-status-remote-available-controller", HEALTH_ALL, pass},
	{"poststarthook/apiservice-discovery-controller", HEALTH_ALL, check_discovery},
	{"poststarthook/kube-apiserver-autoregistration", HEALTH_ALL, check_registration},
	{"autoregister-completion", HEALTH_ALL, check_registration},
	{"poststarthook/apiservice-openapi-controller", HEALTH_ALL, check_discovery},
	{"poststarthook/apiservice-openapiv3-controller", HEALTH_ALL, check_discovery},
	{"shutdown", HEALTH_READYZ, check_shutdown},
};

/* ---- Merging ---- */

static const char *check_failed(void *context)
{
	(void)context;
	return "reason withheld";
}

void agg_health_merge(struct health_checks *merged, struct str verbose)
{
	struct arena *arena = arena_create(0);

	while (!str_is_empty(verbose)) {
		struct str line = str_split(&verbose, '\n');
		bool is_well = str_starts_with(line, STR("[+]"));
		struct str name = str_skip(line, 3);

		if (!is_well && !str_starts_with(line, STR("[-]")))
			continue;
		/* Names hold no blanks. */
		name.length = str_find_byte(name, ' ');
		if (!str_is_empty(name))
			health_checks_add(merged, arena_copy_c(arena, name), HEALTH_ALL,
				is_well ? pass : check_failed, NULL);
		/* Whoever says no is right. */
		if (!str_is_empty(name) && !is_well)
			health_checks_fail(merged, arena_copy_c(arena, name));
	}
	arena_destroy(&arena);
}

static void merge_server(struct agg_server *server, struct health_checks *merged,
	const struct agg_document *documents, unsigned id)
{
	const struct agg_document *document = &documents[id];
	struct arena *arena;

	if (document->is_fresh) {
		agg_health_merge(merged, blob_str(document->body));
		return;
	}
	/* A server that does not answer is a check that fails. */
	arena = arena_create(0);
	health_checks_add(merged,
		arena_copy_c(arena, arena_printf(arena, "server/%s", server->upstreams[id].name)),
		HEALTH_ALL, check_failed, NULL);
	arena_destroy(&arena);
}

/* ---- Serving ---- */

static const struct endpoint *find_endpoint(struct str name)
{
	for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
		if (str_equal_c(name, endpoints[i].name))
			return &endpoints[i];
	}
	return &endpoints[0];
}

static void merge_own(
	struct agg_health *health, const struct endpoint *endpoint, struct health_checks *merged)
{
	struct buffer verbose = {0};

	health_checks_run(
		health->own, str_from_c(endpoint->name), STR_EMPTY, true, NULL, 0, &verbose);
	agg_health_merge(merged, buffer_str(&verbose));
	buffer_fini(&verbose);
}

static void respond(struct agg_request *request, const struct health_checks *merged,
	struct str endpoint, struct str only)
{
	struct str excluded[EXCLUDED_MAXIMUM];
	size_t count = 0;
	struct buffer out = {0};
	bool is_verbose;
	int status;

	http_query_find(request->query, STR("verbose"), &is_verbose);
	for (const struct http_query *entry = request->query; entry; entry = entry->next) {
		if (str_equal(entry->name, STR("exclude")) && count < EXCLUDED_MAXIMUM)
			excluded[count++] = entry->value;
	}
	status = health_checks_run(merged, endpoint, only, is_verbose, excluded, count, &out);
	agg_request_respond(request, status, "text/plain; charset=utf-8", buffer_str(&out));
	buffer_fini(&out);
}

static void on_gathered(struct agg_request *request)
{
	struct agg_health *health = request->server->health;
	struct str only = str_skip(request->info.path, 1);
	struct str name = str_split(&only, '/');
	const struct endpoint *endpoint = find_endpoint(name);
	const struct agg_document *documents = health->documents[endpoint - endpoints];
	struct health_checks *merged = health_checks_create();

	merge_own(health, endpoint, merged);
	for (unsigned i = 0; i < AGG_UPSTREAM_COUNT; i++)
		merge_server(request->server, merged, documents, i);
	respond(request, merged, name, only);
	health_checks_destroy(&merged);
}

void agg_health_serve(struct agg_request *request)
{
	struct agg_health *health = request->server->health;
	struct str rest = str_skip(request->info.path, 1);
	const struct endpoint *endpoint = find_endpoint(str_split(&rest, '/'));

	agg_gather(request, health->documents[endpoint - endpoints], endpoint->path, "text/plain",
		FETCH_TIMEOUT_NS, on_gathered);
}

void agg_health_list_paths(struct agg_health *health, struct arena *arena,
	void (*visit)(void *context, struct str path), void *context)
{
	for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
		struct health_checks *merged = health_checks_create();
		unsigned bits;

		merge_own(health, &endpoints[i], merged);
		for (unsigned j = 0; j < AGG_UPSTREAM_COUNT; j++)
			agg_health_merge(merged, blob_str(health->documents[i][j].body));
		for (size_t j = 0; j < health_checks_count(merged); j++)
			visit(context, arena_printf(arena, "/%s/%s", endpoints[i].name,
					       health_checks_name(merged, j, &bits)));
		health_checks_destroy(&merged);
	}
}

/* ---- Life ---- */

struct agg_health *agg_health_create(struct agg_server *server)
{
	struct agg_health *health = MEMORY_NEW(struct agg_health);

	health->server = server;
	health->own = health_checks_create();
	health_checks_set_livez_grace(
		health->own, settings_duration_ns(server_process_settings(server->process),
				     "livez-grace-period", 0));
	for (size_t i = 0; i < sizeof(own_checks) / sizeof(own_checks[0]); i++)
		health_checks_add(health->own, own_checks[i].name, own_checks[i].endpoints,
			own_checks[i].check, health);
	return health;
}

void agg_health_destroy(struct agg_health **health)
{
	struct agg_health *gone = *health;

	*health = NULL;
	if (!gone)
		return;
	for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
		for (unsigned j = 0; j < AGG_UPSTREAM_COUNT; j++)
			agg_document_fini(&gone->documents[i][j]);
	}
	health_checks_destroy(&gone->own);
	memory_free(gone);
}

void agg_health_fail_ready(struct agg_health *health)
{
	health->is_shutting_down = true;
}
