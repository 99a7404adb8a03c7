/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_flag.h"

#include "assertion.h"
#include "clock.h"
#include "config_file.h"
#include "log.h"
#include "memory.h"
#include "sup_flag_value.h"

#include <stdio.h>
#include <stdlib.h>

static const struct sup_flag table[SUP_FLAG_COUNT] = {
#define FLAG(section, identifier, name, short_name, type, otherwise, servers, deprecated, help)    \
	[SUP_FLAG_##identifier] = {SUP_SECTION_##section, name, short_name, SUP_FLAG_TYPE_##type,  \
		otherwise, servers, deprecated, help},
#include "flags.def"
#undef FLAG
};

struct sup_flags {
	struct arena *arena;
	struct sup_flag_values values[SUP_FLAG_COUNT];
};

struct sup_flags *sup_flags_create(void)
{
	struct sup_flags *flags = MEMORY_NEW(struct sup_flags);

	flags->arena = arena_create(0);
	for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
		int result = sup_flag_value_parse(table[i].type, flags->arena, &flags->values[i],
			str_from_c(table[i].otherwise), NULL);

		/* A type without a zero value in its text form simply has no value. */
		ASSERT(result == 0 || table[i].otherwise[0] == '\0');
		if (table[i].otherwise[0] == '\0')
			flags->values[i].count = 0;
	}
	return flags;
}

void sup_flags_destroy(struct sup_flags **flags)
{
	if (!*flags)
		return;
	arena_destroy(&(*flags)->arena);
	memory_free(*flags);
	*flags = NULL;
}

const struct sup_flag *sup_flag_get(enum sup_flag_id id)
{
	ASSERT((unsigned)id < SUP_FLAG_COUNT);
	return &table[id];
}

static bool is_same_name(struct str name, const char *flag_name)
{
	if (name.length != strlen(flag_name))
		return false;
	for (size_t i = 0; i < name.length; i++) {
		char c = name.data[i] == '_' ? '-' : name.data[i];

		if (c != flag_name[i])
			return false;
	}
	return true;
}

const struct sup_flag *sup_flag_find(struct str name)
{
	for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
		if (is_same_name(name, table[i].name))
			return &table[i];
	}
	return NULL;
}

static const struct sup_flag *find_short(char short_name)
{
	for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
		if (table[i].short_name == short_name && short_name != '\0')
			return &table[i];
	}
	return NULL;
}

int sup_flags_set(struct sup_flags *flags, const struct sup_flag *flag, enum sup_flag_source source,
	struct str text, struct error *err)
{
	struct sup_flag_values *values = &flags->values[flag - table];
	struct sup_flag_values changed = *values;

	if (source < values->source)
		return 0;
	if (source > values->source)
		changed = (struct sup_flag_values){.source = source};
	if (sup_flag_value_parse(flag->type, flags->arena, &changed, text, err) < 0)
		return ERROR_RETURN;
	*values = changed;
	return 0;
}

static int set_from_word(
	struct sup_flags *flags, const struct sup_flag *flag, struct str text, struct error *err)
{
	if (sup_flags_set(flags, flag, SUP_SOURCE_COMMAND_LINE, text, err) < 0) {
		if (flag->short_name)
			return error_wrap(err, "invalid argument \"%.*s\" for \"-%c, --%s\" flag",
				STR_ARG(text), flag->short_name, flag->name);
		return error_wrap(err, "invalid argument \"%.*s\" for \"--%s\" flag", STR_ARG(text),
			flag->name);
	}
	if (flag->deprecated)
		fprintf(stderr, "Flag --%s has been deprecated, %s\n", flag->name,
			flag->deprecated);
	return 0;
}

struct words {
	int count;
	char *const *values;
	int next;
};

/* "--name", "--name=value", "--name value". */
static int parse_long(
	struct sup_flags *flags, struct str word, struct words *words, struct error *err)
{
	struct str body = str_skip(word, 2);
	size_t equals = str_find_byte(body, '=');
	struct str name = str_slice(body, 0, equals);
	const struct sup_flag *flag;

