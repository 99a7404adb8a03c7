/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_QUANTITY_H
#define TROIKA_QUANTITY_H

#include "arena.h"

/*
 * Kubernetes quantities ("100m", "1.5Gi", "12e6") in exact decimal arithmetic: no float, any scale.
 * The order and the plain canonical form are declared in schema_engine.h.
 */

#define QUANTITY_TEXT_MAXIMUM 256 /* bytes; longer texts are malformed */

#define QUANTITY_SCALE_NANO  (-9)
#define QUANTITY_SCALE_MILLI (-3)

/*
 * As quantity_canonicalise, rounding away from zero to 10^scale (QUANTITY_SCALE_*). The result
 * shares `text` when that is canonical already. On failure *ret_reason (may be NULL) is upstream's
 * text of what is wrong.
 */
bool quantity_canonicalise_rounded(struct arena *arena, struct str text, int scale,
	struct str *ret_canonical, const char **ret_reason);

#endif
