/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include "assertion.h"
#include "buffer.h"
#include "clock.h"
#include "map.h"
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTINGS_MAGIC      0x31534b54u /* "TKS1" */
#define SETTINGS_MAX_BYTES  (64u << 20)
#define SETTINGS_MAX_NAMES  4096u
#define SETTINGS_MAX_VALUES 65536u
#define SETTINGS_SEALS      (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct setting {
	struct str name;
	struct str *values; /* in the arena */
	size_t count;
	size_t capacity;
	struct setting *next;
};

struct settings {
	struct arena *arena;
	struct map index; /* name to struct setting */
	struct setting *first;
	struct setting **end;
	size_t count;
};

struct settings *settings_create(void)
{
	struct settings *settings = MEMORY_NEW(struct settings);

	settings->arena = arena_create(0);
	settings->end = &settings->first;
	return settings;
}

void settings_destroy(struct settings **settings)
{
	if (!*settings)
		return;
	map_fini(&(*settings)->index);
	arena_destroy(&(*settings)->arena);
	memory_free(*settings);
	*settings = NULL;
}

static struct setting *find_or_add(struct settings *settings, struct str name)
{
	struct setting *setting = map_find(&settings->index, name);

	if (setting)
		return setting;
	setting = ARENA_NEW(settings->arena, struct setting);
	setting->name = arena_copy(settings->arena, name);
	*settings->end = setting;
	settings->end = &setting->next;
	settings->count++;
	map_set(&settings->index, setting->name, setting);
	return setting;
}

static void append_value(struct settings *settings, struct setting *setting, struct str value)
{
	if (setting->count == setting->capacity) {
		size_t capacity = setting->capacity ? setting->capacity * 2 : 2;
		struct str *values = ARENA_ARRAY(settings->arena, struct str, capacity);

		if (setting->count)
			memcpy(values, setting->values, setting->count * sizeof(*values));
		setting->values = values;
		setting->capacity = capacity;
	}
	setting->values[setting->count++] = arena_copy(settings->arena, value);
}

void settings_set(struct settings *settings, struct str name, struct str value)
{
	struct setting *setting = find_or_add(settings, name);

	setting->count = 0;
	append_value(settings, setting, value);
}

void settings_add(struct settings *settings, struct str name, struct str value)
{
	append_value(settings, find_or_add(settings, name), value);
}

struct str settings_name(const struct settings *settings, size_t index)
{
	const struct setting *setting = settings->first;

	while (setting && index-- > 0)
		setting = setting->next;
	return setting ? setting->name : STR_EMPTY;
}

size_t settings_count(const struct settings *settings, struct str name)
{
	const struct setting *setting = map_find(&settings->index, name);

	return setting ? setting->count : 0;
}

struct str settings_value(const struct settings *settings, struct str name, size_t index)
{
	const struct setting *setting = map_find(&settings->index, name);

	return setting && index < setting->count ? setting->values[index] : STR_EMPTY;
}

struct str settings_text(const struct settings *settings, const char *name)
{
	return settings_value(settings, str_from_c(name), 0);
}

bool settings_bool(const struct settings *settings, const char *name, bool otherwise)
{
	bool value;

	return str_parse_bool(settings_text(settings, name), &value) ? value : otherwise;
}

int64_t settings_integer(const struct settings *settings, const char *name, int64_t otherwise)
{
	int64_t value;

	return str_parse_i64(settings_text(settings, name), &value) ? value : otherwise;
}

int64_t settings_duration_ns(const struct settings *settings, const char *name, int64_t otherwise)
{
	int64_t value;

	return clock_parse_duration(settings_text(settings, name), &value) ? value : otherwise;
}

static void append_u32(struct buffer *buffer, size_t value)
{
	const char bytes[4] = {(char)(value & 0xff), (char)(value >> 8 & 0xff),
		(char)(value >> 16 & 0xff), (char)(value >> 24 & 0xff)};

	ASSERT(value <= UINT32_MAX);
	buffer_append(buffer, str_from(bytes, sizeof(bytes)));
}

static void append_text(struct buffer *buffer, struct str text)
{
	append_u32(buffer, text.length);
	buffer_append(buffer, text);
}

static void encode(const struct settings *settings, struct buffer *buffer)
{
	append_u32(buffer, SETTINGS_MAGIC);
	append_u32(buffer, settings->count);
	for (const struct setting *setting = settings->first; setting; setting = setting->next) {
		append_text(buffer, setting->name);
		append_u32(buffer, setting->count);
		for (size_t i = 0; i < setting->count; i++)
			append_text(buffer, setting->values[i]);
	}
}

