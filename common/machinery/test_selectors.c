/* SPDX-License-Identifier: Apache-2.0 */
#include "test_machinery_support.h"

#include "field_selector.h"
#include "label_selector.h"

/* Matched against {"app":"web","n":"5","empty":""}; -1: does not parse. */
static const struct {
	const char *text;
	int matches;
	const char *message;
} label_cases[] = {
	{"", 1, NULL},
	{"app", 1, NULL},
	{"!app", 0, NULL},
	{"! missing", 1, NULL},
	{"app=web", 1, NULL},
	{" app == web ", 1, NULL},
	{"app!=web", 0, NULL},
	{"missing!=web", 1, NULL},
	{"empty=", 1, NULL},
	{"empty", 1, NULL},
	{"missing=", 0, NULL},
	{"app in (web,api)", 1, NULL},
	{"app in (api)", 0, NULL},
	{"app notin (web)", 0, NULL},
	{"missing notin (web)", 1, NULL},
	{"empty in ()", 1, NULL},
	{"empty in (a,)", 1, NULL},
	{"empty in (,a)", 1, NULL},
	{"app notin ( )", 1, NULL},
	{"app in (in,notin,web)", 1, NULL},
	{"in in (a)", 0, NULL},
	{"n>4", 1, NULL},
	{"n<5", 0, NULL},
	{"app>4", 0, NULL},
	{"n > 4,app\tin\n(web), !x", 1, NULL},
	{"app=web,app=api", 0, NULL},
	{"x,,y", -1, "found ',', expected: identifier after ','"},
	{",x", -1, "found ',', expected: !, identifier, or 'end of string'"},
	{"(", -1, "found '(', expected: !, identifier, or 'end of string'"},
	{"a in (x),", -1, "found '', expected: identifier after ','"},
	{"a in (x)b", -1, "found 'b', expected: ',' or 'end of string'"},
	{"a=b=c", -1, "found '=', expected: ',' or 'end of string'"},
	{"!a=b", -1, "found '=', expected: ',' or 'end of string'"},
	{"a nott in (y)", -1,
		"unable to parse requirement: found 'nott', expected: in, notin, =, ==, !=, gt, lt"},
	{"!", -1, "unable to parse requirement: found '', expected: identifier"},
	{"a in x", -1, "unable to parse requirement: found 'x' expected: '('"},
	{"a in (x y)", -1, "unable to parse requirement: found 'y', expected: ',' or ')'"},
	{"a in (", -1, "unable to parse requirement: found '', expected: ',', ')' or identifier"},
	{"a==(", -1, "unable to parse requirement: found '(', expected: identifier"},
	{"a>x", -1,
		"unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' "
		"operators, the value must be an integer"},
};

static struct stored_object make_stored(struct arena *arena)
{
	return store(arena, &support_pods,
		"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\",\"labels\":{"
		"\"app\":\"web\",\"empty\":\"\",\"n\":\"5\"}},\"spec\":{\"nodeName\":\"a,b=c\","
		"\"hostNetwork\":true}}",
		"7");
}

static void label_selectors_parse_and_match_as_upstream_does(void **state)
{
	struct arena *arena = *state;
	struct stored_object stored = make_stored(arena);
	struct json_value labels =
		parse_json(arena, "{\"app\":\"web\",\"empty\":\"\",\"n\":\"5\"}");

	for (size_t i = 0; i < sizeof(label_cases) / sizeof(label_cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct label_selector *selector = NULL;
		int outcome = label_selector_parse(
			arena, str_from_c(label_cases[i].text), &selector, &err);

		if (label_cases[i].matches < 0) {
			assert_int_equal(outcome, ERROR_RETURN);
			assert_int_equal(err.code, ERROR_BAD_REQUEST);
			assert_text(arena, err.message, label_cases[i].message);
			continue;
		}
		if (outcome != 0)
			fail_msg("%s: %s", label_cases[i].text, arena_copy_c(arena, err.message));
		if (label_selector_matches_stored(selector, &stored) != label_cases[i].matches ||
			label_selector_matches_labels(selector, &labels) != label_cases[i].matches)
			fail_msg("%s", label_cases[i].text);
	}
}

static void bad_keys_and_values_are_named(void **state)
{
	struct arena *arena = *state;
	struct label_selector *selector;
	struct error err = ERROR_INIT(arena);

	assert_int_equal(label_selector_parse(arena, STR("a/b/c=1"), &selector, &err), -1);
	assert_true(str_starts_with(err.message,
		STR("unable to parse requirement: <nil>: Invalid value: \"a/b/c\": ")));
	error_clear(&err);
	assert_int_equal(label_selector_parse(arena, STR("a in (x,-)"), &selector, &err), -1);
	assert_true(str_starts_with(err.message,
		STR("unable to parse requirement: values[0][a]: Invalid value: \"-\": ")));
}

static void a_set_costs_memory_for_what_is_in_it(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);
	struct label_selector *selector;
	struct buffer text = {0};

	for (int i = 0; i < 999; i++)
		buffer_append(&text, i ? STR(",a in ()") : STR("a in ()"));
	size_t before = arena_used_bytes(arena);

	assert_int_equal(label_selector_parse(arena, buffer_str(&text), &selector, &err), 0);
	assert_true(arena_used_bytes(arena) - before < 64 * text.length);
	buffer_fini(&text);
}

