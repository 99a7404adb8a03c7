/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_FLAG_VALUE_H
#define TROIKA_SUP_FLAG_VALUE_H

#include "sup_flag.h"

/* The types of flags: how their text forms are read, stored and shown. */

/* A flag's values in normal form; memory from the arena. */
struct sup_flag_values {
	struct str *items;
	size_t count;
	size_t capacity;
	enum sup_flag_source source;
};

/* The word in the help text; "" for none. */
const char *sup_flag_value_word(enum sup_flag_type type);
/* Whether the flag may stand without a value ("--name"). */
bool sup_flag_value_is_optional(enum sup_flag_type type);
bool sup_flag_value_is_map(enum sup_flag_type type);
/* Whether further uses add to the first one. */
bool sup_flag_value_is_list(enum sup_flag_type type);

/* Whether the text form is a CSV line, whose fields may stand in quotes. */
bool sup_flag_value_is_csv(enum sup_flag_type type);

/* Reads `text` and adds what it holds behind the items that are there, replacing those of a scalar.
 */
int sup_flag_value_parse(enum sup_flag_type type, struct arena *arena,
	struct sup_flag_values *values, struct str text, struct error *err) WARN_UNUSED;
/* Adds an item in normal form ("k=v" to a map, where it replaces that of the same key). */
int sup_flag_value_add(enum sup_flag_type type, struct arena *arena, struct sup_flag_values *values,
	struct str item, struct error *err) WARN_UNUSED;
struct str sup_flag_value_echo(
	enum sup_flag_type type, struct arena *arena, const struct sup_flag_values *values);

/* The parts of a NAMED_CERT_KEY item. */
struct sup_named_cert_key {
	struct str certificate;
	struct str key;
	struct str names; /* comma-separated; may be empty */
};
bool sup_named_cert_key_split(struct str item, struct sup_named_cert_key *ret);

/* The ends of a PORT_RANGE in normal form ("30000-32767" or "80"); false when it is none. */
bool sup_port_range_split(struct str text, unsigned *ret_first, unsigned *ret_last);

#endif