	if (equals == 0 || str_starts_with(body, STR("-")))
		return error_set(err, ERROR_INVALID, "bad flag syntax: %.*s", STR_ARG(word));
	flag = sup_flag_find(name);
	if (!flag)
		return error_set(err, ERROR_INVALID, "unknown flag: --%.*s", STR_ARG(name));
	if (equals < body.length)
		return set_from_word(flags, flag, str_skip(body, equals + 1), err);
	if (sup_flag_value_is_optional(flag->type))
		return set_from_word(flags, flag, STR("true"), err);
	if (words->next >= words->count)
		return error_set(
			err, ERROR_INVALID, "flag needs an argument: --%.*s", STR_ARG(name));
	return set_from_word(flags, flag, str_from_c(words->values[words->next++]), err);
}

/* "-v2", "-v=2", "-v 2", "-h"; several without a value may stand together. */
static int parse_short(
	struct sup_flags *flags, struct str word, struct words *words, struct error *err)
{
	for (size_t i = 1; i < word.length; i++) {
		const struct sup_flag *flag = find_short(word.data[i]);
		struct str rest = str_skip(word, i + 1);

		if (!flag)
			return error_set(err, ERROR_INVALID, "unknown shorthand flag: '%c' in %.*s",
				word.data[i], STR_ARG(word));
		if (rest.length > 1 && rest.data[0] == '=')
			return set_from_word(flags, flag, str_skip(rest, 1), err);
		if (!sup_flag_value_is_optional(flag->type) && !str_is_empty(rest))
			return set_from_word(flags, flag, rest, err);
		if (!sup_flag_value_is_optional(flag->type)) {
			if (words->next >= words->count)
				return error_set(err, ERROR_INVALID,
					"flag needs an argument: '%c' in %.*s", word.data[i],
					STR_ARG(word));
			return set_from_word(
				flags, flag, str_from_c(words->values[words->next++]), err);
		}
		if (set_from_word(flags, flag, STR("true"), err) < 0)
			return ERROR_RETURN;
	}
	return 0;
}

static int refuse_words(char *const *values, int count, struct error *err)
{
	struct arena *arena = arena_create(0);
	struct str list = STR_EMPTY;

	for (int i = 0; i < count; i++)
		list = arena_printf(arena, "%.*s%s\"%s\"", STR_ARG(list), i ? " " : "", values[i]);
	error_set(err, ERROR_INVALID, "\"kube-apiserver\" does not take any arguments, got [%.*s]",
		STR_ARG(list));
	arena_destroy(&arena);
	return ERROR_RETURN;
}

int sup_flags_parse(struct sup_flags *flags, int argc, char *const *argv, struct error *err)
{
	struct words words = {argc, argv, 1};
	char **arguments = memory_allocate_zeroed((size_t)argc + 1, sizeof(*arguments));
	int argument_count = 0;
	int result = 0;

	while (result == 0 && words.next < argc) {
		struct str word = str_from_c(argv[words.next++]);

		if (str_equal(word, STR("--"))) {
			while (words.next < argc)
				arguments[argument_count++] = argv[words.next++];
		} else if (str_starts_with(word, STR("--"))) {
			result = parse_long(flags, word, &words, err);
		} else if (word.length > 1 && word.data[0] == '-') {
			result = parse_short(flags, word, &words, err);
		} else {
			arguments[argument_count++] = argv[words.next - 1];
		}
	}
	if (result == 0 && argument_count > 0)
		result = refuse_words(arguments, argument_count, err);
	memory_free(arguments);
	return result;
}

