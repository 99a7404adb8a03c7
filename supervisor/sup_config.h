/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_CONFIG_H
#define TROIKA_SUP_CONFIG_H

#include "buffer.h"
#include "sup_flag.h"

/*
 * The --config file: settings under the names of the flags, flat or in groups of any name. A group
 * with the name of a map flag holds its pairs; one with the name of a server (aggregator, core,
 * extensions) holds what concerns this server alone: user, group, nice, memory-limit, cpus,
 * worker-loops, restart.
 */

/* Reads the file; what the environment and the command line have set stays. */
int sup_config_read(struct sup_flags *flags, const char *path, struct error *err) WARN_UNUSED;
/* Appends the configuration as such a file, with all values. */
void sup_config_write(const struct sup_flags *flags, struct buffer *buffer);

#endif
