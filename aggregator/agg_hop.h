/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_HOP_H
#define TROIKA_AGG_HOP_H

#include "user_info.h"

/*
 * The message of the private hop. No byte that a client framed goes on: method, target and fields
 * are written anew from what was parsed.
 */
struct agg_hop_message {
	struct str method;
	struct str path_and_query;
	struct http_headers headers;
};

/* "/path?query" of the decoded path and parameters, encoded in one way only. */
struct str agg_hop_target(
	struct arena *arena, struct str decoded_path, const struct http_query *query);

/*
 * The request's message. Of the client's fields only those on a list go on; who asks is said by
 * `user` alone. `request_id` (may be empty) names a write across repeats.
 */
void agg_hop_message(struct arena *arena, const struct http_request *request,
	struct str decoded_path, const struct http_query *query, const struct user_info *user,
	struct str request_id, struct agg_hop_message *ret);

/* Those fields of an answer that clients are to see, copied. */
void agg_hop_response_headers(
	struct arena *arena, const struct http_headers *from, struct http_headers *to);

#endif
