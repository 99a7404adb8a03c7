/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_request_steps.h"

#include "agg_browser.h"
#include "agg_drain.h"
#include "agg_front_proxy.h"
#include "agg_identifier.h"
#include "agg_path.h"
#include "agg_route.h"
#include "authentication.h"
#include "clock.h"
#include "token_file.h"

/* In Go's words, which clients may look for. */
static int refuse_timeout(struct agg_request *request, struct str text)
{
	char last = text.data[text.length - 1];
	bool lacks_unit = (last >= '0' && last <= '9') || last == '.';

	return error_set(&request->err, ERROR_BAD_REQUEST,
		"invalid timeout specified in the request URL - time: %s duration \"%.*s\"",
		lacks_unit ? "missing unit in" : "invalid", STR_ARG(text));
}

/* ?timeout= may shorten the time of a request; nothing or 0 leaves it as it is. */
static int limit_time(struct agg_request *request)
{
	struct str text = http_query_find(request->query, STR("timeout"), NULL);
	int64_t wanted_ns;

	if (request->is_long_running) {
		request->deadline_ns = UINT64_MAX;
		return 0;
	}
	if (str_is_empty(text))
		return 0;
	if (!clock_parse_duration(text, &wanted_ns))
		return refuse_timeout(request, text);
	if (wanted_ns > 0 && (uint64_t)wanted_ns < request->server->request_timeout_ns)
		request->deadline_ns = request->received_ns + (uint64_t)wanted_ns;
	return 0;
}

/*
 * A stranger gets one request of an HTTP/2 connection, so that whoever floods us with them has to
 * shake hands for each; who has shown who it is gets all the streams there are.
 */
static void judge_connection(struct agg_request *request, bool is_known)
{
	if (request->origin != AGG_ORIGIN_SECURE || request->http->http_major != 2)
		return;
	if (is_known)
		http_exchange_trust(request->exchange);
	else if (request->server->moves_strangers_on)
		http_exchange_close_connection(request->exchange);
}

bool agg_step_classify(struct agg_request *request)
{
	request->query = http_query_parse(request->arena, request->http->query);
	if (request_info_parse(request->arena, request->http->method, request->http->path,
		    request->query, &request->info, &request->err) != 0) {
		judge_connection(request, false);
		agg_request_fail(request);
		return false;
	}
	request->is_long_running = request_info_is_long_running(&request->info);
	if (limit_time(request) == 0)
		return true;
	judge_connection(request, false);
	agg_request_fail(request);
	return false;
}

/* Load balancers go on asking how we are. */
static bool is_about_health(struct str path)
{
	return str_starts_with(path, STR("/healthz")) || str_starts_with(path, STR("/livez")) ||
	       str_starts_with(path, STR("/readyz"));
}

bool agg_step_turn_away(struct agg_request *request)
{
	if (request->origin == AGG_ORIGIN_PRIVATE || !agg_drain_refuses(request->server->drain) ||
		is_about_health(request->info.path))
		return true;
	request->err.retry_after_seconds = 5;
	http_exchange_close_connection(request->exchange);
	agg_request_respond(request, 429, "text/plain; charset=utf-8",
		STR("The apiserver is shutting down, please try again later.\n"));
	return false;
}

/* A new connection may lead to another of the servers behind a load balancer. */
bool agg_step_spread(struct agg_request *request)
{
	double chance = request->server->goaway_chance;

	if (chance > 0 && request->origin == AGG_ORIGIN_SECURE && request->http->http_major == 2 &&
		agg_identifier_draw(chance))
		http_exchange_close_connection(request->exchange);
	return true;
}

bool agg_step_share(struct agg_request *request)
{
	struct str page = http_headers_find(&request->http->headers, STR("origin"));

	if (request->origin == AGG_ORIGIN_PRIVATE ||
		!agg_browser_allows(request->server->browser, page))
		return true;
	request->allowed_page = page;
	if (!str_equal(request->http->method, STR("OPTIONS")))
		return true;
	agg_request_respond(request, 204, NULL, STR_EMPTY);
	return false;
}

/* ---- Who ---- */

enum credentials {
	CREDENTIALS_GOOD,
	CREDENTIALS_BAD,
	CREDENTIALS_NONE
};

