/* SPDX-License-Identifier: Apache-2.0 */
#include "ip_range.h"

#include <arpa/inet.h>
#include <sys/random.h>

#include "assertion.h"
#include "clock.h"
#include "memory.h"

#define RANGE_MAXIMUM 65536u

void number_range_init(struct number_range *range, uint32_t size, uint32_t band)
{
	*range = (struct number_range){.size = size, .band = band < size ? band : 0};
	range->bits = memory_allocate_zeroed(size / 64 + 1, sizeof(uint64_t));
}

void number_range_fini(struct number_range *range)
{
	memory_free(range->bits);
	*range = (struct number_range){0};
}

bool number_range_is_taken(const struct number_range *range, uint32_t offset)
{
	ASSERT(offset < range->size);
	return range->bits[offset / 64] >> (offset % 64) & 1;
}

bool number_range_take(struct number_range *range, uint32_t offset)
{
	if (number_range_is_taken(range, offset))
		return false;
	range->bits[offset / 64] |= 1ull << (offset % 64);
	range->taken_count++;
	return true;
}

void number_range_release(struct number_range *range, uint32_t offset)
{
	if (!number_range_is_taken(range, offset))
		return;
	range->bits[offset / 64] &= ~(1ull << (offset % 64));
	range->taken_count--;
}

static uint32_t random_below(uint32_t bound)
{
	uint32_t value;

	if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
		value = (uint32_t)clock_now_ns();
	return value % bound;
}

/* From a random place in [from, to) on, once around. */
static bool take_between(
	struct number_range *range, uint32_t from, uint32_t to, uint32_t *ret_offset)
{
	if (from >= to)
		return false;
	uint32_t start = random_below(to - from);

	for (uint32_t i = 0; i < to - from; i++) {
		uint32_t offset = from + (start + i) % (to - from);

		if (number_range_take(range, offset)) {
			*ret_offset = offset;
			return true;
		}
	}
	return false;
}

bool number_range_take_any(struct number_range *range, uint32_t *ret_offset)
{
	if (range->taken_count == range->size)
		return false;
	return take_between(range, range->band, range->size, ret_offset) ||
	       take_between(range, 0, range->band, ret_offset);
}

bool ip_parse_v4(struct str text, uint32_t *ret_address)
{
	char copy[INET_ADDRSTRLEN];
	struct in_addr address;

	if (text.length == 0 || text.length >= sizeof(copy))
		return false;
	memcpy(copy, text.data, text.length);
	copy[text.length] = '\0';
	if (inet_pton(AF_INET, copy, &address) != 1)
		return false;
	*ret_address = ntohl(address.s_addr);
	return true;
}

struct str ip_format_v4(struct arena *arena, uint32_t address)
{
	return arena_printf(arena, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
		address >> 8 & 255, address & 255);
}

bool ip_range_parse(struct str cidr, uint32_t *ret_base, uint32_t *ret_size)
{
	struct str address = str_split(&cidr, '/');
	uint64_t bits;
	uint32_t base;

	if (!ip_parse_v4(address, &base) || !str_parse_u64(cidr, 32, &bits) || bits == 0)
		return false;
	uint64_t size = 1ull << (32 - bits);

	*ret_base = base & (uint32_t) ~(size - 1);
	*ret_size = size > RANGE_MAXIMUM ? RANGE_MAXIMUM : (uint32_t)size;
	return true;
}
