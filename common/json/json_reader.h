/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_JSON_READER_H
#define TROIKA_JSON_READER_H

#include "error.h"
#include "json_value.h"

struct json_read_options {
	uint32_t maximum_depth; /* 0: 10,000 */
	size_t maximum_nodes;   /* 0: 4,000,000 values, keys included */
	/*
	 * Duplicate keys: the last one wins, but two objects under one key are merged. When not
	 * NULL each duplicate is appended as a JSON string with its field path ("spec.replicas"),
	 * at most 100 of them: the caller makes "duplicate field" warnings or errors of them.
	 */
	struct json_value *ret_duplicates;
	/* Strings without escapes point into the text, which must then live as long as the tree. */
	bool share_text;
};

/*
 * Reads one JSON document; anything but blanks behind it is an error. Invalid UTF-8 and lone
 * surrogates become U+FFFD. The tree lies in `arena`; strings without escapes point into `text`
 * when the options say share_text, else everything is copied. `options` may be NULL.
 * Fails with ERROR_BAD_REQUEST; the message is like Go's ("invalid character 'x' looking for
 * beginning of value", "unexpected end of JSON input"). Linear in the length of text.
 */
int json_read(struct arena *arena, struct str text, const struct json_read_options *options,
	struct json_value *ret_value, struct error *err) WARN_UNUSED;

#endif
