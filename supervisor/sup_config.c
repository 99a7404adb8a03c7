/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_config.h"

#include "config_file.h"
#include "sup_flag_value.h"
#include "sup_server.h"
#include "sup_text.h"

/* What a server's own section may say, and the map flag that holds it. */
static const struct server_setting {
	struct str name;
	enum sup_flag_id id;
} server_settings[] = {
	{STR_INIT("cpus"), SUP_FLAG_SERVER_CPUS},
	{STR_INIT("group"), SUP_FLAG_SERVER_GROUPS},
	{STR_INIT("memory-limit"), SUP_FLAG_SERVER_MEMORY_LIMITS},
	{STR_INIT("nice"), SUP_FLAG_SERVER_NICE},
	{STR_INIT("restart"), SUP_FLAG_SERVER_RESTART},
	{STR_INIT("user"), SUP_FLAG_SERVER_USERS},
	{STR_INIT("worker-loops"), SUP_FLAG_SERVER_WORKER_LOOPS},
};

/* Flags that say what to do now, not how to run. */
static bool is_for_the_command_line(enum sup_flag_id id)
{
	return id == SUP_FLAG_CONFIG || id == SUP_FLAG_HELP || id == SUP_FLAG_VERSION ||
	       id == SUP_FLAG_PRINT_CONFIG || id == SUP_FLAG_VALIDATE_ONLY;
}

static const char *server_named(struct str name)
{
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		const struct sup_server *server = sup_server_get((enum sup_server_id)id);

		if (str_equal_c(name, server->name) || str_equal_c(name, server->program))
			return server->name;
	}
	return NULL;
}

static const struct server_setting *server_setting_named(struct str name)
{
	for (size_t i = 0; i < sizeof(server_settings) / sizeof(*server_settings); i++) {
		if (str_equal(name, server_settings[i].name))
			return &server_settings[i];
	}
	return NULL;
}

static int set_pair(struct sup_flags *flags, const struct sup_flag *flag, struct str key,
	struct str value, struct error *err)
{
	struct arena *arena = arena_create(0);
	struct str pair = arena_printf(arena, "%.*s=%.*s", STR_ARG(key), STR_ARG(value));
	int result;

	/* As it is: a comma in the value belongs to it. */
	if (flag->type == SUP_FLAG_TYPE_MAP_BOOL)
		result = sup_flags_set(flags, flag, SUP_SOURCE_FILE, pair, err);
	else
		result = sup_flags_add_item(flags, flag, SUP_SOURCE_FILE, pair, err);
	arena_destroy(&arena);
	return result;
}

static int set_for_server(struct sup_flags *flags, const char *server,
	const struct config_entry *entry, struct error *err)
{
	const struct server_setting *setting = server_setting_named(entry->name);

	if (!setting)
		return error_set(err, ERROR_INVALID, "unknown setting \"%.*s\" of server \"%s\"",
			STR_ARG(entry->name), server);
	return set_pair(flags, sup_flag_get(setting->id), str_from_c(server), entry->value, err);
}

/* What is split at commas on the command line stands apart in a list already. */
static bool is_one_pair(enum sup_flag_type type, const struct config_entry *entry)
{
	return type == SUP_FLAG_TYPE_STRING_TO_STRING || type == SUP_FLAG_TYPE_PAIRS ||
	       (type == SUP_FLAG_TYPE_MAP && entry->is_element);
}

static int set_flag(struct sup_flags *flags, const struct sup_flag *flag,
	const struct config_entry *entry, struct error *err)
{
	if (is_for_the_command_line(sup_flag_id(flag)))
		return error_set(err, ERROR_INVALID, "\"%s\" cannot be set in a file", flag->name);
	if (entry->is_first)
		sup_flag_warn(flag);
	if (entry->is_empty) {
		sup_flags_clear(flags, flag, SUP_SOURCE_FILE);
		return 0;
	}
	if (is_one_pair(flag->type, entry))
		return sup_flags_add_item(flags, flag, SUP_SOURCE_FILE, entry->value, err);
	if (sup_flags_set(flags, flag, SUP_SOURCE_FILE, entry->value, err) < 0)
		return error_wrap(err, "invalid value \"%.*s\" for \"%.*s\"", STR_ARG(entry->value),
			STR_ARG(entry->name));
	return 0;
}

