/* SPDX-License-Identifier: Apache-2.0 */
#include "api_aggregation.h"

struct json_value agg_cell_service(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *service = json_find_path(object, "spec", "service", NULL);
	if (!service || service->type == JSON_NULL)
		return json_string(STR("Local"));
	return json_string(arena_printf(context->arena, "%.*s/%.*s",
		STR_ARG(json_text(json_find(service, STR("namespace")))),
		STR_ARG(json_text(json_find(service, STR("name"))))));
}

/* "True", or the status with the condition's reason. */
struct json_value agg_cell_available(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *conditions = json_find_path(object, "status", "conditions", NULL);
	for (size_t i = 0; i < json_count(conditions); i++) {
		const struct json_value *condition = json_element(conditions, i);
		if (!str_equal(json_text(json_find(condition, STR("type"))), STR("Available")))
			continue;
		struct str status = json_text(json_find(condition, STR("status")));
		struct str reason = json_text(json_find(condition, STR("reason")));
		if (str_equal(status, STR("True")))
			return json_string(status);
		return json_string(arena_printf(
			context->arena, "%.*s (%.*s)", STR_ARG(status), STR_ARG(reason)));
	}
	return json_string(STR("Unknown"));
}
