/* SPDX-License-Identifier: Apache-2.0 */
#include "config_file.h"

#include <errno.h>
#include <libconfig.h>
#include <stdio.h>
#include <string.h>

#define MAX_DEPTH       4
#define NUMBER_BYTES    40
#define GOOD_FILE_BYTES (1L << 20)

struct reader {
	const char *path;
	config_entry_fn callback;
	void *context;
	struct error *err;
};

static const char *file_of(const struct reader *reader, const config_setting_t *setting)
{
	const char *file = config_setting_source_file(setting);

	return file ? file : reader->path;
}

/* The value as text; NULL for a type that has none. `number` holds NUMBER_BYTES. */
static const char *text_of(const config_setting_t *setting, char *number)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_STRING:
		return config_setting_get_string(setting);
	case CONFIG_TYPE_BOOL:
		return config_setting_get_bool(setting) ? "true" : "false";
	case CONFIG_TYPE_INT:
		snprintf(number, NUMBER_BYTES, "%d", config_setting_get_int(setting));
		return number;
	case CONFIG_TYPE_INT64:
		snprintf(number, NUMBER_BYTES, "%lld", config_setting_get_int64(setting));
		return number;
	case CONFIG_TYPE_FLOAT:
		snprintf(number, NUMBER_BYTES, "%.15g", config_setting_get_float(setting));
		return number;
	default:
		return NULL;
	}
}

/* `index` in its list, or -1 when it stands in none. */
static int hand_over(struct reader *reader, const config_setting_t *setting, const char *group,
	const char *name, int index)
{
	char number[NUMBER_BYTES];
	const char *text = text_of(setting, number);
	struct config_entry entry = {
		.group = str_from_c(group),
		.name = str_from_c(name),
		.value = str_from_c(text),
		.is_first = index <= 0,
		.is_element = index >= 0,
		.file = file_of(reader, setting),
		.line = config_setting_source_line(setting),
	};
	int result;

	if (!text)
		return error_set(reader->err, ERROR_INVALID,
			"%s:%u: \"%s\" must be a text, number or boolean, or a list of these",
			entry.file, entry.line, name);
	result = reader->callback(reader->context, &entry, reader->err);
	if (result < 0)
		return error_wrap(reader->err, "%s:%u", entry.file, entry.line);
	return 0;
}

static int hand_over_empty(struct reader *reader, const config_setting_t *list, const char *group)
{
	struct config_entry entry = {
		.group = str_from_c(group),
		.name = str_from_c(config_setting_name(list)),
		.is_first = true,
		.is_empty = true,
		.file = file_of(reader, list),
		.line = config_setting_source_line(list),
	};

	if (reader->callback(reader->context, &entry, reader->err) < 0)
		return error_wrap(reader->err, "%s:%u", entry.file, entry.line);
	return 0;
}

static int read_list(struct reader *reader, config_setting_t *list, const char *group)
{
	const char *name = config_setting_name(list);

	if (config_setting_length(list) == 0)
		return hand_over_empty(reader, list, group);
	for (int i = 0; i < config_setting_length(list); i++) {
		const config_setting_t *element = config_setting_get_elem(list, (unsigned)i);

		if (hand_over(reader, element, group, name, i) < 0)
			return ERROR_RETURN;
	}
	return 0;
}

static int read_group(
	struct reader *reader, config_setting_t *group, const char *group_name, int depth)
{
	if (depth > MAX_DEPTH)
		return error_set(reader->err, ERROR_INVALID, "%s:%u: groups nest too deep",
			file_of(reader, group), (unsigned)config_setting_source_line(group));
	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(setting);
		int result;

		if (config_setting_is_group(setting))
			result = read_group(reader, setting, name, depth + 1);
		else if (config_setting_is_aggregate(setting))
			result = read_list(reader, setting, group_name);
		else
			result = hand_over(reader, setting, group_name, name, -1);
		if (result < 0)
			return ERROR_RETURN;
	}
	return 0;
}

int config_file_read(const char *path, config_entry_fn callback, void *context, struct error *err)
{
	struct reader reader = {path, callback, context, err};
	FILE *file = fopen(path, "re");
	config_t config;
	int result;

	if (!file)
		return error_set_errno(err, errno, "%s", path);
	/* libconfig reads all of it into memory: a wrong path should not fill that. */
	if (fseek(file, 0, SEEK_END) == 0 && ftell(file) > GOOD_FILE_BYTES) {
		fclose(file);
		return error_set(err, ERROR_TOO_LARGE, "%s: larger than 1 MiB", path);
	}
	rewind(file);
	config_init(&config);
	if (config_read(&config, file) == CONFIG_TRUE) {
		result = read_group(&reader, config_root_setting(&config), NULL, 0);
	} else {
		const char *where = config_error_file(&config);

		result = error_set(err, ERROR_INVALID, "%s:%d: %s", where ? where : path,
			config_error_line(&config), config_error_text(&config));
	}
	config_destroy(&config);
	fclose(file);
	return result;
}
