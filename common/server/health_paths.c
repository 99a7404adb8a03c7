/* SPDX-License-Identifier: Apache-2.0 */
#include "health_paths.h"

#include "health.h"
#include "request_context.h"

#define EXCLUDED_MAXIMUM 64

void health_handle(struct request_context *context)
{
	struct str path = str_skip(context->path, 1);
	struct str endpoint = str_split(&path, '/');
	struct str excluded[EXCLUDED_MAXIMUM];
	struct buffer out = {0};
	size_t count = 0;
	bool is_verbose;

	http_query_find(context->query, STR("verbose"), &is_verbose);
	for (const struct http_query *entry = context->query; entry; entry = entry->next) {
		if (str_equal(entry->name, STR("exclude")) && count < EXCLUDED_MAXIMUM)
			excluded[count++] = entry->value;
	}
	int status = health_checks_run(api_server_health(context->server), endpoint, path,
		is_verbose, excluded, count, &out);

	request_context_respond(context, status, "text/plain; charset=utf-8", buffer_str(&out));
	buffer_fini(&out);
}
