/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions and their objects, as a client of the whole server sees them. */
#include "test_ext_server.h"

#define CRDS    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define WIDGETS "/apis/example.com/v1/namespaces/default/widgets"
#define RED                                                                                        \
	"{'apiVersion':'example.com/v1','kind':'Widget','metadata':{'name':'red'},"                \
	"'spec':{'color':'red','bogus':1},'status':{'replicas':3}}"

static struct json_value change(struct fixture *fixture, const char *place, const char *value)
{
	struct json_value definition =
		expect(fixture, 200, "GET", CRDS "/widgets.example.com", NULL);
	int status;

	*find_place(&definition, place) = parse(fixture->arena, value);
	definition = call(fixture, "PUT", CRDS "/widgets.example.com", &definition, &status);
	assert_int_equal(status, 200);
	return definition;
}

static const char *condition_of(const struct json_value *definition, const char *type)
{
	const struct json_value *list = json_find_path(definition, "status", "conditions", NULL);

	for (size_t i = 0; i < json_count(list); i++) {
		const struct json_value *condition = json_element(list, i);

		if (str_equal_c(json_text(json_find(condition, STR("type"))), type))
			return str_equal(
				       json_text(json_find(condition, STR("status"))), STR("True"))
				       ? "True"
				       : "False";
	}
	return "";
}

static void wait_until_gone(struct fixture *fixture, const char *path)
{
	int status;

	do {
		call(fixture, "GET", path, NULL, &status);
	} while (status == 200);
	assert_int_equal(status, 404);
}

/* ---- Tests ---- */

static void a_definition_is_served_when_its_create_is_answered(void **state)
{
	struct fixture *fixture = *state;
	struct json_value made = expect(fixture, 201, "POST", CRDS, WIDGET);
	struct json_value object;

	assert_string_equal(condition_of(&made, "Established"), "True");
	assert_string_equal(condition_of(&made, "NamesAccepted"), "True");
	assert_true(str_equal(json_text(find_place(&made, "metadata/finalizers/0")),
		STR("customresourcecleanup.apiextensions.k8s.io")));
	assert_int_equal(json_integer_or(find_place(&made, "metadata/generation"), 0), 1);
	object = expect(fixture, 201, "POST", WIDGETS, RED);
	assert_null(find_place(&object, "spec/bogus"));
	assert_null(find_place(&object, "status"));
	object = expect(fixture, 200, "GET", WIDGETS "/red", NULL);
	assert_true(str_equal(json_text(find_place(&object, "spec/color")), STR("red")));
	object = expect(fixture, 200, "PATCH", WIDGETS "/red/status",
		"{'status':{'replicas':2},'spec':{'color':'blue'}}");
	assert_int_equal(json_integer_or(find_place(&object, "status/replicas"), 0), 2);
	assert_true(str_equal(json_text(find_place(&object, "spec/color")), STR("red")));
	object = expect(fixture, 200, "GET", "/apis/example.com/v1", NULL);
	assert_int_equal(json_count(find_place(&object, "resources")), 3);
	object = expect(fixture, 200, "GET", WIDGETS "?fieldSelector=spec.color%3Dred", NULL);
	assert_int_equal(json_count(find_place(&object, "items")), 1);
	object = expect(fixture, 200, "GET", WIDGETS "?fieldSelector=spec.color%3Dblue", NULL);
	assert_int_equal(json_count(find_place(&object, "items")), 0);
}

static void a_bad_definition_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct json_value definition = parse(fixture->arena, WIDGET), answer;
	int status;

	*find_place(&definition, "spec/versions/0/schema/openAPIV3Schema/properties/spec") =
		parse(fixture->arena, "{'properties':{}}");
	answer = call(fixture, "POST", CRDS, &definition, &status);
	assert_int_equal(status, 422);
	assert_true(str_equal(json_text(find_place(&answer, "reason")), STR("Invalid")));
	expect(fixture, 404, "GET", WIDGETS, NULL);
	expect(fixture, 404, "GET", CRDS "/widgets.example.com", NULL);
}

