/* SPDX-License-Identifier: Apache-2.0 */
#include "child_channel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for more descriptors than allowed, so that surplus ones are seen and closed. */
#define MAX_DESCRIPTORS 8

int child_channel_send(int channel, enum child_message_type type, int fd, struct error *err,
	const char *format, ...)
{
	struct child_message message = {.version = CHILD_CONTRACT_VERSION, .type = (uint32_t)type};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {&message, sizeof(message)};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message.text, sizeof(message.text), format, arguments);
	va_end(arguments);
	if (fd >= 0) {
		header.msg_control = control.bytes;
		header.msg_controllen = sizeof(control.bytes);
		struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);

		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	for (;;) {
		if (sendmsg(channel, &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno != EINTR)
			return error_set_errno(err, errno, "sending message %d", (int)type);
	}
}

/* Takes the first descriptor, closes all others; returns how many there were. */
static size_t take_descriptors(struct msghdr *header, int *ret_fd)
{
	size_t total = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (total++ == 0)
				*ret_fd = fd;
			else
				close(fd);
		}
	}
	return total;
}

static void clean_text(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	}
}

int child_channel_receive(
	int channel, struct child_message *ret_message, int *ret_fd, struct error *err)
{
	struct child_message message;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * MAX_DESCRIPTORS)];
	} control;
	struct iovec iov = {&message, sizeof(message)};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
	int fd = -1;
	ssize_t got;

	do {
		header.msg_control = control.bytes;
		header.msg_controllen = sizeof(control.bytes);
		got = recvmsg(channel, &header, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return CHILD_CHANNEL_EMPTY;
	if (got == 0 || (got < 0 && errno == ECONNRESET))
		return CHILD_CHANNEL_CLOSED;
	if (got < 0)
		return error_set_errno(err, errno, "receiving a message");

	size_t descriptors = take_descriptors(&header, &fd);

	if (got != (ssize_t)sizeof(message) || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ||
		descriptors > 1 || message.version != CHILD_CONTRACT_VERSION) {
		if (fd >= 0)
			close(fd);
		return error_set(err, ERROR_INVALID, "malformed message of %zd bytes", got);
	}
	clean_text(message.text, sizeof(message.text));
	*ret_message = message;
	*ret_fd = fd;
	return 0;
}
