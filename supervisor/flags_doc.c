/* SPDX-License-Identifier: Apache-2.0 */
#include "flags_doc.h"

#include "sup_feature.h"
#include "sup_flag_value.h"
#include "sup_help.h"

#include <stdio.h>

/* Run when we are built: writes what is made from the table of flags to standard output. */

static struct str default_text(const struct sup_flag *flag, struct arena *arena)
{
	struct sup_flags *flags = sup_flags_create();
	/* A plain value is a view into the flags. */
	struct str text = arena_copy(arena, sup_flags_echo(flags, sup_flag_id(flag), arena));

	sup_flags_destroy(&flags);
	return text;
}

void flags_doc_escape(struct buffer *buffer, struct str text, const char *special, const char *by)
{
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] == '`')
			continue;
		if (strchr(special, text.data[i]))
			buffer_append(buffer, str_from_c(by));
		buffer_append_byte(buffer, text.data[i]);
	}
}

static void append_releases(struct buffer *buffer, const struct sup_flag *flag)
{
	if (flag->since[0] == '\0')
		buffer_append(buffer, STR("ours"));
	else if (flag->until[0] == '\0')
		buffer_printf(buffer, "%s+", flag->since);
	else if (strcmp(flag->since, flag->until) == 0)
		buffer_append(buffer, str_from_c(flag->since));
	else
		buffer_printf(buffer, "%s-%s", flag->since, flag->until);
}

static void append_row(struct buffer *buffer, const struct sup_flag *flag, struct arena *arena)
{
	const char *word = sup_flag_value_word(flag->type);
	bool is_alias = flag->variable != sup_flag_id(flag);
	struct str otherwise = default_text(flag, arena);

	if (flag->short_name)
		buffer_printf(
			buffer, "| `--%s`, `-%c` | %s | ", flag->name, flag->short_name, word);
	else
		buffer_printf(buffer, "| `--%s` | %s | ", flag->name, word[0] ? word : "bool");
	if (!str_is_empty(otherwise))
		buffer_printf(buffer, "`%.*s`", STR_ARG(otherwise));
	buffer_append(buffer, STR(" | "));
	append_releases(buffer, flag);
	buffer_append(buffer, STR(" | "));
	if (is_alias)
		buffer_printf(buffer, "as `--%s`", sup_flag_get(flag->variable)->name);
	else
		buffer_append(buffer, str_from_c(sup_flag_effect_text(flag->effect)));
	buffer_append(buffer, STR(" | "));
	flags_doc_escape(buffer, str_from_c(flag->help), "|*<", "\\");
	if (flag->deprecated) {
		buffer_append(buffer, STR(" *Deprecated: "));
		flags_doc_escape(buffer, str_from_c(flag->deprecated), "|*<", "\\");
		buffer_append(buffer, STR("*"));
	}
	buffer_append(buffer, STR(" |\n"));
}

static void append_gates(struct buffer *buffer)
{
	buffer_append(buffer,
		STR("\n## Feature gates\n\n"
		    "For `--feature-gates`. `AllAlpha` and `AllBeta` stand for all of a stage that\n"
		    "are not named themselves. A locked gate can only be set to its default. Gates\n"
		    "whose stage is GONE are of earlier releases.\n\n"
		    "| gate | stage | default | locked |\n|---|---|---|---|\n"));
	for (size_t i = 0; sup_feature_get(i); i++) {
		const struct sup_feature *gate = sup_feature_get(i);

		buffer_printf(buffer, "| %s | %s | %s | %s |\n", gate->name,
			sup_feature_stage_name(gate->stage), gate->otherwise ? "true" : "false",
			gate->is_locked ? "yes" : "");
	}
}

static void write_markdown(struct buffer *buffer, const struct sup_flag *const *flags)
{
	struct arena *arena = arena_create(0);

	buffer_append(buffer,
		STR("<!-- Made from supervisor/flags*.def: ninja -C BUILD update-flags-doc -->\n"
		    "# Flags of kube-apiserver\n\n"
		    "All of upstream's from 1.12 to 1.36 and some of ours; docs/configuration.md\n"
		    "says how they, the environment and a file go together, and what differs from\n"
		    "upstream. The column *in* names the releases that have the flag, *effect* how\n"
		    "far it acts here.\n"));
	for (unsigned section = 0; section < SUP_SECTION_COUNT; section++) {
		buffer_printf(buffer,
			"\n## %s\n\n| flag | type | default | in | effect | |\n"
			"|---|---|---|---|---|---|\n",
			sup_flag_section_title(section));
		for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
			if (flags[i]->section == section)
				append_row(buffer, flags[i], arena);
		}
	}
	append_gates(buffer);
	arena_destroy(&arena);
}

