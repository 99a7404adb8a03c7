/* SPDX-License-Identifier: Apache-2.0 */
#include "name_validation.h"

#define LABEL_MAXIMUM     63
#define SUBDOMAIN_MAXIMUM 253

#define LABEL_PATTERN     "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define SUBDOMAIN_PATTERN LABEL_PATTERN "(\\." LABEL_PATTERN ")*"
#define KEY_PATTERN       "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
#define REGEX_USED(regex) "regex used for validation is '" regex "')"

#define SUBDOMAIN_TEXT                                                                                        \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "                 \
	"'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', " REGEX_USED( \
		SUBDOMAIN_PATTERN)
#define LABEL_TEXT                                                                                           \
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "             \
	"and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', " REGEX_USED( \
		LABEL_PATTERN)
#define KEY_TEXT                                                                                   \
	"must consist of alphanumeric characters, '-', '_' or '.', and must start and end with "   \
	"an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', " REGEX_USED(     \
		KEY_PATTERN)

struct messages {
	struct str *items;
	size_t count;
};

static void add(struct messages *messages, struct str text)
{
	if (messages->count < NAME_MESSAGES_MAXIMUM)
		messages->items[messages->count++] = text;
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_number(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower_alphanumeric(char c)
{
	return is_lower(c) || is_number(c);
}

static bool is_alphanumeric(char c)
{
	return is_lower((char)(c | 0x20)) || is_number(c);
}

/* first (rest* last)?, as all of these patterns are, by classes of characters. */
static bool matches(struct str text, bool (*edge)(char), const char *inner)
{
	if (text.length == 0 || !edge(text.data[0]) || !edge(text.data[text.length - 1]))
		return false;
	for (size_t i = 0; i < text.length; i++)
		if (!edge(text.data[i]) && (text.data[i] == '\0' || !strchr(inner, text.data[i])))
			return false;
	return true;
}

static bool matches_all(struct str text, const char *others)
{
	for (size_t i = 0; i < text.length; i++)
		if (!is_alphanumeric(text.data[i]) &&
			(text.data[i] == '\0' || !strchr(others, text.data[i])))
			return false;
	return text.length > 0;
}

static bool matches_subdomain(struct str text, bool (*edge)(char))
{
	while (true) {
		size_t dot = str_find_byte(text, '.');

		if (!matches(str_slice(text, 0, dot), edge, "-"))
			return false;
		if (dot == text.length)
			return true;
		text = str_skip(text, dot + 1);
	}
}

static void check_label(struct str text, struct str too_long, struct messages *messages)
{
	if (text.length > LABEL_MAXIMUM)
		add(messages, too_long);
	if (matches(text, is_lower_alphanumeric, "-"))
		return;
	if (matches_subdomain(text, is_lower_alphanumeric))
		add(messages, STR("must not contain dots"));
	else
		add(messages, STR(LABEL_TEXT));
}

static void check_subdomain(struct str text, struct str too_long, struct messages *messages)
{
	if (text.length > SUBDOMAIN_MAXIMUM)
		add(messages, too_long);
	if (!matches_subdomain(text, is_lower_alphanumeric))
		add(messages, STR(SUBDOMAIN_TEXT));
}

static void check_subdomain_caseless(struct str text, struct messages *messages)
{
	if (text.length > SUBDOMAIN_MAXIMUM)
		add(messages, STR("must be no more than 253 bytes"));
	if (!matches_subdomain(text, is_alphanumeric))
		add(messages,
			STR("an RFC 1123 subdomain must consist of alphanumeric characters, '-' "
			    "or '.', and must start and end with an alphanumeric character (e.g. "
			    "'Example.com', " REGEX_USED(SUBDOMAIN_PATTERN)));
}

static void check_dns1035(struct str text, struct messages *messages)
{
	if (text.length > LABEL_MAXIMUM)
		add(messages, STR("must be no more than 63 characters"));
	if (!matches(text, is_lower_alphanumeric, "-") || !is_lower(text.data[0]))
		add(messages,
			STR("a DNS-1035 label must consist of lower case alphanumeric characters or "
			    "'-', start with an alphabetic character, and end with an alphanumeric "
			    "character (e.g. 'my-name',  or 'abc-123', " REGEX_USED(
				    "[a-z]([-a-z0-9]*[a-z0-9])?")));
}

static void check_wildcard(struct str text, struct messages *messages)
{
	if (text.length > SUBDOMAIN_MAXIMUM)
		add(messages, STR("must be no more than 253 characters"));
	if (!str_starts_with(text, STR("*.")) ||
		!matches_subdomain(str_skip(text, 2), is_lower_alphanumeric))
		add(messages,
			STR("a wildcard DNS-1123 subdomain must start with '*.', followed by a "
			    "valid DNS subdomain, which must consist of lower case alphanumeric "
			    "characters, '-' or '.' and end with an alphanumeric character (e.g. "
			    "'*.example.com', " REGEX_USED("\\*\\." SUBDOMAIN_PATTERN)));
}

static void check_path_segment(struct str text, struct messages *messages)
{
	if (str_equal_c(text, ".")) {
		add(messages, STR("may not be '.'"));
		return;
	}
	if (str_equal_c(text, "..")) {
		add(messages, STR("may not be '..'"));
		return;
	}
	if (str_find_byte(text, '/') < text.length)
		add(messages, STR("may not contain '/'"));
	if (str_find_byte(text, '%') < text.length)
		add(messages, STR("may not contain '%'"));
}

static void check_qualified_prefix(struct str prefix, struct messages *messages)
{
	if (prefix.length == 0) {
		add(messages, STR("prefix part must be non-empty"));
		return;
	}
	if (prefix.length > SUBDOMAIN_MAXIMUM)
		add(messages, STR("prefix part must be no more than 253 bytes"));
	if (!matches_subdomain(prefix, is_lower_alphanumeric))
		add(messages, STR("prefix part " SUBDOMAIN_TEXT));
}

static void check_qualified(struct str text, struct messages *messages)
{
	size_t slash = str_find_byte(text, '/');
	struct str name = text;

	if (slash < text.length) {
		name = str_skip(text, slash + 1);
		if (str_find_byte(name, '/') < name.length) {
			add(messages, STR("a valid label key " KEY_TEXT
					  " with an optional DNS subdomain prefix and '/' (e.g. "
					  "'example.com/MyName')"));
			return;
		}
		check_qualified_prefix(str_slice(text, 0, slash), messages);
	}
	if (name.length == 0)
		add(messages, STR("name part must be non-empty"));
	else if (name.length > LABEL_MAXIMUM)
		add(messages, STR("name part must be no more than 63 bytes"));
	if (!matches(name, is_alphanumeric, "-_."))
		add(messages, STR("name part " KEY_TEXT));
}

static void check_prefixed_label_key(struct str text, struct messages *messages)
{
	check_qualified(text, messages);
	if (messages->count == 0 && str_find_byte(text, '/') == text.length)
		add(messages, STR("must include a prefix (e.g. 'example.com/key')"));
}

static void check_label_value(struct str text, struct messages *messages)
{
	if (text.length > LABEL_MAXIMUM)
		add(messages, STR("must be no more than 63 bytes"));
	if (text.length > 0 && !matches(text, is_alphanumeric, "-_."))
		add(messages,
			STR("a valid label must be an empty string or consist of alphanumeric "
			    "characters, '-', '_' or '.', and must start and end with an "
			    "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', " REGEX_USED(
				    "(" KEY_PATTERN ")?")));
}

static void check_c_identifier(struct str text, struct messages *messages)
{
	if (!matches_all(text, "_") || is_number(text.data[0]))
		add(messages,
			STR("a valid C identifier must start with alphabetic character or '_', "
			    "followed by a string of alphanumeric characters or '_' (e.g. "
			    "'my_name',  or 'MY_NAME',  or 'MyName', " REGEX_USED(
				    "[A-Za-z_][A-Za-z0-9_]*")));
}

static void check_port_name(struct str text, struct messages *messages)
{
	bool has_letter = false;
	bool charset = text.length > 0;

	for (size_t i = 0; i < text.length; i++) {
		has_letter |= is_lower(text.data[i]);
		charset &= is_lower_alphanumeric(text.data[i]) || text.data[i] == '-';
	}
	if (text.length > 15)
		add(messages, STR("must be no more than 15 characters"));
	if (!charset)
		add(messages,
			STR("must contain only alpha-numeric characters (a-z, 0-9), and hyphens "
			    "(-)"));
	if (!has_letter)
		add(messages, STR("must contain at least one letter (a-z)"));
	if (str_find(text, STR("--")) < text.length)
		add(messages, STR("must not contain consecutive hyphens"));
	if (text.length > 0 && (text.data[0] == '-' || text.data[text.length - 1] == '-'))
		add(messages, STR("must not begin or end with a hyphen"));
}

static void check_config_key(struct str text, struct messages *messages)
{
	if (text.length > SUBDOMAIN_MAXIMUM)
		add(messages, STR("must be no more than 253 characters"));
	if (!matches_all(text, "-._"))
		add(messages,
			STR("a valid config key must consist of alphanumeric characters, '-', '_' "
			    "or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', " REGEX_USED(
				    "[-._a-zA-Z0-9]+")));
	if (str_equal_c(text, "."))
		add(messages, STR("must not be '.'"));
	else if (str_equal_c(text, ".."))
		add(messages, STR("must not be '..'"));
	else if (str_starts_with(text, STR("..")))
		add(messages, STR("must not start with '..'"));
}

static void check_environment(struct str text, struct messages *messages)
{
	if (text.length == 0)
		add(messages, STR("environment variable name must be non-empty"));
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] < ' ' || text.data[i] > '~' || text.data[i] == '=') {
			add(messages, STR("a valid environment variable name must consist only of "
					  "printable ASCII characters other than '='"));
			return;
		}
	}
}

