/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_FLAG_H
#define TROIKA_SUP_FLAG_H

#include "error.h"

/* The flags of flags.def and their values. */

#define SUP_SERVER_FRONT      1u
#define SUP_SERVER_CORE       2u
#define SUP_SERVER_EXTENSIONS 4u

enum sup_flag_id {
#define FLAG(section, identifier, ...)       SUP_FLAG_##identifier,
#define FLAG_ALIAS(section, identifier, ...) SUP_FLAG_##identifier,
#include "flags.def"
#undef FLAG
#undef FLAG_ALIAS
	SUP_FLAG_COUNT
};

/* In the order of the help text. */
enum sup_flag_section {
	SUP_SECTION_GENERIC,
	SUP_SECTION_ETCD,
	SUP_SECTION_SECURE_SERVING,
	SUP_SECTION_INSECURE_SERVING,
	SUP_SECTION_AUDITING,
	SUP_SECTION_FEATURES,
	SUP_SECTION_AUTHENTICATION,
	SUP_SECTION_AUTHORIZATION,
	SUP_SECTION_CLOUD_PROVIDER,
	SUP_SECTION_STORAGE,
	SUP_SECTION_API_ENABLEMENT,
	SUP_SECTION_EGRESS_SELECTOR,
	SUP_SECTION_ADMISSION,
	SUP_SECTION_METRICS,
	SUP_SECTION_LOGS,
	SUP_SECTION_TRACES,
	SUP_SECTION_MISC,
	SUP_SECTION_GLOBAL,
	SUP_SECTION_TROIKA,
	SUP_SECTION_COUNT
};

enum sup_flag_type {
	SUP_FLAG_TYPE_BOOL,
	SUP_FLAG_TYPE_CIDRS, /* "10.0.0.0/8,..." */
	SUP_FLAG_TYPE_DURATION,
	SUP_FLAG_TYPE_FILE,       /* a path whose contents the servers get */
	SUP_FLAG_TYPE_FILE_ARRAY, /* repeatable */
	SUP_FLAG_TYPE_FLOAT,
	SUP_FLAG_TYPE_FLOAT32,
	SUP_FLAG_TYPE_INT,
	SUP_FLAG_TYPE_INT32S, /* comma-separated */
	SUP_FLAG_TYPE_IP,
	SUP_FLAG_TYPE_LEVEL,
	SUP_FLAG_TYPE_MAP,      /* "k=v,k2=v2" */
	SUP_FLAG_TYPE_MAP_BOOL, /* "k=true,..." */
	SUP_FLAG_TYPE_MODULE_SPEC,
	/* "cert,key[:name,...]", repeatable, the files' contents too */
	SUP_FLAG_TYPE_NAMED_CERT_KEY,
	SUP_FLAG_TYPE_PAIRS, /* "k=v", repeatable, v may hold commas */
	SUP_FLAG_TYPE_PORT_RANGE,
	SUP_FLAG_TYPE_QUANTITY,
	SUP_FLAG_TYPE_SEVERITY,
	SUP_FLAG_TYPE_STRING,
	SUP_FLAG_TYPE_STRINGS,          /* comma-separated */
	SUP_FLAG_TYPE_STRING_ARRAY,     /* repeatable */
	SUP_FLAG_TYPE_STRING_TO_STRING, /* comma-separated "k=v" */
	SUP_FLAG_TYPE_TRACE_LOCATION,
	SUP_FLAG_TYPE_UINT,
	SUP_FLAG_TYPE_VERSION,
};

/* Checks of single values, in sup_validate.c. */
enum sup_flag_check {
	SUP_CHECK_NONE,
	SUP_CHECK_FILE_EXISTS,
	SUP_CHECK_GOAWAY_CHANCE,
	SUP_CHECK_LIVEZ_GRACE_PERIOD,
	SUP_CHECK_NOT_NEGATIVE,
	SUP_CHECK_POSITIVE,
	SUP_CHECK_WATCH_GRACE_PERIOD,
};

/* How far a flag acts; the texts are in sup_flag.c. */
enum sup_flag_effect {
	SUP_EFFECT_NOW,
	SUP_EFFECT_IGNORED, /* upstream too does nothing with it, or has dropped it */
	SUP_EFFECT_MOOT,    /* means nothing here; the help says why */
	/* Parsed, checked and handed to the servers; acts when they learn to. */
	SUP_EFFECT_LATER_ADMISSION,
	SUP_EFFECT_LATER_AGGREGATION,
	SUP_EFFECT_LATER_AUDIT,
	SUP_EFFECT_LATER_AUTHENTICATION,
	SUP_EFFECT_LATER_AUTHORIZATION,
	SUP_EFFECT_LATER_ENABLEMENT,
	SUP_EFFECT_LATER_ENCRYPTION,
	SUP_EFFECT_LATER_ETCD,
	SUP_EFFECT_LATER_FLOW_CONTROL,
	SUP_EFFECT_LATER_KUBELET,
	SUP_EFFECT_LATER_LOOPS,
	SUP_EFFECT_LATER_METRICS,
	SUP_EFFECT_LATER_SERVICES,
	SUP_EFFECT_LATER_SERVING,
	SUP_EFFECT_LATER_TRACING,
	SUP_EFFECT_COUNT
};

