/* SPDX-License-Identifier: Apache-2.0 */
#include "assertion.h"
#include "sup_config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* A --config file: it is read or refused; what it says, printed and read again, is the same. */

static int write_file(struct str text, char *ret_path, size_t size_bytes)
{
	int fd = memfd_create("config", MFD_CLOEXEC);

	ASSERT(fd >= 0);
	if (write(fd, text.data, text.length) != (ssize_t)text.length)
		ASSERT(text.length == 0);
	snprintf(ret_path, size_bytes, "/proc/self/fd/%d", fd);
	return fd;
}

static int read_text(struct sup_flags *flags, struct str text, struct error *err)
{
	char path[64];
	int fd = write_file(text, path, sizeof(path));
	int result = sup_config_read(flags, path, err);

	close(fd);
	return result;
}

static void check_again(const struct sup_flags *flags, struct arena *arena)
{
	struct sup_flags *again = sup_flags_create();
	struct error err = ERROR_INIT(arena);
	struct buffer file = {0};
	int result;

	sup_config_write(flags, &file);
	result = read_text(again, buffer_str(&file), &err);
	ASSERT(result == 0);
	for (unsigned i = 0; i < SUP_FLAG_COUNT; i++) {
		enum sup_flag_id id = (enum sup_flag_id)i;
		struct str first = sup_flags_echo(flags, id, arena);
		struct str second = sup_flags_echo(again, id, arena);

		ASSERT(str_equal(first, second));
	}
	buffer_fini(&file);
	sup_flags_destroy(&again);
}

const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the text of a string that does not end, once in the life of a process. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_create(0);
	struct sup_flags *flags = sup_flags_create();
	struct error err = ERROR_INIT(arena);
	struct str text = str_from((const char *)data, size);

	/* Another file is another input. */
	if (str_find(text, STR("@include")) == text.length) {
		if (read_text(flags, text, &err) == 0)
			check_again(flags, arena);
		else
			ASSERT(err.message.length > 0);
	}
	sup_flags_destroy(&flags);
	arena_destroy(&arena);
	return 0;
}
