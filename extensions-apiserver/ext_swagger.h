/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EXT_SWAGGER_H
#define TROIKA_EXT_SWAGGER_H

#include "buffer.h"
#include "json_value.h"

/*
 * Swagger 2 for clients that know no OpenAPI 3: what ext_openapi.h builds, brought into the older
 * form, as a tree in the arena. Texts are shared.
 */
struct json_value ext_swagger_path_item(struct arena *arena, const struct json_value *item);
/*
 * Version 2 has no nullable and no junctors, and old clients take a field for unknown unless it is
 * told: what may hold anything loses its type, items and properties, as upstream does it.
 */
struct json_value ext_swagger_schema(struct arena *arena, const struct json_value *schema);

/*
 * One path or model of the document as openapi.v2.Document has it: appending these one behind the
 * other to an encoded document adds them to it.
 */
void ext_swagger_encode_path(struct buffer *out, struct str path, const struct json_value *item);
void ext_swagger_encode_model(struct buffer *out, struct str name, const struct json_value *schema);

#endif
