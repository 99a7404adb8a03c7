/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EXT_DEFINITION_H
#define TROIKA_EXT_DEFINITION_H

#include "ext_server.h"
#include "object_write.h"

/* CustomResourceDefinitions as the generic handlers serve them; the api_server's context is ours.
 */
extern const struct resource_strategy ext_definition_strategy;

/* The row of customresourcedefinitions in the server's registry. */
struct resource_entry *ext_definition_entry(const struct ext_server *server);

/*
 * Takes up all stored definitions: they are served when this returns. Those whose deletion had
 * begun go on with it.
 */
void ext_definition_load_all(struct ext_server *server);

/*
 * Writes a definition as the server itself. `transform` NULL: only its status is computed anew, and
 * nothing is written when that gives the same.
 */
void ext_definition_write(struct ext_server *server, struct str name, object_transform_fn transform,
	object_written_fn written, void *context);
/* The same, for the status alone. */
void ext_definition_refresh(struct ext_server *server, struct str name);

#endif
