/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CTL_CLIENT_H
#define TROIKA_CTL_CLIENT_H

#include "error.h"

/* One request to the supervisor: see sup_control.h. */

/* Takes one line, without its '\n'; the last one, "ok" or "error ...", is not among them. */
typedef void (*ctl_line_fn)(void *context, struct str line);

/*
 * Asks the supervisor of the state directory and hands over the lines of the answer as they come.
 * An error is that there is none, or what it answered ("error TEXT").
 */
int ctl_client_ask(const char *state_directory, const char *request, ctl_line_fn take_line,
	void *context, struct error *err) WARN_UNUSED;

#endif
