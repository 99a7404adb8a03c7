/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_server.h"

#include "api_extensions.h"
#include "ext_cleanup.h"
#include "ext_convert.h"
#include "ext_definition.h"
#include "ext_registry.h"
#include "http_caller.h"
#include "memory.h"

/* Static rows get the strategy here; the copies live as long as the process. */
static void add_resources(struct ext_server *server)
{
	for (size_t i = 0; i < api_extensions_resource_count; i++) {
		struct api_resource *resource = &server->resources[i];

		*resource = *api_extensions_resources[i];
		if (str_equal(resource->resource, STR(EXT_PLURAL)))
			resource->strategy = &ext_definition_strategy;
		api_server_add_resource(server->api, resource);
	}
}

void ext_server_init(struct ext_server *server, const struct api_server_options *options)
{
	struct api_server_options own = *options;

	own.paths = ext_paths;
	own.context = server;
	own.convert_objects = ext_convert_objects;
	server->loop = options->loop;
	server->storage = options->storage;
	server->resources =
		memory_allocate_zeroed(api_extensions_resource_count, sizeof(*server->resources));
	server->api = api_server_create(&own);
	server->registry = ext_registry_create(server->api);
	server->cleanup = ext_cleanup_create(server);
	if (server->is_disabled)
		return;
	add_resources(server);
	ext_definition_load_all(server);
}

void ext_server_fini(struct ext_server *server)
{
	http_caller_destroy(&server->caller);
	ext_cleanup_destroy(&server->cleanup);
	api_server_destroy(&server->api);
	ext_registry_destroy(&server->registry);
	ext_openapi_destroy(&server->openapi);
	memory_free(server->resources);
	server->resources = NULL;
}
