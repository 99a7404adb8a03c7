/* SPDX-License-Identifier: Apache-2.0 */
#include "test_machinery_support.h"

#include "discovery.h"
#include "version_order.h"

static void versions_stand_in_the_order_of_preference(void **state)
{
	static const char *const sorted[] = {"v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1",
		"v12alpha1", "v11alpha2", "foo1", "foo10", "v0", "v01", "v1gamma1", "v1beta0"};
	size_t count = sizeof(sorted) / sizeof(sorted[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			int order =
				version_order_compare(str_from_c(sorted[i]), str_from_c(sorted[j]));
			bool is_plain = i >= 8 && j >= 8; /* bytewise among themselves */
			int expected = is_plain ? strcmp(sorted[i], sorted[j]) : (i > j) - (i < j);

			if ((order > 0) != (expected > 0) || (order < 0) != (expected < 0))
				fail_msg("%s %s: %d", sorted[i], sorted[j], order);
		}
	}
}

static const struct str deployment_short_names[] = {STR_INIT("deploy")};
static const struct str all_category[] = {STR_INIT("all")};
static const struct api_subresource deployment_subresources[] = {
	{.name = STR_INIT("status"), .verbs = API_VERB_GET | API_VERB_PATCH | API_VERB_UPDATE},
	{.name = STR_INIT("scale"),
		.verbs = API_VERB_GET,
		.kind = STR_INIT("Scale"),
		.group = STR_INIT("autoscaling"),
		.version = STR_INIT("v1")},
};
static const struct api_resource deployments = {
	.group = STR_INIT("apps"),
	.version = STR_INIT("v1"),
	.resource = STR_INIT("deployments"),
	.singular = STR_INIT("deployment"),
	.kind = STR_INIT("Deployment"),
	.flags = RESOURCE_NAMESPACED,
	.verbs = API_VERBS_ALL,
	.short_names = deployment_short_names,
	.short_name_count = 1,
	.categories = all_category,
	.category_count = 1,
	.subresources = deployment_subresources,
	.subresource_count = 2,
	.storage_version_hash = STR_INIT("8aSe+NMegvE="),
};
static const struct api_resource autoscalers_v1 = {
	.group = STR_INIT("autoscaling"),
	.version = STR_INIT("v1"),
	.resource = STR_INIT("horizontalpodautoscalers"),
	.kind = STR_INIT("HorizontalPodAutoscaler"),
	.verbs = API_VERB_GET,
};
static const struct api_resource autoscalers_v2 = {
	.group = STR_INIT("autoscaling"),
	.version = STR_INIT("v2"),
	.resource = STR_INIT("horizontalpodautoscalers"),
	.kind = STR_INIT("HorizontalPodAutoscaler"),
	.verbs = API_VERB_GET,
};
static const struct api_resource *const all_resources[] = {
	&support_widgets, &autoscalers_v1, &deployments, &support_pods, &autoscalers_v2};
#define ALL_COUNT (sizeof(all_resources) / sizeof(all_resources[0]))

static void a_version_lists_resources_and_subresources_by_name(void **state)
{
	struct arena *arena = *state;
	struct buffer out = {0};

	discovery_write_resources(arena, &out, STR("apps"), STR("v1"), all_resources, ALL_COUNT);
	assert_text(arena, buffer_str(&out),
		"{\"kind\":\"APIResourceList\",\"apiVersion\":\"v1\",\"groupVersion\":\"apps/v1\","
		"\"resources\":[{\"name\":\"deployments\",\"singularName\":\"deployment\","
		"\"namespaced\":true,\"kind\":\"Deployment\",\"verbs\":[\"create\",\"delete\","
		"\"deletecollection\",\"get\",\"list\",\"patch\",\"update\",\"watch\"],"
		"\"shortNames\":[\"deploy\"],\"categories\":[\"all\"],\"storageVersionHash\":"
		"\"8aSe+NMegvE=\"},{\"name\":\"deployments/scale\",\"singularName\":\"\","
		"\"namespaced\":true,\"group\":\"autoscaling\",\"version\":\"v1\",\"kind\":"
		"\"Scale\",\"verbs\":[\"get\"]},{\"name\":\"deployments/status\",\"singularName\":"
		"\"\",\"namespaced\":true,\"kind\":\"Deployment\",\"verbs\":[\"get\",\"patch\","
		"\"update\"]}]}");
	buffer_clear(&out);
	discovery_write_resources(arena, &out, STR_EMPTY, STR("v1"), all_resources, ALL_COUNT);
	assert_true(str_starts_with(buffer_str(&out),
		STR("{\"kind\":\"APIResourceList\",\"groupVersion\":\"v1\",\"resources\":["
		    "{\"name\":\"pods\",")));
	buffer_fini(&out);
}

