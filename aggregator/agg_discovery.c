/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_discovery.h"

#include "agg_fetch.h"
#include "agg_services.h"
#include "api_aggregation.h"
#include "api_enablement.h"
#include "assertion.h"
#include "discovery.h"
#include "event_loop.h"
#include "json_reader.h"
#include "json_writer.h"
#include "log.h"
#include "map.h"
#include "media_type.h"
#include "memory.h"

#define DISCOVERY_PATH   "/apis"
#define FETCH_TIMEOUT_NS UINT64_C(10000000000)
#define RETRY_NS         UINT64_C(100000000)
#define DOCUMENT_COUNT   (AGG_UPSTREAM_COUNT + 1)

struct form {
	struct blob *body;
	char etag[160];
};

struct agg_discovery {
	struct agg_server *server;
	void (*on_ready)(struct agg_server *server); /* NULL once called */
	struct agg_document documents[AGG_UPSTREAM_COUNT];
	struct agg_fetch fetches[AGG_UPSTREAM_COUNT]; /* of a refresh without a request */
	unsigned pending;
	bool must_refresh_again;
	struct event_timer *retry;
	struct map core_groups;
	/* What was made of the documents, and of which. */
	uint64_t generations[AGG_UPSTREAM_COUNT];
	bool freshness[AGG_UPSTREAM_COUNT];
	struct form aggregated;
	struct form plain;
	struct arena *arena; /* of `merged` */
	struct json_value merged;
};

/* ---- Merging ---- */

static bool is_current(const struct agg_discovery *discovery)
{
	for (unsigned i = 0; i < AGG_UPSTREAM_COUNT; i++) {
		if (discovery->generations[i] != discovery->documents[i].generation ||
			discovery->freshness[i] != discovery->documents[i].is_fresh)
			return false;
	}
	return discovery->aggregated.body != NULL;
}

static void own_document(
	const struct agg_discovery *discovery, struct arena *arena, struct json_value *ret)
{
	struct buffer out = {0};
	struct error err = ERROR_INIT(arena);
	bool is_served = agg_services_are_served(discovery->server->services);
	int outcome;

	discovery_write_aggregated(arena, &out, false, api_aggregation_resources,
		is_served ? api_aggregation_resource_count : 0);
	outcome = json_read(arena, buffer_str(&out), NULL, ret, &err);
	ASSERT(outcome == 0);
	buffer_fini(&out);
}

static struct json_value read_document(struct arena *arena, const struct agg_document *document)
{
	struct json_value value = json_object();
	struct error err = ERROR_INIT(arena);

	if (!document->body || document->status != 200 ||
		json_read(arena, blob_str(document->body), NULL, &value, &err) != 0)
		return json_object();
	if (!document->is_fresh)
		discovery_mark_stale(arena, &value);
	return value;
}

static void set_form(struct form *form, const struct json_value *value)
{
	struct buffer out = {0};
	struct arena *arena = arena_create(0);
	struct str etag;

	json_write(&out, value);
	etag = discovery_etag(arena, buffer_str(&out));
	ASSERT(etag.length < sizeof(form->etag));
	memcpy(form->etag, etag.data, etag.length);
	form->etag[etag.length] = '\0';
	buffer_append_byte(&out, '\n');
	blob_unref(&form->body);
	form->body = buffer_to_blob(&out);
	buffer_fini(&out);
	arena_destroy(&arena);
}

/* ---- What is known of the servers by it ---- */

static struct str group_name(const struct json_value *item)
{
	return json_text(json_find_path(item, "metadata", "name", NULL));
}

static void learn_core_groups(struct agg_discovery *discovery, const struct json_value *document)
{
	const struct json_value *items = json_find(document, STR("items"));

	/* Groups of a server that cannot be read now have not moved elsewhere. */
	if (json_count(items) == 0)
		return;
	map_fini(&discovery->core_groups);
	discovery->core_groups = (struct map){0};
	for (size_t i = 0; i < json_count(items); i++)
		map_set(&discovery->core_groups, group_name(json_element(items, i)), discovery);
}

static size_t add_versions(struct arena *arena, const struct json_value *document, bool is_custom,
	struct agg_group_version **list, size_t count)
{
	const struct json_value *items = json_find(document, STR("items"));
	size_t total = count;
	struct agg_group_version *longer;

