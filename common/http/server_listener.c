/* SPDX-License-Identifier: Apache-2.0 */
#include "server_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_server_private.h"
#include "memory.h"

#define ACCEPTS_PER_TURN 16
#define ACCEPT_PAUSE_NS  UINT64_C(100000000)

struct server_listener {
	struct server_listener *next;
	struct http_server *server;
	struct event_descriptor *descriptor;
	int fd;
};

/* "192.0.2.1:4711" or "[2001:db8::1]:4711". */
static void format_address(
	const struct sockaddr_storage *address, char *text, size_t size, char *ip, size_t ip_size)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, ip, (socklen_t)ip_size);
		snprintf(text, size, "%s:%u", ip, ntohs(v4->sin_port));
	} else if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], ip, (socklen_t)ip_size);
		snprintf(text, size, "%s:%u", ip, ntohs(v6->sin6_port));
	} else {
		inet_ntop(AF_INET6, &v6->sin6_addr, ip, (socklen_t)ip_size);
		snprintf(text, size, "[%s]:%u", ip, ntohs(v6->sin6_port));
	}
}

/* False: who it is cannot be told, or may not come in. */
static bool admit_unix(struct http_server *server, int fd, struct http_peer *peer)
{
	struct ucred credentials;
	socklen_t length = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
		return false;
	peer->is_unix = true;
	peer->uid = credentials.uid;
	peer->gid = credentials.gid;
	peer->pid = credentials.pid;
	peer->address = STR("@");
	return !server->options.check_peer ||
	       server->options.check_peer(server->options.context, peer);
}

/* A v4 address, or the /64 that a v6 client may choose addresses from, as one of the slots. */
static uint16_t source_slot(
	const struct http_server *server, const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	uint64_t hash = 0;

	if (address->ss_family == AF_INET)
		hash = ((const struct sockaddr_in *)address)->sin_addr.s_addr;
	else if (address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		memcpy(&hash, &v6->sin6_addr.s6_addr[12], 4);
	else if (address->ss_family == AF_INET6)
		memcpy(&hash, &v6->sin6_addr, sizeof(hash));
	hash = (hash ^ server->source_seed) * UINT64_C(0x9e3779b97f4a7c15);
	hash = (hash ^ hash >> 29 ^ server->source_seed) * UINT64_C(0xbf58476d1ce4e5b9);
	return (uint16_t)(hash >> 48) % SERVER_SOURCE_SLOTS;
}

/* Strangers that have not shown they speak TLS get a quarter of the room. */
static uint32_t handshakes_maximum(const struct http_server *server)
{
	return server->limits.maximum_connections / 4 + 1;
}

static bool has_too_many_handshakes(const struct http_server *server, uint16_t source)
{
	uint32_t maximum = handshakes_maximum(server) / 2 + 1;

	return server->handshakes_by_source[source] >=
	       (maximum < UINT16_MAX ? maximum : UINT16_MAX);
}

static void admit(struct http_server *server, int fd, const struct sockaddr_storage *address)
{
	uint16_t source = source_slot(server, address);
	struct http_peer peer = {0};
	char text[64] = "@";
	char ip[48] = "";
	int one = 1;

	if (address->ss_family == AF_UNIX) {
		if (!admit_unix(server, fd, &peer)) {
			close(fd);
			return;
		}
	} else if (has_too_many_handshakes(server, source)) {
		/* Others wait behind it: it cannot be left in the backlog. */
		close(fd);
		return;
	} else if (address->ss_family == AF_INET || address->ss_family == AF_INET6) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
		format_address(address, text, sizeof(text), ip, sizeof(ip));
	} else {
		close(fd);
		return;
	}
	server_accept(server, fd, &peer, str_from_c(text), str_from_c(ip), source);
}

static void on_readable(void *context, bool readable, bool writable)
{
	struct server_listener *listener = context;
	struct http_server *server = listener->server;

	(void)readable;
	(void)writable;
	for (int i = 0; i < ACCEPTS_PER_TURN && server->is_accepting; i++) {
		struct sockaddr_storage address = {0};
		socklen_t length = sizeof(address);
		int fd = accept4(listener->fd, (struct sockaddr *)&address, &length,
			SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			admit(server, fd, &address);
			server_update_accepting(server);
			continue;
		}
		/* Out of descriptors or memory: they come back when somebody leaves. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			event_timer_start(server->accept_timer, ACCEPT_PAUSE_NS);
			server_update_accepting(server);
		}
		if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

void server_update_accepting(struct http_server *server)
{
	bool accept = !server->is_draining &&
		      server->connection_count < server->limits.maximum_connections &&
		      server->handshake_count < handshakes_maximum(server) &&
		      !event_timer_is_running(server->accept_timer);

	if (accept == server->is_accepting)
		return;
	server->is_accepting = accept;
	for (struct server_listener *at = server->listeners; at; at = at->next)
		event_descriptor_want(at->descriptor, accept, false);
}

static void accept_again(void *context)
{
	server_update_accepting(context);
}

void server_listeners_init(struct http_server *server)
{
	server->accept_timer = event_timer_create(server->io.loop, accept_again, server);
	server->is_accepting = true;
}

void http_server_listen(struct http_server *server, int fd)
{
	struct server_listener *listener = MEMORY_NEW(struct server_listener);

	listener->server = server;
	listener->fd = fd;
	listener->descriptor = event_descriptor_create(server->io.loop, fd, on_readable, listener);
	listener->next = server->listeners;
	server->listeners = listener;
	event_descriptor_want(listener->descriptor, server->is_accepting, false);
}

void server_listeners_fini(struct http_server *server)
{
	struct server_listener *listener;

	while ((listener = server->listeners)) {
		server->listeners = listener->next;
		event_descriptor_destroy(&listener->descriptor);
		memory_free(listener);
	}
	event_timer_destroy(&server->accept_timer);
}
