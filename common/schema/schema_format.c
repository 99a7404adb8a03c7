/* SPDX-License-Identifier: Apache-2.0 */
#include "schema_format.h"

#include <arpa/inet.h>

#include "clock.h"
#include "name_validation.h"
#include "regex.h"
#include "utf8.h"

#define HEX4          "[0-9a-f]{4}-?"
#define UUID_TAIL     "[0-9a-f]{12}$"
#define UUID_HEAD     "(?i)^[0-9a-f]{8}-?" HEX4
#define UUID_VARIANT  "[89ab][0-9a-f]{3}-?"
#define MAIL_ATOM     "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\\x{80}-\\x{10ffff}-]+"
#define COLOUR_NUMBER "\\s*(?:\\d|[1-9]\\d|1\\d\\d|2[0-4]\\d|25[0-5])\\s*"

#define UUID_PATTERN  UUID_HEAD HEX4 HEX4 UUID_TAIL
#define UUID3_PATTERN UUID_HEAD "3[0-9a-f]{3}-?" HEX4 UUID_TAIL
#define UUID4_PATTERN UUID_HEAD "4[0-9a-f]{3}-?" UUID_VARIANT UUID_TAIL
#define UUID5_PATTERN UUID_HEAD "5[0-9a-f]{3}-?" UUID_VARIANT UUID_TAIL
#define EMAIL_PATTERN "^(?:[^<>]*<" MAIL_ATOM "@" MAIL_ATOM ">|" MAIL_ATOM "@" MAIL_ATOM ")$"
#define URI_PATTERN   "^(?:[A-Za-z][A-Za-z0-9+.-]*:[^\\x00-\\x20\\x7f]+|/[^\\x00-\\x1f\\x7f]*|\\*)$"
#define BASE64_PATTERN                                                                             \
	"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$"
#define MAC_PATTERN                                                                                \
	"(?i)^(?:[0-9a-f]{2}(?::[0-9a-f]{2}){5}(?:(?::[0-9a-f]{2}){2}|(?::[0-9a-f]{2}){14})?|"     \
	"[0-9a-f]{2}(?:-[0-9a-f]{2}){5}(?:(?:-[0-9a-f]{2}){2}|(?:-[0-9a-f]{2}){14})?|"             \
	"[0-9a-f]{4}(?:\\.[0-9a-f]{4}){2}(?:\\.[0-9a-f]{4}|(?:\\.[0-9a-f]{4}){7})?)$"
#define TIME_PATTERN                                                                               \
	"(?i)^[^t]{10}t(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:.[0-9]+)?"                     \
	"(?:z|[+-][0-9]{2}:[0-9]{2})$"
#define SCALA_DURATION_PATTERN                                                                     \
	"(?i)[0-9]{1,18}\\s*(?:(?:ns|us|\\x{b5}s|ms|s|m|h|hr|d|w|wk)(?:[^A-Za-z\\x{b5}]|$)|"       \
	"nano|micro|milli|sec|min|hour|day|week)"
#define CARD_PATTERN                                                                               \
	"^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|"               \
	"3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\\d{3})\\d{11})$"

#define ADDRESS_TEXT_MAXIMUM 64
#define DIGITS_MAXIMUM       32

static bool is_ipv4(struct str text)
{
	unsigned parts = 0;

	while (parts < 4) {
		size_t dot = str_find_byte(text, '.');
		uint64_t value;

		if (!str_parse_u64(str_slice(text, 0, dot), 255, &value))
			return false;
		parts++;
		if (dot == text.length)
			break;
		text = str_skip(text, dot + 1);
		if (parts == 4)
			return false;
	}
	return parts == 4;
}

static bool is_ipv6(struct str text)
{
	char copy[ADDRESS_TEXT_MAXIMUM];
	unsigned char address[16];

	if (text.length == 0 || text.length >= sizeof(copy) || memchr(text.data, 0, text.length))
		return false;
	memcpy(copy, text.data, text.length);
	copy[text.length] = '\0';
	return inet_pton(AF_INET6, copy, address) == 1;
}

/* Upstream takes any address with a dot in it, IPv4 in IPv6 included. */
static bool is_ipv4_text(struct str text)
{
	return is_ipv4(text) || (str_find_byte(text, '.') < text.length && is_ipv6(text));
}

