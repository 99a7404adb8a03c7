/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_BYTES (8u << 20)
#define READ_BYTES     65536u

int sup_file_read(const char *path, struct buffer *buffer, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	ssize_t got = 1;

	if (fd < 0)
		return error_set_errno(err, errno, "open %s", path);
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		close(fd);
		return error_set_errno(err, EISDIR, "read %s", path);
	}
	while (got > 0 && buffer->length <= FILE_MAX_BYTES) {
		got = read(fd, buffer_reserve(buffer, READ_BYTES), READ_BYTES);
		if (got > 0)
			buffer->length += (size_t)got;
	}
	if (got < 0)
		error_set_errno(err, errno, "read %s", path);
	else if (buffer->length > FILE_MAX_BYTES)
		got = error_set(err, ERROR_TOO_LARGE, "read %s: larger than %u bytes", path,
			FILE_MAX_BYTES);
	close(fd);
	return got < 0 ? ERROR_RETURN : 0;
}