static void objects_follow_a_change_of_the_schema(void **state)
{
	struct fixture *fixture = *state;
	struct json_value object;

	expect(fixture, 201, "POST", CRDS, WIDGET);
	expect(fixture, 201, "POST", WIDGETS, RED);
	change(fixture, "spec/versions/0/schema/openAPIV3Schema/properties/spec/properties",
		"{'color':{'type':'string'},'size':{'type':'integer','default':7}}");
	object = expect(fixture, 200, "GET", WIDGETS "/red", NULL);
	assert_int_equal(json_integer_or(find_place(&object, "spec/size"), 0), 7);
	object = expect(fixture, 200, "GET", WIDGETS, NULL);
	assert_int_equal(json_integer_or(find_place(&object, "items/0/spec/size"), 0), 7);
	change(fixture, "spec/versions/0/selectableFields", "[{'jsonPath':'.spec.size'}]");
	object = expect(fixture, 200, "GET", WIDGETS "?fieldSelector=spec.size%3D7", NULL);
	assert_int_equal(json_count(find_place(&object, "items")), 1);
	object = expect(fixture, 200, "GET", WIDGETS "?fieldSelector=spec.size%3D8", NULL);
	assert_int_equal(json_count(find_place(&object, "items")), 0);
	expect(fixture, 400, "GET", WIDGETS "?fieldSelector=spec.color%3Dred", NULL);
}

static void versions_are_converted_by_name(void **state)
{
	struct fixture *fixture = *state;
	struct json_value definition, object, versions;
	int status;

	expect(fixture, 201, "POST", CRDS, WIDGET);
	expect(fixture, 201, "POST", WIDGETS, RED);
	definition = expect(fixture, 200, "GET", CRDS "/widgets.example.com", NULL);
	versions = json_copy(fixture->arena, find_place(&definition, "spec/versions"), true);
	json_append(fixture->arena, &versions,
		json_copy(fixture->arena, json_element(&versions, 0), true));
	json_set(fixture->arena, json_element(&versions, 0), STR("storage"), json_bool(false));
	json_set(fixture->arena, json_element(&versions, 1), STR("name"), json_string(STR("v2")));
	*find_place(&definition, "spec/versions") = versions;
	definition = call(fixture, "PUT", CRDS "/widgets.example.com", &definition, &status);
	assert_int_equal(status, 200);
	assert_int_equal(json_count(find_place(&definition, "status/storedVersions")), 2);
	object = expect(
		fixture, 200, "GET", "/apis/example.com/v2/namespaces/default/widgets/red", NULL);
	assert_true(str_equal(json_text(find_place(&object, "apiVersion")), STR("example.com/v2")));
	object = expect(fixture, 200, "GET", WIDGETS, NULL);
	assert_true(str_equal(
		json_text(find_place(&object, "items/0/apiVersion")), STR("example.com/v1")));
	/* A version that is not served any more is gone; its objects are not. */
	change(fixture, "spec/versions/0/served", "false");
	expect(fixture, 404, "GET", WIDGETS, NULL);
	object = expect(fixture, 200, "GET", "/apis/example.com/v2/widgets", NULL);
	assert_int_equal(json_count(find_place(&object, "items")), 1);
}