	for (size_t i = 0; i < json_count(items); i++)
		total += json_count(json_find(json_element(items, i), STR("versions")));
	longer = ARENA_ARRAY(arena, struct agg_group_version, total + 1);
	if (count > 0)
		memcpy(longer, *list, count * sizeof(*longer));
	for (size_t i = 0; i < json_count(items); i++) {
		struct str group = group_name(json_element(items, i));
		const struct json_value *versions =
			json_find(json_element(items, i), STR("versions"));

		for (size_t j = 0; j < json_count(versions); j++)
			longer[count++] = (struct agg_group_version){
				.group = group,
				.version = json_text(
					json_find(json_element(versions, j), STR("version"))),
				.is_custom =
					is_custom && !str_equal(group, STR("apiextensions.k8s.io")),
			};
	}
	*list = longer;
	return count;
}

static void register_services(
	struct agg_discovery *discovery, struct arena *arena, const struct json_value *documents)
{
	struct agg_group_version *list = ARENA_NEW(arena, struct agg_group_version);
	bool has_all_custom = discovery->documents[AGG_EXTENSIONS].is_fresh &&
			      json_count(json_find(&documents[AGG_EXTENSIONS], STR("items"))) > 0;
	bool has_all_builtin = has_all_custom && discovery->documents[AGG_CORE].is_fresh &&
			       json_count(json_find(&documents[AGG_CORE], STR("items"))) > 0;
	size_t count = 0;

	/* The core group is not among those of /apis. */
	if (api_enablement_has_version(
		    server_process_settings(discovery->server->process), STR_EMPTY, STR("v1")))
		list[count++] = (struct agg_group_version){.version = STR("v1")};
	count = add_versions(arena, &documents[AGG_CORE], false, &list, count);
	count = add_versions(arena, &documents[AGG_EXTENSIONS], true, &list, count);
	agg_services_register(
		discovery->server->services, list, count, has_all_builtin, has_all_custom);
}

static void bring_up_to_date(struct agg_discovery *discovery)
{
	struct json_value documents[DOCUMENT_COUNT];
	struct json_value groups;
	struct arena *arena;

	if (is_current(discovery))
		return;
	arena = arena_create(0);
	for (unsigned i = 0; i < AGG_UPSTREAM_COUNT; i++) {
		documents[i] = read_document(arena, &discovery->documents[i]);
		discovery->generations[i] = discovery->documents[i].generation;
		discovery->freshness[i] = discovery->documents[i].is_fresh;
	}
	own_document(discovery, arena, &documents[AGG_UPSTREAM_COUNT]);
	arena_destroy(&discovery->arena);
	discovery->arena = arena;
	discovery->merged = discovery_merge(arena, documents, DOCUMENT_COUNT, NULL, NULL);
	groups = discovery_groups_of(arena, &discovery->merged);
	set_form(&discovery->aggregated, &discovery->merged);
	set_form(&discovery->plain, &groups);
	learn_core_groups(discovery, &documents[AGG_CORE]);
	register_services(discovery, arena, documents);
}

/* ---- Asking without a request ---- */

static void start_refresh(void *context);

static bool has_been_answered(const struct agg_discovery *discovery)
{
	for (unsigned i = 0; i < AGG_UPSTREAM_COUNT; i++) {
		if (discovery->documents[i].status != 200)
			return false;
	}
	return true;
}

static void on_fetched(void *context)
{
	struct agg_discovery *discovery = context;

	if (--discovery->pending > 0)
		return;
	bring_up_to_date(discovery);
	if (discovery->on_ready && has_been_answered(discovery)) {
		void (*on_ready)(struct agg_server *) = discovery->on_ready;

		discovery->on_ready = NULL;
		on_ready(discovery->server);
	} else if (discovery->on_ready || discovery->must_refresh_again) {
		event_timer_start(discovery->retry, discovery->on_ready ? RETRY_NS : 0);
	}
}

