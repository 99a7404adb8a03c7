/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_flag.h"

#include "assertion.h"

#include <stdlib.h>

/* A deprecation that begins with '+' leaves the flag in the help text. */
#define MESSAGE(text)   ((text) && (text)[0] == '+' ? (text) + 1 : (text))
#define IS_HIDDEN(text) ((text) && (text)[0] != '+')

static const struct sup_flag rows[SUP_FLAG_COUNT] = {
#define FLAG(in_section, identifier, in_name, in_short_name, in_type, in_otherwise, in_servers,    \
	in_check, in_effect, in_since, in_until, in_deprecated, in_help)                           \
	[SUP_FLAG_##identifier] = {.section = SUP_SECTION_##in_section,                            \
		.name = (in_name),                                                                 \
		.variable = SUP_FLAG_##identifier,                                                 \
		.short_name = (in_short_name),                                                     \
		.type = SUP_FLAG_TYPE_##in_type,                                                   \
		.otherwise = (in_otherwise),                                                       \
		.servers = (in_servers),                                                           \
		.check = SUP_CHECK_##in_check,                                                     \
		.effect = SUP_EFFECT_##in_effect,                                                  \
		.since = (in_since),                                                               \
		.until = (in_until),                                                               \
		.deprecated = (in_deprecated),                                                     \
		.help = (in_help)},
#define FLAG_ALIAS(                                                                                \
	in_section, identifier, in_name, in_variable, in_since, in_until, in_deprecated, in_help)  \
	[SUP_FLAG_##identifier] = {.section = SUP_SECTION_##in_section,                            \
		.name = (in_name),                                                                 \
		.variable = SUP_FLAG_##in_variable,                                                \
		.since = (in_since),                                                               \
		.until = (in_until),                                                               \
		.deprecated = (in_deprecated),                                                     \
		.help = (in_help)},
#include "flags.def"
#undef FLAG
#undef FLAG_ALIAS
};

/* The rows, with what follows from other columns; filled on first use. */
static struct sup_flag table[SUP_FLAG_COUNT];

static void fill(void)
{
	for (size_t i = 0; i < SUP_FLAG_COUNT; i++) {
		const struct sup_flag *variable = &rows[rows[i].variable];
		struct sup_flag *flag = &table[i];

		*flag = rows[i];
		flag->deprecated = MESSAGE(rows[i].deprecated);
		flag->is_hidden = IS_HIDDEN(rows[i].deprecated);
		flag->type = variable->type;
		flag->otherwise = variable->otherwise;
		flag->effect = variable->effect;
	}
}

const struct sup_flag *sup_flag_get(enum sup_flag_id id)
{
	ASSERT((unsigned)id < SUP_FLAG_COUNT);
	if (!table[0].name)
		fill();
	return &table[id];
}

enum sup_flag_id sup_flag_id(const struct sup_flag *flag)
{
	ASSERT(flag >= table && flag < table + SUP_FLAG_COUNT);
	return (enum sup_flag_id)(flag - table);
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
	for (unsigned i = 0; i < SUP_FLAG_COUNT; i++) {
		const struct sup_flag *flag = sup_flag_get((enum sup_flag_id)i);

		if (is_same_name(name, flag->name))
			return flag;
	}
	return NULL;
}

static int compare_by_name(const void *a, const void *b)
{
	return strcmp((*(const struct sup_flag *const *)a)->name,
		(*(const struct sup_flag *const *)b)->name);
}

void sup_flags_sort(const struct sup_flag *ret_flags[SUP_FLAG_COUNT])
{
	for (unsigned i = 0; i < SUP_FLAG_COUNT; i++)
		ret_flags[i] = sup_flag_get((enum sup_flag_id)i);
	qsort(ret_flags, SUP_FLAG_COUNT, sizeof(*ret_flags), compare_by_name);
}

const char *sup_flag_section_title(enum sup_flag_section section)
{
	static const char *const titles[SUP_SECTION_COUNT] = {
		[SUP_SECTION_GENERIC] = "Generic",
		[SUP_SECTION_ETCD] = "Etcd",
		[SUP_SECTION_SECURE_SERVING] = "Secure serving",
		[SUP_SECTION_INSECURE_SERVING] = "Insecure serving",
		[SUP_SECTION_AUDITING] = "Auditing",
		[SUP_SECTION_FEATURES] = "Features",
		[SUP_SECTION_AUTHENTICATION] = "Authentication",
		[SUP_SECTION_AUTHORIZATION] = "Authorization",
		[SUP_SECTION_CLOUD_PROVIDER] = "Cloud provider",
		[SUP_SECTION_STORAGE] = "Storage",
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

	return titles[section];
}

const char *sup_flag_effect_text(enum sup_flag_effect effect)
{
	static const char *const texts[SUP_EFFECT_COUNT] = {
		[SUP_EFFECT_NOW] = "acts",
		[SUP_EFFECT_IGNORED] = "ignored, as by upstream",
		[SUP_EFFECT_MOOT] = "accepted; means nothing here",
		[SUP_EFFECT_LATER_ADMISSION] = "accepted; acts from the admission plugins on",
		[SUP_EFFECT_LATER_AGGREGATION] = "accepted; acts from aggregated servers on",
		[SUP_EFFECT_LATER_AUDIT] = "accepted; acts from auditing on",
		[SUP_EFFECT_LATER_AUTHENTICATION] =
			"accepted; acts from the other authenticators on",
		[SUP_EFFECT_LATER_AUTHORIZATION] = "accepted; acts from the other authorizers on",
		[SUP_EFFECT_LATER_ENABLEMENT] = "accepted; acts from the choice of API versions on",
		[SUP_EFFECT_LATER_ENCRYPTION] = "accepted; acts from encryption at rest on",
		[SUP_EFFECT_LATER_ETCD] = "accepted; acts from the etcd backend on",
		[SUP_EFFECT_LATER_FLOW_CONTROL] = "accepted; acts from priority and fairness on",
		[SUP_EFFECT_LATER_KUBELET] = "accepted; acts from connections to nodes on",
		[SUP_EFFECT_LATER_LOOPS] = "accepted; acts from several event loops on",
		[SUP_EFFECT_LATER_METRICS] = "accepted; acts from the metrics on",
		[SUP_EFFECT_LATER_SERVICES] = "accepted; acts from the service controllers on",
		[SUP_EFFECT_LATER_SERVING] = "accepted; acts from the rest of the front on",
		[SUP_EFFECT_LATER_TRACING] = "accepted; acts from tracing on",
	};

	return texts[effect];
}
