/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CTL_STATUS_H
#define TROIKA_CTL_STATUS_H

#include "buffer.h"
#include "error.h"

#define CTL_SERVERS_MAXIMUM 16u

/* What is known of a plane; texts live in the arena that it was read with. */
struct ctl_server {
	struct str name;
	struct str program;
	struct str state;
	uint64_t pid; /* 0: does not run */
	uint64_t uptime_ms;
	uint64_t restarts;
	uint64_t memory_bytes;   /* resident */
	uint64_t store_bytes;    /* on disk, of its data directory */
	uint64_t store_revision; /* the newest; 0: it does not tell */
};

struct ctl_status {
	uint64_t pid;
	uint64_t uptime_ms;
	uint64_t memory_bytes;
	bool is_ready;
	struct str version;
	struct str address;
	struct str directory;
	struct ctl_server servers[CTL_SERVERS_MAXIMUM];
	size_t server_count;
};

/* Asks the supervisor, and the kernel for memory and sizes (0 where it does not tell us). */
int ctl_status_read(const char *state_directory, struct arena *arena, struct ctl_status *ret,
	struct error *err) WARN_UNUSED;
void ctl_status_format_table(const struct ctl_status *status, struct buffer *buffer);
void ctl_status_format_json(const struct ctl_status *status, struct buffer *buffer);
/* By name or program; NULL when there is none. */
const struct ctl_server *ctl_status_find(const struct ctl_status *status, struct str name);

#endif
