/* SPDX-License-Identifier: Apache-2.0 */
#include "http_message.h"

void http_headers_add(
	struct arena *arena, struct http_headers *headers, struct str name, struct str value)
{
	if (headers->count == headers->capacity) {
		size_t capacity = headers->capacity ? headers->capacity * 2 : 16;
		struct http_header *entries = ARENA_ARRAY(arena, struct http_header, capacity);

		if (headers->count > 0)
			memcpy(entries, headers->entries, headers->count * sizeof(*entries));
		headers->entries = entries;
		headers->capacity = capacity;
	}
	headers->entries[headers->count++] = (struct http_header){name, value};
}

struct str http_headers_find(const struct http_headers *headers, struct str name)
{
	for (size_t i = 0; i < headers->count; i++) {
		if (str_equal(headers->entries[i].name, name))
			return headers->entries[i].value;
	}
	return STR_EMPTY;
}

bool http_header_is_new_each_time(struct str name)
{
	return str_equal(name, STR("audit-id")) || str_equal(name, STR("x-troika-request-id"));
}

void http_headers_remove(struct http_headers *headers, struct str name)
{
	size_t kept = 0;

	for (size_t i = 0; i < headers->count; i++) {
		if (!str_equal(headers->entries[i].name, name))
			headers->entries[kept++] = headers->entries[i];
	}
	headers->count = kept;
}

/* ---- Percent coding ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool http_percent_decode(
	struct arena *arena, struct str text, bool plus_is_blank, struct str *ret_decoded)
{
	char *decoded = arena_allocate_text(arena, text.length + 1);
	size_t length = 0;

	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];

		if (c == '+' && plus_is_blank) {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < text.length ? hex_digit(text.data[i + 1]) : -1;
			int low = i + 2 < text.length ? hex_digit(text.data[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		decoded[length++] = c;
	}
	decoded[length] = '\0';
	*ret_decoded = str_from(decoded, length);
	return true;
}

static bool is_kept(char c, const char *keep)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c)) || (c != '\0' && strchr(keep, c));
}

struct str http_percent_encode(struct arena *arena, struct str text, const char *keep)
{
	static const char digits[] = "0123456789ABCDEF";
	char *encoded = arena_allocate_text(arena, text.length * 3 + 1);
	size_t length = 0;

	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];

		if (is_kept(c, keep)) {
			encoded[length++] = c;
			continue;
		}
		encoded[length++] = '%';
		encoded[length++] = digits[(unsigned char)c >> 4];
		encoded[length++] = digits[(unsigned char)c & 15];
	}
	encoded[length] = '\0';
	return str_from(encoded, length);
}

/* ---- Queries ---- */

struct http_query *http_query_parse(struct arena *arena, struct str query)
{
	struct http_query *first = NULL;
	struct http_query **end = &first;

	while (!str_is_empty(query)) {
		struct str value = str_split(&query, '&');

		if (str_is_empty(value) || str_find_byte(value, ';') < value.length)
			continue;

		struct str name = str_split(&value, '=');
		struct str decoded_name, decoded_value;

		if (!http_percent_decode(arena, name, true, &decoded_name) ||
			!http_percent_decode(arena, value, true, &decoded_value))
			continue;

		struct http_query *entry = ARENA_NEW(arena, struct http_query);

		entry->name = decoded_name;
		entry->value = decoded_value;
		*end = entry;
		end = &entry->next;
	}
	return first;
}

struct str http_query_find(const struct http_query *query, struct str name, bool *ret_present)
{
	for (; query; query = query->next) {
		if (!str_equal(query->name, name))
			continue;
		if (ret_present)
			*ret_present = true;
		return query->value;
	}
	if (ret_present)
		*ret_present = false;
	return STR_EMPTY;
}

/* ---- Status ---- */

bool http_accepts_gzip(const struct http_headers *headers)
{
	struct str accepted = http_headers_find(headers, STR("accept-encoding"));

	while (!str_is_empty(accepted)) {
		struct str rest = str_split(&accepted, ',');
		struct str coding = str_trim(str_split(&rest, ';'));

		rest = str_trim(rest);
		if (str_equal_ignore_case(coding, STR("gzip")))
			return !str_equal(rest, STR("q=0")) && !str_starts_with(rest, STR("q=0.0"));
	}
	return false;
}

const char *http_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {{100, "Continue"}, {101, "Switching Protocols"}, {200, "OK"}, {201, "Created"},
		{202, "Accepted"}, {203, "Non-Authoritative Information"}, {204, "No Content"},
		{205, "Reset Content"}, {206, "Partial Content"}, {300, "Multiple Choices"},
		{301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"},
		{304, "Not Modified"}, {305, "Use Proxy"}, {307, "Temporary Redirect"},
		{308, "Permanent Redirect"}, {400, "Bad Request"}, {401, "Unauthorized"},
		{402, "Payment Required"}, {403, "Forbidden"}, {404, "Not Found"},
		{405, "Method Not Allowed"}, {406, "Not Acceptable"},
		{407, "Proxy Authentication Required"}, {408, "Request Timeout"}, {409, "Conflict"},
		{410, "Gone"}, {411, "Length Required"}, {412, "Precondition Failed"},
		{413, "Request Entity Too Large"}, {414, "Request URI Too Long"},
		{415, "Unsupported Media Type"}, {416, "Requested Range Not Satisfiable"},
		{417, "Expectation Failed"}, {418, "I'm a teapot"}, {421, "Misdirected Request"},
		{422, "Unprocessable Entity"}, {423, "Locked"}, {424, "Failed Dependency"},
		{425, "Too Early"}, {426, "Upgrade Required"}, {428, "Precondition Required"},
		{429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
		{451, "Unavailable For Legal Reasons"}, {500, "Internal Server Error"},
		{501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
		{504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"},
		{507, "Insufficient Storage"}, {511, "Network Authentication Required"}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].status == status)
			return texts[i].text;
	}
	return "";
}
