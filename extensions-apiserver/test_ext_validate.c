/* SPDX-License-Identifier: Apache-2.0 */
#include "test_ext_support.h"

#include "ext_url.h"
#include "ext_validate.h"

static const struct {
	const char *place; /* steps with '/' between */
	const char *value;
	const char *problem; /* "FIELD: BODY" */
} cases[] = {
	{"metadata/name", "'gadgets.example.com'",
		"metadata.name: Invalid value: \"gadgets.example.com\": must be "
		"spec.names.plural+\".\"+spec.group"},
	{"spec/group", "''", "spec.group: Required value"},
	{"spec/group", "'example'",
		"spec.group: Invalid value: \"example\": should be a domain with at least one dot"},
	{"spec/scope", "''", "spec.scope: Required value"},
	{"spec/scope", "'Galaxy'",
		"spec.scope: Unsupported value: \"Galaxy\": supported values: \"Cluster\", "
		"\"Namespaced\""},
	{"spec/names/singular", "''", "spec.names.singular: Required value"},
	{"spec/names/listKind", "'Widget'",
		"spec.names.listKind: Invalid value: \"Widget\": kind and listKind may not be the "
		"same"},
	{"spec/names/shortNames", "['ok','Not_OK']",
		"spec.names.shortNames[1]: Invalid value: \"Not_OK\": a DNS-1035 label"},
	{"spec/names/kind", "'Wid_get'",
		"spec.names.kind: Invalid value: \"Wid_get\": may have mixed case, but should "
		"otherwise match: a DNS-1035 label"},
	{"spec/versions/0/storage", "false", "spec.versions: Invalid value: [{\"name\":\"v1\""},
	{"spec/versions/0/name", "'V1'",
		"spec.versions[0].name: Invalid value: \"V1\": a DNS-1035 label"},
	{"spec/versions/0/schema", "{}", "spec.versions[0].schema.openAPIV3Schema: Required value"},
	{"spec/versions/0/schema/openAPIV3Schema/properties/spec", "{'properties':{}}",
		"spec.validation.openAPIV3Schema.properties[spec].type: Required value: "
		"must not be empty for specified object fields"},
	{"spec/versions/0/schema/openAPIV3Schema",
		"{'type':'object','x-kubernetes-map-type':'atomic'}",
		"spec.validation.openAPIV3Schema: Invalid value: {\"type\":\"object\","
		"\"x-kubernetes-map-type\":\"atomic\"}: only [Description Type Format"},
	{"spec/versions/0/schema/openAPIV3Schema", "{'type':'object','nullable':true}",
		"spec.validation.openAPIV3Schema.nullable: Forbidden: nullable cannot be "
		"true at the root"},
	{"spec/versions/0/additionalPrinterColumns", "[{'name':'x','type':'text','jsonPath':'.a'}]",
		"spec.additionalPrinterColumns[0].type: Invalid value: \"text\": must be "
		"one of boolean,date,integer,number,string"},
	{"spec/versions/0/additionalPrinterColumns",
		"[{'name':'x','type':'string','jsonPath':'a'}]",
		"spec.additionalPrinterColumns[0].JSONPath: Invalid value: \"a\": must be "
		"a simple json path starting with ."},
	{"spec/versions/0/subresources/scale",
		"{'specReplicasPath':'.status.x','statusReplicasPath':'.status.x'}",
		"spec.subresources.scale.specReplicasPath: Invalid value: \".status.x\": "
		"should be a json path under .spec"},
	{"spec/versions/0/selectableFields", "[{'jsonPath':'.spec.shape'}]",
		"spec.selectableFields[0].jsonPath: Invalid value: \".spec.shape\": is an "
		"invalid path: does not refer to a valid field"},
	{"spec/versions/0/selectableFields", "[{'jsonPath':'.spec.tags'}]",
		"spec.selectableFields[0].jsonPath: Invalid value: \".spec.tags\": must "
		"point to a field of type string, boolean or integer"},
	{"spec/versions/0/selectableFields",
		"[{'jsonPath':'.spec.color'},{'jsonPath':'.spec.color'}]",
		"spec.selectableFields[1].jsonPath: Duplicate value: \".spec.color\""},
	{"spec/conversion", "{'strategy':'Magic'}",
		"spec.conversion.strategy: Unsupported value: \"Magic\": supported values: \"None\", "
		"\"Webhook\""},
	{"spec/conversion", "{'strategy':'Webhook'}",
		"spec.conversion.webhookClientConfig: Required value: required when strategy is set "
		"to Webhook"},
	{"spec/conversion",
		"{'strategy':'Webhook','webhook':{'conversionReviewVersions':['v2'],"
		"'clientConfig':{'url':'https://example.com/convert'}}}",
		"spec.conversion.conversionReviewVersions: Invalid value: [\"v2\"]: must include at "
		"least one of v1, v1beta1"},
	{"spec/conversion",
		"{'strategy':'Webhook','webhook':{'conversionReviewVersions':['v1'],"
		"'clientConfig':{'url':'http://example.com/'}}}",
		"spec.conversion.webhookClientConfig.url: Invalid value: \"http\": 'https' is the only "
		"allowed URL scheme; desired format: https://host[/path]"},
	{"status/storedVersions", "['v1','v1alpha1']",
		"status.storedVersions[1]: Invalid value: \"v1alpha1\": missing from spec.versions; "
		"v1alpha1 was previously a storage version"},
	{"status/storedVersions", "[]",
		"status.storedVersions: Invalid value: []: must have at least one stored version"},
};

