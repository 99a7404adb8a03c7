/* SPDX-License-Identifier: Apache-2.0 */
#include "core_strategies.h"

static const struct {
	struct str group;
	struct str resource;
	const struct resource_strategy *strategy;
} strategies[] = {
#define CORE_STRATEGY(group, resource, name) {STR_INIT(group), STR_INIT(resource), &name},
#include "core_strategies.def"
#undef CORE_STRATEGY
};

const struct resource_strategy *core_strategy_find(struct str group, struct str resource)
{
	for (size_t i = 0; i < sizeof(strategies) / sizeof(strategies[0]); i++) {
		if (str_equal(strategies[i].group, group) &&
			str_equal(strategies[i].resource, resource))
			return strategies[i].strategy;
	}
	return NULL;
}
