/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_REQUEST_STEPS_H
#define TROIKA_AGG_REQUEST_STEPS_H

#include "agg_request.h"

/* The steps of agg_request_steps.def. True: go on with the next. */
#define REQUEST_STEP(name) bool agg_step_##name(struct agg_request *request);
#include "agg_request_steps.def"
#undef REQUEST_STEP

#endif
