/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_REGEX_H
#define TROIKA_REGEX_H

#include "error.h"

/*
 * Regular expressions in RE2's syntax (Go's), matched in time linear in the text. Immutable once
 * compiled and usable by any thread. A pattern nests at most 1,000 deep, repeats at most 1,000
 * times and compiles to at most 10,000 instructions.
 */
struct regex;

/* Compiles into `arena`. Fails with ERROR_INVALID and Go's text ("error parsing regexp: ..."). */
int regex_compile(struct arena *arena, struct str pattern, const struct regex **ret_regex,
	struct error *err) WARN_UNUSED;
/* Whether the text holds a match anywhere. */
bool regex_matches(const struct regex *regex, struct str text);
/*
 * The compiled form of a pattern that is part of the program: compiled when first asked for and
 * kept for good. The pattern must be well-formed.
 */
const struct regex *regex_of_constant(struct str pattern);

#endif