static void check_percent(struct str text, struct messages *messages)
{
	bool valid = text.length > 1 && text.data[text.length - 1] == '%';

	for (size_t i = 0; valid && i + 1 < text.length; i++)
		valid = is_number(text.data[i]);
	if (!valid)
		add(messages,
			STR("a valid percent string must be a numeric string followed by an ending "
			    "'%' (e.g. '1%',  or '93%', " REGEX_USED("[0-9]+%")));
}

static void check_http_header(struct str text, struct messages *messages)
{
	if (!matches_all(text, "-"))
		add(messages,
			STR("a valid HTTP header must consist of alphanumeric characters or '-' "
			    "(e.g. 'X-Header-Name', " REGEX_USED("[-A-Za-z0-9]+")));
}

static bool is_uuid(struct str text)
{
	if (text.length != 36)
		return false;
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (c != '-')
				return false;
		} else if (!is_number(c) && !(c >= 'a' && c <= 'f')) {
			return false;
		}
	}
	return true;
}

size_t name_validate(
	enum name_format format, struct str text, struct str ret_messages[NAME_MESSAGES_MAXIMUM])
{
	struct messages messages = {.items = ret_messages};

	switch (format) {
	case NAME_FORMAT_DNS1123_LABEL:
		check_label(text, STR("must be no more than 63 characters"), &messages);
		break;
	case NAME_FORMAT_DNS1123_SUBDOMAIN:
		check_subdomain(text, STR("must be no more than 253 characters"), &messages);
		break;
	case NAME_FORMAT_DNS1035_LABEL:
		check_dns1035(text, &messages);
		break;
	case NAME_FORMAT_WILDCARD_SUBDOMAIN:
		check_wildcard(text, &messages);
		break;
	case NAME_FORMAT_PATH_SEGMENT:
		check_path_segment(text, &messages);
		break;
	case NAME_FORMAT_QUALIFIED:
		check_qualified(text, &messages);
		break;
	case NAME_FORMAT_LABEL_VALUE:
		check_label_value(text, &messages);
		break;
	case NAME_FORMAT_C_IDENTIFIER:
		check_c_identifier(text, &messages);
		break;
	case NAME_FORMAT_PORT_NAME:
		check_port_name(text, &messages);
		break;
	case NAME_FORMAT_CONFIG_KEY:
		check_config_key(text, &messages);
		break;
	case NAME_FORMAT_ENVIRONMENT:
		check_environment(text, &messages);
		break;
	case NAME_FORMAT_PERCENT:
		check_percent(text, &messages);
		break;
	case NAME_FORMAT_HTTP_HEADER:
		check_http_header(text, &messages);
		break;
	case NAME_FORMAT_K8S_SHORT_NAME:
		check_label(text, STR("must be no more than 63 bytes"), &messages);
		break;
	case NAME_FORMAT_K8S_LONG_NAME:
		check_subdomain(text, STR("must be no more than 253 bytes"), &messages);
		break;
	case NAME_FORMAT_K8S_LONG_NAME_CASELESS:
		check_subdomain_caseless(text, &messages);
		break;
	case NAME_FORMAT_K8S_PREFIXED_LABEL_KEY:
		check_prefixed_label_key(text, &messages);
		break;
	case NAME_FORMAT_K8S_UUID:
		if (!is_uuid(text))
			add(&messages, STR("must be a lowercase UUID in 8-4-4-4-12 format"));
		break;
	}
	return messages.count;
}

