/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_YAML_SCALAR_H
#define TROIKA_YAML_SCALAR_H

#include "json_value.h"

/*
 * What a plain scalar means: YAML 1.1 as sigs.k8s.io/yaml reads it. Strings (timestamps too) share
 * the text. Infinities and NaN come as JSON_DOUBLE. Integral doubles that fit come as integers, as
 * they do once they went through JSON.
 */
struct json_value yaml_scalar_resolve(struct str text);
/* Whether the text would be read as a string when it stands plain. */
bool yaml_scalar_is_string(struct str text);

#endif
