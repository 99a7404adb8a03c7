/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EXT_CONVERT_H
#define TROIKA_EXT_CONVERT_H

#include "api_server.h"

/* For api_server_options.convert_objects; its context is the struct ext_server. */
void ext_convert_objects(void *context, const struct api_resource *target,
	const struct json_value *objects, objects_converted_fn done, void *done_context);

#endif