static bool has_problem(const struct field_errors *errors, struct arena *arena, const char *problem)
{
	for (const struct field_error *error = errors->first; error; error = error->next) {
		struct str text = arena_printf(
			arena, "%.*s: %.*s", STR_ARG(error->field), STR_ARG(error->body));

		if (str_starts_with(text, str_from_c(problem)))
			return true;
	}
	return false;
}

static void print_problems(const struct field_errors *errors)
{
	for (const struct field_error *error = errors->first; error; error = error->next)
		print_message("%.*s: %.*s\n", STR_ARG(error->field), STR_ARG(error->body));
}

static void what_is_wrong_is_said_in_upstreams_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *arena = arena_create(0);
		struct json_value definition = parse(arena, WIDGET);
		struct field_errors errors = {.arena = arena};
		struct json_value *place = find_place(&definition, cases[i].place);

		assert_non_null(place);
		*place = parse(arena, cases[i].value);
		ext_validate_definition(&definition, NULL, &errors);
		if (!has_problem(&errors, arena, cases[i].problem)) {
			print_problems(&errors);
			fail_msg("%s = %s: no \"%s\"", cases[i].place, cases[i].value,
				cases[i].problem);
		}
		arena_destroy(&arena);
	}
}

static void a_good_definition_has_no_problems(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value definition = parse(arena, WIDGET);
	struct field_errors errors = {.arena = arena};

	(void)state;
	ext_validate_definition(&definition, NULL, &errors);
	print_problems(&errors);
	assert_int_equal(errors.count, 0);
	arena_destroy(&arena);
}

static void established_names_may_not_change(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value definition = parse(arena, WIDGET), old = parse(arena, WIDGET);
	struct field_errors errors = {.arena = arena};

	(void)state;
	*find_place(&definition, "spec/scope") = parse(arena, "'Cluster'");
	ext_validate_definition(&definition, &old, &errors);
	assert_int_equal(errors.count, 0);
	*find_place(&old, "status") = parse(arena,
		"{'storedVersions':['v1'],'conditions':[{'type':'Established','status':'True'}]}");
	ext_validate_definition(&definition, &old, &errors);
	assert_true(has_problem(
		&errors, arena, "spec.scope: Invalid value: \"Cluster\": field is immutable"));
	arena_destroy(&arena);
}

static void community_groups_need_approval(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value definition = parse(arena, WIDGET);
	struct field_errors errors = {.arena = arena};

	(void)state;
	*find_place(&definition, "spec/group") = parse(arena, "'things.k8s.io'");
	*find_place(&definition, "metadata") = parse(arena, "{'name':'widgets.things.k8s.io'}");
	ext_validate_definition(&definition, NULL, &errors);
	assert_int_equal(errors.count, 1);
	assert_true(has_problem(&errors, arena,
		"metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups "
		"must have approval annotation"));
	/* Who updates the rest of one that has none is not asked. */
	errors = (struct field_errors){.arena = arena};
	ext_validate_definition(&definition, &definition, &errors);
	assert_int_equal(errors.count, 0);
	*find_place(&definition, "metadata") = parse(arena,
		"{'name':'widgets.things.k8s.io','annotations':{"
		"'api-approved.kubernetes.io':'https://github.com/kubernetes/kubernetes/pull/1'}}");
	ext_validate_definition(&definition, NULL, &errors);
	assert_int_equal(errors.count, 0);
	arena_destroy(&arena);
}

static void urls_are_split_as_go_does(void **state)
{
	struct ext_url url;

	(void)state;
	assert_true(ext_url_parse(STR("https://user:x@example.com:8443/a/b?c=d#e"), &url));
	assert_true(str_equal(url.scheme, STR("https")));
	assert_true(str_equal(url.user, STR("user:x")));
	assert_true(str_equal(url.host, STR("example.com:8443")));
	assert_true(str_equal(url.path, STR("/a/b")));
	assert_true(str_equal(url.query, STR("c=d")));
	assert_true(str_equal(url.fragment, STR("e")));
	assert_true(ext_url_parse(STR("https://[::1]:443"), &url));
	assert_true(ext_url_parse(STR("mailto:x"), &url) && str_is_empty(url.host));
	assert_false(ext_url_parse(STR(""), &url));
	assert_false(ext_url_parse(STR("https://a:port/"), &url));
	assert_false(ext_url_parse(STR("https://a/%zz"), &url));
	assert_false(ext_url_parse(STR("https://a b/"), &url));
	assert_false(ext_url_parse(STR("1:a"), &url));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_definition_has_no_problems),
		cmocka_unit_test(what_is_wrong_is_said_in_upstreams_words),
		cmocka_unit_test(established_names_may_not_change),
		cmocka_unit_test(community_groups_need_approval),
		cmocka_unit_test(urls_are_split_as_go_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
