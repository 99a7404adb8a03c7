/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AUTHENTICATION_H
#define TROIKA_AUTHENTICATION_H

#include "user_info.h"

/* Makes users of credentials; results lie in the arena. */

struct tls_identity;

/* The user of a verified client certificate: CN and O. False without a common name. */
bool authenticate_certificate(
	struct arena *arena, const struct tls_identity *identity, struct user_info *ret);
/* system:anonymous of the group system:unauthenticated. */
void authenticate_anonymous(struct user_info *ret);
/* system:unsecured of system:masters and system:authenticated: whoever comes by plain HTTP. */
void authenticate_unsecured(struct user_info *ret);
/* Adds the group system:authenticated, unless the user is in it or in system:unauthenticated. */
void authenticate_complete_groups(struct arena *arena, struct user_info *user);
/* The token of an Authorization field, a view into it; the empty view when it holds none. */
struct str authenticate_bearer_token(struct str authorization);

#endif
