/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_PROTOBUF_READER_H
#define TROIKA_PROTOBUF_READER_H

#include "error.h"
#include "schema.h"

/*
 * Kubernetes' protobuf bodies ("k8s\0" and a runtime.Unknown) as a JSON tree, by the field numbers
 * of a built-in schema. Unknown fields are passed over; every length is checked before it is used.
 */
#define PROTOBUF_MEDIA_TYPE "application/vnd.kubernetes.protobuf"

struct protobuf_envelope {
	struct str api_version;
	struct str kind;
	struct str raw; /* the message */
};

/* Views into `bytes`. Fails with ERROR_BAD_REQUEST. */
int protobuf_read_envelope(
	struct str bytes, struct protobuf_envelope *ret, struct error *err) WARN_UNUSED;
/*
 * The message as a tree for schema_decode(); strings point into `bytes`. Fails with
 * ERROR_BAD_REQUEST. At most 64 levels deep; linear in the number of bytes.
 */
int protobuf_read_message(struct arena *arena, const struct schema *schema, struct str bytes,
	struct json_value *ret, struct error *err) WARN_UNUSED;

#endif
