/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_path.h"

#include <stdlib.h>

#include "agg_discovery.h"
#include "agg_health.h"
#include "agg_metrics.h"
#include "agg_openapi.h"
#include "json_writer.h"
#include "version.h"

static void serve_version(struct agg_request *request);
static void serve_index(struct agg_request *request);

static const struct agg_path paths[] = {
	{"/", serve_index}, /* exact: see agg_path_find */
	{"/index.html", serve_index},
	{"/apis/", agg_discovery_serve}, /* exact, too */
	{"/healthz/", agg_health_serve},
	{"/livez/", agg_health_serve},
	{"/readyz/", agg_health_serve},
	{"/metrics", agg_metrics_serve},
	{"/openapi/v2", agg_openapi_serve_v2},
	{"/openapi/v3", agg_openapi_serve_v3},
	{"/version/", serve_version},
};
#define PATH_COUNT (sizeof(paths) / sizeof(paths[0]))

static bool is_health(struct str path)
{
	return str_equal(path, STR("/healthz/")) || str_equal(path, STR("/livez/")) ||
	       str_equal(path, STR("/readyz/"));
}

const struct agg_path *agg_path_find(struct str path)
{
	for (size_t i = 0; i < PATH_COUNT; i++) {
		struct str own = str_from_c(paths[i].path);
		bool is_tree = str_ends_with(own, STR("/"));

		if (str_equal(path, own))
			return &paths[i];
		if (!is_tree || own.length == 1)
			continue;
		/* "/version" and "/version/" are one; below it only the checks have paths. */
		if (str_equal(path, str_slice(own, 0, own.length - 1)) ||
			(is_health(own) && str_starts_with(path, own)))
			return &paths[i];
	}
	return NULL;
}

/* ---- /version ---- */

#if defined(__x86_64__)
#define PLATFORM "linux/amd64"
#elif defined(__aarch64__)
#define PLATFORM "linux/arm64"
#else
#define PLATFORM "linux"
#endif

static void serve_version(struct agg_request *request)
{
	static const struct str text =
		STR_INIT("{\n"
			 "  \"major\": \"" KUBERNETES_VERSION_MAJOR "\",\n"
			 "  \"minor\": \"" KUBERNETES_VERSION_MINOR "\",\n"
			 "  \"emulationMajor\": \"" KUBERNETES_VERSION_MAJOR "\",\n"
			 "  \"emulationMinor\": \"" KUBERNETES_VERSION_MINOR "\",\n"
			 "  \"gitVersion\": \"" KUBERNETES_VERSION "+troika-" TROIKA_VERSION "\",\n"
			 "  \"gitCommit\": \"\",\n"
			 "  \"gitTreeState\": \"clean\",\n"
			 "  \"buildDate\": \"1970-01-01T00:00:00Z\",\n"
			 "  \"goVersion\": \"\",\n"
			 "  \"compiler\": \"cc\",\n"
			 "  \"platform\": \"" PLATFORM "\"\n"
			 "}");

	agg_request_respond(request, 200, "application/json", text);
}

/* ---- / ---- */

struct index {
	struct str *paths;
	size_t count;
	size_t capacity;
	struct arena *arena;
};

static void add(void *context, struct str path)
{
	struct index *index = context;

	if (index->count == index->capacity) {
		size_t capacity = index->capacity * 2 + 64;
		struct str *longer = ARENA_ARRAY(index->arena, struct str, capacity);

		if (index->count > 0)
			memcpy(longer, index->paths, index->count * sizeof(*longer));
		index->paths = longer;
		index->capacity = capacity;
	}
	index->paths[index->count++] = path;
}

static int compare(const void *left, const void *right)
{
	return str_compare(*(const struct str *)left, *(const struct str *)right);
}

static void serve_index(struct agg_request *request)
{
	static const char *const fixed[] = {"/.well-known/openid-configuration", "/api", "/api/v1",
		"/apis", "/apis/", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3",
		"/openapi/v3/", "/openid/v1/jwks", "/readyz", "/version"};
	struct index index = {.arena = request->arena};
	struct json_value list = json_array(), document = json_object();
	struct buffer out = {0};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		add(&index, str_from_c(fixed[i]));
	agg_discovery_list_paths(request->server->discovery, request->arena, add, &index);
	agg_health_list_paths(request->server->health, request->arena, add, &index);
	qsort(index.paths, index.count, sizeof(struct str), compare);
	for (size_t i = 0; i < index.count; i++)
		json_append(request->arena, &list, json_string(index.paths[i]));
	json_set(request->arena, &document, STR("paths"), list);
	json_write_indented(&out, &document);
	agg_request_respond(request, 200, "application/json", buffer_str(&out));
	buffer_fini(&out);
}
