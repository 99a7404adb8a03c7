/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CORE_STRATEGIES_H
#define TROIKA_CORE_STRATEGIES_H

#include "resource_strategy.h"

/*
 * What the tables cannot say of a built-in kind, one file each. core_strategies.def names the
 * resource each belongs to.
 */
#define CORE_STRATEGY(group, resource, name) extern const struct resource_strategy name;
#include "core_strategies.def"
#undef CORE_STRATEGY

/* The strategy of a resource or NULL. */
const struct resource_strategy *core_strategy_find(struct str group, struct str resource);

#endif