struct sup_flag {
	enum sup_flag_section section;
	const char *name;
	enum sup_flag_id variable; /* whose value it sets; its own, but for an alias */
	char short_name;           /* 0: none */
	enum sup_flag_type type;
	const char *otherwise;
	unsigned servers;
	enum sup_flag_check check;
	enum sup_flag_effect effect;
	const char *since;      /* release of Kubernetes, "" for a flag of ours */
	const char *until;      /* the last one that has it; "" when it still does */
	const char *deprecated; /* NULL, or what to do instead */
	bool is_hidden;         /* from the help text */
	const char *help;
};

/* Where a value came from; a higher one is not overwritten by a lower one. */
enum sup_flag_source {
	SUP_SOURCE_DEFAULT,
	SUP_SOURCE_FILE,
	SUP_SOURCE_ENVIRONMENT,
	SUP_SOURCE_COMMAND_LINE
};

struct sup_flags;

/* All flags at their defaults. */
struct sup_flags *sup_flags_create(void);
void sup_flags_destroy(struct sup_flags **flags);

const struct sup_flag *sup_flag_get(enum sup_flag_id id);
enum sup_flag_id sup_flag_id(const struct sup_flag *flag);
/* All flags by name. */
void sup_flags_sort(const struct sup_flag *ret_flags[SUP_FLAG_COUNT]);
const char *sup_flag_section_title(enum sup_flag_section section);
/* One sentence for people. */
const char *sup_flag_effect_text(enum sup_flag_effect effect);
/* By name, `_` being the same as `-`; NULL when there is none. */
const struct sup_flag *sup_flag_find(struct str name);

/*
 * Reads the command line (GNU style, argv[0] skipped). The error is in the words of upstream:
 * `unknown flag: --x`, `invalid argument "v" for "--x" flag: ...`.
 */
int sup_flags_parse(
	struct sup_flags *flags, int argc, char *const *argv, struct error *err) WARN_UNUSED;
/* Tells on standard error that the flag, which was used, is deprecated (if it is). */
void sup_flag_warn(const struct sup_flag *flag);
/* The variable of the environment: TROIKA_SECURE_PORT. */
void sup_flag_variable_name(const struct sup_flag *flag, char *ret_name, size_t size_bytes);
/* Reads the variables of the environment; what the command line has set stays. */
int sup_flags_read_environment(struct sup_flags *flags, struct error *err) WARN_UNUSED;
/* Sets (or, for repeatable types, adds to) one flag from its text form. */
int sup_flags_set(struct sup_flags *flags, const struct sup_flag *flag, enum sup_flag_source source,
	struct str text, struct error *err) WARN_UNUSED;

bool sup_flags_is_set(const struct sup_flags *flags, enum sup_flag_id id);
size_t sup_flags_count(const struct sup_flags *flags, enum sup_flag_id id);
/* The value's normal text form; the empty view when there is none. NUL-terminated. */
struct str sup_flags_value(const struct sup_flags *flags, enum sup_flag_id id, size_t index);
struct str sup_flags_text(const struct sup_flags *flags, enum sup_flag_id id);
bool sup_flags_bool(const struct sup_flags *flags, enum sup_flag_id id);
int64_t sup_flags_integer(const struct sup_flags *flags, enum sup_flag_id id);
int64_t sup_flags_duration_ns(const struct sup_flags *flags, enum sup_flag_id id);
/* Puts a completed value in the place of all others. */
void sup_flags_replace(struct sup_flags *flags, enum sup_flag_id id, struct str text);

/* Takes away all values. */
void sup_flags_clear(
	struct sup_flags *flags, const struct sup_flag *flag, enum sup_flag_source source);
/* Adds an item as it is, in normal form, to a list or map. */
int sup_flags_add_item(struct sup_flags *flags, const struct sup_flag *flag,
	enum sup_flag_source source, struct str item, struct error *err) WARN_UNUSED;

/* The value as upstream prints it, in the arena: "[a,b]", "k=v,k2=v2", "<nil>". */
struct str sup_flags_echo(const struct sup_flags *flags, enum sup_flag_id id, struct arena *arena);
/* Logs FLAG: --NAME="VALUE" for every flag at verbosity 1. */
void sup_flags_log(const struct sup_flags *flags);

#endif
