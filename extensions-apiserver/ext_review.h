/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EXT_REVIEW_H
#define TROIKA_EXT_REVIEW_H

#include "error.h"
#include "json_value.h"

/* ConversionReview: what is sent to a conversion webhook, and what has to be true of its answer. */

struct str ext_review_request(struct arena *arena, struct str review_version, struct str uid,
	struct str desired_version, const struct json_value *objects);

/*
 * The converted objects, with all metadata but labels and annotations as it was. `kind_text` is how
 * messages name what is converted ("example.com/v1, Kind=Widget").
 */
int ext_review_answer(struct arena *arena, struct str review_version, struct str uid,
	struct str desired_version, struct str kind_text, const struct json_value *objects,
	struct str answer, struct json_value *ret_converted, struct error *err) WARN_UNUSED;

#endif