static bool is_cidr(struct str text)
{
	struct str rest = text;
	struct str address = str_split(&rest, '/');
	uint64_t bits;

	if (rest.length == 0 || rest.length > 3)
		return false;
	if (is_ipv4(address))
		return str_parse_u64(rest, 32, &bits);
	return is_ipv6(address) && str_parse_u64(rest, 128, &bits);
}

/* A letter, digit or symbol; of characters beyond ASCII all, for want of Unicode's tables. */
static bool is_host_character(char c)
{
	return (unsigned char)c >= 0x80 || (c >= '0' && c <= '9') ||
	       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c && strchr("$+<=>^`|~", c));
}

static size_t count_characters(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.length; i++)
		count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	return count;
}

/* One label of several, with dashes inside. */
static bool is_host_label(struct str label)
{
	if (label.length == 0 || count_characters(label) > 63 || label.data[0] == '-' ||
		label.data[label.length - 1] == '-')
		return false;
	for (size_t i = 0; i < label.length; i++)
		if (label.data[i] != '-' && !is_host_character(label.data[i]))
			return false;
	return true;
}

/* Upstream's pattern lets a dash into a bare label only behind its first character. */
static bool is_bare_host(struct str text)
{
	size_t first = utf8_sequence_length(text);
	struct str rest = str_skip(text, first);

	if (first == 0 || !is_host_character(text.data[0]))
		return false;
	if (rest.length > 0 && rest.data[0] == '-')
		rest = str_skip(rest, 1);
	for (size_t i = 0; i < rest.length; i++)
		if (!is_host_character(rest.data[i]))
			return false;
	return count_characters(rest) <= 62;
}

static bool is_top_level_domain(struct str label)
{
	for (size_t i = 0; i < label.length; i++)
		if ((unsigned char)label.data[i] < 0x80 &&
			((label.data[i] | 0x20) < 'a' || (label.data[i] | 0x20) > 'z'))
			return false;
	return count_characters(label) >= 2 && label.length <= 63;
}

static bool is_hostname(struct str text)
{
	struct str rest = text;

	if (text.length > 255 || utf8_valid_length(text) != text.length)
		return false;
	if (str_find_byte(text, '.') == text.length)
		return is_bare_host(text) && text.length <= 63;
	while (str_find_byte(rest, '.') < rest.length) {
		struct str label = str_split(&rest, '.');

		if (!is_host_label(label) || label.length > 63)
			return false;
	}
	return is_top_level_domain(rest);
}

static bool is_date(struct str text)
{
	char full[] = "2006-01-02T00:00:00Z";
	int64_t seconds;
	uint32_t nanoseconds;

	if (text.length != 10)
		return false;
	memcpy(full, text.data, text.length);
	return clock_parse_rfc3339(str_from_c(full), &seconds, &nanoseconds);
}

static bool is_date_time(struct str text)
{
	return text.length > 10 && is_date(str_slice(text, 0, 10)) &&
	       regex_matches(regex_of_constant(STR(TIME_PATTERN)), text);
}

static bool is_duration(struct str text)
{
	int64_t duration_ns;

	return clock_parse_duration(text, &duration_ns) ||
	       regex_matches(regex_of_constant(STR(SCALA_DURATION_PATTERN)), text);
}

/* The digits (and a closing X, as 10) of a number with blanks and dashes; SIZE_MAX: others too. */
static size_t collect_digits(struct str text, bool any_separator, uint8_t digits[DIGITS_MAXIMUM])
{
	size_t count = 0;

	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];
		bool last_x = !any_separator && c == 'X' && i + 1 == text.length;

		if ((c < '0' || c > '9') && !last_x) {
			if (!any_separator && c != '-' && c != ' ')
				return SIZE_MAX;
			continue;
		}
		if (count == DIGITS_MAXIMUM)
			return SIZE_MAX;
		digits[count++] = last_x ? 10 : (uint8_t)(c - '0');
	}
	return count;
}

static bool is_isbn10(struct str text)
{
	uint8_t digits[DIGITS_MAXIMUM];
	unsigned sum = 0;

	if (collect_digits(text, false, digits) != 10)
		return false;
	for (unsigned i = 0; i < 10; i++)
		sum += (i + 1) * digits[i];
	return sum % 11 == 0;
}

static bool is_isbn13(struct str text)
{
	uint8_t digits[DIGITS_MAXIMUM];
	unsigned sum = 0;

	if (collect_digits(text, false, digits) != 13 || digits[12] > 9)
		return false;
	for (unsigned i = 0; i < 13; i++)
		sum += (i % 2 ? 3 : 1) * digits[i];
	return sum % 10 == 0;
}

