/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_help.h"

#include "sup_flag.h"
#include "sup_flag_value.h"
#include "sup_text.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * The layout is upstream's. Without a terminal: flags in one column and texts in another, as wide
 * as they are. On a terminal: a flag's line is as wide as the terminal but for some columns, so
 * that its text never fits beside it and goes below; where that is too narrow too, it follows on
 * the line.
 */
#define WIDE_COLUMNS 24u /* above, flags are padded to the width */
#define LINE_MARGIN  12u
#define TEXT_INDENT  16u
#define TEXT_MINIMUM 24u
#define TEXT_SLOP    5u /* columns that a line may be longer to spare a short last one */

static const char description[] =
	"The Kubernetes API server checks and keeps the objects of the API (pods,\n"
	"services, replication controllers and others) and answers all requests about\n"
	"them: it is the front of the cluster's shared state, through which all other\n"
	"components work together. It runs as a supervisor with three servers behind it.\n";

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
	bool is_plain = flag->type == SUP_FLAG_TYPE_CIDRS || sup_flag_value_is_map(flag->type);

	if (is_zero(str_from_c(flag->otherwise)))
		return;
	if (flag->type == SUP_FLAG_TYPE_STRING || flag->type == SUP_FLAG_TYPE_FILE)
		buffer_printf(buffer, " (default \"%s\")", flag->otherwise);
	else if (sup_flag_value_is_list(flag->type) && !is_plain)
		buffer_printf(buffer, " (default [%s])", flag->otherwise);
	else
		buffer_printf(buffer, " (default %s)", flag->otherwise);
}

void sup_help_format_flag(struct buffer *buffer, const struct sup_flag *flag)
{
	struct str word = value_word(flag);

	if (flag->short_name)
		buffer_printf(buffer, "  -%c, --%s", flag->short_name, flag->name);
	else
		buffer_printf(buffer, "      --%s", flag->name);
	if (!str_is_empty(word))
		buffer_printf(buffer, " %.*s", STR_ARG(word));
	if (flag->type == SUP_FLAG_TYPE_VERSION)
		buffer_append(buffer, STR("[=true]"));
}

void sup_help_format_text(struct buffer *buffer, const struct sup_flag *flag)
{
	append_without_quotes(buffer, str_from_c(flag->help));
	append_default(buffer, flag);
	if (flag->deprecated)
		buffer_printf(buffer, " (DEPRECATED: %s)", flag->deprecated);
}

/* Takes a line of the text, broken at the last blank within `width` columns, off *rest. */
static struct str take_line(struct str *rest, size_t width)
{
	struct str line = *rest;
	size_t end = width;

	if (width + TEXT_SLOP <= line.length) {
		while (end > 0 && !strchr(" \t\n", line.data[end - 1]))
			end--;
		/* Nowhere to break: all of it. */
		if (end > 1) {
			*rest = str_skip(line, end);
			return str_slice(line, 0, end - 1);
		}
	}
	*rest = STR_EMPTY;
	return line;
}

/* Behind a flag's line of `indent` columns. */
static void append_text(struct buffer *buffer, struct str text, size_t indent, unsigned columns)
{
	struct str line;
	size_t width;

	if (columns == 0 || columns < TEXT_INDENT + TEXT_MINIMUM) {
		buffer_append(buffer, text);
		return;
	}
	if (columns < indent + TEXT_MINIMUM) {
		indent = TEXT_INDENT;
		buffer_printf(buffer, "\n%*s", (int)indent, "");
	}
	width = columns - indent - TEXT_SLOP;
	line = take_line(&text, width);
	buffer_append(buffer, line);
	while (!str_is_empty(text)) {
		line = take_line(&text, width);
		buffer_printf(buffer, "\n%*s%.*s", (int)indent, "", STR_ARG(line));
	}
}

static void append_flag(
	struct buffer *buffer, const struct sup_flag *flag, size_t left_width, unsigned columns)
{
	struct buffer left = {0}, right = {0};

	sup_help_format_flag(&left, flag);
	sup_help_format_text(&right, flag);
	buffer_printf(buffer, "%-*.*s   ", (int)left_width, STR_ARG(buffer_str(&left)));
	append_text(buffer, buffer_str(&right), left_width + 3, columns);
	buffer_append_byte(buffer, '\n');
	buffer_fini(&left);
	buffer_fini(&right);
}

static size_t widest(
	const struct sup_flag *const *flags, enum sup_flag_section section, unsigned columns)
{
	struct buffer left = {0};
	size_t width = columns > WIDE_COLUMNS ? columns - LINE_MARGIN : 0;

	for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
		if (flags[i]->section != section || flags[i]->is_hidden)
			continue;
		buffer_clear(&left);
		sup_help_format_flag(&left, flags[i]);
		if (left.length > width)
			width = left.length;
	}
	buffer_fini(&left);
	return width;
}

static void append_section(struct buffer *buffer, const struct sup_flag *const *flags,
	enum sup_flag_section section, unsigned columns)
{
	size_t left_width = widest(flags, section, columns);

	buffer_printf(buffer, "\n%s flags:\n\n", sup_flag_section_title(section));
	for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
		if (flags[i]->section == section && !flags[i]->is_hidden)
			append_flag(buffer, flags[i], left_width, columns);
	}
}

void sup_help_format(struct buffer *buffer, unsigned columns)
{
	const struct sup_flag *flags[SUP_FLAG_COUNT];

	sup_flags_sort(flags);
	buffer_append(buffer, str_from_c(description));
	buffer_append(buffer, STR("\nUsage:\n  kube-apiserver [flags]\n"));
	for (unsigned section = 0; section < SUP_SECTION_COUNT; section++)
		append_section(buffer, flags, (enum sup_flag_section)section, columns);
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
