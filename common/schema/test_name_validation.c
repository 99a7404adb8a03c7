/* SPDX-License-Identifier: Apache-2.0 */
#include "test_schema_support.h"

#include "name_validation.h"

#define LABEL_TEXT                                                                                 \
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "   \
	"and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "   \
	"regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

static char long_text[300];

static const struct {
	enum name_format format;
	const char *text; /* NULL: 300 letters */
	const char *messages[3];
} cases[] = {
	{NAME_FORMAT_DNS1123_LABEL, "a-1", {NULL}},
	{NAME_FORMAT_DNS1123_LABEL, "", {LABEL_TEXT}},
	{NAME_FORMAT_DNS1123_LABEL, "A", {LABEL_TEXT}},
	{NAME_FORMAT_DNS1123_LABEL, "-a", {LABEL_TEXT}},
	{NAME_FORMAT_DNS1123_LABEL, "a.b", {"must not contain dots"}},
	{NAME_FORMAT_DNS1123_LABEL, NULL, {"must be no more than 63 characters"}},
	{NAME_FORMAT_K8S_SHORT_NAME, NULL, {"must be no more than 63 bytes"}},
	{NAME_FORMAT_DNS1123_SUBDOMAIN, "a.b-c.1", {NULL}},
	{NAME_FORMAT_DNS1123_SUBDOMAIN, "a..b",
		{"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
		 "characters, '-' or '.', and must start and end with an alphanumeric character "
		 "(e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?"
		 "(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"}},
	{NAME_FORMAT_DNS1123_SUBDOMAIN, NULL, {"must be no more than 253 characters"}},
	{NAME_FORMAT_K8S_LONG_NAME_CASELESS, "Ex.Com", {NULL}},
	{NAME_FORMAT_DNS1035_LABEL, "a1", {NULL}},
	{NAME_FORMAT_DNS1035_LABEL, "1a",
		{"a DNS-1035 label must consist of lower case alphanumeric characters or '-', start "
		 "with an alphabetic character, and end with an alphanumeric character (e.g. "
		 "'my-name',  or 'abc-123', regex used for validation is "
		 "'[a-z]([-a-z0-9]*[a-z0-9])?')"}},
	{NAME_FORMAT_PATH_SEGMENT, "system:node", {NULL}},
	{NAME_FORMAT_PATH_SEGMENT, "..", {"may not be '..'"}},
	{NAME_FORMAT_PATH_SEGMENT, "a/%", {"may not contain '/'", "may not contain '%'"}},
	{NAME_FORMAT_QUALIFIED, "example.com/My_name.1", {NULL}},
	{NAME_FORMAT_QUALIFIED, "/a", {"prefix part must be non-empty"}},
	{NAME_FORMAT_QUALIFIED, "a/",
		{"name part must be non-empty",
			"name part must consist of alphanumeric characters, '-', '_' or '.', and "
			"must start and end with an alphanumeric character (e.g. 'MyName',  or "
			"'my.name',  or '123-abc', regex used for validation is "
			"'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"}},
	{NAME_FORMAT_LABEL_VALUE, "", {NULL}},
	{NAME_FORMAT_LABEL_VALUE, "a_b.C-1", {NULL}},
	{NAME_FORMAT_LABEL_VALUE, NULL, {"must be no more than 63 bytes"}},
	{NAME_FORMAT_PORT_NAME, "http-1", {NULL}},
	{NAME_FORMAT_PORT_NAME, "1--2",
		{"must contain at least one letter (a-z)", "must not contain consecutive hyphens"}},
	{NAME_FORMAT_CONFIG_KEY, ".bashrc", {NULL}},
	{NAME_FORMAT_CONFIG_KEY, "..x", {"must not start with '..'"}},
	{NAME_FORMAT_ENVIRONMENT, "A B.c", {NULL}},
	{NAME_FORMAT_PERCENT, "25%", {NULL}},
	{NAME_FORMAT_WILDCARD_SUBDOMAIN, "*.a.b", {NULL}},
	{NAME_FORMAT_HTTP_HEADER, "X-Y", {NULL}},
	{NAME_FORMAT_C_IDENTIFIER, "a_1", {NULL}},
	{NAME_FORMAT_K8S_UUID, "123e4567-e89b-12d3-a456-426614174000", {NULL}},
	{NAME_FORMAT_K8S_UUID, "123E4567-e89b-12d3-a456-426614174000",
		{"must be a lowercase UUID in 8-4-4-4-12 format"}},
	{NAME_FORMAT_K8S_PREFIXED_LABEL_KEY, "a",
		{"must include a prefix (e.g. 'example.com/key')"}},
};

static void names_are_refused_in_upstreams_words(void **state)
{
	(void)state;
	memset(long_text, 'a', sizeof(long_text));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = cases[i].text ? str_from_c(cases[i].text)
						: str_from(long_text, sizeof(long_text));
		struct str messages[NAME_MESSAGES_MAXIMUM];
		size_t count = name_validate(cases[i].format, text, messages);
		size_t wanted = 0;

		while (wanted < 3 && cases[i].messages[wanted])
			wanted++;
		if (count != wanted)
			fail_msg("%.*s: %zu messages", STR_ARG(text), count);
		for (size_t j = 0; j < count; j++)
			if (!str_equal_c(messages[j], cases[i].messages[j]))
				fail_msg("%.*s: %.*s", STR_ARG(text), STR_ARG(messages[j]));
	}
}

static void names_may_hold_any_byte(void **state)
{
	(void)state;
	assert_false(name_is_valid(NAME_FORMAT_DNS1123_LABEL, STR("a\0b")));
	assert_false(name_is_valid(NAME_FORMAT_QUALIFIED, STR("a\0b")));
	assert_false(name_is_valid(NAME_FORMAT_CONFIG_KEY, STR("a\0b")));
	assert_false(name_is_valid(NAME_FORMAT_DNS1123_SUBDOMAIN, STR("a\xff")));
	assert_false(name_is_valid(NAME_FORMAT_DNS1123_SUBDOMAIN, STR_EMPTY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_refused_in_upstreams_words),
		cmocka_unit_test(names_may_hold_any_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
