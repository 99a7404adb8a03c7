/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

const struct schema_field *schema_find_field(const struct schema *schema, struct str name)
{
	size_t low = 0;
	size_t high = schema->field_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct schema_field *field = &schema->fields[schema->fields_by_name[middle]];
		int order = str_compare(name, field->name);

		if (order == 0)
			return field;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
