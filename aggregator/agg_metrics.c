/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_metrics.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agg_fetch.h"
#include "clock.h"
#include "json_writer.h"
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

/*
 * The labels of a request's series, quoted. Only what answered has a name of the server's choosing:
 * of a 404 nothing from the URL is kept, so nobody can make series at will.
 */
static size_t format_labels(const struct agg_request *request, char *text, size_t size)
{
	const struct request_info *info = &request->info;
	bool is_known = info->is_resource_request && request->status != 404;
	struct str scope = scope_of(info);
	int length = snprintf(text, size,
		"code=\"%d\",component=\"apiserver\",group=\"%.*s\",resource=\"%.*s\",scope=\"%.*s\","
		"subresource=\"%.*s\",verb=\"%.*s\",version=\"%.*s\"",
		request->status, STR_ARG(is_known ? info->group : STR_EMPTY),
		STR_ARG(is_known ? info->resource : STR_EMPTY), STR_ARG(scope),
		STR_ARG(is_known ? info->subresource : STR_EMPTY),
		STR_ARG(is_known ? info->verb : STR("other")),
		STR_ARG(is_known ? info->version : STR_EMPTY));

	return length > 0 && (size_t)length < size ? (size_t)length : 0;
}

static bool is_plain(struct str text)
{
	return str_find_byte(text, '\\') == text.length && str_find_byte(text, '\n') == text.length;
}

static bool has_stray_quote(const struct request_info *info)
{
	struct str parts[] = {info->group, info->resource, info->subresource, info->version};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (str_find_byte(parts[i], '"') < parts[i].length || !is_plain(parts[i]))
			return true;
	}
	return false;
}

void agg_metrics_count(
	struct agg_metrics *metrics, const struct agg_request *request, uint64_t latency_ns)
{
	char labels[512];
	size_t length;
	struct series *series;

	if (request->status == 0 || has_stray_quote(&request->info))
		return;
	length = format_labels(request, labels, sizeof(labels));
	series = map_find(&metrics->requests, str_from(labels, length));
	if (!series) {
		if (length == 0 || metrics->requests.count >= SERIES_MAXIMUM)
			return;
		series = MEMORY_NEW(struct series);
		map_set(&metrics->requests, str_from(labels, length), series);
	}
	series->count++;
	series->seconds += (double)latency_ns / 1e9;
}

/* ---- Writing ---- */

static void write_head(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_requests(const struct agg_metrics *metrics, struct buffer *out)
{
	const struct map_entry *entry;
	size_t position = 0;

	write_head(out, "apiserver_request_total", "counter", "Requests by what they asked for.");
	while ((entry = map_next(&metrics->requests, &position)))
		buffer_printf(out, "apiserver_request_total{%.*s} %llu\n", STR_ARG(entry->key),
			(unsigned long long)((struct series *)entry->value)->count);
	write_head(out, "troika_request_seconds_total", "counter",
		"Time from the request's last byte to the answer's end, by what was asked for.");
	position = 0;
	while ((entry = map_next(&metrics->requests, &position)))
		buffer_printf(out, "troika_request_seconds_total{%.*s} %.6f\n", STR_ARG(entry->key),
			((struct series *)entry->value)->seconds);
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
