/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_DISCOVERY_H
#define TROIKA_DISCOVERY_H

#include "api_resource.h"
#include "buffer.h"

/*
 * The documents by which clients find out what is served. Functions that take `resources` take an
 * array of rows in any order; where a group or version is given, only its rows count. Documents are
 * JSON without a newline behind them; scratch memory comes from the arena.
 */

/* What every client may be told of the server's address ("192.0.2.1:6443") at /api and /apis. */
struct discovery_server_address {
	struct str client_cidr; /* "0.0.0.0/0" */
	struct str address;
};

/* The content type of the aggregated document; clients decide by it what they have got. */
#define DISCOVERY_AGGREGATED_CONTENT_TYPE                                                          \
	"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

/* GET /api: APIVersions; `address` may be NULL. */
void discovery_write_core_versions(
	struct buffer *out, const struct discovery_server_address *address);
/* GET /api/v1, /apis/GROUP/VERSION: APIResourceList. */
void discovery_write_resources(struct arena *arena, struct buffer *out, struct str group,
	struct str version, const struct api_resource *const *resources, size_t count);
/* GET /apis/GROUP: APIGroup. */
void discovery_write_group(struct arena *arena, struct buffer *out, struct str group,
	const struct api_resource *const *resources, size_t count);
/* GET /apis: APIGroupList of all groups but core. */
void discovery_write_groups(struct arena *arena, struct buffer *out,
	const struct api_resource *const *resources, size_t count);
/* Aggregated: APIGroupDiscoveryList of core alone (GET /api), or of all other groups (GET /apis).
 */
void discovery_write_aggregated(struct arena *arena, struct buffer *out, bool is_core,
	const struct api_resource *const *resources, size_t count);

/* ---- For a server that stands in front of others ---- */

/* The priorities of a group and of one of its versions, as the APIService says. */
typedef void (*discovery_priority_fn)(void *context, struct str group, struct str version,
	int64_t *ret_group_priority, int64_t *ret_version_priority);
/* Those of the built-in APIServices; 1000 and 100 for groups that are not built in. */
void discovery_builtin_priority(void *context, struct str group, struct str version,
	int64_t *ret_group_priority, int64_t *ret_version_priority);

/*
 * One APIGroupDiscoveryList of several, in order of priority. A group may come from several
 * documents with different versions; of a version that comes twice the first document's stays.
 * Documents come from outside: what is not of the expected form is left out. Strings are shared.
 */
struct json_value discovery_merge(struct arena *arena, const struct json_value *documents,
	size_t count, discovery_priority_fn priority, void *context);
/* Marks all versions of the document as Stale: its server could not be asked of late. */
void discovery_mark_stale(struct arena *arena, struct json_value *document);
/* The APIGroupList of a merged document; each group's first version is the preferred one. */
struct json_value discovery_groups_of(struct arena *arena, const struct json_value *merged);
/* The APIGroup of one group, with kind and apiVersion; JSON_NULL when it is not there. */
struct json_value discovery_group_of(
	struct arena *arena, const struct json_value *merged, struct str group);

/* ---- Hashes ---- */

/* storageVersionHash of a stored kind. */
struct str discovery_storage_version_hash(
	struct arena *arena, struct str group, struct str version, struct str kind);
/* The ETag of a document: quoted, upper-case hexadecimal SHA-512. */
struct str discovery_etag(struct arena *arena, struct str document);

#endif
