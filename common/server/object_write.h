/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_OBJECT_WRITE_H
#define TROIKA_OBJECT_WRITE_H

#include "request_context.h"

/*
 * The one way an object gets into the store: create, update, patch, apply, status, scale and
 * finalize all end here. An update loads the live object, lets `transform` make the new one from
 * it, runs the checks, and writes if nobody else wrote meanwhile; otherwise all of it runs again on
 * the fresh object. What an attempt allocates in the context's arena is gone in the next one.
 */
struct object_write;

/*
 * Makes the new object from the live one (NULL: there is none, and create_allowed). The result is
 * decoded and defaulted; it may share parts of `live`, which must not be changed.
 */
typedef int (*object_transform_fn)(struct object_write *write, const struct json_value *live,
	struct json_value *ret_object, struct error *err);
/* The write is over: `object` as stored (JSON text), or context->err is filled when status is 0. */
typedef void (*object_written_fn)(struct object_write *write, int status, struct str json);

enum object_write_kind {
	OBJECT_WRITE_CREATE,
	OBJECT_WRITE_UPDATE,
};

struct object_write {
	struct request_context *context;
	const struct api_resource *resource;
	struct storage_prefix *prefix;
	enum object_write_kind kind;
	struct str namespace;
	struct str name; /* from the URL; for a create: filled from the object */
	struct str subresource;
	struct str field_manager;
	bool is_dry_run;
	bool create_allowed;      /* an absent object is created: PUT of some kinds, apply */
	bool is_apply;            /* transform has dealt with managedFields */
	bool is_patch;            /* of any type: the object sent is not the whole of it */
	bool has_default_manager; /* no fieldManager was given */
	object_transform_fn transform;
	object_written_fn written; /* NULL: answers with the object */
	void *transform_context;
	/* A precondition on the live object's uid from outside the object; may be empty. */
	struct str expected_uid;
	/* private */
	uint64_t live_revision;
	struct arena_mark mark; /* to which an attempt that lost goes back */
	size_t warning_count;   /* before the first attempt */
	struct json_value live;
	struct str live_json;
	struct json_value object;
	struct json_value stored_form; /* what a webhook made of it */
	bool has_stored_form;
	struct str committed_json;
	struct str before_revision, after_revision;
	struct strategy_context strategy;
	bool has_allocated;
	bool is_own; /* nobody sent it: nobody's rights are in question */
	bool is_namespace_checked;
	bool is_removal; /* the last finalizer is gone: the update deletes */
	unsigned attempts;
	unsigned name_attempts;
	struct str generate_name;
};

/* Zeroed, with the context's resource, names and write options filled in. */
struct object_write *object_write_create(struct request_context *context);
/* Runs it; the context is held until `written` has been called or the answer given. */
void object_write_run(struct object_write *write);

/* dryRun, fieldManager and fieldValidation from the query, and the manager from the User-Agent. */
int object_write_parse_options(struct object_write *write, struct error *err) WARN_UNUSED;
/* Reads the body (JSON or YAML by content type) without a look at apiVersion and kind. */
int object_write_parse_any(struct request_context *context, struct json_value *ret_document,
	struct error *err) WARN_UNUSED;
/* The content types that parse_any reads; others are ERROR_UNSUPPORTED_MEDIA_TYPE. */
int object_write_check_media_type(struct request_context *context, struct error *err) WARN_UNUSED;
/* Duplicate keys of a body: warnings or an error, as fieldValidation says. */
int object_write_note_duplicates(struct request_context *context,
	const struct json_value *duplicates, struct error *err) WARN_UNUSED;
/*
 * Decodes a request body (JSON or YAML by content type) into a tree and checks apiVersion and kind
 * against the resource's (filling them in for built-ins when absent).
 */
int object_write_parse_body(struct request_context *context, struct json_value *ret_document,
	struct error *err) WARN_UNUSED;
/*
 * apiVersion and kind of a document against the resource's; built-ins may leave them out, and have
 * them filled in.
 */
int object_write_check_type(struct request_context *context, struct json_value *document,
	struct error *err) WARN_UNUSED;
/* The options of a create or update, and its body with the name and namespace of the URL. */
int object_write_parse_object(
	struct object_write *write, struct json_value *ret_document, struct error *err) WARN_UNUSED;
/*
 * From a document to a decoded, defaulted object; unknown and duplicate fields become warnings or
 * errors as fieldValidation says.
 */
int object_write_decode(struct request_context *context, const struct api_resource *resource,
	const struct json_value *document, struct json_value *ret_object,
	struct error *err) WARN_UNUSED;

/* The name below the resource's prefix: "ns/name" or "name". */
struct str object_storage_name(struct arena *arena, const struct api_resource *resource,
	struct str namespace, struct str name);
/* The same, but the message says only what is wrong, for those that put it in words of their own.
 */
int object_write_decode_plain(struct request_context *context, const struct api_resource *resource,
	const struct json_value *document, struct json_value *ret_object,
	struct error *err) WARN_UNUSED;

/*
 * The stored object as a tree in the context's arena: 0, STORAGE_NOT_FOUND or ERROR_RETURN.
 * *ret_json (may be NULL) is a copy of its JSON text.
 */
int object_load(struct request_context *context, const struct api_resource *resource,
	struct storage_prefix *prefix, struct str storage_name, struct json_value *ret_object,
	struct str *ret_json, uint64_t *ret_revision, struct error *err) WARN_UNUSED;

#endif
