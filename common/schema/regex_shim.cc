/* SPDX-License-Identifier: Apache-2.0 */
#include "regex_shim.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

struct regex_shim {
	RE2 re2;

	regex_shim(const re2::StringPiece &pattern, const RE2::Options &options)
	    : re2(pattern, options)
	{
	}
};

static enum regex_shim_error shim_error(RE2::ErrorCode code)
{
	switch (code) {
	case RE2::NoError:
		return REGEX_SHIM_OK;
	case RE2::ErrorBadEscape:
		return REGEX_SHIM_BAD_ESCAPE;
	case RE2::ErrorBadCharClass:
		return REGEX_SHIM_BAD_CHAR_CLASS;
	case RE2::ErrorBadCharRange:
		return REGEX_SHIM_BAD_CHAR_RANGE;
	case RE2::ErrorMissingBracket:
		return REGEX_SHIM_MISSING_BRACKET;
	case RE2::ErrorMissingParen:
		return REGEX_SHIM_MISSING_PAREN;
	case RE2::ErrorUnexpectedParen:
		return REGEX_SHIM_UNEXPECTED_PAREN;
	case RE2::ErrorTrailingBackslash:
		return REGEX_SHIM_TRAILING_BACKSLASH;
	case RE2::ErrorRepeatArgument:
		return REGEX_SHIM_REPEAT_ARGUMENT;
	case RE2::ErrorRepeatSize:
		return REGEX_SHIM_REPEAT_SIZE;
	case RE2::ErrorRepeatOp:
		return REGEX_SHIM_REPEAT_OPERATOR;
	case RE2::ErrorBadPerlOp:
		return REGEX_SHIM_BAD_PERL_OPERATOR;
	case RE2::ErrorBadUTF8:
		return REGEX_SHIM_BAD_UTF8;
	case RE2::ErrorBadNamedCapture:
		return REGEX_SHIM_BAD_NAMED_CAPTURE;
	case RE2::ErrorPatternTooLarge:
		return REGEX_SHIM_TOO_LARGE;
	default:
		return REGEX_SHIM_OTHER;
	}
}

extern "C" struct regex_shim *regex_shim_create(const char *pattern, size_t length,
	int maximum_program, enum regex_shim_error *ret_error, char *part, size_t part_capacity,
	size_t *ret_part_length)
{
	RE2::Options options;

	options.set_log_errors(false);
	options.set_max_mem(2 << 20);

	regex_shim *shim = new regex_shim(re2::StringPiece(pattern, length), options);

	*ret_error = shim_error(shim->re2.error_code());
	if (shim->re2.ok() && shim->re2.ProgramSize() > maximum_program)
		*ret_error = REGEX_SHIM_TOO_LARGE;
	if (*ret_error == REGEX_SHIM_OK)
		return shim;

	const std::string &at_fault = shim->re2.error_arg();

	*ret_part_length = std::min(at_fault.size(), part_capacity);
	memcpy(part, at_fault.data(), *ret_part_length);
	delete shim;
	return nullptr;
}

extern "C" void regex_shim_destroy(struct regex_shim *shim)
{
	delete shim;
}

extern "C" bool regex_shim_matches(const struct regex_shim *shim, const char *text, size_t length)
{
	return RE2::PartialMatch(re2::StringPiece(text, length), shim->re2);
}
