/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_SINK_H
#define TROIKA_SUP_SINK_H

#include "log.h"
#include "sup_flag.h"

/*
 * Where log lines go, ours and those of the servers: standard error, standard output, files, as
 * klog's flags say. A file is named PROGRAM.HOST.USER.log.SEVERITY.DATE-TIME.PID, with a link
 * PROGRAM.SEVERITY to the newest; a line goes to the file of its severity and to those of lower
 * ones. There is one sink in a process.
 */

/* Opens what the flags name and takes over the log's lines. */
int sup_sink_open(const struct sup_flags *flags, struct error *err) WARN_UNUSED;
void sup_sink_close(void);
/* Begins new files, for the old ones may have been moved away; one that cannot be opened goes on.
 */
void sup_sink_reopen(void);
/* A whole line with its '\n', in either format; what is in neither counts as information. */
void sup_sink_write(const char *line, size_t length);

/* Called with every line, after it was written; must not log. NULL for nobody. */
void sup_sink_set_follower(void (*follow)(const char *line, size_t length));
/* The last 64 KiB of lines, from the first whole one on, in two pieces; valid until the next line.
 */
void sup_sink_recent(struct str *ret_older, struct str *ret_newer);

#endif
