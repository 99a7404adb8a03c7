/* SPDX-License-Identifier: Apache-2.0 */
#include "test_machinery_support.h"

#include "continue_token.h"
#include "list_options.h"
#include "media_type.h"

#define LIST(text) "ListOptions.meta.k8s.io \"\" is invalid: " text

static void bad_list_options_are_refused_with_upstreams_texts(void **state)
{
	static const struct {
		const char *query;
		enum error_code code;
		const char *message;
	} cases[] = {
		{"", ERROR_NONE, NULL},
		{"limit=5&resourceVersion=0&resourceVersionMatch=NotOlderThan", ERROR_NONE, NULL},
		{"watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", ERROR_NONE,
			NULL},
		{"resourceVersionMatch=Exact", ERROR_INVALID,
			LIST("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden "
			     "unless resourceVersion is provided")},
		{"resourceVersion=0&resourceVersionMatch=Exact", ERROR_INVALID,
			LIST("resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is "
			     "forbidden for resourceVersion \"0\"")},
		{"resourceVersion=5&resourceVersionMatch=x", ERROR_INVALID,
			LIST("resourceVersionMatch: Unsupported value: \"x\": supported values: "
			     "\"Exact\", \"NotOlderThan\", \"\"")},
		{"sendInitialEvents=false", ERROR_INVALID,
			LIST("sendInitialEvents: Forbidden: sendInitialEvents is forbidden for "
			     "list")},
		{"watch=1&sendInitialEvents=true", ERROR_INVALID,
			LIST("resourceVersionMatch: Forbidden: sendInitialEvents requires setting "
			     "resourceVersionMatch to NotOlderThan")},
		{"watch=1&resourceVersionMatch=NotOlderThan", ERROR_INVALID,
			LIST("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden "
			     "for watch unless sendInitialEvents is provided")},
		{"continue=x&resourceVersion=5", ERROR_BAD_REQUEST,
			"specifying resource version is not allowed when using continue"},
		{"resourceVersion=abc", ERROR_BAD_REQUEST,
			"invalid resource version: \"abc\": strconv.ParseUint: parsing \"abc\": "
			"invalid syntax"},
		{"limit=x", ERROR_BAD_REQUEST,
			"strconv.ParseInt: parsing "
			"\"x\": invalid syntax"},
	};
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct list_options options;
		int outcome = list_options_parse(
			arena, http_query_parse(arena, str_from_c(cases[i].query)), &options, &err);

		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(outcome, cases[i].message ? ERROR_RETURN : 0);
		if (cases[i].message)
			assert_text(arena, err.message, cases[i].message);
	}
}

static void write_options_come_from_query_and_user_agent(void **state)
{
	static const struct {
		const char *query, *user_agent, *manager, *message;
	} cases[] = {
		{"", "kubectl/v1.36 (linux)", "kubectl", NULL},
		{"",
			"a\x01\xc2\x80"
			"b\xff/1",
			"ab", NULL},
		{"", "", "unknown", NULL},
		{"fieldManager=me&dryRun=All&fieldValidation=Strict", "x", "me", NULL},
		{"fieldManager=a%07", "x", NULL,
			"CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: "
			"\"a\\a\": invalid character U+0007 (at position 1)"},
		{"dryRun=Some", "x", NULL,
			"CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: "
			"[\"Some\"]: supported values: \"All\""},
		{"fieldValidation=x", "x", NULL,
			"CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported "
			"value: \"x\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""},
	};
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct write_options options;
		int outcome = write_options_parse(arena,
			http_query_parse(arena, str_from_c(cases[i].query)),
			str_from_c(cases[i].user_agent), &options, &err);

		assert_int_equal(outcome, cases[i].message ? ERROR_RETURN : 0);
		if (cases[i].message)
			assert_text(arena, err.message, cases[i].message);
		else
			assert_text(arena, options.field_manager, cases[i].manager);
	}
}

static void a_delete_takes_its_options_from_the_body_alone_when_it_has_one(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);
	struct delete_options options;
	struct http_query *query = http_query_parse(
		arena, STR("gracePeriodSeconds=-4&propagationPolicy=Orphan&dryRun=All"));

	assert_int_equal(delete_options_parse(arena, query, STR_EMPTY, &options, &err), 0);
	assert_int_equal(options.grace_period_seconds, 1);
	assert_text(arena, options.propagation_policy, "Orphan");
	assert_true(options.is_dry_run);
	assert_int_equal(
		delete_options_parse(arena, query,
			STR("{\"kind\":\"DeleteOptions\",\"preconditions\":{\"uid\":\"u\"}}"),
			&options, &err),
		0);
	assert_int_equal(options.grace_period_seconds, -1);
	assert_text(arena, options.propagation_policy, "");
	assert_false(options.is_dry_run);
	assert_true(options.has_precondition_uid);
	assert_text(arena, options.precondition_uid, "u");
	assert_false(options.has_precondition_resource_version);
}

