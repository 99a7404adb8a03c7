/* SPDX-License-Identifier: Apache-2.0 */
#include "test_tables_support.h"

#include "clock.h"

/* The cells of one column, as JSON, for one object. */
struct cell_case {
	const char *resource;
	const char *column;
	const char *object;
	const char *cell;
};

#define NOW "2026-01-01T00:10:00Z"

static struct json_value cell(
	struct arena *arena, const char *name, const char *column, const struct json_value *object)
{
	const struct api_resource *resource = find_resource(name);
	struct table_cell_context context = {.arena = arena, .wide = true};
	uint32_t nanoseconds;
	assert_true(clock_parse_rfc3339(STR(NOW), &context.now_wall_seconds, &nanoseconds));
	for (size_t i = 0; i < resource->column_count; i++) {
		if (!str_equal_c(resource->columns[i].name, column))
			continue;
		assert_non_null(resource->columns[i].cell);
		return resource->columns[i].cell(&context, object);
	}
	fail_msg("%s has no column %s", name, column);
	return json_null();
}

static void check_cases(const struct cell_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct arena *arena = arena_create(0);
		struct json_value object = parse(arena, cases[i].object);
		struct json_value value = cell(arena, cases[i].resource, cases[i].column, &object);
		if (strcmp(show(arena, &value), cases[i].cell) != 0)
			fail_msg("%s %s of %s: %s instead of %s", cases[i].resource,
				cases[i].column, cases[i].object, show(arena, &value),
				cases[i].cell);
		arena_destroy(&arena);
	}
}

#define CHECK(cases) check_cases(cases, sizeof(cases) / sizeof(*(cases)))

#define READY_CONDITION "'conditions':[{'type':'Ready','status':'True'}]"
#define RUNNING(name)   "{'name':'" name "','ready':true,'state':{'running':{}}}"

static void pods_show_the_state_of_their_containers(void **state)
{
	(void)state;
	static const struct cell_case cases[] = {
		{"pods", "Status", "{'status':{'phase':'Pending'}}", "'Pending'"},
		{"pods", "Status", "{'status':{'phase':'Failed','reason':'Evicted'}}", "'Evicted'"},
		{"pods", "Status",
			"{'status':{'phase':'Running','containerStatuses':[" RUNNING("a") "]}}",
			"'Running'"},
		{"pods", "Status",
			"{'status':{'phase':'Pending','containerStatuses':[{'name':'a','state':{"
			"'waiting':{'reason':'ImagePullBackOff'}}}]}}",
			"'ImagePullBackOff'"},
		{"pods", "Status",
			"{'status':{'phase':'Running','containerStatuses':[{'name':'a','state':{"
			"'terminated':{'exitCode':3}}}]}}",
			"'ExitCode:3'"},
		{"pods", "Status",
			"{'status':{'phase':'Running','containerStatuses':[{'name':'a','state':{"
			"'terminated':{'exitCode':137,'signal':9}}}]}}",
			"'Signal:9'"},
		{"pods", "Status",
			"{'status':{'phase':'Running'," READY_CONDITION ",'containerStatuses':[{"
			"'name':'a','state':{'terminated':{'reason':'Completed'}}}," RUNNING(
				"b") "]}}",
			"'Running'"},
		{"pods", "Status",
			"{'status':{'phase':'Running','containerStatuses':[{'name':'a','state':{"
			"'terminated':{'reason':'Completed'}}}," RUNNING("b") "]}}",
			"'NotReady'"},
		{"pods", "Status",
			"{'metadata':{'deletionTimestamp':'" NOW "'},'status':{'phase':'Running'}}",
			"'Terminating'"},
		{"pods", "Status",
			"{'metadata':{'deletionTimestamp':'" NOW "'},'status':{'phase':'Running',"
			"'reason':'NodeLost'}}",
			"'Unknown'"},
		{"pods", "Status",
			"{'metadata':{'deletionTimestamp':'" NOW
			"'},'status':{'phase':'Succeeded'}}",
			"'Succeeded'"},
		{"pods", "Status",
			"{'status':{'phase':'Pending','conditions':[{'type':'PodScheduled',"
			"'status':'False','reason':'SchedulingGated'}]}}",
			"'SchedulingGated'"},
	};
	CHECK(cases);
}

#define INIT_SPEC                                                                                  \
	"'spec':{'initContainers':[{'name':'i'},{'name':'j'}],'containers':[{'name':'a'}]}"

