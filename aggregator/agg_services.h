/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_SERVICES_H
#define TROIKA_AGG_SERVICES_H

#include "agg_request.h"
#include "health.h"

/*
 * The APIServices: kept in a store of our own and served by the same handlers as everywhere. Those
 * of the servers behind us register themselves, and come back when they are deleted.
 */
#define AGG_SERVICES_GROUP "apiregistration.k8s.io"

struct agg_services;

struct agg_group_version {
	struct str group;
	struct str version;
	bool is_custom; /* of a CustomResourceDefinition */
};

int agg_services_create(struct agg_server *server, const struct settings *settings,
	struct agg_services **ret, struct error *err) WARN_UNUSED;
void agg_services_destroy(struct agg_services **services);
/* The newest revision of their store. */
uint64_t agg_services_store_revision(const struct agg_services *services);

/* Whether --runtime-config leaves their group on; they do their work without it, too. */
bool agg_services_are_served(const struct agg_services *services);

/* Watches of APIServices end. */
void agg_services_drain(struct agg_services *services);

/* Answers a request to an APIService. */
void agg_services_serve(struct agg_request *request);
/* Whether this group version is served by something outside. */
bool agg_services_is_remote(
	const struct agg_services *services, struct str group, struct str version);
/*
 * What is served by the servers behind us now. Built-in and custom ones that are not in the list
 * are taken away, but only when has_all_builtin or has_all_custom says that the list has all there
 * are.
 */
void agg_services_register(struct agg_services *services, const struct agg_group_version *list,
	size_t count, bool has_all_builtin, bool has_all_custom);
/* All that was to be registered at first is. */
bool agg_services_are_registered(const struct agg_services *services);

#endif