static bool is_isbn(struct str text)
{
	return is_isbn10(text) || is_isbn13(text);
}

static bool is_credit_card(struct str text)
{
	uint8_t digits[DIGITS_MAXIMUM];
	char plain[DIGITS_MAXIMUM];
	size_t count = collect_digits(text, true, digits);
	unsigned sum = 0;

	if (count == SIZE_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		unsigned digit = digits[count - 1 - i] * (i % 2 ? 2u : 1u);

		sum += digit > 9 ? digit - 9 : digit;
		plain[i] = (char)('0' + digits[i]);
	}
	return sum % 10 == 0 &&
	       regex_matches(regex_of_constant(STR(CARD_PATTERN)), str_from(plain, count));
}

static bool is_short_name(struct str text)
{
	return name_is_valid(NAME_FORMAT_K8S_SHORT_NAME, text);
}

static bool is_long_name(struct str text)
{
	return name_is_valid(NAME_FORMAT_K8S_LONG_NAME, text);
}

static const struct format {
	struct str name; /* without dashes, as upstream compares them */
	bool (*check)(struct str text);
	struct str pattern;
} formats[] = {
	{STR_INIT("uri"), NULL, STR_INIT(URI_PATTERN)},
	{STR_INIT("email"), NULL, STR_INIT(EMAIL_PATTERN)},
	{STR_INIT("hostname"), is_hostname, {NULL, 0}},
	{STR_INIT("ipv4"), is_ipv4_text, {NULL, 0}},
	{STR_INIT("ipv6"), is_ipv6, {NULL, 0}},
	{STR_INIT("cidr"), is_cidr, {NULL, 0}},
	{STR_INIT("mac"), NULL, STR_INIT(MAC_PATTERN)},
	{STR_INIT("uuid"), NULL, STR_INIT(UUID_PATTERN)},
	{STR_INIT("uuid3"), NULL, STR_INIT(UUID3_PATTERN)},
	{STR_INIT("uuid4"), NULL, STR_INIT(UUID4_PATTERN)},
	{STR_INIT("uuid5"), NULL, STR_INIT(UUID5_PATTERN)},
	{STR_INIT("isbn"), is_isbn, {NULL, 0}},
	{STR_INIT("isbn10"), is_isbn10, {NULL, 0}},
	{STR_INIT("isbn13"), is_isbn13, {NULL, 0}},
	{STR_INIT("creditcard"), is_credit_card, {NULL, 0}},
	{STR_INIT("ssn"), NULL, STR_INIT("^\\d{3}[- ]?\\d{2}[- ]?\\d{4}$")},
	{STR_INIT("hexcolor"), NULL, STR_INIT("^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$")},
	{STR_INIT("rgbcolor"), NULL,
		STR_INIT("^rgb\\(" COLOUR_NUMBER "," COLOUR_NUMBER "," COLOUR_NUMBER "\\)$")},
	{STR_INIT("byte"), NULL, STR_INIT(BASE64_PATTERN)},
	{STR_INIT("password"), NULL, {NULL, 0}},
	{STR_INIT("date"), is_date, {NULL, 0}},
	{STR_INIT("duration"), is_duration, {NULL, 0}},
	{STR_INIT("datetime"), is_date_time, {NULL, 0}},
	{STR_INIT("bsonobjectid"), NULL, STR_INIT("^[0-9a-fA-F]{24}$")},
	{STR_INIT("k8sshortname"), is_short_name, {NULL, 0}},
	{STR_INIT("k8slongname"), is_long_name, {NULL, 0}},
};

static bool is_format_name(struct str format, struct str name)
{
	size_t matched = 0;

	for (size_t i = 0; i < format.length; i++) {
		if (format.data[i] == '-')
			continue;
		if (matched == name.length || name.data[matched++] != format.data[i])
			return false;
	}
	return matched == name.length;
}

static const struct format *find_format(struct str format)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (is_format_name(format, formats[i].name))
			return &formats[i];
	return NULL;
}

bool schema_format_is_known(struct str format)
{
	return find_format(format) != NULL;
}

bool schema_format_matches(struct str name, struct str text)
{
	const struct format *format = find_format(name);

	if (!format)
		return true;
	if (format->check)
		return format->check(text);
	return !format->pattern.data || regex_matches(regex_of_constant(format->pattern), text);
}
