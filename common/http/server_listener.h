/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SERVER_LISTENER_H
#define TROIKA_SERVER_LISTENER_H

#include "http_message.h"

/* Listening sockets of a server and who may come in. Private to this layer. */
struct http_server;

void server_listeners_init(struct http_server *server);
void server_listeners_fini(struct http_server *server);
/* Accepts or rests, as limits and draining say. */
void server_update_accepting(struct http_server *server);

/* http_server.c: a connection has been accepted; the texts are copied. `source` is the address'
 * slot.
 */
void server_accept(struct http_server *server, int fd, const struct http_peer *peer,
	struct str address, struct str ip, uint16_t source);

#endif
