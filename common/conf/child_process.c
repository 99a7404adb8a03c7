/* SPDX-License-Identifier: Apache-2.0 */
#include "child_process.h"

#include "buffer.h"
#include "jail.h"
#include "log.h"
#include "memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_LISTENERS 16

struct child_process {
	struct settings *settings;
	struct settings *next_settings;
};

static int check_socket(int fd, int type, bool listening, const char *what, struct error *err)
{
	int value = 0;
	socklen_t length = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &length) < 0)
		return error_set_errno(err, errno, "descriptor %d (%s)", fd, what);
	if (value != type)
		return error_set(err, ERROR_INVALID, "descriptor %d (%s) is a socket of type %d",
			fd, what, value);
	length = sizeof(value);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) < 0)
		return error_set_errno(err, errno, "descriptor %d (%s)", fd, what);
	if ((value != 0) != listening)
		return error_set(err, ERROR_INVALID, "descriptor %d (%s) %s", fd, what,
			listening ? "does not listen" : "listens");
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return error_set_errno(err, errno, "descriptor %d (%s)", fd, what);
	return 0;
}

/* A descriptor that we were not meant to have could be a door into another process. */
static int check_no_others(int highest, struct error *err)
{
	DIR *directory = opendir("/proc/self/fd");
	int result = 0;

	if (!directory)
		return error_set_errno(err, errno, "/proc/self/fd");
	for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
		uint64_t fd;

		if (!str_parse_u64(str_from_c(entry->d_name), INT32_MAX, &fd))
			continue;
		if ((int)fd > highest && (int)fd != dirfd(directory))
			result = error_set(err, ERROR_INVALID,
				"descriptor %d is open but not part of the contract", (int)fd);
	}
	closedir(directory);
	return result;
}

static int check_descriptors(const struct settings *settings, struct error *err)
{
	size_t listeners = settings_count(settings, STR("internal.listeners"));

	if (listeners > MAX_LISTENERS)
		return error_set(err, ERROR_INVALID, "%zu listeners", listeners);
	for (size_t i = 0; i < listeners; i++) {
		if (check_socket(CHILD_FD_LISTENERS + (int)i, SOCK_STREAM, true, "listener", err) <
			0)
			return ERROR_RETURN;
	}
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			return error_set_errno(err, errno, "descriptor %d", fd);
	}
	return check_no_others(CHILD_FD_LISTENERS + (int)listeners - 1, err);
}

static void set_log(const struct settings *settings)
{
	struct buffer modules = {0};

	for (size_t i = 0; i < settings_count(settings, STR("vmodule")); i++) {
		struct str item = settings_value(settings, STR("vmodule"), i);

		buffer_printf(&modules, "%s%.*s", i ? "," : "", STR_ARG(item));
	}
	buffer_append_byte(&modules, '\0');
	log_set_modules(modules.data);
	buffer_fini(&modules);
	log_set_verbosity((int)settings_integer(settings, "v", 0));
	log_set_format(str_equal(settings_text(settings, "logging-format"), STR("json"))
			       ? LOG_FORMAT_JSON
			       : LOG_FORMAT_TEXT);
}

int child_process_open(struct child_process **ret, struct error *err)
{
	struct child_process *child = MEMORY_NEW(struct child_process);

	if (check_socket(CHILD_FD_CONTROL, SOCK_SEQPACKET, false, "control", err) < 0)
		goto failed;
	if (settings_from_memfd(CHILD_FD_SETTINGS, &child->settings, err) < 0)
		goto failed;
	if (check_descriptors(child->settings, err) < 0)
		goto failed;
	close(CHILD_FD_SETTINGS);
	set_log(child->settings);
	*ret = child;
	return 0;
failed:
	child_process_close(&child);
	return ERROR_RETURN;
}

void child_process_close(struct child_process **child)
{
	if (!*child)
		return;
	settings_destroy(&(*child)->settings);
	settings_destroy(&(*child)->next_settings);
	memory_free(*child);
	*child = NULL;
}

const struct settings *child_process_settings(const struct child_process *child)
{
	return child->settings;
}

const struct settings *child_process_next_settings(const struct child_process *child)
{
	return child->next_settings;
}

int child_process_listener(const struct child_process *child, struct str name)
{
	size_t count = settings_count(child->settings, STR("internal.listeners"));

	for (size_t i = 0; i < count; i++) {
		if (str_equal(settings_value(child->settings, STR("internal.listeners"), i), name))
			return CHILD_FD_LISTENERS + (int)i;
	}
	return -1;
}

void child_process_send(
	struct child_process *child, enum child_message_type type, const char *format, ...)
{
	char text[sizeof(((struct child_message *)0)->text)];
	va_list arguments;

	(void)child;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	child_channel_send(CHILD_FD_CONTROL, type, -1, NULL, "%s", text);
}

static struct str *values_of(
	const struct settings *settings, struct str name, struct arena *arena, size_t *ret_count)
{
	size_t count = settings_count(settings, name);
	struct str *values = ARENA_ARRAY(arena, struct str, count + 1);

	for (size_t i = 0; i < count; i++)
		values[i] = settings_value(settings, name, i);
	*ret_count = count;
	return values;
}

int child_process_enter_jail(struct child_process *child, struct error *err)
{
	const struct settings *settings = child->settings;
	struct arena *arena = arena_create(0);
	struct jail_options options = {0};
	struct str missing = STR_EMPTY;
	int result;

	options.writable_paths =
		values_of(settings, STR("internal.jail.writable"), arena, &options.writable_count);
	options.readable_paths =
		values_of(settings, STR("internal.jail.readable"), arena, &options.readable_count);
	options.max_open_files =
		(uint64_t)settings_integer(settings, "internal.jail.open-files", 0);
	result = jail_enter(&options, arena, &missing, err);
	if (result == 0 && !str_is_empty(missing))
		child_process_send(
			child, CHILD_MESSAGE_STATUS, "walls missing: %.*s", STR_ARG(missing));
	arena_destroy(&arena);
	return result;
}

static int read_next_settings(struct child_process *child, int fd, struct error *err)
{
	settings_destroy(&child->next_settings);
	if (fd < 0)
		return error_set(err, ERROR_INVALID, "RELOAD came without settings");

	return settings_from_memfd(fd, &child->next_settings, err);
}

int child_process_receive(
	struct child_process *child, struct child_message *ret_message, struct error *err)
{
	struct child_message message;
	int fd = -1;
	int result = child_channel_receive(CHILD_FD_CONTROL, &message, &fd, err);

	if (result != 0)
		return result;
	if (message.type == CHILD_MESSAGE_RELOAD)
		result = read_next_settings(child, fd, err);
	else if (fd >= 0)
		result = error_set(
			err, ERROR_INVALID, "message %u came with a descriptor", message.type);
	if (fd >= 0)
		close(fd);
	if (result == 0)
		*ret_message = message;
	return result;
}

void child_process_finish_reload(struct child_process *child, bool accepted, struct str why)
{
	if (accepted && child->next_settings) {
		settings_destroy(&child->settings);
		child->settings = child->next_settings;
		child->next_settings = NULL;
		set_log(child->settings);
	} else {
		settings_destroy(&child->next_settings);
	}
	child_process_send(
		child, CHILD_MESSAGE_RELOADED, "%.*s", STR_ARG(accepted ? STR_EMPTY : why));
}
