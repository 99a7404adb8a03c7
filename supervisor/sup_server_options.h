/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_SERVER_OPTIONS_H
#define TROIKA_SUP_SERVER_OPTIONS_H

#include <sched.h>

#include "sup_server.h"

/* What the --server-... flags say of one server; applied when its process starts. */

enum sup_restart {
	SUP_RESTART_ALWAYS,
	SUP_RESTART_ON_FAILURE, /* unless it ended with status 0 */
	SUP_RESTART_NEVER,
};

struct sup_server_options {
	bool has_nice;
	int nice;
	uint64_t memory_limit_bytes; /* 0: none */
	bool has_cpus;
	cpu_set_t cpus;
	enum sup_restart restart;
	unsigned worker_loops; /* 0: not said */
};

/* Complaints go to `complain`, with the flag's name in front; those values are left out. */
void sup_server_options_read(const struct sup_flags *flags, enum sup_server_id id,
	struct sup_server_options *ret, void (*complain)(void *context, struct str message),
	void *context);
/* What a --server-... flag has for the server; the empty view when nothing. */
struct str sup_server_options_value(
	const struct sup_flags *flags, enum sup_flag_id flag, enum sup_server_id id);
/* Sets nice, limits and processors of this process; returns 0 or an errno value, and at what. */
int sup_server_options_apply(const struct sup_server_options *options, const char **ret_what);

#endif
