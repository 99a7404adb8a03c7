/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_route.h"

#include "agg_discovery.h"
#include "agg_proxy.h"
#include "agg_services.h"

/* The parts that say who has a path: "/apis/apps/v1/..." is "apis", "apps", "v1". */
struct path_parts {
	struct str root, group, version;
};

static struct path_parts split(struct str path)
{
	struct path_parts parts;

	while (str_starts_with(path, STR("/")))
		path = str_skip(path, 1);
	parts.root = str_split(&path, '/');
	parts.group = str_split(&path, '/');
	parts.version = str_split(&path, '/');
	return parts;
}

static enum agg_route find_group(
	const struct agg_server *server, struct str group, struct str version)
{
	if (str_equal(group, STR(AGG_SERVICES_GROUP)))
		return AGG_ROUTE_SERVICES;
	if (agg_services_is_remote(server->services, group, version))
		return AGG_ROUTE_UNAVAILABLE;
	/* What the core server does not know is asked of the one that can learn new groups. */
	return agg_discovery_is_core_group(server->discovery, group) ? AGG_ROUTE_CORE
								     : AGG_ROUTE_EXTENSIONS;
}

enum agg_route agg_route_find(const struct agg_server *server, struct str path)
{
	struct path_parts parts = split(path);

	if (str_equal(parts.root, STR("api")))
		return AGG_ROUTE_CORE;
	if (str_equal(parts.root, STR("apis")) && parts.group.length > 0)
		return find_group(server, parts.group, parts.version);
	if (str_starts_with(path, STR("/openapi/v3/"))) {
		parts = split(str_skip(path, sizeof("/openapi/v3/") - 1));
		if (str_equal(parts.root, STR("apis")) && parts.group.length > 0)
			return find_group(server, parts.group, parts.version);
		return AGG_ROUTE_CORE;
	}
	if (str_equal(path, STR("/.well-known/openid-configuration")) ||
		str_equal(path, STR("/openid/v1/jwks")))
		return AGG_ROUTE_CORE;
	return AGG_ROUTE_NONE;
}

static void not_found(struct agg_request *request)
{
	/* Who may not ask learns nothing of what is there. */
	if (agg_request_authorize_path(request))
		agg_request_respond(
			request, 404, "text/plain; charset=utf-8", STR("404 page not found\n"));
}

static void unavailable(struct agg_request *request)
{
	agg_request_respond(
		request, 503, "text/plain; charset=utf-8", STR("service unavailable\n"));
}

void agg_route(struct agg_request *request)
{
	struct agg_server *server = request->server;

	switch (agg_route_find(server, request->info.path)) {
	case AGG_ROUTE_NONE:
		not_found(request);
		break;
	case AGG_ROUTE_CORE:
		agg_proxy(request, &server->upstreams[AGG_CORE]);
		break;
	case AGG_ROUTE_EXTENSIONS:
		agg_proxy(request, &server->upstreams[AGG_EXTENSIONS]);
		break;
	case AGG_ROUTE_SERVICES:
		agg_services_serve(request);
		break;
	case AGG_ROUTE_UNAVAILABLE:
		unavailable(request);
		break;
	}
}
