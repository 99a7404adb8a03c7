/* SPDX-License-Identifier: Apache-2.0 */
#include "authorizer.h"
#include "ext_server.h"
#include "informer.h"
#include "memory.h"

#define RBAC_PATH "/apis/rbac.authorization.k8s.io/v1/"

static const struct {
	enum rbac_kind kind;
	const char *path;
} sources[] = {
	{RBAC_ROLE, RBAC_PATH "roles"},
	{RBAC_ROLE_BINDING, RBAC_PATH "rolebindings"},
	{RBAC_CLUSTER_ROLE, RBAC_PATH "clusterroles"},
	{RBAC_CLUSTER_ROLE_BINDING, RBAC_PATH "clusterrolebindings"},
};
#define SOURCE_COUNT (sizeof(sources) / sizeof(sources[0]))

struct rbac_source {
	struct ext_rbac_feed *feed;
	enum rbac_kind kind;
	struct informer *informer;
};

struct ext_rbac_feed {
	struct rbac *rbac;
	struct rbac_source sources[SOURCE_COUNT];
	size_t synced_count;
	void (*synced)(void *context);
	void *context;
};

static void on_set(
	void *opaque, struct str namespace, struct str name, const struct json_value *object)
{
	struct rbac_source *source = opaque;

	rbac_set_object(source->feed->rbac, source->kind, namespace, name, object);
}

static void on_gone(void *opaque, struct str namespace, struct str name)
{
	struct rbac_source *source = opaque;

	rbac_set_object(source->feed->rbac, source->kind, namespace, name, NULL);
}

static void on_synced(void *opaque)
{
	struct rbac_source *source = opaque;
	struct ext_rbac_feed *feed = source->feed;

	if (++feed->synced_count == SOURCE_COUNT)
		feed->synced(feed->context);
}

struct ext_rbac_feed *ext_rbac_feed_create(
	struct ext_server *server, void (*synced)(void *context), void *context)
{
	struct ext_rbac_feed *feed = MEMORY_NEW(struct ext_rbac_feed);

	feed->rbac = server->rbac;
	feed->synced = synced;
	feed->context = context;
	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		struct rbac_source *source = &feed->sources[i];

		source->feed = feed;
		source->kind = sources[i].kind;
		source->informer = informer_create(&(struct informer_options){
			.loop = server->loop,
			.client = server->core,
			.user = &server->identity,
			.path = sources[i].path,
			.on_set = on_set,
			.on_gone = on_gone,
			.on_synced = on_synced,
			.context = source,
		});
	}
	return feed;
}

void ext_rbac_feed_destroy(struct ext_rbac_feed **feed)
{
	struct ext_rbac_feed *gone = *feed;

	*feed = NULL;
	if (!gone)
		return;
	for (size_t i = 0; i < SOURCE_COUNT; i++)
		informer_destroy(&gone->sources[i].informer);
	memory_free(gone);
}