static void what_needs_a_webhook_says_so(void **state)
{
	struct fixture *fixture = *state;
	struct json_value definition = parse(fixture->arena, WIDGET), answer, versions;
	int status;

	versions = json_copy(fixture->arena, find_place(&definition, "spec/versions"), true);
	json_append(fixture->arena, &versions,
		json_copy(fixture->arena, json_element(&versions, 0), true));
	json_set(fixture->arena, json_element(&versions, 1), STR("storage"), json_bool(false));
	json_set(fixture->arena, json_element(&versions, 1), STR("name"), json_string(STR("v2")));
	*find_place(&definition, "spec/versions") = versions;
	*find_place(&definition, "spec/conversion") = parse(fixture->arena,
		"{'strategy':'Webhook','webhook':{'conversionReviewVersions':['v1'],"
		"'clientConfig':{'url':'https://example.com/convert'}}}");
	call(fixture, "POST", CRDS, &definition, &status);
	assert_int_equal(status, 201);
	expect(fixture, 201, "POST", WIDGETS, RED);
	expect(fixture, 200, "GET", WIDGETS "/red", NULL);
	expect(fixture, 200, "GET", WIDGETS, NULL);
	answer = expect(
		fixture, 500, "GET", "/apis/example.com/v2/namespaces/default/widgets/red", NULL);
	assert_true(str_starts_with(json_text(find_place(&answer, "message")),
		STR("conversion webhook for example.com/v1, Kind=Widget failed: ")));
	expect(fixture, 500, "GET", "/apis/example.com/v2/widgets", NULL);
	expect(fixture, 500, "POST", "/apis/example.com/v2/namespaces/default/widgets",
		"{'apiVersion':'example.com/v2','kind':'Widget','metadata':{'name':'new'}}");
	expect(fixture, 200, "DELETE", CRDS "/widgets.example.com", NULL);
	wait_until_gone(fixture, CRDS "/widgets.example.com");
}

static void names_in_use_wait_until_they_are_free(void **state)
{
	struct fixture *fixture = *state;
	struct json_value second = parse(fixture->arena, WIDGET), made;
	int status;

	expect(fixture, 201, "POST", CRDS, WIDGET);
	*find_place(&second, "metadata") = parse(fixture->arena, "{'name':'others.example.com'}");
	*find_place(&second, "spec/names") = parse(fixture->arena,
		"{'plural':'others','singular':'other','kind':'Widget','listKind':'OtherList'}");
	made = call(fixture, "POST", CRDS, &second, &status);
	assert_int_equal(status, 201);
	assert_string_equal(condition_of(&made, "NamesAccepted"), "False");
	assert_string_equal(condition_of(&made, "Established"), "False");
	expect(fixture, 404, "GET", "/apis/example.com/v1/others", NULL);
	expect(fixture, 200, "DELETE", CRDS "/widgets.example.com", NULL);
	do {
		made = expect(fixture, 200, "GET", CRDS "/others.example.com", NULL);
	} while (strcmp(condition_of(&made, "Established"), "True") != 0);
	expect(fixture, 200, "GET", "/apis/example.com/v1/others", NULL);
}

static void make_widgets(struct fixture *fixture, int count)
{
	for (int i = 0; i < count; i++) {
		struct json_value object = parse(fixture->arena, RED);
		int status;

		*find_place(&object, "metadata/name") =
			json_string(arena_printf(fixture->arena, "w%d", i));
		call(fixture, "POST", WIDGETS, &object, &status);
		assert_int_equal(status, 201);
	}
}

static void a_deleted_definition_takes_its_objects_along(void **state)
{
	struct fixture *fixture = *state;
	struct json_value object;

	expect(fixture, 201, "POST", CRDS, WIDGET);
	make_widgets(fixture, 300);
	object = expect(fixture, 200, "DELETE", CRDS "/widgets.example.com", NULL);
	assert_string_equal(condition_of(&object, "Terminating"), "True");
	wait_until_gone(fixture, CRDS "/widgets.example.com");
	expect(fixture, 404, "GET", WIDGETS, NULL);
	expect(fixture, 201, "POST", CRDS, WIDGET);
	object = expect(fixture, 200, "GET", WIDGETS, NULL);
	assert_int_equal(json_count(find_place(&object, "items")), 0);
}

