/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_HTTP_BUCKET_H
#define TROIKA_HTTP_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* A token bucket against floods: `burst` at once, then `per_second`. */
struct http_bucket {
	double tokens;
	double burst;
	double per_second;
	uint64_t filled_ns;
};

static inline void http_bucket_init(
	struct http_bucket *bucket, double burst, double per_second, uint64_t now_ns)
{
	*bucket = (struct http_bucket){burst, burst, per_second, now_ns};
}

/* False when it is empty. */
static inline bool http_bucket_take(struct http_bucket *bucket, uint64_t now_ns)
{
	double added = (double)(now_ns - bucket->filled_ns) * bucket->per_second / 1e9;

	bucket->filled_ns = now_ns;
	bucket->tokens += added;
	if (bucket->tokens > bucket->burst)
		bucket->tokens = bucket->burst;
	if (bucket->tokens < 1)
		return false;
	bucket->tokens -= 1;
	return true;
}

#endif
