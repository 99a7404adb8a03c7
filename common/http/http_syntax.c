/* SPDX-License-Identifier: Apache-2.0 */
#include "http_syntax.h"

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_hexadecimal(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Letters, digits, and the marks given. */
static bool consists_of(struct str text, const char *marks)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];

		if (!is_alphanumeric(c) && (c == '\0' || !strchr(marks, c)))
			return false;
	}
	return true;
}

bool http_syntax_is_token(struct str text)
{
	return text.length > 0 && consists_of(text, "-_.!#$%&'*+^`|~");
}

bool http_syntax_is_authority(struct str text)
{
	return consists_of(text, ".:-[]_~!$&'()*+,;=%@");
}

bool http_syntax_is_value(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

bool http_syntax_is_target(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c <= ' ' || c >= 0x7f || c == '#')
			return false;
		if (c == '%' && (text.length - i < 3 || !is_hexadecimal(text.data[i + 1]) ||
					!is_hexadecimal(text.data[i + 2])))
			return false;
	}
	return text.length > 0;
}

void http_syntax_split_target(struct str target, struct str *ret_path, struct str *ret_query)
{
	*ret_query = target;
	*ret_path = str_split(ret_query, '?');
}

bool http_syntax_list_has(struct str list, struct str token)
{
	while (!str_is_empty(list)) {
		if (str_equal_ignore_case(str_trim(str_split(&list, ',')), token))
			return true;
	}
	return false;
}

bool http_syntax_parse_length(struct str text, uint64_t *ret_length)
{
	return text.length <= 19 && str_parse_u64(text, INT64_MAX, ret_length);
}
