/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CHILD_CHANNEL_H
#define TROIKA_CHILD_CHANNEL_H

#include "child_contract.h"
#include "error.h"

/* Messages of child_contract.h on a SOCK_SEQPACKET socket; both sides use these. */

/* Outcomes of child_channel_receive beside 0. */
#define CHILD_CHANNEL_EMPTY  1 /* non-blocking socket, nothing there */
#define CHILD_CHANNEL_CLOSED 2 /* the other side is gone */

/*
 * Sends one message with a formatted text (cut to fit) and, when fd is not -1, that descriptor,
 * which stays the caller's. Does not wait: a full socket is an error.
 */
__attribute__((format(printf, 5, 6))) int child_channel_send(int channel,
	enum child_message_type type, int fd, struct error *err, const char *format, ...);
/*
 * Receives one message, its text NUL-terminated, without control characters. *ret_fd is -1 or a
 * close-on-exec descriptor that the caller owns. A packet of another size or version, or one that
 * carries more than one descriptor, is an error.
 */
int child_channel_receive(
	int channel, struct child_message *ret_message, int *ret_fd, struct error *err) WARN_UNUSED;

#endif
