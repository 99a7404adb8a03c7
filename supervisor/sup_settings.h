/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_SETTINGS_H
#define TROIKA_SUP_SETTINGS_H

#include "settings.h"
#include "sup_state.h"

/*
 * What one server is told: its flags under their names, the contents of the files that these name
 * as "content.NAME" (see child_contract.h), and what the supervisor worked out as "internal.*".
 * Reads the files anew each time. *ret_fd is a sealed memfd.
 */
int sup_settings_make(const struct sup_flags *flags, const struct sup_options *options,
	const struct sup_state *state, enum sup_server_id id, int *ret_fd,
	struct error *err) WARN_UNUSED;
/* Whether all files that the flags name for the servers can be read. */
int sup_settings_try(const struct sup_flags *flags, struct error *err) WARN_UNUSED;

#endif
