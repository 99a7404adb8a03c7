/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_backoff.h"

uint64_t sup_backoff_next_ns(struct sup_backoff *backoff, uint64_t ready_ns)
{
	uint64_t wait_ns = SUP_BACKOFF_FIRST_NS;

	if (ready_ns >= SUP_BACKOFF_HEALTHY_NS)
		backoff->deaths = 0;
	backoff->deaths++;
	if (backoff->deaths == 1)
		return 0;
	for (unsigned i = 2; i < backoff->deaths && wait_ns < SUP_BACKOFF_LAST_NS; i++)
		wait_ns *= 2;
	return wait_ns < SUP_BACKOFF_LAST_NS ? wait_ns : SUP_BACKOFF_LAST_NS;
}