static const char man_head[] =
	".TH KUBE-APISERVER 8 \"\" \"Troika\" \"System Administration\"\n"
	".SH NAME\nkube-apiserver \\- the Kubernetes API server\n"
	".SH SYNOPSIS\n.B kube-apiserver\n[\\fIflags\\fR]\n"
	".SH DESCRIPTION\n"
	"Serves the Kubernetes API from a store of its own. It runs as a supervisor with three\n"
	"servers behind it: aggregator, which has the network; core-apiserver, which has the\n"
	"built-in groups; and extensions-apiserver, which has custom resources.\n"
	".PP\nA flag on the command line goes before a variable of the environment (TROIKA_SECURE_PORT\n"
	"for \\-\\-secure\\-port), that before the file of \\-\\-config, that before the default.\n"
	".SH OPTIONS\n";

static const char man_tail[] =
	".SH SIGNALS\n.TP\nSIGTERM, SIGINT\nstop in order; a second one ends everything at once.\n"
	".TP\nSIGHUP\nread all files anew and hand them to the servers.\n"
	".SH EXIT STATUS\n0 after a stop in order, 1 on failure, 3 when a server finds its\n"
	"configuration wrong.\n.SH SEE ALSO\n.BR troikactl (8)\n";

static void append_man_flag(struct buffer *buffer, const struct sup_flag *flag)
{
	struct buffer line = {0}, text = {0};

	sup_help_format_flag(&line, flag);
	sup_help_format_text(&text, flag);
	buffer_append(buffer, STR(".TP\n.B "));
	flags_doc_escape(buffer, str_trim(buffer_str(&line)), "-\\", "\\");
	/* A line that begins with a dot would be a request. */
	buffer_append(buffer, STR("\n\\&"));
	flags_doc_escape(buffer, buffer_str(&text), "-\\", "\\");
	buffer_append_byte(buffer, '\n');
	buffer_fini(&line);
	buffer_fini(&text);
}

static void write_man(struct buffer *buffer, const struct sup_flag *const *flags)
{
	buffer_append(buffer, str_from_c(man_head));
	for (unsigned section = 0; section < SUP_SECTION_COUNT; section++) {
		buffer_printf(buffer, ".SS %s flags\n", sup_flag_section_title(section));
		for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
			if (flags[i]->section == section && !flags[i]->is_hidden)
				append_man_flag(buffer, flags[i]);
		}
	}
	buffer_append(buffer, str_from_c(man_tail));
}

static const struct {
	const char *name;
	void (*write)(struct buffer *buffer, const struct sup_flag *const *flags);
} formats[] = {
	{"markdown", write_markdown},
	{"man", write_man},
	{"bash", flags_doc_write_bash},
	{"zsh", flags_doc_write_zsh},
	{"fish", flags_doc_write_fish},
};

static bool write_format(struct buffer *buffer, const char *name)
{
	const struct sup_flag *flags[SUP_FLAG_COUNT];
	uint64_t columns;

	sup_flags_sort(flags);
	if (str_parse_u64(str_from_c(name), 10000, &columns)) {
		sup_help_format(buffer, (unsigned)columns);
		return true;
	}
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		if (strcmp(formats[i].name, name) == 0) {
			formats[i].write(buffer, flags);
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	struct buffer buffer = {0};
	bool is_good = argc == 2 && write_format(&buffer, argv[1]);

	if (!is_good)
		fputs("Usage: flags_doc markdown|man|bash|zsh|fish|COLUMNS\n", stderr);
	if (fwrite(buffer.data, 1, buffer.length, stdout) != buffer.length)
		is_good = false;
	buffer_fini(&buffer);
	return is_good ? 0 : 1;
}
