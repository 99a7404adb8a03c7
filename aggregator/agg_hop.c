/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_hop.h"

#include "buffer.h"

/* RFC 3986 pchar and '/' but for '%' and what a second parser might take for a delimiter. */
#define PATH_KEPT  "/:@!$&'()*,=~"
#define QUERY_KEPT "/:@!$'()*,~"

/* Fields that the servers behind read. What is not here does not exist for them. */
static const struct str passed_fields[] = {
	STR_INIT("accept"),
	STR_INIT("content-type"),
	STR_INIT("content-encoding"), /* to be refused */
	STR_INIT("user-agent"),
	STR_INIT("if-none-match"),
};

static bool is_unreserved(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' ||
	       byte == '~';
}

/* Most paths need no encoding at all. */
static struct str encode(struct arena *arena, struct str text, const char *kept)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (!is_unreserved(byte) && byte != '/')
			return http_percent_encode(arena, text, kept);
	}
	return text;
}

struct str agg_hop_target(
	struct arena *arena, struct str decoded_path, const struct http_query *query)
{
	struct str path = encode(arena, decoded_path, PATH_KEPT);
	size_t length = path.length;
	char *text, *end;

	if (!query)
		return path;
	struct encoded_query {
		struct encoded_query *next;
		struct str name, value;
	} *first = NULL, **last = &first;

	for (; query; query = query->next) {
		struct encoded_query *entry = ARENA_NEW(arena, struct encoded_query);

		entry->name = encode(arena, query->name, QUERY_KEPT);
		entry->value = encode(arena, query->value, QUERY_KEPT);
		length += entry->name.length + entry->value.length + 2;
		*last = entry;
		last = &entry->next;
	}
	text = arena_allocate_text(arena, length);
	end = mempcpy(text, path.data, path.length);
	for (const struct encoded_query *entry = first; entry; entry = entry->next) {
		*end++ = entry == first ? '?' : '&';
		end = mempcpy(end, entry->name.data, entry->name.length);
		*end++ = '=';
		if (entry->value.length > 0)
			end = mempcpy(end, entry->value.data, entry->value.length);
	}
	return str_from(text, (size_t)(end - text));
}

void agg_hop_message(struct arena *arena, const struct http_request *request,
	struct str decoded_path, const struct http_query *query, const struct user_info *user,
	struct str request_id, struct agg_hop_message *ret)
{
	struct http_headers *headers = &ret->headers;

	*ret = (struct agg_hop_message){.method = request->method};
	ret->path_and_query = agg_hop_target(arena, decoded_path, query);
	for (size_t i = 0; i < sizeof(passed_fields) / sizeof(passed_fields[0]); i++) {
		struct str value = http_headers_find(&request->headers, passed_fields[i]);

		if (!str_is_empty(value))
			http_headers_add(arena, headers, passed_fields[i], value);
	}
	if (http_accepts_gzip(&request->headers))
		http_headers_add(arena, headers, STR("accept-encoding"), STR("gzip"));
	user_info_to_headers(arena, user, headers);
	if (!str_is_empty(request_id))
		http_headers_add(arena, headers, STR("x-troika-request-id"), request_id);
}

static bool is_for_clients(struct str name)
{
	return !str_equal(name, STR("date")) && !str_equal(name, STR("connection")) &&
	       !str_equal(name, STR("transfer-encoding")) && !str_equal(name, STR("audit-id")) &&
	       !str_starts_with(name, STR("x-troika-")) && !str_starts_with(name, STR("x-remote-"));
}

void agg_hop_response_headers(
	struct arena *arena, const struct http_headers *from, struct http_headers *to)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct http_header *field = &from->entries[i];

		if (is_for_clients(field->name))
			http_headers_add(arena, to, arena_copy(arena, field->name),
				arena_copy(arena, field->value));
	}
}
