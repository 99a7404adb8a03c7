/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CORE_BOOTSTRAP_PRIVATE_H
#define TROIKA_CORE_BOOTSTRAP_PRIVATE_H

#include "core_server.h"
#include "object_meta.h"

#define BOOTSTRAP_OPERATIONS_MAXIMUM 512

/* One run: what the files of the bootstrap share. */
struct bootstrap {
	struct core_server *core;
	struct arena *arena;
	struct storage_snapshot *snapshot;
	struct storage_operation operations[BOOTSTRAP_OPERATIONS_MAXIMUM];
	size_t operation_count;
	void (*done)(struct core_server *core);
};

const struct settings *bootstrap_settings(const struct bootstrap *bootstrap);
/* The row of a kind that the server has, enabled or not. */
const struct api_resource *bootstrap_find_resource(
	struct bootstrap *bootstrap, const struct json_value *document);
/* The document through the same decoding and defaults as a request; a fault in it is ours. */
void bootstrap_make_object(struct bootstrap *bootstrap, const struct api_resource *resource,
	const struct json_value *document, struct json_value *ret);
/* The stored object of the document's name, or false when there is none. */
bool bootstrap_load(struct bootstrap *bootstrap, const struct api_resource *resource,
	const struct json_value *document, struct json_value *ret, uint64_t *ret_revision);
/* A write in the transaction to come: a create when expected_revision is 0, else an update. */
void bootstrap_add_operation(struct bootstrap *bootstrap, const struct api_resource *resource,
	struct json_value *object, uint64_t expected_revision);
/* Creates the object of the document when it is absent. */
void bootstrap_ensure(struct bootstrap *bootstrap, const struct json_value *document);
/* A document of ours. */
struct json_value bootstrap_read(struct bootstrap *bootstrap, struct str text);

/* core_bootstrap_authentication.c: what servers of other APIs must know to trust us. */
void bootstrap_ensure_authentication(struct bootstrap *bootstrap);

/* core_bootstrap_rbac.c: the role or binding with at least what the document gives it. */
void bootstrap_ensure_policy(struct bootstrap *bootstrap, const struct json_value *document);

/* core_bootstrap_service.c: the Service default/kubernetes, and where it leads. */
void bootstrap_ensure_service(struct bootstrap *bootstrap);
void bootstrap_ensure_endpoints(struct bootstrap *bootstrap);

#endif
