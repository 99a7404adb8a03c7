/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TLS_MEMORY_H
#define TROIKA_TLS_MEMORY_H

/*
 * Has OpenSSL take the buffers of records from a few that are kept. A session gives its buffers
 * back whenever it is idle, so that thousands of quiet ones cost little; with this, that costs a
 * busy one nothing either. For the calling thread only; call once, before anything else of OpenSSL
 * is used (later it has no effect).
 */
void tls_memory_keep_buffers(void);

#endif
