/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_help.h"

#include "sup_flag.h"
#include "sup_flag_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NARROW_COLUMNS 40u
#define TEXT_INDENT    16u
#define RIGHT_MARGIN   5u

static const char *const section_titles[SUP_SECTION_COUNT] = {
	[SUP_SECTION_GENERIC] = "Generic",
	[SUP_SECTION_ETCD] = "Etcd",
	[SUP_SECTION_SECURE_SERVING] = "Secure serving",
	[SUP_SECTION_AUDITING] = "Auditing",
	[SUP_SECTION_FEATURES] = "Features",
	[SUP_SECTION_AUTHENTICATION] = "Authentication",
	[SUP_SECTION_AUTHORIZATION] = "Authorization",
	[SUP_SECTION_API_ENABLEMENT] = "API enablement",
	[SUP_SECTION_EGRESS_SELECTOR] = "Egress selector",
	[SUP_SECTION_ADMISSION] = "Admission",
	[SUP_SECTION_METRICS] = "Metrics",
	[SUP_SECTION_LOGS] = "Logs",
	[SUP_SECTION_TRACES] = "Traces",
	[SUP_SECTION_MISC] = "Misc",
	[SUP_SECTION_GLOBAL] = "Global",
	[SUP_SECTION_TROIKA] = "Troika",
};

static const char description[] =
	"The Kubernetes API server checks and keeps the objects of the API - pods, services,\n"
	"replication controllers and others - and answers all requests about them: it is the\n"
	"front of the cluster's shared state, through which all other components work together.\n"
	"It runs as a supervisor with three servers behind it.\n";

/* The word for the value: the back-quoted one of the help text, else that of the type. */
static struct str value_word(const struct sup_flag *flag)
{
	struct str rest = str_from_c(flag->help);
	struct str before = str_split(&rest, '`');
	struct str word = str_split(&rest, '`');

	if (before.length < strlen(flag->help) && !str_is_empty(word))
		return word;
	return str_from_c(sup_flag_value_word(flag->type));
}

static void append_without_quotes(struct buffer *buffer, struct str text)
{
	while (!str_is_empty(text))
		buffer_append(buffer, str_split(&text, '`'));
}

static bool is_zero(struct str otherwise)
{
	static const struct str zeroes[] = {
		STR_INIT(""), STR_INIT("0"), STR_INIT("0s"), STR_INIT("false")};

	for (size_t i = 0; i < sizeof(zeroes) / sizeof(*zeroes); i++) {
		if (str_equal(otherwise, zeroes[i]))
			return true;
	}
	return false;
}

static void append_default(struct buffer *buffer, const struct sup_flag *flag)
{
	if (is_zero(str_from_c(flag->otherwise)))
		return;
	if (flag->type == SUP_FLAG_TYPE_STRING || flag->type == SUP_FLAG_TYPE_FILE)
		buffer_printf(buffer, " (default \"%s\")", flag->otherwise);
	else if (sup_flag_value_is_list(flag->type) && !sup_flag_value_is_map(flag->type))
		buffer_printf(buffer, " (default [%s])", flag->otherwise);
	else
		buffer_printf(buffer, " (default %s)", flag->otherwise);
}

static void format_left(struct buffer *buffer, const struct sup_flag *flag)
{
	struct str word = value_word(flag);

	if (flag->short_name)
		buffer_printf(buffer, "  -%c, --%s", flag->short_name, flag->name);
	else
		buffer_printf(buffer, "      --%s", flag->name);
	/* "version[=true]" says itself that the value may be left out. */
	if (flag->type == SUP_FLAG_TYPE_VERSION)
		buffer_append(buffer, str_skip(word, strlen("version")));
	else if (!str_is_empty(word))
		buffer_printf(buffer, " %.*s", STR_ARG(word));
}

static void format_right(struct buffer *buffer, const struct sup_flag *flag)
{
	append_without_quotes(buffer, str_from_c(flag->help));
	append_default(buffer, flag);
}

/* Breaks at spaces so that lines stay within `width` where they can. */
static void append_wrapped(struct buffer *buffer, struct str text, unsigned indent, unsigned width)
{
	while (!str_is_empty(text)) {
		size_t end = text.length;

		if (end > width) {
			for (end = width; end > 0 && text.data[end] != ' ';)
				end--;
			if (end == 0)
				end = str_find_byte(text, ' ');
		}
		buffer_printf(
			buffer, "%*s%.*s\n", (int)indent, "", STR_ARG(str_slice(text, 0, end)));
		text = str_skip(text, end + 1);
	}
}

static void append_flag(
	struct buffer *buffer, const struct sup_flag *flag, size_t left_width, unsigned columns)
{
	struct buffer left = {0}, right = {0};

	format_left(&left, flag);
	format_right(&right, flag);
	if (columns > NARROW_COLUMNS) {
		buffer_printf(buffer, "%.*s\n", STR_ARG(buffer_str(&left)));
		append_wrapped(buffer, buffer_str(&right), TEXT_INDENT,
			columns - TEXT_INDENT - RIGHT_MARGIN);
	} else {
		buffer_printf(buffer, "%-*.*s   %.*s\n", (int)left_width,
			STR_ARG(buffer_str(&left)), STR_ARG(buffer_str(&right)));
	}
	buffer_fini(&left);
	buffer_fini(&right);
}

static int compare_by_name(const void *a, const void *b)
{
	return strcmp((*(const struct sup_flag *const *)a)->name,
		(*(const struct sup_flag *const *)b)->name);
}

/* The section's visible flags by name; returns how many. */
static size_t collect(enum sup_flag_section section, const struct sup_flag **ret_flags)
{
	size_t count = 0;

	for (unsigned id = 0; id < SUP_FLAG_COUNT; id++) {
		const struct sup_flag *flag = sup_flag_get((enum sup_flag_id)id);

		if (flag->section == section && !flag->deprecated)
			ret_flags[count++] = flag;
	}
	qsort(ret_flags, count, sizeof(*ret_flags), compare_by_name);
	return count;
}

static size_t widest(const struct sup_flag *const *flags, size_t count)
{
	struct buffer left = {0};
	size_t width = 0;

	for (size_t i = 0; i < count; i++) {
		buffer_clear(&left);
		format_left(&left, flags[i]);
		if (left.length > width)
			width = left.length;
	}
	buffer_fini(&left);
	return width;
}

void sup_help_format(struct buffer *buffer, unsigned columns)
{
	buffer_append(buffer, str_from_c(description));
	buffer_append(buffer, STR("\nUsage:\n  kube-apiserver [flags]\n"));
	for (unsigned section = 0; section < SUP_SECTION_COUNT; section++) {
		const struct sup_flag *flags[SUP_FLAG_COUNT];
		size_t count = collect((enum sup_flag_section)section, flags);

		if (count == 0)
			continue;
		buffer_printf(buffer, "\n%s flags:\n\n", section_titles[section]);
		for (size_t i = 0; i < count; i++)
			append_flag(buffer, flags[i], widest(flags, count), columns);
	}
}

void sup_help_print(void)
{
	struct winsize size = {0};
	struct buffer buffer = {0};

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		size.ws_col = 0;
	sup_help_format(&buffer, size.ws_col);
	fwrite(buffer.data, 1, buffer.length, stdout);
	buffer_fini(&buffer);
}