static void pods_show_what_their_init_containers_do(void **state)
{
	(void)state;
	static const struct cell_case cases[] = {
		{"pods", "Status",
			"{" INIT_SPEC ",'status':{'phase':'Pending','initContainerStatuses':[{"
			"'name':'i','state':{'terminated':{'exitCode':0}}},{'name':'j','state':{"
			"'running':{}}}]}}",
			"'Init:1/2'"},
		{"pods", "Status",
			"{" INIT_SPEC ",'status':{'phase':'Pending','initContainerStatuses':[{"
			"'name':'i','state':{'waiting':{'reason':'CrashLoopBackOff'}}}]}}",
			"'Init:CrashLoopBackOff'"},
		{"pods", "Status",
			"{" INIT_SPEC ",'status':{'phase':'Pending','initContainerStatuses':[{"
			"'name':'i','state':{'waiting':{'reason':'PodInitializing'}}}]}}",
			"'Init:0/2'"},
		{"pods", "Status",
			"{" INIT_SPEC ",'status':{'phase':'Pending','initContainerStatuses':[{"
			"'name':'i','state':{'terminated':{'exitCode':1,'reason':'Error'}}}]}}",
			"'Init:Error'"},
		{"pods", "Ready",
			"{'spec':{'initContainers':[{'name':'s','restartPolicy':'Always'}],"
			"'containers':[{'name':'a'},{'name':'b'}]},'status':{'phase':'Running',"
			"'initContainerStatuses':[{'name':'s','started':true,'ready':true,'state':{"
			"'running':{}}}],'containerStatuses':[" RUNNING("a") "]}}",
			"'2/3'"},
	};
	CHECK(cases);
}

static void pods_show_readiness_restarts_and_place(void **state)
{
	(void)state;
	static const struct cell_case cases[] = {
		{"pods", "Ready", "{'spec':{'containers':[{'name':'a'}]}}", "'0/1'"},
		{"pods", "Restarts", "{}", "'0'"},
		{"pods", "Restarts",
			"{'status':{'containerStatuses':[{'name':'a','restartCount':3,'lastState':{"
			"'terminated':{'finishedAt':'2026-01-01T00:05:00Z'}}},{'name':'b',"
			"'restartCount':1}]}}",
			"'4 (5m ago)'"},
		{"pods", "IP", "{}", "'\\u003cnone\\u003e'"},
		{"pods", "IP", "{'status':{'podIPs':[{'ip':'10.0.0.1'},{'ip':'::1'}]}}",
			"'10.0.0.1'"},
		{"pods", "Node", "{'spec':{'nodeName':'n'}}", "'n'"},
		{"pods", "Readiness Gates",
			"{'spec':{'readinessGates':[{'conditionType':'a'},{'conditionType':'b'}]},"
			"'status':{'conditions':[{'type':'a','status':'True'}]}}",
			"'1/2'"},
	};
	CHECK(cases);
}

static void nodes_show_status_roles_and_addresses(void **state)
{
	(void)state;
	static const struct cell_case cases[] = {
		{"nodes", "Status", "{}", "'Unknown'"},
		{"nodes", "Status", "{'status':{" READY_CONDITION "}}", "'Ready'"},
		{"nodes", "Status",
			"{'spec':{'unschedulable':true},'status':{'conditions':[{'type':'Ready',"
			"'status':'Unknown'}]}}",
			"'NotReady,SchedulingDisabled'"},
		{"nodes", "Roles", "{}", "'\\u003cnone\\u003e'"},
		{"nodes", "Roles",
			"{'metadata':{'labels':{'node-role.kubernetes.io/worker':'',"
			"'node-role.kubernetes.io/control-plane':'','kubernetes.io/role':'worker',"
			"'node-role.kubernetes.io/':''}}}",
			"'control-plane,worker'"},
		{"nodes", "Internal-IP",
			"{'status':{'addresses':[{'type':'InternalIP','address':'10.0.0.1'}]}}",
			"'10.0.0.1'"},
		{"nodes", "External-IP", "{}", "'\\u003cnone\\u003e'"},
		{"nodes", "Kernel-Version", "{}", "'\\u003cunknown\\u003e'"},
	};
	CHECK(cases);
}

