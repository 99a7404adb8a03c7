/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EXT_RESOURCE_H
#define TROIKA_EXT_RESOURCE_H

#include "api_resource.h"
#include "error.h"

/*
 * The rows of all versions of a definition as it stood at one time. An object may lie in the store
 * in any of them, so each row needs the others: they live and go together.
 */
struct ext_family;

/* Who converts between versions, where only a webhook can: its URL, or the service that has it. */
struct ext_webhook {
	struct str url;
	struct str service_name, service_namespace, service_path;
	uint16_t service_port;
	struct str ca_pem;
	struct str review_version; /* "v1" or "v1beta1" */
};

/* The row by which the generic handlers serve one version of a definition's resource. */
struct ext_resource {
	struct api_resource resource; /* first: every RESOURCE_CUSTOM row is one of these */
	struct ext_family *family;
	struct ext_webhook webhook; /* of RESOURCE_WEBHOOK_CONVERSION */
	struct str definition_name; /* "widgets.example.com" */
	struct str fingerprint;     /* changes with whatever its OpenAPI document says */
};

/*
 * Builds the rows of a CustomResourceDefinition whose status is up to date; the caller's to unref.
 * A version whose schema cannot be used has none.
 */
struct ext_family *ext_family_create(const struct json_value *definition);
void ext_family_unref(struct ext_family **family);
/*
 * The row of a version, holding the family until ext_resource_release; ERROR_RETURN when its schema
 * cannot be used.
 */
int ext_family_take(struct ext_family *family, struct str version, struct ext_resource **ret,
	struct error *err) WARN_UNUSED;
/*
 * A row of its own with a schema that lets everything through, and that takes objects in the
 * version in which they are: for deleting them, whatever they are.
 */
struct ext_resource *ext_resource_create_untyped(
	const struct json_value *definition, const struct json_value *version);
/* For resource_registry_add: `context` is the struct ext_resource. */
void ext_resource_release(void *context);

enum ext_change {
	EXT_CHANGE_NONE,    /* the row would be the same */
	EXT_CHANGE_OUTSIDE, /* names, columns, texts: what a watch sends stays the same */
	EXT_CHANGE_SCHEMA,  /* old objects may read differently; what is written from now on lies
			       in the store as watches send it */
	EXT_CHANGE_INSIDE,  /* watches would send something else than they should: they end */
};
/* How the rows of one version before and after an update of its definition differ. */
enum ext_change ext_resource_compare(const struct json_value *definition,
	const struct json_value *version, const struct json_value *old_definition,
	const struct json_value *old_version);

/* Whether requests for the version are to be answered. */
bool ext_version_is_served(const struct json_value *definition, const struct json_value *version);
/* The version in which objects are stored, or NULL. */
const struct json_value *ext_storage_version(const struct json_value *definition);
/* The version of that name, or NULL. */
const struct json_value *ext_find_version(const struct json_value *definition, struct str name);
/* "/registry/GROUP/PLURAL/" */
struct str ext_storage_prefix(struct arena *arena, struct str group, struct str plural);

#endif
