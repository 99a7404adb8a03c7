/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_listen.h"

#include "clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096
/* A predecessor that was killed leaves servers that hold its sockets until they see its end. */
#define PREDECESSOR_WAIT_NS  3000000000ull
#define PREDECESSOR_RETRY_MS 10

static void set_option(int fd, int level, int name, int value)
{
	/* Tuning only: a system that refuses is still served. */
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

static int bind_patiently(
	int fd, const struct sockaddr *address, socklen_t length, bool has_predecessor)
{
	uint64_t deadline_ns = clock_now_ns() + (has_predecessor ? PREDECESSOR_WAIT_NS : 0);

	for (;;) {
		if (bind(fd, address, length) == 0 && listen(fd, BACKLOG) == 0)
			return 0;
		if (errno != EADDRINUSE || clock_now_ns() >= deadline_ns)
			return -1;
		poll(NULL, 0, PREDECESSOR_RETRY_MS);
	}
}

static int open_port(const struct sup_options *options, const struct sup_state *state,
	const struct sup_ip *ip, unsigned port, int *ret_fd, struct error *err)
{
	struct sockaddr_storage address;
	socklen_t length = sup_ip_to_sockaddr(ip, port, &address);
	struct str text = sup_ip_format_port(options->arena, ip, port);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		goto failed;
	/* Accepted sockets inherit these. */
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (options->shares_port)
		set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 180);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 180);
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (bind_patiently(fd, (struct sockaddr *)&address, length, state->has_predecessor) < 0)
		goto failed;
	*ret_fd = fd;
	return 0;
failed:
	error_set_errno(
		err, errno, "failed to create listener: failed to listen on %.*s", STR_ARG(text));
	if (fd >= 0)
		close(fd);
	return ERROR_RETURN;
}

/* Everything that clients may come to. */
static int open_ports(const struct sup_options *options, const struct sup_state *state,
	struct sup_listeners *listeners, struct error *err)
{
	if (open_port(options, state, &options->bind_address, options->secure_port,
		    &listeners->secure, err) < 0)
		return ERROR_RETURN;
	if (options->insecure_port == 0)
		return 0;
	return open_port(options, state, &options->insecure_bind_address, options->insecure_port,
		&listeners->insecure, err);
}

int sup_listen_unix(const char *path, const gid_t *group, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, ERROR_INVALID,
			"%s is longer than the %zu bytes that the name of a socket may have: "
			"use a shorter --state-dir",
			path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set_errno(err, errno, "removing %s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set_errno(err, errno, "socket for %s", path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0600) < 0 ||
		(group && chown(path, geteuid(), *group) < 0) || (group && chmod(path, 0660) < 0) ||
		listen(fd, BACKLOG) < 0) {
		error_set_errno(err, errno, "listening on %s", path);
		close(fd);
		return ERROR_RETURN;
	}
	*ret_fd = fd;
	return 0;
}

static int write_addresses(
	const struct sup_options *options, const struct sup_state *state, struct error *err)
{
	struct str secure =
		sup_ip_format_port(options->arena, &options->bind_address, options->secure_port);
	struct str text = arena_printf(options->arena, "secure %.*s\n", STR_ARG(secure));

	if (options->insecure_port != 0)
		text = arena_printf(options->arena, "%.*sinsecure %.*s\n", STR_ARG(text),
			STR_ARG(sup_ip_format_port(options->arena, &options->insecure_bind_address,
				options->insecure_port)));
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++)
		text = arena_printf(options->arena, "%.*s%s %s\n", STR_ARG(text),
			sup_server_get((enum sup_server_id)id)->name, state->users[id].socket_path);
	return sup_state_write_addresses(state, text, err);
}

int sup_listeners_open(const struct sup_options *options, const struct sup_state *state,
	struct sup_listeners *ret, struct error *err)
{
	struct sup_listeners listeners = {.secure = -1, .insecure = -1};

	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++)
		listeners.private[id] = -1;
	if (open_ports(options, state, &listeners, err) < 0)
		goto failed;
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		if (sup_listen_unix(state->users[id].socket_path,
			    state->has_own_users ? &state->socket_gid : NULL,
			    &listeners.private[id], err) < 0)
			goto failed;
	}
	if (write_addresses(options, state, err) < 0)
		goto failed;
	*ret = listeners;
	return 0;
failed:
	sup_listeners_close(&listeners);
	return ERROR_RETURN;
}

void sup_listeners_close(struct sup_listeners *listeners)
{
	if (listeners->secure >= 0)
		close(listeners->secure);
	listeners->secure = -1;
	if (listeners->insecure >= 0)
		close(listeners->insecure);
	listeners->insecure = -1;
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		if (listeners->private[id] >= 0)
			close(listeners->private[id]);
		listeners->private[id] = -1;
	}
}
