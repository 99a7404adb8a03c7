/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_OBJECT_MATCH_H
#define TROIKA_OBJECT_MATCH_H

#include "list_options.h"
#include "request_context.h"
#include "stored_object.h"

/* What of a collection a list or watch wants: the namespace's part, and the selectors. */
struct object_match {
	struct request_context *context;
	const struct api_resource *resource;
	struct str root; /* "ns/" or empty: what continue tokens are relative to */
	struct str
		below; /* all that can match starts with it: the root, or the one name selected */
	const struct label_selector *labels; /* NULL: all */
	const struct field_selector *fields; /* NULL: all */
};

/* From the URL and the list options; bad selectors fail as upstream's. */
int object_match_init(struct request_context *context, const struct list_options *options,
	struct object_match *ret, struct error *err) WARN_UNUSED;
/* By the header of the stored bytes alone. */
bool object_match_stored(const struct object_match *match, struct str storage_name,
	const struct stored_object *stored);
/* The same for raw stored bytes; false when there are none or they are corrupt. */
bool object_match_bytes(const struct object_match *match, struct str storage_name, struct str bytes,
	struct stored_object *ret);

#endif