static void services_show_addresses_and_ports(void **state)
{
	(void)state;
	static const struct cell_case cases[] = {
		{"services", "Cluster-IP",
			"{'spec':{'clusterIPs':['10.0.0.1'],'clusterIP':'10.0.0.1'}}",
			"'10.0.0.1'"},
		{"services", "External-IP", "{'spec':{'type':'ClusterIP'}}",
			"'\\u003cnone\\u003e'"},
		{"services", "External-IP", "{'spec':{'type':'LoadBalancer'}}",
			"'\\u003cpending\\u003e'"},
		{"services", "External-IP",
			"{'spec':{'type':'LoadBalancer','externalIPs':['9.9.9.9']},'status':{"
			"'loadBalancer':{'ingress':[{'ip':'2.2.2.2'},{'hostname':'a.b'},"
			"{'ip':'2.2.2.2'}]}}}",
			"'2.2.2.2,a.b,9.9.9.9'"},
		{"services", "External-IP",
			"{'spec':{'type':'ExternalName','externalName':'example.com'}}",
			"'example.com'"},
		{"services", "Port(s)", "{}", "'\\u003cnone\\u003e'"},
		{"services", "Port(s)",
			"{'spec':{'ports':[{'port':80,'nodePort':30000,'protocol':'TCP'},"
			"{'port':53,'protocol':'UDP'}]}}",
			"'80:30000/TCP,53/UDP'"},
		{"services", "Selector", "{'spec':{'selector':{'a':'b','c':'d'}}}", "'a=b,c=d'"},
		{"endpoints", "Endpoints", "{}", "'\\u003cnone\\u003e'"},
		{"endpoints", "Endpoints",
			"{'subsets':[{'addresses':[{'ip':'10.0.0.1'},{'ip':'fd00::1'}],'ports':["
			"{'port':80},{'port':81}]}]}",
			"'10.0.0.1:80,[fd00::1]:80,10.0.0.1:81 + 1 more...'"},
		{"endpointslices", "Ports", "{'ports':[{'port':80},{}]}", "'80,*'"},
		{"endpointslices", "Endpoints", "{'endpoints':[]}", "'\\u003cunset\\u003e'"},
		{"ingresses", "Hosts", "{'spec':{'rules':[{}]}}", "'*'"},
		{"ingresses", "Hosts", "{'spec':{'rules':[{'host':'a'},{'host':'b'}]}}", "'a,b'"},
		{"ingresses", "Ports", "{'spec':{'tls':[{}]}}", "'80, 443'"},
		{"ipaddresses", "ParentRef",
			"{'spec':{'parentRef':{'resource':'services','namespace':'n','name':'s'}}}",
			"'services/n/s'"},
	};
	CHECK(cases);
}

static void workloads_show_counts_and_selectors(void **state)
{
	(void)state;
	static const struct cell_case cases[] = {
		{"deployments", "Ready", "{'spec':{'replicas':3},'status':{'readyReplicas':2}}",
			"'2/3'"},
		{"deployments", "Available", "{}", "0"},
		{"deployments", "Images",
			"{'spec':{'template':{'spec':{'containers':[{'name':'a','image':'x'},"
			"{'name':'b','image':'y'}]}}}}",
			"'x,y'"},
		{"deployments", "Selector",
			"{'spec':{'selector':{'matchLabels':{'b':'1'},'matchExpressions':[{'key':'a',"
			"'operator':'In','values':['x','y']},{'key':'c','operator':'DoesNotExist'}]}}}",
			"'a in (x,y),b=1,!c'"},
		{"daemonsets", "Node Selector", "{}", "'\\u003cnone\\u003e'"},
		{"jobs", "Completions", "{'spec':{'completions':3},'status':{'succeeded':1}}",
			"'1/3'"},
		{"jobs", "Completions", "{'spec':{'parallelism':2}}", "'0/1 of 2'"},
		{"jobs", "Status", "{'status':{'conditions':[{'type':'Failed','status':'True'}]}}",
			"'Failed'"},
		{"jobs", "Status", "{}", "'Running'"},
		{"jobs", "Duration",
			"{'status':{'startTime':'2026-01-01T00:00:00Z','completionTime':"
			"'2026-01-01T00:00:42Z'}}",
			"'42s'"},
		{"jobs", "Duration", "{}", "''"},
		{"cronjobs", "Suspend", "{'spec':{'suspend':true}}", "'True'"},
		{"cronjobs", "Last Schedule", "{}", "'\\u003cnone\\u003e'"},
		{"cronjobs", "Containers",
			"{'spec':{'jobTemplate':{'spec':{'template':{'spec':{'containers':[{"
			"'name':'a'}]}}}}}}",
			"'a'"},
		{"controllerrevisions", "Controller",
			"{'metadata':{'ownerReferences':[{'apiVersion':'apps/v1','kind':'DaemonSet',"
			"'name':'d','controller':true}]}}",
			"'daemonset.apps/d'"},
		{"horizontalpodautoscalers", "Targets",
			"{'spec':{'metrics':[{'type':'Resource','resource':{'name':'cpu','target':{"
			"'averageUtilization':80}}},{'type':'Pods','pods':{'target':{"
			"'averageValue':'5'}}},{'type':'External','external':{'target':{"
			"'value':'1'}}}]},'status':{'currentMetrics':[{'type':'Resource','resource':{"
			"'current':{'averageUtilization':50}}}]}}",
			"'cpu: 50%/80%, \\u003cunknown\\u003e/5 + 1 more...'"},
	};
	CHECK(cases);
}

