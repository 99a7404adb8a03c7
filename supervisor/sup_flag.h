/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_FLAG_H
#define TROIKA_SUP_FLAG_H

#include "error.h"

/* The flags of flags.def and their values. */

#define SUP_SERVER_FRONT      1u
#define SUP_SERVER_CORE       2u
#define SUP_SERVER_EXTENSIONS 4u

enum sup_flag_id {
#define FLAG(section, identifier, name, short_name, type, otherwise, servers, deprecated, help)    \
	SUP_FLAG_##identifier,
#include "flags.def"
#undef FLAG
	SUP_FLAG_COUNT
};

/* In the order of the help text. */
enum sup_flag_section {
	SUP_SECTION_GENERIC,
	SUP_SECTION_ETCD,
	SUP_SECTION_SECURE_SERVING,
	SUP_SECTION_AUDITING,
	SUP_SECTION_FEATURES,
	SUP_SECTION_AUTHENTICATION,
	SUP_SECTION_AUTHORIZATION,
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
	SUP_FLAG_TYPE_DURATION,
	SUP_FLAG_TYPE_FILE,       /* a path whose contents the servers get */
	SUP_FLAG_TYPE_FILE_ARRAY, /* repeatable */
	SUP_FLAG_TYPE_FLOAT,
	SUP_FLAG_TYPE_INT,
	SUP_FLAG_TYPE_IP,
	SUP_FLAG_TYPE_LEVEL,
	SUP_FLAG_TYPE_MAP,            /* "k=v,k2=v2" */
	SUP_FLAG_TYPE_MAP_BOOL,       /* "k=true,..." */
	SUP_FLAG_TYPE_NAMED_CERT_KEY, /* "cert,key[:name,...]", repeatable, the files' contents too
				       */
	SUP_FLAG_TYPE_PORT_RANGE,
	SUP_FLAG_TYPE_STRING,
	SUP_FLAG_TYPE_STRINGS,      /* comma-separated */
	SUP_FLAG_TYPE_STRING_ARRAY, /* repeatable */
	SUP_FLAG_TYPE_VERSION,
};

struct sup_flag {
	enum sup_flag_section section;
	const char *name;
	char short_name; /* 0: none */
	enum sup_flag_type type;
	const char *otherwise;
	unsigned servers;
	const char *deprecated; /* NULL, or what to do instead */
	const char *help;
};

/* Where a value came from; a higher one is not overwritten by a lower one. */
enum sup_flag_source {
	SUP_SOURCE_DEFAULT,
	SUP_SOURCE_FILE,
	SUP_SOURCE_COMMAND_LINE
};

struct sup_flags;

/* All flags at their defaults. */
struct sup_flags *sup_flags_create(void);
void sup_flags_destroy(struct sup_flags **flags);

const struct sup_flag *sup_flag_get(enum sup_flag_id id);
/* By name, `_` being the same as `-`; NULL when there is none. */
const struct sup_flag *sup_flag_find(struct str name);

/*
 * Reads the command line (GNU style, argv[0] skipped). The error is in the words of upstream:
 * `unknown flag: --x`, `invalid argument "v" for "--x" flag: ...`.
 */
int sup_flags_parse(
	struct sup_flags *flags, int argc, char *const *argv, struct error *err) WARN_UNUSED;
/* Reads a --config file; what the command line has set stays. */
int sup_flags_read_config(struct sup_flags *flags, const char *path, struct error *err) WARN_UNUSED;
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

/* The value as upstream prints it, in the arena: "[a,b]", "k=v,k2=v2", "<nil>". */
struct str sup_flags_echo(const struct sup_flags *flags, enum sup_flag_id id, struct arena *arena);
/* Logs FLAG: --NAME="VALUE" for every flag at verbosity 1. */
void sup_flags_log(const struct sup_flags *flags);

#endif
