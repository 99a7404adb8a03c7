/* SPDX-License-Identifier: Apache-2.0 */
#include "test_machinery_support.h"

#include "clock.h"
#include "object_meta.h"

static void members_are_set_in_their_canonical_place(void **state)
{
	struct arena *arena = *state;
	struct json_value pod = parse_json(arena,
		"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\",\"uid\":\"u\""
		",\"labels\":{}},\"spec\":{}}");

	object_meta_set(arena, &support_pods, &pod, STR("generation"), json_integer(2));
	object_meta_set(arena, &support_pods, &pod, STR("namespace"), json_string(STR("ns")));
	object_meta_set(arena, &support_pods, &pod, STR("name"), json_string(STR("q")));
	object_meta_set(arena, &support_pods, &pod, STR("managedFields"), json_array());
	assert_json(arena, json_find(&pod, STR("metadata")),
		"{\"name\":\"q\",\"namespace\":\"ns\",\"uid\":\"u\",\"generation\":2,\"labels\":{},"
		"\"managedFields\":[]}");
	struct json_value widget = parse_json(arena, "{\"metadata\":{\"labels\":{},\"uid\":1}}");

	object_meta_set(arena, &support_widgets, &widget, STR("name"), json_string(STR("w")));
	object_meta_set(arena, &support_widgets, &widget, STR("zzz"), json_null());
	assert_json(arena, json_find(&widget, STR("metadata")),
		"{\"labels\":{},\"name\":\"w\",\"uid\":1,\"zzz\":null}");
}

static void metadata_that_is_not_there_is_made_in_its_place(void **state)
{
	struct arena *arena = *state;
	struct json_value pod = parse_json(
		arena, "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"spec\":{},\"status\":{}}");
	struct json_value widget = parse_json(arena,
		"{\"apiVersion\":\"v1\",\"data\":1,\"kind\":\"W\",\"metadata\":7,\"spec\":1}");

	object_meta_set(arena, &support_pods, &pod, STR("name"), json_string(STR("p")));
	assert_json(arena, &pod,
		"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\"},\"spec\":{},"
		"\"status\":{}}");
	object_meta_set(arena, &support_widgets, &widget, STR("name"), json_string(STR("w")));
	assert_json(arena, &widget,
		"{\"apiVersion\":\"v1\",\"data\":1,\"kind\":\"W\",\"metadata\":{\"name\":\"w\"},"
		"\"spec\":1}");
}

static void the_body_must_agree_with_the_url(void **state)
{
	static const struct {
		const char *body, *namespace, *name, *message;
	} cases[] = {
		{"{\"metadata\":{\"name\":\"p\"}}", "ns", "p", NULL},
		{"{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\"}}", "ns", "", NULL},
		{"{}", "ns", "", NULL},
		{"{\"metadata\":{\"namespace\":\"x\"}}", "ns", "",
			"the namespace of the provided object does not match the namespace sent on "
			"the request"},
		{"{\"metadata\":{\"name\":\"q\"}}", "ns", "p",
			"the name of the object (q) does not match the name on the URL (p)"},
		{"{\"metadata\":{}}", "ns", "p",
			"the name of the object (p based on URL) was undeterminable: name must be "
			"provided"},
	};
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT(arena);
		struct json_value body = parse_json(arena, cases[i].body);
		int outcome = object_meta_check_url(&support_pods, &body,
			str_from_c(cases[i].namespace), str_from_c(cases[i].name), &err);

		assert_int_equal(outcome, cases[i].message ? ERROR_RETURN : 0);
		if (cases[i].message) {
			assert_int_equal(err.code, ERROR_BAD_REQUEST);
			assert_text(arena, err.message, cases[i].message);
		} else {
			assert_text(arena, object_meta_text(&body, STR("namespace")), "ns");
		}
	}
}