static void a_deletion_waits_for_finalizers_and_outlives_a_restart(void **state)
{
	struct fixture *fixture = *state;
	struct json_value object;

	expect(fixture, 201, "POST", CRDS, WIDGET);
	make_widgets(fixture, 3);
	expect(fixture, 201, "POST", WIDGETS,
		"{'apiVersion':'example.com/v1','kind':'Widget','metadata':{'name':'held',"
		"'finalizers':['example.com/hold']}}");
	expect(fixture, 200, "DELETE", CRDS "/widgets.example.com", NULL);
	object = expect(fixture, 403, "POST", WIDGETS, RED);
	struct str message = json_text(find_place(&object, "message"));

	assert_true(str_equal(message,
		STR("widgets.example.com \"red\" is forbidden: create not allowed while custom "
		    "resource definition is terminating")));
	do {
		object = expect(fixture, 200, "GET", WIDGETS, NULL);
	} while (json_count(find_place(&object, "items")) > 1);
	assert_non_null(find_place(&object, "items/0/metadata/deletionTimestamp"));
	stop(fixture);
	start(fixture);
	expect(fixture, 403, "POST", WIDGETS, RED);
	object = expect(fixture, 200, "GET", CRDS "/widgets.example.com", NULL);
	assert_string_equal(condition_of(&object, "Terminating"), "True");
	expect(fixture, 200, "PATCH", WIDGETS "/held", "{'metadata':{'finalizers':null}}");
	wait_until_gone(fixture, CRDS "/widgets.example.com");
	expect(fixture, 404, "GET", WIDGETS, NULL);
}

static void definitions_are_there_after_a_restart(void **state)
{
	struct fixture *fixture = *state;
	struct json_value object;

	expect(fixture, 201, "POST", CRDS, WIDGET);
	expect(fixture, 201, "POST", WIDGETS, RED);
	stop(fixture);
	start(fixture);
	object = expect(fixture, 200, "GET", WIDGETS "/red", NULL);
	assert_true(str_equal(json_text(find_place(&object, "spec/color")), STR("red")));
}

static void a_definition_of_definitions_harms_none(void **state)
{
	struct fixture *fixture = *state;
	struct json_value evil = parse(fixture->arena, WIDGET);
	int status;

	expect(fixture, 201, "POST", CRDS, WIDGET);
	*find_place(&evil, "metadata") = parse(fixture->arena,
		"{'name':'customresourcedefinitions.apiextensions.k8s.io',"
		"'annotations':{'api-approved.kubernetes.io':'unapproved, a test'}}");
	*find_place(&evil, "spec/group") = parse(fixture->arena, "'apiextensions.k8s.io'");
	*find_place(&evil, "spec/names") = parse(fixture->arena,
		"{'plural':'customresourcedefinitions','kind':'CustomResourceDefinition'}");
	call(fixture, "POST", CRDS, &evil, &status);
	assert_int_equal(status, 201);
	expect(fixture, 200, "DELETE", CRDS "/customresourcedefinitions.apiextensions.k8s.io",
		NULL);
	wait_until_gone(fixture, CRDS "/customresourcedefinitions.apiextensions.k8s.io");
	expect(fixture, 200, "GET", CRDS "/widgets.example.com", NULL);
	expect(fixture, 200, "GET", WIDGETS, NULL);
}

static void documents_are_made_when_asked_for(void **state)
{
	struct fixture *fixture = *state;
	struct json_value index, document;

	expect(fixture, 201, "POST", CRDS, WIDGET);
	index = expect(fixture, 200, "GET", "/openapi/v3", NULL);
	const struct json_value *url =
		json_find_path(&index, "paths", "apis/example.com/v1", "serverRelativeURL", NULL);

	assert_non_null(url);
	document = expect(fixture, 200, "GET", arena_copy_c(fixture->arena, json_text(url)), NULL);
	assert_non_null(json_find_path(&document, "components", "schemas", "com.example.v1.Widget",
		"properties", "spec", NULL));
	assert_non_null(json_find_path(&document, "components", "schemas",
		"io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", NULL));
	assert_non_null(json_find_path(
		&index, "paths", "apis/apiextensions.k8s.io/v1", "serverRelativeURL", NULL));
	/* A change makes another. */
	change(fixture, "spec/versions/0/schema/openAPIV3Schema/properties/spec/properties",
		"{'color':{'type':'string'},'weight':{'type':'integer'}}");
	document = expect(fixture, 200, "GET", "/openapi/v3/apis/example.com/v1", NULL);
	assert_non_null(json_find_path(&document, "components", "schemas", "com.example.v1.Widget",
		"properties", "spec", "properties", "weight", NULL));
}

