/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_qos.h"

#include "schema_engine.h"

struct qos_state {
	bool has_any;
	bool is_guaranteed;
};

static bool is_set(const struct json_value *quantity)
{
	return quantity && quantity_compare(json_text(quantity), STR("0")) > 0;
}

static void add_container(struct qos_state *state, const struct json_value *container)
{
	static const char *const names[] = {"cpu", "memory"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct json_value *limit =
			json_find_path(container, "resources", "limits", names[i], NULL);
		const struct json_value *request =
			json_find_path(container, "resources", "requests", names[i], NULL);

		state->has_any |= is_set(limit) || is_set(request);
		if (!is_set(limit) || (is_set(request) && quantity_compare(json_text(limit),
								  json_text(request)) != 0))
			state->is_guaranteed = false;
	}
}

struct str pod_qos_class(const struct json_value *pod)
{
	static const char *const lists[] = {"containers", "initContainers"};
	struct qos_state state = {.is_guaranteed = true};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct json_value *containers = json_find_path(pod, "spec", lists[i], NULL);

		for (size_t j = 0; j < json_count(containers); j++)
			add_container(&state, json_element(containers, j));
	}
	if (!state.has_any)
		return STR("BestEffort");
	return state.is_guaranteed ? STR("Guaranteed") : STR("Burstable");
}