static void selector_objects_match_like_selectors(void **state)
{
	static const struct {
		const char *object;
		bool matches;
	} cases[] = {
		{"null", false},
		{"{}", true},
		{"{\"matchLabels\":{\"app\":\"web\"}}", true},
		{"{\"matchLabels\":{\"app\":\"api\"}}", false},
		{"{\"app\":\"web\"}", true},
		{"{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\",\"values\":[\"x\","
		 "\"web\"]}]}",
			true},
		{"{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"NotIn\",\"values\":["
		 "\"web\"]}]}",
			false},
		{"{\"matchExpressions\":[{\"key\":\"x\",\"operator\":\"DoesNotExist\"},{\"key\":"
		 "\"n\",\"operator\":\"Exists\"}]}",
			true},
	};
	struct arena *arena = *state;
	struct json_value labels = parse_json(arena, "{\"app\":\"web\",\"n\":\"5\"}");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct json_value object = parse_json(arena, cases[i].object);
		struct label_selector *selector;

		assert_int_equal(label_selector_from_object(arena, &object, &selector, &err), 0);
		if (label_selector_matches_labels(selector, &labels) != cases[i].matches)
			fail_msg("%s", cases[i].object);
	}
}

static void selectors_are_written_by_key(void **state)
{
	static const char *const texts[] = {
		"a=1,a-b=2", "a in (x,y),b=1,!c", "a!=1,b notin (x)", "a,b>1,c<2", "a=", ""};
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);
	struct label_selector *selector;
	struct json_value object = parse_json(arena,
		"{\"matchLabels\":{\"a-b\":\"2\",\"a\":\"1\"},\"matchExpressions\":[{\"key\":\"c\","
		"\"operator\":\"DoesNotExist\"},{\"key\":\"b\",\"operator\":\"In\",\"values\":["
		"\"y\",\"x\"]},{\"key\":\"d\",\"operator\":\"NotIn\",\"values\":[\"z\"]}]}");

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(
			label_selector_parse(arena, str_from_c(texts[i]), &selector, &err), 0);
		assert_text(arena, label_selector_format(arena, selector), texts[i]);
	}
	assert_int_equal(label_selector_from_object(arena, &object, &selector, &err), 0);
	assert_text(arena, label_selector_format(arena, selector),
		"a=1,a-b=2,b in (x,y),!c,d notin (z)");
	assert_int_equal(label_selector_from_object(arena, NULL, &selector, &err), 0);
	assert_text(arena, label_selector_format(arena, selector), "");
}

static void an_unknown_operator_is_refused(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);
	struct label_selector *selector;
	struct json_value object = parse_json(
		arena, "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"Like\"}]}");

	assert_int_equal(label_selector_from_object(arena, &object, &selector, &err), ERROR_RETURN);
	assert_text(arena, err.message, "\"Like\" is not a valid label selector operator");
}

/* ---- Fields ---- */

static const struct {
	const char *text;
	int matches;
	const char *message;
} field_cases[] = {
	{"", 1, NULL},
	{"metadata.name=p", 1, NULL},
	{"metadata.name==p", 1, NULL},
	{"metadata.name!=p", 0, NULL},
	{"metadata.namespace=ns,metadata.name=p", 1, NULL},
	{"metadata.namespace=other", 0, NULL},
	{"spec.nodeName=a\\,b\\=c", 1, NULL},
	{"spec.host=a\\,b\\=c", 1, NULL},
	{"spec.hostNetwork=true", 1, NULL},
	{"spec.hostNetwork!=true", 0, NULL},
	{"spec.x=1", -1, "field label not supported: spec.x"},
	{"spec", -1, "invalid selector: 'spec'; can't understand 'spec'"},
	{"metadata.name=p,b", -1, "invalid selector: 'metadata.name=p,b'; can't understand 'b'"},
	{"metadata.name=a\\b", -1, "invalid field selector: invalid escape sequence: \\b"},
	{"metadata.name=a\\", -1, "invalid field selector: invalid escape sequence: \\"},
	{"metadata.name=a=b", -1, "invalid field selector: unescaped character in value: 61"},
};

static void field_selectors_parse_and_match_as_upstream_does(void **state)
{
	struct arena *arena = *state;
	struct stored_object stored = make_stored(arena);

	for (size_t i = 0; i < sizeof(field_cases) / sizeof(field_cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct field_selector *selector = NULL;
		int outcome = field_selector_parse(
			arena, str_from_c(field_cases[i].text), &support_pods, &selector, &err);

		if (field_cases[i].matches < 0) {
			assert_int_equal(outcome, ERROR_RETURN);
			assert_text(arena, err.message, field_cases[i].message);
			continue;
		}
		assert_int_equal(outcome, 0);
		if (field_selector_matches_stored(selector, STR("ns"), STR("p"), &stored) !=
			field_cases[i].matches)
			fail_msg("%s", field_cases[i].text);
	}
}

static void kinds_without_own_fields_have_the_default_text(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);
	struct field_selector *selector;

	assert_int_equal(
		field_selector_parse(arena, STR("spec.a=b"), &support_widgets, &selector, &err),
		ERROR_RETURN);
	assert_text(arena, err.message,
		"\"spec.a\" is not a known field selector: only \"metadata.name\", "
		"\"metadata.namespace\"");
	assert_int_equal(field_selector_parse(arena, STR("metadata.namespace=x"), &support_widgets,
				 &selector, NULL),
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(label_selectors_parse_and_match_as_upstream_does),
		ARENA_TEST(bad_keys_and_values_are_named),
		ARENA_TEST(a_set_costs_memory_for_what_is_in_it),
		ARENA_TEST(selector_objects_match_like_selectors),
		ARENA_TEST(selectors_are_written_by_key),
		ARENA_TEST(an_unknown_operator_is_refused),
		ARENA_TEST(field_selectors_parse_and_match_as_upstream_does),
		ARENA_TEST(kinds_without_own_fields_have_the_default_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
