/* SPDX-License-Identifier: Apache-2.0 */
/* What a Service is given, what it keeps, and what is free again when it goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "core_service_private.h"
#include "core_strategies.h"
#include "json_reader.h"
#include "json_writer.h"
#include "memory.h"
#include "storage_fixture.h"

struct fixture {
	struct storage_fixture storage;
	struct core_server core;
	struct settings *settings;
	struct arena *arena;
	struct error err;
	struct strategy_context context;
};

static int setup(void **state)
{
	struct fixture *fixture = MEMORY_NEW(struct fixture);

	storage_fixture_init(&fixture->storage);
	storage_fixture_open(&fixture->storage);
	fixture->arena = arena_create(0);
	fixture->err = ERROR_INIT(fixture->arena);
	fixture->settings = settings_create();
	settings_set(fixture->settings, STR("service-cluster-ip-range"), STR("10.0.0.0/28"));
	settings_set(fixture->settings, STR("service-node-port-range"), STR("30000-30009"));
	fixture->core.storage = fixture->storage.storage;
	fixture->core.api = api_server_create(&(struct api_server_options){
		.loop = fixture->storage.loop,
		.storage = fixture->storage.storage,
		.context = &fixture->core,
	});
	assert_int_equal(service_allocator_create(&fixture->core, fixture->settings,
				 &fixture->core.services, &fixture->err),
		0);
	fixture->context = (struct strategy_context){
		.arena = fixture->arena, .server = fixture->core.api, .name = STR("s")};
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	api_server_destroy(&fixture->core.api);
	service_allocator_destroy(&fixture->core.services);
	settings_destroy(&fixture->settings);
	arena_destroy(&fixture->arena);
	storage_fixture_fini(&fixture->storage);
	memory_free(fixture);
	return 0;
}

static struct json_value read_spec(struct fixture *fixture, const char *spec)
{
	struct json_value service;

	assert_int_equal(json_read(fixture->arena,
				 arena_printf(fixture->arena,
					 "{\"metadata\":{\"name\":\"s\"},\"spec\":%s}", spec),
				 NULL, &service, &fixture->err),
		0);
	return service;
}

static int try_create(struct fixture *fixture, const char *spec, struct json_value *ret)
{
	*ret = read_spec(fixture, spec);
	error_clear(&fixture->err);
	return core_service_strategy.allocate(&fixture->context, ret, NULL, &fixture->err);
}

static struct json_value create(struct fixture *fixture, const char *spec)
{
	struct json_value service;

	if (try_create(fixture, spec, &service) != 0)
		fail_msg("%.*s", STR_ARG(fixture->err.message));
	core_service_strategy.settle(&fixture->context, &service, NULL, true);
	return service;
}

static void remove_service(struct fixture *fixture, const struct json_value *service)
{
	core_service_strategy.settle(&fixture->context, NULL, service, true);
}

static void assert_refused(struct fixture *fixture, const char *spec, const char *text)
{
	uint32_t ips = fixture->core.services->ips.taken_count;
	uint32_t ports = fixture->core.services->ports.taken_count;
	struct json_value service;

	assert_int_equal(try_create(fixture, spec, &service), ERROR_RETURN);
	if (str_find(fixture->err.message, str_from_c(text)) == fixture->err.message.length)
		fail_msg("%.*s", STR_ARG(fixture->err.message));
	/* What it took on the way is given back. */
	assert_int_equal(fixture->core.services->ips.taken_count, ips);
	assert_int_equal(fixture->core.services->ports.taken_count, ports);
}

static int64_t node_port(const struct json_value *service, size_t index)
{
	return json_integer_or(
		json_find(json_element(json_find_path(service, "spec", "ports", NULL), index),
			STR("nodePort")),
		0);
}

