/* SPDX-License-Identifier: Apache-2.0 */
#include "flags_doc.h"

#include "sup_flag_value.h"

/* What the shells complete. Hidden flags are not offered. */

enum offer {
	OFFER_NOTHING, /* takes no word behind it */
	OFFER_FILES,
	OFFER_WORDS,
	OFFER_VALUE, /* some word that we cannot know */
};

/* Flags with few values. */
static const struct {
	enum sup_flag_id id;
	const char *words;
} choices[] = {
	{SUP_FLAG_AUDIT_LOG_FORMAT, "json legacy"},
	{SUP_FLAG_AUDIT_LOG_MODE, "batch blocking blocking-strict"},
	{SUP_FLAG_AUDIT_WEBHOOK_MODE, "batch blocking blocking-strict"},
	{SUP_FLAG_AUTHORIZATION_MODE, "ABAC AlwaysAllow AlwaysDeny Node RBAC Webhook"},
	{SUP_FLAG_ENDPOINT_RECONCILER_TYPE, "lease master-count none"},
	{SUP_FLAG_LOGGING_FORMAT, "json text"},
	{SUP_FLAG_SELF_SIGNED_KEY_TYPE, "ecdsa rsa"},
	{SUP_FLAG_STORAGE_BACKEND, "etcd3 lmdb"},
	{SUP_FLAG_TLS_MIN_VERSION, "VersionTLS12 VersionTLS13"},
};

static const char *words_of(const struct sup_flag *flag)
{
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
		if (choices[i].id == sup_flag_id(flag))
			return choices[i].words;
	}
	return NULL;
}

static enum offer offer_of(const struct sup_flag *flag)
{
	static const enum sup_flag_id paths[] = {SUP_FLAG_AUDIT_LOG_PATH, SUP_FLAG_CERT_DIR,
		SUP_FLAG_CONFIG, SUP_FLAG_DEBUG_SOCKET_PATH, SUP_FLAG_STATE_DIR,
		SUP_FLAG_SERVICE_ACCOUNT_SIGNING_ENDPOINT};

	if (sup_flag_value_is_optional(flag->type))
		return OFFER_NOTHING;
	if (flag->type == SUP_FLAG_TYPE_FILE || flag->type == SUP_FLAG_TYPE_FILE_ARRAY)
		return OFFER_FILES;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		if (paths[i] == sup_flag_id(flag))
			return OFFER_FILES;
	}
	return words_of(flag) ? OFFER_WORDS : OFFER_VALUE;
}

static const char bash_head[] =
	"# bash completion for kube-apiserver\n"
	"_kube_apiserver()\n{\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tif [ \"$current\" = = ]; then\n\t\tcurrent=\n"
	"\telif [ \"$flag\" = = ]; then\n\t\tflag=${COMP_WORDS[COMP_CWORD-2]}\n\tfi\n"
	"\tCOMPREPLY=()\n"
	"\tcase $flag in\n";

static void append_bash_case(struct buffer *buffer, const struct sup_flag *flag)
{
	switch (offer_of(flag)) {
	case OFFER_NOTHING:
		return;
	case OFFER_FILES:
		buffer_printf(buffer,
			"\t--%s) mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); return ;;\n",
			flag->name);
		return;
	case OFFER_WORDS:
		buffer_printf(buffer,
			"\t--%s) mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$current\"); return "
			";;\n",
			flag->name, words_of(flag));
		return;
	case OFFER_VALUE:
		buffer_printf(buffer, "\t--%s) return ;;\n", flag->name);
	}
}

void flags_doc_write_bash(struct buffer *buffer, const struct sup_flag *const *flags)
{
	buffer_append(buffer, str_from_c(bash_head));
	for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
		if (!flags[i]->is_hidden)
			append_bash_case(buffer, flags[i]);
	}
	buffer_append(buffer, STR("\tesac\n\tmapfile -t COMPREPLY < <(compgen -W '"));
	for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
		if (!flags[i]->is_hidden)
			buffer_printf(buffer, "\n\t\t--%s", flags[i]->name);
	}
	buffer_append(buffer, STR("' -- \"$current\")\n}\n"
				  "complete -o nosort -F _kube_apiserver kube-apiserver\n"));
}

/* The first sentence of the help. */
static struct str summary(const struct sup_flag *flag)
{
	struct str help = str_from_c(flag->help);

	return str_slice(help, 0, str_find(help, STR(". ")));
}

void flags_doc_write_zsh(struct buffer *buffer, const struct sup_flag *const *flags)
{
	buffer_append(buffer, STR("#compdef kube-apiserver\n_arguments -s \\\n"));
	for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
		const struct sup_flag *flag = flags[i];
		enum offer offer = offer_of(flag);

		if (flag->is_hidden)
			continue;
		buffer_printf(buffer, "\t'*--%s%s[", flag->name, offer == OFFER_NOTHING ? "" : "=");
		/* A quote ends the text, is escaped, and begins it anew. */
		for (struct str rest = summary(flag); !str_is_empty(rest);) {
			flags_doc_escape(buffer, str_split(&rest, '\''), "[]:\\", "\\");
			if (!str_is_empty(rest))
				buffer_append(buffer, STR("'\\''"));
		}
		buffer_append_byte(buffer, ']');
		if (offer == OFFER_FILES)
			buffer_append(buffer, STR(":file:_files"));
		else if (offer == OFFER_WORDS)
			buffer_printf(buffer, ":value:(%s)", words_of(flag));
		else if (offer == OFFER_VALUE)
			buffer_append(buffer, STR(":value: "));
		buffer_append(buffer, STR("' \\\n"));
	}
	buffer_append(buffer, STR("\t&& return 0\n"));
}

void flags_doc_write_fish(struct buffer *buffer, const struct sup_flag *const *flags)
{
	buffer_append(buffer, STR("# fish completion for kube-apiserver\n"
				  "complete -c kube-apiserver -f\n"));
	for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
		const struct sup_flag *flag = flags[i];
		enum offer offer = offer_of(flag);

		if (flag->is_hidden)
			continue;
		buffer_printf(buffer, "complete -c kube-apiserver -l %s", flag->name);
		if (flag->short_name)
			buffer_printf(buffer, " -s %c", flag->short_name);
		if (offer == OFFER_FILES)
			buffer_append(buffer, STR(" -r -F"));
		else if (offer == OFFER_WORDS)
			buffer_printf(buffer, " -x -a '%s'", words_of(flag));
		else if (offer == OFFER_VALUE)
			buffer_append(buffer, STR(" -x"));
		buffer_append(buffer, STR(" -d '"));
		flags_doc_escape(buffer, summary(flag), "'\\", "\\");
		buffer_append(buffer, STR("'\n"));
	}
}
