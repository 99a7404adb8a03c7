/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_LOG_H
#define TROIKA_LOG_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Lines in klog's format on stderr: LMMDD HH:MM:SS.uuuuuu PPPPPPP file:line] text. Programs and the
 * request pipeline log; library layers return errors instead. No secret and no object body is
 * logged.
 */
enum log_severity {
	LOG_SEVERITY_INFO,
	LOG_SEVERITY_WARNING,
	LOG_SEVERITY_ERROR,
	LOG_SEVERITY_FATAL
};

enum log_format {
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON
};

/* How lines look from now on; JSON lines have "ts", "caller", "msg" and, for lower severities, "v".
 */
void log_set_format(enum log_format format);
/*
 * Takes whole lines, with their '\n', instead of standard error; NULL goes back to that. Called for
 * each line once.
 */
typedef void (*log_write_fn)(enum log_severity severity, const char *line, size_t length);
void log_set_writer(log_write_fn write_line);
/*
 * The levels of --vmodule, "pattern=N,..." (copied; "" for none): they raise the verbosity in
 * source files whose name without directory and ending the pattern ('*' and '?') matches. At most
 * 32 count.
 */
void log_set_modules(const char *spec);
/* Whether log_v() lines of the level appear from the file. */
bool log_is_on(int level, const char *file);
/* The verbosity of --v; log_v(n) lines appear when n <= verbosity. Set at start and on reload. */
void log_set_verbosity(int verbosity);
int log_verbosity(void);
/* Writes one line; line breaks in the text become "\n" as two characters. */
__attribute__((format(printf, 4, 5))) void log_at(
	enum log_severity severity, const char *file, int line, const char *format, ...);

#define log_info(...)    log_at(LOG_SEVERITY_INFO, __FILE__, __LINE__, __VA_ARGS__)
#define log_warning(...) log_at(LOG_SEVERITY_WARNING, __FILE__, __LINE__, __VA_ARGS__)
#define log_error(...)   log_at(LOG_SEVERITY_ERROR, __FILE__, __LINE__, __VA_ARGS__)
#define log_v(level, ...)                                                                          \
	(log_is_on((level), __FILE__) ? log_at(LOG_SEVERITY_INFO, __FILE__, __LINE__, __VA_ARGS__) \
				      : (void)0)

#endif
