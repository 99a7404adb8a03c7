/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SCHEMA_H
#define TROIKA_SCHEMA_H

#include "json_value.h"

/*
 * What the engine knows of a type. Built-in types are static const data made from the tables in
 * api/; a CustomResourceDefinition's OpenAPI v3 schema is compiled to the same structures at run
 * time. Everything here is immutable once made and may be shared.
 */
enum schema_kind {
	SCHEMA_STRUCT, /* named fields; unknown ones are pruned unless SCHEMA_PRESERVE_UNKNOWN */
	SCHEMA_MAP,    /* any key, values of `element` */
	SCHEMA_LIST,   /* elements of `element` */
	SCHEMA_STRING,
	SCHEMA_BYTES,   /* base64 text */
	SCHEMA_INTEGER, /* `bits` 32 or 64 */
	SCHEMA_NUMBER,
	SCHEMA_BOOLEAN,
	SCHEMA_INT_OR_STRING,
	SCHEMA_QUANTITY,   /* string or number in, canonical string out */
	SCHEMA_TIME,       /* RFC 3339, second precision */
	SCHEMA_MICRO_TIME, /* RFC 3339 with 6 fraction digits */
	SCHEMA_DURATION,   /* Go duration string */
	SCHEMA_ANY,        /* any JSON: RawExtension, JSON, preserve-unknown without type */
};

enum schema_flags {
	SCHEMA_NULLABLE = 1 << 0,          /* custom: null is a value */
	SCHEMA_PRESERVE_UNKNOWN = 1 << 1,  /* unknown fields stay */
	SCHEMA_EMBEDDED_RESOURCE = 1 << 2, /* holds apiVersion, kind, metadata of its own */
	SCHEMA_ATOMIC = 1 << 3,            /* struct or map: server-side apply sees one value */
	SCHEMA_CUSTOM = 1 << 4,        /* of a CRD: members sorted by key, type errors are found by
					  validation (422) rather than by decoding (400) */
	SCHEMA_OBJECT_META = 1 << 5,   /* metav1.ObjectMeta */
	SCHEMA_RESOURCE_LIST = 1 << 6, /* map of quantities: rounded up to milli */
	SCHEMA_UNTYPED = 1 << 7,       /* custom STRUCT: no type is demanded; `fields` apply to
					  objects, `element` applies to arrays */
};

enum schema_list_type {
	SCHEMA_LIST_ATOMIC,
	SCHEMA_LIST_SET,
	SCHEMA_LIST_MAP
};

struct schema;
struct regex;

/* Value rules; a bound that is absent is left out by its `has_` bit or a negative number. */
struct schema_rules {
	const struct json_value *enum_values;
	uint32_t enum_count;
	bool enum_allows_empty; /* "" passes besides the values (optional Go strings) */
	bool has_minimum, has_maximum, exclusive_minimum, exclusive_maximum, has_multiple_of;
	double minimum, maximum, multiple_of;
	int64_t minimum_length, maximum_length; /* of strings in characters, -1: none */
	int64_t minimum_items, maximum_items;
	int64_t minimum_properties, maximum_properties;
	bool required_value; /* built-ins: "" , 0 or absent is "Required value" */
	bool immutable;      /* built-ins: may not change on update */
	bool unique_items;
	struct str pattern;
	const struct regex *compiled_pattern; /* NULL: compiled when first needed by the engine */
	struct str format;     /* OpenAPI format, or a k8s-... name format; empty: none */
	struct str key_format; /* built-ins: the name format of a map's keys; empty: none */
	bool labels;           /* built-ins: a map of label keys to label values */
	/* Custom schemas only: the logical junctors. */
	const struct schema *const *all_of;
	const struct schema *const *any_of;
	const struct schema *const *one_of;
	uint32_t all_of_count, any_of_count, one_of_count;
	const struct schema *not_schema;
	const struct json_value *validations; /* x-kubernetes-validations, not evaluated; or NULL */
};

enum schema_field_flags {
	FIELD_REQUIRED = 1 << 0,   /* OpenAPI required */
	FIELD_EMIT_EMPTY = 1 << 1, /* Go: no omitempty: "", 0, false and null slices are written */
	FIELD_POINTER = 1 << 2,    /* presence is kept apart from the zero value */
	/* Patch strategies (strategic merge patch). */
	FIELD_PATCH_MERGE = 1 << 3,
	FIELD_PATCH_REPLACE = 1 << 4,
	FIELD_PATCH_RETAIN_KEYS = 1 << 5,
};

struct schema_field {
	struct str name;             /* JSON name */
	const struct schema *schema; /* of the value */
	uint16_t flags;
	uint16_t protobuf_number;        /* 0: none */
	uint16_t protobuf_parent_number; /* > 0: lies in that embedded sub-message */
	struct str patch_merge_key; /* of a list with FIELD_PATCH_MERGE; empty: a primitive list */
	const struct json_value *default_value; /* NULL: none */
};

/*
 * Defaults that depend on other fields: run on each object of the type after its plain defaults and
 * those of its children. `object` is changed in place.
 */
typedef void (*schema_default_fn)(struct arena *arena, struct json_value *object);

/*
 * What no rule can say of an object of the type: adds what is wrong with it to errors (allocate in
 * errors->arena). `old` is the object in its place before the write, NULL when there was none or
 * its place is not known; members of `object` have the types of the schema.
 */
struct field_path;
struct field_errors;
typedef void (*schema_check_fn)(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors);

struct schema {
	enum schema_kind kind;
	uint16_t flags;
	uint8_t bits;      /* SCHEMA_INTEGER */
	uint8_t list_type; /* enum schema_list_type */
	struct str
		name; /* OpenAPI model name of a struct ("io.k8s.api.core.v1.Pod"), may be empty */
	const struct schema_field *fields; /* in canonical (output) order */
	const uint16_t *fields_by_name;    /* indexes of fields, sorted bytewise by name */
	uint16_t field_count;
	uint16_t map_key_count;
	const struct str *map_keys;             /* SCHEMA_LIST_MAP, in order */
	const struct schema *element;           /* of lists and maps; of the ObjectMeta of a custom
						   type: what its schema demands of metadata, or NULL */
	const struct schema_rules *rules;       /* NULL: none */
	schema_default_fn default_function;     /* NULL: none */
	schema_check_fn check_function;         /* built-ins, after the rules of fields; or NULL */
	const struct json_value *default_value; /* of a list element or map value; NULL: none */
	bool has_defaults; /* here or below: subtrees without any are not walked */
	bool has_rules;    /* the same for rules and required fields */
};

/* The field of that name or NULL. */
const struct schema_field *schema_find_field(const struct schema *schema, struct str name);
/*
 * The same for a walk over members that mostly come in schema order: looks from *position on first
 * and moves it behind the field found. Start with 0.
 */
const struct schema_field *schema_find_field_near(
	const struct schema *schema, struct str name, size_t *position);

#endif
