/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_REGEX_SHIM_H
#define TROIKA_REGEX_SHIM_H

#include <stdbool.h>
#include <stddef.h>

/* The C face of RE2, for regex.c only. */
#ifdef __cplusplus
extern "C" {
#endif

struct regex_shim;

enum regex_shim_error {
	REGEX_SHIM_OK,
	REGEX_SHIM_TOO_LARGE,
	REGEX_SHIM_BAD_ESCAPE,
	REGEX_SHIM_BAD_CHAR_CLASS,
	REGEX_SHIM_BAD_CHAR_RANGE,
	REGEX_SHIM_MISSING_BRACKET,
	REGEX_SHIM_MISSING_PAREN,
	REGEX_SHIM_UNEXPECTED_PAREN,
	REGEX_SHIM_TRAILING_BACKSLASH,
	REGEX_SHIM_REPEAT_ARGUMENT,
	REGEX_SHIM_REPEAT_SIZE,
	REGEX_SHIM_REPEAT_OPERATOR,
	REGEX_SHIM_BAD_PERL_OPERATOR,
	REGEX_SHIM_BAD_UTF8,
	REGEX_SHIM_BAD_NAMED_CAPTURE,
	REGEX_SHIM_OTHER,
};

/*
 * Compiles; NULL on failure with *ret_error and, copied into part[part_capacity] and cut to fit,
 * the part of the pattern that is at fault.
 */
struct regex_shim *regex_shim_create(const char *pattern, size_t length, int maximum_program,
	enum regex_shim_error *ret_error, char *part, size_t part_capacity,
	size_t *ret_part_length);
void regex_shim_destroy(struct regex_shim *shim);
bool regex_shim_matches(const struct regex_shim *shim, const char *text, size_t length);

#ifdef __cplusplus
}
#endif

#endif
