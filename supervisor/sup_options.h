/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_OPTIONS_H
#define TROIKA_SUP_OPTIONS_H

#include "sup_flag.h"
#include "sup_network.h"

/* What the supervisor itself needs to know, worked out from the flags. */
struct sup_options {
	struct arena *arena; /* the caller's; texts below live in it */
	unsigned secure_port;
	unsigned insecure_port; /* 0: no plain HTTP */
	bool shares_port;
	struct sup_ip bind_address;
	struct sup_ip insecure_bind_address;
	struct sup_ip advertise_address;
	struct sup_ip service_ip;    /* of default/kubernetes: the first of the service range */
	bool has_tls_key_for_tokens; /* the key for HTTPS verifies service account tokens too */
	const char *state_directory;
	const char *libexec_directory;
	struct str certificate_directory; /* NUL-terminated */
	const char *self_signed_key_type;
	int64_t request_timeout_ns;
	int64_t shutdown_delay_ns;
	int64_t shutdown_watch_grace_ns;
};

/* Fills in what the flags leave open, in the flags (for the servers) and in *ret. */
int sup_options_complete(struct sup_flags *flags, struct arena *arena, struct sup_options *ret,
	struct error *err) WARN_UNUSED;
/* All that is wrong at once: one message as it is, several as "[m1, m2]". */
int sup_options_validate(const struct sup_flags *flags, struct error *err) WARN_UNUSED;
/* The path of a program of ours. */
const char *sup_options_program(const struct sup_options *options, const char *name);

#endif
