/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_output.h"

#include "sup_sink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* So that a server that never stops writing cannot hold the supervisor. */
#define READS_AT_A_TIME 16

void sup_output_open(struct sup_output *output, const char *name, int fd)
{
	output->name = name;
	output->fd = fd;
	output->used = 0;
}

static bool is_json_line(const char *line, size_t length)
{
	static const char head[] = "{\"ts\":";

	return length > sizeof(head) && memcmp(line, head, sizeof(head) - 1) == 0;
}

bool sup_output_is_log_line(const char *line, size_t length)
{
	static const char pattern[] = "X9999 99:99:99.999999 ";

	if (is_json_line(line, length))
		return true;
	if (length < sizeof(pattern) - 1 || !memchr("IWEF", line[0], 4))
		return false;
	for (size_t i = 1; i < sizeof(pattern) - 1; i++) {
		bool is_digit = line[i] >= '0' && line[i] <= '9';

		if (pattern[i] == '9' ? !is_digit : line[i] != pattern[i])
			return false;
	}
	return true;
}

/* The line comes with its '\n', if it had one. */
static void forward(const struct sup_output *output, const char *line, size_t length)
{
	static char text[SUP_OUTPUT_LINE_BYTES + 128];
	bool has_end = length > 0 && line[length - 1] == '\n';
	const char *name = sup_output_is_log_line(line, length) ? "" : output->name;
	int used = snprintf(text, sizeof(text), "%s%s%.*s%s", name, name[0] ? ": " : "",
		(int)length, line, has_end ? "" : "\n");

	/* With a NUL byte in it, what stands before that has to do. */
	if (length > 0 && used > 0)
		sup_sink_write(text, (size_t)used < sizeof(text) ? (size_t)used : sizeof(text) - 1);
}

static void forward_lines(struct sup_output *output)
{
	char *start = output->line;
	char *end = output->line + output->used;
	char *newline;

	while ((newline = memchr(start, '\n', (size_t)(end - start)))) {
		forward(output, start, (size_t)(newline + 1 - start));
		start = newline + 1;
	}
	if (start == output->line && output->used == sizeof(output->line)) {
		forward(output, start, output->used);
		start = end;
	}
	output->used = (size_t)(end - start);
	memmove(output->line, start, output->used);
}

void sup_output_read(struct sup_output *output)
{
	for (int i = 0; i < READS_AT_A_TIME && output->fd >= 0; i++) {
		ssize_t got = read(output->fd, output->line + output->used,
			sizeof(output->line) - output->used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			forward(output, output->line, output->used);
			output->used = 0;
			close(output->fd);
			output->fd = -1;
			return;
		}
		output->used += (size_t)got;
		forward_lines(output);
	}
}

void sup_output_close(struct sup_output *output)
{
	sup_output_read(output);
	if (output->fd < 0)
		return;
	forward(output, output->line, output->used);
	output->used = 0;
	close(output->fd);
	output->fd = -1;
}