static void addresses_are_given_out_until_none_is_left(void **state)
{
	struct fixture *fixture = *state;
	struct json_value first = create(fixture, "{\"type\":\"ClusterIP\"}"), headless;

	/* 16 less network, broadcast, and that of default/kubernetes. */
	for (int i = 1; i < 13; i++)
		create(fixture, "{\"type\":\"ClusterIP\"}");
	assert_refused(fixture, "{\"type\":\"ClusterIP\"}", "range is full");
	headless = create(fixture, "{\"type\":\"ClusterIP\",\"clusterIP\":\"None\"}");
	assert_true(str_equal(
		json_text(json_element(json_find_path(&headless, "spec", "clusterIPs", NULL), 0)),
		STR("None")));
	create(fixture, "{\"type\":\"ExternalName\",\"externalName\":\"x\"}");
	remove_service(fixture, &first);
	create(fixture, "{\"type\":\"ClusterIP\"}");
}

static void an_address_that_is_asked_for_is_given_or_refused(void **state)
{
	struct fixture *fixture = *state;
	struct json_value service = create(fixture, "{\"clusterIPs\":[\"10.0.0.9\"]}");

	assert_true(str_equal(
		json_text(json_find_path(&service, "spec", "clusterIP", NULL)), STR("10.0.0.9")));
	assert_refused(fixture, "{\"clusterIP\":\"10.0.0.9\"}", "provided IP is already allocated");
	assert_refused(fixture, "{\"clusterIP\":\"10.0.0.1\"}", "provided IP is already allocated");
	assert_refused(
		fixture, "{\"clusterIP\":\"10.0.1.9\"}", "The range of valid IPs is 10.0.0.0/28");
	assert_refused(fixture, "{\"clusterIP\":\"10.0.0.15\"}", "is not in the valid range");
	assert_refused(fixture, "{\"clusterIP\":\"x\"}", "must be a valid IP address");
	remove_service(fixture, &service);
	create(fixture, "{\"clusterIP\":\"10.0.0.9\"}");
}

static void node_ports_are_reserved_as_long_as_a_service_names_them(void **state)
{
	struct fixture *fixture = *state;
	struct json_value fixed = create(fixture,
		"{\"type\":\"LoadBalancer\",\"allocateLoadBalancerNodePorts\":false,\"ports\":[{"
		"\"port\":1,\"protocol\":\"TCP\",\"nodePort\":30003},{\"port\":2,\"protocol\":\"TCP\"}]}");

	assert_int_equal(node_port(&fixed, 1), 0);
	assert_refused(fixture,
		"{\"type\":\"NodePort\",\"ports\":[{\"port\":1},{\"port\":2,\"nodePort\":30003}]}",
		"provided port is already allocated");
	assert_refused(fixture, "{\"type\":\"NodePort\",\"ports\":[{\"port\":1,\"nodePort\":80}]}",
		"The range of valid ports is 30000-30009");
	/* Another's end does not free it. */
	struct json_value other = create(fixture,
		"{\"type\":\"ClusterIP\",\"ports\":[{\"port\":1}],\"healthCheckNodePort\":30003}");

	remove_service(fixture, &other);
	assert_refused(fixture,
		"{\"type\":\"NodePort\",\"ports\":[{\"port\":1,\"nodePort\":30003}]}",
		"provided port is already allocated");
	remove_service(fixture, &fixed);
	create(fixture, "{\"type\":\"NodePort\",\"ports\":[{\"port\":1,\"nodePort\":30003}]}");
}

static void one_number_serves_two_protocols(void **state)
{
	struct fixture *fixture = *state;
	struct json_value given = create(fixture,
		"{\"type\":\"NodePort\",\"ports\":[{\"port\":53,\"protocol\":\"TCP\"},{\"port\":53,"
		"\"protocol\":\"UDP\"},{\"port\":54,\"protocol\":\"UDP\"}]}");

	assert_true(node_port(&given, 0) >= 30000);
	assert_int_equal(node_port(&given, 0), node_port(&given, 1));
	assert_int_not_equal(node_port(&given, 0), node_port(&given, 2));
	remove_service(fixture, &given);
	create(fixture,
		"{\"type\":\"NodePort\",\"ports\":[{\"port\":53,\"protocol\":\"TCP\",\"nodePort\":30001},"
		"{\"port\":53,\"protocol\":\"UDP\",\"nodePort\":30001}]}");
	assert_refused(fixture,
		"{\"type\":\"NodePort\",\"ports\":[{\"port\":1,\"protocol\":\"TCP\",\"nodePort\":30002},"
		"{\"port\":2,\"protocol\":\"TCP\",\"nodePort\":30002}]}",
		"provided port is already allocated");
}

