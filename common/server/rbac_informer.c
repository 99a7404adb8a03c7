/* SPDX-License-Identifier: Apache-2.0 */
#include "rbac_informer.h"

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
	struct rbac_informer *owner;
	enum rbac_kind kind;
	struct informer *informer;
};

struct rbac_informer {
	struct rbac_informer_options options;
	struct rbac_source sources[SOURCE_COUNT];
	size_t synced_count;
};

static void on_set(
	void *context, struct str namespace, struct str name, const struct json_value *object)
{
	struct rbac_source *source = context;

	rbac_set_object(source->owner->options.rbac, source->kind, namespace, name, object);
}

static void on_gone(void *context, struct str namespace, struct str name)
{
	on_set(context, namespace, name, NULL);
}

static void on_synced(void *context)
{
	struct rbac_source *source = context;
	struct rbac_informer *owner = source->owner;

	if (++owner->synced_count == SOURCE_COUNT && owner->options.on_synced)
		owner->options.on_synced(owner->options.context);
}

struct rbac_informer *rbac_informer_create(const struct rbac_informer_options *options)
{
	struct rbac_informer *owner = MEMORY_NEW(struct rbac_informer);

	owner->options = *options;
	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		struct rbac_source *source = &owner->sources[i];

		source->owner = owner;
		source->kind = sources[i].kind;
		source->informer = informer_create(&(struct informer_options){
			.loop = options->loop,
			.client = options->client,
			.user = options->user,
			.path = sources[i].path,
			.on_set = on_set,
			.on_gone = on_gone,
			.on_synced = on_synced,
			.context = source,
		});
	}
	return owner;
}

void rbac_informer_destroy(struct rbac_informer **informer)
{
	struct rbac_informer *gone = *informer;

	*informer = NULL;
	if (!gone)
		return;
	for (size_t i = 0; i < SOURCE_COUNT; i++)
		informer_destroy(&gone->sources[i].informer);
	memory_free(gone);
}
