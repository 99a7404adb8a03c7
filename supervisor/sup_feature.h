/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_FEATURE_H
#define TROIKA_SUP_FEATURE_H

#include "sup_flag.h"

/* The feature gates of feature_gates.def. */

enum sup_feature_stage {
	SUP_FEATURE_ALPHA,
	SUP_FEATURE_BETA,
	SUP_FEATURE_GA,
	SUP_FEATURE_DEPRECATED,
	SUP_FEATURE_GONE,
};

struct sup_feature {
	const char *name;
	enum sup_feature_stage stage;
	bool otherwise;
	bool is_locked;
};

/* By name in order; NULL past the end. */
const struct sup_feature *sup_feature_get(size_t index);
const char *sup_feature_stage_name(enum sup_feature_stage stage);
/* Whether --feature-gates, AllAlpha and AllBeta leave it on; false for a name that is none. */
bool sup_feature_is_on(const struct sup_flags *flags, struct str name);
/*
 * One complaint for each pair of --feature-gates that cannot be: an unknown name, a locked gate.
 * Warnings about gates that are no more or will be go to the log.
 */
void sup_feature_check(const struct sup_flags *flags,
	void (*complain)(void *context, struct str message), void *context);

#endif
