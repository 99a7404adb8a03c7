/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SCHEMA_FORMAT_H
#define TROIKA_SCHEMA_FORMAT_H

#include "str.h"

/* OpenAPI's string formats as CustomResourceDefinitions may use them. */

/* Whether the format is one that upstream checks; others are ignored. */
bool schema_format_is_known(struct str format);
/* Whether the text has the format; true for formats that are not known. */
bool schema_format_matches(struct str format, struct str text);

#endif
