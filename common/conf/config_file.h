/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CONFIG_FILE_H
#define TROIKA_CONFIG_FILE_H

#include "error.h"

/*
 * A libconfig file: `name = value;`, flat or in groups. Strings, integers, floats, booleans, and
 * lists or arrays of these.
 */
struct config_entry {
	struct str group; /* name of the innermost group around it, or empty */
	struct str name;  /* as written */
	struct str value; /* as text: "true", "6443", ... */
	bool is_first;    /* of the values of a list; true for a single value */
	bool is_element;  /* stands in a list */
	bool is_empty;    /* an empty list; there is no value */
	const char *file;
	unsigned line;
};

/* Takes one value; an error it returns is wrapped with file and line by the reader. */
typedef int (*config_entry_fn)(void *context, const struct config_entry *entry, struct error *err);

/*
 * Reads the file and hands over every value in order. Errors are "FILE:LINE: TEXT"; the first one
 * that the callback returns ends the reading. The entry's texts live only during the callback.
 */
int config_file_read(
	const char *path, config_entry_fn callback, void *context, struct error *err) WARN_UNUSED;

#endif
