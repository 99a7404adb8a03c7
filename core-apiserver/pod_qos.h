/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_POD_QOS_H
#define TROIKA_POD_QOS_H

#include "json_value.h"
#include "resource_strategy.h"

/*
 * "Guaranteed", "Burstable" or "BestEffort" by the cpu and memory requests and limits of all
 * containers, as upstream's ComputePodQOS.
 */
struct str pod_qos_class(const struct json_value *pod);

/* binding and eviction; ends with a NULL name. core_pod_subresources.c */
extern const struct resource_subresource_handler core_pod_handlers[];

#endif
