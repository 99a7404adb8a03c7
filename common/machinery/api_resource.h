/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_API_RESOURCE_H
#define TROIKA_API_RESOURCE_H

#include "field_error.h"
#include "schema.h"

/*
 * One resource in one group version: the row by which the generic handlers serve it. Built-in
 * resources are static const data made from api/; those of CRDs are made at run time.
 */
enum api_verb {
	API_VERB_GET = 1 << 0,
	API_VERB_LIST = 1 << 1,
	API_VERB_WATCH = 1 << 2,
	API_VERB_CREATE = 1 << 3,
	API_VERB_UPDATE = 1 << 4,
	API_VERB_PATCH = 1 << 5,
	API_VERB_DELETE = 1 << 6,
	API_VERB_DELETECOLLECTION = 1 << 7,
};
#define API_VERBS_ALL 0xffu

enum api_resource_flags {
	RESOURCE_NAMESPACED = 1 << 0,
	RESOURCE_CUSTOM = 1 << 1,             /* of a CRD: list items carry kind and apiVersion */
	RESOURCE_HAS_STATUS = 1 << 2,         /* writes to the main resource leave status alone */
	RESOURCE_STATUS_ON_CREATE = 1 << 3,   /* but a create may set it (Node) */
	RESOURCE_GENERATION = 1 << 4,         /* starts at 1, +1 when the spec changes */
	RESOURCE_GENERATION_ANY = 1 << 5,     /* +1 when anything but metadata and status changes */
	RESOURCE_CREATE_ON_UPDATE = 1 << 6,   /* PUT of an absent object creates it */
	RESOURCE_CONDITIONAL_UPDATE = 1 << 7, /* PUT without resourceVersion is refused */
	RESOURCE_GRACEFUL_DELETE = 1 << 8,    /* Pods */
	RESOURCE_RETURNS_DELETED = 1 << 9,    /* DELETE answers the object, not a Status */
	RESOURCE_ORPHAN_BY_DEFAULT = 1 << 10, /* Jobs, ReplicationControllers */
	RESOURCE_NO_GC_FINALIZERS = 1 << 11,  /* Events */
	RESOURCE_VIRTUAL = 1 << 12,           /* nothing is stored: create answers (reviews) */
	RESOURCE_STATUS_KEEPS_METADATA = 1 << 13, /* status writes may change labels, annotations */
	RESOURCE_FINALIZER_PHASE = 1 << 14,       /* Namespace: spec.finalizers hold deletion too */
	RESOURCE_WEBHOOK_CONVERSION = 1 << 15, /* CRDs: only a webhook converts between versions */
};

enum api_name_format {
	NAME_DNS_SUBDOMAIN,
	NAME_DNS_LABEL,
	NAME_DNS_1035_LABEL,
	NAME_PATH_SEGMENT,
	NAME_APISERVICE,
	NAME_CRD,
	NAME_IP,
};

enum table_column_type {
	COLUMN_STRING,
	COLUMN_INTEGER,
	COLUMN_NUMBER,
	COLUMN_BOOLEAN,
	COLUMN_DATE
};

struct table_cell_context {
	struct arena *arena;
	int64_t now_wall_seconds;
	bool wide; /* always true today: the server fills wide columns too */
};
/* Computes a cell from the whole object. */
typedef struct json_value (*table_cell_fn)(
	const struct table_cell_context *context, const struct json_value *object);

struct table_column {
	struct str name;   /* "Ready" */
	struct str type;   /* "string", "integer", "date", ... as served */
	struct str format; /* "name" on the name column */
	struct str description;
	int32_t priority; /* 0 or 1 (wide) */
	/* Exactly one of: a dotted/JSONPath path, or a function. */
	struct str path; /* ".spec.replicas"; a missing value gives the type's empty cell */
	table_cell_fn cell;
	enum table_column_type cell_type; /* DATE: the value as an age, for CRDs and path columns */
};

/* A field a field selector may name. */
struct selectable_field {
	struct str label; /* "spec.nodeName" */
	struct str path;  /* ".spec.nodeName" */
	struct str alias; /* older name ("spec.host"), may be empty */
};

struct api_subresource {
	struct str name; /* "status", "scale", "finalize", "binding", "eviction", ... */
	uint16_t verbs;
	struct str kind; /* response kind; group and version when they differ */
	struct str group;
	struct str version;
	const struct schema *schema; /* of the request body; NULL: the parent's */
};

struct resource_strategy; /* resource_strategy.h, common/server */

struct api_resource {
	struct str group; /* "" for core */
	struct str version;
	struct str resource; /* "pods" */
	struct str singular;
	struct str kind;
	struct str list_kind;
	const struct str *short_names;
	uint16_t short_name_count;
	uint16_t category_count;
	const struct str *categories;
	uint16_t verbs;
	uint32_t flags;
	enum api_name_format name_format;
	const struct schema *schema;
	struct str storage_prefix; /* "/registry/pods/" */
	const struct api_subresource *subresources;
	uint16_t subresource_count;
	uint16_t column_count;
	const struct table_column *columns;               /* NULL: Name and Created At */
	const struct selectable_field *selectable_fields; /* besides metadata.name, .namespace */
	uint16_t selectable_field_count;
	struct str deprecation_warning;           /* "" or the Warning text */
	int64_t default_ttl_seconds;              /* events; 0: none */
	const struct resource_strategy *strategy; /* NULL: nothing special */
	/* CRDs: scale paths (".spec.replicas"), empty without the scale subresource. */
	struct str scale_spec_path, scale_status_path, scale_selector_path;
	struct str storage_version_hash; /* discovery */
	struct str storage_version;      /* CRDs: version written to the store; empty: `version` */
	/* CRDs: objects stored before it were written under another schema. */
	uint64_t schema_revision;
	/* CRDs: the rows of all versions, also those not served; NULL: this one is alone. */
	const struct api_resource *const *versions;
	uint16_t version_count;
};

/* "pods" or "deployments.apps": as messages name a resource. */
struct str api_resource_qualified_name(struct arena *arena, const struct api_resource *resource);
/* "v1" or "apps/v1". */
struct str api_group_version(struct arena *arena, struct str group, struct str version);
/* The row of the same resource in another version, or NULL. */
const struct api_resource *api_resource_find_version(
	const struct api_resource *resource, struct str version);
/* The row of the version in which objects are written to the store: mostly the resource itself. */
const struct api_resource *api_resource_storage(const struct api_resource *resource);
const struct api_subresource *api_resource_find_subresource(
	const struct api_resource *resource, struct str name);

#endif
