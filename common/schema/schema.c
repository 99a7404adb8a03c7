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

const struct schema_field *schema_find_field_near(
	const struct schema *schema, struct str name, size_t *position)
{
	const struct schema_field *field;

	for (size_t i = *position; i < schema->field_count && i < *position + 4; i++) {
		if (str_equal(name, schema->fields[i].name)) {
			*position = i + 1;
			return &schema->fields[i];
		}
	}
	field = schema_find_field(schema, name);
	if (field)
		*position = (size_t)(field - schema->fields) + 1;
	return field;
}