static int write_all(int fd, struct str bytes, struct error *err)
{
	while (bytes.length > 0) {
		ssize_t written = write(fd, bytes.data, bytes.length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(err, errno, "writing settings");
		bytes = str_skip(bytes, (size_t)written);
	}
	return 0;
}

int settings_to_memfd(const struct settings *settings, int *ret_fd, struct error *err)
{
	struct buffer buffer = {0};
	int result = ERROR_RETURN;
	int fd = -1;

	encode(settings, &buffer);
	if (buffer.length > SETTINGS_MAX_BYTES) {
		error_set(err, ERROR_INVALID, "settings are larger than 64 MiB");
		goto out;
	}
	fd = memfd_create("settings", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0) {
		error_set_errno(err, errno, "memfd_create for settings");
		goto out;
	}
	if (write_all(fd, buffer_str(&buffer), err) < 0)
		goto out;
	if (fcntl(fd, F_ADD_SEALS, SETTINGS_SEALS) < 0) {
		error_set_errno(err, errno, "sealing settings");
		goto out;
	}
	*ret_fd = fd;
	fd = -1;
	result = 0;
out:
	if (fd >= 0)
		close(fd);
	if (buffer.data)
		explicit_bzero(buffer.data, buffer.capacity);
	buffer_fini(&buffer);
	return result;
}

static bool take_u32(struct str *rest, uint32_t *ret_value)
{
	const unsigned char *p = (const unsigned char *)rest->data;

	if (rest->length < 4)
		return false;
	*ret_value =
		(uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	*rest = str_skip(*rest, 4);
	return true;
}

static bool take_text(struct str *rest, struct str *ret_text)
{
	uint32_t length;

	if (!take_u32(rest, &length) || length > rest->length)
		return false;
	*ret_text = str_slice(*rest, 0, length);
	*rest = str_skip(*rest, length);
	return true;
}

static bool decode_setting(struct settings *settings, struct str *rest)
{
	struct setting *setting;
	struct str name, value;
	uint32_t count;

	if (!take_text(rest, &name) || str_is_empty(name) || !take_u32(rest, &count))
		return false;
	if (count > SETTINGS_MAX_VALUES || map_find(&settings->index, name))
		return false;
	setting = find_or_add(settings, name);
	for (uint32_t i = 0; i < count; i++) {
		if (!take_text(rest, &value))
			return false;
		append_value(settings, setting, value);
	}
	return true;
}

int settings_decode(struct str encoded, struct settings **ret, struct error *err)
{
	struct settings *settings = settings_create();
	uint32_t magic, count;

	if (!take_u32(&encoded, &magic) || magic != SETTINGS_MAGIC || !take_u32(&encoded, &count) ||
		count > SETTINGS_MAX_NAMES)
		goto malformed;
	for (uint32_t i = 0; i < count; i++) {
		if (!decode_setting(settings, &encoded))
			goto malformed;
	}
	if (!str_is_empty(encoded))
		goto malformed;
	*ret = settings;
	return 0;
malformed:
	settings_destroy(&settings);
	return error_set(err, ERROR_INVALID, "malformed settings");
}

static int read_all(int fd, char *data, size_t size_bytes, struct error *err)
{
	size_t done = 0;

	while (done < size_bytes) {
		ssize_t got = pread(fd, data + done, size_bytes - done, (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "reading settings");
		if (got == 0)
			return error_set(err, ERROR_INVALID, "settings end early");
		done += (size_t)got;
	}
	return 0;
}

int settings_from_memfd(int fd, struct settings **ret, struct error *err)
{
	struct stat status;
	size_t size_bytes;
	char *data;
	int result;

	if (fstat(fd, &status) < 0)
		return error_set_errno(err, errno, "settings descriptor");
	if (status.st_size < 0 || status.st_size > (off_t)SETTINGS_MAX_BYTES)
		return error_set(err, ERROR_INVALID, "settings are larger than 64 MiB");
	/* Unsealed, the sender could change the bytes after they were checked. */
	if ((fcntl(fd, F_GET_SEALS) & SETTINGS_SEALS) != SETTINGS_SEALS)
		return error_set(err, ERROR_INVALID, "settings are not a sealed memfd");
	size_bytes = (size_t)status.st_size;
	data = memory_allocate(size_bytes + 1);
	result = read_all(fd, data, size_bytes, err);
	if (result == 0)
		result = settings_decode(str_from(data, size_bytes), ret, err);
	explicit_bzero(data, size_bytes);
	memory_free(data);
	return result;
}