static int set_from_config(void *context, const struct config_entry *entry, struct error *err)
{
	struct sup_flags *flags = context;
	const struct sup_flag *group = sup_flag_find(entry->group);
	const struct sup_flag *flag = sup_flag_find(entry->name);
	struct str value = entry->value;
	struct arena *arena;
	int result;

	if (group && !sup_flag_value_is_map(group->type))
		group = NULL;
	if (!group && !flag)
		return error_set(
			err, ERROR_INVALID, "unknown setting \"%.*s\"", STR_ARG(entry->name));
	if (!group && flag == &table[SUP_FLAG_CONFIG])
		return error_set(err, ERROR_INVALID, "\"config\" cannot be set in a file");
	arena = arena_create(0);
	/* A group with the name of a map flag holds its pairs. */
	if (group)
		value = arena_printf(arena, "%.*s=%.*s", STR_ARG(entry->name), STR_ARG(value));
	result = sup_flags_set(flags, group ? group : flag, SUP_SOURCE_FILE, value, err);
	if (result < 0)
		error_wrap(err, "invalid value \"%.*s\" for \"%.*s\"", STR_ARG(entry->value),
			STR_ARG(entry->name));
	arena_destroy(&arena);
	return result;
}

int sup_flags_read_config(struct sup_flags *flags, const char *path, struct error *err)
{
	return config_file_read(path, set_from_config, flags, err);
}

bool sup_flags_is_set(const struct sup_flags *flags, enum sup_flag_id id)
{
	return flags->values[id].source != SUP_SOURCE_DEFAULT;
}

size_t sup_flags_count(const struct sup_flags *flags, enum sup_flag_id id)
{
	return flags->values[id].count;
}

struct str sup_flags_value(const struct sup_flags *flags, enum sup_flag_id id, size_t index)
{
	const struct sup_flag_values *values = &flags->values[id];

	return index < values->count ? values->items[index] : STR_EMPTY;
}

struct str sup_flags_text(const struct sup_flags *flags, enum sup_flag_id id)
{
	return sup_flags_value(flags, id, 0);
}

bool sup_flags_bool(const struct sup_flags *flags, enum sup_flag_id id)
{
	return str_equal(sup_flags_text(flags, id), STR("true"));
}

int64_t sup_flags_integer(const struct sup_flags *flags, enum sup_flag_id id)
{
	int64_t value = 0;

	str_parse_i64(sup_flags_text(flags, id), &value);
	return value;
}

int64_t sup_flags_duration_ns(const struct sup_flags *flags, enum sup_flag_id id)
{
	int64_t value = 0;

	clock_parse_duration(sup_flags_text(flags, id), &value);
	return value;
}

void sup_flags_replace(struct sup_flags *flags, enum sup_flag_id id, struct str text)
{
	struct sup_flag_values values = {.source = flags->values[id].source};
	int result = sup_flag_value_parse(table[id].type, flags->arena, &values, text, NULL);

	ASSERT(result == 0);
	flags->values[id] = values;
}

struct str sup_flags_echo(const struct sup_flags *flags, enum sup_flag_id id, struct arena *arena)
{
	return sup_flag_value_echo(table[id].type, arena, &flags->values[id]);
}

static int compare_by_name(const void *a, const void *b)
{
	return strcmp((*(const struct sup_flag *const *)a)->name,
		(*(const struct sup_flag *const *)b)->name);
}

void sup_flags_log(const struct sup_flags *flags)
{
	const struct sup_flag *sorted[SUP_FLAG_COUNT];
	struct arena *arena;

	if (log_verbosity() < 1)
		return;
	for (size_t i = 0; i < SUP_FLAG_COUNT; i++)
		sorted[i] = &table[i];
	qsort(sorted, SUP_FLAG_COUNT, sizeof(*sorted), compare_by_name);
	arena = arena_create(0);
	for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
		struct str text =
			sup_flags_echo(flags, (enum sup_flag_id)(sorted[i] - table), arena);

		log_v(1, "FLAG: --%s=\"%.*s\"", sorted[i]->name, STR_ARG(text));
	}
	arena_destroy(&arena);
}
