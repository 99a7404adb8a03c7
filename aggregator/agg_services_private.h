/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_AGG_SERVICES_PRIVATE_H
#define TROIKA_AGG_SERVICES_PRIVATE_H

#include "agg_services.h"
#include "map.h"
#include "storage.h"

struct agg_services {
	struct agg_server *server;
	struct storage *storage;
	struct storage_prefix *prefix;
	struct storage_watch *watch;
	struct api_server *api;
	const struct api_resource *resource;
	struct map remote;    /* names of APIServices that point at a service */
	struct arena *arena;  /* of the wanted ones */
	struct map wanted;    /* name to struct agg_group_version: those that register themselves */
	bool has_all_builtin; /* wanted holds all that there are, so that others may go */
	bool has_all_custom;
	bool is_served; /* the group is on, so that clients see the objects */
	bool is_registered;
	bool is_writing;  /* a transaction of ours is under way */
	bool must_repair; /* something changed meanwhile */
	bool is_repair_due;
	bool is_closing;
};

/* Sees to it, in the loop's next turn, that the wanted objects are there and no others of ours. */
void agg_services_repair(struct agg_services *services);
void agg_services_repair_now(void *services);

#endif