static void the_health_check_of_a_local_balancer_has_a_port(void **state)
{
	struct fixture *fixture = *state;
	struct json_value service = create(fixture,
		"{\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Local\",\"ports\":[{\"port\":1}]}");
	int64_t health =
		json_integer_or(json_find_path(&service, "spec", "healthCheckNodePort", NULL), 0);

	assert_true(health >= 30000 && health != node_port(&service, 0));
	assert_int_equal(fixture->core.services->ports.taken_count, 2);
	remove_service(fixture, &service);
	assert_int_equal(fixture->core.services->ports.taken_count, 0);
}

static void a_change_of_type_gives_and_takes(void **state)
{
	struct fixture *fixture = *state;
	struct json_value old = create(fixture, "{\"type\":\"NodePort\",\"ports\":[{\"port\":1}]}");
	struct json_value now =
		read_spec(fixture, "{\"type\":\"ClusterIP\",\"ports\":[{\"port\":1}]}");
	uint32_t ips = fixture->core.services->ips.taken_count;

	core_service_strategy.prepare_update(&fixture->context, &now, &old);
	assert_int_equal(
		core_service_strategy.allocate(&fixture->context, &now, &old, &fixture->err), 0);
	core_service_strategy.settle(&fixture->context, &now, &old, true);
	assert_int_equal(fixture->core.services->ports.taken_count, 0);
	assert_int_equal(fixture->core.services->ips.taken_count, ips);
	/* One that is not carried out leaves all as it was. */
	struct json_value next =
		read_spec(fixture, "{\"type\":\"NodePort\",\"ports\":[{\"port\":1}]}");

	core_service_strategy.prepare_update(&fixture->context, &next, &now);
	assert_int_equal(
		core_service_strategy.allocate(&fixture->context, &next, &now, &fixture->err), 0);
	assert_int_equal(fixture->core.services->ports.taken_count, 1);
	core_service_strategy.settle(&fixture->context, &next, &now, false);
	assert_int_equal(fixture->core.services->ports.taken_count, 0);
	assert_int_equal(fixture->core.services->ips.taken_count, ips);
}

static void too_many_ports_and_too_small_ranges_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct buffer spec = {0};
	struct service_allocator *services = NULL;

	buffer_append(&spec, STR("{\"ports\":["));
	for (int i = 0; i <= SERVICE_PORTS_MAXIMUM; i++)
		buffer_append(&spec, i > 0 ? STR(",{\"port\":1}") : STR("{\"port\":1}"));
	buffer_append(&spec, STR("]}"));
	buffer_append_byte(&spec, '\0');
	assert_refused(fixture, spec.data, "must have at most 1000 items");
	buffer_fini(&spec);
	settings_set(fixture->settings, STR("service-cluster-ip-range"), STR("10.0.0.0/32"));
	assert_int_equal(service_allocator_create(
				 &fixture->core, fixture->settings, &services, &fixture->err),
		ERROR_RETURN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(addresses_are_given_out_until_none_is_left),
		TEST(an_address_that_is_asked_for_is_given_or_refused),
		TEST(node_ports_are_reserved_as_long_as_a_service_names_them),
		TEST(one_number_serves_two_protocols),
		TEST(the_health_check_of_a_local_balancer_has_a_port),
		TEST(a_change_of_type_gives_and_takes),
		TEST(too_many_ports_and_too_small_ranges_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
