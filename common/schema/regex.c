/* SPDX-License-Identifier: Apache-2.0 */
#include "regex.h"

#include "assertion.h"
#include "map.h"
#include "regex_shim.h"

#include <pthread.h>

#define PROGRAM_MAXIMUM 10000 /* instructions */
#define DEPTH_MAXIMUM   1000  /* nested groups */
#define PART_BYTES      256

struct regex {
	struct regex_shim *shim;
};

/* Go's words for the parser's complaints, by regex_shim_error. */
static const char *const complaints[] = {
	[REGEX_SHIM_TOO_LARGE] = "expression too large",
	[REGEX_SHIM_BAD_ESCAPE] = "invalid escape sequence",
	[REGEX_SHIM_BAD_CHAR_CLASS] = "invalid character class",
	[REGEX_SHIM_BAD_CHAR_RANGE] = "invalid character class range",
	[REGEX_SHIM_MISSING_BRACKET] = "missing closing ]",
	[REGEX_SHIM_MISSING_PAREN] = "missing closing )",
	[REGEX_SHIM_UNEXPECTED_PAREN] = "unexpected )",
	[REGEX_SHIM_TRAILING_BACKSLASH] = "trailing backslash at end of expression",
	[REGEX_SHIM_REPEAT_ARGUMENT] = "missing argument to repetition operator",
	[REGEX_SHIM_REPEAT_SIZE] = "invalid repeat count",
	[REGEX_SHIM_REPEAT_OPERATOR] = "invalid nested repetition operator",
	[REGEX_SHIM_BAD_PERL_OPERATOR] = "invalid or unsupported Perl syntax",
	[REGEX_SHIM_BAD_UTF8] = "invalid UTF-8",
	[REGEX_SHIM_BAD_NAMED_CAPTURE] = "invalid named capture",
	[REGEX_SHIM_OTHER] = "regexp/syntax: internal error",
};

/* Depth of groups; groups inside a class or behind a backslash do not count. */
static size_t group_depth(struct str pattern)
{
	size_t depth = 0;
	size_t deepest = 0;
	bool in_class = false;

	for (size_t i = 0; i < pattern.length; i++) {
		char c = pattern.data[i];

		if (c == '\\')
			i++;
		else if (in_class)
			in_class = c != ']';
		else if (c == '[')
			in_class = true;
		else if (c == '(' && ++depth > deepest)
			deepest = depth;
		else if (c == ')' && depth > 0)
			depth--;
	}
	return deepest;
}

/* Go has no \C (one byte of a character). */
static bool has_byte_escape(struct str pattern)
{
	for (size_t i = 0; i + 1 < pattern.length; i++)
		if (pattern.data[i] == '\\' && pattern.data[++i] == 'C')
			return true;
	return false;
}

static int refuse(struct error *err, const char *complaint, struct str part)
{
	return error_set(
		err, ERROR_INVALID, "error parsing regexp: %s: `%.*s`", complaint, STR_ARG(part));
}

static struct regex_shim *compile(struct str pattern, struct error *err)
{
	char part[PART_BYTES];
	size_t part_length = 0;
	enum regex_shim_error error;

	if (group_depth(pattern) > DEPTH_MAXIMUM) {
		refuse(err, "expression nests too deeply", str_slice(pattern, 0, PART_BYTES));
		return NULL;
	}
	if (has_byte_escape(pattern)) {
		refuse(err, complaints[REGEX_SHIM_BAD_ESCAPE], STR("\\C"));
		return NULL;
	}

	struct regex_shim *shim = regex_shim_create(pattern.data ? pattern.data : "",
		pattern.length, PROGRAM_MAXIMUM, &error, part, sizeof(part), &part_length);

	if (!shim)
		refuse(err, complaints[error],
			part_length > 0 ? str_from(part, part_length)
					: str_slice(pattern, 0, PART_BYTES));
	return shim;
}

static void release(void *context)
{
	struct regex *regex = context;

	regex_shim_destroy(regex->shim);
	regex->shim = NULL;
}

int regex_compile(
	struct arena *arena, struct str pattern, const struct regex **ret_regex, struct error *err)
{
	struct regex_shim *shim = compile(pattern, err);

	if (!shim)
		return ERROR_RETURN;

	struct regex *regex = ARENA_NEW(arena, struct regex);

	regex->shim = shim;
	arena_on_release(arena, release, regex);
	*ret_regex = regex;
	return 0;
}

bool regex_matches(const struct regex *regex, struct str text)
{
	ASSERT(regex->shim != NULL);
	return regex_shim_matches(regex->shim, text.data ? text.data : "", text.length);
}

const struct regex *regex_of_constant(struct str pattern)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct arena *arena; /* for the life of the process */
	static struct map known;

	pthread_mutex_lock(&lock);

	const struct regex *regex = map_find(&known, pattern);

	if (!regex) {
		if (!arena)
			arena = arena_create(0);
		ASSERT(regex_compile(arena, pattern, &regex, NULL) == 0);
		map_set(&known, pattern, (void *)regex);
	}
	pthread_mutex_unlock(&lock);
	return regex;
}
