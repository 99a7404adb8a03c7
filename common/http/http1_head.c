/* SPDX-License-Identifier: Apache-2.0 */
#include "http1_head.h"

#include "http_syntax.h"

/* What the fields seen so far amount to. */
struct fields_seen {
	unsigned hosts, lengths, codings, authorizations;
	bool coding_is_chunked;
	bool asks_close, asks_keep_alive;
};

/* The next line without its CRLF. The scanner has seen to it that each line ends in one. */
static struct str take_line(struct str *rest)
{
	struct str line = str_split(rest, '\n');

	return line.length > 0 ? str_slice(line, 0, line.length - 1) : line;
}

static int parse_version(struct str version, struct http1_head *head)
{
	if (version.length != 8 || !str_starts_with(version, STR("HTTP/")) ||
		version.data[6] != '.' || version.data[5] < '0' || version.data[5] > '9' ||
		version.data[7] < '0' || version.data[7] > '9')
		return 400;
	if (str_equal(version, STR("HTTP/1.1")))
		head->minor_version = 1;
	else if (str_equal(version, STR("HTTP/1.0")))
		head->minor_version = 0;
	else
		return 505;
	return 0;
}

/* "http://host/path" is taken as "/path": the Host field counts, as for any other request. */
static bool strip_absolute_form(struct str *target)
{
	static const struct str schemes[] = {STR_INIT("http://"), STR_INIT("https://")};

	for (size_t i = 0; i < 2; i++) {
		struct str scheme = str_slice(*target, 0, schemes[i].length);

		if (!str_equal_ignore_case(scheme, schemes[i]))
			continue;

		struct str rest = str_skip(*target, scheme.length);
		size_t slash = str_find_byte(rest, '/');
		size_t mark = str_find_byte(rest, '?');

		if (mark < slash || slash == 0)
			return false;
		if (!http_syntax_is_authority(str_slice(rest, 0, slash)))
			return false;
		*target = slash < rest.length ? str_skip(rest, slash) : STR("/");
		return true;
	}
	return false;
}

static int parse_request_line(
	struct str line, const struct http1_limits *limits, struct http1_head *head)
{
	head->method = str_split(&line, ' ');
	head->target = str_split(&line, ' ');
	/* What is left is the version, with any further blank in it. */
	if (!http_syntax_is_token(head->method) || str_is_empty(head->target))
		return 400;

	int status = parse_version(line, head);

	if (status != 0)
		return status;
	if (head->target.length > limits->uri_bytes)
		return 414;
	if (str_equal(head->method, STR("CONNECT")))
		return 405;
	if (!http_syntax_is_target(head->target))
		return 400;

	struct str target = head->target;

	if (str_equal(target, STR("*"))) {
		if (!str_equal(head->method, STR("OPTIONS")))
			return 400;
	} else if (target.data[0] != '/' && !strip_absolute_form(&target)) {
		return 400;
	}
	http_syntax_split_target(target, &head->path, &head->query);
	return 0;
}

static int note_field(
	struct http1_head *head, struct fields_seen *seen, struct str name, struct str value)
{
	if (str_equal(name, STR("host"))) {
		head->authority = value;
		return ++seen->hosts > 1 || !http_syntax_is_authority(value) ? 400 : 0;
	}
	if (str_equal(name, STR("content-length")))
		return ++seen->lengths > 1 ||
				       !http_syntax_parse_length(value, &head->content_length)
			       ? 400
			       : 0;
	if (str_equal(name, STR("transfer-encoding"))) {
		seen->coding_is_chunked = str_equal_ignore_case(value, STR("chunked"));
		return ++seen->codings > 1 || !seen->coding_is_chunked ? 501 : 0;
	}
	if (str_equal(name, STR("authorization")))
		return ++seen->authorizations > 1 ? 400 : 0;
	if (str_equal(name, STR("connection"))) {
		seen->asks_close |= http_syntax_list_has(value, STR("close"));
		seen->asks_keep_alive |= http_syntax_list_has(value, STR("keep-alive"));
	} else if (str_equal(name, STR("expect"))) {
		head->expects_continue = str_equal_ignore_case(value, STR("100-continue"));
		return head->expects_continue ? 0 : 417;
	}
	return 0;
}

static void make_lower_case(char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] + ('a' - 'A'));
	}
}

static struct str trim_blanks(struct str value)
{
	while (value.length > 0 && (value.data[0] == ' ' || value.data[0] == '\t'))
		value = str_skip(value, 1);
	while (value.length > 0 &&
		(value.data[value.length - 1] == ' ' || value.data[value.length - 1] == '\t'))
		value.length--;
	return value;
}

static int parse_field(struct arena *arena, char *base, const char *start, struct str line,
	struct http1_head *head, struct fields_seen *seen)
{
	struct str value = line;
	struct str name = str_split(&value, ':');

	/* A folded line starts with a blank, which no name may hold; neither may one before ':'. */
	if (name.length == line.length || !http_syntax_is_token(name))
		return 400;
	value = trim_blanks(value);
	if (!http_syntax_is_value(value))
		return 400;
	make_lower_case(base + (name.data - start), name.length);
	http_headers_add(arena, &head->headers, name, value);
	return note_field(head, seen, name, value);
}

static int conclude(
	struct http1_head *head, const struct fields_seen *seen, const struct http1_limits *limits)
{
	if (head->minor_version == 1 && seen->hosts == 0)
		return 400;
	if (seen->codings > 0 && (head->minor_version == 0 || seen->lengths > 0))
		return 400;
	head->is_chunked = seen->codings > 0;
	head->has_body = head->is_chunked || head->content_length > 0;
	head->keeps_connection =
		!seen->asks_close && (head->minor_version == 1 || seen->asks_keep_alive);
	/* An HTTP/1.0 client does not know the interim response. */
	head->expects_continue &= head->minor_version == 1 && head->has_body;
	return head->content_length > limits->body_bytes ? 413 : 0;
}

int http1_head_parse(struct arena *arena, char *text, size_t length,
	const struct http1_limits *limits, struct http1_head *head)
{
	struct str rest = str_from(text, length);
	struct fields_seen seen = {0};
	int first_refusal = 0;

	*head = (struct http1_head){0};

	int status = parse_request_line(take_line(&rest), limits, head);

	if (status != 0)
		return status;
	for (;;) {
		struct str line = take_line(&rest);

		if (str_is_empty(line))
			break;
		if (head->headers.count >= limits->header_count)
			return 431;
		status = parse_field(arena, text, text, line, head, &seen);
		/* That a later line is malformed outranks an unknown coding or expectation. */
		if (status == 400)
			return 400;
		if (first_refusal == 0)
			first_refusal = status;
	}
	if (first_refusal != 0)
		return first_refusal;
	return conclude(head, &seen, limits);
}
