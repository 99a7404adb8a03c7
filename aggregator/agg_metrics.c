/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_metrics.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agg_fetch.h"
#include "clock.h"
#include "map.h"
#include "memory.h"
#include "version.h"

#define SERIES_MAXIMUM   10000
#define FETCH_TIMEOUT_NS UINT64_C(2000000000)

struct series {
	uint64_t count;
	double seconds;
};

struct agg_metrics {
	struct map requests; /* labels to struct series */
	int64_t start_wall_seconds;
	struct agg_document documents[AGG_UPSTREAM_COUNT];
};

/* ---- Counting ---- */

static struct str scope_of(const struct request_info *info)
{
	if (!info->is_resource_request)
		return STR_EMPTY;
	if (!str_is_empty(info->name))
		return STR("resource");
	return str_is_empty(info->namespace) ? STR("cluster") : STR("namespace");
}

/* The labels of a series; its key has their values in this order, each ended by a line's end. */
static const char *const label_names[] = {
	"code", "group", "resource", "scope", "subresource", "verb", "version"};
#define LABEL_COUNT (sizeof(label_names) / sizeof(label_names[0]))
#define KEY_BYTES   512

/*
 * Of what was not found nothing from the URL is kept: nobody can make series at will. Empty: the
 * values are too long, or hold what no name holds.
 */
static struct str make_key(const struct agg_request *request, char *text)
{
	const struct request_info *info = &request->info;
	bool is_known = info->is_resource_request && request->status != 404;
	char code[3] = {(char)('0' + request->status / 100),
		(char)('0' + request->status / 10 % 10), (char)('0' + request->status % 10)};
	struct str values[LABEL_COUNT] = {str_from(code, sizeof(code)), info->group, info->resource,
		scope_of(info), info->subresource, info->verb, info->version};
	size_t length = 0;

	for (size_t i = 0; i < LABEL_COUNT; i++) {
		struct str value = is_known || i == 0 ? values[i] : STR_EMPTY;

		if (value.length >= KEY_BYTES - LABEL_COUNT - length ||
			str_find_byte(value, '\n') < value.length)
			return STR_EMPTY;
		if (value.length > 0)
			memcpy(text + length, value.data, value.length);
		length += value.length;
		text[length++] = '\n';
	}
	return str_from(text, length);
}

void agg_metrics_count(
	struct agg_metrics *metrics, const struct agg_request *request, uint64_t latency_ns)
{
	char text[KEY_BYTES];
	struct str key;
	struct series *series;

	if (request->status == 0)
		return;
	key = make_key(request, text);
	if (str_is_empty(key))
		return;
	series = map_find(&metrics->requests, key);
	if (!series) {
		if (metrics->requests.count >= SERIES_MAXIMUM)
			return;
		series = MEMORY_NEW(struct series);
		map_set(&metrics->requests, key, series);
	}
	series->count++;
	series->seconds += (double)latency_ns / 1e9;
}

/* ---- Writing ---- */

static void write_head(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_quoted(struct buffer *out, struct str text)
{
	buffer_append_byte(out, '"');
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			buffer_append_byte(out, '\\');
		buffer_append_byte(out, text.data[i]);
	}
	buffer_append_byte(out, '"');
}

static void write_series(struct buffer *out, const char *name, struct str key)
{
	buffer_append(out, str_from_c(name));
	buffer_append(out, STR("{component=\"apiserver\""));
	for (size_t i = 0; i < LABEL_COUNT; i++) {
		buffer_printf(out, ",%s=", label_names[i]);
		write_quoted(out, str_split(&key, '\n'));
	}
	buffer_append(out, STR("} "));
}

static void write_requests(const struct agg_metrics *metrics, struct buffer *out)
{
	static const char *const total = "apiserver_request_total";
	static const char *const seconds = "troika_request_seconds_total";
	const struct map_entry *entry;
	size_t position = 0;

	write_head(out, total, "counter", "Requests by what they asked for.");
	while ((entry = map_next(&metrics->requests, &position))) {
		write_series(out, total, entry->key);
		buffer_printf(
			out, "%llu\n", (unsigned long long)((struct series *)entry->value)->count);
	}
	write_head(out, seconds, "counter",
		"Time from a request's last byte to its answer's end, by what it asked for.");
	position = 0;
	while ((entry = map_next(&metrics->requests, &position))) {
		write_series(out, seconds, entry->key);
		buffer_printf(out, "%.6f\n", ((struct series *)entry->value)->seconds);
	}
}

