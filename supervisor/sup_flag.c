/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_flag.h"

#include "assertion.h"
#include "clock.h"
#include "log.h"
#include "memory.h"
#include "sup_flag_value.h"
#include "sup_text.h"

#include <stdio.h>
#include <stdlib.h>

struct sup_flags {
	struct arena *arena;
	struct sup_flag_values values[SUP_FLAG_COUNT];
};

struct sup_flags *sup_flags_create(void)
{
	struct sup_flags *flags = MEMORY_NEW(struct sup_flags);

	flags->arena = arena_create(0);
	for (unsigned i = 0; i < SUP_FLAG_COUNT; i++) {
		const struct sup_flag *flag = sup_flag_get((enum sup_flag_id)i);
		int result = sup_flag_value_parse(flag->type, flags->arena, &flags->values[i],
			str_from_c(flag->otherwise), NULL);

		/* A type without a zero value in its text form simply has no value. */
		ASSERT(result == 0 || flag->otherwise[0] == '\0');
		if (flag->otherwise[0] == '\0')
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

static const struct sup_flag *find_short(char short_name)
{
	for (unsigned i = 0; i < SUP_FLAG_COUNT; i++) {
		const struct sup_flag *flag = sup_flag_get((enum sup_flag_id)i);

		if (flag->short_name == short_name && short_name != '\0')
			return flag;
	}
	return NULL;
}

/* The values to add to, when `source` may; a higher source begins anew. */
static bool begin_change(const struct sup_flags *flags, const struct sup_flag *flag,
	enum sup_flag_source source, struct sup_flag_values *ret)
{
	const struct sup_flag_values *values = &flags->values[flag->variable];

	if (source < values->source)
		return false;
	*ret = *values;
	if (source > values->source)
		*ret = (struct sup_flag_values){.source = source};
	return true;
}

int sup_flags_set(struct sup_flags *flags, const struct sup_flag *flag, enum sup_flag_source source,
	struct str text, struct error *err)
{
	struct sup_flag_values changed;

	if (!begin_change(flags, flag, source, &changed))
		return 0;
	if (sup_flag_value_parse(flag->type, flags->arena, &changed, text, err) < 0)
		return ERROR_RETURN;
	flags->values[flag->variable] = changed;
	return 0;
}

void sup_flags_clear(
	struct sup_flags *flags, const struct sup_flag *flag, enum sup_flag_source source)
{
	if (source >= flags->values[flag->variable].source)
		flags->values[flag->variable] = (struct sup_flag_values){.source = source};
}

int sup_flags_add_item(struct sup_flags *flags, const struct sup_flag *flag,
	enum sup_flag_source source, struct str item, struct error *err)
{
	struct sup_flag_values changed;

	if (!begin_change(flags, flag, source, &changed))
		return 0;
	if (sup_flag_value_add(flag->type, flags->arena, &changed, item, err) < 0)
		return ERROR_RETURN;
	flags->values[flag->variable] = changed;
	return 0;
}

void sup_flag_warn(const struct sup_flag *flag)
{
	if (flag->deprecated)
		fprintf(stderr, "Flag --%s has been deprecated, %s\n", flag->name,
			flag->deprecated);
}

void sup_flag_variable_name(const struct sup_flag *flag, char *ret_name, size_t size_bytes)
{
	int length = snprintf(ret_name, size_bytes, "TROIKA_%s", flag->name);

	ASSERT(length > 0 && (size_t)length < size_bytes);
	for (char *c = ret_name; *c; c++) {
		if (*c == '-')
			*c = '_';
		else if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	}
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
	sup_flag_warn(flag);
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

int sup_flags_read_environment(struct sup_flags *flags, struct error *err)
{
	for (unsigned i = 0; i < SUP_FLAG_COUNT; i++) {
		const struct sup_flag *flag = sup_flag_get((enum sup_flag_id)i);
		char name[96];
		const char *value;

		sup_flag_variable_name(flag, name, sizeof(name));
		value = secure_getenv(name);
		if (!value)
			continue;
		if (sup_flags_set(flags, flag, SUP_SOURCE_ENVIRONMENT, str_from_c(value), err) < 0)
			return error_wrap(err, "invalid value \"%s\" for %s", value, name);
		sup_flag_warn(flag);
	}
	return 0;
}

static const struct sup_flag_values *values_of(const struct sup_flags *flags, enum sup_flag_id id)
{
	return &flags->values[sup_flag_get(id)->variable];
}

bool sup_flags_is_set(const struct sup_flags *flags, enum sup_flag_id id)
{
	return values_of(flags, id)->source != SUP_SOURCE_DEFAULT;
}

size_t sup_flags_count(const struct sup_flags *flags, enum sup_flag_id id)
{
	return values_of(flags, id)->count;
}

struct str sup_flags_value(const struct sup_flags *flags, enum sup_flag_id id, size_t index)
{
	const struct sup_flag_values *values = values_of(flags, id);

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
	int result =
		sup_flag_value_parse(sup_flag_get(id)->type, flags->arena, &values, text, NULL);

	ASSERT(result == 0);
	flags->values[id] = values;
}

struct str sup_flags_echo(const struct sup_flags *flags, enum sup_flag_id id, struct arena *arena)
{
	const struct sup_flag *flag = sup_flag_get(id);

	return sup_flag_value_echo(flag->type, arena, &flags->values[flag->variable]);
}

void sup_flags_log(const struct sup_flags *flags)
{
	const struct sup_flag *sorted[SUP_FLAG_COUNT];
	struct arena *arena;

	if (!log_is_on(1, __FILE__))
		return;
	sup_flags_sort(sorted);
	arena = arena_create(0);
	for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
		struct str text = sup_flags_echo(flags, sup_flag_id(sorted[i]), arena);

		text = sup_text_quote(arena, text);
		log_v(1, "FLAG: --%s=%.*s", sorted[i]->name, STR_ARG(text));
	}
	arena_destroy(&arena);
}
