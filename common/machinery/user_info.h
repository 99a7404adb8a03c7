/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_USER_INFO_H
#define TROIKA_USER_INFO_H

#include "http_message.h"

/* Who asks, as authentication found out (k8s.io/apiserver authentication/user.Info). */
struct user_extra {
	struct str key;
	const struct str *values;
	size_t value_count;
};

struct user_info {
	struct str name;
	struct str uid;
	const struct str *groups;
	size_t group_count;
	const struct user_extra *extra;
	size_t extra_count;
};

bool user_info_has_group(const struct user_info *user, struct str group);
/* A deep copy in the arena. */
void user_info_copy(struct arena *arena, const struct user_info *user, struct user_info *ret);
/*
 * Adds a value to one of the user's extra keys. `extra`, which is user->extra, must have room for
 * one key more; the texts are not copied.
 */
void user_info_add_extra(struct arena *arena, struct user_info *user, struct user_extra *extra,
	struct str key, struct str value);
/*
 * The identity headers of the private hop: x-remote-user, -uid, -group (repeated) and -extra-KEY
 * (KEY percent-encoded). Bytes that a header cannot carry are percent-encoded in the values too.
 */
void user_info_to_headers(
	struct arena *arena, const struct user_info *user, struct http_headers *headers);
/* The reverse; everything is copied. False without a user name. */
bool user_info_from_headers(
	struct arena *arena, const struct http_headers *headers, struct user_info *ret);

#endif
