/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_STR_H
#define TROIKA_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view of bytes: pointer and length, not NUL-terminated, may hold any byte, never owns. */
struct str {
	const char *data;
	size_t length;
};

/* A view of a string literal. */
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_INIT(literal)                                                                          \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}
#define STR_EMPTY ((struct str){NULL, 0})
/* For printf: "%.*s", STR_ARG(s). */
#define STR_ARG(s) ((int)(s).length), ((s).data ? (s).data : "")

static inline struct str str_from(const char *data, size_t length)
{
	return (struct str){data, length};
}

/* A view of a C string; NULL gives the empty view. */
static inline struct str str_from_c(const char *text)
{
	return (struct str){text, text ? strlen(text) : 0};
}

static inline bool str_is_empty(struct str s)
{
	return s.length == 0;
}

static inline bool str_equal(struct str a, struct str b)
{
	return a.length == b.length && (b.length == 0 || memcmp(a.data, b.data, b.length) == 0);
}

static inline bool str_equal_c(struct str a, const char *text)
{
	return str_equal(a, str_from_c(text));
}

/* Bytewise order, a prefix before the longer one: <0, 0, >0. */
int str_compare(struct str a, struct str b);
bool str_equal_ignore_case(struct str a, struct str b);
bool str_starts_with(struct str s, struct str prefix);
bool str_ends_with(struct str s, struct str suffix);
/* The index of the first `byte`, or s.length. */
size_t str_find_byte(struct str s, char byte);
/* The index of the first `needle`, or s.length when absent. */
size_t str_find(struct str s, struct str needle);
/* From offset to the end; an offset past the end gives the empty view. */
struct str str_skip(struct str s, size_t offset);
/* At most `length` bytes from `offset`. */
struct str str_slice(struct str s, size_t offset, size_t length);
/* Without ASCII blanks (space, tab, CR, LF) at both ends. */
struct str str_trim(struct str s);
/*
 * Splits at the first `separator`: returns what stands before it and moves *rest behind it.
 * Without one returns all of *rest and empties it. Loop while (!str_is_empty(rest)).
 */
struct str str_split(struct str *rest, char separator);
/* Seeded per process (str_hash_seed_init), so that chosen keys cannot collide on purpose. */
uint64_t str_hash(struct str s);
/* Draws the hash seed from the kernel; call once at start. */
void str_hash_seed_init(void);

/* Decimal without sign or blanks; false when not a number or above `maximum`. */
bool str_parse_u64(struct str s, uint64_t maximum, uint64_t *ret_value);
/* Decimal with optional '-'; false when not a number or out of range. */
bool str_parse_i64(struct str s, int64_t *ret_value);
/* Go's strconv.ParseBool: 1 t T TRUE true True 0 f F FALSE false False. */
bool str_parse_bool(struct str s, bool *ret_value);

#endif
