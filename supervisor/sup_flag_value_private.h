/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_FLAG_VALUE_PRIVATE_H
#define TROIKA_SUP_FLAG_VALUE_PRIVATE_H

#include "sup_flag_value.h"

/* Between sup_flag_value.c and sup_flag_list.c. */

typedef int (*sup_flag_parse_fn)(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err);

int sup_flag_item_add(
	struct arena *arena, struct sup_flag_values *values, struct str item, struct error *err);
/* "key=value" in the place of what the key had. */
int sup_flag_pair_set(struct arena *arena, struct sup_flag_values *values, struct str key,
	struct str value, struct error *err);

int sup_flag_parse_cidrs(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err);
int sup_flag_parse_int32s(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err);
int sup_flag_parse_map(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err);
int sup_flag_parse_map_bool(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err);
int sup_flag_parse_module_spec(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err);
int sup_flag_parse_named_cert_key(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err);
int sup_flag_parse_pair(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err);
int sup_flag_parse_string_array(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err);
int sup_flag_parse_string_to_string(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err);
int sup_flag_parse_strings(
	struct arena *arena, struct sup_flag_values *values, struct str text, struct error *err);

#endif
