/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TABLE_H
#define TROIKA_TABLE_H

#include "buffer.h"
#include "media_type.h"
#include "stored_object.h"

/* meta.k8s.io Tables: what kubectl get shows (apiserver/pkg/registry/rest/table, printers). */

/* "5s", "3m12s", "2d4h": the age of something that is so old (duration.HumanDuration). */
struct str table_human_duration(struct arena *arena, int64_t seconds);

struct table_metadata {
	struct str resource_version;
	struct str continue_token;
	bool has_remaining;
	int64_t remaining_item_count;
};

/*
 * {"kind":"Table",...,"columnDefinitions":[...],"rows":[ — without the columns when has_columns is
 * false (later events of a watch).
 */
void table_write_begin(struct buffer *out, const struct api_resource *resource, struct str version,
	const struct table_metadata *metadata, bool has_columns);
/* One row, with a comma in front when it is not the first. `json` is the object's text. */
void table_write_row(struct arena *arena, struct buffer *out, const struct api_resource *resource,
	enum table_include include, bool has_rows, struct str json,
	const struct json_value *object);
void table_write_end(struct buffer *out);

/* The object as PartialObjectMetadata (kind, apiVersion, metadata), as JSON text. */
void partial_metadata_write(
	struct buffer *out, struct str version, const struct json_value *object);

#endif
