/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_BOOTSTRAP_POLICY_DATA_H
#define TROIKA_BOOTSTRAP_POLICY_DATA_H

#include <stddef.h>

/* A JSON array, made at build time of api/bootstrap_policy.txt. Private to this layer. */
extern const char bootstrap_policy_json[];
extern const size_t bootstrap_policy_json_length;

#endif