static void bad_delete_options_are_refused(void **state)
{
	static const struct {
		const char *body, *message;
	} cases[] = {
		{"{", "unexpected end of JSON input"},
		{"[]", "decoded object cannot be converted to DeleteOptions"},
		{"{\"kind\":\"Pod\"}", "decoded object cannot be converted to DeleteOptions"},
		{"{\"dryRun\":[\"Some\"]}",
			"DeleteOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: "
			"[\"Some\"]: supported values: \"All\""},
		{"{\"propagationPolicy\":\"Now\"}",
			"DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported "
			"value: \"Now\": supported values: \"Foreground\", \"Background\", "
			"\"Orphan\", \"nil\""},
		{"{\"propagationPolicy\":\"Orphan\",\"orphanDependents\":true}",
			"DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid "
			"value: \"Orphan\": orphanDependents and deletionPropagation cannot be "
			"both set"},
	};
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct delete_options options;

		assert_int_equal(delete_options_parse(
					 arena, NULL, str_from_c(cases[i].body), &options, &err),
			ERROR_RETURN);
		assert_text(arena, err.message, cases[i].message);
	}
}

/* ---- Tokens ---- */

static void a_continue_token_is_upstreams_and_comes_back(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);
	struct str text = continue_token_encode(arena, 12, STR("ns/web-0"), &err);
	struct continue_token token;

	/* {"v":"meta.k8s.io/v1","rv":12,"start":"ns/web-0\u0000"} */
	assert_text(arena, text,
		"eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTIsInN0YXJ0IjoibnMvd2ViLTBcdTAwMDAifQ");
	assert_int_equal(continue_token_decode(arena, text, &token, &err), 0);
	assert_int_equal(token.revision, 12);
	assert_text(arena, token.start_key, "ns/web-0");
	assert_false(token.start_inclusive);
	text = continue_token_encode(arena, UINT64_MAX, STR("x"), &err);
	assert_int_equal(continue_token_decode(arena, text, &token, &err), 0);
	assert_true(token.revision == UINT64_MAX);
}

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct str encode_text(struct arena *arena, const char *text)
{
	char *out = arena_allocate_text(arena, strlen(text) * 2 + 4);
	size_t length = 0;
	unsigned bits = 0;
	int count = 0;

	for (; *text; text++) {
		bits = bits << 8 | (unsigned char)*text;
		for (count += 8; count >= 6; count -= 6)
			out[length++] = base64url[bits >> (count - 6) & 63];
	}
	if (count > 0)
		out[length++] = base64url[bits << (6 - count) & 63];
	return str_from(out, length);
}

static void forged_continue_tokens_are_refused(void **state)
{
	static const struct {
		const char *json, *message;
	} cases[] = {
		{"x", "it is not a token of this server"},
		{"[]", "it is not a token of this server"},
		{"{\"v\":\"v2\",\"rv\":1,\"start\":\"a\"}",
			"server does not recognize this encoded version"},
		{"{\"v\":\"meta.k8s.io/v1\",\"rv\":0,\"start\":\"a\"}",
			"incorrect encoded start resourceVersion (version meta.k8s.io/v1)"},
		{"{\"v\":\"meta.k8s.io/v1\",\"rv\":1,\"start\":\"\"}",
			"encoded start key empty (version meta.k8s.io/v1)"},
		{"{\"v\":\"meta.k8s.io/v1\",\"rv\":1,\"start\":\"../secrets/x\"}", "../secrets/x"},
		{"{\"v\":\"meta.k8s.io/v1\",\"rv\":1,\"start\":\"a/./b\"}", "a/./b"},
		{"{\"v\":\"meta.k8s.io/v1\",\"rv\":1,\"start\":\"a//b\"}", "a//b"},
		{"{\"v\":\"meta.k8s.io/v1\",\"rv\":1,\"start\":\"a/\"}", "a/"},
	};
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct continue_token token;

		assert_int_equal(continue_token_decode(
					 arena, encode_text(arena, cases[i].json), &token, &err),
			ERROR_RETURN);
		assert_int_equal(err.code, ERROR_BAD_REQUEST);
		assert_text(arena, err.message,
			arena_copy_c(arena,
				arena_printf(arena,
					"invalid continue token: continue key is not valid: %s",
					cases[i].message)));
	}
	struct continue_token token;

	assert_int_equal(continue_token_decode(arena, STR("a=b"), &token, NULL), ERROR_RETURN);
}