static void write_inflight(const struct agg_server *server, struct buffer *out)
{
	size_t long_running = 0;

	for (const struct agg_request *at = server->long_running; at; at = at->next_long_running)
		long_running++;
	write_head(out, "apiserver_current_inflight_requests", "gauge", "Requests under way.");
	buffer_printf(out,
		"apiserver_current_inflight_requests{request_kind=\"mutating\"} %zu\n"
		"apiserver_current_inflight_requests{request_kind=\"readOnly\"} %zu\n",
		server->mutating.count, server->reading.count);
	write_head(out, "troika_longrunning_requests", "gauge", "Watches and logs under way.");
	buffer_printf(out, "troika_longrunning_requests %zu\n", long_running);
}

static uint64_t resident_bytes(void)
{
	char text[128];
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
	struct str rest = str_from(text, length > 0 ? (size_t)length : 0);
	uint64_t pages = 0;

	if (fd >= 0)
		close(fd);
	str_split(&rest, ' ');
	if (!str_parse_u64(str_split(&rest, ' '), UINT32_MAX, &pages))
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void write_process(const struct agg_metrics *metrics, struct buffer *out)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	write_head(out, "process_cpu_seconds_total", "counter", "User and system CPU time.");
	buffer_printf(out, "process_cpu_seconds_total %.6f\n",
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	write_head(out, "process_resident_memory_bytes", "gauge", "Resident memory.");
	buffer_printf(
		out, "process_resident_memory_bytes %llu\n", (unsigned long long)resident_bytes());
	write_head(out, "process_start_time_seconds", "gauge", "Start, in seconds since 1970.");
	buffer_printf(
		out, "process_start_time_seconds %lld\n", (long long)metrics->start_wall_seconds);
	write_head(out, "kubernetes_build_info", "gauge", "The version that is spoken, always 1.");
	buffer_printf(out,
		"kubernetes_build_info{git_version=\"%s\",major=\"%s\",minor=\"%s\"} 1\n",
		KUBERNETES_VERSION, KUBERNETES_VERSION_MAJOR, KUBERNETES_VERSION_MINOR);
}

/* ---- Those of the others ---- */

/* The family that a "# HELP NAME ..." or "# TYPE NAME ..." line begins; empty: it begins none. */
static struct str family_of(struct str line)
{
	if (!str_starts_with(line, STR("# HELP ")) && !str_starts_with(line, STR("# TYPE ")))
		return STR_EMPTY;
	line = str_skip(line, 7);
	return str_split(&line, ' ');
}

static void note_families(struct map *families, struct str text)
{
	while (!str_is_empty(text)) {
		struct str family = family_of(str_split(&text, '\n'));

		if (!str_is_empty(family))
			map_set(families, family, families);
	}
}

void agg_metrics_append(struct buffer *out, struct str text)
{
	struct map families = {0};
	struct str current = STR_EMPTY;
	bool is_new = false;

	note_families(&families, buffer_str(out));
	while (!str_is_empty(text)) {
		struct str line = str_split(&text, '\n');
		struct str family = family_of(line);

		if (!str_is_empty(family) && !str_equal(family, current)) {
			current = family;
			is_new = map_find(&families, family) == NULL;
		}
		if (!is_new || str_is_empty(line))
			continue;
		buffer_append(out, line);
		buffer_append_byte(out, '\n');
	}
	map_fini(&families);
}

static void on_gathered(struct agg_request *request)
{
	struct agg_metrics *metrics = request->server->metrics;
	struct buffer out = {0};

	write_requests(metrics, &out);
	write_inflight(request->server, &out);
	write_process(metrics, &out);
	for (unsigned i = 0; i < AGG_UPSTREAM_COUNT; i++) {
		const struct agg_document *document = &metrics->documents[i];

		if (document->is_fresh && document->status == 200)
			agg_metrics_append(&out, blob_str(document->body));
	}
	agg_request_respond(
		request, 200, "text/plain; version=0.0.4; charset=utf-8", buffer_str(&out));
	buffer_fini(&out);
}

void agg_metrics_serve(struct agg_request *request)
{
	agg_gather(request, request->server->metrics->documents, "/metrics", "text/plain",
		FETCH_TIMEOUT_NS, on_gathered);
}

/* ---- Life ---- */

struct agg_metrics *agg_metrics_create(void)
{
	struct agg_metrics *metrics = MEMORY_NEW(struct agg_metrics);

	metrics->start_wall_seconds = clock_wall_seconds(NULL);
	return metrics;
}

void agg_metrics_destroy(struct agg_metrics **metrics)
{
	struct agg_metrics *gone = *metrics;
	const struct map_entry *entry;
	size_t position = 0;

	*metrics = NULL;
	if (!gone)
		return;
	while ((entry = map_next(&gone->requests, &position)))
		memory_free(entry->value);
	map_fini(&gone->requests);
	for (unsigned i = 0; i < AGG_UPSTREAM_COUNT; i++)
		agg_document_fini(&gone->documents[i]);
	memory_free(gone);
}