/* ---- Watches ---- */

struct watch {
	struct waiting_call call;
	size_t wanted_lines;
	bool has_ended;
};

static void on_watch_data(void *context, struct str bytes)
{
	struct watch *watch = context;
	size_t lines = 0;

	buffer_append(&watch->call.answer.body, bytes);
	for (size_t i = 0; i < watch->call.answer.body.length; i++)
		lines += watch->call.answer.body.data[i] == '\n';
	if (lines >= watch->wanted_lines)
		event_loop_stop(watch->call.fixture->loop);
}

static void on_watch_end(void *context)
{
	struct watch *watch = context;

	watch->has_ended = true;
	event_loop_stop(watch->call.fixture->loop);
}

static void a_watch_outlives_changes_that_it_does_not_show(void **state)
{
	static const struct http_call_handler watch_handler = {
		on_response, on_watch_data, on_watch_end, on_failure};
	struct fixture *fixture = *state;
	struct watch watch = {.call.fixture = fixture, .wanted_lines = 1};
	struct http_headers headers = {0};
	static const struct str groups[] = {STR_INIT("system:masters")};
	struct user_info user = {.name = STR("admin"), .groups = groups, .group_count = 1};

	expect(fixture, 201, "POST", CRDS, WIDGET);
	expect(fixture, 201, "POST", WIDGETS, RED);
	user_info_to_headers(fixture->arena, &user, &headers);
	http_client_send(fixture->client,
		&(struct http_client_request){.method = STR("GET"),
			.path_and_query = STR(WIDGETS "?watch=1"),
			.headers = &headers},
		&watch_handler, &watch);
	event_loop_run(fixture->loop);
	watch.wanted_lines = SIZE_MAX;
	change(fixture, "spec/versions/0/additionalPrinterColumns", "[]");
	assert_false(watch.has_ended);
	expect(fixture, 200, "PATCH", WIDGETS "/red", "{'spec':{'color':'blue'}}");
	if (!watch.has_ended && watch.call.answer.body.length == 0)
		event_loop_run(fixture->loop);
	assert_false(watch.has_ended);
	change(fixture, "spec/versions/0/schema/openAPIV3Schema/properties/spec/properties",
		"{'color':{'type':'string'}}");
	assert_false(watch.has_ended);
	change(fixture, "spec/versions/0/selectableFields", "[]");
	if (!watch.has_ended)
		event_loop_run(fixture->loop);
	assert_true(watch.has_ended);
	struct str text = buffer_str(&watch.call.answer.body);

	assert_true(str_find(text, STR("\"blue\"")) < text.length);
	buffer_fini(&watch.call.answer.body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(a_definition_is_served_when_its_create_is_answered),
		SERVER_TEST(a_bad_definition_is_refused),
		SERVER_TEST(objects_follow_a_change_of_the_schema),
		SERVER_TEST(versions_are_converted_by_name),
		SERVER_TEST(what_needs_a_webhook_says_so),
		SERVER_TEST(names_in_use_wait_until_they_are_free),
		SERVER_TEST(a_deleted_definition_takes_its_objects_along),
		SERVER_TEST(a_deletion_waits_for_finalizers_and_outlives_a_restart),
		SERVER_TEST(definitions_are_there_after_a_restart),
		SERVER_TEST(a_definition_of_definitions_harms_none),
		SERVER_TEST(documents_are_made_when_asked_for),
		SERVER_TEST(a_watch_outlives_changes_that_it_does_not_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
