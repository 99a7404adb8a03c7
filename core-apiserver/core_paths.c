/* SPDX-License-Identifier: Apache-2.0 */
/* Paths outside the API groups: health, and the OpenAPI documents made at build time. */
#include "api_enablement.h"
#include "core_server.h"
#include "health_paths.h"
#include "log.h"
#include "openapi_filter.h"
#include "openapi_paths.h"

static void handle_v3(struct request_context *context)
{
	const struct core_server *core = api_server_context(context->server);
	const struct settings *settings = server_process_settings(core->process);
	struct openapi_document *documents = ARENA_ARRAY(
		context->arena, struct openapi_document, api_core_openapi_document_count);
	size_t count = 0;

	for (size_t i = 0; i < api_core_openapi_document_count; i++) {
		if (api_enablement_has_path(settings, api_core_openapi_documents[i].path))
			documents[count++] = api_core_openapi_documents[i];
	}
	openapi_handle_v3(context, documents, count);
}

static void handle_v2(struct request_context *context)
{
	struct core_server *core = api_server_context(context->server);
	const struct openapi_filter filter = {server_process_settings(core->process),
		api_core_openapi_documents, api_core_openapi_document_count};

	/* Settings that a restart alone changes: it is made once, when somebody asks first. */
	if (!core->openapi_arena) {
		core->openapi_arena = arena_create(0);
		core->openapi = api_core_openapi_swagger;
		if (openapi_filter_is_needed(&filter) &&
			!openapi_filter_swagger(core->openapi_arena, &filter,
				&api_core_openapi_swagger, &core->openapi))
			log_error("/openapi/v2 has what --runtime-config turns off: the document "
				  "made at build time cannot be read");
	}
	openapi_handle_v2(context, &core->openapi);
}

const struct api_server_path core_paths[] = {
	{"/healthz/", health_handle, true},
	{"/livez/", health_handle, true},
	{"/readyz/", health_handle, true},
	{"/openapi/v3/", handle_v3, false},
	{"/openapi/v2", handle_v2, false},
	{0},
};
