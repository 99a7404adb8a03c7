/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_OBJECT_CONVERSION_PRIVATE_H
#define TROIKA_OBJECT_CONVERSION_PRIVATE_H

#include "object_conversion.h"

/*
 * For a stored object that is not as the resource's version has it now: *ret_is_remote says whether
 * the webhook has to convert it, and *ret_json is then what it made of it. ERROR_RETURN: it has
 * failed, or has not done so yet; then the object is noted.
 */
int object_conversions_find(struct request_context *context, const struct api_resource *resource,
	const struct stored_object *stored, bool *ret_is_remote, struct str *ret_json,
	struct error *err) WARN_UNUSED;

#endif
