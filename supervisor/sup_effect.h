/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_EFFECT_H
#define TROIKA_SUP_EFFECT_H

#include "sup_flag.h"

/*
 * Warns of what was asked for and does not act in this version: the flags that somebody set, a line
 * for each thing that they wait for, and the store, should it be meant to be etcd. Call after
 * completion.
 */
void sup_effects_warn(const struct sup_flags *flags);

#endif