static void create_fills_what_is_the_systems(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);
	struct json_value pod = parse_json(arena,
		"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"generateName\":\"web-\","
		"\"uid\":\"mine\",\"selfLink\":\"x\",\"deletionTimestamp\":\"2020-01-01T00:00:00Z\""
		",\"deletionGracePeriodSeconds\":3,\"generation\":9},\"spec\":{},\"status\":{"
		"\"phase\":\"Running\"}}");
	int64_t seconds;

	assert_int_equal(
		object_meta_prepare_create(arena, &support_pods, STR("ns"), &pod, &err), 0);
	struct str name = object_meta_text(&pod, STR("name"));
	struct str uid = object_meta_text(&pod, STR("uid"));

	assert_int_equal(name.length, strlen("web-") + 5);
	assert_true(str_starts_with(name, STR("web-")));
	for (size_t i = 4; i < name.length; i++)
		assert_non_null(strchr("bcdfghjklmnpqrstvwxz2456789", name.data[i]));
	assert_int_equal(uid.length, 36);
	assert_int_equal(uid.data[14], '4');
	assert_non_null(strchr("89ab", uid.data[19]));
	assert_text(arena, object_meta_text(&pod, STR("namespace")), "ns");
	assert_int_equal(object_meta_integer(&pod, STR("generation")), 1);
	assert_true(clock_parse_rfc3339(
		object_meta_text(&pod, STR("creationTimestamp")), &seconds, NULL));
	assert_text(arena, object_meta_text(&pod, STR("selfLink")), "");
	assert_text(arena, object_meta_text(&pod, STR("deletionTimestamp")), "");
	assert_json(arena, json_find(&pod, STR("status")), "{}");
}

static void create_refuses_a_resource_version(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);
	struct json_value pod = parse_json(arena, "{\"metadata\":{\"resourceVersion\":\"1\"}}");

	assert_int_equal(object_meta_prepare_create(arena, &support_pods, STR("ns"), &pod, &err),
		ERROR_RETURN);
	assert_int_equal(err.code, ERROR_UNTYPED);
	assert_text(
		arena, err.message, "resourceVersion should not be set on objects to be created");
}

static void a_long_generate_name_is_cut(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);
	struct json_value pod = json_object();
	char base[100];

	memset(base, 'a', sizeof(base));
	json_set_path(arena, &pod, json_string(str_from(base, sizeof(base))), "metadata",
		"generateName", NULL);
	assert_int_equal(
		object_meta_prepare_create(arena, &support_pods, STR("ns"), &pod, &err), 0);
	assert_int_equal(object_meta_text(&pod, STR("name")).length, 63);
}

/* ---- Update ---- */

#define LIVE                                                                                       \
	"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\",\"uid\":\"u\","      \
	"\"generation\":3,\"creationTimestamp\":\"2020-01-01T00:00:00Z\",\"labels\":{\"a\":"       \
	"\"1\"}},\"spec\":{\"x\":1},\"status\":{\"phase\":\"Running\"}}"

static void an_update_keeps_what_is_the_systems(void **state)
{
	struct arena *arena = *state;
	struct json_value live = parse_json(arena, LIVE);
	struct json_value pod = parse_json(arena,
		"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\","
		"\"generation\":77,\"deletionTimestamp\":\"2020-01-01T00:00:00Z\",\"labels\":{"
		"\"a\":\"2\"}},\"spec\":{\"x\":2},\"status\":{\"phase\":\"Failed\"}}");

	object_meta_prepare_update(arena, &support_pods, STR_EMPTY, &pod, &live);
	object_meta_update_generation(arena, &support_pods, &pod, &live);
	assert_json(arena, &pod,
		"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\",\"uid\":"
		"\"u\",\"generation\":4,\"creationTimestamp\":\"2020-01-01T00:00:00Z\",\"labels\":{"
		"\"a\":\"2\"}},\"spec\":{\"x\":2},\"status\":{\"phase\":\"Running\"}}");
	assert_json(arena, &live, LIVE);
}

static void a_status_update_changes_nothing_else(void **state)
{
	struct arena *arena = *state;
	struct json_value live = parse_json(arena, LIVE);
	struct json_value pod = parse_json(arena,
		"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\",\"labels\":{"
		"\"a\":\"2\"}},\"spec\":{\"x\":2},\"status\":{\"phase\":\"Failed\"}}");

	object_meta_prepare_update(arena, &support_pods, STR("status"), &pod, &live);
	object_meta_update_generation(arena, &support_pods, &pod, &live);
	assert_json(arena, json_find(&pod, STR("spec")), "{\"x\":1}");
	assert_json(arena, json_find(&pod, STR("status")), "{\"phase\":\"Failed\"}");
	assert_json(arena, json_find_path(&pod, "metadata", "labels", NULL), "{\"a\":\"1\"}");
	assert_int_equal(object_meta_integer(&pod, STR("generation")), 3);
	assert_json(arena, &live, LIVE);
}