static int take_entry(void *context, const struct config_entry *entry, struct error *err)
{
	struct sup_flags *flags = context;
	const char *server = server_named(entry->group);
	const struct sup_flag *group = sup_flag_find(entry->group);
	const struct sup_flag *flag = sup_flag_find(entry->name);

	if (server && !entry->is_empty)
		return set_for_server(flags, server, entry, err);
	if (group && sup_flag_value_is_map(group->type) && !entry->is_empty)
		return set_pair(flags, group, entry->name, entry->value, err);
	if (!flag)
		return error_set(
			err, ERROR_INVALID, "unknown setting \"%.*s\"", STR_ARG(entry->name));
	return set_flag(flags, flag, entry, err);
}

int sup_config_read(struct sup_flags *flags, const char *path, struct error *err)
{
	return config_file_read(path, take_entry, flags, err);
}

/* Booleans and small numbers stand as they are, all else in quotes. */
static struct str format_value(struct arena *arena, enum sup_flag_type type, struct str value)
{
	int64_t number;

	if (type == SUP_FLAG_TYPE_BOOL && !str_is_empty(value))
		return value;
	if ((type == SUP_FLAG_TYPE_INT || type == SUP_FLAG_TYPE_UINT ||
		    type == SUP_FLAG_TYPE_LEVEL) &&
		str_parse_i64(value, &number) && number > INT32_MIN && number <= INT32_MAX)
		return value;
	if (sup_flag_value_is_csv(type))
		value = sup_text_csv_field(arena, value);
	return sup_text_quote_config(arena, value);
}

static void write_flag(const struct sup_flags *flags, const struct sup_flag *flag,
	struct arena *arena, struct buffer *buffer)
{
	enum sup_flag_id id = sup_flag_id(flag);
	size_t count = sup_flags_count(flags, id);
	bool is_list = sup_flag_value_is_list(flag->type);
	/* These are read as one text each time, whole. */
	bool is_whole =
		flag->type == SUP_FLAG_TYPE_CIDRS || flag->type == SUP_FLAG_TYPE_MODULE_SPEC;

	buffer_printf(buffer, "\t%s = ", flag->name);
	if (is_whole || !is_list) {
		struct str value =
			is_whole ? sup_flags_echo(flags, id, arena) : sup_flags_text(flags, id);

		value = format_value(arena, flag->type, value);
		buffer_append(buffer, value);
	} else {
		buffer_append(buffer, STR("["));
		for (size_t i = 0; i < count; i++) {
			struct str value =
				format_value(arena, flag->type, sup_flags_value(flags, id, i));

			buffer_printf(buffer, "%s%.*s", i ? ", " : " ", STR_ARG(value));
		}
		buffer_append(buffer, count ? STR(" ]") : STR("]"));
	}
	buffer_append(buffer, STR(";"));
	if (!sup_flags_is_set(flags, id))
		buffer_append(buffer, STR(" # default"));
	buffer_append_byte(buffer, '\n');
}

static bool is_written(const struct sup_flags *flags, const struct sup_flag *flag)
{
	enum sup_flag_id id = sup_flag_id(flag);

	if (flag->variable != id || is_for_the_command_line(id))
		return false;
	/* Nobody need be warned of what nobody asked for. */
	return !flag->deprecated || sup_flags_is_set(flags, id);
}

static void append_group_name(struct buffer *buffer, const char *title)
{
	for (const char *c = title; *c; c++)
		buffer_append_byte(buffer, *c == ' ' ? '-' : (char)(*c | 0x20));
}

void sup_config_write(const struct sup_flags *flags, struct buffer *buffer)
{
	const struct sup_flag *sorted[SUP_FLAG_COUNT];
	struct arena *arena = arena_create(0);

	sup_flags_sort(sorted);
	buffer_append(buffer, STR("# For kube-apiserver --config=FILE.\n"));
	for (unsigned section = 0; section < SUP_SECTION_COUNT; section++) {
		size_t count = 0;

		for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
			if (sorted[i]->section != section || !is_written(flags, sorted[i]))
				continue;
			if (count++ == 0) {
				buffer_append_byte(buffer, '\n');
				append_group_name(buffer, sup_flag_section_title(section));
				buffer_append(buffer, STR(": {\n"));
			}
			write_flag(flags, sorted[i], arena, buffer);
		}
		if (count > 0)
			buffer_append(buffer, STR("};\n"));
	}
	arena_destroy(&arena);
}
