/* SPDX-License-Identifier: Apache-2.0 */
#include "field_error.h"
#include "label_selector.h"

void meta_check_label_requirement(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	struct str operator= json_text(json_find(object, STR("operator")));
	size_t count = json_count(json_find(object, STR("values")));
	struct field_path child = field_path_child(path, STR("values"));
	bool is_in = str_equal(operator, STR("In")) || str_equal(operator, STR("NotIn"));

	(void)old;
	if (is_in && count == 0)
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &child, NULL,
			"must be specified when `operator` is 'In' or 'NotIn'");
	else if (!is_in && count > 0)
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &child, NULL,
			"may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
}
