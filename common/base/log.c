/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 4096

static int current_verbosity;

void log_set_verbosity(int verbosity)
{
	current_verbosity = verbosity;
}

int log_verbosity(void)
{
	return current_verbosity;
}

static size_t format_header(
	char *text, size_t size, enum log_severity severity, const char *file, int line)
{
	struct timespec now;
	struct tm local;
	const char *base = strrchr(file, '/');

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	int length = snprintf(text, size, "%c%02d%02d %02d:%02d:%02d.%06ld %7d %s:%d] ",
		"IWEF"[severity], local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min,
		local.tm_sec, now.tv_nsec / 1000, (int)getpid(), base ? base + 1 : file, line);

	return length < 0 ? 0 : (size_t)length;
}

/* One line is one write, so that lines of several processes never mix. */
void log_at(enum log_severity severity, const char *file, int line, const char *format, ...)
{
	char text[LINE_BYTES];
	char out[LINE_BYTES + 1];
	va_list arguments;
	size_t length = format_header(text, sizeof(text), severity, file, line);

	va_start(arguments, format);
	int more = vsnprintf(text + length, sizeof(text) - length, format, arguments);

	va_end(arguments);
	length += more < 0 ? 0 : (size_t)more;
	if (length > sizeof(text) - 1)
		length = sizeof(text) - 1;

	size_t used = 0;

	for (size_t i = 0; i < length && used < LINE_BYTES - 2; i++) {
		if (text[i] == '\n') {
			out[used++] = '\\';
			out[used++] = 'n';
		} else {
			out[used++] = text[i];
		}
	}
	out[used++] = '\n';
	for (size_t done = 0; done < used;) {
		ssize_t written = write(STDERR_FILENO, out + done, used - done);

		if (written <= 0)
			break;
		done += (size_t)written;
	}
}
