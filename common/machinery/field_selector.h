/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_FIELD_SELECTOR_H
#define TROIKA_FIELD_SELECTOR_H

#include "stored_object.h"

/* Field selectors (apimachinery/pkg/fields): "a=b,c!=d" over the fields a resource lets be
 * selected. */
#define FIELD_INDEX_NAME      (-1)
#define FIELD_INDEX_NAMESPACE (-2)

struct field_requirement {
	int index; /* of the resource's selectable fields, or FIELD_INDEX_... */
	bool is_equal;
	struct str value;
};

struct field_selector {
	const struct field_requirement *requirements;
	size_t count;
};

/* Fails with ERROR_BAD_REQUEST, for an unknown field with upstream's text for the kind. */
int field_selector_parse(struct arena *arena, struct str text, const struct api_resource *resource,
	struct field_selector **ret, struct error *err) WARN_UNUSED;
bool field_selector_is_empty(const struct field_selector *selector);
bool field_selector_matches_stored(const struct field_selector *selector, struct str namespace,
	struct str name, const struct stored_object *stored);

#endif