static void groups_stand_by_priority_and_prefer_their_first_version(void **state)
{
	struct arena *arena = *state;
	struct buffer out = {0};

	discovery_write_groups(arena, &out, all_resources, ALL_COUNT);
	assert_text(arena, buffer_str(&out),
		"{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[{\"name\":\"apps\","
		"\"versions\":[{\"groupVersion\":\"apps/v1\",\"version\":\"v1\"}],"
		"\"preferredVersion\":{\"groupVersion\":\"apps/v1\",\"version\":\"v1\"}},"
		"{\"name\":\"autoscaling\",\"versions\":[{\"groupVersion\":\"autoscaling/v2\","
		"\"version\":\"v2\"},{\"groupVersion\":\"autoscaling/v1\",\"version\":\"v1\"}],"
		"\"preferredVersion\":{\"groupVersion\":\"autoscaling/v2\",\"version\":\"v2\"}},"
		"{\"name\":\"example.com\",\"versions\":[{\"groupVersion\":\"example.com/v1beta1\","
		"\"version\":\"v1beta1\"}],\"preferredVersion\":{\"groupVersion\":"
		"\"example.com/v1beta1\",\"version\":\"v1beta1\"}}]}");
	buffer_clear(&out);
	discovery_write_group(arena, &out, STR("apps"), all_resources, ALL_COUNT);
	assert_text(arena, buffer_str(&out),
		"{\"kind\":\"APIGroup\",\"apiVersion\":\"v1\",\"name\":\"apps\",\"versions\":[{"
		"\"groupVersion\":\"apps/v1\",\"version\":\"v1\"}],\"preferredVersion\":{"
		"\"groupVersion\":\"apps/v1\",\"version\":\"v1\"}}");
	buffer_clear(&out);
	discovery_write_core_versions(
		&out, &(struct discovery_server_address){STR("0.0.0.0/0"), STR("192.0.2.1:6443")});
	assert_text(arena, buffer_str(&out),
		"{\"kind\":\"APIVersions\",\"versions\":[\"v1\"],\"serverAddressByClientCIDRs\":[{"
		"\"clientCIDR\":\"0.0.0.0/0\",\"serverAddress\":\"192.0.2.1:6443\"}]}");
	buffer_fini(&out);
}

static struct json_value aggregated(
	struct arena *arena, const struct api_resource *const *resources, size_t count)
{
	struct buffer out = {0};

	discovery_write_aggregated(arena, &out, false, resources, count);
	struct json_value value = parse_json(arena, arena_copy_c(arena, buffer_str(&out)));

	buffer_fini(&out);
	return value;
}

static void the_aggregated_document_has_all_in_one(void **state)
{
	struct arena *arena = *state;
	struct json_value document = aggregated(arena, all_resources, ALL_COUNT);
	const struct json_value *items = json_find(&document, STR("items"));

	assert_int_equal(json_count(items), 3);
	assert_json(arena, json_element(items, 0),
		"{\"metadata\":{\"name\":\"apps\"},\"versions\":[{\"version\":\"v1\",\"resources\":"
		"[{\"resource\":\"deployments\",\"responseKind\":{\"group\":\"\",\"version\":\"\","
		"\"kind\":\"Deployment\"},\"scope\":\"Namespaced\",\"singularResource\":"
		"\"deployment\",\"verbs\":[\"create\",\"delete\",\"deletecollection\",\"get\","
		"\"list\",\"patch\",\"update\",\"watch\"],\"shortNames\":[\"deploy\"],"
		"\"categories\":[\"all\"],\"subresources\":[{\"subresource\":\"scale\","
		"\"responseKind\":{\"group\":\"autoscaling\",\"version\":\"v1\",\"kind\":\"Scale\"}"
		",\"verbs\":[\"get\"]},{\"subresource\":\"status\",\"responseKind\":{\"group\":"
		"\"\",\"version\":\"\",\"kind\":\"Deployment\"},\"verbs\":[\"get\",\"patch\","
		"\"update\"]}]}],\"freshness\":\"Current\"}]}");
	struct buffer out = {0};

	discovery_write_aggregated(arena, &out, true, all_resources, ALL_COUNT);
	assert_true(str_starts_with(buffer_str(&out),
		STR("{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":\"apidiscovery.k8s.io/v2\","
		    "\"metadata\":{},\"items\":[{\"metadata\":{},\"versions\":[{\"version\":\"v1\","
		    "\"resources\":[{\"resource\":\"pods\",")));
	buffer_fini(&out);
}

