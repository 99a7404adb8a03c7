/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_VERSION_ORDER_H
#define TROIKA_VERSION_ORDER_H

#include "str.h"

/*
 * The order in which a group's versions are preferred: v10, v2, v1, v11beta2, v10beta3, v3beta1,
 * v12alpha1, and behind those what is named otherwise ("foo1", "foo10"), bytewise. Negative when
 * `a` goes before `b`, 0 when they are equal.
 */
int version_order_compare(struct str a, struct str b);

#endif
