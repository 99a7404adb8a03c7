/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_BYTES (1u << 20)

int pki_file_make_directory(struct arena *arena, const char *path, mode_t mode, struct error *err)
{
	struct str text = str_from_c(path);

	for (size_t i = 1; i <= text.length; i++) {
		if (i < text.length && text.data[i] != '/')
			continue;
		const char *part = arena_copy_c(arena, str_slice(text, 0, i));

		if (mkdir(part, i < text.length ? 0755 : mode) < 0 && errno != EEXIST)
			return error_set_errno(err, errno, "mkdir %s", part);
	}
	return 0;
}

static int write_and_sync(int fd, struct str text)
{
	while (!str_is_empty(text)) {
		ssize_t written = write(fd, text.data, text.length);

		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0)
			text = str_skip(text, (size_t)written);
	}
	return fsync(fd);
}

int pki_file_write(
	struct arena *arena, const char *path, struct str text, mode_t mode, struct error *err)
{
	const char *beside = arena_printf(arena, "%s.new", path).data;
	int fd;

	unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return error_set_errno(err, errno, "open %s", beside);
	if (fchmod(fd, mode) < 0 || write_and_sync(fd, text) < 0 || rename(beside, path) < 0) {
		error_set_errno(err, errno, "write %s", path);
		close(fd);
		unlink(beside);
		return ERROR_RETURN;
	}
	close(fd);
	return 0;
}

int pki_file_read(struct arena *arena, const char *path, struct str *ret_text, struct error *err)
{
	struct buffer buffer = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;

	if (fd < 0)
		return error_set_errno(err, errno, "open %s", path);
	while (got > 0 && buffer.length < FILE_MAX_BYTES) {
		got = read(fd, buffer_reserve(&buffer, 16384), 16384);
		if (got > 0)
			buffer.length += (size_t)got;
	}
	if (got < 0)
		error_set_errno(err, errno, "read %s", path);
	else
		*ret_text = arena_copy(arena, buffer_str(&buffer));
	close(fd);
	buffer_fini(&buffer);
	return got < 0 ? ERROR_RETURN : 0;
}
