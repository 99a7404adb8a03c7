/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_BACKOFF_H
#define TROIKA_SUP_BACKOFF_H

#include <stdint.h>

/*
 * How long to wait before a server is started again: not at all after its first death or when it
 * had been ready for 1 s; else 100 ms, and twice as long with each further death, up to 10 s.
 */
struct sup_backoff {
	unsigned deaths; /* since it was last healthy */
};

#define SUP_BACKOFF_HEALTHY_NS 1000000000ull
#define SUP_BACKOFF_FIRST_NS   100000000ull
#define SUP_BACKOFF_LAST_NS    10000000000ull

/* Counts a death of a server that was ready for `ready_ns` (0: never) and says how long to wait. */
uint64_t sup_backoff_next_ns(struct sup_backoff *backoff, uint64_t ready_ns);

#endif
