/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_DELETE_OPTIONS_BODY_H
#define TROIKA_DELETE_OPTIONS_BODY_H

#include "error.h"
#include "json_value.h"

/*
 * The body of a DELETE as a tree: JSON, or Kubernetes' protobuf, which its first bytes tell apart
 * (typed clients send the latter). Fails with ERROR_BAD_REQUEST.
 */
int delete_options_body_read(struct arena *arena, struct str body, struct json_value *ret,
	struct error *err) WARN_UNUSED;

#endif
