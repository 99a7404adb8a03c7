/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_NOTIFY_H
#define TROIKA_SUP_NOTIFY_H

/*
 * The service manager's notification protocol: one datagram of NAME=VALUE lines to the socket that
 * NOTIFY_SOCKET names. Does nothing without that variable; failures are of no interest.
 */
__attribute__((format(printf, 1, 2))) void sup_notify(const char *format, ...);

#endif
