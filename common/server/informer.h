/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_INFORMER_H
#define TROIKA_INFORMER_H

#include "http_client.h"
#include "json_value.h"
#include "user_info.h"

/*
 * Keeps up with one resource of another server over the private hop: lists it in pages, then
 * watches from the list's resourceVersion, going on after breaks from the last one seen and listing
 * again only when that is too old.
 */
struct informer;

struct informer_options {
	struct event_loop *loop;
	struct http_client *client;   /* borrowed */
	const struct user_info *user; /* identity the requests carry; borrowed */
	const char *path;             /* "/apis/rbac.authorization.k8s.io/v1/clusterroles" */
	/* An object is there or has changed; the tree is good during the call. */
	void (*on_set)(void *context, struct str namespace, struct str name,
		const struct json_value *object);
	void (*on_gone)(void *context, struct str namespace, struct str name);
	/* The first list has been handed over, or the server knows no such resource; once. */
	void (*on_synced)(void *context);
	void *context;
};

struct informer *informer_create(const struct informer_options *options);
bool informer_is_synced(const struct informer *informer);
void informer_destroy(struct informer **informer);

#endif
