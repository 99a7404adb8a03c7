/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_YAML_WRITER_H
#define TROIKA_YAML_WRITER_H

#include "buffer.h"
#include "error.h"
#include "json_value.h"

/*
 * Appends the value as one YAML document as sigs.k8s.io/yaml writes it: keys sorted (numbers in
 * them by value), two blanks of indent, lists not indented below their key, strings quoted where
 * they would read back as something else, those with line breaks as literal blocks, plain ones
 * folded at 80 columns. Ends with a newline. Fails with ERROR_TOO_LARGE when indenting a deep value
 * would take more than 64 MiB; `out` may then hold a part.
 */
int yaml_write(struct buffer *out, const struct json_value *value, struct error *err) WARN_UNUSED;

#endif
