/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_PATH_H
#define TROIKA_AGG_PATH_H

#include "agg_request.h"

/* Paths outside the API groups that we answer ourselves; whoever asks has been authorized. */
struct agg_path {
	const char *path; /* exact, or with all below when it ends in '/' */
	void (*handle)(struct agg_request *request);
};

/* NULL: the path is not ours. */
const struct agg_path *agg_path_find(struct str path);

#endif