static enum credentials try_certificate(struct agg_request *request)
{
	const struct http_peer *peer = request->http->peer;
	struct agg_front_proxy *front_proxy = request->server->front_proxy;

	if (peer->tls && front_proxy) {
		if (agg_front_proxy_read(front_proxy, request->arena, peer->tls,
			    &request->http->headers, &request->user))
			return CREDENTIALS_GOOD;
		if (!agg_front_proxy_is_client(front_proxy, peer->tls))
			return CREDENTIALS_BAD;
	}
	if (peer->tls && authenticate_certificate(request->arena, peer->tls, &request->user))
		return CREDENTIALS_GOOD;
	return peer->has_unverified_certificate ? CREDENTIALS_BAD : CREDENTIALS_NONE;
}

static enum credentials try_token(struct agg_request *request)
{
	struct str token = authenticate_bearer_token(
		http_headers_find(&request->http->headers, STR("authorization")));
	const struct user_info *user;

	if (str_is_empty(token))
		return CREDENTIALS_NONE;
	user = request->server->tokens ? token_file_find(request->server->tokens, token) : NULL;
	if (!user)
		return CREDENTIALS_BAD;
	user_info_copy(request->arena, user, &request->user);
	return CREDENTIALS_GOOD;
}

/* The first that knows the user holds; what is wrong never falls back to anonymous. */
static bool authenticate_client(struct agg_request *request)
{
	enum credentials certificate = try_certificate(request);
	enum credentials token =
		certificate == CREDENTIALS_GOOD ? CREDENTIALS_NONE : try_token(request);

	if (certificate == CREDENTIALS_GOOD || token == CREDENTIALS_GOOD) {
		authenticate_complete_groups(request->arena, &request->user);
		return true;
	}
	if (certificate == CREDENTIALS_BAD || token == CREDENTIALS_BAD ||
		!request->server->allows_anonymous)
		return false;
	authenticate_anonymous(&request->user);
	return true;
}

static bool identify(struct agg_request *request)
{
	switch (request->origin) {
	case AGG_ORIGIN_SECURE:
		return authenticate_client(request);
	case AGG_ORIGIN_INSECURE:
		authenticate_unsecured(&request->user);
		return true;
	case AGG_ORIGIN_PRIVATE:
		/* The peer's user was checked when it connected. */
		return user_info_from_headers(
			request->arena, &request->http->headers, &request->user);
	}
	return false;
}

bool agg_step_authenticate(struct agg_request *request)
{
	bool is_identified = identify(request);

	judge_connection(request, is_identified && !user_info_has_group(&request->user,
							   STR("system:unauthenticated")));
	if (is_identified)
		return true;
	error_set(&request->err, ERROR_UNAUTHORIZED, "Unauthorized");
	agg_request_fail(request);
	return false;
}

/* ---- How many ---- */

static bool is_mutating(const struct agg_request *request)
{
	struct str verb = request->info.verb;

	return !str_equal(verb, STR("get")) && !str_equal(verb, STR("list")) &&
	       !str_equal(verb, STR("watch")) && !str_equal(verb, STR("head")) &&
	       !str_equal(verb, STR("options"));
}

bool agg_step_limit(struct agg_request *request)
{
	struct agg_server *server = request->server;
	struct agg_inflight *slot = is_mutating(request) ? &server->mutating : &server->reading;

	if (request->is_long_running || request->origin == AGG_ORIGIN_PRIVATE)
		return true;
	if (slot->limit > 0 && slot->count >= slot->limit &&
		(request->origin == AGG_ORIGIN_INSECURE ||
			!user_info_has_group(&request->user, STR("system:masters")))) {
		request->err.retry_after_seconds = 1;
		agg_request_respond(request, 429, "text/plain; charset=utf-8",
			STR("Too many requests, please try again later.\n"));
		return false;
	}
	slot->count++;
	request->slot = slot;
	return true;
}

/* ---- Where ---- */

bool agg_step_serve_path(struct agg_request *request)
{
	const struct agg_path *path;

	if (request->info.is_resource_request)
		return true;
	path = agg_path_find(request->info.path);
	if (!path)
		return true;
	if (agg_request_authorize_path(request))
		path->handle(request);
	return false;
}

bool agg_step_route(struct agg_request *request)
{
	agg_route(request);
	return false;
}