/* The group of an APIService may have any priority. */
static void widgets_first(void *context, struct str group, struct str version,
	int64_t *ret_group_priority, int64_t *ret_version_priority)
{
	discovery_builtin_priority(
		context, group, version, ret_group_priority, ret_version_priority);
	if (str_equal(group, STR("example.com")))
		*ret_group_priority = 19000;
}

static void documents_of_several_servers_become_one(void **state)
{
	static const struct api_resource *const first[] = {&deployments, &autoscalers_v1};
	static const struct api_resource *const second[] = {&support_widgets, &autoscalers_v2};
	struct arena *arena = *state;
	struct json_value documents[] = {aggregated(arena, first, 2), aggregated(arena, second, 2),
		parse_json(arena, "{\"items\":[{\"metadata\":{\"name\":\"apps\"},\"versions\":[{"
				  "\"version\":\"v1\",\"resources\":[],\"freshness\":\"Odd\"},5,{}"
				  "]},7,{\"versions\":{\"a\":1}}]}"),
		json_null()};
	struct json_value merged = discovery_merge(arena, documents, 4, NULL, NULL);
	struct json_value groups = discovery_groups_of(arena, &merged);
	struct buffer direct = {0};

	discovery_write_groups(arena, &direct, all_resources, ALL_COUNT);
	assert_json(arena, &groups, arena_copy_c(arena, buffer_str(&direct)));
	assert_int_equal(
		json_count(json_find(
			json_element(json_find(json_element(json_find(&merged, STR("items")), 0),
					     STR("versions")),
				0),
			STR("resources"))),
		1);
	struct json_value group = discovery_group_of(arena, &merged, STR("apps"));

	assert_text(arena, json_text(json_find(&group, STR("kind"))), "APIGroup");
	group = discovery_group_of(arena, &merged, STR("none"));
	assert_int_equal(group.type, JSON_NULL);
	merged = discovery_merge(arena, documents, 2, widgets_first, NULL);
	groups = discovery_groups_of(arena, &merged);
	assert_text(arena,
		json_text(
			json_find(json_element(json_find(&groups, STR("groups")), 0), STR("name"))),
		"example.com");
	buffer_fini(&direct);
}

static void a_stale_document_says_so_in_each_version(void **state)
{
	struct arena *arena = *state;
	struct json_value document = aggregated(arena, all_resources, ALL_COUNT);

	discovery_mark_stale(arena, &document);
	struct str text = json_to_str(arena, &document);

	assert_true(str_find(text, STR("\"Current\"")) == text.length);
	assert_true(str_find(text, STR("\"freshness\":\"Stale\"")) < text.length);
}

static void hashes_are_those_of_upstream(void **state)
{
	struct arena *arena = *state;

	assert_text(arena,
		discovery_storage_version_hash(arena, STR("apps"), STR("v1"), STR("Deployment")),
		"8aSe+NMegvE=");
	assert_text(arena, discovery_storage_version_hash(arena, STR_EMPTY, STR("v1"), STR("Pod")),
		"xPOwRZ+Yhw8=");
	assert_text(arena, discovery_etag(arena, STR("")),
		"\"CF83E1357EEFB8BDF1542850D66D8007D620E4050B5715DC83F4A921D36CE9CE47D0D13C5D85F2B0"
		"FF8318D2877EEC2F63B931BD47417A81A538327AF927DA3E\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(versions_stand_in_the_order_of_preference),
		ARENA_TEST(a_version_lists_resources_and_subresources_by_name),
		ARENA_TEST(groups_stand_by_priority_and_prefer_their_first_version),
		ARENA_TEST(the_aggregated_document_has_all_in_one),
		ARENA_TEST(documents_of_several_servers_become_one),
		ARENA_TEST(a_stale_document_says_so_in_each_version),
		ARENA_TEST(hashes_are_those_of_upstream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
