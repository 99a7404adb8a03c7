/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEXT_BYTES 4000u
/* A byte of the text becomes six at most (\u0000). */
#define LINE_BYTES (6 * TEXT_BYTES + 512)

#define MODULES_MAXIMUM 32u
#define PATTERN_BYTES   64u

static int current_verbosity;
static enum log_format current_format;
static log_write_fn current_writer;

static struct module {
	char pattern[PATTERN_BYTES];
	size_t length;
	int level;
} modules[MODULES_MAXIMUM];
static size_t module_count;

struct line {
	char bytes[LINE_BYTES];
	size_t length;
};

void log_set_verbosity(int verbosity)
{
	current_verbosity = verbosity;
}

int log_verbosity(void)
{
	return current_verbosity;
}

void log_set_format(enum log_format format)
{
	current_format = format;
}

void log_set_writer(log_write_fn write_line)
{
	current_writer = write_line;
}

void log_set_modules(const char *spec)
{
	struct str rest = str_from_c(spec);

	module_count = 0;
	while (!str_is_empty(rest) && module_count < MODULES_MAXIMUM) {
		struct str level_text = str_split(&rest, ',');
		struct str pattern = str_split(&level_text, '=');
		struct module *module = &modules[module_count];
		int64_t level;

		if (pattern.length == 0 || pattern.length >= PATTERN_BYTES ||
			!str_parse_i64(level_text, &level) || level > INT32_MAX || level <= 0)
			continue;
		memcpy(module->pattern, pattern.data, pattern.length);
		module->length = pattern.length;
		module->level = (int)level;
		module_count++;
	}
}

/* With one place to go back to, the last '*', it takes at most pattern times name steps. */
static bool is_match(struct str pattern, struct str name)
{
	size_t p = 0, n = 0, star = SIZE_MAX, star_name = 0;

	while (n < name.length) {
		if (p < pattern.length && pattern.data[p] == '*') {
			star = p++;
			star_name = n;
		} else if (p < pattern.length &&
			   (pattern.data[p] == '?' || pattern.data[p] == name.data[n])) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++star_name;
		} else {
			return false;
		}
	}
	while (p < pattern.length && pattern.data[p] == '*')
		p++;
	return p == pattern.length;
}

static const char *base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

bool log_is_on(int level, const char *file)
{
	struct str name;

	if (level <= current_verbosity)
		return true;
	if (module_count == 0)
		return false;
	name = str_from_c(base_name(file));
	name = str_slice(name, 0, str_find_byte(name, '.'));
	for (size_t i = 0; i < module_count; i++) {
		if (level <= modules[i].level &&
			is_match(str_from(modules[i].pattern, modules[i].length), name))
			return true;
	}
	return false;
}

__attribute__((format(printf, 2, 3))) static void append(struct line *line, const char *format, ...)
{
	va_list arguments;
	int more;

	va_start(arguments, format);
	more = vsnprintf(
		line->bytes + line->length, sizeof(line->bytes) - line->length, format, arguments);
	va_end(arguments);
	if (more > 0)
		line->length += (size_t)more;
	if (line->length > sizeof(line->bytes) - 1)
		line->length = sizeof(line->bytes) - 1;
}

static void format_text(struct line *line, enum log_severity severity, const char *file,
	int line_number, struct str text)
{
	struct timespec now;
	struct tm local;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	append(line, "%c%02d%02d %02d:%02d:%02d.%06ld %7d %s:%d] ", "IWEF"[severity],
		local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec,
		now.tv_nsec / 1000, (int)getpid(), base_name(file), line_number);
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] == '\n')
			line->bytes[line->length++] = '\\';
		line->bytes[line->length++] = text.data[i] == '\n' ? 'n' : text.data[i];
	}
}

static void append_json_text(struct line *line, struct str text)
{
	while (!str_is_empty(text)) {
		unsigned char c = (unsigned char)text.data[0];
		size_t length = utf8_sequence_length(text);

		if (c == '"' || c == '\\')
			append(line, "\\%c", c);
		else if (c == '\n')
			append(line, "\\n");
		else if (c < 0x20)
			append(line, "\\u%04x", c);
		else if (length == 0)
			append(line, "\xef\xbf\xbd");
		else
			append(line, "%.*s", (int)length, text.data);
		text = str_skip(text, length ? length : 1);
	}
}

static void format_json(struct line *line, enum log_severity severity, const char *file,
	int line_number, struct str text)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	append(line, "{\"ts\":%lld.%06ld,\"caller\":\"%s:%d\",\"msg\":\"",
		(long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, now.tv_nsec % 1000000,
		base_name(file), line_number);
	append_json_text(line, text);
	append(line, severity < LOG_SEVERITY_ERROR ? "\",\"v\":0}" : "\"}");
}

/* One line is one write, so that lines of several processes never mix. */
static void write_line(enum log_severity severity, const char *bytes, size_t length)
{
	(void)severity;
	for (size_t done = 0; done < length;) {
		ssize_t written = write(STDERR_FILENO, bytes + done, length - done);

		if (written <= 0)
			break;
		done += (size_t)written;
	}
}

void log_at(enum log_severity severity, const char *file, int line_number, const char *format, ...)
{
	char text[TEXT_BYTES];
	struct line line;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length < 0)
		length = 0;
	if ((size_t)length > sizeof(text) - 1)
		length = (int)sizeof(text) - 1;
	line.length = 0;
	if (current_format == LOG_FORMAT_JSON)
		format_json(&line, severity, file, line_number, str_from(text, (size_t)length));
	else
		format_text(&line, severity, file, line_number, str_from(text, (size_t)length));
	line.bytes[line.length++] = '\n';
	(current_writer ? current_writer : write_line)(severity, line.bytes, line.length);
}
