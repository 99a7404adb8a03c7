/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_IP_RANGE_H
#define TROIKA_IP_RANGE_H

#include "error.h"

/*
 * A range of IPv4 addresses or port numbers as a bitmap: offsets 0..size-1, each free or taken.
 * Random picks come from above a band at the bottom first, which is left for fixed choices, as
 * upstream does.
 */
struct number_range {
	uint32_t size;
	uint32_t taken_count;
	uint32_t band; /* offsets below it are picked at random only when the rest is full */
	uint64_t *bits;
};

void number_range_init(struct number_range *range, uint32_t size, uint32_t band);
void number_range_fini(struct number_range *range);
bool number_range_is_taken(const struct number_range *range, uint32_t offset);
/* False when it was taken already. */
bool number_range_take(struct number_range *range, uint32_t offset);
void number_range_release(struct number_range *range, uint32_t offset);
/* Takes a random free offset; false when the range is full. */
bool number_range_take_any(struct number_range *range, uint32_t *ret_offset);

/* IPv4 only: "10.0.0.0/24" to its first address and number of addresses (at most 65,536 are used).
 */
bool ip_range_parse(struct str cidr, uint32_t *ret_base, uint32_t *ret_size);
bool ip_parse_v4(struct str text, uint32_t *ret_address);
struct str ip_format_v4(struct arena *arena, uint32_t address);

#endif