bool name_is_valid(enum name_format format, struct str text)
{
	struct str messages[NAME_MESSAGES_MAXIMUM];

	return name_validate(format, text, messages) == 0;
}

bool name_format_find(struct str keyword, enum name_format *ret_format)
{
	static const struct {
		struct str keyword;
		enum name_format format;
	} keywords[] = {
		{STR_INIT("k8s-short-name"), NAME_FORMAT_K8S_SHORT_NAME},
		{STR_INIT("k8s-long-name"), NAME_FORMAT_K8S_LONG_NAME},
		{STR_INIT("k8s-long-name-caseless"), NAME_FORMAT_K8S_LONG_NAME_CASELESS},
		{STR_INIT("k8s-label-key"), NAME_FORMAT_QUALIFIED},
		{STR_INIT("k8s-label-value"), NAME_FORMAT_LABEL_VALUE},
		{STR_INIT("k8s-prefixed-label-key"), NAME_FORMAT_K8S_PREFIXED_LABEL_KEY},
		{STR_INIT("k8s-path-segment-name"), NAME_FORMAT_PATH_SEGMENT},
		{STR_INIT("k8s-uuid"), NAME_FORMAT_K8S_UUID},
		/* Not OpenAPI's: the formats of upstream's older validators, for api/rules.tsv. */
		{STR_INIT("label"), NAME_FORMAT_DNS1123_LABEL},
		{STR_INIT("subdomain"), NAME_FORMAT_DNS1123_SUBDOMAIN},
		{STR_INIT("label-1035"), NAME_FORMAT_DNS1035_LABEL},
		{STR_INIT("port-name"), NAME_FORMAT_PORT_NAME},
		{STR_INIT("config-key"), NAME_FORMAT_CONFIG_KEY},
		{STR_INIT("environment"), NAME_FORMAT_ENVIRONMENT},
		{STR_INIT("http-header"), NAME_FORMAT_HTTP_HEADER},
	};

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (str_equal(keyword, keywords[i].keyword)) {
			*ret_format = keywords[i].format;
			return true;
		}
	}
	return false;
}
