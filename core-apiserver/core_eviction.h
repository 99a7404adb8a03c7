/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CORE_EVICTION_H
#define TROIKA_CORE_EVICTION_H

#include "request_context.h"

/*
 * POST pods/NAME/eviction: deletes the pod when its PodDisruptionBudget, if it has one, allows it,
 * and takes the disruption off the budget (kubernetes/pkg/registry/core/pod/storage/eviction.go).
 */
void core_handle_eviction(struct request_context *context);

#endif
