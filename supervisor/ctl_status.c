/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_status.h"

#include "ctl_client.h"
#include "utf8.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct reader {
	struct arena *arena;
	struct ctl_status *status;
};

static uint64_t take_number(struct str *rest)
{
	uint64_t value = 0;

	str_parse_u64(str_split(rest, ' '), UINT64_MAX, &value);
	return value;
}

static struct str take_word(struct reader *reader, struct str *rest)
{
	return arena_copy(reader->arena, str_split(rest, ' '));
}

static void take_line(void *context, struct str line)
{
	struct reader *reader = context;
	struct ctl_status *status = reader->status;
	struct str kind = str_split(&line, ' ');

	if (str_equal(kind, STR("supervisor"))) {
		status->pid = take_number(&line);
		status->uptime_ms = take_number(&line);
		status->is_ready = str_equal(str_split(&line, ' '), STR("ready"));
		status->version = take_word(reader, &line);
	} else if (str_equal(kind, STR("address"))) {
		status->address = arena_copy(reader->arena, line);
	} else if (str_equal(kind, STR("directory"))) {
		status->directory = arena_copy(reader->arena, line);
	} else if (str_equal(kind, STR("server")) && status->server_count < CTL_SERVERS_MAXIMUM) {
		struct ctl_server *server = &status->servers[status->server_count++];

		server->name = take_word(reader, &line);
		server->program = take_word(reader, &line);
		server->pid = take_number(&line);
		server->state = take_word(reader, &line);
		server->uptime_ms = take_number(&line);
		server->restarts = take_number(&line);
		server->store_revision = take_number(&line);
	}
}

