/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_ERROR_H
#define TROIKA_ERROR_H

#include "arena.h"

/*
 * Errors are values. A function that can fail returns int: 0 for success, a positive outcome named
 * in its header that the direct caller handles, or ERROR_RETURN (negative) with *err filled, which
 * the caller forwards unchanged or wraps. An error is filled once.
 */
enum error_code {
	ERROR_NONE,
#define ERROR_CODE(name) ERROR_##name,
#include "error_code.def"
#undef ERROR_CODE
};

#define ERROR_RETURN (-1)

/* One entry of a Status' details.causes. */
struct error_cause {
	struct error_cause *next;
	struct str reason; /* FieldValueInvalid, ... ; may be empty */
	struct str message;
	struct str field; /* may be empty */
};

struct error {
	struct arena *arena; /* where the texts live; NULL: message is cut to fit `small` */
	enum error_code code;
	int os_errno;
	struct str message;
	/* Details of a Kubernetes Status; each may be empty. */
	struct str kind;
	struct str group;
	struct str name;
	struct str uid;
	int retry_after_seconds;
	struct error_cause *causes; /* in order */
	struct error_cause **causes_end;
	struct str continue_token; /* of an expired list */
	char small[192];
};

#define ERROR_INIT(in_arena) ((struct error){.arena = (in_arena)})

/* Fills err (which may be NULL: then only the return value says so) and returns ERROR_RETURN. */
__attribute__((format(printf, 3, 4))) int error_set(
	struct error *err, enum error_code code, const char *format, ...);
/* The same with errno's text appended as ": TEXT". */
__attribute__((format(printf, 3, 4))) int error_set_errno(
	struct error *err, int os_errno, const char *format, ...);
/* Puts "PREFIX: " in front of the message; returns ERROR_RETURN. */
__attribute__((format(printf, 2, 3))) int error_wrap(struct error *err, const char *format, ...);
/* Appends a cause; the texts must live as long as err->arena. */
void error_add_cause(struct error *err, struct str reason, struct str message, struct str field);
/* Forgets what was filled, keeps the arena. */
void error_clear(struct error *err);
/* The code's name as written in error_code.def. */
const char *error_code_name(enum error_code code);

#define WARN_UNUSED __attribute__((warn_unused_result))

#endif
