/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_METRICS_H
#define TROIKA_AGG_METRICS_H

#include "agg_request.h"
#include "buffer.h"

/* /metrics in Prometheus' text form: our own, then those families of the other servers that we
 * lack. */
struct agg_metrics;

struct agg_metrics *agg_metrics_create(void);
void agg_metrics_destroy(struct agg_metrics **metrics);
/* A request has ended. */
void agg_metrics_count(
	struct agg_metrics *metrics, const struct agg_request *request, uint64_t latency_ns);
void agg_metrics_serve(struct agg_request *request);

/*
 * Appends the families of `text` that `out` does not have yet. `text` is Prometheus' text form, in
 * which the lines of a family follow its "# HELP" or "# TYPE" line.
 */
void agg_metrics_append(struct buffer *out, struct str text);

#endif
