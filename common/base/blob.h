/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_BLOB_H
#define TROIKA_BLOB_H

#include <stdatomic.h>

#include "str.h"

/*
 * Immutable bytes with a reference count: a stored object, an encoded watch event, a certificate.
 * Written once by its maker, then const. References may be taken and dropped on any thread.
 */
struct blob {
	atomic_int references;
	size_t length;
	char data[];
};

/* A blob with a copy of `bytes`, one reference, owned by the caller. */
struct blob *blob_create(struct str bytes);
/* A blob of `length` bytes for the caller to fill before it is shared. */
struct blob *blob_create_uninitialised(size_t length);
/* One more reference; returns `blob`. NULL stays NULL. */
struct blob *blob_ref(struct blob *blob);
/* Drops the reference, frees with the last one, stores NULL. Accepts NULL. */
void blob_unref(struct blob **blob);

static inline struct str blob_str(const struct blob *blob)
{
	return blob ? str_from(blob->data, blob->length) : STR_EMPTY;
}

#endif
