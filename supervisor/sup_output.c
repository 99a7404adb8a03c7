/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* So that a server that never stops writing cannot hold the supervisor. */
#define READS_AT_A_TIME 16

void sup_output_open(struct sup_output *output, const char *name, int fd)
{
	output->name = name;
	output->fd = fd;
	output->used = 0;
}

bool sup_output_is_log_line(const char *line, size_t length)
{
	static const char pattern[] = "X9999 99:99:99.999999 ";

	if (length < sizeof(pattern) - 1 || !strchr("IWEF", line[0]))
		return false;
	for (size_t i = 1; i < sizeof(pattern) - 1; i++) {
		bool is_digit = line[i] >= '0' && line[i] <= '9';

		if (pattern[i] == '9' ? !is_digit : line[i] != pattern[i])
			return false;
	}
	return true;
}

/* The line comes with its '\n', if it had one. */
static void forward(const struct sup_output *output, char *line, size_t length)
{
	bool has_end = length > 0 && line[length - 1] == '\n';
	bool is_log = sup_output_is_log_line(line, length);
	struct iovec parts[4] = {
		{(char *)output->name, is_log ? 0 : strlen(output->name)},
		{(char *)": ", is_log ? 0 : 2},
		{line, length},
		{(char *)"\n", has_end ? 0 : 1},
	};

	if (length > 0 && writev(STDERR_FILENO, parts, 4) < 0)
		return; /* nowhere to say so */
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
