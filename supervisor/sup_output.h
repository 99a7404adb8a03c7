/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_OUTPUT_H
#define TROIKA_SUP_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a server writes to its standard output and error: whole lines go where our log goes, those
 * in the log's format as they are, others with the server's name in front.
 */
#define SUP_OUTPUT_LINE_BYTES 8192

struct sup_output {
	const char *name;
	int fd; /* read end of the pipe, or -1 */
	size_t used;
	char line[SUP_OUTPUT_LINE_BYTES];
};

/* Takes over fd, which must not block. */
void sup_output_open(struct sup_output *output, const char *name, int fd);
/* Forwards what is there; closes the pipe at its end. */
void sup_output_read(struct sup_output *output);
/* Forwards what is left, whole line or not, and closes. */
void sup_output_close(struct sup_output *output);

/* Whether the line starts as "I0102 15:04:05.000000 " or "{"ts":". */
bool sup_output_is_log_line(const char *line, size_t length);

#endif