static void start_refresh(void *context)
{
	struct agg_discovery *discovery = context;

	if (discovery->pending > 0) {
		discovery->must_refresh_again = true;
		return;
	}
	discovery->must_refresh_again = false;
	discovery->pending = AGG_UPSTREAM_COUNT;
	for (unsigned i = 0; i < AGG_UPSTREAM_COUNT; i++) {
		struct agg_fetch *fetch = &discovery->fetches[i];

		fetch->document = &discovery->documents[i];
		fetch->done = on_fetched;
		fetch->context = discovery;
		agg_fetch_start(fetch, &discovery->server->upstreams[i], DISCOVERY_PATH,
			DISCOVERY_AGGREGATED_CONTENT_TYPE, FETCH_TIMEOUT_NS);
	}
}

void agg_discovery_refresh(struct agg_discovery *discovery)
{
	start_refresh(discovery);
}

bool agg_discovery_is_core_group(const struct agg_discovery *discovery, struct str group)
{
	return map_find(&discovery->core_groups, group) != NULL;
}

/* ---- Answering ---- */

static void respond_pretty(struct agg_request *request, const struct form *form)
{
	struct buffer out = {0};
	struct str text = blob_str(form->body);

	text.length--; /* the line's end */
	json_indent_text(&out, text);
	buffer_append_byte(&out, '\n');
	agg_request_respond(request, 200, "application/json", buffer_str(&out));
	buffer_fini(&out);
}

static void respond_form(
	struct agg_request *request, const struct form *form, const char *content_type)
{
	agg_request_respond_tagged(request, content_type, form->etag, form->body);
}

static void on_gathered(struct agg_request *request)
{
	struct agg_discovery *discovery = request->server->discovery;
	struct media_type accepted = {0};

	bring_up_to_date(discovery);
	if (media_type_negotiate(request->arena,
		    http_headers_find(&request->http->headers, STR("accept")), request->query,
		    http_headers_find(&request->http->headers, STR("user-agent")), &accepted,
		    &request->err) != 0)
		agg_request_fail(request);
	else if (accepted.transform == MEDIA_TRANSFORM_DISCOVERY)
		respond_form(request, &discovery->aggregated, DISCOVERY_AGGREGATED_CONTENT_TYPE);
	else if (accepted.pretty)
		respond_pretty(request, &discovery->plain);
	else
		respond_form(request, &discovery->plain, "application/json");
}

void agg_discovery_serve(struct agg_request *request)
{
	agg_gather(request, request->server->discovery->documents, DISCOVERY_PATH,
		DISCOVERY_AGGREGATED_CONTENT_TYPE, FETCH_TIMEOUT_NS, on_gathered);
}

void agg_discovery_list_paths(struct agg_discovery *discovery, struct arena *arena,
	void (*visit)(void *context, struct str path), void *context)
{
	const struct json_value *items = json_find(&discovery->merged, STR("items"));

	for (size_t i = 0; i < json_count(items); i++) {
		struct str group = group_name(json_element(items, i));
		const struct json_value *versions =
			json_find(json_element(items, i), STR("versions"));

		visit(context, arena_printf(arena, "/apis/%.*s", STR_ARG(group)));
		for (size_t j = 0; j < json_count(versions); j++)
			visit(context,
				arena_printf(arena, "/apis/%.*s/%.*s", STR_ARG(group),
					STR_ARG(json_text(json_find(
						json_element(versions, j), STR("version"))))));
	}
}

/* ---- Life ---- */

struct agg_discovery *agg_discovery_create(
	struct agg_server *server, void (*on_ready)(struct agg_server *server))
{
	struct agg_discovery *discovery = MEMORY_NEW(struct agg_discovery);

	discovery->server = server;
	discovery->on_ready = on_ready;
	discovery->merged = json_object();
	discovery->retry = event_timer_create(server->loop, start_refresh, discovery);
	start_refresh(discovery);
	return discovery;
}

void agg_discovery_destroy(struct agg_discovery **discovery)
{
	struct agg_discovery *gone = *discovery;

	*discovery = NULL;
	if (!gone)
		return;
	for (unsigned i = 0; i < AGG_UPSTREAM_COUNT; i++) {
		agg_fetch_cancel(&gone->fetches[i]);
		agg_document_fini(&gone->documents[i]);
	}
	event_timer_destroy(&gone->retry);
	map_fini(&gone->core_groups);
	blob_unref(&gone->aggregated.body);
	blob_unref(&gone->plain.body);
	arena_destroy(&gone->arena);
	memory_free(gone);
}
