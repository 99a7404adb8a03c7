/* SPDX-License-Identifier: Apache-2.0 */
#include "blob.h"

#include <stdlib.h>

#include "assertion.h"
#include "memory.h"

struct blob *blob_create_uninitialised(size_t length)
{
	struct blob *blob = memory_allocate(sizeof(*blob) + length);

	atomic_init(&blob->references, 1);
	blob->length = length;
	return blob;
}

struct blob *blob_create(struct str bytes)
{
	struct blob *blob = blob_create_uninitialised(bytes.length);

	if (bytes.length > 0)
		memcpy(blob->data, bytes.data, bytes.length);
	return blob;
}

struct blob *blob_ref(struct blob *blob)
{
	if (blob) {
		int before = atomic_fetch_add_explicit(&blob->references, 1, memory_order_relaxed);

		ASSERT(before > 0);
	}
	return blob;
}

void blob_unref(struct blob **blob)
{
	struct blob *gone = *blob;

	*blob = NULL;
	if (!gone)
		return;
	int before = atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel);

	ASSERT(before > 0);
	if (before == 1)
		memory_free(gone);
}
