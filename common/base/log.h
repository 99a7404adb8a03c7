/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_LOG_H
#define TROIKA_LOG_H

/*
 * Lines in klog's format on stderr: LMMDD HH:MM:SS.uuuuuu PPPPPPP file:line] text. Programs and the
 * request pipeline log; library layers return errors instead. No secret and no object body is logged.
 */
enum log_severity { LOG_SEVERITY_INFO, LOG_SEVERITY_WARNING, LOG_SEVERITY_ERROR, LOG_SEVERITY_FATAL };

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
	((level) <= log_verbosity()                                                                \
			? log_at(LOG_SEVERITY_INFO, __FILE__, __LINE__, __VA_ARGS__)               \
			: (void)0)

#endif
