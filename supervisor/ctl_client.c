/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_client.h"

#include "buffer.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES 65536u

static int open_connection(const char *state_directory, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(
		address.sun_path, sizeof(address.sun_path), "%s/run/control.sock", state_directory);
	int fd;

	if (length < 0 || (size_t)length >= sizeof(address.sun_path))
		return error_set(err, ERROR_INVALID, "%s is too long for the name of a socket",
			state_directory);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set_errno(err, errno, "socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			error_set(err, ERROR_NOT_FOUND, "no kube-apiserver runs on %s",
				state_directory);
		else
			error_set_errno(err, errno, "%s", address.sun_path);
		close(fd);
		return ERROR_RETURN;
	}
	*ret_fd = fd;
	return 0;
}

static int send_all(int fd, const char *request, struct error *err)
{
	struct arena *arena = arena_create(0);
	struct str line = arena_printf(arena, "%s\n", request);
	int result = 0;

	/* So short that the socket takes it whole. */
	if (send(fd, line.data, line.length, MSG_NOSIGNAL) != (ssize_t)line.length)
		result = error_set_errno(err, errno, "asking the supervisor");
	arena_destroy(&arena);
	return result;
}

/* Returns 1 when the line was the last one. */
static int take(struct str line, ctl_line_fn take_line, void *context, struct error *err)
{
	if (str_equal(line, STR("ok")))
		return 1;
	if (str_starts_with(line, STR("error ")))
		return error_set(err, ERROR_INVALID, "%.*s", (int)line.length - 6, line.data + 6);
	take_line(context, line);
	return 0;
}

int ctl_client_ask(const char *state_directory, const char *request, ctl_line_fn take_line,
	void *context, struct error *err)
{
	struct buffer buffer = {0};
	int fd = -1, result;

	if (open_connection(state_directory, &fd, err) < 0)
		return ERROR_RETURN;
	result = send_all(fd, request, err);
	while (result == 0) {
		ssize_t got = read(fd, buffer_reserve(&buffer, READ_BYTES), READ_BYTES);
		size_t end;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			result = error_set(err, ERROR_UNAVAILABLE, "the supervisor hung up");
			break;
		}
		buffer.length += (size_t)got;
		while (result == 0 &&
			(end = str_find_byte(buffer_str(&buffer), '\n')) < buffer.length) {
			result = take(
				str_slice(buffer_str(&buffer), 0, end), take_line, context, err);
			buffer_consume(&buffer, end + 1);
		}
	}
	buffer_fini(&buffer);
	close(fd);
	return result < 0 ? ERROR_RETURN : 0;
}
