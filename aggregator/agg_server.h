/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_SERVER_H
#define TROIKA_AGG_SERVER_H

#include "authorizer.h"
#include "http_client.h"
#include "http_server.h"
#include "server_process.h"

/* What the files of this program share. One per process, made in agg_main.c. */

enum agg_upstream_id {
	AGG_CORE,
	AGG_EXTENSIONS,
	AGG_UPSTREAM_COUNT
};

/* A server behind the private hop. */
struct agg_upstream {
	enum agg_upstream_id id;
	const char *name; /* as in the settings */
	struct http_client *client;
};

struct agg_request;
struct agg_browser;
struct agg_drain;
struct agg_front_proxy;
struct agg_metrics;
struct rbac_informer;
struct agg_services;
struct agg_discovery;
struct agg_openapi;
struct agg_health;
struct informer;
struct health_checks;
struct token_file;

/* Requests under way, by whether they change something; over a limit new ones get 429. */
struct agg_inflight {
	size_t count;
	size_t limit; /* 0: none */
};

struct agg_server {
	struct server_process *process;
	struct event_loop *loop;
	struct http_server *secure;
	struct http_server *insecure; /* NULL: no plain HTTP */
	struct http_server *private_;
	struct agg_upstream upstreams[AGG_UPSTREAM_COUNT];
	struct token_file *tokens; /* NULL: none */
	struct rbac *rules;
	struct authorizer *authorizer;
	struct rbac_informer *rbac;
	struct agg_services *services;
	struct agg_discovery *discovery;
	struct agg_openapi *openapi;
	struct agg_health *health;
	struct informer
		*definitions; /* CustomResourceDefinitions: when they change, discovery does */
	bool has_rules;
	bool has_discovery;
	struct agg_metrics *metrics;
	struct agg_inflight reading;
	struct agg_inflight mutating;
	uint64_t request_timeout_ns;
	uint64_t write_timeout_ns; /* for one object; 0: only request_timeout_ns counts */
	bool allows_anonymous;
	bool moves_strangers_on; /* UnauthenticatedHTTP2DOSMitigation */
	bool is_draining;
	size_t under_way; /* requests of clients */
	struct agg_drain *drain;
	struct agg_browser *browser;
	struct agg_front_proxy *front_proxy; /* NULL: none is believed */
	double goaway_chance;
	uint32_t streams_per_connection;
	uid_t trusted_uids[8];
	size_t trusted_uid_count;
	struct agg_request *long_running; /* those that end when we drain */
};

/* Who we are to the other servers (agg_fetch.c). */
extern const struct user_info agg_identity;

/* agg_settings.c: what the settings say, at start and at a reload. */
int agg_settings_tls(
	const struct settings *settings, struct tls_context **ret, struct error *err) WARN_UNUSED;
/* *ret is NULL without --token-auth-file. */
int agg_settings_tokens(
	const struct settings *settings, struct token_file **ret, struct error *err) WARN_UNUSED;
int agg_settings_authorizer(
	struct agg_server *server, const struct settings *settings, struct error *err) WARN_UNUSED;
void agg_settings_limits(struct agg_server *server, const struct settings *settings);

#endif