static void a_terminating_object_is_finished_when_nothing_holds_it(void **state)
{
	static const struct api_resource namespaces = {
		.resource = STR_INIT("namespaces"), .flags = RESOURCE_FINALIZER_PHASE};
	static const struct {
		const char *object;
		bool is_finished;
	} cases[] = {
		{"{\"metadata\":{}}", false},
		{"{\"metadata\":{\"deletionTimestamp\":\"t\"}}", true},
		{"{\"metadata\":{\"deletionTimestamp\":\"t\",\"deletionGracePeriodSeconds\":5}}",
			false},
		{"{\"metadata\":{\"deletionTimestamp\":\"t\",\"finalizers\":[\"a\"]}}", false},
		{"{\"metadata\":{\"deletionTimestamp\":\"t\"},\"spec\":{\"finalizers\":["
		 "\"kubernetes\"]}}",
			false},
	};
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_value object = parse_json(arena, cases[i].object);

		assert_int_equal(
			object_meta_is_finished(&namespaces, &object), cases[i].is_finished);
	}
}

/* ---- Validation ---- */

static const struct {
	enum api_name_format format;
	uint32_t flags;
	const char *metadata, *old;
	const char *errors; /* "field: body" joined by '|' */
} validations[] = {
	{NAME_DNS_SUBDOMAIN, 0, "{\"name\":\"a.b\",\"labels\":{\"x/y\":\"1\"}}", NULL, ""},
	{NAME_DNS_SUBDOMAIN, 0, "{}", NULL,
		"metadata.name: Required value: name or generateName is required"},
	{NAME_DNS_SUBDOMAIN, 0, "{\"generateName\":\"a-\",\"name\":\"a-bcdfg\"}", NULL, ""},
	{NAME_DNS_SUBDOMAIN, RESOURCE_NAMESPACED, "{\"name\":\"a\"}", NULL,
		"metadata.namespace: Required value"},
	{NAME_DNS_SUBDOMAIN, 0, "{\"name\":\"a\",\"namespace\":\"b\"}", NULL,
		"metadata.namespace: Forbidden: not allowed on this type"},
	{NAME_PATH_SEGMENT, 0, "{\"name\":\"system:a\"}", NULL, ""},
	{NAME_PATH_SEGMENT, 0, "{\"name\":\"a/b\"}", NULL,
		"metadata.name: Invalid value: \"a/b\": may not contain '/'"},
	{NAME_IP, 0, "{\"name\":\"10.0.0.1\"}", NULL, ""},
	{NAME_IP, 0, "{\"name\":\"10.0.0.1\\u0000x\"}", NULL,
		"metadata.name: Invalid value: \"10.0.0.1\\x00x\": must be a valid IP address, "
		"(e.g. 10.9.8.7 or 2001:db8::ffff)"},
	{NAME_IP, 0, "{\"name\":\"2001:DB8::1\"}", NULL,
		"metadata.name: Invalid value: \"2001:DB8::1\": must be in canonical form "
		"(\"2001:db8::1\")"},
	{NAME_DNS_SUBDOMAIN, 0,
		"{\"name\":\"a\",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\","
		"\"name\":\"p\",\"uid\":\"u\",\"controller\":true},{\"apiVersion\":\"a/b/c\","
		"\"kind\":\"K\",\"name\":\"n\",\"uid\":\"\",\"controller\":true}]}",
		NULL,
		"metadata.ownerReferences[1].apiVersion: Invalid value: \"a/b/c\": must be "
		"<group>/<version> or <version>|metadata.ownerReferences[1].uid: Required value: "
		"must not be empty|metadata.ownerReferences: Invalid value: "
		"[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\",\"uid\":\"u\","
		"\"controller\":true},{\"apiVersion\":\"a/b/c\",\"kind\":\"K\",\"name\":\"n\","
		"\"uid\":\"\",\"controller\":true}]: Only one reference can have Controller set to "
		"true. Found \"true\" in references for Pod/p and K/n"},
	{NAME_DNS_SUBDOMAIN, 0,
		"{\"name\":\"a\",\"finalizers\":[\"orphan\",\"foregroundDeletion\"]}", NULL,
		"metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\"]: "
		"finalizer orphan and foregroundDeletion cannot be both set"},
	{NAME_DNS_SUBDOMAIN, 0, "{\"name\":\"a\",\"finalizers\":[\"x/c\",\"x/a\",\"x/b\"]}",
		"{\"deletionTimestamp\":\"t\",\"finalizers\":[\"x/a\"]}",
		"metadata.finalizers: Forbidden: no new finalizers can be added if the object is "
		"being deleted, found new finalizers []string{\"x/b\", \"x/c\"}"},
	{NAME_DNS_SUBDOMAIN, 0, "{\"name\":\"a\",\"finalizers\":[\"x/c\",\"x/a\"]}",
		"{\"finalizers\":[\"x/a\"]}", ""},
	{NAME_DNS_SUBDOMAIN, 0, "{\"name\":\"a\",\"annotations\":{\"Example.COM/Key\":\"1\"}}",
		NULL, ""},
	{NAME_DNS_SUBDOMAIN, 0,
		"{\"name\":\"a\",\"managedFields\":[{\"operation\":\"Apply\",\"fieldsType\":\"FieldsV1\"},{\"operation\":\"x\",\"fieldsType\":\"y\"},{}]}",
		NULL,
		"metadata.managedFields[1].operation: Unsupported value: \"x\": supported values: \"Apply\", \"Update\"|metadata.managedFields[1].fieldsType: Invalid value: \"y\": must be `FieldsV1`|metadata.managedFields[2].operation: Required value: must not be empty"},
	{NAME_DNS_SUBDOMAIN, 0, "{\"name\":\"a\",\"labels\":[1],\"annotations\":\"x\"}", NULL, ""},
};

