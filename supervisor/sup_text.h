/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_TEXT_H
#define TROIKA_SUP_TEXT_H

#include "arena.h"

/* Texts in the forms that Go and libconfig know. */

/* In double quotes, as Go's %q does: \" \\ \n, \x07 for bytes that do not print. */
struct str sup_text_quote(struct arena *arena, struct str text);
/* In double quotes for a libconfig file, with all that does not print as \xHH. */
struct str sup_text_quote_config(struct arena *arena, struct str text);
/* One field of a CSV line: in quotes when it needs them. */
struct str sup_text_csv_field(struct arena *arena, struct str text);
/*
 * Takes the field at *position of a CSV line and moves that behind it; *ret_has_more says whether a
 * further one follows. False when quotes are not as they must be; *position and *ret_complaint say
 * where.
 */
bool sup_text_take_csv(struct arena *arena, struct str line, size_t *position,
	struct str *ret_field, bool *ret_has_more, const char **ret_complaint);
/* Go's strconv.ParseInt with base 0: decimal, 0x, 0o, 0b, a leading 0 for octal, sign. */
bool sup_text_parse_integer(struct str text, int64_t *ret_value, bool *ret_is_out_of_range);
/* Whether the text is a float, as strtod takes them. */
bool sup_text_parse_float(struct str text, double *ret_value);
/* A quantity of Kubernetes ("1.5Gi", "100m") rounded up to a whole number; false when it is none.
 */
bool sup_text_parse_quantity(struct str text, double *ret_value);
/*
 * Whether net/url of Go takes it for a URL; the scheme (empty when none) and the host go to *ret.
 */
struct sup_url {
	struct str scheme;
	struct str host; /* with the port */
};
bool sup_text_parse_url(struct str text, struct sup_url *ret, const char **ret_complaint);
/* "v1.36.0-beta.1" and the like: *ret_major.*ret_minor; a patch and more may follow. */
bool sup_text_parse_version(struct str text, uint64_t *ret_major, uint64_t *ret_minor);

#endif