static void other_kinds_show_what_matters(void **state)
{
	(void)state;
	static const struct cell_case cases[] = {
		{"secrets", "Data", "{'data':{'a':'','b':''}}", "2"},
		{"configmaps", "Data", "{'data':{'a':''},'binaryData':{'b':''}}", "2"},
		{"events", "Last Seen", "{'lastTimestamp':'2026-01-01T00:09:00Z'}", "'60s'"},
		{"events", "Last Seen",
			"{'firstTimestamp':null,'eventTime':'2026-01-01T00:08:00.000000Z'}",
			"'2m'"},
		{"events", "Object", "{'involvedObject':{'kind':'Pod','name':'p'}}", "'pod/p'"},
		{"events", "Source", "{'source':{'component':'kubelet','host':'n'}}",
			"'kubelet, n'"},
		{"events", "Count", "{}", "1"},
		{"persistentvolumes", "Access Modes",
			"{'spec':{'accessModes':['ReadWriteMany','ReadWriteOnce']}}", "'RWO,RWX'"},
		{"persistentvolumes", "Claim", "{'spec':{'claimRef':{'namespace':'n','name':'c'}}}",
			"'n/c'"},
		{"persistentvolumeclaims", "Capacity", "{'status':{'capacity':{'storage':'1Gi'}}}",
			"''"},
		{"persistentvolumeclaims", "Capacity",
			"{'spec':{'volumeName':'v'},'status':{'capacity':{'storage':'1Gi'}}}",
			"'1Gi'"},
		{"resourcequotas", "Request",
			"{'status':{'hard':{'limits.cpu':'4','pods':'10','services':'5'},"
			"'used':{'pods':'3'}}}",
			"'pods: 3/10, services: 0/5'"},
		{"resourcequotas", "Limit", "{'status':{'hard':{'limits.cpu':'4'}}}",
			"'limits.cpu: 0/4'"},
		{"rolebindings", "Role", "{'roleRef':{'kind':'Role','name':'r'}}", "'Role/r'"},
		{"rolebindings", "ServiceAccounts",
			"{'subjects':[{'kind':'ServiceAccount','namespace':'n','name':'s'},"
			"{'kind':'User','name':'u'}]}",
			"'n/s'"},
		{"storageclasses", "Name",
			"{'metadata':{'name':'s','annotations':{"
			"'storageclass.kubernetes.io/is-default-class':'true'}}}",
			"'s (default)'"},
		{"certificatesigningrequests", "Condition",
			"{'status':{'conditions':[{'type':'Approved'}],'certificate':'AA=='}}",
			"'Approved,Issued'"},
		{"poddisruptionbudgets", "Min Available", "{'spec':{'minAvailable':2}}", "'2'"},
		{"poddisruptionbudgets", "Max Unavailable", "{}", "'N/A'"},
	};
	CHECK(cases);
}

/* Objects of old stores or hostile clients must not break a list. */
static void no_cell_minds_an_empty_object(void **state)
{
	(void)state;
	struct arena *arena = arena_create(0);
	struct table_cell_context context = {.arena = arena, .wide = true};
	struct json_value empty = json_object();
	for (size_t i = 0; i < api_core_resource_count; i++) {
		const struct api_resource *resource = api_core_resources[i];
		for (size_t column = 0; column < resource->column_count; column++) {
			if (!resource->columns[column].cell)
				continue;
			struct json_value value = resource->columns[column].cell(&context, &empty);
			assert_int_not_equal(value.type, JSON_NULL);
		}
	}
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pods_show_the_state_of_their_containers),
		cmocka_unit_test(pods_show_what_their_init_containers_do),
		cmocka_unit_test(pods_show_readiness_restarts_and_place),
		cmocka_unit_test(nodes_show_status_roles_and_addresses),
		cmocka_unit_test(services_show_addresses_and_ports),
		cmocka_unit_test(workloads_show_counts_and_selectors),
		cmocka_unit_test(other_kinds_show_what_matters),
		cmocka_unit_test(no_cell_minds_an_empty_object),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
