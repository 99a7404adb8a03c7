/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_url.h"

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* No control bytes, and each '%' opens an escape. */
static bool is_clean(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (byte < 0x20 || byte == 0x7f)
			return false;
		if (byte == '%' && (i + 2 >= text.length || !is_hex(text.data[i + 1]) ||
					   !is_hex(text.data[i + 2])))
			return false;
	}
	return true;
}

static bool is_scheme(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];

		if (!is_alpha(c) && (i == 0 || (!is_digit(c) && c != '+' && c != '-' && c != '.')))
			return false;
	}
	return text.length > 0;
}

/* host, host:port, [v6], [v6]:port. */
static bool is_host(struct str host)
{
	struct str port = host;

	for (size_t i = 0; i < host.length; i++) {
		if (host.data[i] == ' ' || host.data[i] == '<' || host.data[i] == '>' ||
			host.data[i] == '"')
			return false;
	}
	if (str_starts_with(host, STR("["))) {
		size_t end = str_find_byte(host, ']');

		if (end == host.length)
			return false;
		port = str_skip(host, end + 1);
		if (port.length > 0 && port.data[0] != ':')
			return false;
	}
	port = str_skip(port, str_find_byte(port, ':'));
	for (size_t i = 1; i < port.length; i++) {
		if (!is_digit(port.data[i]))
			return false;
	}
	return true;
}

bool ext_url_parse(struct str text, struct ext_url *ret)
{
	struct str rest = text;
	size_t colon = str_find_byte(text, ':');

	*ret = (struct ext_url){.scheme = STR_EMPTY};
	if (str_is_empty(text) || !is_clean(text) || text.data[0] == ':')
		return false;
	size_t hash = str_find_byte(rest, '#');

	ret->fragment = str_skip(rest, hash + 1);
	rest = str_slice(rest, 0, hash);
	if (colon < rest.length && is_scheme(str_slice(rest, 0, colon))) {
		ret->scheme = str_slice(rest, 0, colon);
		rest = str_skip(rest, colon + 1);
	} else if (colon < str_find_byte(rest, '/')) {
		return false; /* "first path segment in URL cannot contain colon" */
	}
	size_t question = str_find_byte(rest, '?');

	ret->query = str_skip(rest, question + 1);
	rest = str_slice(rest, 0, question);
	if (!str_starts_with(rest, STR("//"))) {
		ret->path = rest;
		return true;
	}
	rest = str_skip(rest, 2);
	size_t slash = str_find_byte(rest, '/');

	ret->path = str_skip(rest, slash);
	ret->host = str_slice(rest, 0, slash);
	for (size_t i = ret->host.length; i > 0; i--) {
		if (ret->host.data[i - 1] != '@')
			continue;
		ret->has_user = true;
		ret->user = str_slice(ret->host, 0, i - 1);
		ret->host = str_skip(ret->host, i);
		break;
	}
	return is_host(ret->host);
}