static uint64_t memory_of(uint64_t pid)
{
	uint64_t pages = 0;
	char path[64];
	FILE *file;

	if (pid == 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/statm", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%*s %" SCNu64, &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t size_of(const char *path)
{
	DIR *directory = opendir(path);
	uint64_t total = 0;

	if (!directory)
		return 0;
	for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
		struct stat status;

		if (fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(status.st_mode))
			total += (uint64_t)status.st_blocks * 512;
	}
	closedir(directory);
	return total;
}

int ctl_status_read(
	const char *state_directory, struct arena *arena, struct ctl_status *ret, struct error *err)
{
	struct ctl_status status = {0};
	struct reader reader = {arena, &status};

	if (ctl_client_ask(state_directory, "status", take_line, &reader, err) < 0)
		return ERROR_RETURN;
	status.memory_bytes = memory_of(status.pid);
	for (size_t i = 0; i < status.server_count; i++) {
		struct ctl_server *server = &status.servers[i];

		server->memory_bytes = memory_of(server->pid);
		server->store_bytes = size_of(arena_printf(
			arena, "%.*s/data/%.*s", STR_ARG(status.directory), STR_ARG(server->name))
						      .data);
	}
	*ret = status;
	return 0;
}

const struct ctl_server *ctl_status_find(const struct ctl_status *status, struct str name)
{
	for (size_t i = 0; i < status->server_count; i++) {
		if (str_equal(status->servers[i].name, name) ||
			str_equal(status->servers[i].program, name))
			return &status->servers[i];
	}
	return NULL;
}

/* As kubectl tells ages: 45s, 3m20s, 5h, 12d. */
static void append_age(struct buffer *buffer, uint64_t ms)
{
	char text[48];
	uint64_t seconds = ms / 1000;

	if (seconds < 120)
		snprintf(text, sizeof(text), "%" PRIu64 "s", seconds);
	else if (seconds < 600)
		snprintf(
			text, sizeof(text), "%" PRIu64 "m%" PRIu64 "s", seconds / 60, seconds % 60);
	else if (seconds < 3 * 3600)
		snprintf(text, sizeof(text), "%" PRIu64 "m", seconds / 60);
	else if (seconds < 48 * 3600)
		snprintf(text, sizeof(text), "%" PRIu64 "h", seconds / 3600);
	else
		snprintf(text, sizeof(text), "%" PRIu64 "d", seconds / 86400);
	buffer_printf(buffer, "%-8s", text);
}

static void append_size(struct buffer *buffer, uint64_t bytes)
{
	char text[48];

	if (bytes < 10u << 20)
		snprintf(text, sizeof(text), "%" PRIu64 "Ki", bytes >> 10);
	else
		snprintf(text, sizeof(text), "%" PRIu64 "Mi", bytes >> 20);
	buffer_printf(buffer, "%-10s", text);
}

/* The supervisor, which is no server and has no store, is told of with dashes. */
static void append_row(struct buffer *buffer, struct str name, struct str state, uint64_t pid,
	uint64_t uptime_ms, uint64_t memory_bytes, const struct ctl_server *server)
{
	buffer_printf(buffer, "%-12.*s%-10.*s%-9" PRIu64, STR_ARG(name), STR_ARG(state), pid);
	append_age(buffer, uptime_ms);
	if (server)
		buffer_printf(buffer, "%-10" PRIu64, server->restarts);
	else
		buffer_printf(buffer, "%-10s", "-");
	append_size(buffer, memory_bytes);
	if (server)
		append_size(buffer, server->store_bytes);
	else
		buffer_printf(buffer, "%-10s", "-");
	if (server && server->store_revision > 0)
		buffer_printf(buffer, "%" PRIu64, server->store_revision);
	else
		buffer_append_byte(buffer, '-');
	while (buffer->length > 0 && buffer->data[buffer->length - 1] == ' ')
		buffer->length--;
	buffer_append_byte(buffer, '\n');
}

void ctl_status_format_table(const struct ctl_status *status, struct buffer *buffer)
{
	buffer_printf(buffer, "%-12s%-10s%-9s%-8s%-10s%-10s%-10s%s\n", "NAME", "STATE", "PID",
		"AGE", "RESTARTS", "MEMORY", "STORE", "REVISION");
	append_row(buffer, STR("supervisor"), status->is_ready ? STR("ready") : STR("not-ready"),
		status->pid, status->uptime_ms, status->memory_bytes, NULL);
	for (size_t i = 0; i < status->server_count; i++) {
		const struct ctl_server *server = &status->servers[i];

		append_row(buffer, server->name, server->state, server->pid, server->uptime_ms,
			server->memory_bytes, server);
	}
}

static void append_text(struct buffer *buffer, const char *name, struct str text)
{
	buffer_printf(buffer, "\"%s\":\"", name);
	while (!str_is_empty(text)) {
		unsigned char c = (unsigned char)text.data[0];
		size_t length = utf8_sequence_length(text);

		if (c == '"' || c == '\\')
			buffer_printf(buffer, "\\%c", c);
		else if (c < 0x20)
			buffer_printf(buffer, "\\u%04x", c);
		else
			buffer_append(
				buffer, length ? str_slice(text, 0, length) : UTF8_REPLACEMENT);
		text = str_skip(text, length ? length : 1);
	}
	buffer_append_byte(buffer, '"');
}

static void append_number(struct buffer *buffer, const char *name, uint64_t value)
{
	buffer_printf(buffer, ",\"%s\":%" PRIu64, name, value);
}

void ctl_status_format_json(const struct ctl_status *status, struct buffer *buffer)
{
	buffer_append_byte(buffer, '{');
	append_text(buffer, "version", status->version);
	buffer_printf(buffer, ",\"ready\":%s", status->is_ready ? "true" : "false");
	append_number(buffer, "pid", status->pid);
	append_number(buffer, "uptimeMilliseconds", status->uptime_ms);
	append_number(buffer, "memoryBytes", status->memory_bytes);
	buffer_append_byte(buffer, ',');
	append_text(buffer, "address", status->address);
	buffer_append_byte(buffer, ',');
	append_text(buffer, "stateDirectory", status->directory);
	buffer_append(buffer, STR(",\"servers\":["));
	for (size_t i = 0; i < status->server_count; i++) {
		const struct ctl_server *server = &status->servers[i];

		buffer_append(buffer, i ? STR(",{") : STR("{"));
		append_text(buffer, "name", server->name);
		buffer_append_byte(buffer, ',');
		append_text(buffer, "program", server->program);
		buffer_append_byte(buffer, ',');
		append_text(buffer, "state", server->state);
		append_number(buffer, "pid", server->pid);
		append_number(buffer, "uptimeMilliseconds", server->uptime_ms);
		append_number(buffer, "restarts", server->restarts);
		append_number(buffer, "memoryBytes", server->memory_bytes);
		append_number(buffer, "storeBytes", server->store_bytes);
		append_number(buffer, "storeRevision", server->store_revision);
		buffer_append_byte(buffer, '}');
	}
	buffer_append(buffer, STR("]}\n"));
}
