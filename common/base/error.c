/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"

#include <stdio.h>

#include "assertion.h"

static void set_message(struct error *err, const char *format, va_list arguments)
{
	if (err->arena) {
		err->message = arena_vprintf(err->arena, format, arguments);
		return;
	}
	int length = vsnprintf(err->small, sizeof(err->small), format, arguments);

	if (length < 0)
		length = 0;
	if ((size_t)length >= sizeof(err->small))
		length = (int)sizeof(err->small) - 1;
	err->message = str_from(err->small, (size_t)length);
}

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
	va_list arguments;

	ASSERT(code != ERROR_NONE);
	if (!err)
		return ERROR_RETURN;
	err->code = code;
	va_start(arguments, format);
	set_message(err, format, arguments);
	va_end(arguments);
	return ERROR_RETURN;
}

__attribute__((format(printf, 2, 3))) static void set_plain(
	struct error *err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_message(err, format, arguments);
	va_end(arguments);
}

int error_set_errno(struct error *err, int os_errno, const char *format, ...)
{
	char text[160];
	va_list arguments;

	if (!err)
		return ERROR_RETURN;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	err->code = ERROR_INTERNAL;
	err->os_errno = os_errno;
	set_plain(err, "%s: %s", text, strerror(os_errno));
	return ERROR_RETURN;
}

int error_wrap(struct error *err, const char *format, ...)
{
	char prefix[256];
	char inner[sizeof(err->small)];
	va_list arguments;

	if (!err)
		return ERROR_RETURN;
	va_start(arguments, format);
	vsnprintf(prefix, sizeof(prefix), format, arguments);
	va_end(arguments);
	if (err->arena) {
		set_plain(err, "%s: %.*s", prefix, STR_ARG(err->message));
		return ERROR_RETURN;
	}
	snprintf(inner, sizeof(inner), "%.*s", STR_ARG(err->message));
	set_plain(err, "%s: %s", prefix, inner);
	return ERROR_RETURN;
}

void error_add_cause(struct error *err, struct str reason, struct str message, struct str field)
{
	ASSERT(err->arena);
	struct error_cause *cause = ARENA_NEW(err->arena, struct error_cause);

	cause->reason = reason;
	cause->message = message;
	cause->field = field;
	if (!err->causes)
		err->causes_end = &err->causes;
	*err->causes_end = cause;
	err->causes_end = &cause->next;
}

void error_clear(struct error *err)
{
	*err = ERROR_INIT(err->arena);
}

const char *error_code_name(enum error_code code)
{
	static const char *const names[] = {
		"NONE",
#define ERROR_CODE(name) #name,
#include "error_code.def"
#undef ERROR_CODE
	};

	ASSERT((size_t)code < sizeof(names) / sizeof(names[0]));
	return names[code];
}
