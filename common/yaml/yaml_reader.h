/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_YAML_READER_H
#define TROIKA_YAML_READER_H

#include "error.h"
#include "json_reader.h"

/*
 * Reads the first document of a YAML stream as sigs.k8s.io/yaml converts it to JSON: YAML 1.1
 * scalars, keys of other types as strings, aliases copied, merge keys ("<<") merged below the
 * mapping's own keys. An empty stream is null. The tree lies in `arena` and shares nothing with
 * `text`. `options` (may be NULL) are those of JSON; flow and block nesting together are bounded by
 * maximum_depth, block nesting alone by 1,000. Aliases may add 400,000 values and 16 MiB of text.
 * Of equal keys the last wins; ret_duplicates gets `line N: key "x" already set in map` for each.
 * Tags other than those of the JSON types are refused.
 * Fails with ERROR_BAD_REQUEST, message "error converting YAML to JSON: yaml: line 2: ...".
 */
int yaml_read(struct arena *arena, struct str text, const struct json_read_options *options,
	struct json_value *ret_value, struct error *err) WARN_UNUSED;

/*
 * The one text that strict decoding makes of all the duplicates yaml_read() found: "error
 * converting YAML to JSON: yaml: unmarshal errors:\n  line 3: key \"x\" already set in map".
 */
struct str yaml_duplicates_text(struct arena *arena, const struct json_value *duplicates);

#endif