static struct json_value wrap(struct arena *arena, const char *metadata)
{
	struct json_value object = json_object();

	json_append_member(arena, &object, STR("metadata"), parse_json(arena, metadata));
	return object;
}

static void metadata_is_validated_with_upstreams_texts(void **state)
{
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(validations) / sizeof(validations[0]); i++) {
		struct api_resource resource = {
			.name_format = validations[i].format, .flags = validations[i].flags};
		struct json_value object = wrap(arena, validations[i].metadata);
		struct json_value old = wrap(arena, validations[i].old ? validations[i].old : "{}");
		struct field_errors errors = {.arena = arena};
		struct buffer text = {0};

		object_meta_validate(&resource, &object, validations[i].old ? &old : NULL, &errors);
		for (struct field_error *error = errors.first; error; error = error->next)
			buffer_printf(&text, "%s%.*s: %.*s", error == errors.first ? "" : "|",
				STR_ARG(error->field), STR_ARG(error->body));
		assert_text(arena, buffer_str(&text), validations[i].errors);
		buffer_fini(&text);
	}
}

static void annotations_have_a_limit_together(void **state)
{
	struct arena *arena = *state;
	struct json_value object = wrap(arena, "{\"name\":\"a\",\"annotations\":{\"k\":\"\"}}");
	struct api_resource resource = {.name_format = NAME_DNS_SUBDOMAIN};
	struct field_errors errors = {.arena = arena};
	char *text = arena_allocate_text(arena, 256 * 1024);

	memset(text, 'x', 256 * 1024);
	json_set_path(arena, &object, json_string(str_from(text, 256 * 1024 - 1)), "metadata",
		"annotations", "k", NULL);
	object_meta_validate(&resource, &object, NULL, &errors);
	assert_int_equal(errors.count, 0);
	json_set_path(arena, &object, json_string(str_from(text, 256 * 1024)), "metadata",
		"annotations", "k", NULL);
	object_meta_validate(&resource, &object, NULL, &errors);
	assert_int_equal(errors.count, 1);
	assert_text(arena, errors.first->body, "Too long: may not be more than 262144 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(members_are_set_in_their_canonical_place),
		ARENA_TEST(metadata_that_is_not_there_is_made_in_its_place),
		ARENA_TEST(the_body_must_agree_with_the_url),
		ARENA_TEST(create_fills_what_is_the_systems),
		ARENA_TEST(create_refuses_a_resource_version),
		ARENA_TEST(a_long_generate_name_is_cut),
		ARENA_TEST(an_update_keeps_what_is_the_systems),
		ARENA_TEST(a_status_update_changes_nothing_else),
		ARENA_TEST(a_terminating_object_is_finished_when_nothing_holds_it),
		ARENA_TEST(metadata_is_validated_with_upstreams_texts),
		ARENA_TEST(annotations_have_a_limit_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
