/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_identifier.h"

#include <sys/random.h>

#include "assertion.h"

#define IDENTIFIER_BYTES 16

/* One system call for many: what has been handed out is wiped. */
static void draw(unsigned char *bytes)
{
	static unsigned char pool[IDENTIFIER_BYTES * 64];
	static size_t left;

	if (left == 0) {
		ssize_t got;

		do
			got = getrandom(pool, sizeof(pool), 0);
		while (got < 0);
		ASSERT(got == (ssize_t)sizeof(pool));
		left = sizeof(pool);
	}
	left -= IDENTIFIER_BYTES;
	memcpy(bytes, pool + left, IDENTIFIER_BYTES);
	memset(pool + left, 0, IDENTIFIER_BYTES);
}

static char *write_hex(char *text, const unsigned char *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 15];
	}
	return text;
}

struct str agg_identifier_uuid(struct arena *arena)
{
	static const size_t groups[] = {4, 2, 2, 2, 6};
	unsigned char bytes[IDENTIFIER_BYTES];
	char *text = arena_allocate_text(arena, 36);
	char *end = text;
	size_t position = 0;

	draw(bytes);
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (i > 0)
			*end++ = '-';
		end = write_hex(end, bytes + position, groups[i]);
		position += groups[i];
	}
	return str_from(text, 36);
}

struct str agg_identifier_hex(struct arena *arena)
{
	unsigned char bytes[IDENTIFIER_BYTES];
	char *text = arena_allocate_text(arena, 2 * IDENTIFIER_BYTES);

	draw(bytes);
	write_hex(text, bytes, IDENTIFIER_BYTES);
	return str_from(text, 2 * IDENTIFIER_BYTES);
}

bool agg_identifier_draw(double chance)
{
	unsigned char bytes[IDENTIFIER_BYTES];
	uint64_t number;

	draw(bytes);
	memcpy(&number, bytes, sizeof(number));
	return (double)(number >> 11) * 0x1p-53 < chance;
}