/* ---- Media types ---- */

static void accept_picks_the_first_clause_that_can_be_honoured(void **state)
{
	static const struct {
		const char *accept;
		enum media_format format;
		enum media_transform transform;
		const char *version;
	} cases[] = {
		{"", MEDIA_FORMAT_JSON, MEDIA_TRANSFORM_NONE, ""},
		{"*/*", MEDIA_FORMAT_JSON, MEDIA_TRANSFORM_NONE, ""},
		{"application/*", MEDIA_FORMAT_JSON, MEDIA_TRANSFORM_NONE, ""},
		{"application/json;q=0.1, application/yaml", MEDIA_FORMAT_YAML,
			MEDIA_TRANSFORM_NONE, ""},
		{"*/*, application/yaml", MEDIA_FORMAT_YAML, MEDIA_TRANSFORM_NONE, ""},
		{"application/yaml;q=nan, application/json;q=0.5", MEDIA_FORMAT_JSON,
			MEDIA_TRANSFORM_NONE, ""},
		{"application/vnd.kubernetes.protobuf,application/json", MEDIA_FORMAT_JSON,
			MEDIA_TRANSFORM_NONE, ""},
		{"application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;"
		 "v=v1beta1;g=meta.k8s.io,application/json",
			MEDIA_FORMAT_JSON, MEDIA_TRANSFORM_TABLE, "v1"},
		{"application/json;as=Table;v=v2;g=meta.k8s.io,application/json;as="
		 "PartialObjectMetadataList;v=v1;g=meta.k8s.io",
			MEDIA_FORMAT_JSON, MEDIA_TRANSFORM_PARTIAL_LIST, "v1"},
		{"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
		 "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
			MEDIA_FORMAT_JSON, MEDIA_TRANSFORM_DISCOVERY, "v2"},
	};
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct media_type type;

		assert_int_equal(media_type_negotiate(arena, str_from_c(cases[i].accept), NULL,
					 STR("kubectl/v1"), &type, &err),
			0);
		assert_int_equal(type.format, cases[i].format);
		assert_int_equal(type.transform, cases[i].transform);
		assert_text(arena, type.version, cases[i].version);
		assert_false(type.pretty);
	}
}

static void what_cannot_be_made_is_not_acceptable(void **state)
{
	static const char *const accepts[] = {"text/html", "application/json;q=0",
		"application/vnd.kubernetes.protobuf", "application/json;as=Other;v=v1;g=x"};
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(accepts) / sizeof(accepts[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct media_type type;

		assert_int_equal(media_type_negotiate(arena, str_from_c(accepts[i]), NULL,
					 STR("curl/8"), &type, &err),
			ERROR_RETURN);
		assert_int_equal(err.code, ERROR_NOT_ACCEPTABLE);
		assert_true(str_starts_with(err.message,
			STR("only the following media types are accepted: application/json")));
	}
}

static void people_get_indented_json(void **state)
{
	static const struct {
		const char *query, *user_agent, *accept;
		bool pretty;
	} cases[] = {
		{"", "curl/8.1", "*/*", true},
		{"", "Mozilla/5.0 (X11)", "", true},
		{"pretty=false", "curl/8.1", "", false},
		{"pretty=1", "kubectl", "", true},
		{"", "kubectl", "application/json;pretty=1", true},
	};
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct media_type type;

		assert_int_equal(media_type_negotiate(arena, str_from_c(cases[i].accept),
					 http_query_parse(arena, str_from_c(cases[i].query)),
					 str_from_c(cases[i].user_agent), &type, NULL),
			0);
		assert_int_equal(type.pretty, cases[i].pretty);
		assert_int_equal(media_type_is_plain_json(&type), !cases[i].pretty);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(bad_list_options_are_refused_with_upstreams_texts),
		ARENA_TEST(write_options_come_from_query_and_user_agent),
		ARENA_TEST(a_delete_takes_its_options_from_the_body_alone_when_it_has_one),
		ARENA_TEST(bad_delete_options_are_refused),
		ARENA_TEST(a_continue_token_is_upstreams_and_comes_back),
		ARENA_TEST(forged_continue_tokens_are_refused),
		ARENA_TEST(accept_picks_the_first_clause_that_can_be_honoured),
		ARENA_TEST(what_cannot_be_made_is_not_acceptable),
		ARENA_TEST(people_get_indented_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
