/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_RBAC_INFORMER_H
#define TROIKA_RBAC_INFORMER_H

#include "authorizer.h"
#include "http_client.h"

/* Keeps the rules of `rbac` in step with the roles and bindings that another server stores. */
struct rbac_informer;
struct event_loop;

struct rbac_informer_options {
	struct event_loop *loop;
	struct http_client *client; /* borrowed, as is all below */
	const struct user_info *user;
	struct rbac *rbac;
	void (*on_synced)(void *context); /* once, when all rules are there */
	void *context;
};

struct rbac_informer *rbac_informer_create(const struct rbac_informer_options *options);
void rbac_informer_destroy(struct rbac_informer **informer);

#endif
