/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SERVER_SETUP_H
#define TROIKA_SERVER_SETUP_H

#include "authorizer.h"
#include "http_server.h"
#include "settings.h"
#include "storage.h"

/* What every server makes of the settings that the supervisor gives it, in the same way. */

/* Puts at most `maximum` users of internal.trusted-uids into ret; returns how many. */
size_t server_setup_trusted_uids(const struct settings *settings, uid_t *ret, size_t maximum);
/* Opens the store in internal.data-directory; owned by the caller (storage_close). */
int server_setup_storage(struct event_loop *loop, const struct settings *settings,
	struct storage **ret, struct error *err) WARN_UNUSED;
/* The chain of authorization-mode; `rbac` is borrowed, the chain owned by the caller. */
int server_setup_authorizer(const struct settings *settings, struct rbac *rbac,
	struct authorizer **ret, struct error *err) WARN_UNUSED;
/* Whether --feature-gates leaves a beta gate on that is on when it is not named. */
bool server_setup_beta_feature(const struct settings *settings, struct str name);
/* Limits of the private hop: many streams, windows for a LIST at memory speed, no idle end. */
struct http_limits server_setup_private_limits(void);

#endif
